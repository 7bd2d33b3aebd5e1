//! Points where an op has a value and no derivative.

use autodiff::signature::Kink;
use autodiff::{ErasedOp, Tensor, Wide};

use crate::case::Instance;
use crate::objective::Objective as _;
use crate::point::{Point, value};
use crate::reference::{AGREEMENT, Direction, LEFT_BY_CANCELLATION, compare_element};
use crate::verdict::{Checked, Finding, Verdict};

pub(crate) const BROADCAST: &str = "a tie is looked at without broadcasting";

pub(super) fn check(instance: &Instance) -> Checked<()> {
    // Of a kink that cannot be told the others still can.
    let mut unclear = Ok(());
    for &kink in &instance.kinks {
        let checked = match kink {
            Kink::Layer { .. } => every_element(instance, kink),
            _ if is_elementwise(instance) => every_element(instance, kink),
            Kink::Point {
                input,
                at,
                derivative,
            } => one_element(instance, input, at, derivative),
            Kink::Tie { .. } => Err(Verdict::Inconclusive(BROADCAST)),
        };
        match checked {
            Err(Verdict::Inconclusive(_)) => unclear = checked,
            checked => checked?,
        }
    }
    unclear
}

/// Whether there is one element of each input for one of the output.
fn is_elementwise(instance: &Instance) -> bool {
    let output = instance.cotangent.as_ref().map(Tensor::shape);
    let mut inputs = instance.inputs.iter();
    inputs.all(|x| Some(x.shape()) == output)
}

fn every_element(instance: &Instance, kink: Kink) -> Checked<()> {
    let Some(at_kink) = instance.on(kink) else {
        return Err(Verdict::Inconclusive(BROADCAST));
    };
    let point = Point::of(&at_kink)?;
    let conventions: Vec<(usize, f64)> = match kink {
        Kink::Point {
            input, derivative, ..
        } => vec![(input, derivative)],
        Kink::Tie {
            inputs,
            derivatives,
        } => inputs.into_iter().zip(derivatives).collect(),
        Kink::Layer { .. } => (0..3).map(|input| (input, 0.0)).collect(),
    };
    for (input, derivative) in conventions {
        for element in 0..point.x_bar[input].shape().size() {
            if !matches!(kink, Kink::Layer { .. }) {
                compare_element(&point, (input, element))?;
            }
            // Of a derivative of 0, whichever outputs the element is in.
            let expected = match derivative {
                0.0 => 0.0,
                _ => derivative * point.y_bar.as_slice()[element].to_f64(),
            };
            is_convention(&point, (input, element), expected, 0.0)?;
        }
    }
    Ok(())
}

/// Of an op that is not elementwise: one element on the kink, and one at a time of the outputs it
/// is in. In a sum of several, each with a cotangent of its own, the slopes to the two sides need not
/// enclose what the conventions add up to.
fn one_element(instance: &Instance, input: usize, at: f64, derivative: f64) -> Checked<()> {
    const OUTPUTS: usize = 8;
    let elements = instance.inputs[input].shape().size() as u64;
    let Some(element) = instance.seed.checked_rem(elements) else {
        return Ok(());
    };
    let element = element as usize;
    let with = |x: f64| {
        let mut inputs = instance.inputs.clone();
        inputs[input].as_mut_slice()[element] = x;
        instance.at(inputs)
    };
    let op: &dyn ErasedOp<f64> = &*instance.op;
    let step = 0.5 * instance.distance_to_edge(input, at).min(1.0);
    let y = value(op, &with(at).inputs)?;
    let (left, right) = (
        value(op, &with(at - step).inputs)?,
        value(op, &with(at + step).inputs)?,
    );
    let differs = |k: &usize| {
        [&left, &right]
            .iter()
            .any(|z| z.as_slice()[*k] != y.as_slice()[*k])
    };
    let outputs: Vec<usize> = (0..y.shape().size())
        .filter(differs)
        .take(OUTPUTS)
        .collect();
    if outputs.is_empty() && y.shape().size() > 0 {
        return Err(Verdict::Inconclusive("nothing changes around the kink"));
    }
    for output in outputs {
        let one_output = Instance {
            cotangent: Some(Tensor::from_fn(y.shape(), |k| f64::from(k == output))),
            ..with(at)
        };
        let point = Point::of(&one_output)?;
        // Another output may well have a derivative there.
        let is_smooth = compare_element(&point, (input, element))?;
        if !is_smooth {
            // What it declares for a mean depends on how many are averaged, and is rounded.
            let bound = AGREEMENT * derivative.abs();
            is_convention(&point, (input, element), derivative, bound)?;
        }
    }
    Ok(())
}

fn is_convention(
    point: &Point<'_>,
    (input, element): (usize, usize),
    expected: f64,
    bound: f64,
) -> Checked<()> {
    let direction = Direction::along(&point.x, (input, element));
    let cotangents = point
        .y_bar
        .as_slice()
        .iter()
        .map(|y_bar| y_bar.to_f64().abs());
    let cotangent = cotangents.fold(0.0, f64::max);
    let claims = [
        (
            "at a kink, it is not the declared convention",
            Some(point.x_bar[input].as_slice()[element]),
            bound,
        ),
        (
            "at a kink, what dual numbers give is not the declared convention",
            point.tangent(&direction),
            // The rule of the value need not hold the constant itself, and a 0 may be what cancels.
            bound.max(AGREEMENT * expected.abs() + LEFT_BY_CANCELLATION * cotangent),
        ),
    ];
    for (what, claim, bound) in claims {
        let Some(got) = claim.map(Wide::to_f64) else {
            continue;
        };
        if !((got - expected).abs() <= bound) {
            return Err(Finding {
                input: Some(input),
                element: Some(element),
                expected,
                bound,
                got,
                ..Finding::of(what)
            }
            .fail());
        }
    }
    Ok(())
}
