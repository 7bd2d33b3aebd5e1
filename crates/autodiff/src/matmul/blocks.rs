//! Products as sweeps: of the matrices where they lie, of strips of B packed on the stack, or of
//! blocks of A and B packed in a workspace.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::pack::Job;
use super::product::{Product, parts};
use super::simd::Simd;
use super::sweep::{Block, Source, band, strip};

/// One line of the cache, so that a vector in packed parts is never on two.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([MaybeUninit<u8>; 64]);

const LINES_OF_A_STRIP: usize = 768;

/// The elements of a type that are packed along the inner axis at a time.
pub(super) const fn inner_block<V: Simd>() -> usize {
    LINES_OF_A_STRIP * size_of::<Line>() / (V::COLS * size_of::<V::Scalar>())
}

/// For C and B with contiguous rows.
pub(super) unsafe fn in_place<V: Simd>(product: &Product<V::Scalar>) {
    // SAFETY: the caller's; a row of B, like one of C, is contiguous.
    unsafe { V::sweep(&block(product, Source::InPlace(product.a), Source::InPlace(product.b))) }
}

/// For C with contiguous rows and any B: one strip of it at a time is copied to the stack.
#[inline(never)]
pub(super) unsafe fn strips<V: Simd>(product: &Product<V::Scalar>) {
    let mut lines = [const { MaybeUninit::<Line>::uninit() }; LINES_OF_A_STRIP];
    let packed = lines.as_mut_ptr().cast::<V::Scalar>();
    for cols in parts(product.n, strip::<V>) {
        let product = product.cols(cols);
        for inner in inner_parts::<V>(product.k) {
            let product = product.inner(inner);
            // SAFETY: the lines are as many as a strip needs; the rest is the caller's.
            unsafe {
                V::pack(&strip_of::<V>(&product, packed));
                V::sweep(&block(
                    &product,
                    Source::InPlace(product.a),
                    Source::Packed(packed),
                ));
            }
        }
    }
}

/// For C with contiguous rows and any A and B, large enough for the copies to pay.
pub(super) unsafe fn packed<V: Simd>(product: &Product<V::Scalar>) {
    let depth = inner_block::<V>().min(product.k);
    let rows = ROWS_OF_A.min(product.m);
    let cols = cols_of_b::<V>().min(product.n.next_multiple_of(V::LANES));
    let lines = |elements: usize| (elements * size_of::<V::Scalar>()).div_ceil(size_of::<Line>());
    let (a_lines, b_lines) = (lines(rows * depth), lines(cols * depth));
    let mut workspace = Vec::<Line>::with_capacity(a_lines + b_lines);
    let packed_a = workspace.as_mut_ptr().cast::<V::Scalar>();
    // SAFETY: that many lines are allocated before it.
    let packed_b = unsafe { workspace.as_mut_ptr().add(a_lines) }.cast::<V::Scalar>();
    for some_cols in parts(product.n, |left| left.min(cols)) {
        let product = product.cols(some_cols);
        for inner in inner_parts::<V>(product.k) {
            let product = product.inner(inner);
            for cols in parts(product.n, strip::<V>) {
                let to = packed_b.wrapping_add(cols.start * product.k);
                // SAFETY: there is room for k rows of the columns and of the end of a vector.
                unsafe { V::pack(&strip_of::<V>(&product.cols(cols), to)) }
            }
            for some_rows in parts(product.m, |left| left.min(rows)) {
                let product = product.rows(some_rows);
                for rows in parts(product.m, band::<V>) {
                    let to = packed_a.wrapping_add(rows.start * product.k);
                    // SAFETY: there is room for k columns of the rows.
                    unsafe { V::pack(&band_of(&product.rows(rows), to)) }
                }
                let (a, b) = (Source::Packed(packed_a), Source::Packed(packed_b));
                // SAFETY: the caller's; A and B are what was just packed.
                unsafe { V::sweep(&block(&product, a, b)) }
            }
        }
    }
}

/// The rows of A that are packed at a time.
const ROWS_OF_A: usize = 64;

/// The columns of B that are packed at a time: what stays in the second cache.
const fn cols_of_b<V: Simd>() -> usize {
    10 * V::COLS
}

/// An empty inner axis is one part too: β and the bias want to be applied.
fn inner_parts<V: Simd>(k: usize) -> impl Iterator<Item = Range<usize>> {
    let parts = parts(k, |left| left.min(inner_block::<V>()));
    parts.chain((k == 0).then_some(0..0))
}

fn block<S: Copy>(product: &Product<S>, a: Source<S>, b: Source<S>) -> Block<S> {
    Block {
        rows: product.m,
        cols: product.n,
        k: product.k,
        a,
        b,
        c: product.c.at,
        c_row: product.c.row,
        update: product.update,
    }
}

/// A strip of B, its rows ending with the vector that they end in.
fn strip_of<V: Simd>(product: &Product<V::Scalar>, to: *mut V::Scalar) -> Job<V::Scalar> {
    Job {
        k: product.k,
        count: product.n,
        width: product.n.next_multiple_of(V::LANES),
        from: product.b.at,
        from_x: product.b.col,
        from_p: product.b.row,
        to,
    }
}

/// A band of A, column by column.
fn band_of<S: Copy>(product: &Product<S>, to: *mut S) -> Job<S> {
    Job {
        k: product.k,
        count: product.m,
        width: product.m,
        from: product.a.at,
        from_x: product.a.row,
        from_p: product.a.col,
        to,
    }
}
