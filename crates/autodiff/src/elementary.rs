//! exp, ln, ln(1 + x), tanh of `f64` without a branch or a call, so that a loop over them becomes
//! vector instructions. `f32` takes the way through `f64`, and is rounded once more.
//!
//! No crate was found that does this with the instruction set chosen when the program runs and an
//! error that is known: the standard library's functions are calls, and keep a loop scalar.
//!
//! Only +, −, ×, ÷, the fused multiply-add and integer arithmetic are used: every machine gives the
//! same bits, those without a fused instruction slowly. Errors are relative to a result that is a
//! normal number, u being 2⁻⁵³, which is as far as rounding alone may be off; `tests/elementary.rs`
//! asserts them, and sees a few per cent less.
//!
//! The argument reductions are those of W. J. Cody and W. Waite, "Software Manual for the Elementary
//! Functions" (1980); the form of the logarithm is that of Sun's fdlibm (`e_log.c`).

/// 1.5 · 2⁵²: adding it to a number below 2⁵¹ rounds that to an integer, which is then in the low
/// bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// ln 2 with 32 bits, so that its product with an exponent is exact, and the rest of it.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// The integer nearest to x y, as a number and as the integer, for |x y| < 2³¹.
#[inline(always)]
fn rounded_product(x: f64, y: f64) -> (f64, i64) {
    let shifted = x.mul_add(y, ROUNDER);
    let integer = shifted.to_bits().wrapping_sub(ROUNDER.to_bits());
    (shifted - ROUNDER, integer as i64)
}

/// The number that an integer below 2³¹ is.
#[inline(always)]
fn number(n: i64) -> f64 {
    f64::from_bits((n as u64).wrapping_add(ROUNDER.to_bits())) - ROUNDER
}

/// 2ⁿ for −1022 ≤ n ≤ 1023.
#[inline(always)]
fn power_of_two(n: i64) -> f64 {
    f64::from_bits((n.wrapping_add(1023) << 52) as u64)
}

/// Σ cₖ xᵏ, in pairs of pairs (G. Estrin, 1960): Horner's rule has each step wait for the last.
#[inline(always)]
fn polynomial<const N: usize>(x: f64, c: [f64; N]) -> f64 {
    let x2 = x * x;
    let x4 = x2 * x2;
    let few = |c: &[f64]| match *c {
        [a, b, c, d] => d.mul_add(x, c).mul_add(x2, b.mul_add(x, a)),
        [a, b, c] => c.mul_add(x2, b.mul_add(x, a)),
        [a, b] => b.mul_add(x, a),
        _ => c[0],
    };
    let mut fours = c.chunks(4).rev();
    let highest = few(fours.next().expect("a coefficient"));
    fours.fold(highest, |sum, c| sum.mul_add(x4, few(c)))
}

/// x = n ln 2 + r with |r| ≤ ln 2 / 2: n, and eʳ − 1.
#[inline(always)]
fn reduced(x: f64) -> (i64, f64) {
    let (number, n) = rounded_product(x, std::f64::consts::LOG2_E);
    let r = number.mul_add(-LN_2_LOW, number.mul_add(-LN_2_HIGH, x));
    // Σ rᵏ⁻²/k! to k = 13 leaves 5e-18.
    const TERMS: [f64; 12] = [
        1.0 / 2.0,
        1.0 / 6.0,
        1.0 / 24.0,
        1.0 / 120.0,
        1.0 / 720.0,
        1.0 / 5040.0,
        1.0 / 40_320.0,
        1.0 / 362_880.0,
        1.0 / 3_628_800.0,
        1.0 / 39_916_800.0,
        1.0 / 479_001_600.0,
        1.0 / 6_227_020_800.0,
    ];
    (n, (r * r).mul_add(polynomial(r, TERMS), r))
}

/// eˣ within 1.4 u; 0 where that underflows, ∞ where it overflows.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    // Past both ends nothing changes. A NaN is neither below nor above.
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    let (n, rest) = reduced(x);
    // In two steps, so that a subnormal is rounded once, and 2ⁿ need not be a number.
    let half = n >> 1;
    (1.0 + rest) * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// eˣ − 1 for 0 ≤ x ≤ 700.
#[inline(always)]
fn exp_m1(x: f64) -> f64 {
    let (n, rest) = reduced(x);
    let power = power_of_two(n);
    power.mul_add(rest, power - 1.0)
}

/// tanh x within 3 u.
#[inline(always)]
pub(crate) fn tanh(x: f64) -> f64 {
    let size = x.abs();
    let size = if size > 20.0 { 20.0 } else { size };
    let e = exp_m1(2.0 * size);
    (e / (e + 2.0)).copysign(x)
}

/// u = 2ᵏ m with √½ ≤ m < √2: k and m, for a normal u.
#[inline(always)]
fn split(u: f64) -> (i64, f64) {
    const ROOT_HALF: i64 = std::f64::consts::FRAC_1_SQRT_2.to_bits() as i64;
    let bits = u.to_bits() as i64;
    let k = bits.wrapping_sub(ROOT_HALF) >> 52;
    (k, f64::from_bits(bits.wrapping_sub(k << 52) as u64))
}

/// ln(1 + f) + rest for −0.3 ≤ f ≤ 0.5, without the part of it that is f: that is left to be added.
#[inline(always)]
fn ln_beyond(f: f64, rest: f64) -> f64 {
    // ln(1 + f) = f − f²/2 + s (f²/2 + s² R(s²)), s = f/(2 + f), R(z) = Σ 2/(2k + 3) zᵏ; the
    // polynomial meets the series in P. L. Chebyshev's 8 points of [0, 0.04], elsewhere within 4e-17.
    const R: [f64; 8] = [
        0.666_666_666_666_666_6,
        0.400_000_000_000_078,
        0.285_714_285_673_391_9,
        0.222_222_230_378_072_43,
        0.181_817_384_547_230_26,
        0.153_888_346_778_019_16,
        0.132_103_604_851_326_2,
        0.136_040_157_071_240_8,
    ];
    let s = f / (2.0 + f);
    let z = s * s;
    let half = 0.5 * f * f;
    s.mul_add(z.mul_add(polynomial(z, R), half), rest) - half
}

/// ln m + correction + k ln 2 for √½ ≤ m < √2.
#[inline(always)]
fn ln_of(m: f64, correction: f64, k: i64) -> f64 {
    let k = number(k);
    let f = m - 1.0;
    let beyond = ln_beyond(f, k.mul_add(LN_2_LOW, correction));
    k.mul_add(LN_2_HIGH, f + beyond)
}

/// ln x within 1.3 u; −∞ at 0, NaN below.
#[inline(always)]
pub(crate) fn ln(x: f64) -> f64 {
    let tiny = x < f64::MIN_POSITIVE;
    let (scale, exponent) = if tiny {
        (power_of_two(54), -54)
    } else {
        (1.0, 0)
    };
    let (k, m) = split(x * scale);
    let y = ln_of(m, 0.0, k.wrapping_add(exponent));
    let y = if x == 0.0 { f64::NEG_INFINITY } else { y };
    let y = if x < 0.0 { f64::NAN } else { y };
    // Also what is no number stays it.
    if x < f64::INFINITY { y } else { x }
}

/// ln(1 + x) within 1.3 u; −∞ at −1, NaN below.
#[inline(always)]
pub(crate) fn ln_1p(x: f64) -> f64 {
    let u = 1.0 + x;
    // What u lost of the smaller of 1 and x.
    let lost = if x > 1.0 {
        1.0 - (u - x)
    } else {
        x - (u - 1.0)
    };
    let (k, m) = split(u);
    // lost/u, of which a twentieth is too little to count, unless u is 1: 1/m = 1 − f/m, the second
    // one by the line that is nearest to it, P. L. Chebyshev's; and 2⁻ᵏ, or 0 for the largest k.
    let f = m - 1.0;
    let less = f * f.mul_add(0.941_176, -1.055_364);
    let lost = lost * power_of_two((-k).max(-1023));
    let correction = lost.mul_add(less, lost);
    let y = ln_of(m, correction, k);
    let y = if x == -1.0 { f64::NEG_INFINITY } else { y };
    let y = if x < -1.0 { f64::NAN } else { y };
    // The sign of a zero goes by the way of 1 + x; infinity and NaN stay.
    if (x < f64::INFINITY) & (x != 0.0) {
        y
    } else {
        x
    }
}
