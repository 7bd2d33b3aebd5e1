//! Copies of a matrix' parts in the order in which [`sweep`](super::sweep) reads them.

use super::simd::{MAX_LANES, Simd, transposed};
use crate::Scalar;

/// `to[p · width + x]` ← `from[x · from_x + p · from_p]` for p < k and x < count ≤ width.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job<S> {
    pub(super) k: usize,
    pub(super) count: usize,
    pub(super) width: usize,
    pub(super) from: *const S,
    pub(super) from_x: isize,
    pub(super) from_p: isize,
    pub(super) to: *mut S,
}

/// As [`Job`] says. Nothing else is written; `to` overlaps nothing that is read.
#[inline(always)]
pub(super) unsafe fn pack<V: Simd>(job: &Job<V::Scalar>) {
    // SAFETY: the caller's.
    unsafe {
        if job.from_x == 1 {
            copy_rows::<V>(job);
        } else if job.from_p == 1 {
            transpose::<V>(job);
        } else {
            copy_elements(job);
        }
    }
}

#[inline(always)]
unsafe fn copy_rows<V: Simd>(job: &Job<V::Scalar>) {
    for p in 0..job.k {
        // SAFETY: row p of both has `count` elements.
        unsafe {
            let from = job.from.offset(p as isize * job.from_p);
            let to = job.to.add(p * job.width);
            let mut x = 0;
            while x + V::LANES <= job.count {
                V::store(V::load(from.add(x)), to.add(x));
                x += V::LANES;
            }
            if x < job.count {
                let n = job.count - x;
                V::store_first(n, V::load_first(n, from.add(x)), to.add(x));
            }
        }
    }
}

#[inline(always)]
unsafe fn transpose<V: Simd>(job: &Job<V::Scalar>) {
    let mut x = 0;
    while x < job.count {
        let n_x = (job.count - x).min(V::LANES);
        let mut p = 0;
        while p < job.k {
            let n_p = (job.k - p).min(V::LANES);
            // SAFETY: the n_x × n_p elements from (x, p) on are the job's.
            unsafe {
                let from = job.from.offset(x as isize * job.from_x).add(p);
                let to = job.to.add(p * job.width + x);
                let mut rows = [V::splat(num_traits::Zero::zero()); MAX_LANES];
                for lane in 0..V::LANES {
                    if lane < n_x {
                        rows[lane] = V::load_first(n_p, from.offset(lane as isize * job.from_x));
                    }
                }
                let columns = transposed::<V>(rows);
                for lane in 0..V::LANES {
                    if lane < n_p {
                        V::store_first(n_x, columns[lane], to.add(lane * job.width));
                    }
                }
            }
            p += n_p;
        }
        x += n_x;
    }
}

unsafe fn copy_elements<S: Scalar>(job: &Job<S>) {
    for p in 0..job.k {
        for x in 0..job.count {
            // SAFETY: the element is the job's.
            unsafe {
                let from = job.from.offset(x as isize * job.from_x + p as isize * job.from_p);
                *job.to.add(p * job.width + x) = *from;
            }
        }
    }
}
