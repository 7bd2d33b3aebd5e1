use crate::signature::Domain;
use crate::{Pointwise, Scalar, Var, register};

/// y = √x for x > 0: [`Var::sqrt`]. Adjoint: x̄ += ȳ / 2y.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sqrt;
register!(Sqrt);

impl Pointwise for Sqrt {
    type Args<T: Copy> = [T; 1];

    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.sqrt()
    }

    fn derivative<S: Scalar>(&self, _: [S; 1], y: S) -> [S; 1] {
        [S::constant(0.5) / y]
    }

    fn domain(&self) -> [Domain; 1] {
        [Domain::POSITIVE]
    }

    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        Some((x[0].ln() * S::constant(0.5)).exp())
    }
}

impl<S: Scalar> Var<'_, S> {
    /// The square root of every element; its derivative is 1 / 2√x. At 0 that is infinite, below
    /// 0 both are NaN.
    ///
    /// ```
    /// let tape = autodiff::Tape::new();
    /// let x = tape.variable(16.0);
    /// assert_eq!(x.sqrt().backward().wrt(x).item(), 0.125);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn sqrt(self) -> Self {
        self.tape().apply(Sqrt, &[self])
    }
}
