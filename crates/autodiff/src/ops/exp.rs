use crate::{Pointwise, Scalar, Var, register};

/// y = eˣ: [`Var::exp`]. Adjoint: x̄ += ȳ y.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exp;
register!(Exp);

impl Pointwise for Exp {
    type Args<T: Copy> = [T; 1];

    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.vector_exp()
    }

    fn derivative<S: Scalar>(&self, _: [S; 1], y: S) -> [S; 1] {
        [y]
    }
}

impl<S: Scalar> Var<'_, S> {
    /// eˣ of every element; its derivative is itself.
    ///
    /// ```
    /// let tape = autodiff::Tape::new();
    /// let x = tape.variable(0.0);
    /// assert_eq!(x.exp().backward().wrt(x).item(), 1.0);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn exp(self) -> Self {
        self.tape().apply(Exp, &[self])
    }
}
