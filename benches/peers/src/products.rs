//! Matrix products on one thread: gradproof's beside those of other crates.

mod product;

use std::cell::RefCell;
use std::hint::black_box;
use std::time::Duration;

use gradproof::autodiff::matmul::{Isa, Kernel, multiply_adds, set_threads};

use crate::in_turns::{SHORTEST, Timer, best_times};
use crate::peer::Real;
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
    println!(
        "\n{scalar}, GFLOP/s; the peak is what as many multiply-adds in registers ({:?}) reach in the \
         same minute\n",
        Isa::best()
    );
    let names = contestants::<S>().map(|(name, _)| name);
    println!(
        "| m×k×n | {} | peak | of the peak | of the best peer |",
        names.join(" | ")
    );
    println!("|---|{}", "---:|".repeat(names.len() + 3));
    for size in SIZES {
        for layout in [Layout::NN, Layout::NT, Layout::TN] {
            let Speeds { crates, peak } = speeds::<S>(size, layout, budget);
            let (ours, best_peer) = (crates[0], crates[1..].iter().copied().fold(0.0, f64::max));
            let [m, k, n] = size;
            let cells: Vec<_> = crates.iter().map(|speed| format!("{speed:.1}")).collect();
            println!(
                "| {m}×{k}×{n} {layout:?} | {} | {peak:.1} | {:.0} % | {:.2} |",
                cells.join(" | "),
                100.0 * ours / peak,
                ours / best_peer
            );
        }
    }
}

/// GFLOP/s of every contestant, and of multiply-adds that neither load nor store.
struct Speeds {
    crates: Vec<f64>,
    peak: f64,
}

/// All on the same memory: how it is aligned matters.
fn speeds<S: Real>(size: [usize; 3], layout: Layout, budget: Duration) -> Speeds {
    let mut expected = Product::<S>::new(size, layout);
    expected.by(Kernel::Reference);
    let product = RefCell::new(Product::new(size, layout));
    let mut timers = Vec::new();
    for (name, multiply) in contestants::<S>() {
        let product = &product;
        product.borrow_mut().c.fill(S::nan());
        multiply(&mut product.borrow_mut());
        let right = product.borrow().c == expected.c;
        assert!(right, "{name} gets {size:?} {layout:?} wrong");
        timers.push(timer(move |count| {
            let mut product = product.borrow_mut();
            for _ in 0..count {
                multiply(black_box(&mut product));
            }
        }));
    }
    // Of as many operations, because the clock of a machine is not the same one for every while.
    let operations = 2 * size.iter().product::<usize>();
    let operations_a_round = multiply_adds::<S>(1);
    timers.push(timer(move |count| {
        let rounds = (count * operations).div_ceil(operations_a_round);
        black_box(multiply_adds::<S>(black_box(rounds)));
    }));
    let times = best_times(timers, 5, budget);
    let speed = |seconds: &f64| operations as f64 / seconds / 1e9;
    let (peak, crates) = times.split_last().expect("the peak's");
    Speeds {
        crates: crates.iter().map(speed).collect(),
        peak: speed(peak),
    }
}

fn timer<'a>(repeat: impl FnMut(usize) + 'a) -> Timer<Box<dyn FnMut(usize) + 'a>> {
    Timer::new(Box::new(repeat), SHORTEST)
}
