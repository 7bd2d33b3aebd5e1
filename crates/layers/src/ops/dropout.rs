use autodiff::signature::{Domain, Draw, Kink};
use autodiff::{Pointwise, Scalar, Var, register, update};

/// y = a / keep_prob where noise < keep_prob, else 0: inverted dropout, [`dropout`]. Adjoint:
/// ā += ȳ / keep_prob where kept, else 0; the noise gets nothing.
///
/// The noise is an input, uniform in [0, 1), so that the op is a function like any other: it can
/// be replayed, and its gradient checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    keep_prob: f64,
}
register!(Dropout);

/// A `keep_prob` outside (0, 1].
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("keep_prob is {0}: give the probability to keep a unit, above 0 and at most 1")]
pub struct KeepProbError(pub f64);

impl Dropout {
    /// Keeps each element with this probability.
    ///
    /// # Errors
    ///
    /// If it is not above 0 and at most 1.
    ///
    /// ```
    /// use layers::Dropout;
    ///
    /// assert!(Dropout::new(0.86).is_ok());
    /// assert!(Dropout::new(0.0).is_err());
    /// ```
    pub fn new(keep_prob: f64) -> Result<Self, KeepProbError> {
        if keep_prob > 0.0 && keep_prob <= 1.0 {
            Ok(Self { keep_prob })
        } else {
            Err(KeepProbError(keep_prob))
        }
    }

    /// The probability to keep an element.
    #[must_use]
    pub fn keep_prob(&self) -> f64 {
        self.keep_prob
    }

    /// What becomes of a value, an activation or its cotangent. A NaN for noise stays one.
    pub(crate) fn apply<S: Scalar>(&self, value: S, noise: S) -> S {
        let keep_prob = S::constant(self.keep_prob);
        if noise < keep_prob {
            value / keep_prob
        } else if noise >= keep_prob {
            S::zero()
        } else {
            S::nan()
        }
    }
}

// Of a whole array.
impl Dropout {
    pub(crate) fn apply_to<S: Scalar>(&self, values: &mut [S], noise: &[S]) {
        update(values, [noise], |value, [noise]| self.apply(value, noise));
    }
}

impl Default for Dropout {
    /// Everything is kept.
    fn default() -> Self {
        Self { keep_prob: 1.0 }
    }
}

impl Pointwise for Dropout {
    type Args<T: Copy> = [T; 2];

    fn eval<S: Scalar>(&self, [a, noise]: [S; 2]) -> S {
        self.apply(a, noise)
    }

    fn derivative<S: Scalar>(&self, [_, noise]: [S; 2], _y: S) -> [S; 2] {
        [self.apply(S::one(), noise), S::zero()]
    }

    fn domain(&self) -> [Domain; 2] {
        [Domain::REAL, Domain::UNIT]
    }

    /// Where the noise reaches keep_prob the value jumps; the noise gets nothing there either.
    fn kinks(&self) -> Vec<Kink> {
        vec![Kink::Point {
            input: 1,
            at: self.keep_prob,
            derivative: 0.0,
        }]
    }

    fn draw(draw: &mut Draw<'_>) -> Self {
        let keep_probs = [0.5, 0.86, 0.3, 1.0];
        Self {
            keep_prob: keep_probs[draw.below(keep_probs.len())],
        }
    }
}

/// Inverted dropout of activations by noise that is uniform in [0, 1): kept and divided by
/// `keep_prob` where noise < `keep_prob`, else 0. The gradient is 1 / `keep_prob`, or 0.
///
/// ```
/// use autodiff::{Tape, Tensor};
/// use layers::{Dropout, dropout};
///
/// let tape = Tape::<f64>::new();
/// let a = tape.variable(Tensor::from([4.0, 4.0]));
/// let noise = tape.data(Tensor::from([0.1, 0.9]));
/// let y = dropout(a, noise, Dropout::new(0.5)?);
/// assert_eq!(y.value(), Tensor::from([8.0, 0.0]));
/// assert_eq!(y.sum().backward().wrt(a)[..], [2.0, 0.0]);
/// # Ok::<(), layers::KeepProbError>(())
/// ```
///
/// # Panics
///
/// If the shapes do not broadcast.
#[track_caller]
#[must_use]
pub fn dropout<'t, S: Scalar>(a: Var<'t, S>, noise: Var<'t, S>, op: Dropout) -> Var<'t, S> {
    a.tape().apply(op, &[a, noise])
}
