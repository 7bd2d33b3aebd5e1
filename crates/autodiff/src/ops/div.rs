use crate::signature::Domain;
use crate::var::binary_operator;
use crate::{Pointwise, Scalar, Var, register};

/// y = a / b, written `a / b`. Adjoint: ā += ȳ / b, b̄ −= ȳ y / b.
#[derive(Clone, Copy, Debug, Default)]
pub struct Div;
register!(Div);

impl Pointwise for Div {
    type Args<T: Copy> = [T; 2];

    fn eval<S: Scalar>(&self, [a, b]: [S; 2]) -> S {
        a / b
    }

    fn derivative<S: Scalar>(&self, [_, b]: [S; 2], y: S) -> [S; 2] {
        [b.recip(), -y / b]
    }

    fn domain(&self) -> [Domain; 2] {
        [Domain::REAL, Domain::NON_ZERO]
    }

    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        Some(x[0] * x[1].powi(-1))
    }
}

binary_operator!(Div, div);
