use crate::matmul::{Activation, Matrix, MatrixMut, affine, row_sums};
use crate::signature::{Draw, Signature};
use crate::{Cotangents, Op, Primals, Scalar, Shape, ShapeError, Var, expect_inputs, register};

/// Z = W A + b, a layer of the course: [`Var::linear`]. W is (n_out, n_in), A is (n_in, m) with
/// examples in columns, b is (n_out, 1). Adjoint: W̄ += Z̄ Aᵀ, Ā += Wᵀ Z̄, b̄ += the row sums of Z̄.
#[derive(Clone, Copy, Debug, Default)]
pub struct Linear;
register!(Linear);

impl Op for Linear {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let shapes: [Shape; 3] = expect_inputs(inputs)?;
        let [[n_out, n_in], [rows, m], [biases, one]] = matrices(shapes)
            .ok_or_else(|| ShapeError::new("weights, activations and biases are matrices"))?;
        if n_in != rows {
            return Err(ShapeError::new(format!(
                "the weights are for {n_in} features, and there are {rows}"
            )));
        }
        if [biases, one] != [n_out, 1] {
            return Err(ShapeError::new(format!(
                "the biases have to be ({n_out}, 1)"
            )));
        }
        Shape::scalar()
            .of_batch(&[n_out, m])
            .ok_or_else(|| ShapeError::new("the product is too large to address"))
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, z: &mut [S]) {
        apply(x, Activation::Identity, z);
    }

    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        _z: &[S],
        z_bar: &mut [S],
        x_bar: Cotangents<'_, S>,
    ) {
        pull_back(x, z_bar, x_bar);
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        let (n_out, n_in, m) = (draw.dim(), draw.dim(), draw.dim());
        Signature::new(Self)
            .input([n_out, n_in])
            .input([n_in, m])
            .input([n_out, 1])
    }

    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        Some(x[0].matmul(x[1]) + x[2])
    }
}

/// f(W A + b).
pub(super) fn apply<S: Scalar>(x: Primals<'_, S>, activation: Activation, z: &mut [S]) {
    let [n_out, n_in, m] = sizes(x);
    affine(
        Matrix::row_major(x.get(0), n_out, n_in),
        Matrix::row_major(x.get(1), n_in, m),
        x.get(2),
        activation,
        MatrixMut::row_major(z, n_out, m),
    );
}

/// What Z̄ contributes to W̄, b̄ and Ā.
pub(super) fn pull_back<S: Scalar>(x: Primals<'_, S>, z_bar: &[S], mut x_bar: Cotangents<'_, S>) {
    let [n_out, n_in, m] = sizes(x);
    if let Some([mut w_bar, mut b_bar]) = x_bar.get_both([0, 2]) {
        let a = Matrix::row_major(x.get(1), n_in, m);
        let z_bar = Matrix::row_major(z_bar, n_out, m);
        w_bar.add_matmul_and_row_sums(z_bar, a.t(), &mut b_bar);
    } else {
        if let Some(mut b_bar) = x_bar.get(2) {
            let (b_bar, is_first) = b_bar.destination();
            row_sums(z_bar, b_bar, !is_first);
        }
        pull_back_to_weights(x, z_bar, &mut x_bar);
    }
    pull_back_to_activations(x, z_bar, &mut x_bar);
}

/// What Z̄ contributes to W̄.
pub(super) fn pull_back_to_weights<S: Scalar>(
    x: Primals<'_, S>,
    z_bar: &[S],
    x_bar: &mut Cotangents<'_, S>,
) {
    let [n_out, n_in, m] = sizes(x);
    if let Some(mut w_bar) = x_bar.get(0) {
        let a = Matrix::row_major(x.get(1), n_in, m);
        w_bar.add_matmul(S::one(), Matrix::row_major(z_bar, n_out, m), a.t());
    }
}

/// What Z̄ contributes to Ā.
pub(super) fn pull_back_to_activations<S: Scalar>(
    x: Primals<'_, S>,
    z_bar: &[S],
    x_bar: &mut Cotangents<'_, S>,
) {
    let [n_out, n_in, m] = sizes(x);
    if let Some(mut a_bar) = x_bar.get(1) {
        let w = Matrix::row_major(x.get(0), n_out, n_in);
        a_bar.add_matmul(S::one(), w.t(), Matrix::row_major(z_bar, n_out, m));
    }
}

fn matrices(shapes: [Shape; 3]) -> Option<[[usize; 2]; 3]> {
    let [w, a, b] = shapes.map(|shape| <[usize; 2]>::try_from(shape.dims()).ok());
    Some([w?, a?, b?])
}

/// n_out, n_in and m.
#[inline(always)]
fn sizes<S: Scalar>(x: Primals<'_, S>) -> [usize; 3] {
    let (w, a) = (x.dims(0), x.dims(1));
    [w[0], w[1], a[1]]
}

impl<'t, S: Scalar> Var<'t, S> {
    /// W A + b for these weights W: (n_out, n_in) · (n_in, m) + (n_out, 1), examples in columns.
    /// The gradients are Z̄ Aᵀ, Wᵀ Z̄ and the row sums of Z̄.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let w = tape.variable(Tensor::from([[2.0, -1.0]]));
    /// let b = tape.variable(Tensor::from([[0.5]]));
    /// let a = tape.data(Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
    /// let z = w.linear(a, b);
    /// assert_eq!(z.value(), Tensor::from([[-1.5, -0.5, 0.5]]));
    /// let gradients = z.sum().backward();
    /// assert_eq!(gradients.wrt(w)[..], [6.0, 15.0]);
    /// assert_eq!(gradients.wrt(b)[..], [3.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the shapes do not fit.
    #[track_caller]
    #[must_use]
    pub fn linear(self, activations: Var<'t, S>, biases: Var<'t, S>) -> Var<'t, S> {
        self.tape().apply(Linear, &[self, activations, biases])
    }
}
