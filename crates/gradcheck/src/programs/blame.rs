//! Which op of a failing program is to blame.

use std::sync::Arc;

use autodiff::Tensor;

use super::{Guilty, Node, Program};
use crate::case::Instance;
use crate::checks::Check;
use crate::random::Random;
use crate::verdict::Verdict;

/// Whether the arithmetic of every op is as good as its condition at the values it has in the
/// program.
pub(super) fn keeps_digits(program: &Program, values: &[Tensor<f64>]) -> bool {
    let mut random = Random::new(2);
    program.nodes.iter().zip(values).all(|(node, value)| {
        let instance = instance(program, values, node, value, &mut random);
        !matches!(Check::Arithmetic.verdict(&instance), Verdict::Fail(_))
    })
}

/// A node as a case of its own.
fn instance(
    program: &Program,
    values: &[Tensor<f64>],
    node: &Node,
    value: &Tensor<f64>,
    random: &mut Random,
) -> Instance {
    Instance {
        op: Arc::clone(&node.op),
        inputs: program.inputs_of(node, values),
        domains: node.domains.clone(),
        kinks: node.kinks.clone(),
        cotangent: Some(Tensor::from_fn(value.shape(), |_| random.signed())),
        seed: 1,
    }
}

/// The first op whose own check fails at the values it has in the program.
pub(super) fn guilty(program: &Program) -> Option<Guilty> {
    let values = program.known_values()?;
    let mut random = Random::new(1);
    program.nodes.iter().zip(&values).find_map(|(node, value)| {
        let instance = instance(program, &values, node, value, &mut random);
        let checks = [
            Check::Formula,
            Check::Linearity,
            Check::Tape,
            Check::Arithmetic,
        ];
        let fails = |check: &Check| matches!(check.verdict(&instance), Verdict::Fail(_));
        let check = checks.into_iter().find(fails)?;
        Some(Guilty {
            op: node.name().to_string(),
            place: node.place.to_string(),
            check,
        })
    })
}
