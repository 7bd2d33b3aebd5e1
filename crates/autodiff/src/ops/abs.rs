use crate::signature::Kink;
use crate::{Pointwise, Scalar, Var, register};

/// y = |x|: [`Var::abs`]. Adjoint: x̄ += ȳ · (1 where x > 0, −1 where x < 0); at the kink the
/// derivative is 0, the middle of its slopes. NaN stays NaN, and its derivative is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Abs;
register!(Abs);

impl Pointwise for Abs {
    type Args<T: Copy> = [T; 1];

    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        if x > S::zero() {
            x
        } else if x < S::zero() {
            -x
        } else {
            // +0 with the derivative 0, or NaN.
            x.abs() * S::zero()
        }
    }

    fn derivative<S: Scalar>(&self, [x]: [S; 1], _y: S) -> [S; 1] {
        [if x > S::zero() {
            S::one()
        } else if x < S::zero() {
            -S::one()
        } else {
            // 0, or NaN.
            x * S::zero()
        }]
    }

    fn kinks(&self) -> Vec<Kink> {
        vec![Kink::Point {
            input: 0,
            at: 0.0,
            derivative: 0.0,
        }]
    }

    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        Some(x[0].max(-x[0]))
    }
}

impl<S: Scalar> Var<'_, S> {
    /// The absolute value of every element. Its derivative is the sign, 0 at 0.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::from([-2.0, 0.0, 3.0]));
    /// assert_eq!(x.abs().value(), Tensor::from([2.0, 0.0, 3.0]));
    /// assert_eq!(x.abs().sum().backward().wrt(x)[..], [-1.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn abs(self) -> Self {
        self.tape().apply(Abs, &[self])
    }
}
