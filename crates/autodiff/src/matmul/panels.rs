//! The kernel for a short inner axis: what A has for a few rows of C stays in registers, while B
//! passes by. A tile would read it again for every few columns, and they are soon done.

use std::ptr;

use num_traits::{Float, Zero};

use super::product::{Argument, Finish, Product, Start, steps};
use super::simd::Simd;
use super::sweep::evenly;

/// The longest inner axis it takes.
pub(super) const LONGEST: usize = 5;

/// Whether it is better than tiles for a product, whose B and C have contiguous rows.
#[inline(always)]
pub(super) fn is_for_panels<V: Simd>(product: &Product<V::Scalar>) -> bool {
    let &Product { k, update, .. } = product;
    (1..=LONGEST).contains(&k) && most_rows::<V>(k) > 1 && update.argument() == Argument::Sum
}

/// As many rows as there are registers for: every row needs one for each element of A and one to
/// begin its sums with, and there are a sum and a gate beside them; and B's vectors, which are operands
/// in memory where registers are few.
#[inline(always)]
const fn most_rows<V: Simd>(k: usize) -> usize {
    let others = if V::REGISTERS == 16 { 2 } else { k + 2 };
    let rows = V::REGISTERS.saturating_sub(others) / (k + 1);
    // Ten are slower than five.
    if rows < 5 { rows } else { 5 }
}

/// All of C.
///
/// # Safety
///
/// As of [`Simd`]; B and C have contiguous rows.
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

/// # Safety
///
/// As of [`panels`]; K is the inner axis.
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

/// R rows of C from i on.
///
/// # Safety
///
/// As of [`panels`]; K is the inner axis, and the rows are C's.
#[inline(always)]
pub(super) unsafe fn panel<V: Simd, const R: usize, const K: usize>(
    product: &Product<V::Scalar>,
    i: usize,
) {
    let rows = product.rows(i..i + R);
    let Product { n, a, update, .. } = rows;
    // SAFETY: the caller's: A has so many rows and columns, and a bias as many rows.
    unsafe {
        let zero = V::splat(V::Scalar::zero());
        let mut factors = [[zero; K]; R];
        let mut starts = [zero; R];
        for r in 0..R {
            let a_row = a.at.wrapping_offset(steps(r, a.row));
            for k in 0..K {
                factors[r][k] = V::splat_at(a_row.wrapping_offset(steps(k, a.col)));
            }
            if let Start::Bias(bias) = update.start {
                starts[r] = V::splat_at(bias.wrapping_add(r));
            }
        }
        // There is a gate, or a floor: both of the others are the greater one of two numbers.
        let (gate, floor) = match update.finish {
            Finish::WherePositive(gate) => (gate, zero),
            Finish::Relu => (ptr::null(), zero),
            Finish::Identity => (ptr::null(), V::splat(V::Scalar::neg_infinity())),
            Finish::WhereMarked(_) => unreachable!("panels have no marks"),
        };
        let mut pass = Pass::<V, R, K> {
            factors,
            starts,
            floor,
            rows,
            gate,
        };
        let is_gated = !gate.is_null();
        if is_gated {
            for _ in 0..n / V::LANES {
                pass.column(V::LANES, true);
            }
        } else {
            for _ in 0..n / V::LANES {
                pass.column(V::LANES, false);
            }
        }
        let last = n % V::LANES;
        if last > 0 {
            pass.column(last, is_gated);
        }
    }
}

/// What goes from one end of the rows to the other, and where it is: the rows begin there.
struct Pass<V: Simd, const R: usize, const K: usize> {
    factors: [[V::Vector; K]; R],
    starts: [V::Vector; R],
    floor: V::Vector,
    rows: Product<V::Scalar>,
    gate: *const V::Scalar,
}

impl<V: Simd, const R: usize, const K: usize> Pass<V, R, K> {
    /// A vector of each row, its first lanes, and on to the next one.
    ///
    /// # Safety
    ///
    /// As of [`panel`]; of each row so many elements are left, and there is a gate if it is gated.
    #[inline(always)]
    unsafe fn column(&mut self, lanes: usize, is_gated: bool) {
        let Product { b, c, .. } = &mut self.rows;
        // SAFETY: the caller's.
        unsafe {
            let mut b_column = [self.floor; K];
            for k in 0..K {
                b_column[k] = V::load_first(lanes, b.at.wrapping_offset(steps(k, b.row)));
            }
            for r in 0..R {
                let mut x = self.starts[r];
                for k in 0..K {
                    x = V::mul_add(self.factors[r][k], b_column[k], x);
                }
                let row = steps(r, c.row);
                x = if is_gated {
                    let gate = V::load_first(lanes, self.gate.wrapping_offset(row));
                    V::where_positive(gate, x)
                } else {
                    V::at_least(self.floor, x)
                };
                V::store_first(lanes, x, c.at.wrapping_offset(row));
            }
            b.at = b.at.wrapping_add(lanes);
            c.at = c.at.wrapping_add(lanes);
            self.gate = self.gate.wrapping_add(lanes);
        }
    }
}
