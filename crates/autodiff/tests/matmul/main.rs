//! The matmul contract: every kernel on every instruction set of this machine against the
//! reference, exactly on integers and within the bound of rounding on other numbers; what changes no
//! bit; and what is refused.

mod bits;
mod fused;
mod stored;

use std::panic::{UnwindSafe, catch_unwind};

use autodiff::matmul::{
    Activation, Isa, Kernel, Matrix, MatrixMut, affine, kernel_for, matmul, matmul_and_row_sums,
    matmul_by, matmul_gated, matmul_where_positive, reference,
};
use autodiff::{Dual, Scalar};
use bits::{fractions, same_bits};
use proptest::prelude::*;
use stored::{Element, Layout, Stored};

#[derive(Clone, Copy, Debug)]
struct Product {
    size: [usize; 3],
    layouts: [Layout; 3],
    alpha: f64,
    beta: f64,
    seed: u32,
}

impl Product {
    /// Compares the whole slice of C after `matmul` with what the reference makes of contiguous
    /// copies, put back where C's elements belong.
    fn assert_exact<S: Element>(self) {
        let Self { layouts, seed, .. } = self;
        let [m, k, n] = self.size;
        let (alpha, beta) = (S::constant(self.alpha), S::constant(self.beta));
        let a = Stored::integers([m, k], layouts[0], seed, S::nan());
        let b = Stored::integers([k, n], layouts[1], seed ^ 0xb, S::nan());
        let mut c = Stored::integers([m, n], layouts[2], seed ^ 0xc, S::constant(0.5));
        if beta.is_zero() {
            c.set_elements(&vec![S::nan(); m * n]);
        }

        let mut expected = c.clone();
        let mut product = c.elements();
        reference(
            alpha,
            Matrix::row_major(&a.elements(), m, k),
            Matrix::row_major(&b.elements(), k, n),
            beta,
            MatrixMut::row_major(&mut product, m, n),
        );
        expected.set_elements(&product);

        let before = c.clone();
        matmul(alpha, a.matrix(), b.matrix(), beta, c.matrix_mut());
        assert_eq!(c.data, expected.data, "the chosen kernel");
        for kernel in Kernel::available() {
            let mut c = before.clone();
            if matmul_by(kernel, alpha, a.matrix(), b.matrix(), beta, c.matrix_mut()) {
                assert_eq!(c.data, expected.data, "{kernel:?}");
            } else {
                assert!(
                    same_bits(&c.data, &before.data),
                    "{kernel:?} refused, and wrote"
                );
            }
        }
    }
}

/// Small sizes, and those about the edges of the tiles of every instruction set.
fn size() -> impl Strategy<Value = usize> {
    let edges: Vec<usize> = [16, 24, 32, 48, 64, 96]
        .iter()
        .flat_map(|edge| edge - 1..=edge + 1)
        .collect();
    prop_oneof![4 => 0..=40_usize, 1 => prop::sample::select(edges)]
}

/// With step 0, which only a matrix that is read may have, elements share places.
fn layout(steps: std::ops::Range<usize>) -> impl Strategy<Value = Layout> {
    let parts = (any::<bool>(), steps, 0..3_usize, 0..3_usize);
    parts.prop_map(|(transposed, step, gap, tail)| Layout {
        transposed,
        step,
        gap,
        tail,
    })
}

fn factor() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![0.0, 1.0, -1.0, 2.0])
}

prop_compose! {
    fn product()(
        size in [size(), size(), size()],
        layouts in (layout(0..3), layout(0..3), layout(1..3)),
        alpha in factor(),
        beta in factor(),
        seed in 0..1000_u32,
    ) -> Product {
        Product { size, layouts: layouts.into(), alpha, beta, seed }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_kernels_agree_with_the_reference_exactly(product in product()) {
        product.assert_exact::<f32>();
        product.assert_exact::<f64>();
    }

    #[test]
    fn a_short_inner_axis_makes_no_difference(
        product in product(),
        k in 0..=8_usize,
        relu: bool,
    ) {
        let [m, _, n] = product.size;
        let product = Product { size: [m, k, n], alpha: 1.0, beta: 0.0, ..product };
        let activation = if relu { Activation::Relu } else { Activation::Identity };
        product.assert_exact::<f32>();
        product.assert_exact::<f64>();
        product.assert_affine_exact::<f32>(activation);
        product.assert_affine_exact::<f64>(activation);
        product.assert_gated_exact::<f32>();
        product.assert_gated_exact::<f64>();
    }

    #[test]
    fn a_layer_is_its_three_steps(product in product(), relu: bool) {
        let activation = if relu { Activation::Relu } else { Activation::Identity };
        product.assert_affine_exact::<f32>(activation);
        product.assert_affine_exact::<f64>(activation);
    }

    #[test]
    fn a_product_where_a_gate_is_positive_is_that(product in product()) {
        product.assert_gated_exact::<f32>();
        product.assert_gated_exact::<f64>();
    }

    #[test]
    fn a_product_with_row_sums_is_both(product in product(), add: bool) {
        product.assert_row_sums_exact::<f32>(add);
        product.assert_row_sums_exact::<f64>(add);
    }

    #[test]
    fn sums_on_the_way_change_no_bit(m in 1..24_usize, k in 0..320_usize, n in 1..24_usize) {
        fused::assert_sums_on_the_way_change_no_bit::<f32>([m, k, n]);
        fused::assert_sums_on_the_way_change_no_bit::<f64>([m, k, n]);
    }

    #[test]
    fn the_kernels_round_no_more_than_a_sum_must(product in product()) {
        product.assert_rounding::<f32>();
        product.assert_rounding::<f64>();
    }
}

impl Product {
    /// Compares with the reference on numbers that are no integers. Each of the two is within
    /// (k + 2) ε (|α| Σ |a b| + |β c|) of the exact result, whatever the order of its sums: k
    /// products, their additions, α and β, each rounded by a relative ε / 2. And the kernel that is
    /// said to be chosen gives the bits of `matmul`.
    fn assert_rounding<S: Element>(self) {
        let Self { layouts, seed, .. } = self;
        let [m, k, n] = self.size;
        let (alpha, beta) = (S::constant(self.alpha), S::constant(self.beta));
        let mut operands = [([m, k], 0), ([k, n], 0xb), ([m, n], 0xc)].map(|(size, salt)| {
            Stored::<S>::integers(size, Layout::ROW_MAJOR, seed ^ salt, S::nan())
        });
        for operand in &mut operands {
            let fraction = |(at, x): (usize, &mut S)| *x /= S::constant(7.0 + (at % 5) as f64);
            operand.data.iter_mut().enumerate().for_each(fraction);
        }
        let [a, b, c] = operands;
        let stored = |x: &Stored<S>, layout| {
            let mut stored = Stored::integers(x.size, layout, 0, S::nan());
            stored.set_elements(&x.data);
            stored
        };
        let absolute = |x: &Stored<S>| x.data.iter().map(|x| x.abs()).collect::<Vec<_>>();
        let by_reference = |alpha, a: &[S], b: &[S], beta, c: &[S]| {
            let mut c = c.to_vec();
            let (a, b) = (Matrix::row_major(a, m, k), Matrix::row_major(b, k, n));
            reference(alpha, a, b, beta, MatrixMut::row_major(&mut c, m, n));
            c
        };
        // Elements that share a place are whatever was written last, for both.
        let (a, b) = (stored(&a, layouts[0]), stored(&b, layouts[1]));
        let expected = by_reference(alpha, &a.elements(), &b.elements(), beta, &c.data);
        let [a_contiguous, b_contiguous] = [&a, &b].map(|x| Stored {
            data: x.elements(),
            size: x.size,
            layout: Layout::ROW_MAJOR,
        });
        let scale = by_reference(
            alpha.abs(),
            &absolute(&a_contiguous),
            &absolute(&b_contiguous),
            beta.abs(),
            &absolute(&c),
        );
        let mut by_choice = stored(&c, layouts[2]);
        let chosen = kernel_for(a.matrix(), b.matrix(), by_choice.matrix_mut());
        matmul(alpha, a.matrix(), b.matrix(), beta, by_choice.matrix_mut());
        assert!(Kernel::available().any(|kernel| kernel == chosen));
        for kernel in Kernel::available() {
            let mut c = stored(&c, layouts[2]);
            let takes = matmul_by(kernel, alpha, a.matrix(), b.matrix(), beta, c.matrix_mut());
            if kernel == chosen {
                let same = same_bits(&c.data, &by_choice.data);
                assert!(takes && same, "{kernel:?} is chosen");
            }
            if takes {
                for ((x, &y), &scale) in c.elements().iter().zip(&expected).zip(&scale) {
                    let bound = S::constant(2.0 * (k + 2) as f64) * S::epsilon() * scale;
                    assert!((*x - y).abs() <= bound, "{kernel:?}: {x}, not {y}");
                }
            }
        }
    }
}

/// The kernels cut large products into blocks. Only the first block of the inner axis may apply β
/// or the bias, and only the last one the rectifier.
#[test]
fn products_of_several_blocks_agree_too() {
    let transposed = Layout {
        transposed: true,
        ..Layout::ROW_MAJOR
    };
    for size in [
        [103, 1157, 293],
        [129, 260, 97],
        [200, 521, 40],
        [9, 600, 1100],
        [9, 1537, 50],
        [7, 6149, 30],
        [3, 0, 300],
        [20, 70, 1030],
        [389, 260, 9],
        [401, 7, 400],
        [1, 1300, 45],
        [45, 1300, 1],
    ] {
        // Of A, rows are contiguous, or columns, or neither; or columns, whole pages apart. Or rows of B
        // are.
        let apart = Layout {
            step: 2,
            ..Layout::ROW_MAJOR
        };
        let by_pages = Layout {
            gap: 1024 - size[0],
            ..transposed
        };
        let b_by_pages = Layout {
            gap: 2048 - size[2],
            ..Layout::ROW_MAJOR
        };
        for layouts in [
            [Layout::ROW_MAJOR; 3],
            [transposed; 3],
            [transposed, Layout::ROW_MAJOR, Layout::ROW_MAJOR],
            [apart, Layout::ROW_MAJOR, Layout::ROW_MAJOR],
            [by_pages, transposed, Layout::ROW_MAJOR],
            [Layout::ROW_MAJOR, b_by_pages, Layout::ROW_MAJOR],
        ] {
            for (alpha, beta) in [(-1.0, 0.0), (-1.0, 2.0), (1.0, 1.0)] {
                let product = Product {
                    size,
                    layouts,
                    alpha,
                    beta,
                    seed: 1,
                };
                product.assert_exact::<f32>();
                product.assert_exact::<f64>();
                product.assert_affine_exact::<f32>(Activation::Relu);
                product.assert_affine_exact::<f64>(Activation::Identity);
            }
            let product = Product {
                size,
                layouts,
                alpha: 1.0,
                beta: 0.0,
                seed: 2,
            };
            product.assert_gated_exact::<f32>();
            product.assert_gated_exact::<f64>();
        }
    }
}

/// Where C is square, or a single row or column, it has more than one way round that a kernel could
/// be run, with other sums.
#[test]
fn the_kernel_said_to_be_chosen_gives_the_same_bits_of_every_small_c() {
    let layout = |transposed| Layout {
        transposed,
        ..Layout::ROW_MAJOR
    };
    for (m, n) in (1..=7).flat_map(|m| (1..=7).map(move |n| (m, n))) {
        for k in [2, 17, 67] {
            for turned in 0..8_u32 {
                let product = Product {
                    size: [m, k, n],
                    layouts: [1, 2, 4].map(|bit| layout(turned & bit != 0)),
                    alpha: 1.0,
                    beta: 0.0,
                    seed: 5,
                };
                product.assert_rounding::<f32>();
                product.assert_rounding::<f64>();
            }
        }
    }
}

/// It is fetched earlier than others.
#[test]
fn a_b_that_no_cache_holds_is_read_right() {
    for m in [3, 5, 20] {
        let product = Product {
            size: [m, 33, 100_003],
            layouts: [Layout::ROW_MAJOR; 3],
            alpha: 1.0,
            beta: 0.0,
            seed: 4,
        };
        product.assert_exact::<f32>();
        product.assert_exact::<f64>();
    }
}

/// They have no kernels, so the same functions do it in steps, and tangents come with it.
#[test]
fn other_scalars_are_fused_in_steps() {
    let product = Product {
        size: [7, 5, 11],
        layouts: [Layout::ROW_MAJOR; 3],
        alpha: 1.0,
        beta: 0.0,
        seed: 3,
    };
    product.assert_gated_exact::<Dual<f64>>();
    product.assert_affine_exact::<Dual<f64>>(Activation::Relu);
    product.assert_row_sums_exact::<Dual<f64>>(true);
}

/// C ← A B has no rectifier that could swallow what is not finite.
#[test]
fn what_is_not_finite_stays_what_it_is() {
    fn check<S: Scalar>([m, k, n]: [usize; 3]) {
        let special = [S::nan(), S::infinity(), S::neg_infinity()];
        let spoiled = |len: usize, salt: usize| -> Vec<S> {
            let mut x = fractions::<S>(len, salt);
            for (at, &special) in special.iter().enumerate() {
                x[(at * 17 + salt) % len] = special;
            }
            x
        };
        let (a, b) = (spoiled(m * k, 3), spoiled(k * n, 5));
        let (a, b) = (Matrix::row_major(&a, m, k), Matrix::row_major(&b, k, n));
        let mut expected = vec![S::zero(); m * n];
        let c = MatrixMut::row_major(&mut expected, m, n);
        reference(S::one(), a, b, S::zero(), c);
        assert!(expected.iter().any(|x| x.is_nan()) && expected.iter().any(|x| x.is_infinite()));

        let assert_as_expected = |c: &[S], rectified: bool, by: &dyn std::fmt::Debug| {
            for (&c, &x) in c.iter().zip(&expected) {
                let x = if rectified && x <= S::zero() {
                    S::zero()
                } else {
                    x
                };
                let agrees = match x.is_finite() {
                    true => (c - x).abs() < S::constant(1e-3),
                    false => c == x || c.is_nan() && x.is_nan(),
                };
                assert!(agrees, "{c} for {x} by {by:?}");
            }
        };
        let mut c = vec![S::zero(); m * n];
        for kernel in Kernel::available() {
            let c_matrix = MatrixMut::row_major(&mut c, m, n);
            if matmul_by(kernel, S::one(), a, b, S::zero(), c_matrix) {
                assert_as_expected(&c, false, &kernel);
            }
        }
        for activation in [Activation::Identity, Activation::Relu] {
            let c_matrix = MatrixMut::row_major(&mut c, m, n);
            affine(a, b, &vec![S::zero(); m], activation, c_matrix);
            assert_as_expected(&c, activation == Activation::Relu, &activation);
        }
    }
    for k in [1, 2, 3, 4, 5, 6, 40] {
        check::<f64>([9, k, 29]);
        check::<f32>([9, k, 29]);
    }
}

/// A kernel that refused everything would pass the tests above.
#[test]
fn every_kernel_takes_its_layout() {
    let data = [1.0; 64];
    let rows = Matrix::row_major(&data, 8, 8);
    for isa in Isa::available() {
        for (kernel, a, b) in [
            (Kernel::InPlace(isa), rows, rows),
            (Kernel::InPlace(isa), rows.t(), rows),
            (Kernel::Strips(isa), rows, rows.t()),
            (Kernel::Packed(isa), rows.t(), rows.t()),
            (Kernel::Dots(isa), rows, rows.t()),
        ] {
            let mut c = [f64::NAN; 64];
            let c_matrix = MatrixMut::row_major(&mut c, 8, 8);
            assert!(matmul_by(kernel, 1.0, a, b, 0.0, c_matrix), "{kernel:?}");
            assert_eq!(c, [8.0; 64], "{kernel:?}");
        }
        assert!(Kernel::available().any(|kernel| kernel == Kernel::Dots(isa)));
    }
    assert_eq!(Isa::available().last(), Some(Isa::best()));
}

#[test]
fn the_reference_gives_what_a_hand_computes() {
    let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let b = [7.0, 8.0, 9.0, 10.0, 11.0, 12.0];
    // A B is [[58, 64], [139, 154]].
    for (alpha, beta, expected) in [
        (1.0, 0.0, [58.0, 64.0, 139.0, 154.0]),
        (2.0, -1.0, [115.0, 126.0, 275.0, 304.0]),
    ] {
        let mut c = [1.0, 2.0, 3.0, 4.0];
        reference(
            alpha,
            Matrix::row_major(&a, 2, 3),
            Matrix::row_major(&b, 3, 2),
            beta,
            MatrixMut::row_major(&mut c, 2, 2),
        );
        assert_eq!(c, expected);
    }
}

/// The stride of an axis of length 1 is never taken, so the largest one does no harm.
#[test]
fn strides_that_are_never_taken_do_not_matter() {
    let never = isize::MAX as usize;
    let (a, b, mut c) = ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [f64::NAN]);
    matmul(
        1.0,
        Matrix::strided(&a, 1, 3, never, 1),
        Matrix::strided(&b, 3, 1, 1, never),
        0.0,
        MatrixMut::strided(&mut c, 1, 1, never, never),
    );
    assert_eq!(c, [32.0]);
}

/// Nor is a stride of a matrix without elements.
#[test]
fn an_empty_matrix_may_have_any_axes_and_strides() {
    const NEVER: usize = usize::MAX;
    let nothing: [f64; 0] = [];
    for (m, k, n) in [(0, NEVER, 0), (0, 0, NEVER), (NEVER, 0, 0)] {
        let (a, b) = (
            Matrix::row_major(&nothing, m, k),
            Matrix::row_major(&nothing, k, n),
        );
        matmul(1.0, a, b, 0.0, MatrixMut::row_major(&mut [], m, n));
        for kernel in Kernel::available() {
            matmul_by(kernel, 1.0, a, b, 0.0, MatrixMut::row_major(&mut [], m, n));
        }
    }
    let a = Matrix::strided(&nothing, 3, 0, NEVER, NEVER);
    for kernel in Kernel::available() {
        let mut c = [2.0; 9];
        let c_matrix = MatrixMut::row_major(&mut c, 3, 3);
        if matmul_by(kernel, 1.0, a, a.t(), 0.5, c_matrix) {
            assert_eq!(c, [1.0; 9], "{kernel:?}");
        }
    }
    let mut c = [2.0; 9];
    matmul(1.0, a, a.t(), 0.5, MatrixMut::row_major(&mut c, 3, 3));
    assert_eq!(c, [1.0; 9]);
}

/// The message of the panic that `f` ends in.
fn refusal(f: impl FnOnce() + UnwindSafe) -> String {
    let panic = catch_unwind(f).expect_err("it should have been refused");
    *panic.downcast().expect("a formatted message")
}

#[test]
fn sizes_that_do_not_fit_are_named() {
    let data = [0.0; 20];
    for (a, b, c, message) in [
        (
            [2, 3],
            [4, 5],
            [2, 5],
            "2 × 3 times 4 × 5 does not give 2 × 5",
        ),
        (
            [2, 3],
            [3, 5],
            [1, 5],
            "2 × 3 times 3 × 5 does not give 1 × 5",
        ),
        (
            [2, 3],
            [3, 5],
            [2, 4],
            "2 × 3 times 3 × 5 does not give 2 × 4",
        ),
        (
            [2, 0],
            [0, 5],
            [5, 2],
            "2 × 0 times 0 × 5 does not give 5 × 2",
        ),
    ] {
        let said = refusal(|| {
            let [a, b] = [a, b].map(|[rows, cols]| Matrix::row_major(&data, rows, cols));
            matmul(
                1.0,
                a,
                b,
                0.0,
                MatrixMut::row_major(&mut [0.0; 20], c[0], c[1]),
            );
        });
        assert_eq!(said, format!("matmul: {message}"));
    }
}

/// What the kernels' pointers rely on, against the list of all places.
#[test]
fn layouts_are_accepted_if_they_are_sound() {
    const LEN: usize = 12;
    for case in 0..5 * 5 * 7 * 7 {
        let (rows, cols) = (case % 5, case / 5 % 5);
        let (row_stride, col_stride) = (case / 25 % 7, case / 175);
        let place = |i, j| i * row_stride + j * col_stride;
        let by_rows: Vec<_> = (0..rows)
            .flat_map(|i| (0..cols).map(move |j| place(i, j)))
            .collect();
        let by_cols: Vec<_> = (0..cols)
            .flat_map(|j| (0..rows).map(move |i| place(i, j)))
            .collect();
        let inside = by_rows.iter().all(|&place| place < LEN);
        // One axis steps over the whole of the other: interleaved rows are distinct places too, and
        // refused for simplicity.
        let in_order = [by_rows, by_cols]
            .iter()
            .any(|places| places.is_sorted_by(|a, b| a < b));

        let case = format!("{rows} × {cols}, strides {row_stride} and {col_stride}");
        let read = catch_unwind(|| {
            _ = Matrix::strided(&[0.0; LEN], rows, cols, row_stride, col_stride);
        });
        assert_eq!(read.is_ok(), inside, "{case}");
        let written = catch_unwind(|| {
            _ = MatrixMut::strided(&mut [0.0; LEN], rows, cols, row_stride, col_stride);
        });
        assert_eq!(written.is_ok(), inside && in_order, "{case}");
    }
}

#[test]
fn matrices_that_leave_their_slice_or_overlap_say_so() {
    const HALF: usize = 1 << (usize::BITS - 1);
    for (rows, cols, row_stride, col_stride) in [
        (2, 4, 4, 1),
        (2, 3, 5, 1),
        (2, 3, 1, 3),
        (1, 1, HALF, 1),
        (1, 1, 1, usize::MAX),
        // These offsets are small again after an overflow: of a product, of a sum, of the last + 1.
        (5, 2, HALF / 2, 1),
        (3, 3, HALF - 1, 1),
        (3, 2, HALF - 1, 1),
    ] {
        let message = format!(
            "a {rows} × {cols} matrix with strides {row_stride} and {col_stride} \
             does not fit in 7 elements"
        );
        let read = || _ = Matrix::strided(&[0.0; 7], rows, cols, row_stride, col_stride);
        assert_eq!(refusal(read), message);
        let written = || _ = MatrixMut::strided(&mut [0.0; 7], rows, cols, row_stride, col_stride);
        assert_eq!(refusal(written), message);
    }
    assert_eq!(
        refusal(|| _ = MatrixMut::strided(&mut [0.0; 7], 2, 3, 2, 1)),
        "a 2 × 3 matrix with strides 2 and 1 overlaps itself"
    );
}

/// An axis of nothing may be as long as can be counted.
#[test]
fn a_product_without_elements_ends() {
    fn check<S: Scalar>() {
        for (m, n) in [(0, usize::MAX), (usize::MAX, 0), (0, 0)] {
            for k in [0, 1, 70] {
                let (a, b) = ([S::one(); 70], [S::one(); 70]);
                let a = Matrix::strided(&a[..if m > 0 { k } else { 0 }], m, k, 0, 1);
                let b = Matrix::strided(&b[..if n > 0 { k } else { 0 }], k, n, 1, 0);
                for (row, col) in [(0, 1), (1, 0), (0, 0), (5, 5), (n, 1)] {
                    let mut nothing: [S; 0] = [];
                    let c = || MatrixMut::strided(&mut [], m, n, row, col);
                    let gate = Matrix::strided(&nothing, m, n, row, col);
                    matmul(S::one(), a, b, S::zero(), c());
                    matmul_where_positive(a, b, c());
                    matmul_gated(a, b, gate, c());
                    for kernel in Kernel::available() {
                        matmul_by(kernel, S::one(), a, b, S::zero(), c());
                    }
                    if m == 0 {
                        affine(a, b, &[], Activation::Relu, c());
                        matmul_and_row_sums(a, b, S::zero(), c(), &mut nothing, false);
                    }
                }
            }
        }
    }
    check::<f32>();
    check::<f64>();
    check::<Dual<f64>>();
}
