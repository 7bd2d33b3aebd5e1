//! The matmul contract: the kernels against the reference, exactly, and what is refused.

use std::panic::{UnwindSafe, catch_unwind};

use autodiff::Scalar;
use autodiff::matmul::{Matrix, MatrixMut, matmul, reference};
use proptest::prelude::*;

/// How a rows × cols matrix lies in its slice: row by row, or column by column if transposed, with
/// elements `step` apart, `gap` more between two rows, and `tail` unused places at the end.
#[derive(Clone, Copy, Debug)]
struct Layout {
    transposed: bool,
    step: usize,
    gap: usize,
    tail: usize,
}

/// A slice, and where the matrix lies in it. The arithmetic of offsets is this file's own.
#[derive(Clone, Debug)]
struct Stored<S> {
    data: Vec<S>,
    size: [usize; 2],
    layout: Layout,
}

impl Layout {
    const ROW_MAJOR: Self = Self {
        transposed: false,
        step: 1,
        gap: 0,
        tail: 0,
    };

    /// The places of the elements, row by row.
    fn places(self, [rows, cols]: [usize; 2]) -> Vec<usize> {
        let elements = (0..rows).flat_map(|i| (0..cols).map(move |j| (i, j)));
        elements
            .map(|(i, j)| match self.transposed {
                false => i * (cols * self.step + self.gap) + j * self.step,
                true => j * (rows * self.step + self.gap) + i * self.step,
            })
            .collect()
    }
}

impl<S: Scalar> Stored<S> {
    /// Integers from −9 to 9, so that products and sums are exact and their order does not matter;
    /// `unused` between them, and nothing behind the last one but the tail: what reads or writes
    /// past that leaves the allocation.
    fn integers(size: [usize; 2], layout: Layout, seed: u32, unused: S) -> Self {
        let places = layout.places(size);
        let len = places.iter().max().map_or(0, |last| last + 1) + layout.tail;
        let mut data = vec![unused; len];
        for (k, place) in (seed..).zip(places) {
            let integer = k.wrapping_mul(2_654_435_761) >> 16;
            data[place] = S::constant(f64::from(integer % 19) - 9.0);
        }
        Self { data, size, layout }
    }

    /// The elements, row by row.
    fn elements(&self) -> Vec<S> {
        let places = self.layout.places(self.size).into_iter();
        places.map(|place| self.data[place]).collect()
    }

    fn set_elements(&mut self, elements: &[S]) {
        for (place, &element) in self.layout.places(self.size).into_iter().zip(elements) {
            self.data[place] = element;
        }
    }

    fn matrix(&self) -> Matrix<'_, S> {
        let ([rows, cols], Layout { step, gap, .. }) = (self.size, self.layout);
        if self.layout.transposed {
            Matrix::strided(&self.data, cols, rows, rows * step + gap, step).t()
        } else {
            Matrix::strided(&self.data, rows, cols, cols * step + gap, step)
        }
    }

    fn matrix_mut(&mut self) -> MatrixMut<'_, S> {
        let ([rows, cols], Layout { step, gap, .. }) = (self.size, self.layout);
        if self.layout.transposed {
            MatrixMut::strided(&mut self.data, cols, rows, rows * step + gap, step).t()
        } else {
            MatrixMut::strided(&mut self.data, rows, cols, cols * step + gap, step)
        }
    }
}

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
    fn assert_exact<S: Scalar>(self) {
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

        matmul(alpha, a.matrix(), b.matrix(), beta, c.matrix_mut());
        assert_eq!(c.data, expected.data);
    }
}

/// Small sizes are where kernels have their edges; the large ones are no multiple of a tile.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![5 => 0..12_usize, 1 => (6..35_usize).prop_map(|half| 2 * half + 1)]
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
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_kernels_agree_with_the_reference_exactly(product in product()) {
        product.assert_exact::<f32>();
        product.assert_exact::<f64>();
    }
}

/// Kernels cut large products into blocks. Only the first block of the inner axis may apply β.
#[test]
fn products_of_several_blocks_agree_too() {
    let transposed = Layout {
        transposed: true,
        ..Layout::ROW_MAJOR
    };
    for layouts in [[Layout::ROW_MAJOR; 3], [transposed; 3]] {
        for beta in [0.0, 2.0] {
            let product = Product {
                size: [67, 517, 1029],
                layouts,
                alpha: -1.0,
                beta,
                seed: 1,
            };
            product.assert_exact::<f32>();
            product.assert_exact::<f64>();
        }
    }
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
fn accepted_layouts_are_sound() {
    const LEN: usize = 12;
    for case in 0..5 * 5 * 7 * 7 {
        let (rows, cols) = (case % 5, case / 5 % 5);
        let (row_stride, col_stride) = (case / 25 % 7, case / 175);
        let elements = (0..rows).flat_map(|i| (0..cols).map(move |j| (i, j)));
        let mut places: Vec<_> = elements
            .map(|(i, j)| i * row_stride + j * col_stride)
            .collect();
        places.sort_unstable();
        let inside = places.last().is_none_or(|&last| last < LEN);
        let distinct = places.is_sorted_by(|a, b| a < b);

        let case = format!("{rows} × {cols}, strides {row_stride} and {col_stride}");
        let read = catch_unwind(|| {
            _ = Matrix::strided(&[0.0; LEN], rows, cols, row_stride, col_stride);
        });
        assert_eq!(read.is_ok(), inside, "{case}");
        // Only one way here: interleaved rows are distinct, and refused for simplicity.
        let written = catch_unwind(|| {
            _ = MatrixMut::strided(&mut [0.0; LEN], rows, cols, row_stride, col_stride);
        });
        assert!(written.is_err() || (inside && distinct), "{case}");
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
        (0, 0, usize::MAX, 0),
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
