//! What num-traits asks of a float: above all, the derivative of every function.

use std::num::FpCategory;

use num_traits::{Float, Num, NumCast, One, ToPrimitive, Zero};

use super::Dual;
use crate::Scalar;

impl<S: Scalar> Zero for Dual<S> {
    fn zero() -> Self {
        Self::constant(S::zero())
    }

    fn is_zero(&self) -> bool {
        self.primal.is_zero()
    }
}

impl<S: Scalar> One for Dual<S> {
    fn one() -> Self {
        Self::constant(S::one())
    }
}

impl<S: Scalar> Num for Dual<S> {
    type FromStrRadixErr = S::FromStrRadixErr;

    fn from_str_radix(text: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
        S::from_str_radix(text, radix).map(Self::constant)
    }
}

impl<S: Scalar> ToPrimitive for Dual<S> {
    fn to_i64(&self) -> Option<i64> {
        self.primal.to_i64()
    }

    fn to_u64(&self) -> Option<u64> {
        self.primal.to_u64()
    }

    fn to_i128(&self) -> Option<i128> {
        self.primal.to_i128()
    }

    fn to_u128(&self) -> Option<u128> {
        self.primal.to_u128()
    }

    fn to_f64(&self) -> Option<f64> {
        self.primal.to_f64()
    }
}

impl<S: Scalar> NumCast for Dual<S> {
    fn from<T: ToPrimitive>(number: T) -> Option<Self> {
        <S as NumCast>::from(number).map(Self::constant)
    }
}

/// f(x) = y and then f′, which may use both. Written so that no derivative overflows or cancels
/// before the function itself does, and with constants to the scalar's own precision.
macro_rules! derivatives {
    ($($name:ident($x:ident) = $y:ident: $derivative:expr;)*) => {$(
        fn $name(self) -> Self {
            let $x = self.primal;
            let $y = $x.$name();
            self.chain($y, $derivative)
        }
    )*};
}

/// Constant wherever they have a derivative.
macro_rules! steps {
    ($($name:ident)*) => {$(
        fn $name(self) -> Self {
            let y = self.primal.$name();
            if y.is_nan() { self.chain(y, y) } else { Self::constant(y) }
        }
    )*};
}

/// Questions about the primal.
macro_rules! questions {
    ($($name:ident -> $answer:ty;)*) => {$(
        fn $name(self) -> $answer {
            self.primal.$name()
        }
    )*};
}

macro_rules! constants {
    ($($name:ident)*) => {$(
        fn $name() -> Self {
            Self::constant(S::$name())
        }
    )*};
}

impl<S: Scalar> Float for Dual<S> {
    constants! {
        nan infinity neg_infinity neg_zero min_value min_positive_value max_value epsilon
    }

    questions! {
        is_nan -> bool;
        is_infinite -> bool;
        is_finite -> bool;
        is_normal -> bool;
        classify -> FpCategory;
        is_sign_positive -> bool;
        is_sign_negative -> bool;
        integer_decode -> (u64, i16, i8);
    }

    steps! { floor ceil round trunc signum }

    derivatives! {
        fract(x) = _y: S::one();
        abs(x) = _y: if x < S::zero() { -S::one() } else { S::one() };
        recip(x) = y: -(y * y);
        sqrt(x) = y: (y + y).recip();
        cbrt(x) = y: (S::constant(3.0) * y * y).recip();
        exp(x) = y: y;
        exp2(x) = y: y * S::constant(2.0).ln();
        exp_m1(x) = _y: x.exp();
        ln(x) = _y: x.recip();
        ln_1p(x) = _y: (S::one() + x).recip();
        log2(x) = _y: (x * S::constant(2.0).ln()).recip();
        log10(x) = _y: (x * S::constant(10.0).ln()).recip();
        to_degrees(x) = _y: S::one().to_degrees();
        to_radians(x) = _y: S::one().to_radians();
        sin(x) = _y: x.cos();
        cos(x) = _y: -x.sin();
        tan(x) = y: S::one() + y * y;
        asin(x) = _y: ((S::one() - x) * (S::one() + x)).sqrt().recip();
        acos(x) = _y: -((S::one() - x) * (S::one() + x)).sqrt().recip();
        atan(x) = _y: (S::one() + x * x).recip();
        sinh(x) = _y: x.cosh();
        cosh(x) = _y: x.sinh();
        tanh(x) = _y: sech_squared(x);
        asinh(x) = _y: x.hypot(S::one()).recip();
        acosh(x) = _y: ((x - S::one()).sqrt() * (x + S::one()).sqrt()).recip();
        atanh(x) = _y: ((S::one() - x) * (S::one() + x)).recip();
    }

    fn sin_cos(self) -> (Self, Self) {
        let (sin, cos) = self.primal.sin_cos();
        (self.chain(sin, cos), self.chain(cos, -sin))
    }

    fn mul_add(self, a: Self, b: Self) -> Self {
        let product = self * a;
        let primal = self.primal.mul_add(a.primal, b.primal);
        Self::new(primal, product.tangent + b.tangent)
    }

    /// The derivative is n xⁿ⁻¹, and 0 for n = 0 at every x.
    fn powi(self, n: i32) -> Self {
        let x = self.primal;
        let derivative = match n {
            0 => S::zero(),
            i32::MIN => x.powi(n) / x * S::constant(n.into()),
            _ => x.powi(n - 1) * S::constant(n.into()),
        };
        self.chain(x.powi(n), derivative)
    }

    /// The partial derivatives are y xʸ⁻¹ and xʸ ln x. By the limits, the first is 0 at a constant
    /// y = 0, and the second at x = 0 < y.
    fn powf(self, y: Self) -> Self {
        let (x, n) = (self.primal, y.primal);
        let power = x.powf(n);
        let by_base = if n.is_constant_zero() {
            S::zero()
        } else if power.is_normal() {
            // n − 1 would round, and a large power magnifies that.
            n * (power / x)
        } else {
            n * x.powf(n - S::one())
        };
        // The first test saves a logarithm where the exponent is a constant, as it mostly is.
        let by_exponent = if y.tangent.is_constant_zero() || (x.is_zero() && n > S::zero()) {
            S::zero()
        } else {
            power * x.ln()
        };
        self.chain2(y, power, by_base, by_exponent)
    }

    fn log(self, base: Self) -> Self {
        self.ln() / base.ln()
    }

    /// Of two equal ones, `other`; of one that is NaN, the other.
    fn max(self, other: Self) -> Self {
        if self > other || other.is_nan() {
            self
        } else {
            other
        }
    }

    /// Of two equal ones, `other`; of one that is NaN, the other.
    fn min(self, other: Self) -> Self {
        if self < other || other.is_nan() {
            self
        } else {
            other
        }
    }

    fn abs_sub(self, other: Self) -> Self {
        if self <= other {
            Self::zero()
        } else {
            self - other
        }
    }

    /// The tangent at (0, 0), where there is no derivative, is 0: what central differences give, and
    /// the only choice that is linear and treats all directions alike.
    fn hypot(self, other: Self) -> Self {
        let (x, y) = (self.primal, other.primal);
        let length = x.hypot(y);
        if length.is_zero() {
            return Self::constant(length);
        }
        self.chain2(other, length, x / length, y / length)
    }

    /// With `self` = y, `other` = x and r² = x² + y²: the partial derivatives are x/r² and −y/r².
    fn atan2(self, other: Self) -> Self {
        let (y, x) = (self.primal, other.primal);
        let length = x.hypot(y);
        let (by_y, by_x) = (x / length / length, -(y / length / length));
        self.chain2(other, y.atan2(x), by_y, by_x)
    }
}

/// 1 / cosh² x = 1 − tanh² x, with no digits lost for large x and no overflow.
fn sech_squared<S: Scalar>(x: S) -> S {
    let decay = (-(x.abs() + x.abs())).exp();
    let sum = S::one() + decay;
    S::constant(4.0) * decay / (sum * sum)
}
