//! The kernel of few inner products of long rows, dW = dZ Xᵀ: rows of A and columns of B are
//! contiguous, a tile of C is kept in registers, and its lanes are added up at the end.

use num_traits::Zero;

use super::product::Product;
use super::simd::{MAX_LANES, Simd, sums};
use super::sweep::evenly;

/// Tiles have no more elements than this, a multiple of every number of lanes.
const MAX_TILE: usize = 16;

/// Needs A's columns and B's rows next to each other, and an update that is α and β.
#[inline(never)]
pub(super) unsafe fn dots<V: Simd>(product: &Product<V::Scalar>) {
    let mut j = 0;
    while j < product.n {
        let cols = evenly(product.n - j, V::DOT_ROWS.len());
        let most_rows = V::DOT_ROWS[cols - 1];
        let mut i = 0;
        while i < product.m {
            let rows = evenly(product.m - i, most_rows);
            macro_rules! multiply_one_of {
                ($(($rows:literal, $cols:literal, $unroll:literal))*) => {
                    match (rows, cols) {
                        $(($rows, $cols) if const { has_tile::<V>($rows, $cols) } => {
                            V::dot_tile::<$rows, $cols, $unroll>(product, i, j);
                        })*
                        _ => unreachable!("tiles have no more rows and columns"),
                    }
                };
            }
            // So many vectors of a row at a time that there are eight sums to hide the latency of
            // an FMA with, where the rows are worth it.
            // SAFETY: the caller's; the tile is within C.
            unsafe {
                multiply_one_of!((1, 1, 8)(2, 1, 4)(3, 1, 3)(4, 1, 2)(5, 1, 2)(1, 2, 4)(
                    2, 2, 2
                )(3, 2, 2)(4, 2, 1)(5, 2, 1)(1, 3, 3)(
                    2, 3, 2
                )(3, 3, 1)(4, 3, 1)(5, 3, 1));
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

/// R rows from i on and C columns from j on, U vectors of the inner axis at a time.
#[inline(always)]
pub(super) unsafe fn dot_tile<V: Simd, const R: usize, const C: usize, const U: usize>(
    product: &Product<V::Scalar>,
    i: usize,
    j: usize,
) {
    // Of the product only what is needed: a copy of it as a whole would be waited for.
    let Product {
        k,
        mut a,
        mut b,
        mut c,
        update,
        ..
    } = *product;
    let (i, j) = (i as isize, j as isize);
    a.at = a.at.wrapping_offset(i.wrapping_mul(a.row));
    b.at = b.at.wrapping_offset(j.wrapping_mul(b.col));
    c.at = c.at.wrapping_offset(i.wrapping_mul(c.row));
    c.at = c.at.wrapping_offset(j.wrapping_mul(c.col));
    // Macros, because a closure does not get the instruction set.
    macro_rules! a {
        ($r:expr, $p:expr) => {
            a.at.wrapping_offset(($r as isize).wrapping_mul(a.row))
                .wrapping_add($p)
        };
    }
    macro_rules! b {
        ($col:expr, $p:expr) => {
            b.at.wrapping_offset(($col as isize).wrapping_mul(b.col))
                .wrapping_add($p)
        };
    }
    // SAFETY: the caller's: rows of A and columns of B have k elements next to each other, and the
    // tile is within C.
    unsafe {
        let zero = V::splat(V::Scalar::zero());
        let mut x = [[[zero; U]; C]; R];
        let mut columns = [zero; C];
        let mut p = 0;
        while p + U * V::LANES <= k {
            for u in 0..U {
                for col in 0..C {
                    columns[col] = V::load(b!(col, p));
                }
                for r in 0..R {
                    let row = V::load(a!(r, p));
                    for col in 0..C {
                        x[r][col][u] = V::mul_add(row, columns[col], x[r][col][u]);
                    }
                }
                p += V::LANES;
            }
        }
        while p < k {
            let n = (k - p).min(V::LANES);
            for col in 0..C {
                columns[col] = V::load_first(n, b!(col, p));
            }
            for r in 0..R {
                let row = V::load_first(n, a!(r, p));
                for col in 0..C {
                    x[r][col][0] = V::mul_add(row, columns[col], x[r][col][0]);
                }
            }
            p += n;
        }

        // The lanes of every element, row by row, are added up a vector of elements at a time.
        let mut lanes = [zero; MAX_TILE + MAX_LANES];
        for r in 0..R {
            for col in 0..C {
                for u in 1..U {
                    x[r][col][0] = V::add(x[r][col][0], x[r][col][u]);
                }
                lanes[r * C + col] = x[r][col][0];
            }
        }
        let mut products = [V::Scalar::zero(); MAX_TILE];
        for group in 0..(R * C).div_ceil(V::LANES) {
            let first = group * V::LANES;
            let mut some = [zero; MAX_LANES];
            for lane in 0..V::LANES {
                some[lane] = lanes[first + lane];
            }
            let left = R * C - first;
            V::store(sums::<V>(some, left), products.as_mut_ptr().add(first));
        }
        let [alpha, beta] = update.factors().expect("an update that is α and β");
        for r in 0..R {
            for col in 0..C {
                let to =
                    c.at.wrapping_offset((r as isize).wrapping_mul(c.row))
                        .wrapping_offset((col as isize).wrapping_mul(c.col));
                let mut x = alpha * products[r * C + col];
                if !beta.is_zero() {
                    x += beta * *to;
                }
                *to = x;
            }
        }
    }
}
