//! Matrix products: one contract, a reference that is plainly right, and the kernels behind
//! [`Scalar::gemm`].
//!
//! The contract: **C ← α A B + β C**, for any non-negative strides; if β is 0, C is not read, so
//! whatever it held (a NaN too) is gone. An empty inner axis leaves β C.
//!
//! This is the only module of the workspace with `unsafe` in it: the kernels take raw pointers,
//! and [`Matrix`] and [`MatrixMut`] check at construction what those pointers may touch.

#![allow(
    unsafe_code,
    reason = "the gemm kernels of matrixmultiply take pointers"
)]

use crate::Scalar;

/// A matrix that is read: a slice with a stride per axis.
///
/// Invariant: every element `data[i · row_stride + j · col_stride]` lies within the slice.
///
/// ```
/// use autodiff::matmul::Matrix;
///
/// let a = Matrix::row_major(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3);
/// assert_eq!(a.at(1, 0), 4.0);
/// assert_eq!(a.t().at(0, 1), 4.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, S> {
    data: &'a [S],
    layout: Layout,
}

/// A matrix that is written: as [`Matrix`], and no two of its elements are the same place.
#[derive(Debug)]
pub struct MatrixMut<'a, S> {
    data: &'a mut [S],
    layout: Layout,
}

#[derive(Clone, Copy, Debug)]
struct Layout {
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl Layout {
    #[track_caller]
    fn checked(self, available: usize) -> Self {
        assert!(
            self.span().is_some_and(|span| span <= available),
            "a {} × {} matrix with strides {} and {} does not fit in {available} elements",
            self.rows,
            self.cols,
            self.row_stride,
            self.col_stride
        );
        self
    }

    /// One more than the largest offset, `None` where that or a stride overflows `isize`, which is
    /// what pointer offsets are counted in.
    fn span(self) -> Option<usize> {
        isize::try_from(self.row_stride.max(self.col_stride)).ok()?;
        if self.rows == 0 || self.cols == 0 {
            return Some(0);
        }
        let rows = (self.rows - 1).checked_mul(self.row_stride)?;
        let cols = (self.cols - 1).checked_mul(self.col_stride)?;
        let span = rows.checked_add(cols)?.checked_add(1)?;
        isize::try_from(span).is_ok().then_some(span)
    }

    /// Whether different indices are different places: one axis steps over the whole of the other,
    /// or there are no indices.
    fn is_injective(self) -> bool {
        let steps_over = |stride: usize, n: usize, inner_stride: usize, inner_n: usize| {
            (inner_n <= 1 || inner_stride > 0)
                && (n <= 1 || stride > (inner_n.max(1) - 1).saturating_mul(inner_stride))
        };
        self.rows == 0
            || self.cols == 0
            || steps_over(self.row_stride, self.rows, self.col_stride, self.cols)
            || steps_over(self.col_stride, self.cols, self.row_stride, self.rows)
    }

    fn transposed(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }

    fn offset(self, i: usize, j: usize) -> usize {
        i * self.row_stride + j * self.col_stride
    }
}

impl<'a, S: Scalar> Matrix<'a, S> {
    /// The rows × cols matrix stored row by row.
    ///
    /// # Panics
    ///
    /// If the slice has fewer elements.
    #[track_caller]
    #[must_use]
    pub fn row_major(data: &'a [S], rows: usize, cols: usize) -> Self {
        Self::strided(data, rows, cols, cols, 1)
    }

    /// The rows × cols matrix with element (i, j) at `data[i · row_stride + j · col_stride]`.
    ///
    /// # Panics
    ///
    /// If an element would lie outside the slice.
    #[track_caller]
    #[must_use]
    pub fn strided(
        data: &'a [S],
        rows: usize,
        cols: usize,
        row_stride: usize,
        col_stride: usize,
    ) -> Self {
        let layout = Layout {
            rows,
            cols,
            row_stride,
            col_stride,
        };
        Self {
            data,
            layout: layout.checked(data.len()),
        }
    }

    /// The transpose: the same elements, the strides exchanged.
    #[must_use]
    pub fn t(self) -> Self {
        Self {
            data: self.data,
            layout: self.layout.transposed(),
        }
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.layout.rows
    }

    /// The number of columns.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.layout.cols
    }

    /// The element in row `i`, column `j`.
    ///
    /// # Panics
    ///
    /// If there is no such element.
    #[track_caller]
    #[must_use]
    pub fn at(&self, i: usize, j: usize) -> S {
        assert!(i < self.rows() && j < self.cols(), "({i}, {j}) is outside");
        self.data[self.layout.offset(i, j)]
    }
}

impl<'a, S: Scalar> MatrixMut<'a, S> {
    /// The rows × cols matrix stored row by row.
    ///
    /// # Panics
    ///
    /// If the slice has fewer elements.
    #[track_caller]
    #[must_use]
    pub fn row_major(data: &'a mut [S], rows: usize, cols: usize) -> Self {
        Self::strided(data, rows, cols, cols, 1)
    }

    /// The rows × cols matrix with element (i, j) at `data[i · row_stride + j · col_stride]`.
    ///
    /// # Panics
    ///
    /// If an element would lie outside the slice, or if two of them could be the same place.
    #[track_caller]
    #[must_use]
    pub fn strided(
        data: &'a mut [S],
        rows: usize,
        cols: usize,
        row_stride: usize,
        col_stride: usize,
    ) -> Self {
        let layout = Layout {
            rows,
            cols,
            row_stride,
            col_stride,
        }
        .checked(data.len());
        assert!(
            layout.is_injective(),
            "a {rows} × {cols} matrix with strides {row_stride} and {col_stride} overlaps itself"
        );
        Self { data, layout }
    }

    /// The transpose: the same elements, the strides exchanged.
    #[must_use]
    pub fn t(self) -> Self {
        Self {
            layout: self.layout.transposed(),
            data: self.data,
        }
    }
}

/// C ← α A B + β C; if β is 0, C is not read. A is m × k, B is k × n, C is m × n, any of them
/// possibly empty; the kernel is the scalar's own.
///
/// ```
/// use autodiff::matmul::{Matrix, MatrixMut, matmul};
///
/// let a = Matrix::row_major(&[1.0, 2.0, 3.0, 4.0], 2, 2);
/// let mut c = [f64::NAN; 4];
/// matmul(1.0, a, a.t(), 0.0, MatrixMut::row_major(&mut c, 2, 2));
/// assert_eq!(c, [5.0, 11.0, 11.0, 25.0]);
/// ```
///
/// # Panics
///
/// If the sizes do not fit.
#[track_caller]
pub fn matmul<S: Scalar>(
    alpha: S,
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    beta: S,
    c: MatrixMut<'_, S>,
) {
    assert!(
        a.cols() == b.rows() && a.rows() == c.layout.rows && b.cols() == c.layout.cols,
        "matmul: {} × {} times {} × {} does not give {} × {}",
        a.rows(),
        a.cols(),
        b.rows(),
        b.cols(),
        c.layout.rows,
        c.layout.cols
    );
    S::gemm(alpha, a, b, beta, c);
}

/// The contract as three loops: what every kernel is tested against, and the one for scalars that
/// have none of their own.
///
/// Sizes are taken from C and from the columns of A; call it through [`matmul`] to have them
/// checked.
pub fn reference<S: Scalar>(
    alpha: S,
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    beta: S,
    c: MatrixMut<'_, S>,
) {
    let MatrixMut { data, layout } = c;
    for i in 0..layout.rows {
        for j in 0..layout.cols {
            let product: S = (0..a.cols()).map(|k| a.at(i, k) * b.at(k, j)).sum();
            let element = &mut data[layout.offset(i, j)];
            *element = if beta.is_zero() {
                alpha * product
            } else {
                alpha * product + beta * *element
            };
        }
    }
}

macro_rules! matrixmultiply_kernel {
    ($name:ident, $scalar:ty) => {
        pub(crate) fn $name(
            alpha: $scalar,
            a: Matrix<'_, $scalar>,
            b: Matrix<'_, $scalar>,
            beta: $scalar,
            c: MatrixMut<'_, $scalar>,
        ) {
            let (m, k, n) = (c.layout.rows, a.layout.cols, c.layout.cols);
            assert!(a.layout.rows == m && b.layout.rows == k && b.layout.cols == n);
            // SAFETY: `Layout::checked` held when the three were built, so every offset
            // i · row_stride + j · col_stride is inside its slice and fits in an isize; the sizes
            // agree by the line above; C is borrowed mutably, hence disjoint from A and B, and
            // `Layout::is_injective` held for it, so its elements are distinct.
            unsafe {
                matrixmultiply::$name(
                    m,
                    k,
                    n,
                    alpha,
                    a.data.as_ptr(),
                    a.layout.row_stride as isize,
                    a.layout.col_stride as isize,
                    b.data.as_ptr(),
                    b.layout.row_stride as isize,
                    b.layout.col_stride as isize,
                    beta,
                    c.data.as_mut_ptr(),
                    c.layout.row_stride as isize,
                    c.layout.col_stride as isize,
                );
            }
        }
    };
}

matrixmultiply_kernel!(sgemm, f32);
matrixmultiply_kernel!(dgemm, f64);
