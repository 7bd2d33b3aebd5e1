use crate::matmul::{Loop, vectorized};
use crate::signature::{Domain, Draw, Signature};
use crate::vectorized::total;
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

    /// e^(−|z|) of every logit.
    fn residuals(&self, inputs: &[Shape]) -> usize {
        inputs[0].size()
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        let [z, labels] = x.views();
        let (cost, e) = y.split_first_mut().expect("the cost is one number");
        *cost = logistic_losses(&z, &labels, e) / count(z.len());
    }

    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        y: &[S],
        cost_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        let [z, labels] = x.views();
        let each = cost_bar[0] / count(z.len());
        if let Some(mut z_bar) = x_bar.get(0) {
            z_bar.add_each(
                [&z, &labels, &y[1..]],
                #[inline(always)]
                |[z, y, e]| each * logistic_slope(z, y, e),
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
/// max(z, 0) − z y + ln(1 + e^(−|z|)): without a logarithm of 0, and finite for finite logits. The
/// exponentials are left in `e`, for [`logistic_slope`].
///
/// The sum of a few logarithms is that of a product, which is kept less 1: q + 1 = Π (1 + eₖ), all
/// of whose terms are positive. At `f64` and `f32` that saves most of the logarithms, for at most
/// three roundings a factor; other scalars take them one by one.
///
/// ```
/// let mut e = [f64::NAN; 2];
/// let loss = autodiff::ops::logistic_losses(&[0.0, 1000.0], &[1.0, 1.0], &mut e);
/// assert_eq!(loss, 2.0_f64.ln());
/// assert_eq!(e, [1.0, 0.0]);
/// ```
///
/// # Panics
///
/// If there is not one label, and place for an exponential, for each logit.
#[track_caller]
pub fn logistic_losses<S: Scalar>(z: &[S], y: &[S], e: &mut [S]) -> S {
    assert!(
        z.len() == y.len() && z.len() == e.len(),
        "{} logits, {} labels, room for {} exponentials",
        z.len(),
        y.len(),
        e.len()
    );
    if const { S::VECTORIZES } {
        vectorized::<S, _>(Losses::<S, 32, 16> { z, y, e })
    } else {
        Losses::<S, 1, 1> { z, y, e }.run()
    }
}

/// In blocks of so many elements, and products of so many factors.
struct Losses<'a, S, const BLOCK: usize, const FACTORS: usize> {
    z: &'a [S],
    y: &'a [S],
    e: &'a mut [S],
}

impl<S: Scalar, const BLOCK: usize, const FACTORS: usize> Loop for Losses<'_, S, BLOCK, FACTORS> {
    type Output = S;

    #[inline(always)]
    fn run(self) -> S {
        let mut sums = [S::zero(); BLOCK];
        let piece = BLOCK * FACTORS;
        let labelled = self.z.chunks(piece).zip(self.y.chunks(piece));
        for ((z, y), e) in labelled.zip(self.e.chunks_mut(piece)) {
            let mut products = [S::zero(); BLOCK];
            let ((z, z_end), (y, y_end)) = (z.as_chunks(), y.as_chunks());
            let (e, e_end) = e.as_chunks_mut();
            for ((z, y), e) in z.iter().zip(y).zip(e) {
                *e = add_block(z, y, &mut sums, &mut products);
            }
            let left = z_end.len();
            if left > 0 {
                // Filled up with logits whose losses are 0.
                let (mut z, mut y) = ([S::min_value(); BLOCK], [S::zero(); BLOCK]);
                z[..left].copy_from_slice(z_end);
                y[..left].copy_from_slice(y_end);
                let e = add_block(&z, &y, &mut sums, &mut products);
                e_end.copy_from_slice(&e[..left]);
            }
            for (sum, product) in sums.iter_mut().zip(products) {
                *sum += product.vector_ln_1p();
            }
        }
        total(&sums)
    }
}

/// Adds what is linear to the sums, takes 1 + e into the products, and gives e.
#[inline(always)]
fn add_block<S: Scalar, const BLOCK: usize>(
    z: &[S; BLOCK],
    y: &[S; BLOCK],
    sums: &mut [S; BLOCK],
    products: &mut [S; BLOCK],
) -> [S; BLOCK] {
    let mut e = [S::zero(); BLOCK];
    for (e, &z) in e.iter_mut().zip(z) {
        *e = (if z > S::zero() { -z } else { z }).vector_exp();
    }
    for k in 0..BLOCK {
        // The branches agree at 0 with all their derivatives, so there is no kink.
        sums[k] += if z[k] > S::zero() {
            z[k] * (S::one() - y[k])
        } else {
            -z[k] * y[k]
        };
        products[k] += e[k] + e[k] * products[k];
    }
    e
}

/// σ(z) − y, e being e^(−|z|) as [`logistic_losses`] left it, and without the cancellation where
/// both are close to 0 or 1.
///
/// ```
/// let slope = autodiff::ops::logistic_slope(40.0, 1.0, (-40.0_f64).exp());
/// assert_eq!(slope, -(-40.0_f64).exp());
/// ```
#[inline(always)]
pub fn logistic_slope<S: Scalar>(z: S, y: S, e: S) -> S {
    // σ(z) = 1/(1 + e) above 0, and e/(1 + e) below.
    let (of_zero, of_one) = if z > S::zero() {
        (S::one() - y, e * y)
    } else {
        (e * (S::one() - y), y)
    };
    (of_zero - of_one) / (S::one() + e)
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
