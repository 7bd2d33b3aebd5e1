use crate::matmul::{Matrix, MatrixMut, matmul};
use crate::runs::for_each_run;
use crate::signature::{Draw, Signature};
use crate::{Cotangents, Op, Primals, Scalar, Shape, ShapeError, Var, expect_inputs, register};

/// Y = A B, a matrix product over the last two axes: [`Var::matmul`]. Adjoint: Ā += Ȳ Bᵀ,
/// B̄ += Aᵀ Ȳ. Axes before the last two are batches; they broadcast, and the adjoint of a
/// stretched one sums over it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Matmul;
register!(Matmul);

impl Op for Matmul {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let [a, b] = expect_inputs(inputs)?;
        let (Some((a_batch, [m, k])), Some((b_batch, [k_b, n]))) = (split(a), split(b)) else {
            return Err(ShapeError::new("each needs at least two axes"));
        };
        if k != k_b {
            return Err(ShapeError::new(format!(
                "the inner axes, {k} and {k_b}, differ"
            )));
        }
        let batch = a_batch
            .broadcast(b_batch)
            .ok_or_else(|| ShapeError::new("the batch axes do not broadcast"))?;
        batch
            .of_batch(&[m, n])
            .ok_or_else(|| ShapeError::new("the product is too large to address"))
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        let sizes = Sizes::of(x);
        sizes.for_each_product(|y_at, a_at, b_at| {
            matmul(
                S::one(),
                sizes.a(&x[0], a_at),
                sizes.b(&x[1], b_at),
                S::zero(),
                MatrixMut::row_major(&mut y[y_at..], sizes.m, sizes.n),
            );
        });
    }

    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        _y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        let sizes = Sizes::of(x);
        let Sizes { m, k, n, .. } = sizes;
        let (a, b) = (&x[0], &x[1]);
        let y_bar_at = |at: usize| Matrix::row_major(&y_bar[at..], m, n);
        if let Some(mut a_bar) = x_bar.get(0) {
            if sizes.is_single() {
                a_bar.add_matmul(S::one(), y_bar_at(0), sizes.b(b, 0).t());
            } else {
                let a_bar = a_bar.as_mut_slice();
                sizes.for_each_product(|y_at, a_at, b_at| {
                    let a_bar = MatrixMut::row_major(&mut a_bar[a_at..], m, k);
                    matmul(
                        S::one(),
                        y_bar_at(y_at),
                        sizes.b(b, b_at).t(),
                        S::one(),
                        a_bar,
                    );
                });
            }
        }
        if let Some(mut b_bar) = x_bar.get(1) {
            if sizes.is_single() {
                b_bar.add_matmul(S::one(), sizes.a(a, 0).t(), y_bar_at(0));
            } else {
                let b_bar = b_bar.as_mut_slice();
                sizes.for_each_product(|y_at, a_at, b_at| {
                    let b_bar = MatrixMut::row_major(&mut b_bar[b_at..], k, n);
                    matmul(
                        S::one(),
                        sizes.a(a, a_at).t(),
                        y_bar_at(y_at),
                        S::one(),
                        b_bar,
                    );
                });
            }
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        let (m, k, n) = (draw.dim(), draw.dim(), draw.dim());
        let rank = draw.below(3);
        let batch = draw.shape_of_rank(rank);
        let (a_batch, b_batch) = if draw.flag() {
            (draw.shape_within(batch), draw.shape_within(batch))
        } else {
            (batch, batch)
        };
        let matrices = |batch: Shape, axes: [usize; 2]| [batch.dims(), &axes].concat();
        Signature::new(Self)
            .input(&matrices(a_batch, [m, k])[..])
            .input(&matrices(b_batch, [k, n])[..])
    }
}

/// The batch axes, and the last two.
fn split(shape: Shape) -> Option<(Shape, [usize; 2])> {
    let (batch, &matrix) = shape.dims().split_last_chunk::<2>()?;
    Some((Shape::new(batch), matrix))
}

/// The product's sizes: A is m × k, B is k × n, for every element of the batch.
struct Sizes {
    m: usize,
    k: usize,
    n: usize,
    batch: Shape,
    a_batch: Shape,
    b_batch: Shape,
}

impl Sizes {
    fn of<S: Scalar>(x: Primals<'_, S>) -> Self {
        let checked = "output_shape refused other shapes";
        let (a_batch, [m, k]) = split(x.shape(0)).expect(checked);
        let (b_batch, [_, n]) = split(x.shape(1)).expect(checked);
        let batch = a_batch.broadcast(b_batch).expect(checked);
        Self {
            m,
            k,
            n,
            batch,
            a_batch,
            b_batch,
        }
    }

    fn is_single(&self) -> bool {
        self.batch.size() == 1
    }

    fn a<'a, S: Scalar>(&self, a: &'a [S], at: usize) -> Matrix<'a, S> {
        Matrix::row_major(&a[at..], self.m, self.k)
    }

    fn b<'a, S: Scalar>(&self, b: &'a [S], at: usize) -> Matrix<'a, S> {
        Matrix::row_major(&b[at..], self.k, self.n)
    }

    /// Visits the offsets of every product's Y, A and B.
    fn for_each_product(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let strides = [self.a_batch, self.b_batch].map(|shape| shape.strides_in(self.batch));
        for_each_run(self.batch, &strides, &mut |run| {
            for i in 0..run.len {
                let [a, b] = [0, 1].map(|x| run.offsets[x] + i * run.strides[x]);
                visit(
                    (run.start + i) * self.m * self.n,
                    a * self.m * self.k,
                    b * self.k * self.n,
                );
            }
        });
    }
}

impl<S: Scalar> Var<'_, S> {
    /// The matrix product over the last two axes; axes before them are batches and broadcast. The
    /// gradients are Ȳ Bᵀ and Aᵀ Ȳ.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let a = tape.variable(Tensor::from([[1.0, 2.0]]));
    /// let b = tape.variable(Tensor::from([[3.0], [4.0]]));
    /// let product = a.matmul(b);
    /// assert_eq!(product.item(), 11.0);
    /// assert_eq!(product.backward().wrt(a)[..], [3.0, 4.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the inner axes differ, an input has fewer than two axes, or batches do not broadcast.
    #[track_caller]
    #[must_use]
    pub fn matmul(self, right: Self) -> Self {
        self.tape().apply(Matmul, &[self, right])
    }
}
