//! What keeps a network from learning the noise of its data.

use autodiff::Scalar;

use crate::{Dropout, NumpyRandom, RandomStream};

/// What is added to the cost and done to the activations in training, and never in prediction:
/// nothing, unless stated. Both may be used together.
///
/// ```
/// use layers::{Dropout, Regularization};
///
/// let l2 = Regularization { l2: 0.7, ..Regularization::default() };
/// let dropout = Regularization { dropout: Dropout::new(0.86)?, ..Regularization::default() };
/// assert!(l2.is_valid() && dropout.is_valid());
/// # Ok::<(), layers::KeepProbError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Regularization {
    /// λ of the penalty λ/(2m) Σ ‖W‖²: finite, and at least 0.
    pub l2: f64,
    /// Whether the penalty counts the biases too. The course's does not.
    pub l2_on_biases: bool,
    /// What is done to the activations of every hidden layer.
    pub dropout: Dropout,
    /// Where the noise of dropout comes from.
    pub noise: Noise,
}

impl Regularization {
    /// Whether λ is finite and at least 0.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.l2 >= 0.0 && self.l2.is_finite()
    }

    /// Whether activations are dropped at all.
    pub(crate) fn drops(&self) -> bool {
        self.dropout.keep_prob() < 1.0
    }
}

/// Where the noise of dropout comes from: uniform in [0, 1), layer after layer, row by row, in
/// every forward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// One stream from this seed: other noise in every pass.
    Fresh(u32),
    /// The seed is set anew before every pass, so that the noise never changes and dropout is one
    /// fixed mask. The course's program does that, with seed 1.
    Repeated(u32),
}

impl Default for Noise {
    fn default() -> Self {
        Self::Fresh(0)
    }
}

impl Noise {
    /// The stream for the first pass.
    pub(crate) fn stream(self) -> NumpyRandom {
        match self {
            Self::Fresh(seed) | Self::Repeated(seed) => NumpyRandom::seed(seed),
        }
    }

    /// Whether later passes get other noise.
    pub(crate) fn changes(self) -> bool {
        matches!(self, Self::Fresh(_))
    }
}

/// Fills an array with noise, row by row.
pub(crate) fn fill<S: Scalar>(noise: &mut [S], random: &mut dyn RandomStream) {
    for noise in noise {
        *noise = S::constant(random.uniform());
    }
}
