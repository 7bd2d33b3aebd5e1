//! What keeps a network from learning the noise of its data.

use autodiff::{Scalar, update};

use crate::{Dropout, NumpyRandom, RandomStream, TrainingError};

/// What is added to the cost and done to the activations in training, and never in prediction:
/// nothing, unless stated. Both may be used together.
///
/// ```
/// use layers::{Dropout, Regularization, Training};
///
/// let l2 = Regularization { l2: 0.7, ..Regularization::default() };
/// let both = Regularization { dropout: Dropout::new(0.86)?, ..l2 };
/// let training = Training { regularization: both, ..Training::default() };
/// # Ok::<(), layers::KeepProbError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Regularization {
    /// λ of the penalty λ/(2m) Σ ‖W‖²: 0, or such that λ/m is positive and finite at the scalar that
    /// trains. m is the number of examples in the step, that of the mini-batch if there are
    /// mini-batches, as in the course's formulas.
    pub l2: f64,
    /// Whether the penalty counts the biases too. The course's does not.
    pub l2_on_biases: bool,
    /// What is done to the activations of every hidden layer.
    pub dropout: Dropout,
    /// Where the noise of dropout comes from.
    pub noise: Noise,
}

impl Regularization {
    /// Whether steps with m examples can be regularized at this scalar, where a number may be 0 or
    /// infinite that is neither as `f64`.
    pub(crate) fn check<S: Scalar>(&self, m: usize) -> Result<(), TrainingError> {
        let is_positive = |number: S| number > S::zero() && number.is_finite();
        if self.l2 != 0.0 && !is_positive(self.strength(m)) {
            return Err(TrainingError::L2(self.l2));
        }
        let keep_prob = self.dropout.keep_prob();
        if !is_positive(S::constant(keep_prob).recip()) {
            return Err(TrainingError::KeepProb(keep_prob));
        }
        Ok(())
    }

    /// λ/m, of a step with m examples.
    pub(crate) fn strength<S: Scalar>(&self, m: usize) -> S {
        S::constant(self.l2 / m as f64)
    }

    /// dW + (λ/m) W, and the same of b if the penalty counts it.
    pub(crate) fn add_penalty_gradient<S: Scalar>(
        &self,
        m: usize,
        [w, b]: [&[S]; 2],
        [dw, db]: [&mut [S]; 2],
    ) {
        let strength = self.strength::<S>(m);
        if self.l2 > 0.0 {
            update(dw, [w], |dw, [w]| dw + strength * w);
            if self.l2_on_biases {
                update(db, [b], |db, [b]| db + strength * b);
            }
        }
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
    /// Other noise in every step, a function of this seed and of the step's number k: what
    /// `numpy.random.RandomState([seed, k % 2**32, k >> 32])` draws. A run can be taken up at any
    /// step without the state of a generator.
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
    /// The stream for a step, counted from 0.
    pub(crate) fn stream(self, step: usize) -> NumpyRandom {
        match self {
            // An array and not a hash in 32 bits, of which two steps may have the same one.
            Self::Fresh(seed) => {
                let step = step as u64;
                NumpyRandom::seed_by_array(&[seed, step as u32, (step >> 32) as u32])
            }
            Self::Repeated(seed) => NumpyRandom::seed(seed),
        }
    }

    /// Whether later steps get other noise.
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
