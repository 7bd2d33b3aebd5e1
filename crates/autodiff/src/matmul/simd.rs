//! Vectors of one instruction set: the little that the kernels need of it, so that each kernel is
//! written once for all instruction sets and both scalars.

#[cfg(target_arch = "x86_64")]
pub(super) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(super) mod avx512;
pub(super) mod portable;

use std::ops::Range;
use std::ptr;

use num_traits::{One, Zero};

use super::dots::TileAt;
use super::marks::Bits;
use super::pack;
use super::product::Product;
use super::rows::Rows;
use super::sweep::{Packed, Tile};
use crate::Scalar;

/// The most lanes that a vector has here.
pub(super) const MAX_LANES: usize = 16;

/// And the most parts.
pub(super) const MAX_PARTS: usize = 4;

/// A vector type and its arithmetic.
///
/// Methods are inlined into the [entry points](entry_points), such as [`Simd::sweep_bands`], where
/// the instruction set is enabled: a kernel has no other way in.
///
/// # Safety
///
/// Of every method, and of every function that is for any V of this trait: the machine has the
/// instruction set, what a [`Product`] was made of is still borrowed, and other pointers are valid for
/// what is read or written. No alignment is needed. What is asked for beyond that is said where it is,
/// of an entry point at the function that it is the way in to.
pub(crate) trait Simd: 'static {
    type Scalar: Scalar;
    type Vector: Copy;

    const LANES: usize;
    /// The parts that an instruction rearranges each by itself, of 128 bits.
    const PARTS: usize;
    /// How many vectors there are registers for.
    const REGISTERS: usize;
    /// The register tile, rows × vectors: the accumulators and one row of B fit in the registers.
    const ROWS: usize;
    const VECTORS: usize;
    /// How many steps of the inner axis a tile of whole vectors takes at a time, if it has ROWS rows or up to two
    /// fewer, and rows or columns of A are contiguous. The shorter the vectors, the larger the share of
    /// instructions that only move pointers.
    const AT_ONCE: usize;
    /// The rows at most of a tile of inner products with one column, with two, and so on.
    const DOT_ROWS: &'static [usize];

    unsafe fn splat(x: Self::Scalar) -> Self::Vector;
    /// A number from memory: where debug assertions are on, without one about its address, which the
    /// inner loops would have for every row.
    unsafe fn splat_at(from: *const Self::Scalar) -> Self::Vector;
    /// On x86 a masked load of all lanes, and the same for [`store`](Self::store): the compiler makes plain ones
    /// of them, and a debug build does not ask, in every kernel, whether two places overlap, as it does of
    /// the intrinsics for plain ones.
    unsafe fn load(from: *const Self::Scalar) -> Self::Vector;
    unsafe fn store(x: Self::Vector, to: *mut Self::Scalar);
    /// The first `n` lanes, 0 < n ≤ LANES, the others zero; what they stand for is not read.
    unsafe fn load_first(n: usize, from: *const Self::Scalar) -> Self::Vector;
    /// Writes the first `n` lanes, 0 < n ≤ LANES, and nothing else.
    unsafe fn store_first(n: usize, x: Self::Vector, to: *mut Self::Scalar);
    unsafe fn add(x: Self::Vector, y: Self::Vector) -> Self::Vector;
    unsafe fn mul(x: Self::Vector, y: Self::Vector) -> Self::Vector;
    /// x y + z, fused where the machine can.
    unsafe fn mul_add(x: Self::Vector, y: Self::Vector, z: Self::Vector) -> Self::Vector;
    /// x where it is above the floor, equal to it or NaN, else the floor.
    unsafe fn at_least(floor: Self::Vector, x: Self::Vector) -> Self::Vector;
    /// y where x is positive or NaN, else 0.
    unsafe fn where_positive(x: Self::Vector, y: Self::Vector) -> Self::Vector;
    /// A bit for each lane, the first one's the lowest: 1 where x is positive or NaN.
    unsafe fn positive(x: Self::Vector) -> Bits;
    /// x where a lane's bit is 1, else 0.
    #[inline(always)]
    unsafe fn where_bits(bits: Bits, x: Self::Vector) -> Self::Vector {
        let mut gate = [Self::Scalar::zero(); MAX_LANES];
        for lane in 0..Self::LANES {
            if bits >> lane & 1 == 1 {
                gate[lane] = Self::Scalar::one();
            }
        }
        // SAFETY: the caller's; a vector fits in the lanes.
        unsafe { Self::where_positive(Self::load(gate.as_ptr()), x) }
    }
    /// x₀ y₀ x₁ y₁ …, and the second half of that.
    unsafe fn zip(x: Self::Vector, y: Self::Vector) -> [Self::Vector; 2];
    /// The same within each of [`PARTS`](Self::PARTS) parts, which is faster.
    unsafe fn zip_parts(x: Self::Vector, y: Self::Vector) -> [Self::Vector; 2];
    /// Carries part j of vector i to part i of vector j, for as many vectors as there are parts.
    unsafe fn transpose_parts(x: [Self::Vector; MAX_PARTS]) -> [Self::Vector; MAX_PARTS];
    /// Has a line fetched into the first cache.
    unsafe fn prefetch(at: *const Self::Scalar);
    /// Has a line fetched into the second cache.
    unsafe fn prefetch_from_afar(at: *const Self::Scalar);

    unsafe fn sweep_bands<const R: usize>(
        product: &Product<Self::Scalar>,
        packed: Packed<Self::Scalar>,
        rows: Range<usize>,
    );
    unsafe fn panel<const R: usize, const K: usize>(product: &Product<Self::Scalar>, i: usize);
    unsafe fn finish(sums: *const Self::Vector, size: [usize; 2], tile: &Tile<'_, Self::Scalar>);
    unsafe fn dot_tile<const R: usize, const C: usize, const U: usize, const SUMMED: bool>(
        product: &Product<Self::Scalar>,
        tile: &TileAt<Self::Scalar>,
    );
    unsafe fn put_products<const R: usize, const C: usize>(
        product: &Product<Self::Scalar>,
        tile: &TileAt<Self::Scalar>,
        elements: *const Self::Vector,
    );
    unsafe fn put_sums(tile: &TileAt<Self::Scalar>, first: usize, lanes: &[Self::Vector]);
    unsafe fn pack(job: &pack::Job<Self::Scalar>);
    unsafe fn mark(product: &Product<Self::Scalar>, marks: *mut Bits);
    unsafe fn rows(rows: Rows<'_, Self::Scalar>);
    unsafe fn peak(rounds: usize) -> usize;

    /// The columns of a register tile.
    const COLS: usize = Self::LANES * Self::VECTORS;
}

/// The pointer itself, of which the compiler knows no more.
#[inline(always)]
#[cfg_attr(
    target_arch = "x86_64",
    expect(
        clippy::pointers_in_nomem_asm_block,
        reason = "nothing is read through it there"
    )
)]
pub(super) fn hidden_at<S>(at: *const S) -> *const S {
    #[cfg(target_arch = "x86_64")]
    let at = {
        let mut at = at;
        // SAFETY: there is no instruction in it.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) at, options(pure, nomem, nostack, preserves_flags));
        }
        at
    };
    at
}

/// The same of a number.
#[inline(always)]
pub(super) fn hidden(n: isize) -> isize {
    hidden_at(ptr::without_provenance::<u8>(n as usize)).addr() as isize
}

/// The columns of a matrix of LANES rows, whose `cols` columns, a power of two, are as many vectors
/// when its elements are taken row by row. Zipping the first half of them with the second, once for
/// each bit of a row's index, carries element (i, j) to (j, i).
#[inline(always)]
pub(super) unsafe fn columns_without_gaps<V: Simd>(
    mut rows: [V::Vector; MAX_LANES],
    cols: usize,
) -> [V::Vector; MAX_LANES] {
    let half = cols / 2;
    for _ in 0..V::LANES.ilog2() {
        let from = rows;
        for i in 0..half {
            // SAFETY: the caller's.
            [rows[2 * i], rows[2 * i + 1]] = unsafe { V::zip(from[i], from[i + half]) };
        }
    }
    rows
}

/// The columns of LANES rows of as many elements: those of squares as wide as a part first, by the
/// shuffles that are fast, and then the squares change places.
#[inline(always)]
pub(super) unsafe fn transposed<V: Simd>(
    mut rows: [V::Vector; MAX_LANES],
) -> [V::Vector; MAX_LANES] {
    let width = V::LANES / V::PARTS;
    for group in (0..V::LANES).step_by(width) {
        for _ in 0..width.ilog2() {
            let from = rows;
            for i in 0..width / 2 {
                let (first, second) = (from[group + i], from[group + i + width / 2]);
                let to = group + 2 * i;
                // SAFETY: the caller's.
                [rows[to], rows[to + 1]] = unsafe { V::zip_parts(first, second) };
            }
        }
    }
    for i in 0..width {
        let mut squares = [rows[0]; MAX_PARTS];
        for part in 0..V::PARTS {
            squares[part] = rows[part * width + i];
        }
        // SAFETY: the caller's.
        let squares = unsafe { V::transpose_parts(squares) };
        for part in 0..V::PARTS {
            rows[part * width + i] = squares[part];
        }
    }
    rows
}

/// The sums of the first `n` of LANES vectors, and of some more, as one vector. Lanes are added in
/// the same order for each of them.
#[inline(always)]
pub(super) unsafe fn sums<V: Simd>(mut x: [V::Vector; MAX_LANES], n: usize) -> V::Vector {
    let mut left = V::LANES;
    while left > 1 {
        left /= 2;
        for i in 0..left.min(n) {
            // SAFETY: the caller's.
            unsafe {
                let [low, high] = V::zip(x[i], x[i + left]);
                x[i] = V::add(low, high);
            }
        }
    }
    x[0]
}

/// The ways in of [`Simd`], with the instruction set enabled.
macro_rules! entry_points {
    ($($features:literal)?) => {
        $(#[target_feature(enable = $features)])?
        unsafe fn sweep_bands<const R: usize>(
            product: &crate::matmul::product::Product<Self::Scalar>,
            packed: crate::matmul::sweep::Packed<Self::Scalar>,
            rows: std::ops::Range<usize>,
        ) {
            // SAFETY: the caller's.
            unsafe { crate::matmul::sweep::sweep_bands::<Self, R>(product, packed, rows) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn panel<const R: usize, const K: usize>(
            product: &crate::matmul::product::Product<Self::Scalar>,
            i: usize,
        ) {
            // SAFETY: the caller's.
            unsafe { crate::matmul::panels::panel::<Self, R, K>(product, i) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn finish(
            sums: *const Self::Vector,
            size: [usize; 2],
            tile: &crate::matmul::sweep::Tile<'_, Self::Scalar>,
        ) {
            // SAFETY: the caller's.
            unsafe { crate::matmul::sweep::finish::<Self>(sums, size, tile) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn dot_tile<
            const R: usize,
            const C: usize,
            const U: usize,
            const SUMMED: bool,
        >(
            product: &crate::matmul::product::Product<Self::Scalar>,
            tile: &crate::matmul::dots::TileAt<Self::Scalar>,
        ) {
            // SAFETY: the caller's.
            unsafe { crate::matmul::dots::dot_tile::<Self, R, C, U, SUMMED>(product, tile) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn put_products<const R: usize, const C: usize>(
            product: &crate::matmul::product::Product<Self::Scalar>,
            tile: &crate::matmul::dots::TileAt<Self::Scalar>,
            elements: *const Self::Vector,
        ) {
            // SAFETY: the caller's.
            unsafe { crate::matmul::dots::put_products::<Self, R, C>(product, tile, elements) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn put_sums(
            tile: &crate::matmul::dots::TileAt<Self::Scalar>,
            first: usize,
            lanes: &[Self::Vector],
        ) {
            // SAFETY: the caller's.
            unsafe { crate::matmul::dots::put_sums::<Self>(tile, first, lanes) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn pack(job: &crate::matmul::pack::Job<Self::Scalar>) {
            // SAFETY: the caller's.
            unsafe { crate::matmul::pack::pack::<Self>(job) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn mark(
            product: &crate::matmul::product::Product<Self::Scalar>,
            marks: *mut crate::matmul::marks::Bits,
        ) {
            // SAFETY: the caller's.
            unsafe { crate::matmul::marks::mark::<Self>(product, marks) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn rows(rows: crate::matmul::rows::Rows<'_, Self::Scalar>) {
            // SAFETY: the caller's.
            unsafe { crate::matmul::rows::sum_rows::<Self>(rows) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn peak(rounds: usize) -> usize {
            // SAFETY: the caller's.
            unsafe { crate::matmul::peak::peak::<Self>(rounds) }
        }
    };
}
pub(super) use entry_points;

/// The methods of [`Simd`] that are an intrinsic each, whatever the width.
#[cfg(target_arch = "x86_64")]
macro_rules! plain_methods {
    ($scalar:ty, $vector:ty, $set1:ident, $broadcast:ident, $load_one:ident, $add:ident, $mul:ident,
     $fmadd:ident, $max:ident, $unpacklo:ident, $unpackhi:ident) => {
        #[inline(always)]
        unsafe fn splat(x: $scalar) -> $vector {
            // SAFETY: the caller's, as in every method below.
            unsafe { $set1(x) }
        }

        #[inline(always)]
        unsafe fn splat_at(from: *const $scalar) -> $vector {
            // SAFETY: the caller's.
            unsafe { $broadcast($load_one(from)) }
        }

        #[inline(always)]
        unsafe fn add(x: $vector, y: $vector) -> $vector {
            // SAFETY: the caller's.
            unsafe { $add(x, y) }
        }

        #[inline(always)]
        unsafe fn mul(x: $vector, y: $vector) -> $vector {
            // SAFETY: the caller's.
            unsafe { $mul(x, y) }
        }

        #[inline(always)]
        unsafe fn mul_add(x: $vector, y: $vector, z: $vector) -> $vector {
            // SAFETY: the caller's.
            unsafe { $fmadd(x, y, z) }
        }

        #[inline(always)]
        unsafe fn at_least(floor: $vector, x: $vector) -> $vector {
            // SAFETY: the caller's. Of a NaN and of two zeros the maximum is the second operand.
            unsafe { $max(floor, x) }
        }

        #[inline(always)]
        unsafe fn zip_parts(x: $vector, y: $vector) -> [$vector; 2] {
            // SAFETY: the caller's.
            unsafe { [$unpacklo(x, y), $unpackhi(x, y)] }
        }

        #[inline(always)]
        unsafe fn prefetch(at: *const $scalar) {
            // SAFETY: a hint, which no address makes fail.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
        }

        #[inline(always)]
        unsafe fn prefetch_from_afar(at: *const $scalar) {
            // SAFETY: a hint, which no address makes fail.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
        }
    };
}
#[cfg(target_arch = "x86_64")]
use plain_methods;
