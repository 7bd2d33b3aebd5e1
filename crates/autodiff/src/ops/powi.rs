use crate::signature::{Domain, Draw};
use crate::{Pointwise, Scalar, Var, register};

/// y = xⁿ for an integer n: [`Var::powi`]. Adjoint: x̄ += ȳ n xⁿ⁻¹, and 0 for n = 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Powi {
    /// The exponent, of either sign.
    pub exponent: i32,
}
register!(Powi);

impl Pointwise for Powi {
    type Args<T: Copy> = [T; 1];

    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.powi(self.exponent)
    }

    fn derivative<S: Scalar>(&self, [x]: [S; 1], _y: S) -> [S; 1] {
        [match self.exponent {
            // x⁻¹ is infinite at 0, and 0 · ∞ is not the 0 it should be.
            0 => S::zero(),
            i32::MIN => S::constant(f64::from(i32::MIN)) * x.powi(i32::MIN) / x,
            n => S::constant(f64::from(n)) * x.powi(n - 1),
        }]
    }

    fn domain(&self) -> [Domain; 1] {
        [if self.exponent < 0 {
            Domain::NON_ZERO
        } else {
            Domain::REAL
        }]
    }

    fn draw(draw: &mut Draw<'_>) -> Self {
        let exponents = [2, 0, 1, 3, -1, -2, 7];
        Self {
            exponent: exponents[draw.below(exponents.len())],
        }
    }
}

impl<S: Scalar> Var<'_, S> {
    /// xⁿ of every element; its derivative is n xⁿ⁻¹. 0⁰ is 1, and constant.
    ///
    /// ```
    /// let tape = autodiff::Tape::new();
    /// let x = tape.variable(2.0);
    /// assert_eq!(x.powi(3).backward().wrt(x).item(), 12.0);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn powi(self, exponent: i32) -> Self {
        self.tape().apply(Powi { exponent }, &[self])
    }
}
