//! Random programs: ops that are right one by one, wired together in every way a tape allows.
//!
//! A program is drawn from all given ops: several leaves, values that are used many times or never,
//! the same value for two inputs, broadcasts and reductions, up to 50 ops deep. Its whole gradient
//! is checked at 106 bits, and so is the cotangent of every value on the way. One that fails is
//! shrunk, printed as Rust code that fails when pasted, and the guilty op is named.
//!
//! What is printed compiles where the ops are in scope, with `autodiff` and `gradcheck` under these
//! names (`use gradproof::{autodiff, gradcheck};` if need be), and where the [`Debug`] of an op is the
//! expression that makes it, as the derived one is if its fields are as open and print as such.

mod blame;
mod check;
mod code;
mod draw;
mod report;
mod run;
mod shrink;

use std::fmt;
use std::sync::Arc;

use autodiff::ops::Sub;
use autodiff::registry::AnyOp;
use autodiff::signature::{Beyond, Domain, Kink};
use autodiff::{ErasedOp, Scalar, Tensor, Var, direct};

use crate::case::{Shared, on_layer_kink};
use crate::function::Record;
use crate::panics::caught;
pub use report::{Guilty, ProgramReport};
pub use run::run;

/// A program over leaves: ops, each over what came before it. The last one is the output.
#[derive(Clone, Default)]
pub struct Program {
    leaves: Vec<Tensor<f64>>,
    nodes: Vec<Node>,
}

/// An op and where its inputs come from.
#[derive(Clone)]
struct Node {
    op: Arc<dyn AnyOp>,
    /// Where the op is registered.
    place: Arc<str>,
    inputs: Vec<Source>,
    domains: Vec<Domain>,
    kinks: Vec<Kink>,
}

/// A value of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Leaf(usize),
    Node(usize),
}

/// How close to the edge of a domain, and to a kink, a value may come. These are limits on what is
/// drawn: nearer, the differences would have to step over them.
const FROM_EDGE: f64 = 1e-3;
const FROM_KINK: f64 = 1e-6;
const LARGEST: f64 = 1e6;

impl Program {
    /// The leaves' values.
    #[must_use]
    pub fn leaves(&self) -> &[Tensor<f64>] {
        &self.leaves
    }

    /// The number of ops.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether it has no op.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The value of every node, or why the program is not one to be checked.
    fn values(&self) -> Result<Vec<Tensor<f64>>, &'static str> {
        let mut values: Vec<Tensor<f64>> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let value = node.value(&self.inputs_of(node, &values))?;
            values.push(value);
        }
        Ok(values)
    }

    /// The same where there are any: no rule panics either.
    fn known_values(&self) -> Option<Vec<Tensor<f64>>> {
        caught(|| self.values()).ok()?.ok()
    }

    /// The values of a node's inputs.
    fn inputs_of(&self, node: &Node, values: &[Tensor<f64>]) -> Vec<Tensor<f64>> {
        let value = |source: &Source| match *source {
            Source::Leaf(k) => self.leaves[k].clone(),
            Source::Node(k) => values[k].clone(),
        };
        node.inputs.iter().map(value).collect()
    }

    /// Records it, each value first handed to `through` with the number of its node.
    fn record_through<'t, S: Scalar>(
        &self,
        leaves: &[Var<'t, S>],
        through: impl Fn(usize, Var<'t, S>) -> Var<'t, S>,
    ) -> Var<'t, S>
    where
        Shared: ErasedOp<S>,
    {
        let mut values: Vec<Var<'t, S>> = Vec::with_capacity(self.nodes.len());
        for (k, node) in self.nodes.iter().enumerate() {
            let input = |source: &Source| match *source {
                Source::Leaf(k) => leaves[k],
                Source::Node(k) => values[k],
            };
            let inputs: Vec<_> = node.inputs.iter().map(input).collect();
            let op = Box::new(Shared(Arc::clone(&node.op)));
            let value = leaves[0].tape().record_erased(op, &inputs);
            values.push(through(k, value.expect("its shapes were evaluated before")));
        }
        *values.last().expect("a program has an op")
    }
}

impl<S: Scalar> Record<S> for Program
where
    Shared: ErasedOp<S>,
{
    fn record<'t>(&self, x: &[Var<'t, S>]) -> Var<'t, S> {
        self.record_through(x, |_, value| value)
    }
}

impl Node {
    /// Of an op of the tape's crate that is defined everywhere and has no kinks.
    fn of_ours(op: Arc<dyn AnyOp>, inputs: Vec<Source>) -> Self {
        Self {
            op,
            place: Arc::from("autodiff::ops"),
            domains: vec![Domain::REAL; inputs.len()],
            kinks: Vec::new(),
            inputs,
        }
    }

    fn name(&self) -> &'static str {
        ErasedOp::<f64>::name(&*self.op)
    }

    /// Its value, if the inputs are within the domain, off the kinks, and of ordinary size.
    fn value(&self, inputs: &[Tensor<f64>]) -> Result<Tensor<f64>, &'static str> {
        let op: &dyn ErasedOp<f64> = &*self.op;
        let allowed = |(x, domain): (&Tensor<f64>, &Domain)| {
            x.as_slice().iter().all(|&x| is_well_within(x, domain))
        };
        if !inputs.iter().zip(&self.domains).all(allowed) {
            return Err("a value is outside the domain");
        }
        if self.kinks.iter().any(|&kink| is_on(kink, inputs)) {
            return Err("a value is on a kink");
        }
        let value = direct::forward(op, inputs).map_err(|_| "the shapes do not fit")?;
        if value.as_slice().iter().all(|v| v.abs() <= LARGEST) {
            Ok(value)
        } else {
            Err("a value is not finite, or very large")
        }
    }
}

fn is_well_within(x: f64, domain: &Domain) -> bool {
    let edges = [domain.lower, domain.upper].into_iter().chain(domain.hole);
    let is_far = |edge: f64| domain.beyond == Beyond::Defined || (x - edge).abs() > FROM_EDGE;
    domain.contains(x) && edges.into_iter().all(is_far)
}

fn is_on(kink: Kink, inputs: &[Tensor<f64>]) -> bool {
    let near = |distance: f64, size: f64| distance.abs() <= FROM_KINK * (1.0 + size.abs());
    match kink {
        Kink::Point { input, at, .. } => {
            let mut elements = inputs[input].as_slice().iter();
            elements.any(|x| near(x - at, at))
        }
        Kink::Tie { inputs: tied, .. } => {
            let [first, second] = tied.map(|input| inputs[input].clone());
            let largest = first
                .as_slice()
                .iter()
                .fold(0.0, |m: f64, x| m.max(x.abs()));
            direct::forward(&Sub, &[first, second])
                .is_ok_and(|gaps| gaps.as_slice().iter().any(|&gap| near(gap, largest)))
        }
        Kink::Layer { at } => !on_layer_kink(inputs, |z, size| near(z - at, size)).is_empty(),
    }
}

impl fmt::Debug for Program {
    /// As Rust code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&code::print(self))
    }
}
