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
    let half = S::constant(0.5);
    if a.is_infinite() && b.is_infinite() {
        (a + b) * half
    } else {
        // The sum of the largest numbers would be infinite.
        a + (b - a) * half
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dual;
    use crate::ops::Min;

    /// The tangents that forward mode finds, which have to be what the rule of the adjoint says.
    fn tangents(eval: fn([Dual<f64>; 2]) -> Dual<f64>, x: f64) -> [f64; 2] {
        let (moved, still) = (Dual::variable(x), Dual::constant(x));
        [[moved, still], [still, moved]].map(|inputs| {
            let y = eval(inputs);
            assert_eq!(y.primal, x);
            y.tangent
        })
    }

    #[test]
    fn a_tie_is_shared_at_every_number() {
        for x in [
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            3.0,
            5e-324,
            -0.0,
        ] {
            assert_eq!(tangents(|x| Max.eval(x), x), [0.5; 2], "max at {x}");
            assert_eq!(tangents(|x| Min.eval(x), x), [0.5; 2], "min at {x}");
        }
    }
}
