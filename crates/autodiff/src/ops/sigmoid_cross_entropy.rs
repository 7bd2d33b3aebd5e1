use super::logistic;
use super::sigmoid::logistic_by;
use crate::signature::{Domain, Draw, Signature};
use crate::vectorized::{assign, total, update};
use crate::{Cotangents, Op, Primals, Scalar, Shape, ShapeError, Var, expect_inputs, register};

/// The mean cross entropy of labels y and probabilities σ(z), from the logits z:
/// [`Var::sigmoid_cross_entropy`].
///
/// J = (1/N) Σ max(z, 0) − z y + ln(1 + e^(−|z|)), which is −(1/N) Σ y ln σ(z) + (1 − y) ln σ(−z)
/// without a logarithm of 0. Adjoint: z̄ += J̄ (σ(z) − y) / N, ȳ −= J̄ z / N. Of no elements, the
/// mean is NaN.
#[derive(Clone, Copy, Debug, Default)]
pub struct SigmoidCrossEntropy;
register!(SigmoidCrossEntropy);

impl Op for SigmoidCrossEntropy {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let [z, y] = expect_inputs(inputs)?;
        if z == y {
            Ok(Shape::scalar())
        } else {
            Err(ShapeError::new("logits and labels differ in shape"))
        }
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, cost: &mut [S]) {
        let [z, y] = x.views();
        cost[0] = logistic_losses(&z, &y) / count(z.len());
    }

    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        _cost: &[S],
        cost_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        let [z, y] = x.views();
        let each = cost_bar[0] / count(z.len());
        if let Some(mut z_bar) = x_bar.get(0) {
            z_bar.add_each(
                [&z, &y],
                #[inline(always)]
                |[z, y]| each * slope(logistic(z), y),
            );
        }
        if let Some(mut y_bar) = x_bar.get(1) {
            y_bar.add_each([&z], |[z]| -each * z);
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        let shape = draw.shape();
        Signature::new(Self)
            .input(shape)
            .input_in(shape, Domain::UNIT)
    }

    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        let [z, y] = x else { return None };
        let (one, of_one, of_zero) = (S::one(), z.sigmoid().ln(), (-*z).sigmoid().ln());
        Some(-(*y * of_one + (-*y + one) * of_zero).mean())
    }
}

/// The sum of the losses −y ln σ(z) − (1 − y) ln σ(−z) of logits z and labels y, from
/// max(z, 0) − z y + ln(1 + e^(−|z|)): without a logarithm of 0, and finite for finite logits.
///
/// ```
/// let loss = autodiff::ops::logistic_losses(&[0.0, 1000.0], &[1.0, 1.0]);
/// assert_eq!(loss, 2.0_f64.ln());
/// ```
///
/// # Panics
///
/// If there is not one label for each logit.
#[track_caller]
#[must_use]
pub fn logistic_losses<S: Scalar>(z: &[S], y: &[S]) -> S {
    assert!(z.len() == y.len(), "{} logits, {} labels", z.len(), y.len());
    let mut terms = [S::zero(); PIECE];
    let pieces = z.chunks(PIECE).zip(y.chunks(PIECE)).map(|(z, y)| {
        let terms = &mut terms[..z.len()];
        exponentials(z, terms);
        update(
            terms,
            [z, y],
            #[inline(always)]
            |e, [z, y]| loss(z, y, e),
        );
        total(terms)
    });
    pieces.sum()
}

/// [`logistic_losses`], and in place of the logits their cotangents, `each` · (σ(z) − y): the
/// exponentials are computed once for both.
///
/// ```
/// let mut z = [0.0, 1000.0];
/// let loss = autodiff::ops::logistic_losses_and_cotangents(&mut z, &[1.0, 1.0], 0.5);
/// assert_eq!(loss, 2.0_f64.ln());
/// assert_eq!(z, [-0.25, 0.0]);
/// ```
///
/// # Panics
///
/// If there is not one label for each logit.
#[track_caller]
pub fn logistic_losses_and_cotangents<S: Scalar>(z: &mut [S], y: &[S], each: S) -> S {
    assert!(z.len() == y.len(), "{} logits, {} labels", z.len(), y.len());
    let (mut e, mut terms) = ([S::zero(); PIECE], [S::zero(); PIECE]);
    let pieces = z.chunks_mut(PIECE).zip(y.chunks(PIECE)).map(|(z, y)| {
        let (e, terms) = (&mut e[..z.len()], &mut terms[..z.len()]);
        exponentials(z, e);
        assign(
            terms,
            [z, y, e],
            #[inline(always)]
            |[z, y, e]| loss(z, y, e),
        );
        update(
            z,
            [y, e],
            #[inline(always)]
            |z, [y, e]| each * slope(logistic_by(z, e), y),
        );
        total(terms)
    });
    pieces.sum()
}

/// So many elements at a time: exponential, logarithm and quotient each have a loop of their own, as
/// together they are too long for a machine to work on several elements at once.
const PIECE: usize = 320;

/// e^(−|z|).
fn exponentials<S: Scalar>(z: &[S], e: &mut [S]) {
    assign(
        e,
        [z],
        #[inline(always)]
        |[z]| (if z > S::zero() { -z } else { z }).vector_exp(),
    );
}

/// max(z, 0) − z y + ln(1 + e), e being e^(−|z|).
#[inline(always)]
fn loss<S: Scalar>(z: S, y: S, e: S) -> S {
    // The branches agree at 0 with all their derivatives, so there is no kink.
    let linear = if z > S::zero() {
        z * (S::one() - y)
    } else {
        -z * y
    };
    linear + e.vector_ln_1p_of_fraction()
}

/// σ(z) − y from σ(z) and σ(−z), but without the cancellation where they are close.
#[inline(always)]
fn slope<S: Scalar>((probability, complement): (S, S), y: S) -> S {
    probability * (S::one() - y) - complement * y
}

fn count<S: Scalar>(n: usize) -> S {
    S::constant(n as f64)
}

impl<S: Scalar> Var<'_, S> {
    /// The mean cross entropy of the labels and the probabilities σ(self), over all elements:
    /// stable for finite logits of any size.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let logits = tape.variable(Tensor::from([[1000.0, 0.0]]));
    /// let labels = tape.data(Tensor::from([[1.0, 1.0]]));
    /// let cost = logits.sigmoid_cross_entropy(labels);
    /// assert_eq!(cost.item(), 2.0_f64.ln() / 2.0);
    /// assert_eq!(cost.backward().wrt(logits)[..], [0.0, -0.25]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    #[track_caller]
    #[must_use]
    pub fn sigmoid_cross_entropy(self, labels: Self) -> Self {
        self.tape().apply(SigmoidCrossEntropy, &[self, labels])
    }
}
