//! A function on two tapes, to be replayed from wherever the check looks.

use std::cell::{OnceCell, RefCell};

use autodiff::{Dual, Tape, Tensor, Var, Wide};
use num_traits::{Float as _, Zero as _};

use super::{Record, Recording};
use crate::checks::arithmetic::PERTURBATIONS;
use crate::objective::Objective;
use crate::random::Random;
use crate::reference::{Direction, Rise};
use crate::verdict::{Checked, Finding, Verdict};

/// Σ ȳ y of a function's output at a point, and its gradient by the tape.
pub(crate) struct Taped<'t> {
    wide: &'t Tape<Wide>,
    leaves: Vec<Var<'t, Wide>>,
    output: Var<'t, Wide>,
    function: &'t dyn Record<Dual<Wide>>,
    dual: &'t Tape<Dual<Wide>>,
    /// Inputs and output on `dual`, once something was asked of it.
    on_dual: OnceCell<OnDual<'t>>,
    x: Vec<Tensor<Wide>>,
    y: Vec<Wide>,
    pub(super) y_bar: Tensor<Wide>,
    x_bar: Vec<Tensor<Wide>>,
    magnitude: f64,
    /// The part of `magnitude` that is there whatever moves: what the rounding of values on the
    /// way is proportional to, where it is known.
    rounding: f64,
    seed: u64,
    /// Where outputs are copied to.
    outputs: RefCell<Vec<Wide>>,
    dual_outputs: RefCell<Vec<Dual<Wide>>>,
}

type OnDual<'t> = (Vec<Var<'t, Dual<Wide>>>, Var<'t, Dual<Wide>>);

impl<'t> Taped<'t> {
    /// Records the function, and sweeps. The inputs after the first `leaves` of them stand for
    /// values on the way, to show what their rounding does.
    ///
    /// # Errors
    ///
    /// If value or gradient are not finite.
    pub(crate) fn record(
        function: &'t impl Recording,
        (inputs, leaves): (&[Tensor<f64>], usize),
        wide: &'t Tape<Wide>,
        dual: &'t Tape<Dual<Wide>>,
        seed: u64,
    ) -> Checked<Self> {
        let x: Vec<_> = inputs.iter().map(|x| x.map(Wide::from)).collect();
        let variables: Vec<_> = x.iter().map(|x| wide.variable(x.clone())).collect();
        let output = Record::<Wide>::record(function, &variables);
        let y = output.value();
        if !y.as_slice().iter().all(|y| y.is_finite()) {
            return Err(Verdict::Inconclusive("the value is not finite"));
        }
        let y_bar = cotangent(&y, &mut Random::new(seed));
        let gradients = output.backward_from(&y_bar);
        let x_bar: Vec<_> = variables
            .iter()
            .map(|&leaf| gradients.wrt(leaf).to_tensor())
            .collect();
        if let Some(finding) = not_finite(&x_bar) {
            return Err(finding.fail());
        }
        let of_outputs = sum_of_products(&y_bar, &y);
        let of_each: Vec<f64> = x_bar
            .iter()
            .zip(&x)
            .map(|(g, x)| sum_of_products(g, x))
            .collect();
        // Cotangents cancel also where the value itself is 0, as that of x - x.
        let sizes = x_bar[leaves..].iter().flat_map(Tensor::as_slice);
        let on_the_way: f64 = sizes.map(|g| g.abs().to_f64()).sum();
        let y = y.into_vec();
        Ok(Self {
            magnitude: of_outputs + of_each.iter().sum::<f64>() + on_the_way,
            rounding: of_each[leaves..].iter().sum::<f64>() + on_the_way,
            outputs: RefCell::new(y.clone()),
            dual_outputs: RefCell::new(vec![Dual::zero(); y.len()]),
            wide,
            leaves: variables,
            output,
            function,
            dual,
            on_dual: OnceCell::new(),
            x,
            y,
            y_bar,
            x_bar,
            seed,
        })
    }

    /// The derivative of every output along `direction`, left in `dual_outputs`.
    fn run_dual(&self, direction: &Direction) {
        let moved = self.x.iter().zip(&direction.0);
        let (_, output) = match self.on_dual.get() {
            Some((leaves, output)) => {
                for (&leaf, (x, v)) in leaves.iter().zip(moved) {
                    self.dual.update(leaf, |values| {
                        for ((value, &x), &v) in values.iter_mut().zip(x.as_slice()).zip(v) {
                            *value = Dual::new(x, v);
                        }
                    });
                }
                self.dual.replay();
                (leaves, output)
            }
            None => {
                let leaf = |(x, v): (&Tensor<Wide>, &Vec<Wide>)| {
                    let dual = |k: usize| Dual::new(x.as_slice()[k], v[k]);
                    self.dual.data(Tensor::from_fn(x.shape(), dual))
                };
                let leaves: Vec<_> = moved.map(leaf).collect();
                let output = self.function.record(&leaves);
                let (leaves, output) = self.on_dual.get_or_init(|| (leaves, output));
                (leaves, output)
            }
        };
        output.copy_to(&mut self.dual_outputs.borrow_mut());
    }

    /// How far each element of the gradient moves when every input moves by a unit or two in the last
    /// place of f64, tried several times at random.
    pub(super) fn moved_by_rounding(&self) -> Vec<f64> {
        let mut random = Random::new(self.seed.wrapping_add(4));
        let mut gradients = self.output.backward_from(&self.y_bar);
        let exact = || self.x_bar.iter().flat_map(|x_bar| x_bar.as_slice());
        let mut moved = vec![0.0_f64; exact().count()];
        for _ in 0..PERTURBATIONS {
            for (&leaf, x) in self.leaves.iter().zip(&self.x) {
                self.wide.update(leaf, |values| {
                    for (value, &x) in values.iter_mut().zip(x.as_slice()) {
                        *value = x + x * Wide::from(f64::EPSILON * random.signed());
                    }
                });
            }
            self.wide.replay();
            gradients.replay();
            let leaves = self.leaves.iter();
            let near = leaves.flat_map(|&leaf| gradients.wrt(leaf).as_slice());
            for (moved, (&near, &exact)) in moved.iter_mut().zip(near.zip(exact())) {
                *moved = moved.max((near - exact).abs().to_f64());
            }
        }
        moved
    }

    /// Which outputs the direction moves: as for an op at a point, by dual numbers. The only one
    /// there is needs no looking at.
    fn outputs_moved_by(&self, direction: &Direction) -> Vec<bool> {
        if self.y.len() == 1 {
            return vec![true];
        }
        self.run_dual(direction);
        let moved = |y: &Dual<Wide>| !y.tangent.is_zero();
        self.dual_outputs.borrow().iter().map(moved).collect()
    }
}

impl Objective for Taped<'_> {
    fn x(&self) -> &[Tensor<Wide>] {
        &self.x
    }

    fn x_bar(&self) -> &[Tensor<Wide>] {
        &self.x_bar
    }

    fn rise<'a>(&'a self, direction: &'a Direction) -> impl Fn(Wide) -> Option<Rise> + 'a {
        let moves = self.outputs_moved_by(direction);
        let of_inputs: f64 = self
            .x_bar
            .iter()
            .zip(&self.x)
            .zip(&direction.0)
            .flat_map(|((g, x), v)| g.as_slice().iter().zip(x.as_slice()).zip(v))
            .filter(|(_, v)| !v.is_zero())
            .map(|((g, x), _)| (g.to_f64() * x.to_f64()).abs())
            .sum();
        move |t| {
            for ((&leaf, x), v) in self.leaves.iter().zip(&self.x).zip(&direction.0) {
                self.wide.update(leaf, |values| {
                    for ((value, &x), &v) in values.iter_mut().zip(x.as_slice()).zip(v) {
                        *value = if v.is_zero() { x } else { x + t * v };
                    }
                });
            }
            self.wide.replay();
            let mut outputs = self.outputs.borrow_mut();
            self.output.copy_to(&mut outputs);
            let (mut by, mut magnitude) = (Wide::zero(), of_inputs + self.rounding);
            let y_bar = self.y_bar.as_slice();
            for (k, (&y, &y0)) in outputs.iter().zip(&self.y).enumerate() {
                if moves[k] || y != y0 {
                    by += y_bar[k] * (y - y0);
                    magnitude += (y_bar[k].to_f64() * y0.to_f64()).abs();
                }
            }
            by.is_finite().then_some(Rise { by, magnitude })
        }
    }

    fn tangent(&self, direction: &Direction) -> Option<Wide> {
        self.run_dual(direction);
        let outputs = self.dual_outputs.borrow();
        let terms = outputs.iter().zip(self.y_bar.as_slice());
        Some(terms.map(|(y, &y_bar)| y_bar * y.tangent).sum())
    }

    fn magnitude(&self) -> Wide {
        Wide::from(self.magnitude)
    }

    fn seed(&self) -> u64 {
        self.seed
    }
}

/// 1 for the only output, else random.
fn cotangent(y: &Tensor<Wide>, random: &mut Random) -> Tensor<Wide> {
    let single = y.shape().size() == 1;
    y.map(|_| Wide::from(if single { 1.0 } else { random.signed() }))
}

fn sum_of_products(a: &Tensor<Wide>, b: &Tensor<Wide>) -> f64 {
    let pairs = a.as_slice().iter().zip(b.as_slice());
    pairs.map(|(a, b)| (a.to_f64() * b.to_f64()).abs()).sum()
}

/// The first element of a gradient that is not finite.
fn not_finite(x_bar: &[Tensor<Wide>]) -> Option<Finding> {
    x_bar.iter().enumerate().find_map(|(input, x_bar)| {
        let element = x_bar.as_slice().iter().position(|g| !g.is_finite())?;
        Some(Finding {
            input: Some(input),
            element: Some(element),
            got: x_bar.as_slice()[element].to_f64(),
            ..Finding::of("the value is finite, and the gradient is not")
        })
    })
}
