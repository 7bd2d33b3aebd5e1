//! The calls of kernels that a network's cost and gradient take, on plain slices: what a tape can at
//! best add nothing to.

use gradproof::autodiff::matmul::{
    Activation, Matrix, MatrixMut, affine, matmul_and_row_sums, matmul_gated,
};
use gradproof::autodiff::ops::{logistic_losses, logistic_slope};
use gradproof::autodiff::{Scalar, assign};
use gradproof::layers::{Dataset, Mlp};

/// A network on its examples, every buffer allocated once.
pub(crate) struct Bare<S> {
    layers: Vec<Layer<S>>,
    /// Before the first layer, and after each one: (n, m), the last being the logits.
    activations: Vec<Vec<S>>,
    labels: Vec<S>,
    /// e^(−|z|) of every logit.
    exponentials: Vec<S>,
    /// dZ of the layer at hand, and of the one before.
    dz: Vec<S>,
    dz_before: Vec<S>,
}

struct Layer<S> {
    n_in: usize,
    n_out: usize,
    w: Vec<S>,
    b: Vec<S>,
    dw: Vec<S>,
    db: Vec<S>,
}

impl<S: Scalar> Bare<S> {
    pub(crate) fn new(model: &Mlp<S>, data: &Dataset<S>) -> Self {
        let m = data.examples();
        let zeros = |n: usize| vec![S::zero(); n];
        let layer = |(layer, n): (usize, &[usize])| Layer {
            n_in: n[0],
            n_out: n[1],
            w: model.weights(layer).to_vec(),
            b: model.biases(layer).to_vec(),
            dw: zeros(n[0] * n[1]),
            db: zeros(n[1]),
        };
        let sizes = model.sizes();
        let widest = m * sizes[1..].iter().max().expect("a network has layers");
        let mut activations = vec![data.x().as_slice().to_vec()];
        activations.extend(sizes[1..].iter().map(|n| zeros(n * m)));
        Self {
            layers: sizes.windows(2).enumerate().map(layer).collect(),
            activations,
            labels: data.y().as_slice().to_vec(),
            exponentials: zeros(m),
            dz: zeros(widest),
            dz_before: zeros(widest),
        }
    }

    /// The cost.
    pub(crate) fn forward(&mut self) -> S {
        let (m, last) = (self.labels.len(), self.layers.len() - 1);
        for (k, layer) in self.layers.iter().enumerate() {
            let (before, after) = self.activations.split_at_mut(k + 1);
            let activation = match k == last {
                true => Activation::Identity,
                false => Activation::Relu,
            };
            affine(
                Matrix::row_major(&layer.w, layer.n_out, layer.n_in),
                Matrix::row_major(&before[k], layer.n_in, m),
                &layer.b,
                activation,
                MatrixMut::row_major(&mut after[0], layer.n_out, m),
            );
        }
        let e = &mut self.exponentials;
        logistic_losses(&self.activations[last + 1], &self.labels, e) / S::constant(m as f64)
    }

    /// The gradient, at the values that [`forward`](Bare::forward) left.
    pub(crate) fn backward(&mut self) {
        let m = self.labels.len();
        let each = S::one() / S::constant(m as f64);
        let logits = &self.activations[self.layers.len()];
        assign(
            &mut self.dz[..m],
            [logits, &self.labels, &self.exponentials],
            #[inline(always)]
            |[z, y, e]| each * logistic_slope(z, y, e),
        );
        for (k, layer) in self.layers.iter_mut().enumerate().rev() {
            let Layer { n_in, n_out, .. } = *layer;
            let dz = Matrix::row_major(&self.dz, n_out, m);
            let a = Matrix::row_major(&self.activations[k], n_in, m);
            let dw = MatrixMut::row_major(&mut layer.dw, n_out, n_in);
            matmul_and_row_sums(dz, a.t(), S::zero(), dw, &mut layer.db, false);
            if k > 0 {
                let w = Matrix::row_major(&layer.w, n_out, n_in);
                let before = MatrixMut::row_major(&mut self.dz_before, n_in, m);
                matmul_gated(w.t(), dz, a, before);
                std::mem::swap(&mut self.dz, &mut self.dz_before);
            }
        }
    }

    /// In the order W¹, b¹, W², b², …
    pub(crate) fn gradient(&self) -> Vec<S> {
        let layers = self.layers.iter();
        layers
            .flat_map(|layer| layer.dw.iter().chain(&layer.db).copied())
            .collect()
    }
}
