//! Which kernel a shape gets.

use super::blocks::SHORT;
use super::dots::Sums;
use super::kernel::{Isa, Kernel, dots_and_sums, on_isa};
use super::native::Native;
use super::panels::LONGEST;
use super::product::{PAGE, Product, is_multiple_of};
use super::simd::Simd;
use super::threads;
use crate::Scalar;

/// Runs the kernel that suits the shape; `false`, and nothing has been done, if the update is not α
/// and β, and C's rows are not contiguous, nor its columns if there is no bias.
///
/// # Safety
///
/// What the product was made of is still borrowed.
#[inline(always)]
pub(super) unsafe fn run<S: Native>(product: &Product<S>) -> bool {
    // SAFETY: the caller's.
    unsafe {
        // Two calls: a product that may be one of two is read through a pointer, element by element.
        if is_oriented(product) {
            S::run_oriented(product)
        } else {
            S::run_oriented(&product.transposed())
        }
    }
}

/// Whether it is the product itself that is run, and not its transpose.
#[inline(always)]
fn is_oriented<S: Scalar>(product: &Product<S>) -> bool {
    has_long_rows(product) || product.update.is_by_rows()
}

/// Whether C's rows are the contiguous ones, and more than a number each, if there is a choice.
#[inline(always)]
fn has_long_rows<S: Scalar>(product: &Product<S>) -> bool {
    product.c_has_rows() && (product.n > 1 || !product.c_has_cols())
}

/// Runs the kernel that [`run`] would if it can sum the rows of A on the way; `false`, and nothing
/// has been done, if it cannot.
///
/// # Safety
///
/// As of [`run`]; there is a place for the sum of every row, none of them A's, B's or C's.
#[inline(always)]
pub(super) unsafe fn run_and_sum_rows<S: Native>(product: &Product<S>, sums: Sums<S>) -> bool {
    // SAFETY: the caller's.
    unsafe {
        if has_long_rows(product) {
            run_oriented_and_sum_rows(product, sums)
        } else {
            run_oriented_and_sum_rows(&product.transposed(), sums.transposed())
        }
    }
}

/// # Safety
///
/// As of [`run_and_sum_rows`].
#[inline(always)]
unsafe fn run_oriented_and_sum_rows<S: Native>(product: &Product<S>, sums: Sums<S>) -> bool {
    let isa = Isa::best();
    let is_chosen = choose_oriented(isa, product) == Some(Kernel::Dots(isa));
    // Without an element of C, no tile would see a row.
    let does = is_chosen && product.m > 0 && product.n > 0;
    if does {
        // SAFETY: the machine has its best instruction set; the rest is the caller's.
        unsafe { dots_and_sums(isa, product, sums) }
    }
    does
}

/// Runs the kernel that suits the shape; `false`, and nothing has been done, if C's rows are not
/// contiguous and the update is not α and β.
///
/// # Safety
///
/// As of [`run`].
#[inline(always)]
pub(super) unsafe fn run_oriented<S: Native>(product: &Product<S>) -> bool {
    let Some(kernel) = choose_oriented(Isa::best(), product) else {
        return false;
    };
    // SAFETY: the best instruction set is one that the machine has; the rest is the caller's.
    unsafe {
        if is_large(product) && kernel.is_a_sweep() {
            threads::run(kernel, product);
        } else {
            kernel.run(product);
        }
    }
    true
}

/// The kernel that [`run`] runs, if it runs one.
pub(super) fn chosen<S: Native>(product: &Product<S>) -> Option<Kernel> {
    choose_oriented(Isa::best(), &oriented(*product))
}

/// The product, or its transpose, that [`run`] runs.
pub(super) fn oriented<S: Scalar>(product: Product<S>) -> Product<S> {
    match is_oriented(&product) {
        true => product,
        false => product.transposed(),
    }
}

/// The kernel for a shape, if there is one that takes the update.
#[inline(always)]
fn choose_oriented<S: Native>(isa: Isa, product: &Product<S>) -> Option<Kernel> {
    if product.c_has_rows() {
        return Some(choose(isa, product));
    }
    let is_scaled = product.update.factors().is_some();
    is_scaled.then(Kernel::of_a_crate)
}

/// Whether another thread might be worth it.
fn is_large<S: Scalar>(product: &Product<S>) -> bool {
    product.multiplications() >= 1 << 23
}

/// The kernel for a shape, C having contiguous rows, as `cargo bench --bench matmul` measured it.
///
/// | A B | kernel | because |
/// |---|---|---|
/// | few inner products of long rows, or those of one row with all of B, if that is no large product | `Dots` | nothing to copy, and C is too small for vectors, or B, each element of which is used once, is not worth a copy |
/// | B within half of the second cache (AVX2: the first), few rows (up to 64), or an inner axis of a few | `InPlace` | a copy costs more than it saves |
/// | B without contiguous rows, and either an inner axis of up to 16, or B as small as that and no large product | `Strips` | the copy transposes, and is small enough for the stack |
/// | larger, or rows of B or columns of A whole pages apart (half ones if A has columns and many rows) | `Packed` | otherwise every element is on a page of its own |
/// | large, no vectors of ours | a crate | it may have some for the machine |
///
/// Only `InPlace`, `Strips` and `Packed` take an update that is not α and β.
#[inline(always)]
fn choose<S: Native>(isa: Isa, product: &Product<S>) -> Kernel {
    let Product { m, k, n, .. } = *product;
    let is_scaled = product.update.factors().is_some();
    if is_scaled
        && product.has_long_inner_axis()
        && (k > 16 && (m.saturating_mul(n) <= 64 || n < 8)
            || k >= 64 && m < 4
            || k >= 3 * on_isa!(isa, S, <V>::LANES) && m == 1 && !is_large(product)
            || k > 1 && m.saturating_mul(n) <= 16)
    {
        return Kernel::Dots(isa);
    }
    if is_scaled && isa == Isa::Portable && product.multiplications() >= LARGE_FOR_ARRAYS {
        return Kernel::of_a_crate();
    }
    let fits = stays_near::<S>(isa, product);
    let fits_a_strip = product.has_parts() || k <= SHORT;
    const { assert!(FEW_STEPS <= SHORT) } // and so they fit as well
    // What is read for a tile of a long inner axis would all be in the same few sets of the cache. If
    // those of A are further apart than in a row, half a page is enough for that, where there are rows
    // enough to repay the copy of B.
    let step = match product.a.col != 1 && m >= 128 {
        true => PAGE / 2,
        false => PAGE,
    };
    let collides = k >= 64
        && [product.a.col, product.b.row]
            .into_iter()
            .any(|stride| is_multiple_of::<S>(step, stride));
    match product.b_has_rows() {
        true if fits && !collides || k <= LONGEST => Kernel::InPlace(isa),
        true if m <= few_rows(isa, product, collides) => Kernel::InPlace(isa),
        false if k <= FEW_STEPS || fits && fits_a_strip && !is_large(product) => {
            Kernel::Strips(isa)
        }
        _ => Kernel::Packed(isa),
    }
}

/// Whether B is small enough to be read where it lies by every band, or copied some columns at a time, so that
/// A is read again for each: larger ones were faster packed.
fn stays_near<S>(isa: Isa, product: &Product<S>) -> bool {
    let bytes = product
        .k
        .saturating_mul(product.n)
        .saturating_mul(size_of::<S>());
    match isa {
        // Few vectors of half a line are read of every row before the next one.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => bytes < FIRST_CACHE, // C and A want a place there too
        _ => bytes <= SECOND_CACHE / 2,
    }
}

/// Of the machines that were measured.
const FIRST_CACHE: usize = 32 << 10;
const SECOND_CACHE: usize = 1 << 20;

/// Products with no more rows use every element of B too seldom to copy it, as a block of its columns
/// stays in the second cache from band to band: not if one strip of it is too large for that.
fn few_rows<S>(isa: Isa, product: &Product<S>, collides: bool) -> usize {
    let longest = |few: usize| if product.k > 1024 { few.min(16) } else { few };
    match isa {
        // Its bands have fewer rows, so that B is read more often, and columns of A are half a line. Strips of
        // rows a quarter of a page apart are in four sets of the first cache.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 if collides || is_multiple_of::<S>(PAGE / 4, product.b.row) => 12,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => longest(if product.a.col == 1 { 48 } else { 16 }),
        _ if collides => longest(24),
        _ => longest(64),
    }
}

/// So short columns of B are copied to the stack, however many there are: A, which is read again for every few
/// of them, is as narrow. Measured with AVX2.
const FEW_STEPS: usize = 16;

/// About 64³: not measured where there is no AVX2.
const LARGE_FOR_ARRAYS: usize = 1 << 18;
