//! Cases: an instance of an op, values for its inputs, and a cotangent, drawn and shrunk.

use std::sync::Arc;

use autodiff::ops::Linear;
use autodiff::registry::{AnyOp, Registration, registered};
use autodiff::signature::{Domain, Draw, Kink, Signature};
use autodiff::{
    Cotangents, Dual, ErasedOp, Op, Primals, Scalar, Shape, ShapeError, Tensor, Var, Wide, direct,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::checks::Check;
use crate::panics::caught;
use crate::verdict::{Finding, Verdict};

/// An op to be checked: a name, and how instances of it are made from drawn numbers. Every
/// registered op is one, and so is whatever is made to look like one.
pub struct Subject {
    name: String,
    place: String,
    signature: Box<Make>,
}

type Make = dyn Fn(&mut Draw<'_>) -> Signature<Box<dyn AnyOp>> + Send + Sync;

impl Subject {
    /// An op by its signature; `place` says where it is defined.
    pub fn new(
        name: impl Into<String>,
        place: impl Into<String>,
        signature: impl Fn(&mut Draw<'_>) -> Signature<Box<dyn AnyOp>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            place: place.into(),
            signature: Box::new(signature),
        }
    }

    /// An op by its type.
    ///
    /// ```
    /// use autodiff::ops::Tanh;
    /// use gradcheck::Subject;
    ///
    /// assert_eq!(Subject::of::<Tanh>().name(), "tanh");
    /// ```
    #[must_use]
    pub fn of<O: Op>() -> Self {
        // The registry knows no types, but the module of each op.
        let path = std::any::type_name::<O>();
        let is_within = |module: &str| {
            let rest = path.strip_prefix(module);
            rest.is_some_and(|rest| rest.starts_with("::"))
        };
        let place = registered()
            .into_iter()
            .filter(|op| op.name == O::NAME && is_within(op.module))
            .max_by_key(|op| op.module.len())
            .map_or_else(|| path.to_string(), place);
        Self::new(O::NAME, place, |draw: &mut _| {
            O::signature(draw).map(|op| Box::new(op) as Box<dyn AnyOp>)
        })
    }

    /// The same by another name.
    pub(crate) fn named(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file and line it was registered at, or whatever else says where it is defined.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What the check says of the case that these numbers make. An op whose signature panics fails,
    /// as one whose rules do.
    pub(crate) fn verdict(&self, check: Check, drawn: &Drawn) -> Verdict {
        match caught(|| self.instance(drawn)) {
            Ok(instance) => check.verdict(&instance),
            Err(panicked) => Finding::of(format!("its signature {panicked}")).fail(),
        }
    }

    /// The instance that these numbers make, its parts not too large to differentiate.
    #[must_use]
    pub fn instance(&self, drawn: &Drawn) -> Instance {
        const LARGEST: usize = 160;
        let mut dims = drawn.dims.clone();
        loop {
            let signature = (self.signature)(&mut Draw::new(&dims, &drawn.choices));
            let size: usize = signature.inputs.iter().map(|x| x.shape.size()).sum();
            if size <= LARGEST || dims.iter().all(|&n| n <= 1) {
                return Instance::new(signature, drawn);
            }
            for n in &mut dims {
                *n -= usize::from(*n > 1);
            }
        }
    }
}

impl From<&'static Registration> for Subject {
    fn from(op: &'static Registration) -> Self {
        Self::new(op.name, place(op), |draw: &mut _| op.signature(draw))
    }
}

fn place(op: &Registration) -> String {
    format!("{}:{}", op.file, op.line)
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.place)
    }
}

/// The numbers a case is made of, free of any op: what is drawn, shrunk and kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// Axis lengths, each possibly 0.
    pub dims: Vec<usize>,
    /// Whatever else an op chooses: its parameters, which axes are stretched.
    pub choices: Vec<u32>,
    /// The elements: the first of every input and of the cotangent, then the second of each, and
    /// so on, so that a smaller case keeps together what belongs together. Beyond the end they
    /// repeat, slightly changed.
    pub values: Vec<f64>,
    /// What directions and perturbations are drawn from.
    pub seed: u64,
}

impl Drawn {
    pub(crate) const DIMS: usize = 6;
    pub(crate) const CHOICES: usize = 12;
    /// How many values belong to one element: three inputs and the cotangent.
    pub(crate) const LANES: usize = 4;
    pub(crate) const VALUES: usize = 32 * Self::LANES;
    /// Elements between the values of one input and of the next one in the same lane: a number that
    /// has no factor in common with how many there are.
    const TURN: usize = 11;

    /// Numbers from a seed: axes of length 0, 1, 2, 3 and now and then more; elements that are
    /// mostly short decimals, with zeros of both signs, ties, and in one case of eight huge and tiny ones.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let dim = |random: &mut StdRng| match random.random_range(0..100) {
            0..3 => 0,
            3..20 => 1,
            20..55 => 2,
            55..85 => 3,
            85..95 => 4,
            _ => 5,
        };
        let dims = (0..Self::DIMS).map(|_| dim(&mut random)).collect();
        let choices = (0..Self::CHOICES)
            .map(|_| random.random_range(0..840))
            .collect();
        let extreme = random.random_range(0..8) == 0;
        let mut values: Vec<f64> = Vec::with_capacity(Self::VALUES);
        for k in 0..Self::VALUES {
            let value = match random.random_range(0..100) {
                0..8 if k > 0 => values[random.random_range(0..k)],
                8..11 => 0.0,
                11..12 => -0.0,
                12..32 => f64::from(random.random_range(-8..=8)) / 2.0,
                32..52 => random.random_range(-3.0..3.0),
                52..56 => random.random_range(-60.0..60.0_f64).round(),
                56..64 if extreme => {
                    let digit = f64::from(random.random_range(-9..=9));
                    digit * 10.0_f64.powi(random.random_range(1..9))
                }
                64..72 if extreme => {
                    let digit = f64::from(random.random_range(-9..=9));
                    digit * 10.0_f64.powi(-random.random_range(3..13))
                }
                _ => f64::from(random.random_range(-500..=500)) / 100.0,
            };
            values.push(value);
        }
        Self {
            dims,
            choices,
            values,
            seed,
        }
    }

    /// The value of an element in a lane: that of an input, or the last one for the cotangent. Of
    /// more inputs than there are lanes, the next `turn` has those of elements further on.
    fn value(&self, lane: usize, turn: usize, element: usize) -> f64 {
        let k = (element + turn * Self::TURN) * Self::LANES + lane;
        match self.values.len() {
            0 => 0.0,
            n => self.values[k % n] * (1.0 + 0.375 * (k / n) as f64),
        }
    }
}

/// An instance of an op with values for its inputs and a cotangent of its output.
pub struct Instance {
    /// The op.
    pub op: Arc<dyn AnyOp>,
    /// The values of its inputs, each within its domain.
    pub inputs: Vec<Tensor<f64>>,
    /// The domain of each input.
    pub domains: Vec<Domain>,
    /// Where the op has no derivative.
    pub kinks: Vec<Kink>,
    /// The output's cotangent, `None` if the op refuses the shapes of its own signature.
    pub cotangent: Option<Tensor<f64>>,
    /// What directions and perturbations are drawn from.
    pub seed: u64,
}

impl Instance {
    fn new(signature: Signature<Box<dyn AnyOp>>, drawn: &Drawn) -> Self {
        let take = |lane: usize, turn: usize, shape: Shape, domain: Domain| {
            Tensor::from_fn(shape, |element| {
                into_domain(drawn.value(lane, turn, element), domain)
            })
        };
        let inputs_a_turn = Drawn::LANES - 1;
        let inputs: Vec<_> = signature
            .inputs
            .iter()
            .enumerate()
            .map(|(k, input)| {
                let (lane, turn) = (k % inputs_a_turn, k / inputs_a_turn);
                take(lane, turn, input.shape, input.domain)
            })
            .collect();
        let shapes: Vec<Shape> = inputs.iter().map(Tensor::shape).collect();
        let op: &dyn ErasedOp<f64> = &*signature.op;
        let cotangent = op
            .output_shape(&shapes)
            .ok()
            // Never 0 unless it was drawn so, and never so large that it hides an input.
            .map(|shape| {
                take(inputs_a_turn, 0, shape, Domain::REAL).map(|v: f64| v.clamp(-9.0, 9.0))
            });
        Self {
            domains: signature.inputs.iter().map(|input| input.domain).collect(),
            kinks: signature.kinks,
            op: Arc::from(signature.op),
            inputs,
            cotangent,
            seed: drawn.seed,
        }
    }

    /// The inputs at another scalar.
    #[must_use]
    pub fn inputs_at<S: Scalar>(&self) -> Vec<Tensor<S>> {
        self.inputs.iter().map(|x| x.map(S::constant)).collect()
    }

    /// The same op, kinks and cotangent, with other values of the inputs.
    pub(crate) fn at(&self, inputs: Vec<Tensor<f64>>) -> Self {
        Self {
            op: Arc::clone(&self.op),
            inputs,
            domains: self.domains.clone(),
            kinks: self.kinks.clone(),
            cotangent: self.cotangent.clone(),
            seed: self.seed,
        }
    }

    /// The number of elements of all inputs.
    #[must_use]
    pub fn size(&self) -> usize {
        self.inputs.iter().map(|x| x.shape().size()).sum()
    }

    /// The same with every element on a kink; `None` for a tie of inputs that differ in shape.
    pub(crate) fn on(&self, kink: Kink) -> Option<Self> {
        let mut inputs = self.inputs.clone();
        match kink {
            Kink::Point { input, at, .. } => inputs[input].as_mut_slice().fill(at),
            Kink::Tie {
                inputs: [first, second],
                ..
            } => {
                if inputs[first].shape() != inputs[second].shape() {
                    return None;
                }
                inputs[second] = inputs[first].clone();
            }
            Kink::Layer { at } => inputs = all_on_layer_kink(&inputs, at),
        }
        Some(self.at(inputs))
    }

    /// The same with every element that is on a declared kink moved off it.
    pub(crate) fn off_kinks(&self) -> Self {
        self.off_kinks_that(|_| true)
    }

    /// The same off the kinks in which an element takes part by way of several outputs, each with a
    /// cotangent of its own: the slopes to its two sides need not enclose the conventions' sum.
    pub(crate) fn off_shared_kinks(&self) -> Self {
        self.off_kinks_that(|kink| matches!(kink, Kink::Layer { .. }))
    }

    fn off_kinks_that(&self, matter: impl Fn(&Kink) -> bool) -> Self {
        let mut inputs = self.inputs.clone();
        for kink in self.kinks.iter().filter(|kink| matter(kink)) {
            match *kink {
                Kink::Point { input, at, .. } => {
                    for x in inputs[input].as_mut_slice() {
                        *x = if *x == at { at + 1.0 } else { *x };
                    }
                }
                Kink::Tie {
                    inputs: [first, second],
                    ..
                } => {
                    let taken = inputs[first].clone();
                    for x in inputs[second].as_mut_slice() {
                        // As many steps as there are values to step over: infinity stays.
                        for _ in taken.as_slice() {
                            if taken.as_slice().contains(x) {
                                *x += f64::max(0.375, 4.0 * f64::EPSILON * x.abs());
                            }
                        }
                    }
                }
                Kink::Layer { at } => {
                    // Far enough not to be on it at more digits; a row that is moved onto the kink
                    // in another column is moved again.
                    for _ in 0..=inputs[1].shape().dims()[1] {
                        let near = |z: f64, size: f64| (z - at).abs() <= 1e-6 * (1.0 + size);
                        for (row, _) in on_layer_kink(&inputs, near) {
                            inputs[2].as_mut_slice()[row] += 0.375;
                        }
                    }
                }
            }
        }
        self.at(inputs)
    }

    /// How far an element may be moved without leaving its domain.
    pub(crate) fn distance_to_edge(&self, input: usize, x: f64) -> f64 {
        let domain = self.domains[input];
        let edges = [domain.lower, domain.upper]
            .into_iter()
            .filter(|_| domain.beyond == autodiff::signature::Beyond::Undefined)
            .chain(domain.hole);
        edges
            .map(|edge| (x - edge).abs())
            .fold(f64::INFINITY, f64::min)
    }
}

/// Where elements of W A + b, the inputs, are on a kink: the rows and columns of which that is true
/// of the element and of the sum of the sizes of its terms. Nowhere, if the inputs do not fit.
pub(crate) fn on_layer_kink<S: Scalar>(
    inputs: &[Tensor<S>],
    is_on: impl Fn(S, S) -> bool,
) -> Vec<(usize, usize)> {
    let sizes: Vec<_> = inputs.iter().map(|x| x.map(S::abs)).collect();
    let layers = (
        direct::forward(&Linear, inputs),
        direct::forward(&Linear, &sizes),
    );
    let (Ok(z), Ok(sizes)) = layers else {
        return Vec::new();
    };
    let columns = z.shape().dims()[1];
    let elements = z.as_slice().iter().zip(sizes.as_slice()).enumerate();
    elements
        .filter(|&(_, (&z, &size))| is_on(z, size))
        .map(|(k, _)| (k / columns, k % columns))
        .collect()
}

/// The inputs of a layer with every element of W A + b at a value.
fn all_on_layer_kink(inputs: &[Tensor<f64>], at: f64) -> Vec<Tensor<f64>> {
    let mut inputs = inputs.to_vec();
    inputs[0].as_mut_slice().fill(0.0);
    inputs[2].as_mut_slice().fill(at);
    inputs
}

/// An op that is shared by several tapes.
#[derive(Clone, Debug)]
pub(crate) struct Shared(pub(crate) Arc<dyn AnyOp>);

macro_rules! shared_at {
    ($($scalar:ty),+) => {$(
        impl ErasedOp<$scalar> for Shared {
            fn name(&self) -> &'static str {
                ErasedOp::<$scalar>::name(&*self.0)
            }

            fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
                ErasedOp::<$scalar>::output_shape(&*self.0, inputs)
            }

            fn residuals(&self, inputs: &[Shape]) -> usize {
                ErasedOp::<$scalar>::residuals(&*self.0, inputs)
            }

            fn forward(&self, x: Primals<'_, $scalar>, y: &mut [$scalar]) {
                self.0.forward(x, y);
            }

            fn vjp(
                &self,
                x: Primals<'_, $scalar>,
                y: &[$scalar],
                y_bar: &mut [$scalar],
                x_bar: Cotangents<'_, $scalar>,
            ) {
                self.0.vjp(x, y, y_bar, x_bar);
            }

            fn rectifies(&self) -> bool {
                ErasedOp::<$scalar>::rectifies(&*self.0)
            }

            fn composition<'t>(&self, x: &[Var<'t, $scalar>]) -> Option<Var<'t, $scalar>> {
                self.0.composition(x)
            }
        }
    )+};
}

shared_at!(f32, f64, Wide, Dual<f64>, Dual<Wide>);

/// The number, moved into the domain; short decimals stay short ones.
fn into_domain(value: f64, domain: Domain) -> f64 {
    if domain.contains(value) {
        return value;
    }
    let (lower, upper) = (domain.lower, domain.upper);
    let size = value.abs();
    let moved = match (lower.is_finite(), upper.is_finite()) {
        (true, true) => lower + (upper - lower) * (size - size.floor()),
        (true, false) => lower + size,
        (false, true) => upper - size,
        (false, false) => value,
    };
    if domain.contains(moved) {
        return moved;
    }
    // At an edge, beyond rounding, or in the hole.
    let fallback = match (lower.is_finite(), upper.is_finite()) {
        (true, true) => 0.5 * (lower + upper),
        (true, false) => lower + 1.0,
        (false, true) => upper - 1.0,
        (false, false) => value + 1.0,
    };
    let fallback = match domain.hole {
        Some(hole) if hole == fallback && lower.is_finite() => 0.5 * (lower + fallback),
        Some(hole) if hole == fallback => fallback + 1.0,
        _ => fallback,
    };
    debug_assert!(domain.contains(fallback), "{fallback} in {domain:?}");
    fallback
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_moved_into_every_domain() {
        let domains = [
            Domain::REAL,
            Domain::POSITIVE,
            Domain::NON_ZERO,
            Domain::UNIT,
            Domain::open(-1.0, 1.0),
            Domain::open(1.0, f64::INFINITY),
            Domain::open(f64::NEG_INFINITY, -2.0),
            Domain {
                hole: Some(0.5),
                ..Domain::UNIT
            },
        ];
        for seed in 0..2000 {
            for value in Drawn::from_seed(seed).values {
                for domain in domains {
                    let moved = into_domain(value, domain);
                    assert!(
                        domain.contains(moved),
                        "{value} became {moved}, outside {domain:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_tie_of_huge_values_is_left() {
        let max = Subject::of::<autodiff::ops::Max>();
        let drawn = Drawn {
            dims: vec![2],
            choices: vec![1],
            ..Drawn::from_seed(0)
        };
        let tied = Tensor::from([2.0_f64.powi(53), f64::INFINITY]);
        let instance = max.instance(&drawn).at(vec![tied.clone(), tied]);
        let moved = instance.off_kinks().inputs;
        assert!(moved[1].as_slice()[0] > moved[0].as_slice()[0]);
        let verdict = Check::SecondOrder.verdict(&instance);
        assert!(matches!(verdict, Verdict::Inconclusive(_)), "{verdict:?}");
    }

    #[test]
    fn the_special_values_are_drawn() {
        let values: Vec<f64> = (0..200)
            .flat_map(|seed| Drawn::from_seed(seed).values)
            .collect();
        let any = |test: fn(&f64) -> bool| values.iter().any(test);
        assert!(any(|v| v.to_bits() == 0) && any(|v| v.to_bits() == (-0.0_f64).to_bits()));
        assert!(any(|v| v.abs() > 1e6) && any(|v| *v != 0.0 && v.abs() < 1e-6));
        assert!(
            values
                .windows(2)
                .any(|pair| pair[0] == pair[1] && pair[0] != 0.0)
        );
        let dims: Vec<usize> = (0..200)
            .flat_map(|seed| Drawn::from_seed(seed).dims)
            .collect();
        assert!([0, 1, 2, 3, 5].iter().all(|n| dims.contains(n)));
    }
}
