//! How many floating-point operations a second the matrix products do: the scalars' kernels, and
//! the three loops of the reference beside them. An item is one operation.

use std::fmt;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use gradproof::autodiff::Scalar;
use gradproof::autodiff::matmul::{self, Matrix, MatrixMut};

fn main() {
    divan::main();
}

/// The products of the course's networks on 300 and 211 examples, small squares, and one layer of a
/// network for images.
const SIZES: [[usize; 3]; 8] = [
    [10, 2, 300],
    [5, 10, 300],
    [1, 5, 300],
    [20, 2, 211],
    [16, 16, 16],
    [64, 64, 64],
    [512, 784, 128],
    [512, 512, 512],
];

/// How A and B are stored, as BLAS names it: forward, dA = dZ Bᵀ and dB = Aᵀ dZ.
#[derive(Clone, Copy)]
enum Layout {
    NN,
    NT,
    TN,
}

#[derive(Clone, Copy)]
struct Product {
    size: [usize; 3],
    layout: Layout,
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [m, k, n] = self.size;
        let layout = match self.layout {
            Layout::NN => "NN",
            Layout::NT => "NT",
            Layout::TN => "TN",
        };
        write!(f, "{m}x{k}x{n} {layout}")
    }
}

impl Product {
    fn all() -> impl Iterator<Item = Self> {
        let layouts = [Layout::NN, Layout::NT, Layout::TN];
        SIZES
            .into_iter()
            .flat_map(move |size| layouts.map(|layout| Self { size, layout }))
    }

    /// Those that the reference is not too slow for.
    fn small() -> impl Iterator<Item = Self> {
        Self::all().filter(|product| product.size.iter().product::<usize>() < 1 << 20)
    }

    fn time<S: Scalar>(
        self,
        bencher: Bencher<'_, '_>,
        multiply: impl Fn(S, Matrix<'_, S>, Matrix<'_, S>, S, MatrixMut<'_, S>),
    ) {
        let [m, k, n] = self.size;
        let fill = |len| -> Vec<S> { (0..len).map(|i| S::constant((i % 7) as f64)).collect() };
        let (a, b, mut c) = (fill(m * k), fill(k * n), fill(m * n));
        bencher
            .counter(ItemsCount::new(2 * m * k * n))
            .bench_local(|| {
                let (a, b) = (black_box(&a), black_box(&b));
                let a = match self.layout {
                    Layout::TN => Matrix::row_major(a, k, m).t(),
                    _ => Matrix::row_major(a, m, k),
                };
                let b = match self.layout {
                    Layout::NT => Matrix::row_major(b, n, k).t(),
                    _ => Matrix::row_major(b, k, n),
                };
                let c = MatrixMut::row_major(black_box(&mut c), m, n);
                multiply(S::one(), a, b, S::zero(), c);
            });
    }
}

#[divan::bench(types = [f64, f32], args = Product::all(), min_time = 0.1, max_time = 0.3)]
fn kernel<S: Scalar>(bencher: Bencher<'_, '_>, product: Product) {
    product.time::<S>(bencher, matmul::matmul);
}

#[divan::bench(types = [f64, f32], args = Product::small(), min_time = 0.1, max_time = 0.3)]
fn reference<S: Scalar>(bencher: Bencher<'_, '_>, product: Product) {
    product.time::<S>(bencher, matmul::reference);
}
