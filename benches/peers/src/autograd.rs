//! The network in rust-autograd.

use autograd::VariableEnvironment;
use autograd::ndarray_ext::NdArray;
use autograd::prelude::*;
use autograd::tensor_ops as ops;
use autograd::variable::VariableID;

use crate::peer::{Peer, Real};
use crate::problem::{LEARNING_RATE, Problem, transposed};

/// Examples are rows.
pub(crate) struct Autograd<S: Real> {
    /// The weights, of shape (n_in, n_out), and the biases of every layer.
    environment: VariableEnvironment<'static, S>,
    parameters: Vec<VariableID>,
    x: NdArray<S>,
    y: NdArray<S>,
}

impl<S: Real> Autograd<S> {
    pub(crate) fn new(problem: &Problem<S>) -> Self {
        let Problem { model, data } = problem;
        let matrix = |values: Vec<S>, rows: usize| {
            let columns = values.len() / rows;
            NdArray::from_shape_vec(vec![rows, columns], values).expect("all rows are full")
        };
        let mut environment = VariableEnvironment::new();
        let mut parameters = Vec::new();
        for layer in 0..model.depth() {
            let (w, b) = (model.weights(layer), model.biases(layer));
            let n_in = w.len() / b.len();
            parameters.push(environment.set(matrix(transposed(w), n_in)));
            parameters.push(environment.set(matrix(b.to_vec(), 1)));
        }
        Self {
            environment,
            parameters,
            x: matrix(transposed(data.x().view()), data.examples()),
            y: matrix(data.y().as_slice().to_vec(), data.examples()),
        }
    }
}

impl<S: Real> Peer for Autograd<S> {
    /// The graph is made once for all these steps. Parameters are updated when all gradients are
    /// there: the optimizers of the library update some before others are evaluated.
    fn train(&mut self, steps: usize) -> f64 {
        let Self {
            environment,
            parameters,
            x,
            y,
        } = self;
        let rate = S::constant(LEARNING_RATE);
        environment.run(|context| {
            let [x_node, y_node] = ["x", "y"].map(|name| context.placeholder(name, &[-1, -1]));
            let variables: Vec<_> = parameters.iter().map(|&id| context.variable(id)).collect();
            let mut z = x_node;
            for (layer, pair) in variables.chunks_exact(2).enumerate() {
                let a = if layer == 0 { z } else { ops::relu(z) };
                z = ops::matmul(a, pair[0]) + pair[1];
            }
            let cost = ops::mean_all(ops::sigmoid_cross_entropy(z, y_node));
            let gradients = ops::grad(&[cost], &variables);
            let mut last = S::nan();
            for _ in 0..steps {
                let results = context
                    .evaluator()
                    .extend(&gradients)
                    .push(cost)
                    .feed(x_node, x.view())
                    .feed(y_node, y.view())
                    .run();
                let mut values = results.into_iter().map(|value| value.expect("shapes fit"));
                for (&id, gradient) in parameters.iter().zip(values.by_ref()) {
                    let parameter = context.env().get_array_by_id(id).expect("it was set");
                    parameter.borrow_mut().scaled_add(-rate, &gradient);
                }
                last = values.next().expect("the cost was asked for")[[]];
            }
            last.as_double()
        })
    }
}
