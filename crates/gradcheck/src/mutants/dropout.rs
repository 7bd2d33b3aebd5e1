//! Dropout, its noise an input as it has to be for a pure rule, and how others got it wrong.

use autodiff::signature::{Beyond, Domain, Draw};
use autodiff::{Pointwise, Registered, Scalar};

use super::Mutant;
use super::macros::wrong_derivatives;
use crate::diagnosis::Diagnosis::{Factor, Mask, NotFinite};
use crate::diagnosis::Factor::{ScaleMissing, ScaleTwice};

/// y = x / `keep_prob` where the noise is below `keep_prob`, 0 elsewhere.
#[derive(Debug)]
pub(super) struct Dropout {
    keep_prob: f64,
}

impl Default for Dropout {
    fn default() -> Self {
        Self { keep_prob: 0.75 }
    }
}

impl Registered for Dropout {
    const NAME: &'static str = "dropout";
}

impl Dropout {
    fn scale<S: Scalar>(&self) -> S {
        S::constant(1.0 / self.keep_prob)
    }

    fn mask<S: Scalar>(&self, noise: S) -> S {
        if noise < S::constant(self.keep_prob) {
            S::one()
        } else {
            S::zero()
        }
    }
}

impl Pointwise for Dropout {
    type Args<T: Copy> = [T; 2];
    const VECTORIZES: bool = false;

    fn eval<S: Scalar>(&self, [x, noise]: [S; 2]) -> S {
        x * self.mask(noise) * self.scale()
    }

    fn derivative<S: Scalar>(&self, [_, noise]: [S; 2], _: S) -> [S; 2] {
        [self.mask(noise) * self.scale(), S::zero()]
    }

    /// The noise is between 0 and 1, and not where it would make the value jump.
    fn domain(&self) -> [Domain; 2] {
        let noise = Domain {
            hole: Some(self.keep_prob),
            beyond: Beyond::Defined,
            ..Domain::closed(0.0, 1.0)
        };
        [Domain::REAL, noise]
    }

    fn draw(draw: &mut Draw<'_>) -> Self {
        Self {
            keep_prob: [0.75, 0.8, 0.25][draw.below(3)],
        }
    }
}

wrong_derivatives! {
    Unscaled of Dropout: "g · mask without 1/p", [Factor(ScaleMissing)],
        |op, [_, noise], _| [op.mask(noise), S::zero()];
    ScaledTwice of Dropout: "1/p twice", [Factor(ScaleTwice)],
        |op, [_, noise], _| [op.mask(noise) * op.scale() * op.scale(), S::zero()];
    MaskFromValues of Dropout: "mask from y = x/p, so kept at a dropped 0", [Mask],
        |op, [x, _], y| [if y == x * op.scale() { op.scale() } else { S::zero() }, S::zero()];
    MaskByDivision of Dropout: "y/x", [NotFinite], |_, [x, _], y| [y / x, S::zero()];
    OtherMask of Dropout: "the dropped ones", [Mask],
        |op, [_, noise], _| [(S::one() - op.mask(noise)) * op.scale(), S::zero()];
    OtherDraw of Dropout: "mask of other noise", [Mask],
        |op, [_, noise], _| [op.mask(S::one() - noise) * op.scale(), S::zero()];
    Unmasked of Dropout: "no mask", [Mask], |op, _, _| [op.scale(), S::zero()];
}
