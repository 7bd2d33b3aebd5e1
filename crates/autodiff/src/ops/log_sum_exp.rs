use super::Axes;
use super::exponentials::{divisor, exponentials};
use super::groups::{MOST, for_each_group};
use crate::signature::{Draw, Signature};
use crate::{
    Cotangents, Op, Primals, Scalar, Shape, ShapeError, Var, expect_inputs, register, update,
};

/// y = ln Σ e^x over some axes: [`Var::log_sum_exp`]. Adjoint: x̄ += ȳ e^(x − y), ȳ and y stretched over
/// those axes.
///
/// With m the largest x of a sum, y = m + ln(1 + r), where r is the sum of the other e^(x − m): no
/// exponential overflows, and what is small beside the largest is not lost where y is close to 0.
///
/// −∞ is the logarithm of 0: it adds nothing and gets nothing, and of no elements, or of −∞ alone, y is
/// −∞. A sum with +∞ or NaN in it is NaN, and so is all of its gradient; in forward mode a tangent that is 0
/// stays 0 there, as of any [`Dual`](crate::Dual).
#[derive(Clone, Copy, Debug)]
pub struct LogSumExp {
    /// The axes that are summed over.
    pub axes: Axes,
}
register!(LogSumExp);

impl Op for LogSumExp {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let [x] = expect_inputs(inputs)?;
        self.axes.reduced(x)
    }

    /// e^(x − m) of every element, and what the sum divides it by.
    fn residuals(&self, inputs: &[Shape]) -> usize {
        inputs[0].size() + self.axes.squeezed(inputs[0]).size()
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        let (shape, x) = (x.shape(0), &x[0]);
        let (y, kept) = y.split_at_mut(self.axes.squeezed(shape).size());
        let (e, rest) = kept.split_at_mut(x.len());
        let mut spare = [S::zero(); MOST];
        for_each_group(shape, self.axes, &mut |group| {
            let sums = group.sums.clone();
            let kept = [
                &mut y[sums.clone()],
                &mut rest[sums.clone()],
                &mut spare[..sums.len()],
            ];
            exponentials(group, x, e, kept);
        });
        update(
            y,
            [rest],
            #[inline(always)]
            |m, [rest]| m + rest.vector_ln_1p(),
        );
        update(rest, [], |rest, []| divisor(rest));
    }

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
        let (e, divisors) = y[y_bar.len()..].split_at(x[0].len());
        update(y_bar, [divisors], |y_bar, [divisor]| y_bar / divisor);
        let x_bar = x_bar.as_mut_slice();
        for_each_group(x.shape(0), self.axes, &mut |group| {
            let y_bar = &y_bar[group.sums.clone()];
            group.update(x_bar, [e], [y_bar], |x_bar, [e], [y_bar]| x_bar + e * y_bar);
        });
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        let shape = draw.shape();
        let axes = Axes::draw(draw, shape.rank());
        Signature::new(Self { axes }).input(shape)
    }

    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        Some(x[0].exp().sum_over(self.axes).ln())
    }
}

impl<S: Scalar> Var<'_, S> {
    /// ln Σ e^x over these [`Axes`], a maximum without its kinks. Its derivative is
    /// [`softmax`](Self::softmax). It is summed as by [`sum_over`](Self::sum_over), on one thread.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::from([[1000.0, 1000.0], [0.0, -1000.0]]));
    /// let y = x.log_sum_exp(1);
    /// assert_eq!(y.value(), Tensor::from([1000.0 + 2.0_f64.ln(), 0.0]));
    /// assert_eq!(y.sum().backward().wrt(x)[..], [0.5, 0.5, 1.0, 0.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If an axis does not exist, or is named twice.
    #[track_caller]
    #[must_use]
    pub fn log_sum_exp(self, axes: impl Into<Axes>) -> Self {
        self.tape().apply(LogSumExp { axes: axes.into() }, &[self])
    }
}
