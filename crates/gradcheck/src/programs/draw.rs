//! How a program is drawn from ops that it knows nothing about.

use std::sync::Arc;

use autodiff::ops::{BroadcastTo, Exp, Reshape, Sigmoid, Sum, Tanh};
use autodiff::registry::AnyOp;
use autodiff::signature::Domain;
use autodiff::{Axes, Shape, Tensor};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{Node, Program, Source};
use crate::case::{Drawn, Instance, Subject};

const DEPTH: usize = 50;
/// For each op that a program is to have. One that has none yet gets all that the longest has.
const ATTEMPTS: usize = 8;
/// The number of elements of one value, and of all together.
const ELEMENTS: usize = 24;
const ALL_ELEMENTS: usize = 400;

impl Program {
    /// The program that a seed makes of these ops; an empty one, if none of them has a value that is
    /// to be checked.
    ///
    /// # Panics
    ///
    /// If there are no ops.
    #[must_use]
    pub fn from_seed(ops: &[Subject], seed: u64) -> Self {
        assert!(!ops.is_empty(), "a program is made of ops");
        let mut random = StdRng::seed_from_u64(seed);
        // Short ones are as likely as long ones, and quicker to read.
        let longest = random.random_range(1..=DEPTH);
        let depth = random.random_range(1..=longest);
        let mut builder = Builder {
            random,
            program: Self::default(),
            values: Vec::new(),
        };
        for attempt in 0..ATTEMPTS * DEPTH {
            let is_done = builder.program.len() >= depth;
            if is_done || (attempt >= ATTEMPTS * depth && !builder.values.is_empty()) {
                break;
            }
            let op = &ops[builder.random.random_range(0..ops.len())];
            builder.extend(op);
        }
        builder.program
    }
}

/// A program with the values of its nodes.
struct Builder {
    random: StdRng,
    program: Program,
    values: Vec<Tensor<f64>>,
}

impl Builder {
    /// Applies the op to values that are there, or to what can be made of them; leaves the program
    /// as it is where that gives nothing to be checked.
    fn extend(&mut self, op: &Subject) {
        let before = (self.program.leaves.len(), self.program.len());
        let instance = self.fitting_instance(op);
        let inputs: Option<Vec<Source>> = instance
            .inputs
            .iter()
            .zip(&instance.domains)
            .map(|(x, domain)| self.input(x, domain))
            .collect();
        let added = inputs.and_then(|inputs| {
            self.push(Node {
                op: instance.op,
                place: Arc::from(op.place()),
                inputs,
                domains: instance.domains,
                kinks: instance.kinks,
            })
        });
        if added.is_none() {
            self.program.leaves.truncate(before.0);
            self.program.nodes.truncate(before.1);
            self.values.truncate(before.1);
        }
    }

    /// Of several instances, the one whose inputs are most often there already.
    fn fitting_instance(&mut self, op: &Subject) -> Instance {
        let instances: Vec<Instance> = (0..6)
            .map(|_| {
                let drawn = self.draw();
                op.instance(&drawn)
            })
            .collect();
        let sources = self.sources();
        let present = |instance: &Instance| {
            let is_there =
                |x: &&Tensor<f64>| sources.iter().any(|&s| self.value(s).shape() == x.shape());
            instance.inputs.iter().filter(is_there).count()
        };
        instances
            .into_iter()
            .max_by_key(present)
            .expect("there are several")
    }

    /// Numbers of ordinary size, axes as those of a value that is there.
    fn draw(&mut self) -> Drawn {
        let mut drawn = Drawn::from_seed(self.random.random());
        let sources = self.sources();
        if !sources.is_empty() && self.random.random_range(0..4) > 0 {
            let like = sources[self.random.random_range(0..sources.len())];
            let shape = self.value(like).shape();
            drawn.dims.splice(..0, shape.dims().iter().copied());
        }
        let value = |random: &mut StdRng| f64::from(random.random_range(-400..=400)) / 100.0;
        drawn.values = (0..32).map(|_| value(&mut self.random)).collect();
        drawn
    }

    /// A value of this shape in this domain: one that is there, one made from what is there, or a
    /// new leaf with the values of `x`.
    fn input(&mut self, x: &Tensor<f64>, domain: &Domain) -> Option<Source> {
        let way = self.random.random_range(0..20);
        let sources = self.sources();
        let same: Vec<Source> = sources
            .iter()
            .copied()
            .filter(|&source| self.value(source).shape() == x.shape())
            .collect();
        let source = match way {
            0..16 if !same.is_empty() => Some(self.any_of(&same)),
            0..18 if !sources.is_empty() => {
                let source = self.any_of(&sources);
                self.reshaped(source, x.shape())
            }
            _ => None,
        };
        if let Some(inside) = source.and_then(|source| self.guarded(source, domain)) {
            return Some(inside);
        }
        let elements: usize = self.program.leaves.iter().map(|x| x.shape().size()).sum();
        if elements + x.shape().size() > ALL_ELEMENTS / 4 {
            return None;
        }
        self.program.leaves.push(x.clone());
        Some(Source::Leaf(self.program.leaves.len() - 1))
    }

    /// One of these, the later ones more often, so that programs get deep.
    fn any_of(&mut self, sources: &[Source]) -> Source {
        let [a, b] = [0; 2].map(|_| self.random.random_range(0..sources.len()));
        sources[a.max(b)]
    }

    /// The value in another shape, by a reshape, a broadcast, or a sum that is then broadcast.
    fn reshaped(&mut self, source: Source, shape: Shape) -> Option<Source> {
        let reshape: Box<dyn AnyOp> = Box::new(Reshape { shape });
        let stretch = || Box::new(BroadcastTo { shape }) as Box<dyn AnyOp>;
        self.adapter(reshape, source)
            .or_else(|| self.adapter(stretch(), source))
            .or_else(|| {
                let sum = self.adapter(Box::new(Sum { axes: Axes::ALL }), source)?;
                self.adapter(stretch(), sum)
            })
    }

    /// The value, squeezed into the domain if it is not there.
    fn guarded(&mut self, source: Source, domain: &Domain) -> Option<Source> {
        let inside = |x: &Tensor<f64>| {
            let mut elements = x.as_slice().iter();
            elements.all(|&x| super::is_well_within(x, domain))
        };
        if inside(self.value(source)) {
            return Some(source);
        }
        let guards: [Box<dyn AnyOp>; 3] = [Box::new(Sigmoid), Box::new(Exp), Box::new(Tanh)];
        for guard in guards {
            let guarded = self.adapter(guard, source);
            if guarded.is_some_and(|guarded| inside(self.value(guarded))) {
                return guarded;
            }
        }
        None
    }

    fn adapter(&mut self, op: Box<dyn AnyOp>, input: Source) -> Option<Source> {
        self.push(Node::of_ours(Arc::from(op), vec![input]))
    }

    fn push(&mut self, node: Node) -> Option<Source> {
        let inputs = self.program.inputs_of(&node, &self.values);
        let value = node.value(&inputs).ok()?;
        let elements: usize = self.values.iter().map(|x| x.shape().size()).sum();
        let size = value.shape().size();
        if size > ELEMENTS || elements + size > ALL_ELEMENTS || self.program.len() >= DEPTH {
            return None;
        }
        self.values.push(value);
        self.program.nodes.push(node);
        Some(Source::Node(self.program.len() - 1))
    }

    fn sources(&self) -> Vec<Source> {
        let leaves = (0..self.program.leaves.len()).map(Source::Leaf);
        leaves
            .chain((0..self.program.len()).map(Source::Node))
            .collect()
    }

    fn value(&self, source: Source) -> &Tensor<f64> {
        match source {
            Source::Leaf(k) => &self.program.leaves[k],
            Source::Node(k) => &self.values[k],
        }
    }
}
