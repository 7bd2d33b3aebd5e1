//! Products that another op is fused to, so that C is passed over once.

use super::choice;
use super::dots::{Side, Sums};
use super::native::Native;
use super::product::{Finish, Product, Update};
use super::rows::put;
use super::{Matrix, MatrixMut, added, check_sizes, row_sums};
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
/// pass over C where its rows are contiguous, else in three. C is not read.
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
/// What an element of C was is asked when its sum is complete. Sums of a long inner axis are made in
/// parts, and then it is noted before the first of them, which takes a bit or a few for each element;
/// such sums may differ from [`matmul_gated`]'s in their last bits. Fast where rows or columns of C are
/// contiguous; else element by element.
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
    if !S::gemm_where_positive(&a, &b, None, &mut c) {
        where_positive_by_elements(&a, &b, c);
    }
}

/// C ← A B where the gate is positive or NaN, else 0: [`matmul_where_positive`] with activations
/// that are still needed. C is not read. In one pass where C has contiguous rows or columns and the
/// gate the same strides; else in two.
///
/// ```
/// use autodiff::matmul::{Matrix, MatrixMut, matmul_gated};
///
/// let w = Matrix::row_major(&[3.0, 4.0], 1, 2);
/// let z_bar = Matrix::row_major(&[1.0, -1.0], 1, 2);
/// let a = Matrix::row_major(&[0.5, 0.0, 0.0, 2.0], 2, 2);
/// let mut z_bar_before = [f64::NAN; 4];
/// matmul_gated(w.t(), z_bar, a, MatrixMut::row_major(&mut z_bar_before, 2, 2));
/// assert_eq!(z_bar_before, [3.0, 0.0, 0.0, -4.0]);
/// ```
///
/// # Panics
///
/// If the sizes do not fit, or the gate is not of C's.
#[inline(always)]
#[track_caller]
pub fn matmul_gated<S: Scalar>(
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    gate: Matrix<'_, S>,
    mut c: MatrixMut<'_, S>,
) {
    check_sizes(&a, &b, &c);
    let size = (c.layout.rows, c.layout.cols);
    assert_eq!((gate.rows(), gate.cols()), size, "a gate of C's size");
    if c.layout.is_empty() || S::gemm_where_positive(&a, &b, Some(&gate), &mut c) {
        return;
    }
    S::gemm(S::one(), &a, &b, S::zero(), &mut c);
    for (i, j) in (0..size.0).flat_map(|i| (0..size.1).map(move |j| (i, j))) {
        if gate.at(i, j) <= S::zero() {
            c.data[c.layout.offset(i, j)] = S::zero();
        }
    }
}

/// By its definition, for scalars and layouts that no kernel does it for.
fn where_positive_by_elements<S: Scalar>(
    a: &Matrix<'_, S>,
    b: &Matrix<'_, S>,
    c: MatrixMut<'_, S>,
) {
    let MatrixMut { data, layout } = c;
    if layout.is_empty() {
        return;
    }
    for i in 0..layout.rows {
        for j in 0..layout.cols {
            let element = &mut data[layout.offset(i, j)];
            *element = if *element <= S::zero() {
                S::zero()
            } else {
                added((0..a.cols()).map(|k| a.at(i, k) * b.at(k, j)))
            };
        }
    }
}

/// C ← A B + β C, and `sums[i]` ← Σⱼ aᵢⱼ of every row of A, added to what is there if `add`: what a
/// layer's weights and biases get of Z̄, in one pass over it where [`Kernel::Dots`](super::Kernel::Dots)
/// is the kernel for the shape, else in two. If β is 0, C is not read.
///
/// ```
/// use autodiff::matmul::{Matrix, MatrixMut, matmul_and_row_sums};
///
/// let z_bar = [1.0, -1.0, 3.0];
/// let a = [1.0, 2.0, 3.0];
/// let (mut w_bar, mut b_bar) = ([f64::NAN], [10.0]);
/// matmul_and_row_sums(
///     Matrix::row_major(&z_bar, 1, 3),
///     Matrix::row_major(&a, 1, 3).t(),
///     0.0,
///     MatrixMut::row_major(&mut w_bar, 1, 1),
///     &mut b_bar,
///     true,
/// );
/// assert_eq!((w_bar, b_bar), ([8.0], [13.0]));
/// ```
///
/// # Panics
///
/// If the sizes do not fit, or there is not one sum for every row of A.
#[inline(always)]
#[track_caller]
pub fn matmul_and_row_sums<S: Scalar>(
    a: Matrix<'_, S>,
    b: Matrix<'_, S>,
    beta: S,
    mut c: MatrixMut<'_, S>,
    sums: &mut [S],
    add: bool,
) {
    check_sizes(&a, &b, &c);
    assert_eq!(sums.len(), a.rows(), "one sum for every row");
    if !S::gemm_and_row_sums(&a, &b, beta, &mut c, sums, add) {
        sum_rows(&a, sums, add);
        S::gemm(S::one(), &a, &b, beta, &mut c);
    }
}

/// The sums alone, by the kernel for them where rows are contiguous.
fn sum_rows<S: Scalar>(a: &Matrix<'_, S>, sums: &mut [S], add: bool) {
    let (rows, cols) = (a.rows(), a.cols());
    match a.contiguous_rows() {
        Some(x) => row_sums(x, sums, add),
        None => {
            for i in 0..rows {
                put(&mut sums[i], added((0..cols).map(|j| a.at(i, j))), add);
            }
        }
    }
}

/// [`matmul_and_row_sums`], if the kernel for the shape sums rows.
#[inline(always)]
pub(crate) fn native_and_row_sums<S: Native>(
    a: &Matrix<'_, S>,
    b: &Matrix<'_, S>,
    beta: S,
    c: &mut MatrixMut<'_, S>,
    sums: &mut [S],
    add: bool,
) -> bool {
    assert_eq!(sums.len(), c.layout.rows);
    let product = Product::new(a, b, c, Update::scaled(S::one(), beta));
    let sums = Sums {
        at: sums.as_mut_ptr(),
        add,
        of: Side::A,
    };
    // SAFETY: matrices and sums are borrowed until the end of this function.
    unsafe { S::run_and_sum_rows(&product, sums) }
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
    unsafe { choice::run(&product) }
}

/// [`matmul_where_positive`] or [`matmul_gated`], if C has contiguous rows or columns, and the gate
/// lies as C does.
#[inline(always)]
pub(crate) fn native_where_positive<S: Native>(
    a: &Matrix<'_, S>,
    b: &Matrix<'_, S>,
    gate: Option<&Matrix<'_, S>>,
    c: &mut MatrixMut<'_, S>,
) -> bool {
    if gate.is_some_and(|gate| gate.layout != c.layout) {
        return false;
    }
    let mut product = Product::new(a, b, c, Update::scaled(S::one(), S::zero()));
    // C as its own gate, by the pointer that it is written through.
    let gate = gate.map_or(product.c.at.cast_const(), |gate| gate.data.as_ptr());
    product.update.finish = Finish::WherePositive(gate);
    // SAFETY: the matrices are borrowed until the end of this function; a gate has C's layout.
    unsafe { choice::run(&product) }
}
