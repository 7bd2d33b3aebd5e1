use crate::{Pointwise, Scalar, Var, register};

/// y = tanh x: [`Var::tanh`]. Adjoint: x̄ += ȳ / cosh² x.
///
/// The familiar 1 − y² loses every digit where y is close to ±1; with s = e^(−2|x|) the same is
/// 4s / (1 + s)², good to the last digit everywhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tanh;
register!(Tanh);

impl Pointwise for Tanh {
    type Args<T: Copy> = [T; 1];

    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.vector_tanh()
    }

    fn derivative<S: Scalar>(&self, [x]: [S; 1], _y: S) -> [S; 1] {
        let two = S::constant(2.0);
        let s = (if x > S::zero() { -two * x } else { two * x }).vector_exp();
        let root = two / (S::one() + s);
        [s * root * root]
    }

    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        let two = S::constant(2.0);
        Some((x[0] * two).sigmoid() * two - S::one())
    }
}

impl<S: Scalar> Var<'_, S> {
    /// The hyperbolic tangent of every element; its derivative is 1 / cosh² x.
    ///
    /// ```
    /// let tape = autodiff::Tape::new();
    /// let x = tape.variable(0.0);
    /// assert_eq!(x.tanh().backward().wrt(x).item(), 1.0);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn tanh(self) -> Self {
        self.tape().apply(Tanh, &[self])
    }
}
