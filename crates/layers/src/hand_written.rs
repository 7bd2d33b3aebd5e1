//! The course's forward and backward pass, written out by hand: the tape's counterpart.

use std::borrow::Cow;

use autodiff::matmul::{Matrix, MatrixMut, matmul_and_row_sums, matmul_where_positive};
use autodiff::ops::{logistic_losses, logistic_slope};
use autodiff::{Scalar, sum, update};

use crate::mini_batches::select_columns;
use crate::mlp::Layer;
use crate::pass::descend;
use crate::regularization::fill;
use crate::{Dataset, Mlp, Pass, RandomStream, Regularization};

/// Cost and gradient of a network on a data set, by the formulas of the course.
///
/// Forward, for every layer: Z = W A + b, A = relu(Z), and A = σ(Z) in the last one. Cost:
/// J = (1/m) Σ max(z, 0) − z y + ln(1 + e^(−|z|)), which is −(1/m) Σ y ln a + (1 − y) ln(1 − a)
/// from the logits. Backward: dZ = (A − Y)/m in the last layer; then dW = dZ Aᵀ, db = Σ dZ, and
/// for the layer before, dA = Wᵀ dZ and dZ = dA where A is positive or NaN, else 0.
///
/// With an L2 penalty, J + λ/(2m) Σ ‖W‖² and dW + (λ/m) W. With dropout, D = noise < keep_prob,
/// A D / keep_prob forward and dA D / keep_prob backward, the noise being 0 (everything kept) until
/// it is drawn.
///
/// ```
/// use layers::{HandWritten, He, Mlp, NumpyRandom, Pass, Regularization, make_circles};
///
/// let data = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
/// let model = Mlp::new(&[2, 10, 5, 1], &He, &mut NumpyRandom::seed(3))?;
/// let mut pass = HandWritten::new(&model, &data, &Regularization::default());
/// assert!((pass.evaluate() - 0.883053746341976).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct HandWritten<'d, S: Scalar> {
    /// The features, row by row, and the labels: borrowed until a mini-batch takes their place.
    x: Cow<'d, [S]>,
    y: Cow<'d, [S]>,
    layers: Vec<Layer>,
    parameters: Vec<S>,
    gradient: Vec<S>,
    regularization: Regularization,
    /// Of every hidden layer, if activations are dropped.
    noise: Vec<Vec<S>>,
    /// A of every layer but the last, and the logits Z of the last; each (n_out, m). On the way back
    /// dZ takes their place, as nothing else needs them any more.
    outputs: Vec<Vec<S>>,
    /// e^(−|z|) of every logit.
    exponentials: Vec<S>,
}

impl<'d, S: Scalar> HandWritten<'d, S> {
    /// The pass of this network over this data, its buffers allocated once.
    ///
    /// # Panics
    ///
    /// If the data has another number of features.
    #[track_caller]
    #[must_use]
    pub fn new(model: &Mlp<S>, data: &'d Dataset<S>, regularization: &Regularization) -> Self {
        let m = data.examples();
        let sizes = model.sizes();
        assert!(
            model.features() == data.features(),
            "the network takes {} features, and the data has {}",
            model.features(),
            data.features()
        );
        let hidden = match regularization.drops() {
            true => &sizes[1..sizes.len() - 1],
            false => &[],
        };
        Self {
            x: data.x().as_slice().into(),
            y: data.y().as_slice().into(),
            regularization: *regularization,
            noise: hidden.iter().map(|n| vec![S::zero(); n * m]).collect(),
            parameters: model.parameters().to_vec(),
            gradient: vec![S::zero(); model.parameters().len()],
            outputs: sizes[1..].iter().map(|n| vec![S::zero(); n * m]).collect(),
            exponentials: vec![S::zero(); m],
            layers: (0..model.depth())
                .map(|layer| Layer::new(sizes, layer))
                .collect(),
        }
    }

    fn forward(&mut self) {
        for (k, layer) in self.layers.iter().enumerate() {
            let (before, rest) = self.outputs.split_at_mut(k);
            let a = before.last().map_or(&*self.x, Vec::as_slice);
            layer.apply(&self.parameters, a, &mut rest[0]);
            if let Some(noise) = self.noise.get(k) {
                self.regularization.dropout.apply_to(&mut rest[0], noise);
            }
        }
    }

    /// J, and (A − Y)/m in the place of the logits.
    fn cost(&mut self) -> S {
        let m = S::constant(self.y.len() as f64);
        let logits = self.outputs.last_mut().expect("a network has a layer");
        let e = &mut self.exponentials;
        let losses = logistic_losses(logits, &self.y, e);
        let each = S::one() / m;
        update(
            logits,
            [&self.y, e],
            #[inline(always)]
            |z, [y, e]| each * logistic_slope(z, y, e),
        );
        losses / m + self.penalty()
    }

    /// λ/(2m) Σ ‖W‖².
    fn penalty(&self) -> S {
        let Regularization {
            l2, l2_on_biases, ..
        } = self.regularization;
        let mut squares = S::zero();
        // Of all parameters, so not for nothing.
        for layer in self.layers.iter().filter(|_| l2 > 0.0) {
            let [w, b] = layer.of(&self.parameters);
            squares += sum([w], |[w]| w * w);
            if l2_on_biases {
                squares += sum([b], |[b]| b * b);
            }
        }
        S::constant(0.5) * self.regularization.strength(self.y.len()) * squares
    }

    fn backward(&mut self) {
        let m = self.y.len();
        for (k, layer) in self.layers.iter().enumerate().rev() {
            let &Layer { n_in, n_out, .. } = layer;
            let (before, rest) = self.outputs.split_at_mut(k);
            let dz = Matrix::row_major(&rest[0], n_out, m);
            let [dw, db] = layer.of_mut(&mut self.gradient);
            let a = before.last().map_or(&*self.x, Vec::as_slice);
            matmul_and_row_sums(
                dz,
                Matrix::row_major(a, n_in, m).t(),
                S::zero(),
                MatrixMut::row_major(dw, n_out, n_in),
                db,
                false,
            );
            let [w, b] = layer.of(&self.parameters);
            self.regularization
                .add_penalty_gradient(m, [w, b], [dw, db]);
            if let Some(a) = before.last_mut() {
                matmul_where_positive(
                    Matrix::row_major(w, n_out, n_in).t(),
                    dz,
                    MatrixMut::row_major(a, n_in, m),
                );
                if let Some(noise) = self.noise.get(k - 1) {
                    self.regularization.dropout.apply_to(a, noise);
                }
            }
        }
    }
}

impl<S: Scalar> Pass<S> for HandWritten<'_, S> {
    fn draw_noise(&mut self, random: &mut dyn RandomStream) {
        for noise in &mut self.noise {
            fill(noise, random);
        }
    }

    fn load(&mut self, data: &Dataset<S>, examples: &[usize]) {
        select_columns(data.x(), examples, self.x.to_mut());
        select_columns(data.y(), examples, self.y.to_mut());
    }

    fn hand_over(&self, to: &mut Self) {
        assert!(
            self.layers.len() == to.layers.len()
                && self.parameters.len() == to.parameters.len()
                && std::iter::zip(&self.layers, &to.layers).all(|(a, b)| a.n_out == b.n_out),
            "networks of other sizes"
        );
        to.parameters.copy_from_slice(&self.parameters);
    }

    fn evaluate(&mut self) -> S {
        self.forward();
        let cost = self.cost();
        self.backward();
        cost
    }

    fn descend(&mut self, learning_rate: S) {
        descend(&mut self.parameters, &self.gradient, learning_rate);
    }

    fn parameters(&self) -> Vec<S> {
        self.parameters.clone()
    }

    fn gradient(&self) -> Vec<S> {
        self.gradient.clone()
    }
}
