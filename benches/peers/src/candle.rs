//! The network in candle, with its own layers, loss and optimizer.

use candle_core::{Device, Result, Tensor, Var};
use candle_nn::loss::binary_cross_entropy_with_logit;
use candle_nn::{Linear, Module, Optimizer, SGD};

use crate::peer::{Peer, Real};
use crate::problem::{LEARNING_RATE, Problem, transposed};

/// Examples are rows.
pub(crate) struct Candle {
    layers: Vec<Linear>,
    descent: SGD,
    x: Tensor,
    y: Tensor,
}

impl Candle {
    pub(crate) fn new<S: Real>(problem: &Problem<S>) -> Result<Self> {
        let Problem { model, data } = problem;
        let m = data.examples();
        let mut variables = Vec::new();
        let mut layers = Vec::new();
        for layer in 0..model.depth() {
            let (w, b) = (model.weights(layer), model.biases(layer));
            let n_out = b.len();
            let w = Var::from_slice(&w, (n_out, w.len() / n_out), &Device::Cpu)?;
            let b = Var::from_slice(&b, n_out, &Device::Cpu)?;
            layers.push(Linear::new(
                w.as_tensor().clone(),
                Some(b.as_tensor().clone()),
            ));
            variables.extend([w, b]);
        }
        Ok(Self {
            layers,
            descent: SGD::new(variables, LEARNING_RATE)?,
            x: Tensor::from_vec(
                transposed(data.x().view()),
                (m, data.features()),
                &Device::Cpu,
            )?,
            y: Tensor::from_slice(data.y().as_slice(), (m, 1), &Device::Cpu)?,
        })
    }

    fn step(&mut self) -> Result<Tensor> {
        let (last, hidden) = self.layers.split_last().expect("there is a layer");
        let mut a = self.x.clone();
        for layer in hidden {
            a = layer.forward(&a)?.relu()?;
        }
        let cost = binary_cross_entropy_with_logit(&last.forward(&a)?, &self.y)?;
        self.descent.backward_step(&cost)?;
        Ok(cost)
    }
}

impl Peer for Candle {
    fn train(&mut self, steps: usize) -> f64 {
        let costs = (0..steps).map(|_| self.step());
        let cost = costs.last().expect("at least one step");
        let cost = cost.and_then(|cost| cost.to_dtype(candle_core::DType::F64)?.to_scalar());
        cost.expect("the shapes fit")
    }
}
