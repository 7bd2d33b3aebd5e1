//! Which kernel a shape gets.

use super::kernel::{Isa, Kernel};
use super::native::Native;
use super::product::Product;

/// Runs the kernel that suits the shape.
///
/// All of this is inlined into one function: sizes and strides stay in registers until a kernel
/// gets them, which counts where a product takes 20 ns.
///
/// # Safety
///
/// The matrices of the product are still borrowed.
#[inline(always)]
pub(super) unsafe fn run<S: Native>(product: &Product<S>) {
    let transposed;
    let product = if product.c_has_rows() && (product.n > 1 || !product.c_has_cols()) {
        product
    } else {
        transposed = product.transposed();
        &transposed
    };
    let isa = Isa::best();
    let kernel = if product.c_has_rows() {
        choose(isa, product)
    } else {
        Kernel::Matrixmultiply
    };
    // SAFETY: the best instruction set is one that the machine has; the rest is the caller's.
    unsafe { kernel.run(product) }
}

#[inline(always)]
fn choose<S: Native>(isa: Isa, product: &Product<S>) -> Kernel {
    let Product { m, k, n, .. } = *product;
    if product.has_long_inner_axis() && k > 16 && (m * n <= 64 || n < 8 || m < 3) {
        return Kernel::Dots(isa);
    }
    if m * k * n >= 1 << 24 {
        return Kernel::Packed(isa);
    }
    if product.b_has_rows() {
        Kernel::InPlace(isa)
    } else {
        Kernel::Strips(isa)
    }
}
