//! A scalar of twice the precision of `f64`.
//!
//! The arithmetic is written out here rather than taken from a crate because a verifier has to trust
//! it where functions overflow, vanish or cancel. Of the crates tried, `qd` 0.8 is as fast, but makes
//! NaN of ∞ · 2, 1 / 0 and ln 1e-310, and its sums and logarithms lose digits where they cancel;
//! `f256` 0.11 takes microseconds and has no right digit in sin 1e-300.

mod arithmetic;
mod circular;
mod exponential;
mod float;
mod reduction;
mod roots;
mod text;

use crate::Scalar;

/// A real number to 106 bits (about 31 decimal digits): the unevaluated sum of two `f64`.
///
/// Invariant: `hi`, which [`to_f64`](Self::to_f64) gives, is the `f64` nearest to `hi + lo`.
/// Infinities and NaN live in `hi` and leave `lo` zero; what an operation makes of them,
/// and of the signs of zeros, is what `f64` makes of them.
///
/// ```
/// use autodiff::Wide;
/// use autodiff::num_traits::Float; // has `exp` and the like
///
/// let third = Wide::from(1.0) / Wide::from(3.0);
/// assert_eq!(third.to_string(), "0.3333333333333333333333333333333");
/// // At f64 this difference is 1.0e-16, right to no digit.
/// let x = Wide::from(1e-16);
/// assert_eq!((x.exp() - Wide::from(1.0)).to_f64(), 1e-16);
/// ```
///
/// # Range
///
/// The exponents are those of `f64`, and the low word needs 53 bits below the high one. So the
/// bounds below hold while operands, results and intermediate products lie between 10⁻²⁷⁰ and
/// 10³⁰⁰; towards the smallest numbers precision fades to that of `f64`.
///
/// # Error bounds
///
/// The arithmetic is that of Joldes, Muller and Popescu, *Tight and rigorous error bounds for basic
/// building blocks of double-word arithmetic* (ACM TOMS 44, 2017); its bounds are theorems. The
/// functions are series and Newton steps on top of it; their bounds are asserted by a test against
/// an arbitrary-precision library at 10,000 points each. In units of 2⁻¹⁰⁶, relative to the result:
///
/// | function | bound |
/// |---|---|
/// | `+`, `-` | 3 |
/// | `*` | 5 |
/// | `/` | 15 |
/// | `sqrt` | 4 |
/// | `cbrt`, `hypot`, `exp`, `exp2`, `cosh` | 6 |
/// | `exp_m1`, `sinh`, `ln`, `ln_1p`, `log2`, `log10`, `atan`, `atan2` | 8 |
/// | `sin`, `cos`, `asin`, `acos`, `asinh`, `acosh` | 8 |
/// | `tan`, `tanh`, `atanh` | 12 |
/// | `powi(n)` | 5 \|n\| + 15 |
/// | `powf(y)` of x | 10 + 8 \|y ln x\|, or as `powi` for a whole \|y\| ≤ 64 |
/// | `x % y` | 8, relative to x |
///
/// The circular functions keep their bound at every angle, near multiples of π too.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Wide {
    hi: f64,
    lo: f64,
}

impl Wide {
    /// π, rounded to the nearest `Wide`.
    pub const PI: Self = Self {
        hi: std::f64::consts::PI,
        lo: 1.2246467991473532e-16,
    };

    /// ln 2, rounded to the nearest `Wide`.
    const LN_2: Self = Self {
        hi: std::f64::consts::LN_2,
        lo: 2.3190468138462996e-17,
    };

    const ZERO: Self = Self::exact(0.0);
    const ONE: Self = Self::exact(1.0);

    /// The sum of two `f64`, exact unless it overflows.
    ///
    /// ```
    /// use autodiff::Wide;
    ///
    /// let x = Wide::new(1.0, 1e-20);
    /// assert_eq!((x.to_f64(), x.lo()), (1.0, 1e-20));
    /// ```
    #[must_use]
    pub fn new(a: f64, b: f64) -> Self {
        Self::guarded(a + b, arithmetic::two_sum(a, b))
    }

    /// The leading word: the nearest `f64`, ties to even.
    #[must_use]
    pub const fn to_f64(self) -> f64 {
        self.hi
    }

    /// The trailing word: what [`to_f64`](Self::to_f64) leaves out, at most half a unit in its last
    /// place.
    #[must_use]
    pub const fn lo(self) -> f64 {
        self.lo
    }

    const fn exact(value: f64) -> Self {
        Self { hi: value, lo: 0.0 }
    }

    /// The pair (hi, lo), unless the operation met an infinity, a NaN or a zero: there the error
    /// terms mean nothing (∞ − ∞ is NaN, −0 + 0 is +0) and `leading`, which is what `f64` makes of
    /// the leading words, is the answer.
    #[inline]
    fn guarded(leading: f64, (hi, lo): (f64, f64)) -> Self {
        if lo.is_finite() && hi != 0.0 {
            Self { hi, lo }
        } else {
            Self::exact(leading)
        }
    }
}

impl From<f64> for Wide {
    /// Exact.
    fn from(value: f64) -> Self {
        Self::exact(value)
    }
}

impl Scalar for Wide {
    fn constant(value: f64) -> Self {
        Self::exact(value)
    }
}
