//! One product, computed by each of the crates.

use faer::linalg::matmul::matmul as faer_matmul;
use faer::{Accum, MatMut, MatRef, Par};
use gradproof::autodiff::matmul::{Kernel, Matrix, MatrixMut, matmul, matmul_by};
use nalgebra::{DMatrixView, DMatrixViewMut};
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};

use crate::peer::Real;

/// How row-major A and B are stored, as BLAS names it: T is transposed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Layout {
    NN,
    NT,
    TN,
}

/// C ← A B, for C and the matrices that A and B are stored as being row-major.
pub(super) struct Product<S> {
    /// m, k, n.
    size: [usize; 3],
    layout: Layout,
    a: Vec<S>,
    b: Vec<S>,
    pub(super) c: Vec<S>,
}

/// A crate's name and its way to compute a product.
pub(super) type Contestant<S> = (&'static str, fn(&mut Product<S>));

/// gradproof, and then its peers. gemm and matrixmultiply have no safe functions, so they are
/// called as kernels of gradproof, whose checks take some tens of nanoseconds each time.
pub(super) fn contestants<S: Real>() -> [Contestant<S>; 6] {
    [
        ("gradproof", by_gradproof),
        ("faer", by_faer),
        ("gemm", |product| product.by(Kernel::Gemm)),
        ("matrixmultiply", |product| {
            product.by(Kernel::Matrixmultiply)
        }),
        ("nalgebra", by_nalgebra),
        ("ndarray", by_ndarray),
    ]
}

impl<S: Real> Product<S> {
    /// A product of small integers: it is exact in whatever order the sums are.
    pub(super) fn new(size: [usize; 3], layout: Layout) -> Self {
        let [m, k, n] = size;
        let fill = |len| (0..len).map(|i| S::constant((i % 7) as f64)).collect();
        Self {
            size,
            layout,
            a: fill(m * k),
            b: fill(k * n),
            c: vec![S::nan(); m * n],
        }
    }

    /// By one of the kernels that gradproof has.
    pub(super) fn by(&mut self, kernel: Kernel) {
        let (a, b, c) = self.matrices();
        let done = matmul_by(kernel, S::one(), a, b, S::zero(), c);
        assert!(done, "{kernel:?} does not take {:?}", self.layout);
    }

    fn matrices(&mut self) -> (Matrix<'_, S>, Matrix<'_, S>, MatrixMut<'_, S>) {
        let [m, k, n] = self.size;
        let a = match self.layout {
            Layout::TN => Matrix::row_major(&self.a, k, m).t(),
            _ => Matrix::row_major(&self.a, m, k),
        };
        let b = match self.layout {
            Layout::NT => Matrix::row_major(&self.b, n, k).t(),
            _ => Matrix::row_major(&self.b, k, n),
        };
        (a, b, MatrixMut::row_major(&mut self.c, m, n))
    }

    /// From row to row and from column to column, of A and of B.
    fn strides(&self) -> [(usize, usize); 2] {
        let [m, k, n] = self.size;
        match self.layout {
            Layout::NN => [(k, 1), (n, 1)],
            Layout::NT => [(k, 1), (1, k)],
            Layout::TN => [(1, m), (n, 1)],
        }
    }
}

fn by_gradproof<S: Real>(product: &mut Product<S>) {
    let (a, b, c) = product.matrices();
    matmul(S::one(), a, b, S::zero(), c);
}

fn by_faer<S: Real>(product: &mut Product<S>) {
    let [m, k, n] = product.size;
    let a = match product.layout {
        Layout::TN => MatRef::from_column_major_slice(&product.a, m, k),
        _ => MatRef::from_row_major_slice(&product.a, m, k),
    };
    let b = match product.layout {
        Layout::NT => MatRef::from_column_major_slice(&product.b, k, n),
        _ => MatRef::from_row_major_slice(&product.b, k, n),
    };
    let c = MatMut::from_row_major_slice_mut(&mut product.c, m, n);
    faer_matmul(c, Accum::Replace, a, b, S::one(), Par::Seq);
}

/// Cᵀ ← Bᵀ Aᵀ, as columns are contiguous in nalgebra. It has a product with a transposed left factor
/// and none with a right one, which is copied. (Views with strides would need no copy, but with
/// those its `gemm` writes where it must not.)
fn by_nalgebra<S: Real>(product: &mut Product<S>) {
    let [m, k, n] = product.size;
    let (a, b) = (&product.a, &product.b);
    let mut c = DMatrixViewMut::from_slice(&mut product.c, n, m);
    let [zero, one] = [S::zero(), S::one()];
    match product.layout {
        Layout::NN => c.gemm(one, &view(b, n, k), &view(a, k, m), zero),
        Layout::NT => c.gemm_tr(one, &view(b, k, n), &view(a, k, m), zero),
        Layout::TN => c.gemm(one, &view(b, n, k), &view(a, m, k).transpose(), zero),
    }
}

fn view<S: Real>(columns: &[S], m: usize, n: usize) -> DMatrixView<'_, S> {
    DMatrixView::from_slice(columns, m, n)
}

fn by_ndarray<S: Real>(product: &mut Product<S>) {
    let [m, k, n] = product.size;
    let [a_strides, b_strides] = product.strides();
    let fit = "the strides are those of the arrays";
    let a = ArrayView2::from_shape((m, k).strides(a_strides), &product.a).expect(fit);
    let b = ArrayView2::from_shape((k, n).strides(b_strides), &product.b).expect(fit);
    let mut c = ArrayViewMut2::from_shape((m, n), &mut product.c).expect(fit);
    general_mat_mul(S::one(), &a, &b, S::zero(), &mut c);
}
