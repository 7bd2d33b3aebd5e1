use crate::var::binary_operator;
use crate::{Pointwise, Scalar, Var, register};

/// y = a b element by element, written `a * b`. Adjoint: ā += ȳ b, b̄ += ȳ a.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mul;
register!(Mul);

impl Pointwise for Mul {
    type Args<T: Copy> = [T; 2];

    fn eval<S: Scalar>(&self, [a, b]: [S; 2]) -> S {
        a * b
    }

    fn derivative<S: Scalar>(&self, [a, b]: [S; 2], _y: S) -> [S; 2] {
        [b, a]
    }
}

binary_operator!(Mul, mul);
