//! What num-traits asks of a float.

use std::num::FpCategory;

use num_traits::{Float, Num, NumCast, One, ParseFloatError, ToPrimitive, Zero};

use super::{Wide, circular, exponential, roots};

impl Zero for Wide {
    fn zero() -> Self {
        Self::ZERO
    }

    fn is_zero(&self) -> bool {
        self.hi == 0.0
    }
}

impl One for Wide {
    fn one() -> Self {
        Self::ONE
    }
}

impl Num for Wide {
    type FromStrRadixErr = ParseFloatError;

    /// Radix 10 has all digits; any other only those of `f64`.
    fn from_str_radix(text: &str, radix: u32) -> Result<Self, ParseFloatError> {
        if radix == 10 {
            text.parse()
        } else {
            f64::from_str_radix(text, radix).map(Self::exact)
        }
    }
}

impl ToPrimitive for Wide {
    fn to_i64(&self) -> Option<i64> {
        self.to_i128()?.try_into().ok()
    }

    fn to_u64(&self) -> Option<u64> {
        self.to_i128()?.try_into().ok()
    }

    fn to_i128(&self) -> Option<i128> {
        let size = self.abs().to_u128()?;
        if self.is_sign_negative() {
            0_i128.checked_sub_unsigned(size)
        } else {
            size.try_into().ok()
        }
    }

    fn to_u128(&self) -> Option<u128> {
        let whole = self.trunc();
        // 2¹²⁸ less the trailing word may be in range, and 2¹²⁸ is not.
        let half = (whole.hi / 2.0).trunc();
        let other_half = whole.hi - half;
        half.to_u128()?
            .checked_add_signed(whole.lo.to_i128()?)?
            .checked_add(other_half.to_u128()?)
    }

    fn to_f64(&self) -> Option<f64> {
        Some(self.hi)
    }
}

impl NumCast for Wide {
    /// Through whichever of `i128` and `f64` keeps more; exact for every integer up to 2¹⁰⁶. A
    /// [`ToPrimitive`] gives no more than these two, so a `Wide` with something behind the point
    /// comes out as the `f64` or the integer beside it.
    fn from<T: ToPrimitive>(number: T) -> Option<Self> {
        let hi = number.to_f64()?;
        // Of smaller numbers `f64` has every integer, and the other way cuts what is behind the point.
        let rest = match (number.to_i128(), hi.to_i128()) {
            (Some(whole), Some(leading)) if hi.abs() >= 2f64.powi(53) => {
                whole.wrapping_sub(leading) as f64
            }
            _ => 0.0,
        };
        Some(Self::new(hi, rest))
    }
}

impl Float for Wide {
    fn nan() -> Self {
        Self::exact(f64::NAN)
    }

    fn infinity() -> Self {
        Self::exact(f64::INFINITY)
    }

    fn neg_infinity() -> Self {
        Self::exact(f64::NEG_INFINITY)
    }

    fn neg_zero() -> Self {
        Self::exact(-0.0)
    }

    fn min_value() -> Self {
        -Self::max_value()
    }

    /// The smallest normal `f64`; the low word of anything below 2⁻⁹⁶⁹ is subnormal.
    fn min_positive_value() -> Self {
        Self::exact(f64::MIN_POSITIVE)
    }

    fn max_value() -> Self {
        Self {
            hi: f64::MAX,
            lo: f64::MAX * (f64::EPSILON / 4.0),
        }
    }

    /// 2⁻¹⁰⁴. Numbers have 106 bits and more; this is what results can be trusted to.
    fn epsilon() -> Self {
        Self::exact(f64::EPSILON * f64::EPSILON)
    }

    fn is_nan(self) -> bool {
        self.hi.is_nan()
    }

    fn is_infinite(self) -> bool {
        self.hi.is_infinite()
    }

    fn is_finite(self) -> bool {
        self.hi.is_finite()
    }

    fn is_normal(self) -> bool {
        self.hi.is_normal()
    }

    fn classify(self) -> FpCategory {
        self.hi.classify()
    }

    fn floor(self) -> Self {
        let whole = self.hi.floor();
        if whole == self.hi {
            Self::guarded(whole, super::arithmetic::two_sum(whole, self.lo.floor()))
        } else {
            Self::exact(whole)
        }
    }

    fn ceil(self) -> Self {
        -(-self).floor()
    }

    /// Half way cases away from zero.
    fn round(self) -> Self {
        let down = self.abs().floor();
        let nearest = if self.abs() - down >= Self::exact(0.5) {
            down + Self::ONE
        } else {
            down
        };
        nearest.with_sign_of(self)
    }

    fn trunc(self) -> Self {
        self.abs().floor().with_sign_of(self)
    }

    fn fract(self) -> Self {
        self - self.trunc()
    }

    fn abs(self) -> Self {
        if self.is_sign_negative() { -self } else { self }
    }

    fn signum(self) -> Self {
        Self::exact(self.hi.signum())
    }

    fn is_sign_positive(self) -> bool {
        self.hi.is_sign_positive()
    }

    fn is_sign_negative(self) -> bool {
        self.hi.is_sign_negative()
    }

    /// Two roundings: the product is not kept beyond 106 bits.
    fn mul_add(self, a: Self, b: Self) -> Self {
        self * a + b
    }

    fn recip(self) -> Self {
        Self::ONE / self
    }

    fn powi(self, n: i32) -> Self {
        exponential::powi(self, n)
    }

    fn powf(self, n: Self) -> Self {
        exponential::powf(self, n)
    }

    fn sqrt(self) -> Self {
        roots::sqrt(self)
    }

    fn exp(self) -> Self {
        exponential::exp(self)
    }

    fn exp2(self) -> Self {
        exponential::exp2(self)
    }

    fn ln(self) -> Self {
        exponential::ln(self)
    }

    fn log(self, base: Self) -> Self {
        self.ln() / base.ln()
    }

    fn log2(self) -> Self {
        exponential::log2(self)
    }

    fn log10(self) -> Self {
        exponential::log10(self)
    }

    fn to_degrees(self) -> Self {
        self * (Self::exact(180.0) / Self::PI)
    }

    fn to_radians(self) -> Self {
        self * (Self::PI / Self::exact(180.0))
    }

    /// The other operand if one is NaN, as `f64::max` has it.
    fn max(self, other: Self) -> Self {
        if self > other || other.is_nan() {
            self
        } else {
            other
        }
    }

    /// The other operand if one is NaN, as `f64::min` has it.
    fn min(self, other: Self) -> Self {
        if self < other || other.is_nan() {
            self
        } else {
            other
        }
    }

    fn abs_sub(self, other: Self) -> Self {
        if self <= other {
            Self::ZERO
        } else {
            self - other
        }
    }

    fn cbrt(self) -> Self {
        roots::cbrt(self)
    }

    fn hypot(self, other: Self) -> Self {
        roots::hypot(self, other)
    }

    fn sin(self) -> Self {
        self.sin_cos().0
    }

    fn cos(self) -> Self {
        self.sin_cos().1
    }

    fn tan(self) -> Self {
        circular::tan(self)
    }

    fn asin(self) -> Self {
        circular::asin(self)
    }

    fn acos(self) -> Self {
        circular::acos(self)
    }

    fn atan(self) -> Self {
        circular::atan(self)
    }

    fn atan2(self, other: Self) -> Self {
        circular::atan2(self, other)
    }

    fn sin_cos(self) -> (Self, Self) {
        circular::sin_cos(self)
    }

    fn exp_m1(self) -> Self {
        exponential::exp_m1(self)
    }

    fn ln_1p(self) -> Self {
        exponential::ln_1p(self)
    }

    fn sinh(self) -> Self {
        exponential::sinh(self)
    }

    fn cosh(self) -> Self {
        exponential::cosh(self)
    }

    fn tanh(self) -> Self {
        exponential::tanh(self)
    }

    fn asinh(self) -> Self {
        exponential::asinh(self)
    }

    fn acosh(self) -> Self {
        exponential::acosh(self)
    }

    fn atanh(self) -> Self {
        exponential::atanh(self)
    }

    /// That of the leading word.
    fn integer_decode(self) -> (u64, i16, i8) {
        self.hi.integer_decode()
    }
}

impl Wide {
    fn with_sign_of(self, other: Self) -> Self {
        if other.is_sign_negative() {
            -self
        } else {
            self
        }
    }
}
