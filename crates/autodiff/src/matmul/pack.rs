//! Copies of a matrix' parts in the order in which [`sweep`](super::sweep) reads them.

use num_traits::Zero;

use super::product::{parts, steps};
use super::simd::{MAX_LANES, Simd, columns_without_gaps, hidden_at, transposed};
use super::sweep::{band, strip};
use crate::Scalar;

/// `from[x · from_x + p · from_p]` for p < k and x < count, as [`sweep`](super::sweep) cuts x into
/// bands or strips, if it does: each of them `width` elements per p, whatever those beyond its end are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job<S> {
    pub(super) k: usize,
    pub(super) count: usize,
    pub(super) cut: Cut,
    pub(super) from: *const S,
    pub(super) from_x: isize,
    pub(super) from_p: isize,
    pub(super) to: *mut S,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    Bands,
    Strips,
    /// Not at all: one part, of whole vectors.
    Rows,
}

/// As [`Job`] says. Nothing else is written.
///
/// # Safety
///
/// As of [`Simd`]; the elements are there, and k times the width of every part of places for them, which
/// overlap nothing that is read.
#[inline(always)]
pub(super) unsafe fn pack<V: Simd>(job: &Job<V::Scalar>) {
    if job.from_x == 1 {
        // SAFETY: the caller's.
        let mut x = unsafe {
            match job.cut {
                // So many rows side by side, as every one may be on another page, and as many are fetched
                // ahead of that, was fastest: a band has few elements of a row, a strip many.
                Cut::Bands => copy_full_parts::<V, 4>(job, V::ROWS),
                Cut::Strips => copy_full_parts::<V, 8>(job, V::COLS),
                Cut::Rows => 0,
            }
        };
        while x < job.count {
            let part = part::<V>(job, x);
            for p in 0..part.k {
                // SAFETY: the caller's.
                unsafe { copy_row::<V>(&part, p) }
            }
            x += part.count;
        }
    } else {
        let mut x = 0;
        while x < job.count {
            let part = part::<V>(job, x);
            // SAFETY: the caller's.
            unsafe {
                if job.from_p == 1 {
                    transpose::<V>(&part);
                } else {
                    copy_elements(&part);
                }
            }
            x += part.count;
        }
    }
}

/// One band or strip, or all, if there is no cut.
struct Part<S> {
    k: usize,
    count: usize,
    width: usize,
    from: *const S,
    from_x: isize,
    from_p: isize,
    to: *mut S,
}

/// The one that begins at x.
#[inline(always)]
fn part<V: Simd>(job: &Job<V::Scalar>, x: usize) -> Part<V::Scalar> {
    let left = job.count - x;
    let (count, width) = match job.cut {
        Cut::Bands => (band::<V>(left), band::<V>(left)),
        Cut::Strips => {
            let count = strip::<V>(left, V::VECTORS);
            (count, count.next_multiple_of(V::LANES))
        }
        Cut::Rows => (left, left.next_multiple_of(V::LANES)),
    };
    Part {
        k: job.k,
        count,
        width,
        from: job.from.wrapping_offset(steps(x, job.from_x)),
        from_x: job.from_x,
        from_p: job.from_p,
        to: job.to.wrapping_add(x * job.k),
    }
}

/// Copies parts of the full width, AT_ONCE rows of them side by side: all, or if they end within a
/// vector, those that another full part follows. Returns how many x that were.
///
/// Whole vectors are copied, and what they have too much is overwritten by the next row.
///
/// # Safety
///
/// As of [`pack`]; a step of x is one element, and `width` is that of a full part.
#[inline(always)]
unsafe fn copy_full_parts<V: Simd, const AT_ONCE: usize>(
    job: &Job<V::Scalar>,
    width: usize,
) -> usize {
    const {
        // What is too much is within the next part, and within the next row of the copy.
        assert!(V::ROWS.next_multiple_of(V::LANES) <= 2 * V::ROWS);
        assert!(V::COLS.is_multiple_of(V::LANES));
    }
    let has_whole_vectors = width.is_multiple_of(V::LANES);
    let full = match has_whole_vectors && job.count.is_multiple_of(width) {
        true => job.count,
        false => (job.count / width).saturating_sub(1) * width,
    };
    for rows in parts(job.k, |left| left.min(AT_ONCE)) {
        for x in (0..full).step_by(width) {
            for p in rows.clone() {
                let from = job
                    .from
                    .wrapping_offset(steps(p, job.from_p))
                    .wrapping_add(x);
                let to = job.to.wrapping_add(x * job.k + p * width);
                for v in (0..width).step_by(V::LANES) {
                    let n = match has_whole_vectors || p + 1 < job.k {
                        true => V::LANES,
                        false => (width - v).min(V::LANES),
                    };
                    let from = from.wrapping_add(v);
                    // SAFETY: the caller's: so many elements of a row there are, and so many places before
                    // the end of the part's copy.
                    unsafe {
                        V::prefetch(from.wrapping_offset(steps(AT_ONCE, job.from_p)));
                        V::store_first(n, V::load(from), to.wrapping_add(v));
                    }
                }
            }
        }
    }
    full
}

/// # Safety
///
/// As of [`pack`]; a step of x is one element, and p < k.
#[inline(always)]
unsafe fn copy_row<V: Simd>(part: &Part<V::Scalar>, p: usize) {
    // SAFETY: row p of both has `count` elements.
    unsafe {
        let from = part.from.wrapping_offset(steps(p, part.from_p));
        let to = part.to.wrapping_add(p * part.width);
        let mut x = 0;
        while x < part.count {
            let n = (part.count - x).min(V::LANES);
            V::store_first(
                n,
                V::load_first(n, from.wrapping_add(x)),
                to.wrapping_add(x),
            );
            x += n;
        }
    }
}

/// LANES of the part's x at a time as long as there are as many, whose k elements, a power of two,
/// follow each other without a gap. How many that were.
///
/// # Safety
///
/// As of [`pack`]; K is k, a step of x is K elements, and a step of p is one.
#[inline(always)]
unsafe fn transpose_without_gaps<V: Simd, const K: usize>(part: &Part<V::Scalar>) -> usize {
    let mut x = 0;
    while x + V::LANES <= part.count {
        // SAFETY: the LANES × K elements from x on are the part's.
        unsafe {
            let mut rows = [V::splat(V::Scalar::zero()); MAX_LANES];
            for v in 0..K {
                rows[v] = V::load(part.from.wrapping_add(x * K + v * V::LANES));
            }
            let columns = columns_without_gaps::<V>(rows, K);
            for p in 0..K {
                V::store(columns[p], part.to.wrapping_add(p * part.width + x));
            }
        }
        x += V::LANES;
    }
    x
}

/// How many elements of a long row are fetched ahead of their use where it is transposed.
const AHEAD: usize = 64;

/// # Safety
///
/// As of [`pack`]; a step of p is one element.
#[inline(always)]
unsafe fn transpose<V: Simd>(part: &Part<V::Scalar>) {
    // SAFETY: the caller's.
    let done = unsafe {
        match part.k {
            2 if part.from_x == 2 => transpose_without_gaps::<V, 2>(part),
            4 if part.from_x == 4 => transpose_without_gaps::<V, 4>(part),
            _ => 0,
        }
    };
    let [n_x, n_p] = [part.count - done, part.k].map(|len| len.min(V::LANES));
    if n_x == 0 {
        return;
    }
    // Vectors are whole if there are so many elements left: the last one begins earlier then, and some of them
    // are copied twice.
    let [last_x, last_p] = [part.count - n_x, part.k - n_p];
    for p in (0..part.k).step_by(V::LANES) {
        let p = p.min(last_p);
        let mut x = done;
        let mut from = part
            .from
            .wrapping_offset(steps(x, part.from_x))
            .wrapping_add(p);
        let mut to = part.to.wrapping_add(p * part.width + x);
        loop {
            // Two calls: the whole square has no branches.
            // SAFETY: the n_x × n_p elements from (x, p) on are the part's.
            unsafe {
                if [n_x, n_p] == [V::LANES; 2] {
                    transpose_square::<V>(part, [V::LANES; 2], from, to);
                } else {
                    transpose_square::<V>(part, [n_x, n_p], from, to);
                }
            }
            if x == last_x {
                break;
            }
            let step = (last_x - x).min(V::LANES);
            x += step;
            from = from.wrapping_offset(steps(step, part.from_x));
            to = to.wrapping_add(step);
        }
    }
}

/// At most LANES x of at most as many elements.
///
/// # Safety
///
/// As of [`transpose`]; so many elements are the part's.
#[inline(always)]
unsafe fn transpose_square<V: Simd>(
    part: &Part<V::Scalar>,
    [n_x, n_p]: [usize; 2],
    from: *const V::Scalar,
    to: *mut V::Scalar,
) {
    let width = part.width as isize;
    let rows_at = by_fours::<V>(from, part.from_x);
    let columns_at = by_fours::<V>(to, width);
    // SAFETY: the caller's.
    unsafe {
        if part.k > 2 * AHEAD {
            for lane in 0..V::LANES {
                V::prefetch(nth(rows_at, part.from_x, lane).wrapping_add(AHEAD));
            }
        }
        let mut rows = [V::splat(V::Scalar::zero()); MAX_LANES];
        for lane in 0..V::LANES {
            if lane < n_x {
                rows[lane] = V::load_first(n_p, nth(rows_at, part.from_x, lane));
            }
        }
        let columns = transposed::<V>(rows);
        for lane in 0..V::LANES {
            if lane < n_p {
                V::store_first(n_x, columns[lane], nth(columns_at, width, lane).cast_mut());
            }
        }
    }
}

/// Every fourth of LANES rows. Of steps that it sees the compiler keeps all multiples, most of them in memory,
/// and a transposition has enough to load and store as it is: up to three steps are a part of the
/// instruction.
#[inline(always)]
fn by_fours<V: Simd>(first: *const V::Scalar, step: isize) -> [*const V::Scalar; MAX_LANES / 4] {
    let mut at = [first; MAX_LANES / 4];
    for i in 1..V::LANES.div_ceil(4) {
        at[i] = hidden_at(at[i - 1].wrapping_offset(steps(4, step)));
    }
    at
}

/// A row of those.
#[inline(always)]
fn nth<S>(by_fours: [*const S; MAX_LANES / 4], step: isize, n: usize) -> *const S {
    by_fours[n / 4].wrapping_offset(steps(n % 4, step))
}

/// # Safety
///
/// As of [`pack`].
unsafe fn copy_elements<S: Scalar>(part: &Part<S>) {
    for p in 0..part.k {
        for x in 0..part.count {
            // SAFETY: the element is the part's.
            unsafe {
                let from = part
                    .from
                    .wrapping_offset(steps(x, part.from_x))
                    .wrapping_offset(steps(p, part.from_p));
                *part.to.wrapping_add(p * part.width + x) = *from;
            }
        }
    }
}
