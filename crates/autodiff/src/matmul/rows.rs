//! Row sums, the adjoint of a bias, and with them the adjoint of a rectifier: what a layer wants done
//! to Z̄ before its products, in one pass over it.

use num_traits::Zero;

use super::added;
use super::kernel::{Isa, on_isa};
use super::native::Native;
use super::simd::{MAX_LANES, Simd};
use super::sweep::evenly;
use super::threads::{PART, share_out, threads};
use crate::Scalar;

/// `sums[i]` ← Σⱼ xᵢⱼ, added to what is there if `add`: of a matrix that has a row for every sum.
///
/// ```
/// use autodiff::matmul::row_sums;
///
/// let mut sums = [0.0; 2];
/// row_sums(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &mut sums, false);
/// assert_eq!(sums, [6.0, 15.0]);
/// ```
///
/// # Panics
///
/// If x has not so many rows.
#[track_caller]
pub fn row_sums<S: Scalar>(x: &[S], sums: &mut [S], add: bool) {
    let cols = columns(x.len(), sums.len());
    if !S::row_sums(x, cols, sums, add) {
        for (row, sum) in rows(x, cols).zip(sums) {
            put(sum, added(row.iter().copied()), add);
        }
    }
}

/// `x_bar` where y is positive or NaN, else 0, in place; and [`row_sums`] of that.
///
/// ```
/// use autodiff::matmul::rectify_rows;
///
/// let mut x_bar = [1.0, 2.0, 3.0, 4.0];
/// let mut sums = [0.0; 2];
/// rectify_rows(&mut x_bar, &[0.5, 0.0, 0.0, 0.5], &mut sums, false);
/// assert_eq!(x_bar, [1.0, 0.0, 0.0, 4.0]);
/// assert_eq!(sums, [1.0, 4.0]);
/// ```
///
/// # Panics
///
/// If x̄ and y differ in length, or have not so many rows.
#[track_caller]
pub fn rectify_rows<S: Scalar>(x_bar: &mut [S], y: &[S], sums: &mut [S], add: bool) {
    assert!(x_bar.len() == y.len(), "x̄ and y differ in length");
    let cols = columns(y.len(), sums.len());
    if !S::rectify_rows(x_bar, y, cols, sums, add) {
        for (x_bar, &y) in x_bar.iter_mut().zip(y) {
            *x_bar = if y <= S::zero() { S::zero() } else { *x_bar };
        }
        row_sums(x_bar, sums, add);
    }
}

#[track_caller]
fn columns(elements: usize, rows: usize) -> usize {
    let cols = elements.checked_div(rows).unwrap_or(0);
    assert!(
        cols * rows == elements,
        "{elements} elements are not {rows} rows"
    );
    cols
}

/// Rows of a matrix, any number of them if they are empty.
fn rows<S>(x: &[S], cols: usize) -> impl Iterator<Item = &[S]> {
    (0..).map_while(move |i| x.get(i * cols..(i + 1) * cols))
}

pub(super) fn put<S: Scalar>(sum: &mut S, of_row: S, add: bool) {
    *sum = if add { *sum + of_row } else { of_row };
}

/// A matrix of contiguous rows, and a place for the sum of each.
///
/// Invariant: x is valid for `sums.len() × cols` elements, y too if it is there and x then for
/// writing.
pub(crate) struct Rows<'a, S> {
    x: *mut S,
    y: Option<*const S>,
    cols: usize,
    sums: &'a mut [S],
    add: bool,
}

pub(crate) fn native_row_sums<S: Native>(x: &[S], cols: usize, sums: &mut [S], add: bool) -> bool {
    if cols == 0 {
        return false;
    }
    let rows = PART.div_ceil(cols);
    let mut parts = x.chunks(rows * cols).zip(sums.chunks_mut(rows));
    share_out(threads_for(x.len()), &mut parts, &|(x, sums)| {
        assert!(x.len() == cols * sums.len());
        run(Rows {
            x: x.as_ptr().cast_mut(),
            y: None,
            cols,
            sums,
            add,
        });
    });
    true
}

pub(crate) fn native_rectify_rows<S: Native>(
    x_bar: &mut [S],
    y: &[S],
    cols: usize,
    sums: &mut [S],
    add: bool,
) -> bool {
    if cols == 0 {
        return false;
    }
    let (rows, len) = (PART.div_ceil(cols), y.len());
    let pairs = x_bar.chunks_mut(rows * cols).zip(y.chunks(rows * cols));
    share_out(
        threads_for(len),
        &mut pairs.zip(sums.chunks_mut(rows)),
        &|((x_bar, y), sums)| {
            assert!(x_bar.len() == cols * sums.len() && y.len() == x_bar.len());
            run(Rows {
                x: x_bar.as_mut_ptr(),
                y: Some(y.as_ptr()),
                cols,
                sums,
                add,
            });
        },
    );
    true
}

fn threads_for(elements: usize) -> usize {
    match elements / PART {
        0 | 1 => 1,
        parts => threads().min(parts),
    }
}

/// Borrowed slices are behind the pointers until this returns.
fn run<S: Native>(rows: Rows<'_, S>) {
    // SAFETY: the machine has its best instruction set; the rest is the invariant.
    unsafe { on_isa!(Isa::best(), S, <V>::rows(rows)) }
}

/// Sums of as many rows as there are lanes are added up together.
///
/// Lane l of a row's sum is x[l] + x[l + LANES] + …, one after the other, as
/// [`dots`](super::dots::dots) has it too: a sum has the same bits by either way.
///
/// # Safety
///
/// As of [`Simd`], and the invariant of [`Rows`].
#[inline(always)]
pub(super) unsafe fn sum_rows<V: Simd>(rows: Rows<'_, V::Scalar>) {
    let Rows {
        mut x,
        mut y,
        cols,
        sums,
        add,
    } = rows;
    for some in sums.chunks_mut(V::LANES) {
        // SAFETY: a row for each sum; the rest is the caller's.
        unsafe {
            let zero = V::splat(V::Scalar::zero());
            let mut lanes = [zero; MAX_LANES];
            let mut row = 0;
            while row < some.len() {
                let count = evenly(some.len() - row, MOST_ROWS);
                macro_rules! sum_some {
                    ($($rows:literal)*) => {
                        match count {
                            $($rows => {
                                let sums = sum_some_rows::<V, $rows>(x, y, cols);
                                lanes[row..row + $rows].copy_from_slice(&sums);
                            })*
                            _ => unreachable!("no more rows are summed at a time"),
                        }
                    };
                }
                sum_some!(1 2 3 4);
                x = x.wrapping_add(count * cols);
                y = y.map(|y| y.wrapping_add(count * cols));
                row += count;
            }
            let before = match add {
                true => V::load_first(some.len(), some.as_ptr()),
                false => zero,
            };
            let total = V::add(before, super::simd::sums::<V>(lanes, some.len()));
            V::store_first(some.len(), total, some.as_mut_ptr());
        }
    }
}

/// Rows that are summed side by side, as each addition waits for the one before it.
const MOST_ROWS: usize = 4;

/// The lanes of the sums of R rows.
///
/// # Safety
///
/// As of [`Simd`]; x and y have so many rows of `cols` elements, x for writing if there is a y.
#[inline(always)]
unsafe fn sum_some_rows<V: Simd, const R: usize>(
    x: *mut V::Scalar,
    y: Option<*const V::Scalar>,
    cols: usize,
) -> [V::Vector; R] {
    // SAFETY: the caller's.
    unsafe {
        let mut sums = [V::splat(V::Scalar::zero()); R];
        let mut j = 0;
        while j + V::LANES <= cols {
            for r in 0..R {
                let x = x.wrapping_add(r * cols + j);
                let mut v = V::load(x);
                if let Some(y) = y {
                    v = V::where_positive(V::load(y.wrapping_add(r * cols + j)), v);
                    V::store(v, x);
                }
                sums[r] = V::add(sums[r], v);
            }
            j += V::LANES;
        }
        let left = cols - j;
        if left > 0 {
            for r in 0..R {
                let x = x.wrapping_add(r * cols + j);
                let mut v = V::load_first(left, x);
                if let Some(y) = y {
                    // What is beyond y is loaded as 0, which is not positive.
                    let y = y.wrapping_add(r * cols + j);
                    v = V::where_positive(V::load_first(left, y), v);
                    V::store_first(left, v, x);
                }
                sums[r] = V::add(sums[r], v);
            }
        }
        sums
    }
}
