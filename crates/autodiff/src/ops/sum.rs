use super::Axes;
use crate::runs::{for_each_run, reduce};
use crate::signature::{Draw, Signature};
use crate::{
    Cotangent, Cotangents, Op, Primals, Scalar, Shape, ShapeError, Var, expect_inputs, register,
};

/// y = Σ x over some axes: [`Var::sum`] and [`Var::sum_over`]. Adjoint: x̄ += ȳ, stretched over
/// those axes.
#[derive(Clone, Copy, Debug)]
pub struct Sum {
    /// The axes that are summed over.
    pub axes: Axes,
}
register!(Sum);

impl Op for Sum {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let [x] = expect_inputs(inputs)?;
        self.axes.reduced(x)
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        y.fill(S::zero());
        reduce(&x[0], x.shape(0), self.axes.squeezed(x.shape(0)), y);
    }

    fn vjp<S: Scalar>(
        &self,
        _x: Primals<'_, S>,
        _y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        if let Some(x_bar) = x_bar.get(0) {
            add_stretched(x_bar, self.axes, y_bar, S::one());
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        let shape = draw.shape();
        let axes = Axes::draw(draw, shape.rank());
        Signature::new(Self { axes }).input(shape)
    }
}

/// x̄ += `factor` ȳ, stretched over the axes: the adjoint of a sum that is then multiplied by
/// `factor`.
pub(super) fn add_stretched<S: Scalar>(
    mut x_bar: Cotangent<'_, S>,
    axes: Axes,
    y_bar: &[S],
    factor: S,
) {
    let shape = x_bar.shape();
    if let [y_bar] = y_bar {
        let each = *y_bar * factor;
        x_bar.add_each([], |[]| each);
        return;
    }
    let x_bar = x_bar.as_mut_slice();
    for_each_run(
        shape,
        &[axes.squeezed(shape).strides_in(shape)],
        &mut |run| {
            for (k, x_bar) in x_bar[run.start..][..run.len].iter_mut().enumerate() {
                *x_bar += y_bar[run.offsets[0] + k * run.strides[0]] * factor;
            }
        },
    );
}

impl<S: Scalar> Var<'_, S> {
    /// The sum of all elements, without axes. Its derivative is 1 in each.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    /// assert_eq!(x.sum().item(), 10.0);
    /// assert_eq!(x.sum().backward().wrt(x)[..], [1.0; 4]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn sum(self) -> Self {
        self.sum_over(Axes::ALL)
    }

    /// The sum over these [`Axes`]. Its derivative is 1 in each element.
    ///
    /// Over the last axis it is taken in partial sums; over others row is added to row, whose
    /// rounding error grows with the number of rows.
    ///
    /// # Panics
    ///
    /// If an axis does not exist.
    #[track_caller]
    #[must_use]
    pub fn sum_over(self, axes: impl Into<Axes>) -> Self {
        self.tape().apply(Sum { axes: axes.into() }, &[self])
    }
}
