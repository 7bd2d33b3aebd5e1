//! Circular functions and their inverses.

use std::f64::consts;

use num_traits::Float;

use super::Wide;
use super::arithmetic::exponent;
use super::exponential::nested_series;
use super::reduction::quarter_turns;
use super::roots::sqrt;

pub(super) fn sin_cos(x: Wide) -> (Wide, Wide) {
    if !x.hi.is_finite() {
        return (Wide::nan(), Wide::nan());
    }
    let (quarter, r) = if x.hi.abs() < consts::FRAC_PI_4 {
        (0, x)
    } else {
        quarter_turns(x)
    };
    // For |r| ≤ π/4 the terms left out are below 2⁻¹¹³.
    let z = -(r * r);
    let sin = r * nested_series(z, (1..=14).map(|k| 2 * k * (2 * k + 1)));
    let cos = nested_series(z, (1..=14).map(|k| (2 * k - 1) * 2 * k));
    match quarter {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

pub(super) fn tan(x: Wide) -> Wide {
    let (sin, cos) = sin_cos(x);
    sin / cos
}

pub(super) fn atan(x: Wide) -> Wide {
    atan2(x, Wide::ONE)
}

pub(super) fn asin(x: Wide) -> Wide {
    atan2(x, opposite(x))
}

pub(super) fn acos(x: Wide) -> Wide {
    atan2(opposite(x), x)
}

/// √(1 − x²) without cancellation; NaN where |x| > 1.
fn opposite(x: Wide) -> Wide {
    sqrt((Wide::ONE - x) * (Wide::ONE + x))
}

/// The angle of (x, y): the `f64` angle, turned by what is left of y after turning (x, y) back by it.
/// That is an angle of at most 2⁻⁵² of the result, so it equals its tangent.
pub(super) fn atan2(y: Wide, x: Wide) -> Wide {
    let start = y.hi.atan2(x.hi);
    if start == 0.0 || x.hi == 0.0 || y.hi == 0.0 || !(x.hi.is_finite() && y.hi.is_finite()) {
        return eighth_turns(start);
    }
    // By a power of two, so that no product overflows.
    let power = exponent(x.hi.abs().max(y.hi.abs()));
    let (x, y) = (x.scaled(-power), y.scaled(-power));
    let (sin, cos) = sin_cos(Wide::exact(start));
    Wide::exact(start) + (y * cos - x * sin) / (x * cos + y * sin)
}

/// The multiple of π/4 nearest to an angle: with a zero or an infinity atan2 has no others.
fn eighth_turns(angle: f64) -> Wide {
    let eighths = (angle / consts::FRAC_PI_4).round();
    Wide::exact(eighths) * Wide::PI.scaled(-2)
}
