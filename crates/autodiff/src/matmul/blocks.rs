//! Products as sweeps: of the matrices where they lie, a large B in blocks of columns (or, if the inner
//! axis is short, as panels), the same of columns of B copied to the stack, or of blocks of B, and of A if
//! need be, packed in a workspace.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr;

use super::marks::{Bits, Marks};
use super::pack::{Cut, Job};
use super::panels::{is_for_panels, panels};
use super::product::{Finish, LINE, PAGE, Place, Product, is_multiple_of, parts};
use super::simd::Simd;
use super::sweep::{Distance, Packed, strip, sweep};

/// One line of the cache, so that a vector in packed parts is never on two.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([MaybeUninit<u8>; LINE]);

thread_local! {
    /// What the thread packed its last product in, empty and with room for the next one.
    static WORKSPACE: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

/// More lines than this, 4 MiB, no thread keeps: marks of a C of many millions may ask for them.
const MOST_KEPT: usize = (4 << 20) / size_of::<Line>();

/// What `strips` takes of the stack, 32 KiB: small products would notice a larger frame.
const LINES_OF_STRIPS: usize = 512;

/// As many of B's columns as fit in these, 16 KiB, are copied at once, or a strip: they stay in the first cache.
const LINES_AT_ONCE: usize = 256;

/// What the blocks of `packed` are measured in, 48 KiB, or two thirds of it for vectors of less than a line.
const LINES_OF_A_BLOCK: usize = 768;

/// What is swept of a larger B at a time where it lies, in bytes: it is still in the second cache when
/// the next band wants it.
pub(super) const BLOCK_IN_PLACE: usize = 256 << 10;

/// At most so many rows of A, full bands for every instruction set, are packed at once: 768 KiB or less.
pub(super) const ROWS_AT_ONCE: usize = 384;

/// What one thread may find in the third cache of the machines that were measured, in bytes.
pub(super) const THIRD_CACHE: usize = 12 << 20;

/// How long the inner axis of one strip in so many lines can be.
const fn inner_block<V: Simd>(lines: usize) -> usize {
    lines * size_of::<Line>() / (V::COLS * size_of::<V::Scalar>())
}

/// An inner axis that is no longer than this is packed at once by every instruction set.
pub(super) const SHORT: usize = 128;

/// Of A, B and C where they lie.
///
/// # Safety
///
/// As of [`Simd`]; C and B have contiguous rows.
#[inline(always)]
pub(super) unsafe fn in_place<V: Simd>(product: &Product<V::Scalar>) {
    let Product { m, k, n, .. } = *product;
    // SAFETY: the caller's; a row of B, like one of C, is contiguous.
    unsafe {
        if is_for_panels::<V>(product) {
            return panels::<V>(product);
        }
        let block = const { BLOCK_IN_PLACE / size_of::<V::Scalar>() };
        let is_small = k.saturating_mul(n) <= block;
        let in_place = Packed {
            a: ptr::null(),
            b: ptr::null(),
            distance: match is_small {
                true => Distance::Near,
                false => distance::<V>(product),
            },
        };
        if is_small || m <= V::ROWS {
            return sweep::<V>(product, in_place);
        }
        // Of a long inner axis one strip, though it is larger.
        let cols = (block / k).max(1).next_multiple_of(V::COLS);
        for cols in parts(n, |left| left.min(cols)) {
            sweep::<V>(&product.cols(cols), in_place);
        }
    }
}

/// Of a larger B where it lies. Of a few strips, none would be left to fetch; of a part, as a thread has
/// it, the matrix counts that its rows are in.
#[inline(always)]
fn distance<V: Simd>(product: &Product<V::Scalar>) -> Distance {
    let Product { k, n, b, .. } = *product;
    let row = b.row.unsigned_abs();
    let [page, third_cache] = [PAGE, THIRD_CACHE].map(|bytes| bytes / size_of::<V::Scalar>());
    if n <= 2 * V::COLS {
        Distance::Near
    } else if row >= page && k.saturating_mul(row) > third_cache {
        // The machine fetches a few rows ahead by itself, but not from page to page.
        Distance::InMemory
    } else if is_multiple_of::<V::Scalar>(PAGE, b.row) {
        Distance::ByPages
    } else {
        Distance::Near
    }
}

/// Of some columns of B at a time, copied to the stack as the rows that [`in_place`] wants. An update that has
/// no parts gets there only if the inner axis is no longer than [`SHORT`].
///
/// # Safety
///
/// As of [`Simd`]; C has contiguous rows.
#[inline(never)]
pub(super) unsafe fn strips<V: Simd>(product: &Product<V::Scalar>) {
    let mut lines = [const { MaybeUninit::<Line>::uninit() }; LINES_OF_STRIPS];
    let b = lines.as_mut_ptr().cast::<V::Scalar>();
    let most = const { inner_block::<V>(LINES_OF_STRIPS) };
    const {
        assert!(SHORT <= inner_block::<V>(LINES_OF_STRIPS));
        assert!(LINES_AT_ONCE <= LINES_OF_STRIPS);
    }
    let bytes_per_vector = product.k.clamp(1, most) * V::LANES * size_of::<V::Scalar>();
    let at_once = (LINES_AT_ONCE * size_of::<Line>() / bytes_per_vector).max(V::VECTORS);
    for cols in parts(product.n, |left| strip::<V>(left, at_once)) {
        let product = product.cols(cols);
        for inner in inner_parts(product.k, most) {
            let product = product.inner(inner);
            let copy = Place {
                at: b.cast_const(),
                row: product.n.next_multiple_of(V::LANES) as isize,
                col: 1,
            };
            // SAFETY: so many vectors fit in the lines; the rest is the caller's.
            unsafe {
                V::pack(&b_of(&product, Cut::Rows, b));
                in_place::<V>(&Product { b: copy, ..product });
            }
        }
    }
}

/// What [`packed`] copies at once: `depth` of the inner axis, so many columns of B, and so many rows of A, or
/// `None` if A is read where it lies.
struct Cuts {
    depth: usize,
    rows: Option<usize>,
    cols: usize,
}

#[inline(always)]
fn cuts<V: Simd>(product: &Product<V::Scalar>) -> Cuts {
    // Rows of A that are contiguous are read where they are, again for every block of B, and columns as
    // well by vectors of a whole line: others take a part of one from every column.
    let has_whole_lines = V::LANES * size_of::<V::Scalar>() == size_of::<Line>();
    let is_by_pages = is_multiple_of::<V::Scalar>(PAGE, product.a.col);
    let pack_a = match (product.a.row, product.a.col) {
        (_, 1) => false,
        (1, _) => !has_whole_lines,
        _ => true,
    };
    // What was fastest: a block of B, and what is read of A meanwhile, fit in the second cache wherever
    // its pages lie. To vectors of a whole line it matters that C is written once, if that leaves
    // enough strips to use a row of A for.
    let block = match has_whole_lines {
        true => const { inner_block::<V>(LINES_OF_A_BLOCK) },
        false => const { inner_block::<V>(2 * LINES_OF_A_BLOCK / 3) },
    };
    let is_whole = has_whole_lines && product.a.col == 1 && product.k <= 4 * block;
    let most = match pack_a {
        false if is_whole => 4 * block,
        false if has_whole_lines && !is_by_pages => 2 * block,
        false => 3 * block / 2,
        true if has_whole_lines => block,
        true => block / 2,
    };
    // Of a shorter inner axis so many more strips: the block is as large.
    let strips = match is_whole {
        true => 8 * block / product.k.max(1),
        false if pack_a => 8 * block / most,
        false => 12 * block / most,
    };
    const { assert!(ROWS_AT_ONCE.is_multiple_of(V::ROWS)) }
    Cuts {
        depth: product.k.clamp(1, most),
        rows: pack_a.then(|| equal_part(product.m, ROWS_AT_ONCE).next_multiple_of(V::ROWS)),
        cols: strips * V::COLS,
    }
}

/// What [`packed`] copies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Copied {
    /// B, each column once, and for so many of them at a time A is read.
    B { at_once: usize },
    /// A, each row once, and B again for every [`ROWS_AT_ONCE`] of them or less.
    Both,
}

/// What it copies of a product.
pub(super) fn copied<V: Simd>(product: &Product<V::Scalar>) -> Copied {
    let Cuts { rows, cols, .. } = cuts::<V>(product);
    match rows {
        Some(_) => Copied::Both,
        None => Copied::B { at_once: cols },
    }
}

/// Of blocks of B, and of A if need be: for products that are large enough for the copies to pay.
///
/// # Safety
///
/// As of [`Simd`]; C has contiguous rows.
#[inline(never)]
pub(super) unsafe fn packed<V: Simd>(product: &Product<V::Scalar>) {
    let Cuts { depth, rows, cols } = cuts::<V>(product);
    let cols = cols.min(product.n.next_multiple_of(V::LANES));
    let is_marked = product.k > depth && !product.has_parts();
    let [a_lines, b_lines, marks_lines] = [
        rows.unwrap_or(0) * depth * size_of::<V::Scalar>(),
        cols * depth * size_of::<V::Scalar>(),
        if is_marked {
            Marks::len::<V>(product)
        } else {
            0
        } * size_of::<Bits>(),
    ]
    .map(|bytes| bytes.div_ceil(size_of::<Line>()));
    let needed = a_lines + b_lines + marks_lines;
    let mut workspace = WORKSPACE.take();
    if workspace.capacity() < needed {
        // What was packed before is of no use, so nothing is copied, and the old one goes first.
        drop(workspace);
        workspace = Vec::with_capacity(needed);
    }
    let a = workspace.as_mut_ptr();
    let b = a.wrapping_add(a_lines);
    let marks = b.wrapping_add(b_lines).cast::<Bits>();
    let (a, b) = (a.cast(), b.cast());
    let packed = Packed {
        a: if rows.is_some() { a } else { ptr::null_mut() },
        b,
        distance: Distance::Near,
    };
    let mut product = *product;
    let of_c = Marks::new::<V>(&product, marks);
    if is_marked {
        // SAFETY: the caller's; there is room for the marks.
        unsafe { V::mark(&product, marks) }
        product.update.finish = Finish::WhereMarked(&of_c);
    }
    if let Some(rows) = rows {
        // A is copied once, and B again for every so many rows: strips are copied faster than bands.
        for inner in inner_parts(product.k, depth) {
            let product = product.inner(inner);
            for some_rows in parts(product.m, |left| left.min(rows)) {
                let product = product.rows(some_rows);
                // SAFETY: there is room for k columns of the rows.
                unsafe { V::pack(&bands_of(&product, a)) }
                for some_cols in parts(product.n, |left| left.min(cols)) {
                    // SAFETY: there is room for k rows of the columns; A is what was packed.
                    unsafe { pack_and_sweep::<V>(&product.cols(some_cols), packed, b) }
                }
            }
        }
    } else {
        // The parts of a block of C follow each other while it is near.
        for some_cols in parts(product.n, |left| left.min(cols)) {
            let product = product.cols(some_cols);
            for inner in inner_parts(product.k, depth) {
                // SAFETY: there is room for k rows of the columns.
                unsafe { pack_and_sweep::<V>(&product.inner(inner), packed, b) }
            }
        }
    }
    if needed <= MOST_KEPT {
        WORKSPACE.set(workspace);
    }
}

/// Packs B and multiplies.
///
/// # Safety
///
/// As of [`Simd`]; C has contiguous rows, `packed.b` is b, where there is room for k rows of B's strips
/// in whole vectors, and `packed.a` has all rows and columns of the product's A, or is null.
#[inline(always)]
unsafe fn pack_and_sweep<V: Simd>(
    product: &Product<V::Scalar>,
    packed: Packed<V::Scalar>,
    b: *mut V::Scalar,
) {
    // SAFETY: the caller's.
    unsafe {
        V::pack(&b_of(product, Cut::Strips, b));
        sweep::<V>(product, packed);
    }
}

/// How long equal parts of an axis are, `most` or less.
fn equal_part(len: usize, most: usize) -> usize {
    len.div_ceil(len.div_ceil(most).max(1))
}

/// Equal parts of the inner axis, `most` long or less. An empty one is one part too: β and the bias
/// want to be applied.
fn inner_parts(k: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let part = equal_part(k, most);
    parts(k, move |left| left.min(part)).chain((k == 0).then_some(0..0))
}

fn b_of<S: Copy>(product: &Product<S>, cut: Cut, to: *mut S) -> Job<S> {
    Job {
        k: product.k,
        count: product.n,
        cut,
        from: product.b.at,
        from_x: product.b.col,
        from_p: product.b.row,
        to,
    }
}

fn bands_of<S: Copy>(product: &Product<S>, to: *mut S) -> Job<S> {
    Job {
        k: product.k,
        count: product.m,
        cut: Cut::Bands,
        from: product.a.at,
        from_x: product.a.row,
        from_p: product.a.col,
        to,
    }
}
