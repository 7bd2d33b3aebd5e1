//! Arrays of four, which a compiler makes the vectors of its target of.

use std::marker::PhantomData;

use super::{MAX_PARTS, Simd, entry_points};
use crate::Scalar;
use crate::matmul::marks::Bits;

pub(crate) struct Four<S>(PhantomData<S>);

const LANES: usize = 4;

impl<S: Scalar> Simd for Four<S> {
    type Scalar = S;
    type Vector = [S; LANES];
    const LANES: usize = LANES;
    const PARTS: usize = 1;
    const REGISTERS: usize = 8;
    /// x86-64 has, without an extension, 16 registers of two `f64`: four rows need more, and were measured
    /// to be up to 16 % slower.
    const ROWS: usize = if cfg!(target_arch = "x86_64") { 2 } else { 4 };
    const VECTORS: usize = 2;
    const AT_ONCE: usize = 1;
    const DOT_ROWS: &'static [usize] = &[2];

    entry_points!();

    #[inline(always)]
    unsafe fn splat(x: S) -> [S; LANES] {
        [x; LANES]
    }

    #[inline(always)]
    unsafe fn splat_at(from: *const S) -> [S; LANES] {
        // SAFETY: the caller's.
        [unsafe { *from }; LANES]
    }

    #[inline(always)]
    unsafe fn load(from: *const S) -> [S; LANES] {
        // SAFETY: the caller's; an array is aligned as its elements are.
        unsafe { from.cast::<[S; LANES]>().read() }
    }

    #[inline(always)]
    unsafe fn store(x: [S; LANES], to: *mut S) {
        // SAFETY: the caller's; an array is aligned as its elements are.
        unsafe { to.cast::<[S; LANES]>().write(x) }
    }

    #[inline(always)]
    unsafe fn load_first(n: usize, from: *const S) -> [S; LANES] {
        let mut x = [S::zero(); LANES];
        for (i, x) in x.iter_mut().enumerate().take(n) {
            // SAFETY: the caller's.
            *x = unsafe { *from.add(i) };
        }
        x
    }

    #[inline(always)]
    unsafe fn store_first(n: usize, x: [S; LANES], to: *mut S) {
        for (i, &x) in x.iter().enumerate().take(n) {
            // SAFETY: the caller's.
            unsafe { *to.add(i) = x };
        }
    }

    #[inline(always)]
    unsafe fn add(mut x: [S; LANES], y: [S; LANES]) -> [S; LANES] {
        for i in 0..LANES {
            x[i] += y[i];
        }
        x
    }

    #[inline(always)]
    unsafe fn mul(mut x: [S; LANES], y: [S; LANES]) -> [S; LANES] {
        for i in 0..LANES {
            x[i] *= y[i];
        }
        x
    }

    /// Without an instruction for it, `mul_add` is a slow function.
    #[inline(always)]
    unsafe fn mul_add(x: [S; LANES], y: [S; LANES], mut z: [S; LANES]) -> [S; LANES] {
        for i in 0..LANES {
            z[i] = if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
                x[i].mul_add(y[i], z[i])
            } else {
                x[i] * y[i] + z[i]
            };
        }
        z
    }

    #[inline(always)]
    unsafe fn at_least(floor: [S; LANES], mut x: [S; LANES]) -> [S; LANES] {
        for i in 0..LANES {
            x[i] = if x[i] < floor[i] { floor[i] } else { x[i] };
        }
        x
    }

    #[inline(always)]
    unsafe fn where_positive(x: [S; LANES], mut y: [S; LANES]) -> [S; LANES] {
        for i in 0..LANES {
            y[i] = if x[i] <= S::zero() { S::zero() } else { y[i] };
        }
        y
    }

    #[inline(always)]
    unsafe fn positive(x: [S; LANES]) -> Bits {
        (0..LANES).fold(0, |bits, i| bits | Bits::from(!(x[i] <= S::zero())) << i)
    }

    #[inline(always)]
    unsafe fn zip(x: [S; LANES], y: [S; LANES]) -> [[S; LANES]; 2] {
        [[x[0], y[0], x[1], y[1]], [x[2], y[2], x[3], y[3]]]
    }

    #[inline(always)]
    unsafe fn zip_parts(x: [S; LANES], y: [S; LANES]) -> [[S; LANES]; 2] {
        // SAFETY: the caller's; there is one part.
        unsafe { Self::zip(x, y) }
    }

    #[inline(always)]
    unsafe fn transpose_parts(x: [[S; LANES]; MAX_PARTS]) -> [[S; LANES]; MAX_PARTS] {
        x
    }

    #[inline(always)]
    unsafe fn prefetch(_: *const S) {}

    #[inline(always)]
    unsafe fn prefetch_from_afar(_: *const S) {}
}
