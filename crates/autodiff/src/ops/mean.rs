use super::Axes;
use super::sum::add_stretched;
use crate::runs::reduce;
use crate::signature::{Draw, Signature};
use crate::{Cotangents, Op, Primals, Scalar, Shape, ShapeError, Var, expect_inputs, register};

/// y = (1/N) Σ x over some axes, N elements in each sum: [`Var::mean`] and [`Var::mean_over`].
/// Adjoint: x̄ += ȳ / N, stretched over those axes. Of no elements, the mean is NaN.
#[derive(Clone, Copy, Debug)]
pub struct Mean {
    /// The axes that are averaged over.
    pub axes: Axes,
}
register!(Mean);

impl Op for Mean {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let [x] = expect_inputs(inputs)?;
        self.axes.reduced(x)
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        let shape = x.shape(0);
        y.fill(S::zero());
        reduce(&x[0], shape, self.axes.squeezed(shape), y);
        let count = S::constant(self.axes.count(shape) as f64);
        for y in y {
            *y /= count;
        }
    }

    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        _y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        if let Some(x_bar) = x_bar.get(0) {
            let count = S::constant(self.axes.count(x.shape(0)) as f64);
            add_stretched(x_bar, self.axes, y_bar, count.recip());
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        let shape = draw.shape();
        let axes = Axes::draw(draw, shape.rank());
        Signature::new(Self { axes }).input(shape)
    }

    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        let count = self.axes.count(x[0].shape());
        Some(x[0].sum_over(self.axes) / S::constant(count as f64))
    }
}

impl<S: Scalar> Var<'_, S> {
    /// The mean of all N elements, without axes. Its derivative is 1/N in each.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::from([[1.0, 2.0], [3.0, 6.0]]));
    /// assert_eq!(x.mean().item(), 3.0);
    /// assert_eq!(x.mean().backward().wrt(x)[..], [0.25; 4]);
    /// assert_eq!(x.mean_over(0).value(), Tensor::from([2.0, 4.0]));
    /// ```
    #[track_caller]
    #[must_use]
    pub fn mean(self) -> Self {
        self.mean_over(Axes::ALL)
    }

    /// The mean over these [`Axes`]. Its derivative is 1/N in each element, N being the number of
    /// elements in each mean.
    ///
    /// # Panics
    ///
    /// If an axis does not exist.
    #[track_caller]
    #[must_use]
    pub fn mean_over(self, axes: impl Into<Axes>) -> Self {
        self.tape().apply(Mean { axes: axes.into() }, &[self])
    }
}
