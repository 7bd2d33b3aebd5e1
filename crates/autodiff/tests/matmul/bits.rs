//! What changes no bit of a product: threads, addresses, a short inner axis, and how C is cut.

use std::ops::Range;

use autodiff::matmul::{
    self, Activation, Isa, Kernel, Matrix, MatrixMut, affine, matmul, matmul_by,
    matmul_where_positive, rectify_rows, row_sums,
};
use autodiff::{Scalar, Tensor};

pub(crate) fn same_bits<S: Scalar>(x: &[S], y: &[S]) -> bool {
    let bits = |x: &S| (x.is_nan(), x.integer_decode());
    x.iter().map(bits).eq(y.iter().map(bits))
}

/// The products that tests of reproducibility compare: fractions, so that the order of a sum
/// shows in its last bits.
pub(crate) fn fractions<S: Scalar>(len: usize, salt: usize) -> Vec<S> {
    (0..len)
        .map(|at| S::constant(((at * 7 + salt) % 1009) as f64 / 1009.0 - 0.5))
        .collect()
}

/// A short inner axis has a kernel of its own: the same sums as others have, in the same order, and
/// every one of them finished alike on every instruction set.
#[test]
fn a_short_inner_axis_changes_no_bit() {
    fn check<S: Scalar>([m, k, n]: [usize; 3]) {
        let (a, b) = (fractions::<S>(m * k, 1), fractions::<S>(k * n, 2));
        let b_stored = Tensor::from_fn([n, k], |at| b[at % k * n + at / k]);
        let a = Matrix::row_major(&a, m, k);
        let b = Matrix::row_major(&b, k, n);
        let b_stored = Matrix::row_major(b_stored.as_slice(), n, k).t();
        for isa in Isa::available() {
            let by = |kernel, b| {
                let mut c = vec![S::nan(); m * n];
                let c_matrix = MatrixMut::row_major(&mut c, m, n);
                assert!(matmul_by(kernel, S::one(), a, b, S::zero(), c_matrix));
                c
            };
            let in_tiles = by(Kernel::Packed(isa), b);
            for (kernel, b) in [(Kernel::InPlace(isa), b), (Kernel::Strips(isa), b_stored)] {
                assert!(same_bits(&by(kernel, b), &in_tiles), "{kernel:?}");
            }
        }
    }
    for k in 1..=7 {
        for (m, n) in [(1, 40), (5, 8), (7, 33), (20, 211), (3, 1)] {
            check::<f64>([m, k, n]);
            check::<f32>([m, k, n]);
        }
    }
}

/// What is computed of C by itself, rows and columns in tiles of other sizes, has the bits that it has
/// in the whole: C is added to in the same way by all of them, and the inner axis is cut alike.
#[test]
fn a_part_of_c_has_the_bits_of_the_whole() {
    fn check<S: Scalar>([m, k, n]: [usize; 3]) {
        let (a, b, before) = (
            fractions::<S>(m * k, 1),
            fractions::<S>(k * n, 2),
            fractions::<S>(m * n, 3),
        );
        let one = S::one();
        let as_a = |rows: Range<usize>, by_columns: bool| match by_columns {
            true => Matrix::strided(&a[rows.start..], rows.len(), k, 1, m),
            false => Matrix::row_major(&a[rows.start * k..rows.end * k], rows.len(), k),
        };
        let as_b = |cols: Range<usize>| Matrix::strided(&b[cols.start..], k, cols.len(), n, 1);
        let sweeps = Isa::available().flat_map(|isa| {
            [Kernel::InPlace, Kernel::Strips, Kernel::Packed].map(|kernel| kernel(isa))
        });
        for (kernel, by_columns) in sweeps.flat_map(|kernel| [(kernel, false), (kernel, true)]) {
            let mut whole = before.clone();
            let c = MatrixMut::row_major(&mut whole, m, n);
            let (a, b) = (as_a(0..m, by_columns), as_b(0..n));
            assert!(matmul_by(kernel, one, a, b, one, c));
            let mut parts = before.clone();
            for rows in [0..3, 3..m] {
                for cols in [0..20, 20..n] {
                    let c = &mut parts[rows.start * n + cols.start..];
                    let c = MatrixMut::strided(c, rows.len(), cols.len(), n, 1);
                    let (a, b) = (as_a(rows.clone(), by_columns), as_b(cols));
                    assert!(matmul_by(kernel, one, a, b, one, c));
                }
            }
            assert!(same_bits(&parts, &whole), "{kernel:?}, {by_columns}");
        }
    }
    for size in [[13, 1700, 53], [29, 300, 100]] {
        check::<f64>(size);
        check::<f32>(size);
    }
}

fn assert_threads_do_not_matter<S: Scalar>([m, k, n]: [usize; 3]) {
    let (a, b, c) = (
        fractions::<S>(m * k, 1),
        fractions::<S>(k * n, 2),
        fractions::<S>(m * n, 3),
    );
    let a_apart = fractions::<S>(2 * m * k, 1);
    let as_a = [
        Matrix::row_major(&a, m, k),
        Matrix::row_major(&a, k, m).t(),
        Matrix::strided(&a_apart, m, k, 2 * k, 2),
    ];
    let as_b = [Matrix::row_major(&b, k, n), Matrix::row_major(&b, n, k).t()];
    for (a, b) in as_a.iter().flat_map(|a| as_b.iter().map(move |b| (*a, *b))) {
        let with_threads = |threads| {
            matmul::set_threads(threads);
            let [mut product, mut layer, mut cotangents] = [(); 3].map(|()| c.clone());
            let one_and_a_half = S::constant(1.5);
            let as_c = MatrixMut::row_major(&mut product, m, n);
            matmul(one_and_a_half, a, b, -one_and_a_half, as_c);
            let as_c = MatrixMut::row_major(&mut layer, m, n);
            affine(a, b, &c[..m], Activation::Relu, as_c);
            let as_c = MatrixMut::row_major(&mut cotangents, m, n);
            matmul_where_positive(a, b, as_c);
            [product, layer, cotangents]
        };
        let on_one = with_threads(1);
        for threads in [2, 3, 4, 7, 64, 0] {
            for (one, many) in on_one.iter().zip(with_threads(threads)) {
                assert!(same_bits(one, &many), "{threads} threads");
            }
        }
    }
}

fn assert_threads_do_not_matter_to_rows<S: Scalar>([rows, cols]: [usize; 2]) {
    let (x, y, before) = (
        fractions::<S>(rows * cols, 1),
        fractions::<S>(rows * cols, 2),
        fractions::<S>(rows, 3),
    );
    let with_threads = |threads| {
        matmul::set_threads(threads);
        let (mut sums, mut x_bar, mut rectified_sums) = (before.clone(), x.clone(), before.clone());
        row_sums(&x, &mut sums, true);
        rectify_rows(&mut x_bar, &y, &mut rectified_sums, true);
        [sums, x_bar, rectified_sums]
    };
    let on_one = with_threads(1);
    for threads in [2, 3, 4, 7, 0] {
        for (one, many) in on_one.iter().zip(with_threads(threads)) {
            assert!(same_bits(one, &many), "{threads} threads");
        }
    }
}

/// The setting is the process's, so this is one test.
#[test]
fn the_number_of_threads_changes_no_bit() {
    for size in [
        [401, 299, 151],
        [143, 301, 409],
        [35, 1201, 801],
        [801, 1201, 35],
        [1301, 5, 1303],
        [1303, 4, 1709],
        [701, 13, 1003],
        [1024, 521, 131],
        [120, 700, 1801],
        [4100, 40, 210],
        [40, 640, 801],
        [16, 1201, 801],
    ] {
        assert_threads_do_not_matter::<f32>(size);
        assert_threads_do_not_matter::<f64>(size);
    }
    for size in [[7, 40_001], [1, 200_000], [5003, 50]] {
        assert_threads_do_not_matter_to_rows::<f32>(size);
        assert_threads_do_not_matter_to_rows::<f64>(size);
    }
}

fn assert_addresses_do_not_matter<S: Scalar>([m, k, n]: [usize; 3]) {
    let (a, b) = (fractions::<S>(m * k, 1), fractions::<S>(k * n, 2));
    let shifted = |data: &[S], by: usize| [&vec![S::zero(); by], data].concat();
    for b_is_transposed in [false, true] {
        let product = |by: usize| {
            let (a, b) = (shifted(&a, by), shifted(&b, by / 2));
            let (a, b) = (&a[by..], &b[by / 2..]);
            let mut c = vec![S::zero(); m * n + by];
            let b = match b_is_transposed {
                false => Matrix::row_major(b, k, n),
                true => Matrix::row_major(b, n, k).t(),
            };
            let c_matrix = MatrixMut::row_major(&mut c[by..], m, n);
            matmul(S::one(), Matrix::row_major(a, m, k), b, S::zero(), c_matrix);
            c.split_off(by)
        };
        let expected = product(0);
        for by in 1..16 {
            assert!(same_bits(&expected, &product(by)), "{by} elements further");
        }
    }
}

#[test]
fn addresses_change_no_bit() {
    for size in [
        [5, 10, 300],
        [10, 300, 2],
        [33, 47, 51],
        [129, 300, 260],
        [40, 640, 260],
    ] {
        assert_addresses_do_not_matter::<f32>(size);
        assert_addresses_do_not_matter::<f64>(size);
    }
}
