use super::Axes;
use super::exponentials::{above_half, divisor, exponentials};
use super::groups::{MOST, for_each_group};
use crate::signature::{Draw, Signature};
use crate::{
    Cotangents, Op, Primals, Scalar, Shape, ShapeError, Var, assign, expect_inputs, register,
    update,
};

/// y = x − ln Σ e^x over some axes: [`Var::log_softmax`]. Adjoint: x̄ += ȳ − e^y Σ ȳ, the sum over those
/// axes.
///
/// With m the largest x of a sum, y = (x − m) − ln(1 + r), where r is the sum of the other e^(x − m):
/// nothing cancels, so y is as exact for large x as for small ones, and close to 0 too. −∞ is the
/// logarithm of 0, and stays, beside −∞ alone too. A sum with +∞ or NaN in it is NaN.
#[derive(Clone, Copy, Debug)]
pub struct LogSoftmax {
    /// The axes that are summed over.
    pub axes: Axes,
}
register!(LogSoftmax);

impl Op for LogSoftmax {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let [x] = expect_inputs(inputs)?;
        self.axes.reduced(x)?;
        Ok(x)
    }

    /// e^y of every element.
    fn residuals(&self, inputs: &[Shape]) -> usize {
        inputs[0].size()
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        let (shape, x) = (x.shape(0), &x[0]);
        let (y, shares) = y.split_at_mut(x.len());
        let (zero, nothing) = (S::zero(), -S::one());
        let mut kept = [[S::zero(); MOST]; 3];
        for_each_group(shape, self.axes, &mut |group| {
            let [largest, rest, log] = kept.each_mut().map(|kept| &mut kept[..group.sums.len()]);
            exponentials(group, x, shares, [&mut *largest, &mut *rest, &mut *log]);
            assign(
                log,
                [rest],
                #[inline(always)]
                |[rest]| match rest {
                    // Of −∞ alone, where −∞ − (−∞) would be NaN.
                    rest if rest == nothing => zero,
                    rest => rest.vector_ln_1p(),
                },
            );
            group.update(y, [x], [largest, log], |_, [x], [m, log]| x - m - log);
            update(rest, [], |rest, []| divisor(rest));
            group.update(shares, [], [rest], |e, [], [divisor]| e / divisor);
        });
    }

    /// Where a share is above ½, 1 less it is the sum of the others: it would cancel.
    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        let Some(mut x_bar) = x_bar.get(0) else {
            return;
        };
        let x_bar = x_bar.as_mut_slice();
        let (y_bar, shares) = (&*y_bar, &y[y_bar.len()..]);
        let zero = S::zero();
        let mut kept = [[zero; MOST]; 4];
        for_each_group(x.shape(0), self.axes, &mut |group| {
            let [large, sum, of_others, others] =
                kept.each_mut().map(|kept| &mut kept[..group.sums.len()]);
            above_half(group, shares, large);
            sum.fill(zero);
            group.add(sum, [y_bar], [], |[y_bar], []| y_bar);
            of_others.fill(zero);
            group.add(
                of_others,
                [y_bar, shares],
                [large],
                |[y_bar, p], [large]| {
                    if p == large { zero } else { y_bar }
                },
            );
            others.fill(zero);
            group.add(
                others,
                [shares],
                [large],
                |[p], [large]| {
                    if p == large { zero } else { p }
                },
            );
            group.update(
                x_bar,
                [y_bar, shares],
                [large, sum, of_others, others],
                |x_bar, [y_bar, p], [large, sum, of_others, others]| {
                    x_bar
                        + if p == large {
                            y_bar * others - p * of_others
                        } else {
                            y_bar - p * sum
                        }
                },
            );
        });
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        let shape = draw.shape();
        let axes = Axes::draw(draw, shape.rank());
        Signature::new(Self { axes }).input(shape)
    }

    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        Some(x[0] - x[0].log_sum_exp(self.axes.kept()))
    }
}

impl<S: Scalar> Var<'_, S> {
    /// x − ln Σ e^x over these [`Axes`]: the logarithm of [`softmax`](Self::softmax), finite where that is
    /// too small for a number. The shape stays, whether the axes are [kept](Axes::kept) or not. Its
    /// derivative is δ − e^y. It is summed as by [`sum_over`](Self::sum_over), on one thread.
    ///
    /// The cross entropy of three classes, the examples being columns (for rows it is `log_softmax(1)`). A
    /// class that is not to be chosen gets a logit like −1e9: of one at −∞ the product with a label of 0 is
    /// NaN.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let logits = tape.variable(Tensor::from([[0.0, 0.0], [0.0, -800.0], [0.0, 800.0]]));
    /// let labels = tape.data(Tensor::from([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]));
    /// let cost = (labels * logits.log_softmax(0)).sum() / -2.0;
    /// assert!((cost.item() - (3.0_f64.ln() + 1600.0) / 2.0).abs() < 1e-12);
    ///
    /// // (softmax − labels) / 2
    /// let gradient = cost.backward();
    /// let expected = [-1.0 / 3.0, 0.0, 1.0 / 6.0, -0.5, 1.0 / 6.0, 0.5];
    /// for (got, expected) in gradient.wrt(logits).iter().zip(expected) {
    ///     assert!((got - expected).abs() < 1e-15);
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// If an axis does not exist, or is named twice.
    #[track_caller]
    #[must_use]
    pub fn log_softmax(self, axes: impl Into<Axes>) -> Self {
        self.tape().apply(LogSoftmax { axes: axes.into() }, &[self])
    }
}
