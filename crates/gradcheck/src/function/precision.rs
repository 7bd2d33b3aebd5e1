//! The gradient by a tape of f64, against the one of 106 bits.

use autodiff::{Gradients, Tape, Tensor, Var, Wide};
use num_traits::Float as _;

use super::{Record, Recording, Taped};
use crate::checks::arithmetic::{MODEST, PERTURBATIONS};
use crate::objective::Objective as _;
use crate::random::Random;
use crate::verdict::{Checked, Finding};

/// By how many units in the last place the inputs are moved to see how far the gradient moves:
/// many, so that its own rounding, of a unit or a few, does not count.
const UNITS: f64 = 4096.0;

/// The bound is what the rounding of the inputs explains, as for a single op.
pub(super) fn check(
    function: &impl Recording,
    inputs: &[Tensor<f64>],
    exact: &Taped<'_>,
) -> Checked<()> {
    let tape = Tape::<f64>::new();
    let leaves: Vec<_> = inputs.iter().map(|x| tape.variable(x.clone())).collect();
    let y_bar = exact.y_bar.map(Wide::to_f64);
    let mut gradients = Record::<f64>::record(function, &leaves).backward_from(&y_bar);
    let x_bar = flat(&gradients, &leaves);

    let mut random = Random::new(exact.seed().wrapping_add(2));
    let mut moved = vec![0.0_f64; x_bar.len()];
    for _ in 0..PERTURBATIONS {
        for (&leaf, x) in leaves.iter().zip(inputs) {
            tape.update(leaf, |values| {
                for (value, x) in values.iter_mut().zip(x.as_slice()) {
                    *value = x * (1.0 + UNITS * f64::EPSILON * random.signed());
                }
            });
        }
        tape.replay();
        gradients.replay();
        let near = leaves
            .iter()
            .flat_map(|&leaf| gradients.wrt(leaf).as_slice());
        for (moved, (near, g)) in moved.iter_mut().zip(near.zip(&x_bar)) {
            *moved = moved.max((near - g).abs() / UNITS);
        }
    }

    let explained = |moved: &[f64]| is_explained(&x_bar, inputs, exact, moved);
    if explained(&moved).is_ok() {
        return Ok(());
    }
    // So many units can be beyond a pole, or whatever else it is close to.
    for (moved, by_few) in moved.iter_mut().zip(exact.moved_by_rounding()) {
        *moved = moved.max(by_few);
    }
    explained(&moved)
}

/// Whether every element at f64 is as close to the exact one as can be, if the rounding of the inputs moves
/// it by so much.
fn is_explained(
    x_bar: &[f64],
    inputs: &[Tensor<f64>],
    exact: &Taped<'_>,
    moved: &[f64],
) -> Checked<()> {
    let magnitude = exact.magnitude().to_f64();
    let places = exact.x_bar().iter().enumerate();
    let places = places.flat_map(|(input, x_bar)| {
        let elements = x_bar.as_slice().iter().enumerate();
        elements.map(move |(element, &g)| (input, element, g))
    });
    for ((input, element, exact), (&got, moved)) in places.zip(x_bar.iter().zip(moved)) {
        let expected = exact.to_f64();
        let unit = f64::EPSILON * expected.abs() + f64::MIN_POSITIVE;
        // Large terms may cancel in a gradient wherever the inputs lie, as in Σ (σ(z) - y), and
        // leave the rounding of a function of this magnitude.
        let scale = match inputs[input].as_slice()[element].abs() {
            0.0 => 1.0,
            size => size,
        };
        let cancelled = f64::EPSILON * magnitude / scale;
        let bound = MODEST * (moved + unit + cancelled);
        if !((Wide::from(got) - exact).abs().to_f64() <= bound) {
            return Err(Finding {
                input: Some(input),
                element: Some(element),
                expected,
                bound,
                got,
                ..Finding::of("at f64 it loses digits that the point does not cost")
            }
            .fail());
        }
    }
    Ok(())
}

fn flat(gradients: &Gradients<'_, f64>, leaves: &[Var<'_, f64>]) -> Vec<f64> {
    let elements = leaves
        .iter()
        .flat_map(|&leaf| gradients.wrt(leaf).as_slice());
    elements.copied().collect()
}
