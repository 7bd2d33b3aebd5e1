use crate::var::binary_operator;
use crate::{Pointwise, Scalar, Var, register};

/// y = a − b, written `a - b`. Adjoint: ā += ȳ, b̄ −= ȳ.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sub;
register!(Sub);

impl Pointwise for Sub {
    type Args<T: Copy> = [T; 2];

    fn eval<S: Scalar>(&self, [a, b]: [S; 2]) -> S {
        a - b
    }

    fn derivative<S: Scalar>(&self, _: [S; 2], _y: S) -> [S; 2] {
        [S::one(), -S::one()]
    }

    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        Some(x[0] + -x[1])
    }
}

binary_operator!(Sub, sub);
