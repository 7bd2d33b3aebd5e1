//! The kernel of few inner products of long rows, dW = dZ Xᵀ: rows of A and columns of B are
//! contiguous, a tile of C is kept in registers, and its lanes are added up at the end. Sums of the
//! rows that it reads anyway, db, come with it.

use std::mem::MaybeUninit;
use std::ptr;

use num_traits::Zero;

use super::product::{Product, steps};
use super::simd::{MAX_LANES, Simd, sums};
use super::sweep::evenly;

/// Tiles have no more elements than this, a multiple of every number of lanes.
const MAX_TILE: usize = 16;

/// Where the sums of A's rows go, or those of B's columns: null if nobody asked for them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sums<S> {
    pub(super) at: *mut S,
    pub(super) add: bool,
    pub(super) of: Side,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    A,
    B,
}

impl<S> Sums<S> {
    pub(super) const NONE: Self = Self {
        at: ptr::null_mut(),
        add: false,
        of: Side::A,
    };

    /// For the transposed product.
    #[inline(always)]
    pub(super) fn transposed(self) -> Self {
        Self {
            of: match self.of {
                Side::A => Side::B,
                Side::B => Side::A,
            },
            ..self
        }
    }
}

/// Needs no fewer rows of C than columns, and an update that is α and β.
///
/// # Safety
///
/// As of [`Simd`]; rows of A and columns of B are contiguous, and there is a place for each of the
/// sums, if they are asked for, which is none of A's, B's or C's.
#[inline(never)]
pub(super) unsafe fn dots<V: Simd>(product: &Product<V::Scalar>, sums: Sums<V::Scalar>) {
    const { assert!(tiles_fit::<V>()) }
    let mut j = 0;
    while j < product.n {
        let cols = evenly(product.n - j, V::DOT_ROWS.len());
        let most_rows = V::DOT_ROWS[cols - 1];
        let mut i = 0;
        while i < product.m {
            let rows = evenly(product.m - i, most_rows);
            let at = TileAt { i, j, sums };
            // The first tile that reads a row, or a column, is the one that sums it.
            let is_first = match sums.of {
                Side::A => j == 0,
                Side::B => i == 0,
            };
            let is_summed = is_first && !sums.at.is_null();
            macro_rules! multiply_one_of {
                ($(($rows:literal, $cols:literal, $unroll:literal))*) => {
                    match (rows, cols) {
                        $(($rows, $cols) if const { has_tile::<V>($rows, $cols) } => {
                            match is_summed {
                                true => V::dot_tile::<$rows, $cols, $unroll, true>(product, &at),
                                false => V::dot_tile::<$rows, $cols, $unroll, false>(product, &at),
                            }
                        })*
                        // C has no fewer rows than columns, and halves of what is left are no fewer.
                        _ => unreachable!("tiles have no more rows, and no fewer than columns"),
                    }
                };
            }
            // So many vectors of a row at a time that there are eight sums to hide the latency of
            // an FMA with, where the rows are worth it.
            // SAFETY: the caller's; the tile is within C.
            unsafe {
                multiply_one_of! {
                    (1, 1, 8) (2, 1, 4) (3, 1, 3) (4, 1, 2) (5, 1, 2)
                    (2, 2, 2) (3, 2, 2) (4, 2, 1) (5, 2, 1)
                    (3, 3, 1) (4, 3, 1) (5, 3, 1)
                }
            }
            i += rows;
        }
        j += cols;
    }
}

/// Whether such a tile is ever asked for. What this excludes is not compiled.
const fn has_tile<V: Simd>(rows: usize, cols: usize) -> bool {
    cols <= V::DOT_ROWS.len() && rows <= V::DOT_ROWS[cols - 1]
}

/// Whether every tile has room in memory, and the sums of its rows or columns in one vector.
const fn tiles_fit<V: Simd>() -> bool {
    let mut cols = V::DOT_ROWS.len();
    let mut fit = cols <= V::LANES && MAX_TILE.is_multiple_of(V::LANES);
    while cols > 0 {
        let rows = V::DOT_ROWS[cols - 1];
        fit = fit && rows <= V::LANES && rows * cols <= MAX_TILE;
        cols -= 1;
    }
    fit
}

/// A tile's first row and column, and where its sums go.
pub(crate) struct TileAt<S> {
    i: usize,
    j: usize,
    sums: Sums<S>,
}

/// R rows and C columns, U vectors of the inner axis at a time. If SUMMED, both rows and columns are summed,
/// though one of them alone is asked for: the additions are fewer than the products, and more functions
/// than these would be felt by who compiles them.
///
/// # Safety
///
/// As of [`dots`]; the tile is within C.
#[inline(always)]
pub(super) unsafe fn dot_tile<
    V: Simd,
    const R: usize,
    const C: usize,
    const U: usize,
    const SUMMED: bool,
>(
    product: &Product<V::Scalar>,
    tile: &TileAt<V::Scalar>,
) {
    // Of the product only what is needed: a copy of it as a whole would be waited for.
    let Product {
        k, mut a, mut b, ..
    } = *product;
    a.at = a.at.wrapping_offset(steps(tile.i, a.row));
    b.at = b.at.wrapping_offset(steps(tile.j, b.col));
    // SAFETY: the caller's.
    unsafe {
        let zero = V::splat(V::Scalar::zero());
        let mut x = [[[zero; U]; C]; R];
        let (mut row_sums, mut column_sums) = ([zero; R], [zero; C]);
        let mut columns = [zero; C];
        // A macro, because a closure does not get the instruction set.
        macro_rules! add_products {
            ($u:expr, $at:ident => $load:expr) => {
                for col in 0..C {
                    let $at = b.at.wrapping_offset(steps(col, b.col));
                    columns[col] = $load;
                    if SUMMED {
                        column_sums[col] = V::add(column_sums[col], columns[col]);
                    }
                }
                for r in 0..R {
                    let $at = a.at.wrapping_offset(steps(r, a.row));
                    let row = $load;
                    if SUMMED {
                        row_sums[r] = V::add(row_sums[r], row);
                    }
                    for col in 0..C {
                        let x = &mut x[r][col][$u];
                        *x = V::mul_add(row, columns[col], *x);
                    }
                }
            };
        }
        let step = const { U * V::LANES };
        let mut left = k;
        while left >= step {
            for u in 0..U {
                add_products!(u, at => V::load(at));
                a.at = a.at.wrapping_add(V::LANES);
                b.at = b.at.wrapping_add(V::LANES);
            }
            left -= step;
        }
        while left > 0 {
            let n = left.min(V::LANES);
            add_products!(0, at => V::load_first(n, at));
            a.at = a.at.wrapping_add(n);
            b.at = b.at.wrapping_add(n);
            left -= n;
        }

        // What comes after the loops is code for every R and C, and not for every tile.
        let mut elements = [const { MaybeUninit::uninit() }; MAX_TILE];
        for r in 0..R {
            for col in 0..C {
                for u in 1..U {
                    x[r][col][0] = V::add(x[r][col][0], x[r][col][u]);
                }
                elements[r * C + col].write(x[r][col][0]);
            }
        }
        V::put_products::<R, C>(product, tile, elements.as_ptr().cast());
        if SUMMED {
            match tile.sums.of {
                Side::A => V::put_sums(tile, tile.i, &row_sums),
                Side::B => V::put_sums(tile, tile.j, &column_sums),
            }
        }
    }
}

/// Adds up the lanes of R rows of C products, a vector of products at a time, and writes them.
///
/// # Safety
///
/// As of [`Simd`]; so many elements are there, and the tile is within C.
#[inline(always)]
pub(super) unsafe fn put_products<V: Simd, const R: usize, const C: usize>(
    product: &Product<V::Scalar>,
    tile: &TileAt<V::Scalar>,
    elements: *const V::Vector,
) {
    let Product { c, update, .. } = *product;
    let mut products = [V::Scalar::zero(); MAX_TILE];
    // SAFETY: the caller's.
    unsafe {
        for group in 0..(R * C).div_ceil(V::LANES) {
            let first = group * V::LANES;
            let left = (R * C - first).min(V::LANES);
            let mut some = [V::splat(V::Scalar::zero()); MAX_LANES];
            for lane in 0..left {
                some[lane] = *elements.wrapping_add(first + lane);
            }
            V::store(
                sums::<V>(some, left),
                products.as_mut_ptr().wrapping_add(first),
            );
        }
        let [alpha, beta] = update.factors().expect("an update that is α and β");
        let mut c_row = c.at.wrapping_offset(steps(tile.i, c.row));
        c_row = c_row.wrapping_offset(steps(tile.j, c.col));
        for r in 0..R {
            let mut to = c_row;
            for col in 0..C {
                let mut x = alpha * products[r * C + col];
                if !beta.is_zero() {
                    x += beta * *to;
                }
                *to = x;
                to = to.wrapping_offset(c.col);
            }
            c_row = c_row.wrapping_offset(c.row);
        }
    }
}

/// Adds up the lanes of the sums of a tile's rows or columns, from row or column `first` on.
///
/// # Safety
///
/// As of [`Simd`]; there is a place for each of the sums, which are no more than lanes.
#[inline(always)]
pub(super) unsafe fn put_sums<V: Simd>(
    tile: &TileAt<V::Scalar>,
    first: usize,
    lanes: &[V::Vector],
) {
    let Sums { at, add, .. } = tile.sums;
    let to = at.wrapping_add(first);
    // SAFETY: the caller's.
    unsafe {
        let mut some = [V::splat(V::Scalar::zero()); MAX_LANES];
        for (some, &lanes) in some.iter_mut().zip(lanes) {
            *some = lanes;
        }
        let mut x = sums::<V>(some, V::LANES);
        if add {
            x = V::add(V::load_first(lanes.len(), to), x);
        }
        V::store_first(lanes.len(), x, to);
    }
}
