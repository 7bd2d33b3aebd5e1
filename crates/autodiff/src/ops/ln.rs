use crate::signature::Domain;
use crate::{Pointwise, Scalar, Var, register};

/// y = ln x for x > 0: [`Var::ln`]. Adjoint: x̄ += ȳ / x.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ln;
register!(Ln);

impl Pointwise for Ln {
    type Args<T: Copy> = [T; 1];

    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.vector_ln()
    }

    fn derivative<S: Scalar>(&self, [x]: [S; 1], _y: S) -> [S; 1] {
        // 1/x is finite at negative x, where there is no logarithm to differentiate.
        [if x < S::zero() { S::nan() } else { x.recip() }]
    }

    fn domain(&self) -> [Domain; 1] {
        [Domain::POSITIVE]
    }
}

impl<S: Scalar> Var<'_, S> {
    /// The natural logarithm of every element; its derivative is 1 / x. At 0 both are infinite,
    /// below 0 both are NaN.
    ///
    /// ```
    /// let tape = autodiff::Tape::new();
    /// let x = tape.variable(4.0);
    /// assert_eq!(x.ln().backward().wrt(x).item(), 0.25);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn ln(self) -> Self {
        self.tape().apply(Ln, &[self])
    }
}
