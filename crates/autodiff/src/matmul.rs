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
    reason = "kernels work on vectors and on places that no slice can stand for"
)]
#![allow(
    clippy::needless_range_loop,
    clippy::manual_memcpy,
    reason = "an array of vectors is registers where every index is a constant after unrolling"
)]

mod blocks;
mod choice;
mod dots;
mod fused;
mod kernel;
mod loops;
mod marks;
mod matrix;
mod native;
mod pack;
mod panels;
mod peak;
mod product;
mod rows;
mod simd;
mod split;
mod sweep;
mod threads;

pub use fused::{Activation, affine, matmul_and_row_sums, matmul_gated, matmul_where_positive};
pub(crate) use fused::{native_affine, native_and_row_sums, native_where_positive};
pub use kernel::{Isa, Kernel};
pub(crate) use loops::{Loop, vectorized};
pub use matrix::{Matrix, MatrixMut};
use native::Native;
use product::{Product, Update};
pub(crate) use rows::{native_rectify_rows, native_row_sums};
pub use rows::{rectify_rows, row_sums};
pub(crate) use threads::in_parts;
pub use threads::{set_threads, threads};

use crate::Scalar;

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
#[inline(always)]
#[track_caller]
pub fn matmul<S: Scalar>(
    alpha: S,
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    beta: S,
    mut c: MatrixMut<'_, S>,
) {
    check_sizes(&a, &b, &c);
    S::gemm(alpha, &a, &b, beta, &mut c);
}

#[inline(always)]
#[track_caller]
fn check_sizes<S: Scalar>(a: &Matrix<'_, S>, b: &Matrix<'_, S>, c: &MatrixMut<'_, S>) {
    let [(m, k), (k_b, n)] = [a, b].map(|x| (x.rows(), x.cols()));
    let (rows, cols) = (c.layout.rows, c.layout.cols);
    if k != k_b || rows != m || cols != n {
        refuse((m, k), (k_b, n), (rows, cols));
    }
}

/// In pairs, which are handed over in registers.
#[cold]
#[inline(never)]
#[track_caller]
fn refuse((m, k): (usize, usize), (k_b, n): (usize, usize), (rows, cols): (usize, usize)) -> ! {
    panic!("matmul: {m} × {k} times {k_b} × {n} does not give {rows} × {cols}");
}

/// The contract as three loops: what every kernel is tested against, and the one for scalars that
/// have none of their own.
///
/// Sizes are taken from C and from the columns of A; call it through [`matmul_by`], with
/// [`Kernel::Reference`], to have them checked.
///
/// # Panics
///
/// If A or B is smaller than that.
pub fn reference<S: Scalar>(
    alpha: S,
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    beta: S,
    c: MatrixMut<'_, S>,
) {
    let MatrixMut { data, layout } = c;
    if layout.is_empty() {
        return;
    }
    for i in 0..layout.rows {
        for j in 0..layout.cols {
            let product = added((0..a.cols()).map(|k| a.at(i, k) * b.at(k, j)));
            let element = &mut data[layout.offset(i, j)];
            *element = if beta.is_constant_zero() {
                alpha * product
            } else {
                alpha * product + beta * *element
            };
        }
    }
}

/// A sum that is 0 of nothing: `Iterator::sum` has −0 for it.
fn added<S: Scalar>(terms: impl Iterator<Item = S>) -> S {
    terms.fold(S::zero(), |sum, term| sum + term)
}

/// C ← α A B + β C by one certain kernel, whether or not it is a good one for these sizes; `false`,
/// and C as it was, if it does not take the layout or the scalar. This is for those who compare.
///
/// # Panics
///
/// If the sizes do not fit, or the machine does not have the kernel's instruction set: see
/// [`Kernel::available`].
#[track_caller]
pub fn matmul_by<S: Scalar>(
    kernel: Kernel,
    alpha: S,
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    beta: S,
    mut c: MatrixMut<'_, S>,
) -> bool {
    check_sizes(&a, &b, &c);
    if kernel == Kernel::Reference {
        reference(alpha, a, b, beta, c);
        return true;
    }
    S::gemm_by(kernel, alpha, &a, &b, beta, &mut c)
}

/// The kernel that [`matmul`] runs on this machine for operands of these sizes and layouts, whatever α
/// and β are.
///
/// ```
/// use autodiff::matmul::{Matrix, MatrixMut, kernel_for, matmul, matmul_by};
///
/// let a = Matrix::row_major(&[0.1, 0.2, 0.3, 0.4], 2, 2);
/// let [mut c, mut same] = [[f64::NAN; 4]; 2];
/// let kernel = kernel_for(a, a.t(), MatrixMut::row_major(&mut c, 2, 2));
/// matmul(1.0, a, a.t(), 0.0, MatrixMut::row_major(&mut c, 2, 2));
/// let takes = matmul_by(kernel, 1.0, a, a.t(), 0.0, MatrixMut::row_major(&mut same, 2, 2));
/// assert!(takes && c == same);
/// ```
///
/// # Panics
///
/// If the sizes do not fit.
#[must_use]
#[track_caller]
pub fn kernel_for<S: Scalar>(
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    mut c: MatrixMut<'_, S>,
) -> Kernel {
    check_sizes(&a, &b, &c);
    S::kernel_for(&a, &b, &mut c)
}

/// Runs multiply-adds that never leave the registers of the best instruction set, and returns how
/// many operations that were: what a bench compares products with. 0 for a scalar that there is no
/// instruction for.
#[must_use]
pub fn multiply_adds<S: Scalar>(rounds: usize) -> usize {
    S::multiply_adds(rounds)
}

pub(crate) fn native_by<S: Native>(
    kernel: Kernel,
    alpha: S,
    a: &Matrix<'_, S>,
    b: &Matrix<'_, S>,
    beta: S,
    c: &mut MatrixMut<'_, S>,
) -> bool {
    let product = Product::new(a, b, c, Update::scaled(alpha, beta));
    let Some(product) = kernel.oriented(product) else {
        return false;
    };
    assert!(
        kernel.is_available(),
        "the machine has no {kernel:?}: see Kernel::available()"
    );
    // SAFETY: it is available; the matrices are borrowed until the end of this function.
    unsafe { kernel.call(&product) };
    true
}

/// C ← α A B + β C by the kernel that suits the shape.
#[inline(always)]
pub(crate) fn native<S: Native>(
    alpha: S,
    a: &Matrix<'_, S>,
    b: &Matrix<'_, S>,
    beta: S,
    c: &mut MatrixMut<'_, S>,
) {
    let product = Product::new(a, b, c, Update::scaled(alpha, beta));
    // SAFETY: the matrices are borrowed until the end of this function.
    let done = unsafe { choice::run(&product) };
    debug_assert!(done, "there is a kernel for every layout");
}

pub(crate) fn native_kernel_for<S: Native>(
    a: &Matrix<'_, S>,
    b: &Matrix<'_, S>,
    c: &mut MatrixMut<'_, S>,
) -> Kernel {
    let product = Product::new(a, b, c, Update::scaled(S::one(), S::zero()));
    choice::chosen(&product).expect("there is a kernel for every layout")
}

pub(crate) fn native_multiply_adds<S: Native>(rounds: usize) -> usize {
    kernel::multiply_adds::<S>(Isa::best(), rounds)
}
