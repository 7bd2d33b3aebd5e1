//! How fast the matrix products are, in GFLOP/s and as a share of what the machine's fused
//! multiply-adds allow: the kernel that a shape gets, and every kernel that takes it beside it; what
//! fusing another op to a product costs; and what a second thread gains.
//!
//! `cargo bench --bench matmul` prints the tables; `-- f64 NT` only the lines that have all of these
//! words, `-- --quick` times everything once and briefly. One thread but for the last table, best of
//! many. The peak is measured in the same run: chains of multiply-adds that never leave the registers.

use std::hint::black_box;
use std::time::{Duration, Instant};

use gradproof::autodiff::Scalar;
use gradproof::autodiff::matmul::{self, Activation, Isa, Kernel, Matrix, MatrixMut, matmul_by};

/// m × k × n: the products of the course's networks on 300 and 211 examples (forward, dW, dX), one
/// layer of a network for images, and squares.
const SIZES: [[usize; 3]; 16] = [
    [10, 2, 300],
    [5, 10, 300],
    [1, 5, 300],
    [20, 2, 211],
    [3, 20, 211],
    [1, 3, 211],
    [10, 300, 2],
    [5, 300, 10],
    [1, 300, 5],
    [20, 211, 2],
    [3, 211, 20],
    [10, 5, 300],
    [5, 1, 300],
    [20, 3, 211],
    [512, 784, 128],
    [784, 512, 128],
];

const SQUARES: [usize; 24] = [
    1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512, 768, 1024,
    2048,
];

/// How A and B are stored, as BLAS names it: forward, dW = dZ Xᵀ and dX = Wᵀ dZ.
#[derive(Clone, Copy, Debug)]
enum Layout {
    NN,
    NT,
    TN,
}

struct Options {
    words: Vec<String>,
    quick: bool,
}

fn main() {
    // What cargo adds, as in `--bench`, is no word to look for.
    let (flags, words): (Vec<_>, Vec<_>) = std::env::args()
        .skip(1)
        .partition(|word| word.starts_with("--"));
    let options = Options {
        words,
        quick: flags
            .iter()
            .any(|flag| flag == "--quick" || flag == "--test"),
    };
    matmul::set_threads(1);
    table::<f64>("f64", &options);
    table::<f32>("f32", &options);
    fused::<f64>("f64", &options);
    fused::<f32>("f32", &options);
    on_threads::<f64>("f64", &options);
    on_threads::<f32>("f32", &options);
}

/// A product of matrices, with a bias for every row.
type Fused<S> = fn(Matrix<'_, S>, Matrix<'_, S>, &[S], MatrixMut<'_, S>);

/// A layer forward and its adjoint, against the bare product.
fn fused<S: Scalar>(name: &str, options: &Options) {
    println!(
        "\n{:<25}{:>9}{:>9}{:>15}",
        "ns", "product", "affine", "where positive"
    );
    for [m, k, n] in [[10, 2, 300], [5, 10, 300], [10, 5, 300], [512, 784, 128]] {
        let line = format!("{name} {m}x{k}x{n} fused");
        if options.words.iter().all(|word| line.contains(word)) {
            let [a, b, mut c] = [m * k, k * n, m * n].map(|len| vec![S::one(); len]);
            let bias = vec![S::one(); m];
            let mut time = |run: Fused<S>| {
                let seconds = best_of_many(options, || {
                    let a = Matrix::row_major(black_box(&a), m, k);
                    let b = Matrix::row_major(black_box(&b), k, n);
                    run(a, b, &bias, MatrixMut::row_major(black_box(&mut c), m, n));
                });
                seconds * 1e9
            };
            println!(
                "{line:<25}{:>9.0}{:>9.0}{:>15.0}",
                time(|a, b, _, c| matmul::matmul(S::one(), a, b, S::zero(), c)),
                time(|a, b, bias, c| matmul::affine(a, b, bias, Activation::Relu, c)),
                time(|a, b, _, c| matmul::matmul_where_positive(a, b, c)),
            );
        }
    }
}

/// GFLOP/s of large products on one thread and on as many as there are cores.
fn on_threads<S: Scalar>(name: &str, options: &Options) {
    matmul::set_threads(0);
    let threads = matmul::threads();
    println!("\n{:<25}{:>9}{:>9}", "threads", 1, threads);
    for size in [[512, 784, 128], [512, 512, 128], [1024, 1024, 512]] {
        let [m, k, n] = size;
        for layout in [Layout::NN, Layout::NT, Layout::TN] {
            let line = format!("{name} {m}x{k}x{n} {layout:?} threads");
            if options.words.iter().all(|word| line.contains(word)) {
                let product = Product::<S>::new(size, layout);
                let [one, all] = [1, 0].map(|limit| {
                    matmul::set_threads(limit);
                    product.speed(None, options).expect("any layout is taken")
                });
                println!("{line:<25}{one:>9.1}{all:>9.1}");
            }
        }
    }
}

fn table<S: Scalar>(name: &str, options: &Options) {
    let peak = peak::<S>(options);
    println!(
        "{name}: {peak:.1} GFLOP/s of multiply-adds in registers ({:?})",
        Isa::best()
    );
    let kernels = kernels();
    print!("{:<25}{:>8}{:>7}", "", "chosen", "share");
    for kernel in &kernels {
        let name = format!("{kernel:?}");
        print!("{:>15}", name.split('(').next().unwrap_or_default());
    }
    println!();
    for size in SIZES.into_iter().chain(SQUARES.map(|n| [n; 3])) {
        for layout in [Layout::NN, Layout::NT, Layout::TN] {
            let [m, k, n] = size;
            let line = format!("{name} {m}x{k}x{n} {layout:?}");
            if options.words.iter().all(|word| line.contains(word)) {
                let product = Product::<S>::new(size, layout);
                let chosen = product.speed(None, options).expect("any layout is taken");
                print!("{line:<25}{chosen:>8.1}{:>6.0}%", 100.0 * chosen / peak);
                for &kernel in &kernels {
                    let is_slow = kernel == Kernel::Reference && m * k * n > 1 << 18;
                    let speed = (!is_slow).then(|| product.speed(Some(kernel), options));
                    match speed.flatten() {
                        Some(speed) => print!("{speed:>15.1}"),
                        None => print!("{:>15}", "-"),
                    }
                }
                println!();
            }
        }
    }
}

/// Those of this crate on the best instruction set, and the others.
fn kernels() -> Vec<Kernel> {
    let best = format!("({:?})", Isa::best());
    Kernel::available()
        .filter(|kernel| {
            let name = format!("{kernel:?}");
            !name.contains('(') || name.ends_with(&best)
        })
        .collect()
}

struct Product<S> {
    size: [usize; 3],
    layout: Layout,
    a: Vec<S>,
    b: Vec<S>,
}

impl<S: Scalar> Product<S> {
    fn new(size: [usize; 3], layout: Layout) -> Self {
        let [m, k, n] = size;
        let fill = |len| -> Vec<S> { (0..len).map(|i| S::constant((i % 7) as f64)).collect() };
        Self {
            size,
            layout,
            a: fill(m * k),
            b: fill(k * n),
        }
    }

    /// GFLOP/s of a kernel, or of the one that `matmul` chooses; `None` if it does not take the
    /// layout.
    fn speed(&self, kernel: Option<Kernel>, options: &Options) -> Option<f64> {
        let [m, k, n] = self.size;
        let mut c = vec![S::zero(); m * n];
        let mut run = || {
            let (a, b) = (black_box(&self.a), black_box(&self.b));
            let a = match self.layout {
                Layout::TN => Matrix::row_major(a, k, m).t(),
                _ => Matrix::row_major(a, m, k),
            };
            let b = match self.layout {
                Layout::NT => Matrix::row_major(b, n, k).t(),
                _ => Matrix::row_major(b, k, n),
            };
            let c = MatrixMut::row_major(black_box(&mut c), m, n);
            match kernel {
                Some(kernel) => matmul_by(kernel, S::one(), a, b, S::zero(), c),
                None => {
                    matmul::matmul(S::one(), a, b, S::zero(), c);
                    true
                }
            }
        };
        if !run() {
            return None;
        }
        let best = best_of_many(options, || {
            run();
        });
        Some((2 * m * k * n) as f64 / best / 1e9)
    }
}

/// Seconds of one run.
fn best_of_many(options: &Options, mut run: impl FnMut()) -> f64 {
    let mut time = |runs: u32| {
        let start = Instant::now();
        (0..runs).for_each(|_| run());
        start.elapsed()
    };
    // As many runs at a time as the clock can tell from none.
    let mut runs = 1;
    while time(runs) < Duration::from_micros(10) {
        runs *= 2;
    }
    let budget = Duration::from_millis(if options.quick { 1 } else { 25 });
    // Of a large product the first few runs are disturbed more often than not.
    let at_least = if options.quick { 1 } else { 5 };
    let (start, mut best, mut times) = (Instant::now(), Duration::MAX, 0);
    while times < at_least || start.elapsed() < budget {
        best = best.min(time(runs));
        times += 1;
    }
    best.as_secs_f64() / f64::from(runs)
}

/// GFLOP/s of multiply-adds that neither load nor store.
fn peak<S: Scalar>(options: &Options) -> f64 {
    let mut operations = 0;
    let best = best_of_many(options, || {
        operations = matmul::multiply_adds::<S>(black_box(1000));
    });
    operations as f64 / best / 1e9
}
