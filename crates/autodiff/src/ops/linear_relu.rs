use super::Linear;
use super::linear::{apply, pull_back, pull_back_to_activations, pull_back_to_weights};
use crate::matmul::{Activation, rectify_rows};
use crate::signature::{Draw, Kink, Signature};
use crate::vectorized::update;
use crate::{Cotangents, Op, Primals, Scalar, Shape, ShapeError, Var, register};

/// A' = relu(W A + b), a hidden layer of the course in one pass: [`Var::linear_relu`]. Shapes are
/// those of [`Linear`]. Adjoint: Z̄ = Ā' where A' is positive or NaN, else 0, and from there as
/// `Linear`: W̄ += Z̄ Aᵀ, Ā += Wᵀ Z̄, b̄ += the row sums of Z̄. At the kink relu'(0) is 0. NaN stays NaN.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinearRelu;
register!(LinearRelu);

impl Op for LinearRelu {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        Linear.output_shape(inputs)
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        apply(x, Activation::Relu, y);
    }

    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        if x_bar.output_is_rectified() {
            return pull_back(x, y_bar, x_bar);
        }
        // relu(z) is positive or NaN where z is.
        if let Some(mut b_bar) = x_bar.get(2) {
            let (b_bar, is_first) = b_bar.destination();
            rectify_rows(y_bar, y, b_bar, !is_first);
        } else {
            update(
                y_bar,
                [y],
                |y_bar, [y]| {
                    if y <= S::zero() { S::zero() } else { y_bar }
                },
            );
        }
        pull_back_to_weights(x, y_bar, &mut x_bar);
        pull_back_to_activations(x, y_bar, &mut x_bar);
    }

    fn rectifies(&self) -> bool {
        true
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        Linear::signature(draw)
            .map(|Linear| Self)
            .kink(Kink::Layer { at: 0.0 })
    }

    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        Some((x[0].matmul(x[1]) + x[2]).relu())
    }
}

impl<'t, S: Scalar> Var<'t, S> {
    /// relu(W A + b) for these weights W: [`linear`](Var::linear) and [`relu`](Var::relu) in one
    /// pass, forward and back, and without room for W A + b.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let w = tape.variable(Tensor::from([[2.0, -1.0]]));
    /// let b = tape.variable(Tensor::from([[0.5]]));
    /// let a = tape.data(Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 2.0]]));
    /// let hidden = w.linear_relu(a, b);
    /// assert_eq!(hidden.value(), Tensor::from([[0.0, 0.0, 4.5]]));
    /// let gradients = hidden.sum().backward();
    /// assert_eq!(gradients.wrt(w)[..], [3.0, 2.0]);
    /// assert_eq!(gradients.wrt(b)[..], [1.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the shapes do not fit.
    #[track_caller]
    #[must_use]
    pub fn linear_relu(self, activations: Var<'t, S>, biases: Var<'t, S>) -> Var<'t, S> {
        self.tape().apply(LinearRelu, &[self, activations, biases])
    }
}
