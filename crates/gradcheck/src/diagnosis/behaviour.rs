//! Mistakes that show without knowing the right gradient: in how a vjp behaves.

use autodiff::{ErasedOp, Scalar, Tensor, direct};

use super::Diagnosis;
use crate::case::{Drawn, Instance, Subject};
use crate::point::{added, claimed};
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

    seen.extend(accumulation::<f64>(instance, &*instance.op, y_bar));
    seen.extend(accumulation::<f32>(instance, &*instance.op, y_bar));
    Some(seen)
}

/// What it does with cotangents that are there, of which it may have one rule for many elements at once
/// and another for the rest: every element is the sum, or the same mistake.
fn accumulation<S: Scalar>(
    instance: &Instance,
    op: &dyn ErasedOp<S>,
    y_bar: &Tensor<f64>,
) -> Vec<Diagnosis> {
    let (x, y_bar) = (instance.inputs_at::<S>(), y_bar.map(S::constant));
    let Ok(y) = direct::forward(op, &x) else {
        return Vec::new();
    };
    let first = claimed(op, &x, &y, &y_bar);
    let mut random = Random::new(instance.seed);
    let (before, after) = added(op, &x, &y, &y_bar, &first, &mut random);
    let triples = || {
        let of_inputs = after.iter().zip(&before).zip(&first);
        of_inputs.flat_map(|((after, before), first)| {
            let pairs = after.as_slice().iter().zip(before.as_slice());
            pairs.zip(first.as_slice()).map(|((&a, &b), &f)| (a, b, f))
        })
    };
    let is_close = |after: S, (before, first): (S, S), expected: S| {
        let bound = S::constant(1e3) * S::epsilon() * (before.abs() + first.abs());
        (after - expected).abs() <= bound
    };
    let is_sum =
        |&(after, before, first): &(S, S, S)| is_close(after, (before, first), before + first);
    let is_all = |expected: fn(S, S) -> S| {
        let mut others = triples().filter(|triple| !is_sum(triple)).peekable();
        others.peek().is_some()
            && others.all(|(after, before, first)| {
                is_close(after, (before, first), expected(before, first))
            })
    };
    let overwritten = is_all(|_, first| first).then_some(Diagnosis::Overwritten);
    let twice = is_all(|before, first| before + before + first);
    let twice = twice.then_some(Diagnosis::AccumulatedTwice);
    overwritten.into_iter().chain(twice).collect()
}
