//! Cost and gradient by the tape.

use autodiff::{Gradients, Scalar, Tape, Tensor, Var};

use crate::mini_batches::select_columns;
use crate::pass::descend;
use crate::regularization::fill;
use crate::{Dataset, Mlp, Pass, RandomStream, Regularization, dropout, l2_penalty};

/// Cost and gradient of a network on a data set, recorded once and replayed.
///
/// With dropout, the noise is 0 (everything kept) until it is drawn.
///
/// ```
/// use autodiff::Tape;
/// use layers::{He, Mlp, NumpyRandom, Pass, Regularization, Taped, make_circles};
///
/// let data = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
/// let model = Mlp::new(&[2, 10, 5, 1], &He, &mut NumpyRandom::seed(3))?;
/// let tape = Tape::new();
/// let mut pass = Taped::record(&tape, &model, &data, &Regularization::default());
/// assert!((pass.evaluate() - 0.883053746341976).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Taped<'t, S: Scalar> {
    tape: &'t Tape<S>,
    x: Var<'t, S>,
    y: Var<'t, S>,
    parameters: Vec<Var<'t, S>>,
    /// The noise of every hidden layer, if activations are dropped.
    noise: Vec<Var<'t, S>>,
    cost: Var<'t, S>,
    gradients: Gradients<'t, S>,
}

/// Bytes of features that are better not copied. Fewer of them gain more from a place on the tape,
/// where they begin with a line of the cache.
const LARGE: usize = 1 << 17;

impl<'t, S: Scalar> Taped<'t, S> {
    /// Records the network, its cost on the data, and the sweep. Features of 128 KiB or more are not
    /// copied, but read where the data set has them; the first mini-batch that takes their place
    /// then does.
    ///
    /// # Panics
    ///
    /// If the data has another number of features, or leaves of the tape were set and not replayed.
    #[track_caller]
    #[must_use]
    pub fn record(
        tape: &'t Tape<S>,
        model: &Mlp<S>,
        data: &Dataset<S>,
        regularization: &Regularization,
    ) -> Self {
        // The noise, and what is left of the activations, are two more arrays of a layer.
        let each = if regularization.drops() { 3 } else { 1 };
        let hidden = model.sizes()[1..].iter();
        let hidden = hidden.map(|n| each * n * data.examples());
        let features = data.x().as_slice();
        let is_large = size_of_val(features) >= LARGE;
        let copied = if is_large { 0 } else { features.len() };
        let labels = data.y().as_slice().len();
        // The cost is a number for every label, its residuals, and one more.
        let elements = copied + 2 * labels + 1;
        tape.reserve(elements + model.parameters().len() + hidden.sum::<usize>());
        let x = match is_large {
            true => tape.shared_data(data.shared_x()),
            false => tape.data(data.x().clone()),
        };
        let y = tape.data(data.y().clone());
        let mut noise = Vec::new();
        let network = model.record_with(x, |_, activations| {
            if !regularization.drops() {
                return activations;
            }
            let layer = tape.data(Tensor::zeros(activations.shape()));
            noise.push(layer);
            dropout(activations, layer, regularization.dropout)
        });
        let mut cost = network.logits.sigmoid_cross_entropy(y);
        if regularization.l2 > 0.0 {
            let stride = if regularization.l2_on_biases { 1 } else { 2 };
            let penalized: Vec<_> = network.parameters.iter().copied().step_by(stride).collect();
            cost = cost + l2_penalty(&penalized, regularization.l2 / data.examples() as f64);
        }
        Self {
            tape,
            x,
            y,
            parameters: network.parameters,
            noise,
            cost,
            gradients: cost.backward(),
        }
    }
}

impl<S: Scalar> Pass<S> for Taped<'_, S> {
    fn draw_noise(&mut self, random: &mut dyn RandomStream) {
        for &layer in &self.noise {
            self.tape.update(layer, |noise| fill(noise, random));
        }
    }

    fn load(&mut self, data: &Dataset<S>, examples: &[usize]) {
        for (leaf, from) in [(self.x, data.x()), (self.y, data.y())] {
            self.tape
                .update(leaf, |batch| select_columns(from, examples, batch));
        }
    }

    fn hand_over(&self, to: &mut Self) {
        assert_eq!(self.parameters.len(), to.parameters.len(), "other networks");
        for (&from, &parameter) in self.parameters.iter().zip(&to.parameters) {
            to.tape.update(parameter, |values| from.copy_to(values));
        }
    }

    fn evaluate(&mut self) -> S {
        self.tape.replay();
        self.gradients.replay();
        self.cost.item()
    }

    fn descend(&mut self, learning_rate: S) {
        self.gradients
            .update(|values, gradients| descend(values, gradients, learning_rate));
    }

    fn parameters(&self) -> Vec<S> {
        let values = self.parameters.iter().map(|p| p.value().into_vec());
        values.flatten().collect()
    }

    fn gradient(&self) -> Vec<S> {
        let gradients = self.parameters.iter().map(|&p| self.gradients.wrt(p));
        gradients.flat_map(|gradient| gradient.to_vec()).collect()
    }
}
