//! Factors that a gradient may be off by.

use autodiff::Wide;
use num_traits::{Float as _, One as _, Zero as _};

use super::probe::Probe;
use super::{Count, Factor};

const COUNTS: [Count; 5] = [
    Count::Input,
    Count::Output,
    Count::Repeats,
    Count::FirstAxis,
    Count::LastAxis,
];

/// The factors that have a name, and the number that it is in the first case that shows one.
pub(super) fn candidates(probes: &[&Probe], input: usize) -> Vec<Factor> {
    let number = probes
        .iter()
        .find_map(|probe| ratio(probe, input))
        .map(Factor::Number);
    let named = COUNTS
        .iter()
        .flat_map(|&count| [Factor::Times(count), Factor::Per(count)]);
    // A single derivative is no constant of the op.
    let has_scale = probes.iter().all(|probe| scale(probe, input).is_some())
        && probes.iter().any(|probe| probe.truth[input].len() > 1);
    let scales = [Factor::ScaleMissing, Factor::ScaleTwice]
        .into_iter()
        .filter(|_| has_scale);
    number.into_iter().chain(named).chain(scales).collect()
}

/// What the factor is in a case; `None` if the case has no such number.
pub(super) fn value(factor: Factor, probe: &Probe, input: usize) -> Option<Wide> {
    match factor {
        Factor::Number(number) => Some(Wide::from(number)),
        Factor::Times(count) => count_in(count, probe, input),
        Factor::Per(count) => count_in(count, probe, input).map(|n| n.recip()),
        Factor::ScaleMissing => scale(probe, input).map(|scale| scale.recip()),
        Factor::ScaleTwice => scale(probe, input),
    }
}

fn count_in(count: Count, probe: &Probe, input: usize) -> Option<Wide> {
    let (own, output) = (probe.truth[input].len(), probe.y.shape().size());
    let n = match count {
        Count::Input => own,
        Count::Output => output,
        Count::Repeats => own.max(output) / own.min(output).max(1),
        Count::FirstAxis => *probe.y.shape().dims().first()?,
        Count::LastAxis => *probe.y.shape().dims().last()?,
    };
    (n > 0).then(|| Wide::from(n as f64))
}

/// The one number that all derivatives which are not 0 equal; 1 where there are none.
fn scale(probe: &Probe, input: usize) -> Option<Wide> {
    let mut slopes = probe.jacobian[input]
        .iter()
        .flatten()
        .filter(|d| !d.is_zero());
    let scale = slopes.next().copied().unwrap_or_else(Wide::one);
    slopes.all(|&d| d == scale).then_some(scale)
}

/// Of the wrong element whose gradient is largest.
fn ratio(probe: &Probe, input: usize) -> Option<f64> {
    let (got, truth) = (&probe.got[input], &probe.truth[input]);
    let wrong = (0..got.len()).filter(|&k| !probe.close(input, k, got[k], truth[k]));
    let largest = wrong.max_by(|&a, &b| {
        let [a, b] = [truth[a], truth[b]].map(|g| g.abs().to_f64());
        a.total_cmp(&b)
    })?;
    let ratio = (got[largest] / truth[largest]).to_f64();
    (ratio.is_finite() && ratio != 0.0).then_some(ratio)
}
