//! Roots: an `f64` root and one correction.

use super::Wide;
use super::arithmetic::{exponent, fast_two_sum};

/// SQRTDWtoDW of Lefèvre, Louvet, Muller, Picot and Rideau, *Accurate calculation of Euclidean norms
/// using double-word arithmetic* (ACM TOMS 49, 2023): relative error below 25/8 · 2⁻¹⁰⁶.
pub(super) fn sqrt(x: Wide) -> Wide {
    let root = x.hi.sqrt();
    let rest = (-root).mul_add(root, x.hi) + x.lo;
    Wide::guarded(root, fast_two_sum(root, rest / (2.0 * root)))
}

/// One Newton step, which squares the relative error of the `f64` root.
pub(super) fn cbrt(x: Wide) -> Wide {
    if x.hi == 0.0 || !x.hi.is_finite() {
        return x;
    }
    // By a power of two, so that the cube of the rounded root cannot overflow.
    let power = exponent(x.hi) / 3;
    let x = x.scaled(-3 * power);
    let root = x.hi.cbrt();
    let start = Wide::exact(root);
    let rest = x - start * start * start;
    (start + Wide::exact(rest.hi / (3.0 * root * root))).scaled(power)
}

pub(super) fn hypot(x: Wide, y: Wide) -> Wide {
    let leading = x.hi.hypot(y.hi);
    if leading == 0.0 || !(x.hi.is_finite() && y.hi.is_finite()) {
        return Wide::exact(leading);
    }
    // By a power of two, so that no square overflows or loses its low word.
    let power = exponent(x.hi.abs().max(y.hi.abs()));
    let (x, y) = (x.scaled(-power), y.scaled(-power));
    sqrt(x * x + y * y).scaled(power)
}
