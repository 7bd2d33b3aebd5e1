use super::max::{larger, tie};
use crate::signature::Kink;
use crate::{Pointwise, Scalar, Var, register};

/// y = the smaller of a and b: [`Var::min`]. Adjoint: the smaller one gets ȳ; at a tie each gets
/// ȳ / 2. A NaN on either side gives NaN.
#[derive(Clone, Copy, Debug, Default)]
pub struct Min;
register!(Min);

impl Pointwise for Min {
    type Args<T: Copy> = [T; 2];

    fn eval<S: Scalar>(&self, [a, b]: [S; 2]) -> S {
        if a < b {
            a
        } else if b < a {
            b
        } else {
            tie(a, b)
        }
    }

    fn derivative<S: Scalar>(&self, [a, b]: [S; 2], _y: S) -> [S; 2] {
        larger(-a, -b)
    }

    fn kinks(&self) -> Vec<Kink> {
        vec![Kink::Tie {
            inputs: [0, 1],
            derivatives: [0.5, 0.5],
        }]
    }

    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        Some(-(-x[0]).max(-x[1]))
    }
}

impl<S: Scalar> Var<'_, S> {
    /// The smaller of two elements. The gradient goes to the smaller; at a tie, half to each.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::from([1.0, 2.0, 3.0]));
    /// let y = tape.data(Tensor::full([3], 2.0));
    /// assert_eq!(x.min(y).sum().backward().wrt(x)[..], [1.0, 0.5, 0.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the shapes do not broadcast.
    #[track_caller]
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        self.tape().apply(Min, &[self, other])
    }
}
