//! Mistakes that show without knowing the right gradient: in how a vjp behaves.

use autodiff::{ErasedOp, Tensor, direct};

use super::Diagnosis;
use crate::case::{Drawn, Instance, Subject};
use crate::point::claimed;
use crate::random::Random;

/// What the vjp does that none may do.
pub(super) fn of(subject: &Subject, failing: &Drawn) -> Vec<Diagnosis> {
    let fresh = (1..=24).map(|k| Drawn::from_seed(failing.seed.wrapping_add(k)));
    let observed: Vec<Vec<Diagnosis>> = std::iter::once(failing.clone())
        .chain(fresh)
        .filter_map(|drawn| observe(&subject.instance(&drawn)))
        .collect();
    let order = [
        Diagnosis::Impure,
        Diagnosis::Unwritten,
        Diagnosis::Overwritten,
        Diagnosis::AccumulatedTwice,
        Diagnosis::DependsOnWanted,
    ];
    order
        .into_iter()
        .filter(|diagnosis| observed.iter().any(|seen| seen.contains(diagnosis)))
        .collect()
}

/// At f64, where additions to the same numbers are the same to the last bit; `None` if there is
/// nothing to observe.
fn observe(instance: &Instance) -> Option<Vec<Diagnosis>> {
    let op: &dyn ErasedOp<f64> = &*instance.op;
    let x = &instance.inputs;
    let mut seen = Vec::new();
    let y = direct::forward_over(op, x, 7.0).ok()?;
    let other = direct::forward_over(op, x, 8.0).ok()?;
    if [7.0, 8.0]
        .iter()
        .zip([&y, &other])
        .all(|(before, y)| y.as_slice().contains(before))
        && y.as_slice()
            .iter()
            .zip(other.as_slice())
            .any(|(a, b)| a == &7.0 && b == &8.0)
    {
        seen.push(Diagnosis::Unwritten);
    }
    let y_bar = instance.cotangent.as_ref()?;
    let first = claimed(op, x, &y, y_bar);
    if !first
        .iter()
        .all(|g| g.as_slice().iter().all(|v| v.is_finite()))
    {
        return Some(seen);
    }
    if claimed(op, x, &y, y_bar) != first {
        seen.push(Diagnosis::Impure);
        return Some(seen);
    }

    for input in 0..x.len() {
        let wanted: Vec<bool> = (0..x.len()).map(|i| i == input).collect();
        let alone = direct::vjp(op, x, &y, y_bar, &wanted);
        if alone[input].as_ref() != Some(&first[input]) {
            seen.push(Diagnosis::DependsOnWanted);
        }
    }

    let mut random = Random::new(instance.seed);
    let before: Vec<Tensor<f64>> = first
        .iter()
        .map(|g| g.map(|g| random.signed() * (1.0 + g.abs())))
        .collect();
    let mut after: Vec<Option<Tensor<f64>>> = before.iter().cloned().map(Some).collect();
    direct::add_vjp(op, x, &y, y_bar, &mut after);
    for ((after, before), first) in after.iter().flatten().zip(&before).zip(&first) {
        let like = |expected: fn(f64, f64) -> f64| {
            let triples = after
                .as_slice()
                .iter()
                .zip(before.as_slice())
                .zip(first.as_slice());
            after.shape().size() > 0
                && triples.into_iter().all(|((&after, &before), &first)| {
                    let size = before.abs() + first.abs();
                    (after - expected(before, first)).abs() <= 1e3 * f64::EPSILON * size
                })
        };
        if like(|_, first| first) {
            seen.push(Diagnosis::Overwritten);
        }
        if like(|before, first| 2.0 * before + first) {
            seen.push(Diagnosis::AccumulatedTwice);
        }
    }
    Some(seen)
}
