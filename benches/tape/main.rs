//! What the tape costs: recording, replaying and sweeping a network beside the bare calls of the
//! kernels, and a node of a chain of scalars.
//!
//! `cargo bench --bench tape`; one thread. Read the fastest. In `network`, ratios are between
//! neighbouring lines, which were measured one after the other. In `chain`, items are nodes: 1000
//! divided by the Mitem/s are nanoseconds per node.

#[path = "../cases/mod.rs"]
mod cases;

mod bare;

use std::fmt;

use bare::Bare;
use cases::{Case, LARGE, SMALL};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use gradproof::autodiff::{Gradients, Scalar, Tape, Var, matmul};
use gradproof::layers::{Dataset, Mlp};

fn main() {
    matmul::set_threads(1);
    divan::main();
}

/// A network, its cost and its gradient.
mod network {
    use super::*;

    /// A case, and one of the ways to compute it.
    struct Line<W> {
        case: Case,
        way: W,
    }

    impl<W: fmt::Debug> fmt::Display for Line<W> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let way = format!("{:?}", self.way).to_lowercase();
            write!(f, "{}, {way}", self.case)
        }
    }

    /// The course's networks, where a call shows, and a large one, where none should.
    fn lines<W: Copy>(ways: &'static [W]) -> impl Iterator<Item = Line<W>> {
        let cases = SMALL.into_iter().chain([LARGE[0]]);
        cases.flat_map(|case| ways.iter().map(move |&way| Line { case, way }))
    }

    #[derive(Clone, Copy, Debug)]
    enum Forward {
        Kernels,
        Replayed,
        Recorded,
    }

    #[divan::bench(
        types = [f64, f32],
        args = lines(&[Forward::Kernels, Forward::Replayed, Forward::Recorded]),
        min_time = 0.2
    )]
    fn forward<S: Scalar>(bencher: Bencher<'_, '_>, line: &Line<Forward>) {
        let (model, data) = line.case.build::<S>();
        let tape = Tape::new();
        match line.way {
            Forward::Kernels => {
                let mut bare = Bare::new(&model, &data);
                bencher.bench_local(|| bare.forward());
            }
            Forward::Replayed => {
                record(&tape, &model, &data);
                bencher.bench_local(|| tape.replay());
            }
            Forward::Recorded => bencher.bench_local(|| {
                let tape = Tape::new();
                record(&tape, &model, &data);
                tape
            }),
        }
    }

    #[derive(Clone, Copy, Debug)]
    enum Backward {
        Kernels,
        Replayed,
        Planned,
    }

    #[divan::bench(
        types = [f64, f32],
        args = lines(&[Backward::Kernels, Backward::Replayed, Backward::Planned]),
        min_time = 0.2
    )]
    fn backward<S: Scalar>(bencher: Bencher<'_, '_>, line: &Line<Backward>) {
        let (model, data) = line.case.build::<S>();
        let tape = Tape::new();
        let (parameters, cost) = record(&tape, &model, &data);
        let mut gradients = cost.backward();
        match line.way {
            Backward::Kernels => {
                let mut bare = Bare::new(&model, &data);
                black_box(bare.forward());
                bencher.bench_local(|| bare.backward());
                assert_same(&bare.gradient(), &gradients, &parameters);
            }
            Backward::Replayed => bencher.bench_local(|| gradients.replay()),
            Backward::Planned => bencher.bench_local(|| cost.backward()),
        }
    }

    /// The parameters and the cost.
    fn record<'t, S: Scalar>(
        tape: &'t Tape<S>,
        model: &Mlp<S>,
        data: &Dataset<S>,
    ) -> (Vec<Var<'t, S>>, Var<'t, S>) {
        let x = tape.shared_data(data.shared_x());
        let y = tape.data(data.y().clone());
        let network = model.record(x);
        let cost = network.logits.sigmoid_cross_entropy(y);
        (network.parameters, cost)
    }

    /// That the bare calls compute the gradient of the tape, to half of the digits.
    fn assert_same<S: Scalar>(bare: &[S], gradients: &Gradients<'_, S>, parameters: &[Var<'_, S>]) {
        let size = |values: &[S]| values.iter().fold(S::zero(), |size, v| size.max(v.abs()));
        let mut rest = bare;
        for &parameter in parameters {
            let gradient = gradients.wrt(parameter);
            let (same, after) = rest.split_at(gradient.len());
            rest = after;
            let both = same.iter().zip(gradient.iter());
            let difference: Vec<S> = both.map(|(&a, &b)| a - b).collect();
            assert!(size(&difference) <= S::epsilon().sqrt() * size(&gradient));
        }
        assert!(rest.is_empty());
    }
}

/// x · c · c ⋯, a node a product.
mod chain {
    use super::*;

    const LENGTHS: [usize; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];

    fn record(tape: &Tape<f64>, length: usize) -> Var<'_, f64> {
        let (x, c) = (tape.variable(1.0), tape.data(1.0 + 1e-6));
        (0..length).fold(x, |product, _| product * c)
    }

    #[divan::bench(args = LENGTHS, min_time = 0.1, max_time = 1)]
    fn recorded(bencher: Bencher<'_, '_>, length: usize) {
        let bencher = bencher.counter(ItemsCount::new(length));
        bencher.bench_local(|| {
            let tape = Tape::new();
            record(&tape, length);
            tape
        });
    }

    #[divan::bench(args = LENGTHS, min_time = 0.1, max_time = 1)]
    fn replayed(bencher: Bencher<'_, '_>, length: usize) {
        let tape = Tape::new();
        record(&tape, length);
        let bencher = bencher.counter(ItemsCount::new(length));
        bencher.bench_local(|| tape.replay());
    }

    /// The sweep, which is planned the first time.
    #[divan::bench(args = LENGTHS, min_time = 0.1, max_time = 1)]
    fn swept(bencher: Bencher<'_, '_>, length: usize) {
        let tape = Tape::new();
        let mut gradients = record(&tape, length).backward();
        let bencher = bencher.counter(ItemsCount::new(length));
        bencher.bench_local(|| gradients.replay());
    }

    #[divan::bench(args = LENGTHS, min_time = 0.1, max_time = 1)]
    fn planned_and_swept(bencher: Bencher<'_, '_>, length: usize) {
        let tape = Tape::new();
        let output = record(&tape, length);
        let bencher = bencher.counter(ItemsCount::new(length));
        bencher.bench_local(|| output.backward());
    }
}
