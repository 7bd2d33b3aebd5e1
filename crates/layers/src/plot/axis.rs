//! Axes: their ranges, and where their ticks go.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// One axis. Positions along it are linear: a logarithmic one counts in powers of ten.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) label: String,
    pub(super) lo: f64,
    pub(super) hi: f64,
    /// Positions within the range, and what is written there.
    pub(super) ticks: Vec<(f64, String)>,
}

/// Whether a number can be a position: beyond this, the lengths of ranges would overflow.
pub(super) fn has_place(value: f64) -> bool {
    value.abs() <= 1e300
}

/// The smallest and the largest of some numbers, at least one.
pub(super) fn range(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    values
        .into_iter()
        .fold(start, |(lo, hi), v| (lo.min(v), hi.max(v)))
}

/// The range with a share of its length added at either end; around one number, about its size.
pub(super) fn with_margin((lo, hi): (f64, f64), share: f64) -> (f64, f64) {
    let size = lo.abs().max(hi.abs());
    let margin = if size < 1e-200 {
        1.0
    } else if hi - lo <= 1e-9 * size {
        0.5 * size
    } else {
        share * (hi - lo)
    };
    (lo - margin, hi + margin)
}

impl Axis {
    /// An axis with about six ticks at multiples of 1, 2 or 5 times a power of ten.
    pub(super) fn linear(label: &str, (lo, hi): (f64, f64)) -> Self {
        let step = step((hi - lo) / 6.0);
        Self::with_step(label, (lo, hi), step)
    }

    /// An axis whose ticks are whole numbers.
    pub(super) fn counting(label: &str, (lo, hi): (f64, f64)) -> Self {
        let step = step((hi - lo) / 6.0).max(1.0);
        Self::with_step(label, (lo, hi), step)
    }

    /// A logarithmic axis from `10^lo` to `10^hi`, with at most nine ticks: at powers of ten, or,
    /// where hardly one of them would be, at numbers between them too.
    pub(super) fn logarithmic(label: &str, (lo, hi): (f64, f64)) -> Self {
        let decades = hi - lo;
        let ticks = if decades >= 2.0 {
            powers_of_ten(lo, hi)
        } else if decades >= 1.0 || lo < -300.0 {
            // Of the smallest numbers, the sixth of a range might be 0.
            ones_twos_and_fives(lo, hi)
        } else {
            let numbers = Self::linear(label, (10_f64.powf(lo), 10_f64.powf(hi)));
            let at = |(number, text): (f64, String)| (number.log10(), text);
            numbers.ticks.into_iter().map(at).collect()
        };
        Self {
            label: label.to_owned(),
            lo,
            hi,
            ticks,
        }
    }

    fn with_step(label: &str, (lo, hi): (f64, f64), step: f64) -> Self {
        let plain = step >= 1e-5 && lo.abs().max(hi.abs()) < 1e7;
        let write = |v: f64| match () {
            () if plain => format!("{v:.*}", decimals(step)),
            () if v == 0.0 => "0".to_owned(),
            () => format!("{v:.*e}", decimals(step / power_below(v.abs()))),
        };
        Self {
            label: label.to_owned(),
            lo,
            hi,
            ticks: multiples(step, lo, hi).map(|v| (v, write(v))).collect(),
        }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (value - self.lo) / (self.hi - self.lo);
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.iter().map(|&(at, _)| at).collect()
    }

    fn range(&self) -> Range<f64> {
        self.lo..self.hi
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|(at, _)| at == value);
        tick.map(|(_, text)| text.clone()).unwrap_or_default()
    }
}

/// At most nine powers of ten, by their exponents.
fn powers_of_ten(lo: f64, hi: f64) -> Vec<(f64, String)> {
    let stride = ((hi - lo) / 8.0).ceil().max(1.0);
    multiples(stride, lo, hi)
        .map(|exponent| (exponent, format!("10{}", superscript(exponent))))
        .collect()
}

/// 1, 2 and 5 times powers of ten, by their logarithms.
fn ones_twos_and_fives(lo: f64, hi: f64) -> Vec<(f64, String)> {
    let plain = lo >= -5.0 && hi < 7.0;
    let write = |digit: f64, exponent: i32| match plain {
        true => {
            let decimals = exponent.min(0).unsigned_abs() as usize;
            format!("{:.decimals$}", digit * 10_f64.powi(exponent))
        }
        false => format!("{digit}e{exponent}"),
    };
    let exponents = lo.floor() as i32..=hi.floor() as i32;
    exponents
        .flat_map(|exponent| [1.0_f64, 2.0, 5.0].map(|digit| (digit, exponent)))
        .map(|(digit, exponent)| (f64::from(exponent) + digit.log10(), write(digit, exponent)))
        .filter(|(at, _)| (lo..=hi).contains(at))
        .collect()
}

/// The multiples of `step` from `lo` to `hi`.
fn multiples(step: f64, lo: f64, hi: f64) -> impl Iterator<Item = f64> {
    // Counted, because adding a small step to a large number may not change it.
    let (first, last) = ((lo / step).ceil() as i64, (hi / step).floor() as i64);
    (first..=last).map(move |k| k as f64 * step)
}

/// 1, 2, 5 or 10 times a power of ten, whichever is next from `least` on.
fn step(least: f64) -> f64 {
    let power = power_below(least);
    let factors = [1.0, 2.0, 5.0];
    let factor = factors.into_iter().find(|f| f * power >= least);
    factor.unwrap_or(10.0) * power
}

/// The largest power of ten up to a positive number, save for rounding.
fn power_below(value: f64) -> f64 {
    10_f64.powf((value.log10() + 1e-9).floor())
}

/// How many digits after the point distinguish multiples of `step`.
fn decimals(step: f64) -> usize {
    // The tolerance keeps a step of 0.1, whose logarithm is not exact, at one digit.
    (-(step.log10() + 1e-9).floor()).max(0.0) as usize
}

fn superscript(exponent: f64) -> String {
    let raise = |digit| match digit {
        '-' => '⁻',
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        other => {
            debug_assert_eq!(other, '9');
            '⁹'
        }
    };
    format!("{exponent:.0}").chars().map(raise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        let axis = Axis::linear("", (-0.04, 1.04));
        assert_eq!(texts(&axis), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        let axis = Axis::linear("", (-1.2, 1.2));
        assert_eq!(texts(&axis), ["-1.0", "-0.5", "0.0", "0.5", "1.0"]);
        let axis = Axis::counting("", (0.0, 2.0));
        assert_eq!(texts(&axis), ["0", "1", "2"]);
        let axis = Axis::counting("", (-600.0, 30600.0));
        assert_eq!(texts(&axis), ["0", "10000", "20000", "30000"]);
    }

    #[test]
    fn extreme_numbers_are_written_with_exponents() {
        let axis = Axis::linear("", (0.0, 5e-6));
        assert_eq!(texts(&axis), ["0", "1e-6", "2e-6", "3e-6", "4e-6", "5e-6"]);
        let axis = Axis::linear("", (9e9, 1.1e10));
        assert_eq!(
            texts(&axis),
            ["9.0e9", "9.5e9", "1.00e10", "1.05e10", "1.10e10"]
        );
    }

    fn logarithmic(lo: f64, hi: f64) -> Axis {
        Axis::logarithmic("", (lo.log10(), hi.log10()))
    }

    #[test]
    fn powers_of_ten_keep_their_number_down() {
        let axis = Axis::logarithmic("", (-3.2, 1.2));
        assert_eq!(texts(&axis), ["10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹"]);
        let axis = Axis::logarithmic("", (-299.0, 299.0));
        assert!(axis.ticks.len() <= 9);
    }

    #[test]
    fn less_than_two_decades_have_ticks_between_powers_of_ten() {
        let axis = logarithmic(0.4, 30.0);
        assert_eq!(texts(&axis), ["0.5", "1", "2", "5", "10", "20"]);
        let axis = logarithmic(3e-9, 3e-8);
        assert_eq!(texts(&axis), ["5e-9", "1e-8", "2e-8"]);
        let axis = logarithmic(4e6, 9e7);
        assert_eq!(texts(&axis), ["5e6", "1e7", "2e7", "5e7"]);
    }

    #[test]
    fn less_than_a_decade_has_evenly_spaced_ticks() {
        let axis = logarithmic(1.95, 3.05);
        assert_eq!(texts(&axis), ["2.0", "2.2", "2.4", "2.6", "2.8", "3.0"]);
        let axis = logarithmic(1.99e12, 2.01e12);
        assert_eq!(
            texts(&axis),
            ["1.990e12", "1.995e12", "2.000e12", "2.005e12", "2.010e12"]
        );
    }

    #[test]
    fn ticks_of_a_logarithmic_axis_are_where_their_texts_say() {
        for exponent in -30..30 {
            for decades in [1e-6, 1e-3, 0.03, 0.3, 0.9, 1.0, 1.2, 1.7, 1.99, 2.0, 5.0] {
                let (lo, hi) = (
                    f64::from(exponent) / 3.0,
                    f64::from(exponent) / 3.0 + decades,
                );
                let axis = Axis::logarithmic("", (lo, hi));
                let count = axis.ticks.len();
                assert!((2..=9).contains(&count), "{count} ticks from {lo} to {hi}");
                for (at, text) in &axis.ticks {
                    assert!(
                        (lo - 1e-9..=hi + 1e-9).contains(at),
                        "{text} from {lo} to {hi}"
                    );
                    if let Ok(number) = text.parse::<f64>() {
                        assert!((number.log10() - at).abs() < 1e-9, "{text} at {at}");
                    }
                }
            }
        }
    }

    #[test]
    fn any_range_gets_an_axis_with_ticks() {
        for (lo, hi) in [
            (0.0, 0.0),
            (5.0, 5.0),
            (-1e300, 1e300),
            (0.0, 5e-324),
            (1.0, 1.0 + f64::EPSILON),
            (1e-320, 1e-310),
        ] {
            let (lo, hi) = with_margin((lo, hi), 0.05);
            assert!(lo < hi);
            let count = Axis::linear("", (lo, hi)).ticks.len();
            assert!((3..=8).contains(&count), "{count} ticks from {lo} to {hi}");
        }
    }
}
