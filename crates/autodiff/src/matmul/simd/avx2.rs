//! 256-bit vectors: 16 registers.

use std::arch::x86_64::*;

use super::{MAX_PARTS, Simd, entry_points, plain_methods};
use crate::matmul::marks::Bits;

pub(crate) struct F64;
pub(crate) struct F32;

/// −1, which is all bits, in the first `n` lanes: a window on a row of −1 and 0.
macro_rules! mask {
    ($n:expr, $index:ty, $lanes:literal) => {{
        static WINDOW: [[$index; $lanes]; 2] = [[-1; $lanes], [0; $lanes]];
        let first = WINDOW
            .as_ptr()
            .cast::<$index>()
            .wrapping_add(usize::wrapping_sub($lanes, $n));
        (*first.cast::<Unaligned>()).0
    }};
}

/// A vector at any address.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Unaligned(__m256i);

/// The first `n` lanes, of which one or more are left over.
///
/// # Safety
///
/// The machine has AVX2; so many lanes may be written.
#[inline(always)]
unsafe fn store_some_f64(n: usize, x: __m256d, mut to: *mut f64) {
    // SAFETY: the caller's.
    unsafe {
        let mut part = _mm256_castpd256_pd128(x);
        if n & 2 != 0 {
            _mm_storeu_pd(to, part);
            to = to.wrapping_add(2);
            part = _mm256_extractf128_pd::<1>(x);
        }
        if n & 1 != 0 {
            _mm_store_sd(to, part);
        }
    }
}

/// The first `n` lanes, of which one or more are left over.
///
/// # Safety
///
/// The machine has AVX2; so many lanes may be written.
#[inline(always)]
unsafe fn store_some_f32(n: usize, x: __m256, mut to: *mut f32) {
    // SAFETY: the caller's.
    unsafe {
        let mut part = _mm256_castps256_ps128(x);
        if n & 4 != 0 {
            _mm_storeu_ps(to, part);
            to = to.wrapping_add(4);
            part = _mm256_extractf128_ps::<1>(x);
        }
        if n & 2 != 0 {
            _mm_storel_epi64(to.cast(), _mm_castps_si128(part));
            to = to.wrapping_add(2);
            part = _mm_movehl_ps(part, part);
        }
        if n & 1 != 0 {
            _mm_store_ss(to, part);
        }
    }
}

macro_rules! avx2 {
    ($name:ident, $scalar:ty, $vector:ty, $lanes:literal, $index:ty, $set1:ident,
     $broadcast:ident, $load_one:ident,
     $maskload:ident, $maskstore:ident, $add:ident, $mul:ident, $fmadd:ident, $max:ident,
     $cmp:ident, $and:ident, $unpacklo:ident, $unpackhi:ident, $permute2f128:ident, $movemask:ident, $store_some:ident) => {
        impl Simd for $name {
            type Scalar = $scalar;
            type Vector = $vector;
            const LANES: usize = $lanes;
            const PARTS: usize = 2;
            const REGISTERS: usize = 16;
            const ROWS: usize = 6;
            const VECTORS: usize = 2;
            const AT_ONCE: usize = 4;
            const DOT_ROWS: &'static [usize] = &[4, 3];

            entry_points!("avx2,fma");
            plain_methods!(
                $scalar, $vector, $set1, $broadcast, $load_one, $add, $mul, $fmadd, $max,
                $unpacklo, $unpackhi
            );

            #[inline(always)]
            unsafe fn load(from: *const $scalar) -> $vector {
                // SAFETY: the caller's.
                unsafe { $maskload(from, mask!($lanes, $index, $lanes)) }
            }

            #[inline(always)]
            unsafe fn store(x: $vector, to: *mut $scalar) {
                // SAFETY: the caller's.
                unsafe { $maskstore(to, mask!($lanes, $index, $lanes), x) }
            }

            #[inline(always)]
            unsafe fn load_first(n: usize, from: *const $scalar) -> $vector {
                // SAFETY: the caller's; lanes that are masked out are not read.
                unsafe {
                    match n {
                        $lanes => Self::load(from),
                        _ => $maskload(from, mask!(n, $index, $lanes)),
                    }
                }
            }

            #[inline(always)]
            unsafe fn store_first(n: usize, x: $vector, to: *mut $scalar) {
                // SAFETY: the caller's.
                unsafe {
                    match n {
                        $lanes => Self::store(x, to),
                        // A masked load is as fast as another one, but such a store may take dozens of cycles.
                        _ => $store_some(n, x, to),
                    }
                }
            }

            #[inline(always)]
            unsafe fn where_positive(x: $vector, y: $vector) -> $vector {
                // SAFETY: the caller's. Not less or equal: so is a NaN.
                unsafe { $and($cmp::<_CMP_NLE_UQ>(x, $set1(0.0)), y) }
            }

            #[inline(always)]
            unsafe fn positive(x: $vector) -> Bits {
                // SAFETY: the caller's. Not less or equal: so is a NaN.
                unsafe { $movemask($cmp::<_CMP_NLE_UQ>(x, $set1(0.0))) as Bits }
            }

            #[inline(always)]
            unsafe fn zip(x: $vector, y: $vector) -> [$vector; 2] {
                // The low parts of both are the first half, and the high ones the second.
                // SAFETY: the caller's.
                unsafe {
                    let [low, high] = Self::zip_parts(x, y);
                    let [low, high, ..] = Self::transpose_parts([low, high, low, high]);
                    [low, high]
                }
            }

            #[inline(always)]
            unsafe fn transpose_parts(mut x: [$vector; MAX_PARTS]) -> [$vector; MAX_PARTS] {
                // SAFETY: the caller's.
                [x[0], x[1]] = unsafe {
                    [
                        $permute2f128::<0x20>(x[0], x[1]),
                        $permute2f128::<0x31>(x[0], x[1]),
                    ]
                };
                x
            }
        }
    };
}

avx2!(
    F64,
    f64,
    __m256d,
    4,
    i64,
    _mm256_set1_pd,
    _mm256_broadcastsd_pd,
    _mm_load_sd,
    _mm256_maskload_pd,
    _mm256_maskstore_pd,
    _mm256_add_pd,
    _mm256_mul_pd,
    _mm256_fmadd_pd,
    _mm256_max_pd,
    _mm256_cmp_pd,
    _mm256_and_pd,
    _mm256_unpacklo_pd,
    _mm256_unpackhi_pd,
    _mm256_permute2f128_pd,
    _mm256_movemask_pd,
    store_some_f64
);
avx2!(
    F32,
    f32,
    __m256,
    8,
    i32,
    _mm256_set1_ps,
    _mm256_broadcastss_ps,
    _mm_load_ss,
    _mm256_maskload_ps,
    _mm256_maskstore_ps,
    _mm256_add_ps,
    _mm256_mul_ps,
    _mm256_fmadd_ps,
    _mm256_max_ps,
    _mm256_cmp_ps,
    _mm256_and_ps,
    _mm256_unpacklo_ps,
    _mm256_unpackhi_ps,
    _mm256_permute2f128_ps,
    _mm256_movemask_ps,
    store_some_f32
);
