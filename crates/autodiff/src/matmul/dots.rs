//! The kernel of few inner products of long rows, dW = dZ Xᵀ: rows of A and columns of B are
//! contiguous, a tile of C is kept in registers, and its lanes are added up at the end.

use num_traits::Zero;

use super::product::Product;
use super::simd::{MAX_LANES, Simd, sums};
use super::sweep::evenly;

/// Tiles have no more elements than this.
const MAX_TILE: usize = 16;

/// Needs A's columns and B's rows next to each other. A bias is not this kernel's.
#[inline(always)]
pub(super) unsafe fn dots<V: Simd>(product: Product<V::Scalar>) {
    let mut j = 0;
    while j < product.n {
        let cols = evenly(product.n - j, V::DOT_COLS);
        let most_rows = (V::DOTS / cols).min(8);
        let mut i = 0;
        while i < product.m {
            let rows = evenly(product.m - i, most_rows);
            macro_rules! tile_of {
                ($(($rows:literal, $cols:literal, $unroll:literal))*) => {
                    match (rows, cols) {
                        // SAFETY: the tile is within C; the rest is the caller's.
                        $(($rows, $cols) if $rows * $cols <= V::DOTS && $cols <= V::DOT_COLS => unsafe {
                            tile::<V, $rows, $cols, $unroll>(product, i, j)
                        },)*
                        _ => unreachable!("tiles have at most DOTS elements"),
                    }
                };
            }
            // So many vectors of a row at a time that there are eight sums to hide the latency of
            // an FMA with, where the rows are worth it.
            tile_of!((1, 1, 8)(2, 1, 4)(3, 1, 3)(4, 1, 2)(5, 1, 2)(6, 1, 2)(
                7, 1, 2
            )(8, 1, 1)(1, 2, 4)(2, 2, 2)(3, 2, 2)(4, 2, 1)(
                5, 2, 1
            )(6, 2, 1)(7, 2, 1)(8, 2, 1)(1, 3, 3)(2, 3, 2)(
                3, 3, 1
            )(4, 3, 1)(5, 3, 1)(1, 4, 2)(2, 4, 1)(3, 4, 1)(
                4, 4, 1
            ));
            i += rows;
        }
        j += cols;
    }
}

#[inline(always)]
unsafe fn tile<V: Simd, const R: usize, const C: usize, const U: usize>(
    product: Product<V::Scalar>,
    i: usize,
    j: usize,
) {
    let Product { k, a, b, c, .. } = product;
    // SAFETY: the caller's: rows i.. of A and columns j.. of B have k elements next to each other,
    // and the tile is within C.
    unsafe {
        let a_at = a.at.offset(i as isize * a.row);
        let b_at = b.at.offset(j as isize * b.col);
        let zero = V::splat(V::Scalar::zero());
        let mut lanes = [[[zero; U]; C]; R];
        let mut columns = [zero; C];
        let mut p = 0;
        while p + U * V::LANES <= k {
            for u in 0..U {
                for col in 0..C {
                    columns[col] = V::load(b_at.offset(col as isize * b.col).add(p));
                }
                for r in 0..R {
                    let row = V::load(a_at.offset(r as isize * a.row).add(p));
                    for col in 0..C {
                        lanes[r][col][u] = V::mul_add(row, columns[col], lanes[r][col][u]);
                    }
                }
                p += V::LANES;
            }
        }
        while p < k {
            let n = (k - p).min(V::LANES);
            for col in 0..C {
                columns[col] = V::load_first(n, b_at.offset(col as isize * b.col).add(p));
            }
            for r in 0..R {
                let row = V::load_first(n, a_at.offset(r as isize * a.row).add(p));
                for col in 0..C {
                    lanes[r][col][0] = V::mul_add(row, columns[col], lanes[r][col][0]);
                }
            }
            p += n;
        }

        let mut vectors = [zero; MAX_TILE];
        for r in 0..R {
            for col in 0..C {
                for u in 1..U {
                    lanes[r][col][0] = V::add(lanes[r][col][0], lanes[r][col][u]);
                }
                vectors[r * C + col] = lanes[r][col][0];
            }
        }
        let mut products = [V::Scalar::zero(); MAX_TILE];
        for first in (0..MAX_TILE).step_by(V::LANES) {
            if first < R * C {
                let mut group = [zero; MAX_LANES];
                for lane in 0..V::LANES {
                    group[lane] = vectors[first + lane];
                }
                V::store(sums::<V>(group), products.as_mut_ptr().add(first));
            }
        }

        let update = product.update;
        for r in 0..R {
            for col in 0..C {
                let to =
                    c.at.offset((i + r) as isize * c.row + (j + col) as isize * c.col);
                let mut x = update.alpha * products[r * C + col];
                if !update.beta.is_zero() {
                    x += update.beta * *to;
                }
                *to = x;
            }
        }
    }
}
