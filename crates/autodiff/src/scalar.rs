//! The numbers a rule is written for.

use std::fmt::{Debug, Display};
use std::iter::Sum;

use num_traits::{Float, NumAssign};

use crate::elementary;
use crate::matmul::{self, Activation, Kernel, Matrix, MatrixMut};

/// A real number that rules can be run at: `f32`, `f64`, and whatever else behaves like them.
///
/// Rules are written once for every `Scalar`, so a rule must not ask which one it has. Comparisons
/// look at the primal value, which makes `if x > S::zero() { … }` right at dual numbers too.
///
/// ```
/// use autodiff::Scalar;
///
/// fn logistic<S: Scalar>(x: S) -> S {
///     S::one() / (S::one() + (-x).exp())
/// }
/// assert_eq!(logistic(0.0_f32), 0.5);
/// assert_eq!(logistic(0.0_f64), 0.5);
/// ```
pub trait Scalar:
    Float + NumAssign + Sum + Default + Debug + Display + Send + Sync + 'static
{
    /// The scalar nearest to a constant of a formula, or to a count.
    fn constant(value: f64) -> Self;

    /// Whether this is zero and no input moves it: at a dual number the tangent is zero as well,
    /// where `is_zero` looks at the primal alone.
    fn is_constant_zero(self) -> bool {
        self.is_zero()
    }

    /// Whether loops over it become vector instructions.
    #[doc(hidden)]
    const VECTORIZES: bool = false;

    /// eˣ for rules: the same function as `exp`, in a form without branches or calls, so that
    /// a loop over it becomes vector instructions. The relative error of a result that is a normal
    /// number is at most 1.4 · 2⁻⁵³ at `f64`, where rounding alone is 1 · 2⁻⁵³, and 1.01 · 2⁻²⁴ at
    /// `f32`.
    ///
    /// ```
    /// use autodiff::Scalar;
    ///
    /// let error = 1.0_f64.vector_exp() - std::f64::consts::E;
    /// assert!(error.abs() <= 2.0_f64.powi(-51));
    /// ```
    #[must_use]
    #[inline(always)]
    fn vector_exp(self) -> Self {
        self.exp()
    }

    /// ln x for rules, as [`vector_exp`](Scalar::vector_exp): at most 1.3 · 2⁻⁵³ off at `f64`.
    #[must_use]
    #[inline(always)]
    fn vector_ln(self) -> Self {
        self.ln()
    }

    /// ln(1 + x) for rules, as [`vector_exp`](Scalar::vector_exp): at most 1.3 · 2⁻⁵³
    /// off at `f64`.
    #[must_use]
    #[inline(always)]
    fn vector_ln_1p(self) -> Self {
        self.ln_1p()
    }

    /// tanh x for rules, as [`vector_exp`](Scalar::vector_exp): at most 3 · 2⁻⁵³ off at `f64`.
    #[must_use]
    #[inline(always)]
    fn vector_tanh(self) -> Self {
        self.tanh()
    }

    /// C ← α A B + β C; if β is 0, C is not read. The contract is [`matmul::matmul`]'s, which is
    /// also the way to call it.
    ///
    /// The default is the reference loop, correct for any scalar.
    fn gemm(
        alpha: Self,
        a: &Matrix<'_, Self>,
        b: &Matrix<'_, Self>,
        beta: Self,
        c: &mut MatrixMut<'_, Self>,
    ) {
        matmul::reference(alpha, *a, *b, beta, c.reborrow());
    }

    /// C ← f(A B + b 1ᵀ): [`matmul::affine`] is the way to call it; `false`, and nothing has been
    /// done, if no kernel does it for the layout.
    #[doc(hidden)]
    fn affine(
        _a: &Matrix<'_, Self>,
        _b: &Matrix<'_, Self>,
        _bias: &[Self],
        _activation: Activation,
        _c: &mut MatrixMut<'_, Self>,
    ) -> bool {
        false
    }

    /// C ← A B where C, or the gate, is positive or NaN, else 0:
    /// [`matmul::matmul_where_positive`] and [`matmul::matmul_gated`] are the ways to call it; `false`,
    /// and nothing has been done, if no kernel does it for the layout.
    #[doc(hidden)]
    fn gemm_where_positive(
        _a: &Matrix<'_, Self>,
        _b: &Matrix<'_, Self>,
        _gate: Option<&Matrix<'_, Self>>,
        _c: &mut MatrixMut<'_, Self>,
    ) -> bool {
        false
    }

    /// [`matmul::matmul_and_row_sums`] is the way to call it; `false`, and nothing has been done, if
    /// no kernel for the shape sums rows.
    #[doc(hidden)]
    fn gemm_and_row_sums(
        _a: &Matrix<'_, Self>,
        _b: &Matrix<'_, Self>,
        _beta: Self,
        _c: &mut MatrixMut<'_, Self>,
        _sums: &mut [Self],
        _add: bool,
    ) -> bool {
        false
    }

    /// [`matmul::row_sums`] is the way to call it, as there are rows to be checked; `false` if the
    /// scalar has no kernel for it.
    #[doc(hidden)]
    fn row_sums(_x: &[Self], _cols: usize, _sums: &mut [Self], _add: bool) -> bool {
        false
    }

    /// [`matmul::rectify_rows`] is the way to call it.
    #[doc(hidden)]
    fn rectify_rows(
        _x_bar: &mut [Self],
        _y: &[Self],
        _cols: usize,
        _sums: &mut [Self],
        _add: bool,
    ) -> bool {
        false
    }

    /// [`matmul::multiply_adds`] is the way to call it.
    #[doc(hidden)]
    fn multiply_adds(_rounds: usize) -> usize {
        0
    }

    /// [`matmul::kernel_for`] is the way to call it.
    #[doc(hidden)]
    fn kernel_for(
        _a: &Matrix<'_, Self>,
        _b: &Matrix<'_, Self>,
        _c: &mut MatrixMut<'_, Self>,
    ) -> Kernel {
        Kernel::Reference
    }

    /// [`gemm`](Self::gemm) by one certain kernel, `false` if the scalar has it not, or not for
    /// this layout; [`matmul::matmul_by`] is the way to call it.
    #[doc(hidden)]
    fn gemm_by(
        _kernel: Kernel,
        _alpha: Self,
        _a: &Matrix<'_, Self>,
        _b: &Matrix<'_, Self>,
        _beta: Self,
        _c: &mut MatrixMut<'_, Self>,
    ) -> bool {
        false
    }
}

/// What `f32` and `f64` have in common: functions that vectorize, computed at `f64`, and kernels.
macro_rules! machine_scalar {
    ($scalar:ident) => {
        impl Scalar for $scalar {
            #[inline(always)]
            fn constant(value: f64) -> Self {
                value as Self
            }

            const VECTORIZES: bool = true;

            #[inline(always)]
            fn vector_exp(self) -> Self {
                Self::constant(elementary::exp(self.into()))
            }

            #[inline(always)]
            fn vector_ln(self) -> Self {
                Self::constant(elementary::ln(self.into()))
            }

            #[inline(always)]
            fn vector_ln_1p(self) -> Self {
                Self::constant(elementary::ln_1p(self.into()))
            }

            #[inline(always)]
            fn vector_tanh(self) -> Self {
                Self::constant(elementary::tanh(self.into()))
            }

            #[inline(always)]
            fn gemm(
                alpha: Self,
                a: &Matrix<'_, Self>,
                b: &Matrix<'_, Self>,
                beta: Self,
                c: &mut MatrixMut<'_, Self>,
            ) {
                matmul::native(alpha, a, b, beta, c);
            }

            #[inline(always)]
            fn affine(
                a: &Matrix<'_, Self>,
                b: &Matrix<'_, Self>,
                bias: &[Self],
                activation: Activation,
                c: &mut MatrixMut<'_, Self>,
            ) -> bool {
                matmul::native_affine(a, b, bias, activation, c)
            }

            #[inline(always)]
            fn gemm_where_positive(
                a: &Matrix<'_, Self>,
                b: &Matrix<'_, Self>,
                gate: Option<&Matrix<'_, Self>>,
                c: &mut MatrixMut<'_, Self>,
            ) -> bool {
                matmul::native_where_positive(a, b, gate, c)
            }

            fn gemm_and_row_sums(
                a: &Matrix<'_, Self>,
                b: &Matrix<'_, Self>,
                beta: Self,
                c: &mut MatrixMut<'_, Self>,
                sums: &mut [Self],
                add: bool,
            ) -> bool {
                matmul::native_and_row_sums(a, b, beta, c, sums, add)
            }

            fn row_sums(x: &[Self], cols: usize, sums: &mut [Self], add: bool) -> bool {
                matmul::native_row_sums(x, cols, sums, add)
            }

            fn rectify_rows(
                x_bar: &mut [Self],
                y: &[Self],
                cols: usize,
                sums: &mut [Self],
                add: bool,
            ) -> bool {
                matmul::native_rectify_rows(x_bar, y, cols, sums, add)
            }

            fn multiply_adds(rounds: usize) -> usize {
                matmul::native_multiply_adds::<Self>(rounds)
            }

            fn kernel_for(
                a: &Matrix<'_, Self>,
                b: &Matrix<'_, Self>,
                c: &mut MatrixMut<'_, Self>,
            ) -> Kernel {
                matmul::native_kernel_for(a, b, c)
            }

            fn gemm_by(
                kernel: Kernel,
                alpha: Self,
                a: &Matrix<'_, Self>,
                b: &Matrix<'_, Self>,
                beta: Self,
                c: &mut MatrixMut<'_, Self>,
            ) -> bool {
                matmul::native_by(kernel, alpha, a, b, beta, c)
            }
        }
    };
}

machine_scalar!(f32);
machine_scalar!(f64);
