//! The four operations, and the error-free transformations below them.
//!
//! The names of algorithms are those of Joldes, Muller and Popescu (ACM TOMS 44, 2017).

use std::iter::Sum;
use std::ops::{
    Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign,
};

use num_traits::Float;

use super::Wide;

/// (s, e) with s = fl(a + b) and s + e = a + b exactly (2Sum).
#[inline]
pub(super) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
}

/// As [`two_sum`], for |a| ≥ |b| or a = 0 (Fast2Sum).
#[inline]
pub(super) fn fast_two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    (sum, b - (sum - a))
}

/// (p, e) with p = fl(a b) and p + e = a b exactly, unless e underflows (2Prod).
///
/// `mul_add` rounds once on every target, by a library call where there is no such instruction.
#[inline]
pub(super) fn two_prod(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    (product, a.mul_add(b, -product))
}

/// 2 to this power, which must be that of a normal number.
#[inline]
pub(super) fn power_of_two(power: i32) -> f64 {
    debug_assert!((-1022..=1023).contains(&power), "2^{power} is not normal");
    f64::from_bits(((1023 + i64::from(power)) as u64) << 52)
}

/// The e with 2ᵉ ≤ |x| < 2ᵉ⁺¹, for a finite x other than 0.
pub(super) fn exponent(x: f64) -> i32 {
    if x.abs() < f64::MIN_POSITIVE {
        return exponent(x * power_of_two(54)) - 54;
    }
    ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023
}

impl Wide {
    /// `self` · 2^power, rounded only if it is subnormal; `power` within ±2000.
    pub(super) fn scaled(self, power: i32) -> Self {
        // In two factors, since a power that the result bears may be one that f64 does not.
        let (half, rest) = (power_of_two(power / 2), power_of_two(power - power / 2));
        let (hi, lo) = (self.hi * half * rest, self.lo * half * rest);
        Self::guarded(hi, fast_two_sum(hi, lo))
    }
}

impl Neg for Wide {
    type Output = Self;

    #[inline]
    fn neg(self) -> Self {
        Self {
            hi: -self.hi,
            lo: -self.lo,
        }
    }
}

impl Add for Wide {
    type Output = Self;

    /// AccurateDWPlusDW: relative error at most 3 · 2⁻¹⁰⁶ + O(2⁻¹⁵⁹), cancellation or not.
    #[inline]
    fn add(self, other: Self) -> Self {
        let (high, high_error) = two_sum(self.hi, other.hi);
        let (low, low_error) = two_sum(self.lo, other.lo);
        let (sum, error) = fast_two_sum(high, high_error + low);
        Self::guarded(high, fast_two_sum(sum, low_error + error))
    }
}

impl Sub for Wide {
    type Output = Self;

    #[inline]
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Wide {
    type Output = Self;

    /// DWTimesDW1: relative error at most 5 · 2⁻¹⁰⁶.
    #[inline]
    fn mul(self, other: Self) -> Self {
        let (product, error) = two_prod(self.hi, other.hi);
        let cross = self.hi * other.lo + self.lo * other.hi;
        Self::guarded(product, fast_two_sum(product, error + cross))
    }
}

impl Div for Wide {
    type Output = Self;

    /// DWDivDW2: relative error at most 15 · 2⁻¹⁰⁶ + O(2⁻¹⁵⁹).
    #[inline]
    fn div(self, other: Self) -> Self {
        let quotient = self.hi / other.hi;
        let product = other * Self::exact(quotient);
        let rest = (self.hi - product.hi) + (self.lo - product.lo);
        Self::guarded(quotient, fast_two_sum(quotient, rest / other.hi))
    }
}

impl Rem for Wide {
    type Output = Self;

    /// x − y · trunc(x / y): absolute error at most 2⁻¹⁰³ |x|.
    fn rem(self, other: Self) -> Self {
        let leading = self.hi % other.hi;
        if leading.is_nan() || self.hi == 0.0 {
            return Self::exact(leading);
        }
        if other.hi.is_infinite() {
            return self;
        }
        let (size, modulus) = (self.abs(), other.abs());
        let rest = size - modulus * (size / modulus).trunc();
        // A quotient that rounding took across an integer leaves a remainder just out of range.
        let rest = if rest < Self::ZERO {
            rest + modulus
        } else if rest >= modulus {
            rest - modulus
        } else {
            rest
        };
        if self.is_sign_negative() { -rest } else { rest }
    }
}

macro_rules! assignment {
    ($($trait:ident $method:ident $operator:tt)*) => {$(
        impl $trait for Wide {
            #[inline]
            fn $method(&mut self, other: Self) {
                *self = *self $operator other;
            }
        }
    )*};
}

assignment! {
    AddAssign add_assign +
    SubAssign sub_assign -
    MulAssign mul_assign *
    DivAssign div_assign /
    RemAssign rem_assign %
}

impl Sum for Wide {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::ZERO, Add::add)
    }
}
