//! The kernel of few inner products of long rows, dW = dZ Xᵀ: rows of A and columns of B are
//! contiguous, a tile of C is kept in registers, and its lanes are added up at the end.

use num_traits::Zero;

use super::product::Product;
use super::simd::{MAX_LANES, Simd, sums};
use super::sweep::evenly;

/// Tiles have no more elements than this.
const MAX_TILE: usize = 16;

/// Needs A's columns and B's rows next to each other, and an update that is α and β.
#[inline(always)]
pub(super) unsafe fn dots<V: Simd>(product: &Product<V::Scalar>) {
    // Those beyond a tile's are left from an earlier one, and what they add up to is not used.
    // SAFETY: the caller's.
    let mut lanes = [unsafe { V::splat(V::Scalar::zero()) }; MAX_TILE];
    let mut j = 0;
    while j < product.n {
        let cols = evenly(product.n - j, V::DOT_COLS);
        let most_rows = (V::DOTS / cols).min(8);
        let mut i = 0;
        while i < product.m {
            let rows = evenly(product.m - i, most_rows);
            let tile = product.rows(i..i + rows).cols(j..j + cols);
            // SAFETY: the caller's; the tile is within C.
            unsafe {
                accumulate::<V>(&tile, &mut lanes);
                write::<V>(&tile, &lanes);
            }
            i += rows;
        }
        j += cols;
    }
}

/// The lanes of every element of a tile, row by row.
#[inline(always)]
unsafe fn accumulate<V: Simd>(tile: &Product<V::Scalar>, lanes: &mut [V::Vector; MAX_TILE]) {
    macro_rules! multiply_one_of {
        ($(($rows:literal, $cols:literal, $unroll:literal))*) => {
            match (tile.m, tile.n) {
                $(($rows, $cols)
                    if const { $rows * $cols <= V::DOTS && $cols <= V::DOT_COLS } =>
                {
                    multiply::<V, $rows, $cols, $unroll>(tile, lanes)
                })*
                _ => unreachable!("tiles have at most DOTS elements"),
            }
        };
    }
    // So many vectors of a row at a time that there are eight sums to hide the latency of an FMA
    // with, where the rows are worth it.
    // SAFETY: the caller's.
    unsafe {
        multiply_one_of!((1, 1, 8)(2, 1, 4)(3, 1, 3)(4, 1, 2)(5, 1, 2)(6, 1, 2)(
            7, 1, 2
        )(8, 1, 1)(1, 2, 4)(2, 2, 2)(3, 2, 2)(4, 2, 1)(
            5, 2, 1
        )(6, 2, 1)(7, 2, 1)(8, 2, 1)(1, 3, 3)(2, 3, 2)(
            3, 3, 1
        )(4, 3, 1)(5, 3, 1)(1, 4, 2)(2, 4, 1)(3, 4, 1)(
            4, 4, 1
        ));
    }
}

#[inline(always)]
unsafe fn multiply<V: Simd, const R: usize, const C: usize, const U: usize>(
    tile: &Product<V::Scalar>,
    lanes: &mut [V::Vector; MAX_TILE],
) {
    let Product { k, a, b, .. } = *tile;
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
    // SAFETY: the caller's: rows of A and columns of B have k elements next to each other.
    unsafe {
        let zero = V::splat(V::Scalar::zero());
        let mut sums = [[[zero; U]; C]; R];
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
                        sums[r][col][u] = V::mul_add(row, columns[col], sums[r][col][u]);
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
                    sums[r][col][0] = V::mul_add(row, columns[col], sums[r][col][0]);
                }
            }
            p += n;
        }
        for r in 0..R {
            for col in 0..C {
                for u in 1..U {
                    sums[r][col][0] = V::add(sums[r][col][0], sums[r][col][u]);
                }
                lanes[r * C + col] = sums[r][col][0];
            }
        }
    }
}

/// Adds up the lanes, and writes a tile.
#[inline(always)]
unsafe fn write<V: Simd>(tile: &Product<V::Scalar>, lanes: &[V::Vector; MAX_TILE]) {
    let Product { c, update, .. } = *tile;
    let [alpha, beta] = update.factors().expect("an update that is α and β");
    let mut products = [V::Scalar::zero(); MAX_TILE];
    // SAFETY: the caller's; MAX_TILE is a multiple of every number of lanes.
    unsafe {
        let mut first = 0;
        while first < tile.m * tile.n {
            let mut group = [lanes[0]; MAX_LANES];
            for lane in 0..V::LANES {
                group[lane] = lanes[first + lane];
            }
            V::store(sums::<V>(group), products.as_mut_ptr().add(first));
            first += V::LANES;
        }
        let mut products = products.iter();
        for r in 0..tile.m {
            let mut to = c.at.wrapping_offset(r as isize * c.row);
            for &product in products.by_ref().take(tile.n) {
                let mut x = alpha * product;
                if !beta.is_zero() {
                    x += beta * *to;
                }
                *to = x;
                to = to.wrapping_offset(c.col);
            }
        }
    }
}
