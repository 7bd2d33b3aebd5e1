//! Angles to quarter turns, in integer arithmetic and so for every size of angle alike.
//!
//! After Payne and Hanek, *Radian reduction for trigonometric functions* (ACM SIGNUM 18, 1983): of
//! 2/π only the bits matter that are worth less than four quarter turns once multiplied, and they
//! suffice down to the 2⁻²⁶⁵ of a quarter turn that a 53-bit factor leaves uncertain.

use super::Wide;

/// 2/π = 0.a2f9836e…, 64 bits per word: as many as the largest `f64` needs.
const TWO_OVER_PI: [u64; 22] = [
    0xa2f9_836e_4e44_1529,
    0xfc27_57d1_f534_ddc0,
    0xdb62_9599_3c43_9041,
    0xfe51_63ab_debb_c561,
    0xb724_6e3a_424d_d2e0,
    0x0649_2eea_09d1_921c,
    0xfe1d_eb1c_b129_a73e,
    0xe882_35f5_2ebb_4484,
    0xe99c_7026_b45f_7e41,
    0x3991_d639_8353_39f4,
    0x9c84_5f8b_bdf9_283b,
    0x1ff8_97ff_de05_980f,
    0xef2f_118b_5a0a_6d1f,
    0x6d36_7ecf_27cb_09b7,
    0x4f46_3f66_9e5f_ea2d,
    0x7527_bac7_ebe5_f17b,
    0x3d07_39f7_8a52_92ea,
    0x6bfb_5fb1_1f8d_5d08,
    0x5603_3046_fc7b_6bab,
    0xf0cf_bc20_9af4_361d,
    0xa9e3_9161_5ee6_1b08,
    0x6599_855f_14a0_6840,
];

/// A number of quarter turns modulo 4: a 320-bit integer, most significant word first, whose unit is
/// 2⁻³¹⁸ of a quarter turn.
type Turns = [u64; 5];

const FRACTION_BITS: i32 = 318;

/// The 64 bits of 2/π from the one worth 2^-(start + 1) on.
fn bits(start: i32) -> u64 {
    let word = |index: i32| {
        usize::try_from(index).map_or(0, |index| TWO_OVER_PI.get(index).copied().unwrap_or(0))
    };
    let (index, shift) = (start.div_euclid(64), start.rem_euclid(64));
    let pair = u128::from(word(index)) << 64 | u128::from(word(index + 1));
    (pair >> (64 - shift)) as u64
}

/// The quarter turns in an angle.
fn turns(angle: f64) -> Turns {
    let biased = (angle.to_bits() >> 52 & 0x7ff) as i32;
    let fraction = angle.to_bits() & ((1 << 52) - 1);
    // angle = ± mantissa · 2^exponent; a subnormal one is far below the unit and counts as 0.
    let (mantissa, exponent) = (fraction | 1 << 52, biased - 1075);
    if biased == 0 {
        return [0; 5];
    }
    let mut turns = [0; 5];
    let mut carry = 0;
    for (index, word) in turns.iter_mut().enumerate().rev() {
        let window = bits(exponent - 2 + 64 * index as i32);
        let product = u128::from(mantissa) * u128::from(window) + carry;
        *word = product as u64;
        carry = product >> 64;
    }
    if angle < 0.0 { negated(turns) } else { turns }
}

fn sum(a: Turns, b: Turns) -> Turns {
    let mut total = [0; 5];
    let mut carry = 0;
    for index in (0..5).rev() {
        let word = u128::from(a[index]) + u128::from(b[index]) + carry;
        total[index] = word as u64;
        carry = word >> 64;
    }
    total
}

fn negated(turns: Turns) -> Turns {
    sum(turns.map(|word| !word), [0, 0, 0, 0, 1])
}

/// The nearest number of quarter turns, modulo 4, and the angle left, within ±π/4.
///
/// The angle is finite. What is left is right to 2⁻²⁶⁴, so nearly always to all its bits.
pub(super) fn quarter_turns(angle: Wide) -> (u64, Wide) {
    let turns = sum(turns(angle.hi), turns(angle.lo));
    let quarter = (turns[0] >> 61).div_ceil(2) % 4;
    let mut rest = turns;
    rest[0] = turns[0].wrapping_sub(quarter << 62);
    let negative = rest[0] >> 63 == 1;
    if negative {
        rest = negated(rest);
    }
    let half_words = rest
        .iter()
        .flat_map(|word| [word >> 32, word & 0xffff_ffff]);
    let units = half_words.fold(Wide::ZERO, |units, half_word| {
        units.scaled(32) + Wide::exact(half_word as f64)
    });
    let left = units.scaled(-FRACTION_BITS) * Wide::PI.scaled(-1);
    (quarter, if negative { -left } else { left })
}
