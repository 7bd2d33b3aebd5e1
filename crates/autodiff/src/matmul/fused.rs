//! Products that another op is fused to, so that C is passed over once.

use super::native::Native;
use super::product::{Finish, Product, Update};
use super::{Matrix, MatrixMut, check_sizes};
use crate::Scalar;

/// What [`affine`] does to a sum before it writes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    #[default]
    Identity,
    /// x where it is positive or NaN, else 0, of either sign.
    Relu,
}

/// C ← f(A B + b 1ᵀ), a bias for every row and f one of [`Activation`]: a layer of a network in one
/// pass over C. C is not read.
///
/// ```
/// use autodiff::matmul::{Activation, Matrix, MatrixMut, affine};
///
/// let w = Matrix::row_major(&[2.0, -1.0], 1, 2);
/// let x = Matrix::row_major(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3);
/// let mut z = [f64::NAN; 3];
/// affine(w, x, &[1.5], Activation::Relu, MatrixMut::row_major(&mut z, 1, 3));
/// assert_eq!(z, [0.0, 0.5, 1.5]);
/// ```
///
/// # Panics
///
/// If the sizes do not fit, or there is not one bias for every row of C.
#[inline(always)]
#[track_caller]
pub fn affine<S: Scalar>(
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    bias: &[S],
    activation: Activation,
    mut c: MatrixMut<'_, S>,
) {
    check_sizes(&a, &b, &c);
    assert_eq!(bias.len(), c.layout.rows, "one bias for every row");
    if !S::affine(&a, &b, bias, activation, &mut c) {
        affine_in_steps(&a, &b, bias, activation, c);
    }
}

/// The same as three passes over C, for scalars and layouts that no kernel does it for.
fn affine_in_steps<S: Scalar>(
    a: &Matrix<'_, S>,
    b: &Matrix<'_, S>,
    bias: &[S],
    activation: Activation,
    mut c: MatrixMut<'_, S>,
) {
    let layout = c.layout;
    let places = |i: usize| (0..layout.cols).map(move |j| layout.offset(i, j));
    for (i, &bias) in bias.iter().enumerate() {
        places(i).for_each(|place| c.data[place] = bias);
    }
    S::gemm(S::one(), a, b, S::one(), &mut c);
    if activation == Activation::Relu {
        for place in (0..layout.rows).flat_map(places) {
            if c.data[place] <= S::zero() {
                c.data[place] = S::zero();
            }
        }
    }
}

/// C ← A B where C was positive or NaN, else 0: the adjoint of a rectifier. C holds activations
/// before, and after it the cotangents of what they were the positive part of.
///
/// What an element of C was is asked when its sum is complete, so the inner axis is not cut into
/// blocks, however long it is. Nothing is allocated but the buffers that [`matmul`](super::matmul)
/// keeps too.
///
/// ```
/// use autodiff::matmul::{Matrix, MatrixMut, matmul_where_positive};
///
/// let w = Matrix::row_major(&[3.0, 4.0], 1, 2);
/// let z_bar = Matrix::row_major(&[1.0, -1.0], 1, 2);
/// let mut a = [0.5, 0.0, 0.0, 2.0];
/// matmul_where_positive(w.t(), z_bar, MatrixMut::row_major(&mut a, 2, 2));
/// assert_eq!(a, [3.0, 0.0, 0.0, -4.0]);
/// ```
///
/// # Panics
///
/// If the sizes do not fit.
#[inline(always)]
#[track_caller]
pub fn matmul_where_positive<S: Scalar>(
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    mut c: MatrixMut<'_, S>,
) {
    check_sizes(&a, &b, &c);
    if !S::gemm_where_positive(&a, &b, &mut c) {
        where_positive_by_elements(&a, &b, c);
    }
}

/// The same by its definition, for scalars and layouts that no kernel does it for.
fn where_positive_by_elements<S: Scalar>(
    a: &Matrix<'_, S>,
    b: &Matrix<'_, S>,
    c: MatrixMut<'_, S>,
) {
    let MatrixMut { data, layout } = c;
    for i in 0..layout.rows {
        for j in 0..layout.cols {
            let element = &mut data[layout.offset(i, j)];
            *element = if *element <= S::zero() {
                S::zero()
            } else {
                (0..a.cols()).map(|k| a.at(i, k) * b.at(k, j)).sum()
            };
        }
    }
}

/// [`affine`], if the kernel for the shape does it.
#[inline(always)]
pub(crate) fn native_affine<S: Native>(
    a: &Matrix<'_, S>,
    b: &Matrix<'_, S>,
    bias: &[S],
    activation: Activation,
    c: &mut MatrixMut<'_, S>,
) -> bool {
    assert_eq!(bias.len(), c.layout.rows);
    let update = Update::biased(bias.as_ptr(), activation == Activation::Relu);
    let product = Product::new(a, b, c, update);
    // SAFETY: matrices and bias are borrowed until the end of this function.
    unsafe { S::run(&product) }
}

/// [`matmul_where_positive`], if C has contiguous rows or columns.
#[inline(always)]
pub(crate) fn native_where_positive<S: Native>(
    a: &Matrix<'_, S>,
    b: &Matrix<'_, S>,
    c: &mut MatrixMut<'_, S>,
) -> bool {
    let mut product = Product::new(a, b, c, Update::scaled(S::one(), S::zero()));
    // C is its own gate, by the pointer that it is written through.
    product.update.finish = Finish::WherePositive(product.c.at);
    // SAFETY: the matrices are borrowed until the end of this function.
    unsafe { S::run(&product) }
}
