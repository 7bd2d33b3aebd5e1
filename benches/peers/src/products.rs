//! Matrix products on one thread: gradproof's beside those of other crates.

mod product;

use std::cell::RefCell;
use std::hint::black_box;
use std::time::Duration;

use gradproof::autodiff::matmul::{Isa, Kernel, multiply_adds, set_threads};

use crate::peer::Real;
use crate::timer::{Timer, best_times};
use product::{Layout, Product, contestants};

/// m × k × n: the layers of the course's networks, one of a network for images, and squares.
const SIZES: [[usize; 3]; 9] = [
    [10, 2, 300],
    [5, 10, 300],
    [1, 5, 300],
    [20, 2, 211],
    [16, 16, 16],
    [64, 64, 64],
    [512, 784, 128],
    [512, 512, 512],
    [1024, 1024, 1024],
];

/// As many calls as the clock can tell from none.
const SHORTEST: Duration = Duration::from_micros(10);

/// Spends the budget on every product, and prints a table in Markdown for either scalar.
pub(crate) fn print(budget: Duration) {
    set_threads(1);
    print_at::<f64>("f64", budget);
    print_at::<f32>("f32", budget);
    println!(
        "\ngemm and matrixmultiply are called by way of gradproof, which adds some tens of \
         nanoseconds to each of their products."
    );
}

fn print_at<S: Real>(scalar: &str, budget: Duration) {
    let peak = peak::<S>(budget);
    let isa = Isa::best();
    println!("\n{scalar}, GFLOP/s; multiply-adds in registers ({isa:?}) reach {peak:.1}\n");
    let names = contestants::<S>().map(|(name, _)| name);
    println!(
        "| m×k×n | {} | of the peak | of the best peer |",
        names.join(" | ")
    );
    println!("|---|{}", "---:|".repeat(names.len() + 2));
    for size in SIZES {
        for layout in [Layout::NN, Layout::NT, Layout::TN] {
            let speeds = speeds::<S>(size, layout, budget);
            let (ours, best_peer) = (speeds[0], speeds[1..].iter().copied().fold(0.0, f64::max));
            let [m, k, n] = size;
            let cells: Vec<_> = speeds.iter().map(|speed| format!("{speed:.1}")).collect();
            println!(
                "| {m}×{k}×{n} {layout:?} | {} | {:.0} % | {:.2} |",
                cells.join(" | "),
                100.0 * ours / peak,
                ours / best_peer
            );
        }
    }
}

/// GFLOP/s of multiply-adds that neither load nor store.
fn peak<S: Real>(budget: Duration) -> f64 {
    const ROUNDS: usize = 1000;
    let run = |count| {
        for _ in 0..count {
            black_box(multiply_adds::<S>(black_box(ROUNDS)));
        }
    };
    let best = best_times([Timer::new(run, SHORTEST)], budget);
    multiply_adds::<S>(ROUNDS) as f64 / best[0] / 1e9
}

/// GFLOP/s of every contestant, all on the same memory: how it is aligned matters.
fn speeds<S: Real>(size: [usize; 3], layout: Layout, budget: Duration) -> Vec<f64> {
    let mut expected = Product::<S>::new(size, layout);
    expected.by(Kernel::Reference);
    let product = RefCell::new(Product::new(size, layout));
    let timers = contestants::<S>().map(|(name, multiply)| {
        let product = &product;
        product.borrow_mut().c.fill(S::nan());
        multiply(&mut product.borrow_mut());
        let right = product.borrow().c == expected.c;
        assert!(right, "{name} gets {size:?} {layout:?} wrong");
        let run = move |count| {
            let mut product = product.borrow_mut();
            for _ in 0..count {
                multiply(black_box(&mut product));
            }
        };
        Timer::new(run, SHORTEST)
    });
    let operations = (2 * size.iter().product::<usize>()) as f64;
    let times = best_times(timers, budget);
    times
        .iter()
        .map(|seconds| operations / seconds / 1e9)
        .collect()
}
