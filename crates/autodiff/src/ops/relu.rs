use crate::signature::Kink;
use crate::{Pointwise, Scalar, Var, register};

/// y = x where x > 0, else 0: [`Var::relu`]. Adjoint: x̄ += ȳ · (1 where x > 0, else 0); at the
/// kink relu'(0) is 0. NaN stays NaN.
#[derive(Clone, Copy, Debug, Default)]
pub struct Relu;
register!(Relu);

impl Pointwise for Relu {
    type Args<T: Copy> = [T; 1];

    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        if x <= S::zero() { S::zero() } else { x }
    }

    fn derivative<S: Scalar>(&self, [x]: [S; 1], _y: S) -> [S; 1] {
        [if x <= S::zero() { S::zero() } else { S::one() }]
    }

    fn kinks(&self) -> Vec<Kink> {
        vec![Kink::Point {
            input: 0,
            at: 0.0,
            derivative: 0.0,
        }]
    }
}

impl<S: Scalar> Var<'_, S> {
    /// The rectifier: x where it is positive, else 0. Its derivative is 1 or 0, and 0 at 0.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::from([-2.0, 0.0, 3.0]));
    /// let y = x.relu();
    /// assert_eq!(y.value(), Tensor::from([0.0, 0.0, 3.0]));
    /// assert_eq!(y.sum().backward().wrt(x)[..], [0.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn relu(self) -> Self {
        self.tape().apply(Relu, &[self])
    }
}
