use super::Axes;
use super::exponentials::{above_half, divisor, exponentials};
use super::groups::{MOST, for_each_group};
use crate::signature::{Draw, Signature};
use crate::{
    Cotangents, Op, Primals, Scalar, Shape, ShapeError, Var, expect_inputs, register, update,
};

/// y = e^x / Σ e^x over some axes: [`Var::softmax`]. Adjoint: x̄ += y (ȳ − Σ ȳ y), the sum over those
/// axes.
///
/// The exponentials are those of x less the largest of a sum: y is as exact for large x as for small
/// ones. −∞ is the logarithm of 0: its share is 0, beside −∞ alone too. A sum with +∞ or NaN in it is
/// NaN.
#[derive(Clone, Copy, Debug)]
pub struct Softmax {
    /// The axes that are summed over.
    pub axes: Axes,
}
register!(Softmax);

impl Op for Softmax {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let [x] = expect_inputs(inputs)?;
        self.axes.reduced(x)?;
        Ok(x)
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        let mut kept = [[S::zero(); MOST]; 3];
        for_each_group(x.shape(0), self.axes, &mut |group| {
            let [largest, rest, spare] = kept.each_mut().map(|kept| &mut kept[..group.sums.len()]);
            exponentials(group, &x[0], y, [largest, &mut *rest, spare]);
            update(rest, [], |rest, []| divisor(rest));
            group.update(y, [], [rest], |e, [], [divisor]| e / divisor);
        });
    }

    /// What all cotangents have in common is taken from them first, x̄ += y (ȳ − c − Σ (ȳ − c) y): it would
    /// cancel. Where a share is above ½, c is its cotangent, and elsewhere Σ ȳ y: of many small shares one
    /// cotangent says little, and Σ y is not as close to 1 as that would ask for.
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
        let y_bar = &*y_bar;
        let mut kept = [[S::zero(); MOST]; 3];
        for_each_group(x.shape(0), self.axes, &mut |group| {
            let [large, c, sum] = kept.each_mut().map(|kept| &mut kept[..group.sums.len()]);
            above_half(group, y, large);
            c.fill(S::zero());
            group.add(c, [y, y_bar], [large], |[y, y_bar], [large]| {
                if large <= S::one() {
                    S::zero()
                } else {
                    y_bar * y
                }
            });
            group.choose(c, y_bar, y, large);
            sum.fill(S::zero());
            group.add(sum, [y, y_bar], [c], |[y, y_bar], [c]| (y_bar - c) * y);
            group.update(
                x_bar,
                [y, y_bar],
                [c, sum],
                |x_bar, [y, y_bar], [c, sum]| x_bar + y * (y_bar - c - sum),
            );
        });
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        let shape = draw.shape();
        let axes = Axes::draw(draw, shape.rank());
        Signature::new(Self { axes }).input(shape)
    }

    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        Some(x[0].log_softmax(self.axes).exp())
    }
}

impl<S: Scalar> Var<'_, S> {
    /// e^x / Σ e^x over these [`Axes`]: shares of 1, of which a larger x has the larger. The shape stays,
    /// whether the axes are [kept](Axes::kept) or not. Its derivative is y (δ − y). It is summed as by
    /// [`sum_over`](Self::sum_over), on one thread. For a cost there is [`log_softmax`](Self::log_softmax),
    /// which is finite where a share is 0.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::from([[0.0, 1000.0], [7.0, 7.0]]));
    /// let y = x.softmax(1);
    /// assert_eq!(y.value(), Tensor::from([[0.0, 1.0], [0.5, 0.5]]));
    ///
    /// let first = tape.data(Tensor::from([1.0, 0.0]));
    /// assert_eq!((y * first).sum().backward().wrt(x)[..], [0.0, 0.0, 0.25, -0.25]);
    /// ```
    ///
    /// # Panics
    ///
    /// If an axis does not exist, or is named twice.
    #[track_caller]
    #[must_use]
    pub fn softmax(self, axes: impl Into<Axes>) -> Self {
        self.tape().apply(Softmax { axes: axes.into() }, &[self])
    }
}
