//! Which kernel a shape gets.

use super::kernel::{Isa, Kernel};
use super::native::Native;
use super::product::Product;

/// # Safety
///
/// The matrices of the product are still borrowed.
pub(super) unsafe fn run<S: Native>(product: Product<S>) {
    let isa = Isa::best();
    let product = if product.c_has_rows() {
        product
    } else {
        product.transposed()
    };
    let kernel = if product.c_has_rows() {
        choose(isa, &product)
    } else {
        Kernel::Matrixmultiply
    };
    // SAFETY: the best instruction set is one that the machine has; the rest is the caller's.
    unsafe { kernel.run(&product) }
}

fn choose<S: Native>(isa: Isa, product: &Product<S>) -> Kernel {
    let Product { m, k, n, .. } = *product;
    if product.has_long_inner_axis() && k > 1 && (m * n <= 64 || n < 8) && k > 16 {
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
