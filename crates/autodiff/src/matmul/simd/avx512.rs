//! 512-bit vectors: 32 registers, and a mask for every load and store.

use std::arch::x86_64::*;

use super::{MAX_PARTS, Simd, entry_points, plain_methods};
use crate::matmul::marks::Bits;

pub(crate) struct F64;
pub(crate) struct F32;

/// Lanes of two vectors alternating: a lane of the second counts from the number of lanes on.
macro_rules! zip_indices {
    ($index:ty, $lanes:literal) => {{
        let mut indices = [[0; $lanes]; 2];
        let mut i = 0;
        while i < 2 * $lanes {
            indices[i / $lanes][i % $lanes] = (i / 2 + i % 2 * $lanes) as $index;
            i += 1;
        }
        indices
    }};
}

/// A bit for each of the first `n` lanes, 0 < n ≤ LANES.
macro_rules! first {
    ($n:expr, $mask:ty, $lanes:literal) => {
        <$mask>::MAX.wrapping_shr(usize::wrapping_sub($lanes, $n) as u32)
    };
}

macro_rules! avx512 {
    ($name:ident, $scalar:ty, $vector:ty, $lanes:literal, $mask:ty, $set1:ident,
     $broadcast:ident, $load_one:ident,
     $maskz_loadu:ident, $mask_storeu:ident, $add:ident, $mul:ident, $fmadd:ident, $max:ident,
     $cmp_mask:ident, $maskz_mov:ident, $permutex2var:ident, $index:ty,
     $unpacklo:ident, $unpackhi:ident, $shuffle:ident) => {
        impl Simd for $name {
            type Scalar = $scalar;
            type Vector = $vector;
            const LANES: usize = $lanes;
            const PARTS: usize = 4;
            const REGISTERS: usize = 32;
            const ROWS: usize = 8;
            const VECTORS: usize = 3;
            const AT_ONCE: usize = 1;
            const DOT_ROWS: &'static [usize] = &[5, 5, 5];

            entry_points!("avx512f");
            plain_methods!(
                $scalar, $vector, $set1, $broadcast, $load_one, $add, $mul, $fmadd, $max,
                $unpacklo, $unpackhi
            );

            #[inline(always)]
            unsafe fn load(from: *const $scalar) -> $vector {
                // SAFETY: the caller's.
                unsafe { $maskz_loadu(<$mask>::MAX, from) }
            }

            #[inline(always)]
            unsafe fn store(x: $vector, to: *mut $scalar) {
                // SAFETY: the caller's.
                unsafe { $mask_storeu(to, <$mask>::MAX, x) }
            }

            #[inline(always)]
            unsafe fn load_first(n: usize, from: *const $scalar) -> $vector {
                // SAFETY: the caller's; lanes that are masked out are not read.
                unsafe { $maskz_loadu(first!(n, $mask, $lanes), from) }
            }

            #[inline(always)]
            unsafe fn store_first(n: usize, x: $vector, to: *mut $scalar) {
                // SAFETY: the caller's; lanes that are masked out are not written.
                unsafe { $mask_storeu(to, first!(n, $mask, $lanes), x) }
            }

            #[inline(always)]
            unsafe fn where_positive(x: $vector, y: $vector) -> $vector {
                // SAFETY: the caller's. Not less or equal: so is a NaN.
                unsafe { $maskz_mov($cmp_mask::<_CMP_NLE_UQ>(x, $set1(0.0)), y) }
            }

            #[inline(always)]
            unsafe fn positive(x: $vector) -> Bits {
                // SAFETY: the caller's. Not less or equal: so is a NaN.
                unsafe { Bits::from($cmp_mask::<_CMP_NLE_UQ>(x, $set1(0.0))) }
            }

            #[inline(always)]
            unsafe fn where_bits(bits: Bits, x: $vector) -> $vector {
                // SAFETY: the caller's.
                unsafe { $maskz_mov(bits as $mask, x) }
            }

            #[inline(always)]
            unsafe fn zip(x: $vector, y: $vector) -> [$vector; 2] {
                const INDICES: [[$index; $lanes]; 2] = zip_indices!($index, $lanes);
                // SAFETY: the caller's; an array of indices is as long as a vector.
                unsafe {
                    let low = _mm512_loadu_si512(INDICES[0].as_ptr().cast());
                    let high = _mm512_loadu_si512(INDICES[1].as_ptr().cast());
                    [$permutex2var(x, low, y), $permutex2var(x, high, y)]
                }
            }

            #[inline(always)]
            unsafe fn transpose_parts(x: [$vector; MAX_PARTS]) -> [$vector; MAX_PARTS] {
                // SAFETY: the caller's. Halves of two vectors, and of those the even and the odd parts.
                unsafe {
                    let [a, b, c, d] = x;
                    let (ab_low, ab_high) = ($shuffle::<0x44>(a, b), $shuffle::<0xee>(a, b));
                    let (cd_low, cd_high) = ($shuffle::<0x44>(c, d), $shuffle::<0xee>(c, d));
                    [
                        $shuffle::<0x88>(ab_low, cd_low),
                        $shuffle::<0xdd>(ab_low, cd_low),
                        $shuffle::<0x88>(ab_high, cd_high),
                        $shuffle::<0xdd>(ab_high, cd_high),
                    ]
                }
            }
        }
    };
}

avx512!(
    F64,
    f64,
    __m512d,
    8,
    u8,
    _mm512_set1_pd,
    _mm512_broadcastsd_pd,
    _mm_load_sd,
    _mm512_maskz_loadu_pd,
    _mm512_mask_storeu_pd,
    _mm512_add_pd,
    _mm512_mul_pd,
    _mm512_fmadd_pd,
    _mm512_max_pd,
    _mm512_cmp_pd_mask,
    _mm512_maskz_mov_pd,
    _mm512_permutex2var_pd,
    i64,
    _mm512_unpacklo_pd,
    _mm512_unpackhi_pd,
    _mm512_shuffle_f64x2
);
avx512!(
    F32,
    f32,
    __m512,
    16,
    u16,
    _mm512_set1_ps,
    _mm512_broadcastss_ps,
    _mm_load_ss,
    _mm512_maskz_loadu_ps,
    _mm512_mask_storeu_ps,
    _mm512_add_ps,
    _mm512_mul_ps,
    _mm512_fmadd_ps,
    _mm512_max_ps,
    _mm512_cmp_ps_mask,
    _mm512_maskz_mov_ps,
    _mm512_permutex2var_ps,
    i32,
    _mm512_unpacklo_ps,
    _mm512_unpackhi_ps,
    _mm512_shuffle_f32x4
);
