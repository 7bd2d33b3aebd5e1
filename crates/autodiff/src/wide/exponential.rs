//! Exponentials, logarithms, powers and hyperbolic functions.

use std::f64::consts;

use num_traits::Float;

use super::Wide;
use super::arithmetic::{exponent, two_prod};
use super::roots::sqrt;

/// ln 2 beyond the leading word of [`Wide::LN_2`]: a third word, for multiples of ln 2 that cancel.
const LN_2_REST: Wide = Wide {
    hi: 2.3190468138462996e-17,
    lo: 5.707708438416212e-34,
};

const LOG2_E: Wide = Wide {
    hi: consts::LOG2_E,
    lo: 2.0355273740931033e-17,
};

const LOG10_E: Wide = Wide {
    hi: consts::LOG10_E,
    lo: 1.098319650216765e-17,
};

/// 1 + z/d₁ (1 + z/d₂ (1 + …)), the shape of the exponential and circular series.
///
/// The divisors are ratios of successive coefficients, so no table of factorials is needed.
pub(super) fn nested_series(z: Wide, divisors: impl DoubleEndedIterator<Item = u16>) -> Wide {
    divisors.rev().fold(Wide::ONE, |sum, divisor| {
        // In this order the divisions do not wait for each other.
        Wide::ONE + z / Wide::exact(divisor.into()) * sum
    })
}

/// exp(r) − 1 to full relative precision for |r| ≤ ½ ln 2, where 24 terms leave 2⁻¹¹³.
fn exp_m1_reduced(r: Wide) -> Wide {
    r * nested_series(r, 2..=24)
}

/// ln(1 + u) to full relative precision for ½√2 ≤ 1 + u ≤ √2: one step from the `f64` value y,
/// ln(1 + u) = y + ln(1 + d) with d = (u − (exp(y) − 1)) / exp(y), whose cube is out of sight.
fn ln_1p_reduced(u: Wide) -> Wide {
    let start = Wide::exact(u.hi.ln_1p());
    let grown = exp_m1_reduced(start);
    let d = (u - grown) / (Wide::ONE + grown);
    start + (d - Wide::exact(0.5 * d.hi * d.hi))
}

/// The m and e with x = m · 2ᵉ and ½√2 ≤ m ≤ √2, for a positive finite x.
fn centred(x: Wide) -> (Wide, i32) {
    let power = exponent(x.hi);
    let mantissa = x.scaled(-power);
    if mantissa.hi > consts::SQRT_2 {
        (mantissa.scaled(-1), power + 1)
    } else {
        (mantissa, power)
    }
}

/// f(x) of an odd function from its values at x ≥ 0.
fn odd(x: Wide, f: impl Fn(Wide) -> Wide) -> Wide {
    if x.is_sign_negative() { -f(-x) } else { f(x) }
}

/// exp(x) · 2^power: half of an exponential that overflows may be finite.
fn exp_scaled(x: Wide, power: i32) -> Wide {
    if !(-760.0..=720.0).contains(&x.hi) {
        return Wide::exact(x.hi.exp());
    }
    let twos = (x.hi * consts::LOG2_E).round();
    let (hi, lo) = two_prod(twos, consts::LN_2);
    let r = x - Wide { hi, lo } - Wide::exact(twos) * LN_2_REST;
    (Wide::ONE + exp_m1_reduced(r)).scaled(twos as i32 + power)
}

pub(super) fn exp(x: Wide) -> Wide {
    exp_scaled(x, 0)
}

pub(super) fn exp_m1(x: Wide) -> Wide {
    if x.hi.abs() > 0.34 {
        exp(x) - Wide::ONE
    } else {
        exp_m1_reduced(x)
    }
}

pub(super) fn exp2(x: Wide) -> Wide {
    if !(-1100.0..=1100.0).contains(&x.hi) {
        return Wide::exact(x.hi.exp2());
    }
    let twos = x.hi.round();
    let r = (x - Wide::exact(twos)) * Wide::LN_2;
    (Wide::ONE + exp_m1_reduced(r)).scaled(twos as i32)
}

pub(super) fn ln(x: Wide) -> Wide {
    if !(x.hi > 0.0 && x.hi.is_finite()) {
        return Wide::exact(x.hi.ln());
    }
    let (mantissa, power) = centred(x);
    Wide::exact(power.into()) * Wide::LN_2 + ln_1p_reduced(mantissa - Wide::ONE)
}

pub(super) fn ln_1p(x: Wide) -> Wide {
    if x.hi == 0.0 {
        x
    } else if x.hi.abs() < 0.25 {
        ln_1p_reduced(x)
    } else {
        ln(Wide::ONE + x)
    }
}

pub(super) fn log2(x: Wide) -> Wide {
    if !(x.hi > 0.0 && x.hi.is_finite()) {
        return Wide::exact(x.hi.log2());
    }
    let (mantissa, power) = centred(x);
    Wide::exact(power.into()) + ln_1p_reduced(mantissa - Wide::ONE) * LOG2_E
}

pub(super) fn log10(x: Wide) -> Wide {
    ln(x) * LOG10_E
}

fn whole_power(x: Wide, mut n: u32) -> Wide {
    let (mut square, mut power) = (x, Wide::ONE);
    while n > 0 {
        if n % 2 == 1 {
            power *= square;
        }
        square *= square;
        n /= 2;
    }
    power
}

pub(super) fn powi(x: Wide, n: i32) -> Wide {
    let power = whole_power(x, n.unsigned_abs());
    if n >= 0 {
        power
    } else if power.is_normal() {
        power.recip()
    } else {
        // The reciprocal of what is out of range need not be.
        whole_power(x.recip(), n.unsigned_abs())
    }
}

/// By multiplication for small whole exponents, and otherwise exp(y ln|x|) with the sign of xʸ.
pub(super) fn powf(x: Wide, y: Wide) -> Wide {
    if x.hi == 0.0 || !x.hi.is_finite() || !y.hi.is_finite() {
        return Wide::exact(x.hi.powf(y.hi));
    }
    let whole = y.fract() == Wide::ZERO;
    if whole && y.hi.abs() <= 64.0 {
        return powi(x, y.hi as i32);
    }
    let size = exp(y * ln(x.abs()));
    if x.hi > 0.0 {
        size
    } else if !whole {
        Wide::nan()
    } else if (y / Wide::exact(2.0)).fract() == Wide::ZERO {
        size
    } else {
        -size
    }
}

pub(super) fn sinh(x: Wide) -> Wide {
    odd(x, |x| {
        if x.hi > 40.0 {
            // What is missing, exp(-x) / 2, is below 2⁻¹¹⁵ of it.
            return exp_scaled(x, -1);
        }
        let grown = exp_m1(x);
        (grown + grown / (grown + Wide::ONE)).scaled(-1)
    })
}

pub(super) fn cosh(x: Wide) -> Wide {
    let half = exp_scaled(x.abs(), -1);
    half + Wide::exact(0.25) / half
}

pub(super) fn tanh(x: Wide) -> Wide {
    odd(x, |x| {
        if x.hi > 40.0 {
            return Wide::ONE;
        }
        let grown = exp_m1(x.scaled(1));
        grown / (grown + Wide::exact(2.0))
    })
}

/// Beyond this, asinh x and acosh x are ln 2x: the next term is below 2⁻¹²⁰.
const LARGE: f64 = 1e18;

pub(super) fn asinh(x: Wide) -> Wide {
    odd(x, |x| {
        if x.hi > LARGE {
            return ln(x) + Wide::LN_2;
        }
        let square = x * x;
        ln_1p(x + square / (Wide::ONE + sqrt(Wide::ONE + square)))
    })
}

pub(super) fn acosh(x: Wide) -> Wide {
    if x < Wide::ONE {
        return Wide::nan();
    }
    if x.hi > LARGE {
        return ln(x) + Wide::LN_2;
    }
    let above = x - Wide::ONE;
    ln_1p(above + sqrt(above * (above + Wide::exact(2.0))))
}

pub(super) fn atanh(x: Wide) -> Wide {
    odd(x, |x| ln_1p(x.scaled(1) / (Wide::ONE - x)).scaled(-1))
}
