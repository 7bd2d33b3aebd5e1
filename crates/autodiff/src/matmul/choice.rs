//! Which kernel a shape gets.

use super::kernel::{Isa, Kernel};
use super::native::Native;
use super::product::Product;
use super::threads;

/// Runs the kernel that suits the shape.
///
/// All of this is inlined into one function: sizes and strides stay in registers until a kernel
/// gets them, which counts where a product takes 20 ns.
///
/// # Safety
///
/// The matrices of the product are still borrowed.
#[inline(always)]
pub(super) unsafe fn run<S: Native>(product: Product<S>) {
    let product = if product.c_has_rows() && (product.n > 1 || !product.c_has_cols()) {
        product
    } else {
        product.transposed()
    };
    let isa = Isa::best();
    let kernel = if product.c_has_rows() {
        choose(isa, &product)
    } else {
        Kernel::of_a_crate()
    };
    // SAFETY: the best instruction set is one that the machine has; the rest is the caller's.
    unsafe {
        match kernel {
            Kernel::InPlace(_) | Kernel::Packed(_) if is_large(&product) => {
                threads::run(kernel, product);
            }
            _ => kernel.run(product),
        }
    }
}

/// The same of an update that is not of the form α A B + β C; `false` if no kernel for the shape
/// takes it, and nothing has been done.
///
/// # Safety
///
/// The matrices of the product are still borrowed, and a bias has a number for every row.
#[inline(always)]
pub(super) unsafe fn run_fused<S: Native>(product: Product<S>) -> bool {
    let isa = Isa::best();
    if !product.c_has_rows() {
        return false;
    }
    let kernel = match choose(isa, &product) {
        kernel @ (Kernel::InPlace(_) | Kernel::Packed(_)) => kernel,
        kernel @ Kernel::Strips(_) if product.update.has_parts() => kernel,
        _ if product.update.has_parts() => return false,
        _ => Kernel::Packed(isa),
    };
    // SAFETY: as in `run`.
    unsafe {
        if is_large(&product) {
            threads::run(kernel, product);
        } else {
            kernel.run(product);
        }
    }
    true
}

/// Whether another thread might be worth it.
fn is_large<S>(product: &Product<S>) -> bool {
    product.m * product.k * product.n >= 1 << 23
}

/// The kernel for a shape, C having contiguous rows, as `cargo bench --bench matmul` measured it.
///
/// | A B | kernel | because |
/// |---|---|---|
/// | few inner products of long rows | `Dots` | nothing to copy, and C is too small for vectors |
/// | B within the second cache, or few rows | `InPlace` | a copy costs more than it saves |
/// | the same, B's columns contiguous | `Strips` | the copy transposes |
/// | larger | `Packed` | otherwise every element is on a page of its own |
/// | large, no vectors of ours | a crate | it may have some for the machine |
#[inline(always)]
fn choose<S: Native>(isa: Isa, product: &Product<S>) -> Kernel {
    let Product { m, k, n, .. } = *product;
    if product.has_long_inner_axis() && (k > 16 && (m * n <= 64 || n < 8) || k >= 64 && m < 4) {
        return Kernel::Dots(isa);
    }
    if isa == Isa::Portable && m * k * n >= LARGE_FOR_ARRAYS {
        return Kernel::of_a_crate();
    }
    let fits = k * n * size_of::<S>() <= SECOND_CACHE / 2;
    match product.b_has_rows() {
        true if fits || m <= FEW_ROWS => Kernel::InPlace(isa),
        false if fits && !is_large(product) => Kernel::Strips(isa),
        _ => Kernel::Packed(isa),
    }
}

/// Of the machines that were measured.
const SECOND_CACHE: usize = 1 << 20;

/// Products with no more rows use every element of B too seldom to copy it.
const FEW_ROWS: usize = 16;

/// About 64³: not measured where there is no AVX2.
const LARGE_FOR_ARRAYS: usize = 1 << 18;
