//! Real numbers to 192 bits, and random points: what the accuracy tests compare with.
//!
//! The numbers are astro-float's, which shares no code with the crate under test.

use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Neg, Sub};

use astro_float_num::{BigFloat, Consts, RoundingMode, Sign, WORD_BIT_SIZE};
use autodiff::Wide;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const BITS: usize = 192;
const ROUNDING: RoundingMode = RoundingMode::None;

/// How many random points a function is compared at.
pub(crate) const POINTS: usize = 10_000;

thread_local! {
    static CONSTANTS: RefCell<Consts> = RefCell::new(Consts::new().unwrap());
}

/// A real number to 192 bits.
#[derive(Clone, Debug)]
pub(crate) struct Real(BigFloat);

impl From<f64> for Real {
    fn from(value: f64) -> Self {
        Self(BigFloat::from_f64(value, BITS))
    }
}

impl From<Wide> for Real {
    fn from(value: Wide) -> Self {
        Self::from(value.to_f64()) + Self::from(value.lo())
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident)*) => {$(
        impl $trait for Real {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Self(self.0.$method(&other.0, BITS, ROUNDING))
            }
        }
        impl $trait<f64> for Real {
            type Output = Self;
            fn $method(self, other: f64) -> Self {
                self.$method(Self::from(other))
            }
        }
    )*};
}

operators! { Add add Sub sub Mul mul Div div }

impl Neg for Real {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.neg())
    }
}

macro_rules! functions {
    ($($name:ident)*) => {$(
        pub(crate) fn $name(self) -> Self {
            CONSTANTS.with_borrow_mut(|c| Self(self.0.$name(BITS, ROUNDING, c)))
        }
    )*};
}

#[allow(dead_code, reason = "each test uses its part")]
impl Real {
    functions! {
        exp ln log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh
    }

    pub(crate) fn sqrt(self) -> Self {
        Self(self.0.sqrt(BITS, ROUNDING))
    }

    pub(crate) fn cbrt(self) -> Self {
        Self(self.0.cbrt(BITS, ROUNDING))
    }

    pub(crate) fn pow(self, y: Self) -> Self {
        CONSTANTS.with_borrow_mut(|c| Self(self.0.pow(&y.0, BITS, ROUNDING, c)))
    }

    /// Without the cancellation of eˣ − 1.
    pub(crate) fn exp_m1(self) -> Self {
        let half = self / 2.0;
        half.clone().sinh() * half.exp() * 2.0
    }

    /// Without the rounding of 1 + x for small x.
    pub(crate) fn ln_1p(self) -> Self {
        if self.to_f64().abs() > 0.5 {
            return (self + 1.0).ln();
        }
        (self.clone() / (self + 2.0)).atanh() * 2.0
    }

    pub(crate) fn square(self) -> Self {
        self.clone() * self
    }

    pub(crate) fn recip(self) -> Self {
        Self::from(1.0) / self
    }

    pub(crate) fn is_negative(&self) -> bool {
        self.0.is_negative()
    }

    /// Rounded towards zero; for error estimates.
    pub(crate) fn to_f64(&self) -> f64 {
        if self.0.is_zero() {
            return 0.0;
        }
        let Some((words, _, sign, exponent, _)) = self.0.as_raw_parts() else {
            return f64::NAN;
        };
        let leading = *words.last().unwrap() as f64 / 2f64.powi(WORD_BIT_SIZE as i32);
        let size = leading * 2f64.powi(exponent);
        if sign == Sign::Neg { -size } else { size }
    }
}

/// |value − exact| in units of 2^-bits of |exact|; 0 where both are 0.
pub(crate) fn error(value: Real, exact: &Real, bits: i32) -> f64 {
    let difference = (value - exact.clone()).to_f64().abs();
    if difference == 0.0 {
        return 0.0;
    }
    difference / exact.to_f64().abs() * 2f64.powi(bits)
}

/// A seeded source of points.
pub(crate) struct Points(StdRng);

#[allow(dead_code, reason = "each test uses its part")]
impl Points {
    pub(crate) fn new() -> Self {
        Self(StdRng::seed_from_u64(20))
    }

    pub(crate) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        self.0.random_range(low..high)
    }

    /// Either sign.
    pub(crate) fn signed(&mut self, x: f64) -> f64 {
        if self.0.random() { x } else { -x }
    }

    /// Between 10^low and 10^high, every magnitude as likely as any other.
    pub(crate) fn decades(&mut self, low: f64, high: f64) -> f64 {
        10f64.powf(self.uniform(low, high))
    }

    /// A `Wide` that rounds to this `f64`.
    pub(crate) fn widened(&mut self, x: f64) -> Wide {
        Wide::new(x, x * self.uniform(-1.0, 1.0) * 2f64.powi(-54))
    }
}
