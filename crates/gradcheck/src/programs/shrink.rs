//! How programs are drawn for proptest, and how one that fails shrinks: fewer ops first, then
//! shorter axes, then simpler values.

use std::sync::Arc;

use autodiff::ops::Add;
use autodiff::{ErasedOp, Shape, Tensor};
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::{Node, Program, Source};
use crate::case::Subject;
use crate::panics::caught;

/// The strategy of programs of these ops.
#[derive(Debug)]
pub(super) struct Programs<'o>(pub(super) &'o [Subject]);

impl Strategy for Programs<'_> {
    type Tree = Shrinking;
    type Value = Program;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let seed = proptest::num::u64::ANY.new_tree(runner)?.current();
        let program = caught(|| Program::from_seed(self.0, seed));
        let panicked = |panicked| format!("a rule or a signature {panicked}");
        Ok(Shrinking::from(program.map_err(panicked)?))
    }
}

/// A program on its way to a smaller one: a move that keeps the failure is taken, and the moves
/// begin anew; one that does not is forgotten.
pub(super) struct Shrinking {
    failing: Program,
    current: Program,
    /// Those of the failing program that are left, and whether it has values.
    moves: Option<(std::vec::IntoIter<Move>, bool)>,
}

impl From<Program> for Shrinking {
    fn from(program: Program) -> Self {
        Self {
            current: program.clone(),
            failing: program,
            moves: None,
        }
    }
}

impl Shrinking {
    fn advance(&mut self) -> bool {
        let failing = &self.failing;
        let (moves, has_values) = self.moves.get_or_insert_with(|| {
            let has_values = failing.known_values().is_some();
            (moves_of(failing).into_iter(), has_values)
        });
        for simpler in moves {
            let program = simpler.applied_to(&self.failing);
            // One that has none, as an op panics at such shapes, would fail for a reason of its own.
            let may_fail = |program: &Program| !*has_values || program.known_values().is_some();
            if let Some(program) = program.filter(may_fail) {
                self.current = program;
                return true;
            }
        }
        self.current = self.failing.clone();
        false
    }
}

impl ValueTree for Shrinking {
    type Value = Program;

    fn current(&self) -> Program {
        self.current.clone()
    }

    fn simplify(&mut self) -> bool {
        self.failing = self.current.clone();
        self.moves = None;
        self.advance()
    }

    fn complicate(&mut self) -> bool {
        self.advance()
    }
}

/// A way to make a program simpler.
#[derive(Clone, Copy)]
enum Move {
    /// Leaves out what the output does not depend on.
    Prune,
    /// Makes a node the output.
    EndAt(usize),
    /// Makes a leaf of a node, with the value it has.
    Cut(usize),
    /// Takes an earlier value for that of a node.
    Bypass(usize, Source),
    /// Makes a sum of two earlier values of a node.
    Add(usize, [Source; 2]),
    /// Gives every axis of one length another.
    Shorten(usize, usize),
    /// Gives an axis of one leaf length 1, or takes it away if it has.
    Flatten(usize, usize),
    /// Makes an element of a leaf simpler: the number of digits it keeps, or a whole number.
    Round(usize, usize, i32),
    Set(usize, usize, f64),
}

fn moves_of(program: &Program) -> Vec<Move> {
    let nodes = 0..program.len();
    let mut moves = vec![Move::Prune];
    moves.extend(nodes.clone().map(Move::EndAt));
    moves.extend(nodes.map(Move::Cut));
    moves.extend(bypasses(program));
    moves.extend(sums(program));
    let lengths = program
        .leaves
        .iter()
        .flat_map(|x| x.shape().dims().to_vec());
    let lengths: std::collections::BTreeSet<usize> = lengths.filter(|&n| n > 1).collect();
    for n in lengths {
        moves.extend([Move::Shorten(n, 1), Move::Shorten(n, n - 1)]);
    }
    for (leaf, x) in program.leaves.iter().enumerate() {
        moves.extend((0..x.shape().rank()).map(|axis| Move::Flatten(leaf, axis)));
    }
    for (leaf, x) in program.leaves.iter().enumerate() {
        for element in 0..x.shape().size() {
            moves.extend([1.0, 2.0, 0.5].map(|v| Move::Set(leaf, element, v)));
            moves.extend([0, 1, 3].map(|digits| Move::Round(leaf, element, digits)));
        }
    }
    moves
}

/// For a node of a long program its inputs; of a short one, every earlier value of the same shape too.
fn bypasses(program: &Program) -> Vec<Move> {
    const SHORT: usize = 8;
    let Some(values) = program.known_values() else {
        return Vec::new();
    };
    let shape = |source: Source| match source {
        Source::Leaf(k) => program.leaves[k].shape(),
        Source::Node(k) => values[k].shape(),
    };
    let mut moves = Vec::new();
    for (node, value) in values.iter().enumerate().rev() {
        let inputs = &program.nodes[node].inputs;
        let sources: Vec<Source> = if program.len() <= SHORT {
            let leaves = (0..program.leaves.len()).map(Source::Leaf);
            leaves.chain((0..node).map(Source::Node)).collect()
        } else {
            inputs.clone()
        };
        // What follows may well take an input of another shape.
        let fits = |source: &Source| inputs.contains(source) || shape(*source) == value.shape();
        let fitting = sources.into_iter().filter(fits);
        moves.extend(fitting.map(|source| Move::Bypass(node, source)));
    }
    moves
}

/// Of every two that a node with several inputs has or that those are made from, unless it is a sum already.
fn sums(program: &Program) -> Vec<Move> {
    let mut moves = Vec::new();
    for (k, node) in program.nodes.iter().enumerate().rev() {
        if node.inputs.len() < 2 || node.name() == ErasedOp::<f64>::name(&Add) {
            continue;
        }
        let mut values: Vec<Source> = Vec::new();
        let of_inputs = node.inputs.iter().flat_map(|input| match *input {
            Source::Node(input) => &program.nodes[input].inputs[..],
            Source::Leaf(_) => &[],
        });
        for source in node.inputs.iter().chain(of_inputs) {
            if !values.contains(source) {
                values.push(*source);
            }
        }
        let pairs = (0..values.len()).flat_map(|j| (0..=j).map(move |i| [i, j]));
        moves.extend(pairs.map(|pair| Move::Add(k, pair.map(|i| values[i]))));
    }
    moves
}

impl Move {
    /// The simpler program, `None` if the move changes nothing or fits nothing.
    fn applied_to(self, program: &Program) -> Option<Program> {
        let mut simpler = program.clone();
        match self {
            Self::Prune => {
                let pruned = pruned(&simpler);
                let size = |p: &Program| (p.len(), p.leaves.len());
                return (size(&pruned) < size(program)).then_some(pruned);
            }
            Self::EndAt(node) => {
                if node + 1 == program.len() {
                    return None;
                }
                simpler.nodes.truncate(node + 1);
            }
            Self::Cut(node) => {
                if node + 1 == program.len() {
                    return None;
                }
                simpler.leaves.push(program.known_values()?[node].clone());
                let leaf = Source::Leaf(simpler.leaves.len() - 1);
                replace(&mut simpler, Source::Node(node), leaf);
            }
            Self::Bypass(node, source) => {
                if node + 1 < program.len() {
                    replace(&mut simpler, Source::Node(node), source);
                } else {
                    // The output is the other value then, if an op made it.
                    let Source::Node(output) = source else {
                        return None;
                    };
                    simpler.nodes.truncate(output + 1);
                }
            }
            Self::Add(node, pair) => {
                simpler.nodes[node] = Node::of_ours(Arc::new(Add), pair.to_vec());
            }
            Self::Shorten(from, to) => {
                for leaf in &mut simpler.leaves {
                    let dims = leaf.shape();
                    let dims = dims.dims().iter().map(|&n| if n == from { to } else { n });
                    *leaf = cropped(leaf, &dims.collect::<Vec<_>>());
                }
            }
            Self::Flatten(leaf, axis) => {
                let leaf = &mut simpler.leaves[leaf];
                let mut dims = leaf.shape().dims().to_vec();
                match dims[axis] {
                    0 => return None,
                    1 => {
                        dims.remove(axis);
                        *leaf = Tensor::new(Shape::new(&dims), leaf.as_slice().to_vec());
                    }
                    _ => {
                        dims[axis] = 1;
                        *leaf = cropped(leaf, &dims);
                    }
                }
            }
            Self::Round(leaf, element, digits) => {
                let value = &mut simpler.leaves[leaf].as_mut_slice()[element];
                let scale = 10.0_f64.powi(digits);
                let rounded = (*value * scale).round() / scale;
                if !is_simpler(rounded, *value) {
                    return None;
                }
                *value = rounded;
            }
            Self::Set(leaf, element, target) => {
                let value = &mut simpler.leaves[leaf].as_mut_slice()[element];
                if !is_simpler(target, *value) {
                    return None;
                }
                *value = target;
            }
        }
        Some(pruned(&simpler))
    }
}

/// 1, 2 and ½ first, and then the numbers with fewer digits.
fn is_simpler(new: f64, old: f64) -> bool {
    let rank = |v: f64| match [1.0, 2.0, 0.5].iter().position(|&w| w == v) {
        Some(place) => place,
        None => 3 + format!("{v}").len(),
    };
    rank(new) < rank(old)
}

fn replace(program: &mut Program, old: Source, new: Source) {
    let inputs = program.nodes.iter_mut().flat_map(|node| &mut node.inputs);
    for input in inputs.filter(|input| **input == old) {
        *input = new;
    }
}

/// The leading part of an array of the same rank.
fn cropped(x: &Tensor<f64>, dims: &[usize]) -> Tensor<f64> {
    let old = x.shape();
    Tensor::from_fn(Shape::new(dims), |k| {
        let (mut rest, mut stride, mut at) = (k, 1, 0);
        for (&n, &n_old) in dims.iter().zip(old.dims()).rev() {
            at += rest % n * stride;
            rest /= n;
            stride *= n_old;
        }
        x.as_slice()[at]
    })
}

/// The program without what its output does not depend on.
fn pruned(program: &Program) -> Program {
    let mut used_leaves = vec![false; program.leaves.len()];
    let mut used_nodes = vec![false; program.len()];
    if let Some(output) = used_nodes.last_mut() {
        *output = true;
    }
    for (k, node) in program.nodes.iter().enumerate().rev() {
        if used_nodes[k] {
            for &input in &node.inputs {
                match input {
                    Source::Leaf(leaf) => used_leaves[leaf] = true,
                    Source::Node(node) => used_nodes[node] = true,
                }
            }
        }
    }
    let rank = |used: &[bool], k: usize| used[..k].iter().filter(|&&used| used).count();
    let renumbered = |source: &Source| match *source {
        Source::Leaf(k) => Source::Leaf(rank(&used_leaves, k)),
        Source::Node(k) => Source::Node(rank(&used_nodes, k)),
    };
    let leaves = program.leaves.iter().zip(&used_leaves);
    let nodes = program.nodes.iter().zip(&used_nodes);
    Program {
        leaves: leaves
            .filter(|(_, used)| **used)
            .map(|(x, _)| x.clone())
            .collect(),
        nodes: nodes
            .filter(|(_, used)| **used)
            .map(|(node, _)| Node {
                inputs: node.inputs.iter().map(renumbered).collect(),
                ..node.clone()
            })
            .collect(),
    }
}
