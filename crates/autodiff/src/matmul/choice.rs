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
        Kernel::Matrixmultiply
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

/// C ← A B + b 1ᵀ, and the positive part of it if `relu`; `false` if no kernel for the shape has a
/// place for a bias, and nothing has been done.
///
/// # Safety
///
/// The matrices of the product are still borrowed, and the bias has a number for every row.
#[inline(always)]
pub(super) unsafe fn run_biased<S: Native>(product: Product<S>) -> bool {
    let isa = Isa::best();
    let kernel = choose(isa, &product);
    let takes_it = product.c_has_rows()
        && matches!(
            kernel,
            Kernel::InPlace(_) | Kernel::Strips(_) | Kernel::Packed(_)
        );
    if takes_it {
        // SAFETY: as in `run`.
        unsafe {
            if is_large(&product) {
                threads::run(kernel, product);
            } else {
                kernel.run(product);
            }
        }
    }
    takes_it
}

/// Whether another thread might be worth it.
fn is_large<S>(product: &Product<S>) -> bool {
    product.m * product.k * product.n >= 1 << 23
}

/// The kernel for a shape, C having contiguous rows. Measured by `cargo bench --bench matmul`.
///
/// | A B | kernel | because |
/// |---|---|---|
/// | few inner products of long rows | `Dots` | nothing to copy, and C is too small for vectors |
/// | B in the second cache, or C with few rows | `InPlace` | a copy of B costs more than it saves |
/// | B's columns contiguous, the same | `Strips` | the copy transposes |
/// | larger | `Packed` | pages and cache sets, otherwise |
#[inline(always)]
fn choose<S: Native>(isa: Isa, product: &Product<S>) -> Kernel {
    let Product { m, k, n, .. } = *product;
    if product.has_long_inner_axis() && k > 16 && (m * n <= 64 || n < 8 || m < 4) {
        return Kernel::Dots(isa);
    }
    let fits = k * n * size_of::<S>() <= 1 << 19;
    match product.b_has_rows() {
        true if fits || m <= FEW_ROWS => Kernel::InPlace(isa),
        false if fits && m * k * n < 1 << 23 => Kernel::Strips(isa),
        _ => Kernel::Packed(isa),
    }
}

/// Products with no more rows use every element of B too seldom to copy it.
const FEW_ROWS: usize = 16;
