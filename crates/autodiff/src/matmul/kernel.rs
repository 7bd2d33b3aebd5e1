//! Which kernels there are, what each of them takes, and how it is called.

use super::blocks::{in_place, packed, strips};
use super::choice;
use super::dots::{Sums, dots};
use super::native::Native;
use super::product::Product;
use super::simd::Simd;
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

/// `f::<V>(…)` or `<V>::…`, V being the vectors that an instruction set has for a scalar.
macro_rules! on_isa {
    ($isa:expr, $scalar:ident, $($function:ident::)? <V> $($rest:tt)*) => {
        match $isa {
            Isa::Portable => {
                $($function::)? <crate::matmul::simd::portable::Four<$scalar>> $($rest)*
            }
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => $($function::)? <$scalar::Avx2> $($rest)*,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => $($function::)? <$scalar::Avx512> $($rest)*,
        }
    };
}
pub(super) use on_isa;

/// A way to compute a product of `f32` or `f64`. They differ in speed, in the layouts they take,
/// and in the last bits of what they give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// [`reference`](super::reference), for any scalar.
    Reference,
    /// Register tiles over A, B and C where they lie, a large B in blocks of columns, or, if the inner
    /// axis is short, a few rows of A kept in registers. Rows of B and C, or columns of A and C, are contiguous.
    InPlace(Isa),
    /// The same on some columns of B at a time, copied to the stack. Rows or columns of C are contiguous.
    Strips(Isa),
    /// The same on blocks of B, and of A unless its rows are contiguous (AVX-512: or its columns), copied to
    /// a workspace, which the thread keeps if it is no larger than 4 MiB. Rows or columns of C are contiguous.
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

    /// The product as this kernel wants it, its transpose perhaps; `None` if it does not take it. If it takes
    /// both, it is the one that is run where the kernel is chosen: the order of its sums, and the signs of
    /// zeros, may depend on it.
    pub(super) fn oriented<S: Scalar>(self, product: Product<S>) -> Option<Product<S>> {
        let product = choice::oriented(product);
        let mut candidates = [product, product.transposed()].into_iter();
        candidates.find(|product| match self {
            Self::InPlace(_) => product.c_has_rows() && product.b_has_rows(),
            Self::Strips(_) | Self::Packed(_) => product.c_has_rows(),
            Self::Dots(_) => product.has_long_inner_axis(),
            _ => true,
        })
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
        // SAFETY: the caller's, and Product's invariant.
        unsafe {
            match self {
                Self::InPlace(isa) => on_isa!(isa, S, in_place::<V>(product)),
                Self::Strips(isa) => on_isa!(isa, S, strips::<V>(product)),
                Self::Packed(isa) => on_isa!(isa, S, packed::<V>(product)),
                Self::Dots(isa) => dots_and_sums(isa, product, Sums::NONE),
                Self::Matrixmultiply => S::matrixmultiply(product),
                #[cfg(feature = "gemm")]
                Self::Gemm => S::gemm_crate(product),
                Self::Reference => unreachable!("the reference takes matrices, not pointers"),
            }
        }
    }
}

/// # Safety
///
/// As of [`dots_and_sums`].
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
    unsafe { on_isa!(isa, S, inner_products::<V>(product, sums)) }
}

pub(super) fn multiply_adds<S: Native>(isa: Isa, rounds: usize) -> usize {
    assert!(isa.is_available());
    // SAFETY: it is available.
    unsafe { on_isa!(isa, S, <V>::peak(rounds)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matmul::blocks::SHORT;
    use crate::matmul::product::{Finish, Update};
    use crate::matmul::{Matrix, MatrixMut};

    /// Integers from −9 to 9: their products and sums are exact.
    fn integers<S: Scalar>(count: usize, seed: u32) -> Vec<S> {
        let numbers = (seed..).map(|k| k.wrapping_mul(2_654_435_761) >> 16);
        numbers
            .take(count)
            .map(|x| S::constant(f64::from(x % 19) - 9.0))
            .collect()
    }

    /// Some of them are of the kind that a gate has to tell from numbers.
    fn gates<S: Scalar>(count: usize, seed: u32) -> Vec<S> {
        let mut gates = integers::<S>(count, seed);
        let special = [
            S::nan(),
            -S::nan(),
            -S::zero(),
            S::infinity(),
            -S::infinity(),
        ];
        for (gate, &special) in gates.iter_mut().step_by(3).zip(special.iter().cycle()) {
            *gate = special;
        }
        gates
    }

    /// What is fused to a product.
    #[derive(Clone, Copy, Debug)]
    enum Fused {
        Bias,
        BiasAndRelu,
        Gate,
        ItsOwnGate,
    }

    /// By every kernel that takes it: elsewhere the chosen one alone is tested. Rows of C have a gap
    /// between them. How many kernels did it.
    fn check_fused<S: Native>(
        isa: Isa,
        fused: Fused,
        [m, k, n]: [usize; 3],
        [a_is_transposed, b_is_transposed]: [bool; 2],
    ) -> usize {
        let (stride, span) = (n + 3, m * (n + 3) - 3);
        let (a, b, bias) = (integers(m * k, 1), integers(k * n, 2), integers(m, 3));
        let (before, gate) = (gates::<S>(span, 4), gates::<S>(span, 5));
        let stored = |x, rows, cols, transposed| match transposed {
            false => Matrix::row_major(x, rows, cols),
            true => Matrix::row_major(x, cols, rows).t(),
        };
        let (a, b) = (
            stored(&a, m, k, a_is_transposed),
            stored(&b, k, n, b_is_transposed),
        );
        let expected = |i: usize, j: usize| {
            let products = (0..k).map(|p| a.at(i, p) * b.at(p, j));
            let sum = products.fold(S::zero(), |sum, x| sum + x);
            let (x, gate) = match fused {
                Fused::Bias => (sum + bias[i], S::one()),
                Fused::BiasAndRelu => (sum + bias[i], sum + bias[i]),
                Fused::Gate => (sum, gate[i * stride + j]),
                Fused::ItsOwnGate => (sum, before[i * stride + j]),
            };
            if gate <= S::zero() { S::zero() } else { x }
        };
        let mut all = before.clone();
        for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
            all[i * stride + j] = expected(i, j);
        }
        let mut count = 0;
        for kernel in [Kernel::InPlace, Kernel::Strips, Kernel::Packed].map(|kernel| kernel(isa)) {
            let mut c = before.clone();
            let mut c_matrix = MatrixMut::strided(&mut c, m, n, stride, 1);
            let plain = Update::scaled(S::one(), S::zero());
            let mut product = Product::new(&a, &b, &mut c_matrix, plain);
            let gated = |gate| Update {
                finish: Finish::WherePositive(gate),
                ..plain
            };
            product.update = match fused {
                Fused::Bias => Update::biased(bias.as_ptr(), false),
                Fused::BiasAndRelu => Update::biased(bias.as_ptr(), true),
                Fused::Gate => gated(gate.as_ptr()),
                Fused::ItsOwnGate => gated(product.c.at),
            };
            let takes = match kernel {
                Kernel::InPlace(_) => product.b_has_rows(),
                Kernel::Strips(_) => product.has_parts() || k <= SHORT,
                _ => true,
            };
            if takes {
                // SAFETY: the instruction set is available, and everything is borrowed.
                unsafe { kernel.run(&product) }
                let same = |(x, y): (&S, &S)| x == y || x.is_nan() && y.is_nan();
                let wrong = c.iter().zip(&all).position(|pair| !same(pair));
                let place = wrong.map(|at| (at / stride, at % stride));
                assert_eq!(place, None, "{kernel:?} {fused:?} {m} × {k} × {n}");
                count += 1;
            }
        }
        count
    }

    #[test]
    fn every_kernel_does_what_is_fused_to_it() {
        for isa in Isa::available() {
            for fused in [
                Fused::Bias,
                Fused::BiasAndRelu,
                Fused::Gate,
                Fused::ItsOwnGate,
            ] {
                // With one column more than whole vectors, and an inner axis that all of them cut.
                for size in [
                    [2, 3, 2],
                    [5, 4, 11],
                    [9, 20, 50],
                    [13, 130, 49],
                    [97, 1157, 101],
                    [9, 1300, 33],
                    [12, 700, 130],
                    [390, 520, 5],
                    // Of which one column is more than a block.
                    [9, 66_000, 2],
                ] {
                    let count = |layout| {
                        check_fused::<f64>(isa, fused, size, layout)
                            + check_fused::<f32>(isa, fused, size, layout)
                    };
                    let with_rows_of_b = count([false, false]) + count([true, false]);
                    let with_columns = count([false, true]) + count([true, true]);
                    let by_strips = match fused {
                        Fused::ItsOwnGate => size[1] <= SHORT,
                        _ => true,
                    };
                    let others = 4 * usize::from(by_strips);
                    assert_eq!([with_rows_of_b, with_columns], [8 + others, 4 + others]);
                }
            }
        }
    }
}
