//! The scalars a function can be given at, when all there is of it is a closure.

use autodiff::{Scalar, Wide};

/// A real number whose differences can be trusted to a known number of bits: `f32`, `f64` and
/// [`Wide`].
pub trait Real: Scalar {
    /// What sums and differences of it are computed in.
    #[doc(hidden)]
    type Working: Scalar;

    /// A unit in the last place of 1.
    #[doc(hidden)]
    const UNIT: f64;

    /// How well a gradient has to agree, relative to itself, where the reference is better: room
    /// for its own rounding, and at [`Wide`] for constants that are held only to f64.
    #[doc(hidden)]
    const AGREEMENT: f64;

    #[doc(hidden)]
    fn widened(self) -> Self::Working;
}

impl Real for f32 {
    type Working = f64;
    const UNIT: f64 = f32::EPSILON as f64;
    const AGREEMENT: f64 = 8.0 * Self::UNIT;

    fn widened(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    type Working = f64;
    const UNIT: f64 = f64::EPSILON;
    const AGREEMENT: f64 = 8.0 * Self::UNIT;

    fn widened(self) -> f64 {
        self
    }
}

impl Real for Wide {
    type Working = Self;
    const UNIT: f64 = f64::EPSILON * f64::EPSILON;
    const AGREEMENT: f64 = crate::reference::AGREEMENT;

    fn widened(self) -> Self {
        self
    }
}

/// As an `f64`, for sizes and reports.
pub(crate) fn approx(value: impl Scalar) -> f64 {
    value.to_f64().unwrap_or(f64::NAN)
}
