//! A repeated product finds its packing buffers where the last one left them.

use allocation_counter::{AllocationInfo, measure};
use autodiff::Scalar;
use autodiff::matmul::{
    self, Activation, Matrix, MatrixMut, affine, matmul, matmul_where_positive, row_sums,
};

/// What this thread allocates in products of every layout, once they have been computed before.
fn allocations<S: Scalar>([m, k, n]: [usize; 3]) -> AllocationInfo {
    let [a, b, mut sums] = [m * k, k * n, m * n].map(|len| vec![S::one(); len]);
    let as_a = [Matrix::row_major(&a, m, k), Matrix::row_major(&a, k, m).t()];
    let as_b = [Matrix::row_major(&b, k, n), Matrix::row_major(&b, n, k).t()];
    let bias = vec![S::one(); m];
    let mut compute = || {
        for (a, b) in as_a.iter().flat_map(|a| as_b.iter().map(move |b| (*a, *b))) {
            matmul(
                S::constant(2.0),
                a,
                b,
                S::constant(0.5),
                MatrixMut::row_major(&mut sums, m, n),
            );
            affine(
                a,
                b,
                &bias,
                Activation::Relu,
                MatrixMut::row_major(&mut sums, m, n),
            );
            matmul_where_positive(a, b, MatrixMut::row_major(&mut sums, m, n));
        }
    };
    compute();
    measure(compute)
}

/// The setting is the process's, so this is one test.
#[test]
fn a_repeated_product_allocates_no_buffers() {
    let sizes = [[5, 10, 300], [5, 300, 10], [64, 64, 64], [300, 600, 260]];
    matmul::set_threads(1);
    for size in sizes {
        assert_eq!(allocations::<f32>(size).count_total, 0, "{size:?}");
        assert_eq!(allocations::<f64>(size).count_total, 0, "{size:?}");
    }
    // Whoever runs the other threads may allocate a task for each, and no more than that.
    matmul::set_threads(2);
    for size in sizes {
        let products = 3 * 4;
        let bytes = allocations::<f32>(size).bytes_total;
        assert!(bytes <= 1024 * products, "{size:?}: {bytes} bytes");
    }
    // A row is one part, which there is nobody to be called for.
    let (row, mut sum) = (vec![1.0; 200_000], [0.0]);
    let tasks = measure(|| row_sums(&row, &mut sum, false));
    assert_eq!(tasks.count_total, 0);
}
