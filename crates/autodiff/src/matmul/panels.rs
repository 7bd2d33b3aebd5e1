//! The kernel for a short inner axis: what A has for a few rows of C stays in registers, while B
//! passes by. A tile would read it again for every few columns, and they are soon done.

use std::ptr;

use num_traits::{Float, Zero};

use super::product::{Finish, Product, Start};
use super::simd::Simd;
use super::sweep::evenly;

/// The longest inner axis it takes.
pub(super) const LONGEST: usize = 5;

/// Whether it is better than tiles for a product, whose B and C have contiguous rows.
#[inline(always)]
pub(super) fn is_for_panels<V: Simd>(product: &Product<V::Scalar>) -> bool {
    let &Product { k, update, .. } = product;
    (1..=LONGEST).contains(&k) && most_rows::<V>(k) > 1 && update.is_a_write()
}

/// As many rows as there are registers for: every row needs one for each element of A and one to
/// begin its sums with, and there are B's vectors, a sum and a gate beside them.
#[inline(always)]
const fn most_rows<V: Simd>(k: usize) -> usize {
    let rows = V::REGISTERS.saturating_sub(k + 2) / (k + 1);
    // Ten are slower than five.
    if rows < 5 { rows } else { 5 }
}

/// All of C.
#[inline(always)]
pub(super) unsafe fn panels<V: Simd>(product: &Product<V::Scalar>) {
    macro_rules! multiply_by {
        ($($k:literal)*) => {
            match product.k {
                // SAFETY: the caller's.
                $($k => unsafe { panels_of::<V, $k>(product) },)*
                _ => unreachable!("a longer inner axis"),
            }
        };
    }
    multiply_by!(1 2 3 4 5)
}

#[inline(always)]
unsafe fn panels_of<V: Simd, const K: usize>(product: &Product<V::Scalar>) {
    // From the last row to the first. Other loops go from the first to the last, and if a gate and C
    // together are larger than the cache, it is the other end of what was read or written last that it
    // still has.
    let mut left = product.m;
    while left > 0 {
        let rows = evenly(left, most_rows::<V>(K));
        left -= rows;
        macro_rules! multiply {
            ($($rows:literal)*) => {
                match rows {
                    $($rows if const { $rows <= most_rows::<V>(K) && most_rows::<V>(K) > 1 } => {
                        V::panel::<$rows, K>(product, left);
                    })*
                    _ => unreachable!("panels have no more rows"),
                }
            };
        }
        // SAFETY: the caller's; the rows are within C.
        unsafe { multiply!(1 2 3 4 5) }
    }
}

/// R rows of C from i on, K being the inner axis.
#[inline(always)]
pub(super) unsafe fn panel<V: Simd, const R: usize, const K: usize>(
    product: &Product<V::Scalar>,
    i: usize,
) {
    let rows = product.rows(i..i + R);
    let Product { a, update, .. } = rows;
    // SAFETY: the caller's: A has so many rows and columns, and a bias as many rows; the rows are
    // within C.
    unsafe {
        let zero = V::splat(V::Scalar::zero());
        let mut factors = [[zero; K]; R];
        let mut starts = [zero; R];
        for r in 0..R {
            let a_row = a.at.wrapping_offset(r as isize * a.row);
            for k in 0..K {
                factors[r][k] = V::splat(*a_row.wrapping_offset(k as isize * a.col));
            }
            if let Start::Bias(bias) = update.start {
                starts[r] = V::splat(*bias.wrapping_add(r));
            }
        }
        match update.finish {
            Finish::WherePositive(gate) => {
                pass::<V, R, K, true>(&rows, factors, starts, zero, gate);
            }
            // Both are the greater one of two numbers, so that there is one loop for both.
            of_itself => {
                let floor = match of_itself {
                    Finish::Relu => V::Scalar::zero(),
                    Finish::Identity => V::Scalar::neg_infinity(),
                    _ => unreachable!("a gate has its own loop, and panels no marks"),
                };
                pass::<V, R, K, false>(&rows, factors, starts, V::splat(floor), ptr::null());
            }
        }
    }
}

/// From one end of the rows to the other. Either they are gated, or have a floor.
#[inline(always)]
unsafe fn pass<V: Simd, const R: usize, const K: usize, const GATED: bool>(
    rows: &Product<V::Scalar>,
    factors: [[V::Vector; K]; R],
    starts: [V::Vector; R],
    floor: V::Vector,
    mut gate: *const V::Scalar,
) {
    let Product {
        n, mut b, mut c, ..
    } = *rows;
    // A macro, because a closure does not get the instruction set.
    macro_rules! multiply {
        ($lanes:expr) => {
            let mut b_column = [floor; K];
            for k in 0..K {
                b_column[k] = V::load_first($lanes, b.at.wrapping_offset(k as isize * b.row));
            }
            for r in 0..R {
                let mut x = starts[r];
                for k in 0..K {
                    x = V::mul_add(factors[r][k], b_column[k], x);
                }
                let row = r as isize * c.row;
                if GATED {
                    let gate = V::load_first($lanes, gate.wrapping_offset(row));
                    x = V::where_positive(gate, x);
                } else {
                    x = V::at_least(floor, x);
                }
                V::store_first($lanes, x, c.at.wrapping_offset(row));
            }
        };
    }
    // SAFETY: the caller's.
    unsafe {
        for _ in 0..n / V::LANES {
            multiply!(V::LANES);
            b.at = b.at.wrapping_add(V::LANES);
            c.at = c.at.wrapping_add(V::LANES);
            gate = gate.wrapping_add(V::LANES);
        }
        let last = n % V::LANES;
        if last > 0 {
            multiply!(last);
        }
    }
}
