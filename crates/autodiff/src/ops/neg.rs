use crate::{Pointwise, Scalar, Var, register};

/// y = −x, written `-x`. Adjoint: x̄ −= ȳ.
#[derive(Clone, Copy, Debug, Default)]
pub struct Neg;
register!(Neg);

impl Pointwise for Neg {
    type Args<T: Copy> = [T; 1];

    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        -x
    }

    fn derivative<S: Scalar>(&self, _: [S; 1], _y: S) -> [S; 1] {
        [-S::one()]
    }
}

impl<S: Scalar> std::ops::Neg for Var<'_, S> {
    type Output = Self;

    #[track_caller]
    fn neg(self) -> Self {
        self.tape().apply(Neg, &[self])
    }
}
