//! How fast the matrix products are, in GFLOP/s and as a share of what the machine's fused
//! multiply-adds allow: the kernel that a shape gets, and every kernel that takes it beside it; what
//! fusing another op to a product costs; and what a second thread gains.
//!
//! `cargo bench --bench matmul` prints the tables; `-- f64 NT` only the lines that have all of these
//! words, `-- 700x300x50` those of a size that need not be one of the listed ones, in 40 turns where
//! others of its kind have 5, `-- --quick` times everything once and briefly. With `--features gemm`
//! the crate gemm is one of the kernels. One thread but for the last two tables, best of many; what
//! shares a line is measured in turns. The chosen kernel has a `*`. Behind the columns of kernels is a
//! call that checks more than that of the chosen one, which shows in the smallest sizes. The peak is
//! that of as many multiply-adds as the product has, in chains that never leave the registers: the
//! clock of a machine is not the same one in every minute, and depends on how long it has been busy. A
//! large product finds the caches as the kernel before it left them.

#[path = "cases/in_turns.rs"]
mod in_turns;

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::time::Duration;

use gradproof::autodiff::Scalar;
use gradproof::autodiff::matmul::{self, Activation, Isa, Kernel, Matrix, MatrixMut, matmul_by};
use in_turns::{SHORTEST, Timer, best_times};

/// m × k × n: the products of the course's networks on 300 and 211 examples (forward, dW, dX), those of
/// the first two layers of a network for images on 128, and first layers of few units on many examples:
/// their B is in no cache, or in none but the last one.
const SIZES: [[usize; 3]; 23] = [
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
    [512, 128, 784],
    [512, 512, 128],
    [512, 128, 512],
    [784, 512, 128],
    [8, 64, 50_000],
    [12, 64, 4096],
    [32, 784, 1000],
    [64, 784, 1000],
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

const FLAGS: [&str; 3] = ["--bench", "--test", "--quick"];

struct Options {
    words: Vec<String>,
    quick: bool,
    /// How many have been printed.
    lines: Cell<usize>,
}

impl Options {
    /// Whether a line has all the words that it must have.
    fn want(&self, line: &str) -> bool {
        let wanted = self.words.iter().all(|word| line.contains(word));
        self.lines.set(self.lines.get() + usize::from(wanted));
        wanted
    }
}

fn main() {
    let (flags, words): (Vec<_>, Vec<_>) = std::env::args()
        .skip(1)
        .partition(|word| word.starts_with('-'));
    if let Some(unknown) = flags.iter().find(|flag| !FLAGS.contains(&flag.as_str())) {
        eprintln!("unknown option {unknown}: there is --quick, and words that lines must have");
        std::process::exit(2);
    }
    let is_given = |flag: &str| flags.iter().any(|given| given == flag);
    // `cargo bench` says that it is one, and `cargo test` nothing.
    let options = Options {
        quick: is_given("--quick") || !is_given("--bench"),
        words,
        lines: Cell::new(0),
    };
    matmul::set_threads(1);
    table::<f64>("f64", &options);
    table::<f32>("f32", &options);
    fused::<f64>("f64", &options);
    fused::<f32>("f32", &options);
    on_threads::<f64>("f64", &options);
    on_threads::<f32>("f32", &options);
    if options.lines.get() == 0 {
        eprintln!("no line has all of: {}", options.words.join(" "));
        std::process::exit(2);
    }
}

/// A product of A and B into C, and an array of C's size: for a bias, the sums, or a gate.
type Fused<S> = fn(Matrix<'_, S>, Matrix<'_, S>, &mut [S], MatrixMut<'_, S>);

/// What a layer does with its products, forward (NN), for dW (NT) and for dX (TN), against the bare
/// product.
fn fused<S: Scalar>(name: &str, options: &Options) {
    println!("\n{:<30}{:>9}{:>9}", "ns", "product", "fused");
    for [m, k, n] in [[10, 2, 300], [5, 10, 300], [3, 20, 211], [512, 784, 128]] {
        let [forward, dw, dx] = [[m, k, n], [m, n, k], [k, m, n]];
        let lines: [(_, _, _, Fused<S>); 4] = [
            ("affine and relu", Layout::NN, forward, |a, b, bias, c| {
                let m = a.rows();
                matmul::affine(a, b, &bias[..m], Activation::Relu, c);
            }),
            ("and row sums", Layout::NT, dw, |a, b, sums, c| {
                let m = a.rows();
                matmul::matmul_and_row_sums(a, b, S::zero(), c, &mut sums[..m], false);
            }),
            ("gated", Layout::TN, dx, |a, b, gate, c| {
                let gate = Matrix::row_major(gate, a.rows(), b.cols());
                matmul::matmul_gated(a, b, gate, c);
            }),
            ("where positive", Layout::TN, dx, |a, b, _, c| {
                matmul::matmul_where_positive(a, b, c);
            }),
        ];
        for (what, layout, [rows, inner, cols], run) in lines {
            let line = format!("{name} {m}x{k}x{n} {layout:?} {what}");
            if options.want(&line) {
                let product = Product::<S>::new([rows, inner, cols], layout);
                let beside = RefCell::new(vec![S::one(); rows * cols]);
                let bare: Fused<S> = |a, b, _, c| matmul::matmul(S::one(), a, b, S::zero(), c);
                let runs = [bare, run].map(|run| {
                    let (product, beside) = (&product, &beside);
                    repeat(move || {
                        let [a, b] = product.operands();
                        product.with_c(|c| run(a, b, &mut beside.borrow_mut(), c));
                    })
                });
                let times = best_of_many(options, runs);
                println!("{line:<30}{:>9.0}{:>9.0}", 1e9 * times[0], 1e9 * times[1]);
            }
        }
    }
}

/// GFLOP/s of large products on one thread and on as many as there are cores.
fn on_threads<S: Scalar>(name: &str, options: &Options) {
    matmul::set_threads(0);
    let threads = matmul::threads();
    println!("\n{:<25}{:>9}{:>9}", "threads", 1, threads);
    for size in [
        [512, 784, 128],
        [512, 128, 784],
        [512, 512, 128],
        [1024, 1024, 512],
    ] {
        let [m, k, n] = size;
        for layout in [Layout::NN, Layout::NT, Layout::TN] {
            let line = format!("{name} {m}x{k}x{n} {layout:?} threads");
            if options.want(&line) {
                let product = Product::<S>::new(size, layout);
                let runs = [1, 0].map(|limit| {
                    let product = &product;
                    repeat(move || {
                        matmul::set_threads(limit);
                        product.multiply(None);
                    })
                });
                let times = best_of_many(options, runs);
                let [one, all] = [times[0], times[1]].map(|time| product.speed(time));
                println!("{line:<25}{one:>9.1}{all:>9.1}");
            }
        }
    }
}

fn table<S: Scalar>(name: &str, options: &Options) {
    println!(
        "{name}, GFLOP/s; the peak is that of multiply-adds in registers ({:?})",
        Isa::best()
    );
    let kernels = kernels();
    print!("{:<25}{:>8}{:>8}{:>7}", "", "peak", "chosen", "share");
    for kernel in &kernels {
        let name = format!("{kernel:?}");
        print!("{:>14} ", name.split('(').next().unwrap_or_default());
    }
    println!();
    for size in sizes(&options.words) {
        for layout in [Layout::NN, Layout::NT, Layout::TN] {
            let [m, k, n] = size;
            let line = format!("{name} {m}x{k}x{n} {layout:?}");
            if options.want(&line) {
                let product = Product::<S>::new(size, layout);
                // The chosen one first.
                let mut timed = vec![None];
                timed.extend(kernels.iter().copied().map(Some));
                timed.retain(|&kernel| {
                    let is_slow = kernel == Some(Kernel::Reference) && m * k * n > 1 << 18;
                    !is_slow && product.is_taken_and_right(kernel)
                });
                let runs = timed.iter().map(|&kernel| {
                    let product = &product;
                    repeat(move || {
                        product.multiply(kernel);
                    })
                });
                let times = best_of_many(options, runs.chain([product.multiply_adds()]));
                let speeds: Vec<_> = times.iter().map(|&time| product.speed(time)).collect();
                let (chosen, peak) = (speeds[0], speeds[timed.len()]);
                let share = 100.0 * chosen / peak;
                print!("{line:<25}{peak:>8.1}{chosen:>8.1}{share:>6.0}%");
                let chosen = product.chosen();
                for &kernel in &kernels {
                    match timed.iter().position(|&timed| timed == Some(kernel)) {
                        Some(at) => print!("{:>14.1}", speeds[at]),
                        None => print!("{:>14}", "-"),
                    }
                    print!("{}", if kernel == chosen { '*' } else { ' ' });
                }
                println!();
            }
        }
    }
}

/// The listed sizes, and those among the words that are not. None is allocated: where a product's
/// memory begins is felt.
fn sizes(words: &[String]) -> impl Iterator<Item = [usize; 3]> {
    let listed = || SIZES.into_iter().chain(SQUARES.map(|n| [n; 3]));
    let asked = words.iter().filter_map(|word| as_size(word));
    listed().chain(asked.filter(move |&size| listed().all(|listed| listed != size)))
}

/// A word like 700x300x50, without a 0.
fn as_size(word: &str) -> Option<[usize; 3]> {
    let mut axes = word.split('x').map(|axis| axis.parse().ok());
    let size = [axes.next()??, axes.next()??, axes.next()??];
    (axes.next().is_none() && !size.contains(&0)).then_some(size)
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
    /// The same for every kernel: how it is aligned matters.
    c: RefCell<Vec<S>>,
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
            c: RefCell::new(vec![S::zero(); m * n]),
        }
    }

    /// A and B.
    fn operands(&self) -> [Matrix<'_, S>; 2] {
        let [m, k, n] = self.size;
        let (a, b) = (black_box(&self.a), black_box(&self.b));
        let a = match self.layout {
            Layout::TN => Matrix::row_major(a, k, m).t(),
            _ => Matrix::row_major(a, m, k),
        };
        let b = match self.layout {
            Layout::NT => Matrix::row_major(b, n, k).t(),
            _ => Matrix::row_major(b, k, n),
        };
        [a, b]
    }

    fn with_c<R>(&self, run: impl FnOnce(MatrixMut<'_, S>) -> R) -> R {
        let [m, _, n] = self.size;
        run(MatrixMut::row_major(
            black_box(&mut self.c.borrow_mut()),
            m,
            n,
        ))
    }

    /// By a kernel, or by the one that `matmul` chooses; `false` if it does not take the layout.
    fn multiply(&self, kernel: Option<Kernel>) -> bool {
        let [a, b] = self.operands();
        self.with_c(|c| match kernel {
            Some(kernel) => matmul_by(kernel, S::one(), a, b, S::zero(), c),
            None => {
                matmul::matmul(S::one(), a, b, S::zero(), c);
                true
            }
        })
    }

    /// The one that `matmul` chooses.
    fn chosen(&self) -> Kernel {
        let [a, b] = self.operands();
        self.with_c(|c| matmul::kernel_for(a, b, c))
    }

    /// Whether a kernel takes the layout, or the one that is chosen does. If it does and the product is
    /// not large, what it gives has to be that of the reference, to the last bit: all numbers are small
    /// and whole.
    fn is_taken_and_right(&self, kernel: Option<Kernel>) -> bool {
        self.c.borrow_mut().fill(S::nan());
        let is_taken = self.multiply(kernel);
        if is_taken && self.operations() <= 2 * 64 * 64 * 64 {
            let given = self.c.replace_with(|c| vec![S::nan(); c.len()]);
            self.multiply(Some(Kernel::Reference));
            assert!(
                given == *self.c.borrow(),
                "{kernel:?} of {:?} is wrong",
                self.size
            );
        }
        is_taken
    }

    fn operations(&self) -> usize {
        2 * self.size.iter().product::<usize>()
    }

    /// GFLOP/s.
    fn speed(&self, seconds: f64) -> f64 {
        self.operations() as f64 / seconds / 1e9
    }

    /// As many multiply-adds, which neither load nor store.
    fn multiply_adds(&self) -> Run<'static> {
        let (operations, operations_a_round) = (self.operations(), matmul::multiply_adds::<S>(1));
        Box::new(move |count| {
            let rounds = (count * operations).div_ceil(operations_a_round);
            black_box(matmul::multiply_adds::<S>(black_box(rounds)));
        })
    }
}

/// Something that is timed, given how often it is to run.
type Run<'a> = Box<dyn FnMut(usize) + 'a>;

fn repeat<'a>(mut run: impl FnMut() + 'a) -> Run<'a> {
    Box::new(move |count| (0..count).for_each(|_| run()))
}

/// Seconds of one run of each, in turns.
fn best_of_many<'a>(options: &Options, runs: impl IntoIterator<Item = Run<'a>>) -> Vec<f64> {
    let timers: Vec<_> = runs
        .into_iter()
        .map(|run| Timer::new(run, SHORTEST))
        .collect();
    let milliseconds = if options.quick { 1 } else { 25 };
    // Of a large product the first few runs are disturbed more often than not.
    let is_asked_for = options.words.iter().any(|word| as_size(word).is_some());
    let at_least = match options.quick {
        true => 1,
        false if is_asked_for => 40,
        false => 5,
    };
    let budget = Duration::from_millis(milliseconds) * timers.len() as u32;
    best_times(timers, at_least, budget)
}
