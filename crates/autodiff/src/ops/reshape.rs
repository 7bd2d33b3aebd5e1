use crate::signature::{Draw, Signature};
use crate::{Cotangents, Op, Primals, Scalar, Shape, ShapeError, Var, expect_inputs, register};

/// y = the elements of x, row by row, in another shape: [`Var::reshape`]. Adjoint: x̄ += ȳ in the
/// old shape.
#[derive(Clone, Copy, Debug)]
pub struct Reshape {
    /// The output's shape.
    pub shape: Shape,
}
register!(Reshape);

impl Op for Reshape {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let [x] = expect_inputs(inputs)?;
        if x.size() == self.shape.size() {
            Ok(self.shape)
        } else {
            Err(ShapeError::new(format!(
                "{} elements do not fill {}",
                x.size(),
                self.shape
            )))
        }
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        y.copy_from_slice(&x[0]);
    }

    fn vjp<S: Scalar>(
        &self,
        _x: Primals<'_, S>,
        _y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        if let Some(mut x_bar) = x_bar.get(0) {
            x_bar.add_each([y_bar], |[y_bar]| y_bar);
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        let from = draw.shape();
        // The axes turned round, or all in one, with some of length 1 added.
        let mut axes: Vec<usize> = if draw.flag() {
            from.dims().iter().rev().copied().collect()
        } else {
            vec![from.size()]
        };
        if draw.flag() {
            axes.insert(draw.below(axes.len() + 1), 1);
        }
        let shape = Shape::new(&axes);
        Signature::new(Self { shape }).input(from)
    }
}

impl<S: Scalar> Var<'_, S> {
    /// The same elements, row by row, in another shape of the same size. So is the gradient.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
    /// assert_eq!(x.reshape([3, 2]).value(), Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If the sizes differ.
    #[track_caller]
    #[must_use]
    pub fn reshape(self, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        self.tape().apply(Reshape { shape }, &[self])
    }
}
