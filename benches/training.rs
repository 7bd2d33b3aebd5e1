//! What a step of training takes: by the tape and by hand, and replaying against recording again.

use std::fmt;

use divan::{Bencher, black_box};
use gradproof::autodiff::{Scalar, Tape};
use gradproof::layers::{
    Dataset, HandWritten, He, Mlp, NumpyRandom, Pass, Regularization, Taped, make_circles,
};

fn main() {
    divan::main();
}

/// A network of the course, and the number of examples it is trained on.
struct Case {
    sizes: [usize; 4],
    examples: usize,
}

const CASES: [Case; 2] = [
    Case {
        sizes: [2, 10, 5, 1],
        examples: 300,
    },
    Case {
        sizes: [2, 20, 3, 1],
        examples: 211,
    },
];

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [n0, n1, n2, n3] = self.sizes;
        write!(f, "{n0}-{n1}-{n2}-{n3} on {}", self.examples)
    }
}

impl Case {
    fn build<S: Scalar>(&self) -> (Mlp<S>, Dataset<S>) {
        let model = Mlp::new(&self.sizes, &He, &mut NumpyRandom::seed(3));
        let data = make_circles(self.examples, 0.05, 0.8, &mut NumpyRandom::seed(1));
        (model.unwrap(), data.unwrap().cast().unwrap())
    }
}

/// Forward, cost, backward, update.
mod step {
    use super::*;

    fn time<S: Scalar>(bencher: Bencher<'_, '_>, mut pass: impl Pass<S>) {
        bencher.bench_local(|| {
            black_box(pass.evaluate());
            pass.descend(S::constant(0.01));
        });
    }

    #[divan::bench(types = [f64, f32], args = CASES, min_time = 0.5)]
    fn tape<S: Scalar>(bencher: Bencher<'_, '_>, case: &Case) {
        let (model, data) = case.build::<S>();
        let tape = Tape::new();
        time(
            bencher,
            Taped::record(&tape, &model, &data, &Regularization::default()),
        );
    }

    #[divan::bench(types = [f64, f32], args = CASES, min_time = 0.5)]
    fn by_hand<S: Scalar>(bencher: Bencher<'_, '_>, case: &Case) {
        let (model, data) = case.build::<S>();
        time(
            bencher,
            HandWritten::new(&model, &data, &Regularization::default()),
        );
    }
}

/// Cost and gradient once: what the tape saves by being recorded only once.
mod gradient {
    use super::*;

    #[divan::bench(types = [f64, f32], args = CASES, min_time = 0.5)]
    fn replayed<S: Scalar>(bencher: Bencher<'_, '_>, case: &Case) {
        let (model, data) = case.build::<S>();
        let tape = Tape::new();
        let mut pass = Taped::record(&tape, &model, &data, &Regularization::default());
        bencher.bench_local(|| pass.evaluate());
    }

    #[divan::bench(types = [f64, f32], args = CASES, min_time = 0.5)]
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
