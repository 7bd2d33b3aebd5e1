use crate::signature::Kink;
use crate::{Pointwise, Scalar, Var, register};

/// y = the larger of a and b: [`Var::max`]. Adjoint: the larger one gets ȳ; at a tie each gets
/// ȳ / 2, so that max(x, x) has derivative 1. A NaN on either side gives NaN.
#[derive(Clone, Copy, Debug, Default)]
pub struct Max;
register!(Max);

impl Pointwise for Max {
    type Args<T: Copy> = [T; 2];

    fn eval<S: Scalar>(&self, [a, b]: [S; 2]) -> S {
        if a > b {
            a
        } else if b > a {
            b
        } else {
            tie(a, b)
        }
    }

    fn derivative<S: Scalar>(&self, [a, b]: [S; 2], _y: S) -> [S; 2] {
        larger(a, b)
    }

    fn kinks(&self) -> Vec<Kink> {
        vec![Kink::Tie {
            inputs: [0, 1],
            derivatives: [0.5, 0.5],
        }]
    }
}

/// The value where neither is larger, written so that its derivative is ½ in each, and so that a
/// NaN stays one.
pub(super) fn tie<S: Scalar>(a: S, b: S) -> S {
    if a.is_infinite() && b.is_infinite() {
        a
    } else {
        a + (b - a) * S::constant(0.5)
    }
}

/// 1 for the larger, 0 for the smaller, ½ each at a tie.
pub(super) fn larger<S: Scalar>(a: S, b: S) -> [S; 2] {
    let (zero, one) = (S::zero(), S::one());
    if a > b {
        [one, zero]
    } else if b > a {
        [zero, one]
    } else {
        [S::constant(0.5); 2]
    }
}

impl<S: Scalar> Var<'_, S> {
    /// The larger of two elements. The gradient goes to the larger; at a tie, half to each.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::from([1.0, 2.0, 3.0]));
    /// let y = tape.data(Tensor::full([3], 2.0));
    /// assert_eq!(x.max(y).sum().backward().wrt(x)[..], [0.0, 0.5, 1.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the shapes do not broadcast.
    #[track_caller]
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        self.tape().apply(Max, &[self, other])
    }
}
