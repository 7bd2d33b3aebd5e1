//! The check of one program.

use autodiff::{ErasedOp, Scalar, Tape, Tensor, Var};

use super::Program;
use super::blame::keeps_digits;
use crate::case::Shared;
use crate::function::{Record, check_rounded};
use crate::panics::caught;
use crate::random::Random;
use crate::verdict::{Checked, Finding, Verdict, settle};

/// Beyond this the function is too steep for differences to follow.
const STEEPEST: f64 = 1e12;

impl Program {
    /// Whether its gradient is right. A rule that panics fails.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match caught(|| check(self)) {
            Ok(checked) => settle(checked),
            Err(panicked) => Finding::of(format!("a rule of the program {panicked}")).fail(),
        }
    }
}

fn check(program: &Program) -> Checked<()> {
    if program.is_empty() || program.leaves.is_empty() {
        return Err(Verdict::Inconclusive("there is nothing to differentiate"));
    }
    let values = program.values().map_err(Verdict::Inconclusive)?;
    let steepest = replayed_is_recorded(program)?;
    if !(steepest <= STEEPEST) {
        return Err(Verdict::Inconclusive("the gradient is very large"));
    }
    let inputs: Vec<_> = program.leaves.iter().chain(&values).cloned().collect();
    let rounded = Rounded {
        program,
        values: &values,
    };
    check_rounded(&rounded, &inputs, program.leaves.len(), || {
        keeps_digits(program, &values)
    })
}

/// The program with one more input for every node: the value v that the node has, and to the
/// computed one v - v is added.
///
/// The derivative with respect to that input is the node's cotangent. So the cotangents on the way
/// are checked too, and what the rounding of every value does to the gradient shows when these
/// inputs move by a unit in the last place.
struct Rounded<'p> {
    program: &'p Program,
    values: &'p [Tensor<f64>],
}

impl<S: Scalar> Record<S> for Rounded<'_>
where
    Shared: ErasedOp<S>,
{
    fn record<'t>(&self, x: &[Var<'t, S>]) -> Var<'t, S> {
        let (leaves, same) = x.split_at(self.program.leaves.len());
        self.program.record_through(leaves, |k, computed| {
            let value = computed.tape().data(self.values[k].map(S::constant));
            computed + (same[k] - value)
        })
    }
}

/// Recorded on other leaves and replayed on its own, the program has the gradient that it has when
/// recorded on its own, bit for bit. Gives the gradient's largest element.
fn replayed_is_recorded(program: &Program) -> Checked<f64> {
    let gradient = |first: &[Tensor<f64>]| {
        let tape = Tape::<f64>::new();
        let leaves: Vec<_> = first.iter().map(|x| tape.variable(x.clone())).collect();
        let output = program.record(&leaves);
        let mut random = Random::new(0);
        let y_bar = Tensor::from_fn(output.shape(), |_| random.signed());
        let mut gradients = output.backward_from(&y_bar);
        for (&leaf, x) in leaves.iter().zip(&program.leaves) {
            tape.set(leaf, x);
        }
        tape.replay();
        gradients.replay();
        let elements = leaves.iter().flat_map(|&leaf| gradients.wrt(leaf).to_vec());
        elements.collect::<Vec<f64>>()
    };
    let turned: Vec<_> = program
        .leaves
        .iter()
        .map(|x| Tensor::new(x.shape(), x.as_slice().iter().rev().copied().collect()))
        .collect();
    let (recorded, replayed) = (gradient(&program.leaves), gradient(&turned));
    let differs = |(a, b): (&f64, &f64)| a != b && !(a.is_nan() && b.is_nan());
    if recorded.iter().zip(&replayed).any(differs) {
        return Err(Finding::of("replayed from other leaves, its gradient is another").fail());
    }
    Ok(recorded.iter().fold(0.0, |largest, g| g.abs().max(largest)))
}
