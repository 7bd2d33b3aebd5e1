//! Where C was positive, if it is its own gate and has to hold sums that are not complete yet.

use super::product::{Product, steps};
use super::simd::Simd;

/// A bit for each element of a vector, the first one's the lowest.
pub(super) type Bits = u16;

/// The bits of C's vectors, row by row. They are this thread's own: made when the parts of a product
/// have been shared out, and never sent to another.
///
/// Vectors are counted from C's first column on: what is asked for begins with one of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks<S> {
    at: *const Bits,
    c: *const S,
    c_row: isize,
    lanes: usize,
    vectors_of_a_row: usize,
}

impl<S> Marks<S> {
    /// How many vectors there are, of as many lanes as V has.
    pub(super) fn len<V: Simd<Scalar = S>>(product: &Product<S>) -> usize {
        product.m * product.n.div_ceil(V::LANES)
    }

    /// Those of C, once they are there.
    pub(super) fn new<V: Simd<Scalar = S>>(product: &Product<S>, at: *const Bits) -> Self {
        Self {
            at,
            c: product.c.at,
            // Never taken where there is one row, and then no element is as far away as the next row.
            c_row: match product.m {
                0 | 1 => isize::MAX,
                _ => product.c.row,
            },
            lanes: V::LANES,
            vectors_of_a_row: product.n.div_ceil(V::LANES),
        }
    }

    /// Where those of a tile are that begins there, and how far its rows are apart.
    ///
    /// # Safety
    ///
    /// The tile is within the C that was marked, and begins with one of its vectors.
    #[inline(always)]
    pub(super) unsafe fn of_tile(&self, c: *const S) -> (*const Bits, usize) {
        // SAFETY: the caller's: both are within C.
        let elements = unsafe { c.offset_from(self.c) };
        let (row, col) = (elements / self.c_row, elements % self.c_row);
        let vectors = row as usize * self.vectors_of_a_row + col as usize / self.lanes;
        (self.at.wrapping_add(vectors), self.vectors_of_a_row)
    }
}

/// Makes them for all of C.
///
/// # Safety
///
/// As of [`Simd`]; C has contiguous rows, and there is room for [`Marks::len`] of them.
#[inline(always)]
pub(super) unsafe fn mark<V: Simd>(product: &Product<V::Scalar>, mut marks: *mut Bits) {
    let Product { m, n, c, .. } = *product;
    for i in 0..m {
        let row = c.at.wrapping_offset(steps(i, c.row));
        for j in (0..n).step_by(V::LANES) {
            // SAFETY: the caller's: the elements are C's.
            unsafe {
                let x = V::load_first((n - j).min(V::LANES), row.wrapping_add(j));
                marks.write(V::positive(x));
            }
            marks = marks.wrapping_add(1);
        }
    }
}
