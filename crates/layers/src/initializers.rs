//! The weights a layer starts from.

use autodiff::Tensor;

use crate::RandomStream;

/// A rule for the weights that a layer starts from. Biases start at 0 and need none.
///
/// Weights are drawn in `f64`, whatever the network's scalar: networks at two precisions then
/// start from the same numbers, up to one rounding.
///
/// ```
/// use layers::{He, Initializer, NumpyRandom, Zeros};
///
/// let rules: [&dyn Initializer; 2] = [&Zeros, &He];
/// let w = rules[1].weights(4, 2, &mut NumpyRandom::seed(3));
/// assert_eq!(w.shape().dims(), [4, 2]);
/// assert_eq!(w[[0, 0]], 1.7886284734303186); // two inputs: He's factor is 1
/// ```
pub trait Initializer {
    /// The weights of one layer, of shape `(n_out, n_in)`, drawn row by row from `rng`.
    fn weights(&self, n_out: usize, n_in: usize, rng: &mut dyn RandomStream) -> Tensor<f64>;
}

/// All weights +0. Nothing is drawn.
///
/// The units of a layer then compute the same thing for ever: this is the course's example of what
/// not to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zeros;

/// Normal weights of mean 0 and standard deviation `scale`: g · scale.
///
/// With `scale` 10 it is the course's "random" initialization, too large for the sigmoid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normal {
    /// The standard deviation. If it is not finite, or so large that a weight is not, there is no
    /// such network: `Mlp::new` gives an error.
    pub scale: f64,
}

/// Normal weights of variance 2 / `n_in`: g · √(2 / `n_in`).
///
/// It keeps the mean square of the activations from one ReLU layer to the next: K. He, X. Zhang,
/// S. Ren, J. Sun, "Delving deep into rectifiers" (2015), equation 10.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct He;

/// Normal weights of variance 1 / `n_in`: g / √`n_in`, divided and not multiplied by the inverse,
/// so that it rounds as the course's `randn(n_out, n_in) / np.sqrt(n_in)` does.
///
/// It keeps the variance in the forward direction. X. Glorot and Y. Bengio, "Understanding the
/// difficulty of training deep feedforward neural networks" (2010), ask for 1 / `n_in` forward
/// (their equation 10) and 1 / `n_out` backward (11), and propose the compromise
/// 2 / (`n_in` + `n_out`) (12), which many libraries call Xavier; on a square layer the two agree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Xavier;

impl Initializer for Zeros {
    fn weights(&self, n_out: usize, n_in: usize, _: &mut dyn RandomStream) -> Tensor<f64> {
        Tensor::zeros([n_out, n_in])
    }
}

impl Initializer for Normal {
    fn weights(&self, n_out: usize, n_in: usize, rng: &mut dyn RandomStream) -> Tensor<f64> {
        Tensor::from_fn([n_out, n_in], |_| rng.standard_normal() * self.scale)
    }
}

impl Initializer for He {
    fn weights(&self, n_out: usize, n_in: usize, rng: &mut dyn RandomStream) -> Tensor<f64> {
        let deviation = (2.0 / n_in as f64).sqrt();
        Tensor::from_fn([n_out, n_in], |_| rng.standard_normal() * deviation)
    }
}

impl Initializer for Xavier {
    fn weights(&self, n_out: usize, n_in: usize, rng: &mut dyn RandomStream) -> Tensor<f64> {
        let root = (n_in as f64).sqrt();
        Tensor::from_fn([n_out, n_in], |_| rng.standard_normal() / root)
    }
}
