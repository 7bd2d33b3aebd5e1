//! The network in burn, on its backend for processors.

use burn::tensor::activation::{log_sigmoid, relu};
use burn::tensor::module::linear;
use burn::tensor::{Device, Gradients, Tensor, TensorData};

use crate::peer::{Peer, Real};
use crate::problem::{LEARNING_RATE, Problem, transposed};

/// Examples are rows.
pub(crate) struct Burn {
    /// The weights, of shape (n_in, n_out), and the biases of every layer.
    layers: Vec<(Tensor<2>, Tensor<1>)>,
    x: Tensor<2>,
    /// 1 − Y: all that the cost needs of the labels.
    complement: Tensor<2>,
}

impl Burn {
    pub(crate) fn new<S: Real>(problem: &Problem<S>) -> Self {
        let Problem { model, data } = problem;
        let (device, dtype) = (Device::flex().autodiff(), S::dtype());
        let matrix = |values: Vec<S>, rows: usize| {
            let columns = values.len() / rows;
            Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), (&device, dtype))
        };
        let layers = (0..model.depth()).map(|layer| {
            let (w, b) = (model.weights(layer), model.biases(layer));
            let w = matrix(transposed(w), w.len() / b.len());
            let b = TensorData::new(b.to_vec(), [b.len()]);
            let b = Tensor::<1>::from_data(b, (&device, dtype));
            (w.require_grad(), b.require_grad())
        });
        let complement = data.y().map(|y| S::one() - y);
        Self {
            layers: layers.collect(),
            x: matrix(transposed(data.x().view()), data.examples()),
            complement: matrix(complement.into_vec(), data.examples()),
        }
    }

    fn step(&mut self) -> Tensor<1> {
        let mut z = self.x.clone();
        for (layer, (w, b)) in self.layers.iter().enumerate() {
            let a = if layer == 0 { z } else { relu(z) };
            z = linear(a, w.clone(), Some(b.clone()));
        }
        // −y ln σ(z) − (1 − y) ln(1 − σ(z)), for ln(1 − σ(z)) is ln σ(z) − z.
        let cost = (self.complement.clone() * z.clone() - log_sigmoid(z)).mean();
        let mut gradients = cost.backward();
        let layers = self.layers.drain(..);
        let descended =
            layers.map(|(w, b)| (descend(w, &mut gradients), descend(b, &mut gradients)));
        self.layers = descended.collect();
        cost
    }
}

/// θ − α dθ, as a parameter.
fn descend<const D: usize>(parameter: Tensor<D>, gradients: &mut Gradients) -> Tensor<D> {
    let gradient = parameter.grad_remove(gradients);
    let gradient = gradient.expect("the cost depends on every parameter");
    Tensor::from_inner(parameter.inner() - gradient * LEARNING_RATE).require_grad()
}

impl Peer for Burn {
    fn train(&mut self, steps: usize) -> f64 {
        let costs = (0..steps).map(|_| self.step());
        costs.last().expect("at least one step").into_scalar()
    }
}
