//! The scalars that machines have instructions for.

use super::choice;
use super::dots::Sums;
use super::product::Product;
use super::simd::Simd;
use crate::Scalar;

#[cfg(target_arch = "x86_64")]
use super::simd::{avx2, avx512};

/// `f32` or `f64`: its vectors, and its functions in the kernel crates.
pub(crate) trait Native: Scalar {
    #[cfg(target_arch = "x86_64")]
    type Avx2: Simd<Scalar = Self>;
    #[cfg(target_arch = "x86_64")]
    type Avx512: Simd<Scalar = Self>;

    /// [`choice::run_oriented`], compiled once for the scalar, in this crate.
    ///
    /// # Safety
    ///
    /// What the product was made of is still borrowed.
    unsafe fn run_oriented(product: &Product<Self>) -> bool;

    /// [`choice::run_and_sum_rows`], compiled once for the scalar, in this crate.
    ///
    /// # Safety
    ///
    /// As of [`run_oriented`](Self::run_oriented); there is a place for the sum of every row of A, none of them A's,
    /// B's or C's.
    unsafe fn run_and_sum_rows(product: &Product<Self>, sums: Sums<Self>) -> bool;

    /// # Safety
    ///
    /// What the product was made of is still borrowed.
    unsafe fn matrixmultiply(product: &Product<Self>);

    /// # Safety
    ///
    /// What the product was made of is still borrowed.
    #[cfg(feature = "gemm")]
    unsafe fn gemm_crate(product: &Product<Self>) {
        let Product {
            m,
            k,
            n,
            a,
            b,
            c,
            update,
        } = *product;
        let [alpha, beta] = update.factors().expect("an update that is α and β");
        // SAFETY: Product's invariant and the caller's. C is not read if β is 0, by `read_dst`.
        unsafe {
            gemm::gemm(
                m,
                n,
                k,
                c.at,
                c.col,
                c.row,
                !beta.is_zero(),
                a.at,
                a.col,
                a.row,
                b.at,
                b.col,
                b.row,
                beta,
                alpha,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
    }
}

macro_rules! native {
    ($scalar:ident, $vectors:ident, $gemm:ident) => {
        impl Native for $scalar {
            #[cfg(target_arch = "x86_64")]
            type Avx2 = avx2::$vectors;
            #[cfg(target_arch = "x86_64")]
            type Avx512 = avx512::$vectors;

            unsafe fn run_oriented(product: &Product<Self>) -> bool {
                // SAFETY: the caller's.
                unsafe { choice::run_oriented(product) }
            }

            unsafe fn run_and_sum_rows(product: &Product<Self>, sums: Sums<Self>) -> bool {
                // SAFETY: the caller's.
                unsafe { choice::run_and_sum_rows(product, sums) }
            }

            unsafe fn matrixmultiply(product: &Product<Self>) {
                let Product {
                    m,
                    k,
                    n,
                    a,
                    b,
                    c,
                    update,
                } = *product;
                let [alpha, beta] = update.factors().expect("an update that is α and β");
                // SAFETY: Product's invariant and the caller's.
                unsafe {
                    matrixmultiply::$gemm(
                        m, k, n, alpha, a.at, a.row, a.col, b.at, b.row, b.col, beta, c.at, c.row,
                        c.col,
                    );
                }
            }
        }
    };
}

native!(f32, F32, sgemm);
native!(f64, F64, dgemm);
