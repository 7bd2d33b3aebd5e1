use crate::runs::{reduce, stretch};
use crate::signature::{Draw, Signature};
use crate::{Cotangents, Op, Primals, Scalar, Shape, ShapeError, Var, expect_inputs, register};

/// y = x, stretched to a shape by NumPy's rule: [`Var::broadcast_to`]. Adjoint: x̄ += ȳ, summed
/// over the stretched axes.
#[derive(Clone, Copy, Debug)]
pub struct BroadcastTo {
    /// The output's shape.
    pub shape: Shape,
}
register!(BroadcastTo);

impl Op for BroadcastTo {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let [x] = expect_inputs(inputs)?;
        if x.stretches_to(self.shape) {
            Ok(self.shape)
        } else {
            Err(ShapeError::new(format!(
                "it does not stretch to {}",
                self.shape
            )))
        }
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        stretch(&x[0], x.shape(0), self.shape, y);
    }

    fn vjp<S: Scalar>(
        &self,
        _x: Primals<'_, S>,
        _y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        if let Some(mut x_bar) = x_bar.get(0) {
            let shape = x_bar.shape();
            reduce(y_bar, self.shape, shape, x_bar.as_mut_slice());
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        let shape = draw.shape();
        Signature::new(Self { shape }).input(draw.shape_within(shape))
    }
}

impl<S: Scalar> Var<'_, S> {
    /// The same elements, stretched to `shape`. The gradient sums over the stretched axes.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::from([[1.0], [2.0]]));
    /// let y = x.broadcast_to([2, 3]);
    /// assert_eq!(y.value(), Tensor::from([[1.0; 3], [2.0; 3]]));
    /// assert_eq!(y.sum().backward().wrt(x)[..], [3.0, 3.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If it does not stretch to `shape`.
    #[track_caller]
    #[must_use]
    pub fn broadcast_to(self, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        self.tape().apply(BroadcastTo { shape }, &[self])
    }
}
