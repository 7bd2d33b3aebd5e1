//! Which kernels there are, what each of them takes, and how it is called.

use super::blocks::{in_place, packed, strips};
use super::dots::{Sums, dots};
use super::native::Native;
use super::product::Product;
use super::simd::Simd;
use super::simd::portable::Four;
use crate::Scalar;

/// The instruction sets that kernels are compiled for, and chosen from when the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isa {
    /// Whatever the compiler makes of arrays of four.
    Portable,
    /// 256-bit vectors and fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// Those that this machine has, the best one last.
    pub fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let candidates = [Self::Portable, Self::Avx2, Self::Avx512];
        #[cfg(not(target_arch = "x86_64"))]
        let candidates = [Self::Portable];
        candidates.into_iter().filter(|isa| isa.is_available())
    }

    /// The best one that this machine has.
    #[inline]
    #[must_use]
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        for isa in [Self::Avx512, Self::Avx2] {
            if isa.is_available() {
                return isa;
            }
        }
        Self::Portable
    }

    #[inline(always)]
    fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f"),
        }
    }
}

/// A way to compute a product of `f32` or `f64`. They differ in speed, in the layouts they take,
/// and in the last bits of what they give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// [`reference`](super::reference), for any scalar.
    Reference,
    /// Register tiles over A, B and C where they lie, or, if the inner axis is short, a few rows of A
    /// kept in registers. Rows of B and C, or columns of A and C, are contiguous.
    InPlace(Isa),
    /// The same on strips of B copied to the stack. Rows or columns of C are contiguous.
    Strips(Isa),
    /// The same on blocks of A and B copied to a workspace, which the thread keeps. Rows or
    /// columns of C are contiguous.
    Packed(Isa),
    /// Inner products. Rows of A and columns of B are contiguous.
    Dots(Isa),
    /// The crate `matrixmultiply`, for any layout.
    Matrixmultiply,
    /// The crate `gemm`, for any layout.
    #[cfg(feature = "gemm")]
    Gemm,
}

impl Kernel {
    /// Those that this machine can run.
    pub fn available() -> impl Iterator<Item = Self> {
        let ours = Isa::available().flat_map(|isa| {
            [Self::InPlace, Self::Strips, Self::Packed, Self::Dots].map(|kernel| kernel(isa))
        });
        [Self::Reference, Self::Matrixmultiply]
            .into_iter()
            .chain(
                #[cfg(feature = "gemm")]
                [Self::Gemm],
                #[cfg(not(feature = "gemm"))]
                [],
            )
            .chain(ours)
    }

    pub(super) fn is_available(self) -> bool {
        match self {
            Self::InPlace(isa) | Self::Strips(isa) | Self::Packed(isa) | Self::Dots(isa) => {
                isa.is_available()
            }
            _ => true,
        }
    }

    /// The one for layouts and machines that those here are not for.
    pub(super) fn of_a_crate() -> Self {
        #[cfg(feature = "gemm")]
        return Self::Gemm;
        #[cfg(not(feature = "gemm"))]
        Self::Matrixmultiply
    }

    /// Whether an element is the same sum, in the same order, whichever part of C is asked for.
    #[inline(always)]
    pub(super) fn is_a_sweep(self) -> bool {
        matches!(self, Self::InPlace(_) | Self::Strips(_) | Self::Packed(_))
    }

    /// The product as this kernel wants it, its transpose perhaps; `None` if it does not take it.
    pub(super) fn oriented<S: Scalar>(self, product: Product<S>) -> Option<Product<S>> {
        let mut candidates = [product, product.transposed()].into_iter();
        match self {
            Self::InPlace(_) => candidates.find(|p| p.c_has_rows() && p.b_has_rows()),
            Self::Strips(_) | Self::Packed(_) => candidates.find(Product::c_has_rows),
            Self::Dots(_) => product.has_long_inner_axis().then_some(product),
            _ => Some(product),
        }
    }

    /// As [`run`](Self::run), which is inlined where every nanosecond counts.
    ///
    /// # Safety
    ///
    /// As of [`run`](Self::run).
    #[inline(never)]
    pub(super) unsafe fn call<S: Native>(self, product: &Product<S>) {
        // SAFETY: the caller's.
        unsafe { self.run(product) }
    }

    /// Runs it on a product that [`oriented`](Self::oriented) gave.
    ///
    /// # Safety
    ///
    /// The machine has the instruction set, and what the product was made of is still borrowed.
    #[inline(always)]
    pub(super) unsafe fn run<S: Native>(self, product: &Product<S>) {
        if product.m == 0 || product.n == 0 {
            return;
        }
        macro_rules! on {
            ($isa:expr, $kernel:ident) => {
                match $isa {
                    Isa::Portable => $kernel::<Four<S>>(product),
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx2 => $kernel::<S::Avx2>(product),
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx512 => $kernel::<S::Avx512>(product),
                }
            };
        }
        // SAFETY: the caller's, and Product's invariant.
        unsafe {
            match self {
                Self::InPlace(isa) => on!(isa, in_place),
                Self::Strips(isa) => on!(isa, strips),
                Self::Packed(isa) => on!(isa, packed),
                Self::Dots(isa) => dots_and_sums(isa, product, Sums::NONE),
                Self::Matrixmultiply => S::matrixmultiply(product),
                #[cfg(feature = "gemm")]
                Self::Gemm => S::gemm_crate(product),
                Self::Reference => unreachable!("the reference takes matrices, not pointers"),
            }
        }
    }
}

#[inline(always)]
unsafe fn inner_products<V: Simd>(product: &Product<V::Scalar>, sums: Sums<V::Scalar>) {
    // Long columns of a tile are better than long rows.
    // SAFETY: the caller's.
    unsafe {
        if product.m < product.n {
            dots::<V>(&product.transposed(), sums.transposed());
        } else {
            dots::<V>(product, sums);
        }
    }
}

/// Runs [`Kernel::Dots`] on a product that [`Kernel::oriented`] gave, and sums rows of A or columns
/// of B if that is asked for.
///
/// # Safety
///
/// As of [`Kernel::run`]; there is a place for each of the sums, none of them A's, B's or C's.
#[inline(always)]
pub(super) unsafe fn dots_and_sums<S: Native>(isa: Isa, product: &Product<S>, sums: Sums<S>) {
    // SAFETY: the caller's.
    unsafe {
        match isa {
            Isa::Portable => inner_products::<Four<S>>(product, sums),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => inner_products::<S::Avx2>(product, sums),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => inner_products::<S::Avx512>(product, sums),
        }
    }
}

pub(super) fn multiply_adds<S: Native>(isa: Isa, rounds: usize) -> usize {
    assert!(isa.is_available());
    // SAFETY: it is available.
    unsafe {
        match isa {
            Isa::Portable => Four::<S>::peak(rounds),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => S::Avx2::peak(rounds),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => S::Avx512::peak(rounds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matmul::product::{Finish, Update};
    use crate::matmul::{Matrix, MatrixMut};

    /// Integers from −9 to 9: their products and sums are exact.
    fn integers<S: Scalar>(count: usize, seed: usize) -> Vec<S> {
        let numbers = (seed..).map(|k| (k * 2_654_435_761) >> 7);
        numbers
            .take(count)
            .map(|x| S::constant((x % 19) as f64 - 9.0))
            .collect()
    }

    /// What is fused to a product, by every kernel that takes it: elsewhere it is the chosen one alone
    /// that does.
    fn check_fused<S: Native>(isa: Isa, [m, k, n]: [usize; 3], layout: [bool; 2]) {
        let (a, b, c) = (integers(m * k, 1), integers(k * n, 2), integers(m * n, 3));
        let (bias, gate) = (integers::<S>(m, 4), integers::<S>(m * n, 5));
        let stored = |x, rows, cols, transposed| match transposed {
            false => Matrix::row_major(x, rows, cols),
            true => Matrix::row_major(x, cols, rows).t(),
        };
        let (a, b) = (stored(&a, m, k, layout[0]), stored(&b, k, n, layout[1]));
        let sums = |i: usize, j: usize| {
            let products = (0..k).map(|p| a.at(i, p) * b.at(p, j));
            products.fold(S::zero(), |sum, x| sum + x)
        };
        let positive = |gate: S, x: S| if gate <= S::zero() { S::zero() } else { x };
        type Expected<'a, S> = &'a dyn Fn(usize, usize, S) -> S;
        let cases: [(&str, Expected<'_, S>); 4] = [
            ("bias", &|i, _, x| bias[i] + x),
            ("bias and relu", &|i, _, x| {
                positive(bias[i] + x, bias[i] + x)
            }),
            ("a gate", &|i, j, x| positive(gate[i * n + j], x)),
            ("its own gate", &|i, j, x| positive(c[i * n + j], x)),
        ];
        for kernel in [Kernel::InPlace, Kernel::Strips, Kernel::Packed].map(|kernel| kernel(isa)) {
            for (what, expected) in cases {
                let mut c = c.clone();
                let mut c_matrix = MatrixMut::row_major(&mut c, m, n);
                let plain = Update::scaled(S::one(), S::zero());
                let mut product = Product::new(&a, &b, &mut c_matrix, plain);
                product.update = match what {
                    "bias" => Update::biased(bias.as_ptr(), false),
                    "bias and relu" => Update::biased(bias.as_ptr(), true),
                    "a gate" => Update {
                        finish: Finish::WherePositive(gate.as_ptr()),
                        ..plain
                    },
                    _ => Update {
                        finish: Finish::WherePositive(product.c.at),
                        ..plain
                    },
                };
                let takes = match kernel {
                    Kernel::InPlace(_) => product.b_has_rows(),
                    Kernel::Strips(_) => product.has_parts() || k <= crate::matmul::blocks::SHORT,
                    _ => true,
                };
                if takes {
                    // SAFETY: the instruction set is available, and everything is borrowed.
                    unsafe { kernel.run(&product) }
                    for (at, &x) in c.iter().enumerate() {
                        let (i, j) = (at / n, at % n);
                        assert_eq!(
                            x,
                            expected(i, j, sums(i, j)),
                            "{kernel:?}, {what}, {m} × {k} × {n}, {layout:?}, ({i}, {j})"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn every_kernel_does_what_is_fused_to_it() {
        for isa in Isa::available() {
            for size in [
                [2, 3, 2],
                [5, 1, 11],
                [9, 20, 50],
                [13, 130, 49],
                [67, 1030, 53],
                [18, 6200, 9],
            ] {
                for layout in [[false, false], [false, true], [true, false], [true, true]] {
                    check_fused::<f64>(isa, size, layout);
                    check_fused::<f32>(isa, size, layout);
                }
            }
        }
    }
}
