//! The derivative of a function that is only a closure, and how far to trust it.
//!
//! Central differences at a ladder of steps, each half the one before, are extrapolated to the step
//! 0, and the disagreement between neighbouring extrapolations is the error estimate: C. J. F.
//! Ridders, *Accurate computation of F'(x) and F'(x) F''(x)*, Advances in Engineering Software 4
//! (1982), 75–76; Numerical Recipes (3rd ed., section 5.7) calls it `dfridr`. Three things are added.
//!
//! * **No step is chosen.** The ladder runs from the size of the input down to where nothing but
//!   rounding is left, so that every step is somebody's starting step.
//! * **Rounding is measured**, at the finest steps: there a function's difference quotients scatter
//!   by its rounding error over the step, and by nothing else. What a function of 2 or 200 roundings
//!   loses need not be known in advance.
//! * **A finer step is never contradicted.** Coarse steps can agree with each other by accident (a
//!   fast oscillation, a kink they step over). So the tableau is read from the fine end, and
//!   a coarser estimate counts only while it lies within what all finer ones allow.

use autodiff::Scalar;

use crate::real::approx;

/// Difference quotients for one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<W> {
    pub(crate) step: f64,
    pub(crate) left: W,
    pub(crate) right: W,
    pub(crate) central: W,
    /// The least rounding error that the difference of two values can have.
    pub(crate) rounding: f64,
    /// The rounding error it would have if numbers of the size of 1 went into it.
    pub(crate) grain: f64,
}

/// What the difference quotients say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reference<W> {
    /// There is a derivative, within `bound` of `value`.
    Slope { value: W, bound: f64 },
    /// It has a kink here: the lower and the higher of the one-sided derivatives.
    Kink { low: W, high: W, bound: f64 },
    /// Nothing that could be relied on.
    Unclear(&'static str),
}

/// How much coarser than the tableau's own estimate a result is taken to be.
const SAFETY: f64 = 4.0;
/// How much larger than seen at a few steps rounding is taken to be.
const ROUNDING: f64 = 8.0;
/// The steps at which rounding is measured.
const FINEST: usize = 6;
/// How often the tableau is extrapolated: beyond, rounding grows faster than truncation shrinks.
const ORDERS: usize = 6;

/// The steps to take from `x`, the widest first: powers of two from the size of `x` or 1, whichever
/// is larger, down to where rounding is all there is. `unit` is that of the scalar.
pub(crate) fn steps(x: f64, unit: f64) -> Vec<f64> {
    let depth = (-0.63 * unit.log2()) as i32;
    let exponent = |size: f64| size.log2().floor() as i32;
    let mut exponents: Vec<i32> = (-depth..0).collect();
    if x != 0.0 {
        let size = exponent(x.abs());
        exponents.extend((-depth..0).map(|k| size + k));
        // Below, x ± h is not a number any more, or is x.
        exponents.retain(|&k| k > size + unit.log2() as i32 + 1);
    }
    exponents.sort_unstable_by(|a, b| b.cmp(a));
    exponents.dedup();
    exponents.into_iter().map(|k| 2.0_f64.powi(k)).collect()
}

/// The derivative, from rows whose steps decrease.
pub(crate) fn derivative<W: Scalar>(rows: &[Row<W>]) -> Reference<W> {
    if rows.len() < 2 {
        return Reference::Unclear("the value is not finite nearby");
    }
    let roundings = roundings(rows);
    match kink(rows, &roundings) {
        Some(kink) => kink,
        None => slope(rows, &roundings),
    }
}

/// For each row, the rounding error of a difference of two values: what the finest rows show, and
/// no less than it must be.
fn roundings<W: Scalar>(rows: &[Row<W>]) -> Vec<f64> {
    let seen = rows
        .windows(2)
        .rev()
        .take(FINEST)
        .map(|pair| pair[1].step * approx((pair[1].central - pair[0].central).abs()))
        .fold(0.0, f64::max);
    let seen = seen.max(staircase(rows).unwrap_or(0.0));
    rows.iter().map(|row| row.rounding.max(seen)).collect()
}

/// Where the value does not change at all at the finest steps, the first change that shows, if it
/// is so small that it is one of rounding. (ln(1 + x²) is a staircase for a small x. The flat side
/// of a kink is not: what follows it is not small.)
fn staircase<W: Scalar>(rows: &[Row<W>]) -> Option<f64> {
    let change = |row: &Row<W>| row.step * approx(row.left.abs().max(row.right.abs()));
    let flat = rows
        .iter()
        .rev()
        .take_while(|row| change(row) == 0.0)
        .count();
    let first = rows.len().checked_sub(flat + 1)?;
    let stair = change(&rows[first]);
    (flat > 0 && stair <= 1024.0 * rows[first].grain).then_some(stair.max(rows[first].grain))
}

fn slope<W: Scalar>(rows: &[Row<W>], roundings: &[f64]) -> Reference<W> {
    let mut best = None;
    let mut within = Within::anything();
    for estimates in estimates(rows, roundings).iter().rev() {
        let Some(&(value, bound)) = estimates.iter().min_by(|a, b| a.1.total_cmp(&b.1)) else {
            continue;
        };
        if !within.narrow(value, bound) {
            break;
        }
        if best.is_none_or(|(_, least)| bound < least) {
            best = Some((value, bound));
        }
    }
    match best {
        Some((value, bound)) if bound.is_finite() => Reference::Slope { value, bound },
        _ => Reference::Unclear("the differences do not settle"),
    }
}

/// Whether steps of some size clearly speak for a slope that finer ones speak against. The finer
/// ones are wrong where the function is a staircase of rounding errors, as ln(1 + x²) is for small
/// x: between two of its stairs it looks like a constant without any error.
pub(crate) fn disagree<W: Scalar>(rows: &[Row<W>], fine: W, claimed: W) -> bool {
    let dispute = approx((claimed - fine).abs());
    estimates(rows, &roundings(rows))
        .into_iter()
        .flatten()
        .any(|(value, bound)| bound < 0.5 * dispute && approx((claimed - value).abs()) <= bound)
}

/// For each row, the extrapolations that end with it, with how far they may be off.
fn estimates<W: Scalar>(rows: &[Row<W>], roundings: &[f64]) -> Vec<Vec<(W, f64)>> {
    let tableau = tableau(rows);
    let distance = |a: W, b: W| approx((a - b).abs());
    let estimates = |i: usize| {
        let noise = ROUNDING * roundings[i] / rows[i].step;
        let estimate = |j: usize| {
            let value = tableau[i][j];
            let lower =
                distance(value, tableau[i][j - 1]).max(distance(value, tableau[i - 1][j - 1]));
            // Two neighbours can be equal by accident, three are not.
            let finer = tableau
                .get(i + 1)
                .map_or(0.0, |row| distance(row[j], value));
            (value, SAFETY * lower.max(finer) + noise)
        };
        (1..tableau[i].len()).map(estimate).collect()
    };
    (0..rows.len()).map(estimates).collect()
}

/// `tableau[i][j]` is extrapolated j times, from the steps of rows i − j to i: Neville's scheme
/// for an error that is a series in h².
fn tableau<W: Scalar>(rows: &[Row<W>]) -> Vec<Vec<W>> {
    let mut tableau: Vec<Vec<W>> = Vec::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        let mut entries = vec![row.central];
        for j in 1..=i.min(ORDERS) {
            let ratio = rows[i - j].step / row.step;
            let change = entries[j - 1] - tableau[i - 1][j - 1];
            entries.push(entries[j - 1] + change / W::constant(ratio * ratio - 1.0));
        }
        tableau.push(entries);
    }
    tableau
}

/// The kink, if there is one: the gap between the right and the left difference quotient halves
/// with the step where the function is smooth, and stays where it is not.
fn kink<W: Scalar>(rows: &[Row<W>], roundings: &[f64]) -> Option<Reference<W>> {
    let gap = |i: usize| approx((rows[i].right - rows[i].left).abs());
    let visible = |i: usize| 4.0 * ROUNDING * roundings[i] / rows[i].step;
    let at = (0..rows.len()).rev().find(|&i| gap(i) > visible(i))?;
    // A finer step at which a gap of this size would show, and does not.
    let is_gone = (at + 1..rows.len()).any(|i| visible(i) < 0.5 * gap(at));
    let before = at.checked_sub(2)?;
    let expected = rows[at].step / rows[before].step;
    if is_gone || gap(at) <= expected.sqrt() * gap(before) {
        return None;
    }
    let drift = |i: usize| {
        let [near, far] = [rows[i], rows[i - 2]];
        approx((near.left - far.left).abs()).max(approx((near.right - far.right).abs()))
    };
    if drift(at) > 0.25 * gap(at) {
        return Some(Reference::Unclear("it is neither smooth nor a plain kink"));
    }
    // The finest gap that shows is little more than rounding. A wider one is better, as long as it lies
    // within what all finer ones allow.
    let (mut left, mut right) = (Within::anything(), Within::anything());
    let mut best = None;
    for i in (2..=at).rev() {
        let bound = SAFETY * drift(i) + visible(i);
        if !(left.narrow(rows[i].left, bound) && right.narrow(rows[i].right, bound)) {
            break;
        }
        if best.is_none_or(|(_, least)| bound < least) {
            best = Some((i, bound));
        }
    }
    let (i, bound) = best?;
    Some(Reference::Kink {
        low: rows[i].left.min(rows[i].right),
        high: rows[i].left.max(rows[i].right),
        bound,
    })
}

/// What several estimates of a number leave for it.
struct Within<W> {
    low: W,
    high: W,
}

impl<W: Scalar> Within<W> {
    fn anything() -> Self {
        Self {
            low: W::neg_infinity(),
            high: W::infinity(),
        }
    }

    /// Whether one more estimate leaves anything; if not, it is not counted.
    fn narrow(&mut self, value: W, bound: f64) -> bool {
        let margin = W::constant(bound);
        let is_within = value - margin <= self.high && value + margin >= self.low;
        if is_within {
            self.low = self.low.max(value - margin);
            self.high = self.high.min(value + margin);
        }
        is_within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(f: impl Fn(f64) -> f64, x: f64) -> Vec<Row<f64>> {
        let row = |step: f64| {
            let [left, here, right] = [x - step, x, x + step].map(&f);
            let largest = left.abs().max(here.abs()).max(right.abs());
            Row {
                step,
                left: (here - left) / step,
                right: (right - here) / step,
                central: (right - left) / (2.0 * step),
                rounding: f64::EPSILON * largest,
                grain: f64::EPSILON * largest.max(1.0),
            }
        };
        steps(x, f64::EPSILON).into_iter().map(row).collect()
    }

    fn slope_of(f: impl Fn(f64) -> f64, x: f64) -> (f64, f64) {
        match derivative(&rows(f, x)) {
            Reference::Slope { value, bound } => (value, bound),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn smooth_functions_have_their_derivative() {
        type Case = (fn(f64) -> f64, fn(f64) -> f64, f64, f64);
        let cases: [Case; 8] = [
            (f64::exp, f64::exp, 0.7, 1e-11),
            (f64::sin, f64::cos, 1e9, 1e-11),
            (
                |x| (300.0 * x).sin(),
                |x| 300.0 * (300.0 * x).cos(),
                0.3,
                1e-9,
            ),
            (f64::ln, f64::recip, 5e-7, 1e-10),
            (f64::ln, f64::recip, 3e8, 1e-10),
            (f64::exp, f64::exp, 60.0, 1e-10),
            (f64::recip, |x| -1.0 / (x * x), 0.02, 1e-11),
            (|x| 1e8 + x.sin(), f64::cos, 1.0, 1e-5),
        ];
        for (number, (f, slope, x, fineness)) in cases.into_iter().enumerate() {
            let (value, bound) = slope_of(f, x);
            let size = slope(x).abs();
            let error = (value - slope(x)).abs();
            println!(
                "{number}: error {:.1e} bound {:.1e}",
                error / size,
                bound / size
            );
            assert!(
                error <= bound && bound <= fineness * size,
                "{number}: {error:e} {bound:e}"
            );
        }
    }

    #[test]
    fn a_kink_is_seen_at_it_and_stepped_under_beside_it() {
        let kinked = derivative(&rows(|x: f64| 2.0 * x.abs() + x.sin(), 0.0));
        let Reference::Kink { low, high, bound } = kinked else {
            panic!("{kinked:?}");
        };
        assert!((low + 1.0).abs() <= bound && (high - 3.0).abs() <= bound && bound < 1e-5);
        for distance in [1e-1, 2e-5, 1e-7] {
            let (value, bound) = slope_of(|x: f64| (x - 0.3).max(0.0) + x, 0.3 + distance);
            assert!(
                (value - 2.0).abs() <= bound && bound < 1e-5,
                "{distance}: {value} {bound:e}"
            );
        }
    }
}
