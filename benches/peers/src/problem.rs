//! What everybody trains: the five steps, with their networks and data.

use std::path::Path;
use std::{fmt, fs, io};

use gradproof::autodiff::{Scalar, Tensor, View};
use gradproof::layers::{
    Dataset, HandWritten, He, Mlp, NumpyRandom, Pass, Regularization, make_circles,
};
use serde_json::json;

/// α of every step.
pub(crate) const LEARNING_RATE: f64 = 0.01;

/// The updates after which the costs are compared.
pub(crate) const CHECKED_UPDATES: usize = 20;

/// A step of gradient descent on all examples: forward, cost, backward, update.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// n_x, the widths of the hidden layers, and 1.
    pub(crate) sizes: [usize; 4],
    pub(crate) examples: usize,
    pub(crate) precision: Precision,
    pub(crate) threads: Threads,
}

/// The scalar of a step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Precision {
    F32,
    F64,
}

/// How much of the machine a step may have: the script `run` sees to it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Threads {
    One,
    All,
}

/// Two networks of the course, and three that are large enough for all cores.
pub(crate) const STEPS: [Step; 5] = [
    Step::new("a", [2, 10, 5, 1], 300, Precision::F64, Threads::One),
    Step::new("b", [2, 20, 3, 1], 211, Precision::F64, Threads::One),
    Step::new("c", [784, 512, 512, 1], 128, Precision::F32, Threads::All),
    Step::new("d", [784, 512, 512, 1], 1024, Precision::F32, Threads::All),
    Step::new(
        "e",
        [1024, 1024, 1024, 1],
        512,
        Precision::F64,
        Threads::All,
    ),
];

impl Step {
    const fn new(
        name: &'static str,
        sizes: [usize; 4],
        examples: usize,
        precision: Precision,
        threads: Threads,
    ) -> Self {
        Self {
            name,
            sizes,
            examples,
            precision,
            threads,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [n0, n1, n2, n3] = self.sizes;
        let precision = self.precision;
        let Self {
            name,
            examples,
            threads,
            ..
        } = self;
        write!(
            f,
            "{name}: {n0}-{n1}-{n2}-{n3}, m {examples}, {precision}, {threads}"
        )
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "float32",
            Self::F64 => "float64",
        })
    }
}

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "one thread",
            Self::All => "all threads",
        })
    }
}

/// The network and the data of a step, the same in every run.
pub(crate) struct Problem<S> {
    pub(crate) model: Mlp<S>,
    pub(crate) data: Dataset<S>,
}

impl<S: Scalar> Problem<S> {
    pub(crate) fn new(step: &Step) -> Self {
        let model = Mlp::new(&step.sizes, &He, &mut NumpyRandom::seed(3));
        let mut random = NumpyRandom::seed(1);
        let data = match step.sizes[0] {
            2 => make_circles(step.examples, 0.05, 0.8, &mut random),
            // Normal features, and the sign of the first for a label.
            features => {
                let x = Tensor::from_fn([features, step.examples], |_| random.randn());
                let y = Tensor::from_fn([1, step.examples], |k| f64::from(x[[0, k]] > 0.0));
                Dataset::new(x, y)
            }
        };
        Self {
            model: model.expect("the sizes are a network's"),
            data: data
                .and_then(|data| data.cast())
                .expect("the numbers are of moderate size"),
        }
    }

    /// The cost after [`CHECKED_UPDATES`], from the same numbers in double precision.
    pub(crate) fn reference_cost(&self) -> f64 {
        let same = "doubles hold every single";
        let (model, data) = (
            self.model.cast::<f64>().expect(same),
            self.data.cast::<f64>().expect(same),
        );
        let mut pass = HandWritten::new(&model, &data, &Regularization::default());
        for _ in 0..CHECKED_UPDATES {
            pass.evaluate();
            pass.descend(LEARNING_RATE);
        }
        pass.evaluate()
    }

    /// Writes it for `python.py`: `problem.json` with the numbers that say what it is, and
    /// `problem.bin` with X, Y and the parameters as little-endian doubles.
    pub(crate) fn write(&self, step: &Step, directory: &Path) -> io::Result<()> {
        let description = json!({
            "step": step.name,
            "sizes": step.sizes,
            "examples": step.examples,
            "precision": step.precision.to_string(),
            "learning_rate": LEARNING_RATE,
            "updates": CHECKED_UPDATES,
            "cost": self.reference_cost(),
            "tolerance": step.precision.tolerance(),
        });
        fs::write(directory.join("problem.json"), description.to_string())?;
        let (x, y) = (self.data.x().as_slice(), self.data.y().as_slice());
        let numbers = [x, y, self.model.parameters()].concat();
        let bytes = numbers.iter().flat_map(|number| {
            let number = number.to_f64().expect("it is f32 or f64");
            number.to_le_bytes()
        });
        fs::write(directory.join("problem.bin"), bytes.collect::<Vec<u8>>())
    }
}

impl Precision {
    /// How much two correct costs may differ after [`CHECKED_UPDATES`], relatively.
    pub(crate) fn tolerance(self) -> f64 {
        match self {
            Self::F32 => 1e-4,
            Self::F64 => 1e-9,
        }
    }
}

/// The elements of a matrix column by column: most libraries have examples as rows.
pub(crate) fn transposed<S: Scalar>(matrix: View<'_, S>) -> Vec<S> {
    let &[_, columns] = matrix.shape().dims() else {
        panic!("not a matrix: its shape is {}", matrix.shape())
    };
    let column = |k| matrix.iter().skip(k).step_by(columns).copied();
    (0..columns).flat_map(column).collect()
}
