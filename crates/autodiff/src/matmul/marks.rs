//! Where C was positive, if it is its own gate and has to hold sums that are not complete yet: a bit
//! for each element, those of a vector where a byte for its first element would be.

use super::product::Product;
use super::simd::Simd;

/// The bits of a vector.
pub(super) type Bits = u16;

/// How many bytes all of them take.
pub(super) fn len<S>(product: &Product<S>) -> usize {
    let rows = product.m.saturating_sub(1) as isize;
    (rows * product.c.row).unsigned_abs() + product.n + size_of::<Bits>()
}

/// Notes it for all of C, whose rows are contiguous.
#[inline(always)]
pub(super) unsafe fn mark<V: Simd>(product: &Product<V::Scalar>, marks: *mut u8) {
    let Product { m, n, c, .. } = *product;
    // Row after row: bits that stand for nothing may be where the next row begins.
    for i in 0..m {
        let row = (i as isize).wrapping_mul(c.row);
        for j in (0..n).step_by(V::LANES) {
            let element = row.wrapping_add(j as isize);
            // SAFETY: the caller's: the elements are C's, and there is a byte for each of them.
            unsafe {
                let x = V::load_first((n - j).min(V::LANES), c.at.wrapping_offset(element));
                let bits = marks.wrapping_offset(element).cast::<Bits>();
                bits.write_unaligned(V::positive(x));
            }
        }
    }
}

/// x where the bits from there on say so, else 0.
#[inline(always)]
pub(super) unsafe fn where_marked<V: Simd>(marks: *const u8, x: V::Vector) -> V::Vector {
    // SAFETY: the caller's.
    unsafe { V::where_bits(marks.cast::<Bits>().read_unaligned(), x) }
}
