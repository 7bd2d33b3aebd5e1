//! The gradient by a tape of f64, against the one of 106 bits.

use autodiff::{Tape, Tensor, Wide};
use num_traits::Float as _;

use super::{Record, Recording, Taped};
use crate::checks::arithmetic::{MODEST, PERTURBATIONS};
use crate::objective::Objective as _;
use crate::random::Random;
use crate::verdict::{Checked, Finding};

/// The bound is what the rounding of the inputs explains, as for a single op.
pub(super) fn check(
    function: &impl Recording,
    inputs: &[Tensor<f64>],
    exact: &Taped<'_>,
) -> Checked<()> {
    let bounds = bounds(exact);
    let tape = Tape::<f64>::new();
    let leaves: Vec<_> = inputs.iter().map(|x| tape.variable(x.clone())).collect();
    let y_bar = exact.y_bar.map(Wide::to_f64);
    let gradients = Record::<f64>::record(function, &leaves).backward_from(&y_bar);
    for (input, (&leaf, bounds)) in leaves.iter().zip(&bounds).enumerate() {
        let claimed = gradients.wrt(leaf);
        let exact = exact.x_bar()[input].as_slice();
        for (element, (&got, &exact)) in claimed.iter().zip(exact).enumerate() {
            let bound = MODEST * bounds[element];
            if !((Wide::from(got) - exact).abs().to_f64() <= bound) {
                return Err(Finding {
                    input: Some(input),
                    element: Some(element),
                    expected: exact.to_f64(),
                    bound,
                    got,
                    ..Finding::of("at f64 it loses digits that the point does not cost")
                }
                .fail());
            }
        }
    }
    Ok(())
}

/// How far each element of the gradient moves when every input moves by a unit in its last place.
fn bounds(exact: &Taped<'_>) -> Vec<Vec<f64>> {
    let unit = f64::EPSILON;
    let mut random = Random::new(exact.seed().wrapping_add(2));
    let at_rest = |g: &Wide| unit * g.abs().to_f64() + f64::MIN_POSITIVE;
    let mut moved: Vec<Vec<f64>> = exact
        .x_bar()
        .iter()
        .map(|x_bar| x_bar.as_slice().iter().map(at_rest).collect())
        .collect();
    for _ in 0..PERTURBATIONS {
        let near = exact.gradient_near(|x| x + x * Wide::from(unit * random.sign()));
        for (moved, (near, x_bar)) in moved.iter_mut().zip(near.iter().zip(exact.x_bar())) {
            let pairs = near.as_slice().iter().zip(x_bar.as_slice());
            for (moved, (&near, x_bar)) in moved.iter_mut().zip(pairs) {
                *moved = moved.max((near - *x_bar).abs().to_f64() + at_rest(x_bar));
            }
        }
    }
    moved
}
