//! What a step of training takes: by the tape and by hand, on one thread and on all, and replaying
//! against recording again; and what the course's whole study takes.
//!
//! `cargo bench --bench training`; `-- 1024-` only lines with that in them. Read the fastest: it is
//! what the machine can do, and the median tells how much else it had to do meanwhile. Ratios are
//! between neighbouring lines, which were measured one after the other. Items are multiplications
//! and additions in matrix products, so Gitem/s are the GFLOP/s of `--bench matmul`.

mod cases;

use std::fmt;

use cases::{Case, LARGE, SMALL};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use gradproof::autodiff::{Scalar, Tape, matmul};
use gradproof::layers::{GradientBy, HandWritten, Pass, Regularization, Taped, Training};

fn main() {
    divan::main();
}

/// So small that the network stays where it is, and every step is as the first.
const LEARNING_RATE: f64 = 1e-6;

/// One line of the table.
struct Line {
    case: Case,
    /// 0 is as many as there are cores.
    threads: usize,
    by: By,
}

#[derive(Clone, Copy)]
enum By {
    Hand,
    Tape,
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hand => "hand",
            Self::Tape => "tape",
        })
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads = match self.threads {
            0 => "all threads",
            _ => "1 thread",
        };
        write!(f, "{}, {threads}, {}", self.case, self.by)
    }
}

fn lines() -> impl Iterator<Item = Line> {
    let cases = SMALL.into_iter().chain(LARGE);
    cases.flat_map(|case| {
        [1, 0]
            .into_iter()
            .flat_map(move |threads| [By::Hand, By::Tape].map(|by| Line { case, threads, by }))
    })
}

/// Forward, cost, backward, update.
#[divan::bench(types = [f64, f32], args = lines(), min_time = 0.3, max_time = 1.5)]
fn step<S: Scalar>(bencher: Bencher<'_, '_>, line: &Line) {
    matmul::set_threads(line.threads);
    let (model, data) = line.case.build::<S>();
    let bencher = bencher.counter(ItemsCount::new(line.case.operations()));
    let nothing = Regularization::default();
    let tape = Tape::new();
    match line.by {
        By::Hand => time(bencher, HandWritten::new(&model, &data, &nothing)),
        By::Tape => time(bencher, Taped::record(&tape, &model, &data, &nothing)),
    }
    matmul::set_threads(0);
}

fn time<S: Scalar>(bencher: Bencher<'_, '_>, mut pass: impl Pass<S>) {
    bencher.bench_local(|| {
        black_box(pass.evaluate());
        pass.descend(S::constant(LEARNING_RATE));
    });
    assert!(pass.evaluate().is_finite(), "what was timed is no training");
}

/// Cost and gradient once: what the tape saves by being recorded only once.
mod gradient {
    use super::*;

    #[divan::bench(types = [f64, f32], args = SMALL, min_time = 0.3)]
    fn replayed<S: Scalar>(bencher: Bencher<'_, '_>, case: &Case) {
        let (model, data) = case.build::<S>();
        let tape = Tape::new();
        let mut pass = Taped::record(&tape, &model, &data, &Regularization::default());
        bencher.bench_local(|| pass.evaluate());
    }

    #[divan::bench(types = [f64, f32], args = SMALL, min_time = 0.3)]
    fn recorded<S: Scalar>(bencher: Bencher<'_, '_>, case: &Case) {
        let (model, data) = case.build::<S>();
        bencher.bench_local(|| {
            let tape = Tape::new();
            black_box(Taped::record(
                &tape,
                &model,
                &data,
                &Regularization::default(),
            ));
        });
    }
}

/// 15,000 steps of 2-10-5-1 on 300 examples from He's weights, as `examples/02-initialization` has
/// them.
#[divan::bench(args = [By::Hand, By::Tape], sample_count = 20)]
fn he_study(bencher: Bencher<'_, '_>, by: By) {
    let (model, data) = SMALL[0].build::<f64>();
    let training = Training {
        gradient: match by {
            By::Hand => GradientBy::Hand,
            By::Tape => GradientBy::Tape,
        },
        ..Training::default()
    };
    bencher
        .with_inputs(|| model.clone())
        .bench_local_values(|mut model| {
            let history = model.fit(&data, &training, ()).unwrap();
            assert_eq!(history.steps(), 15_000);
            model
        });
}
