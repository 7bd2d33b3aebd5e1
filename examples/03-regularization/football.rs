//! Where a goalkeeper's kicks came down, and which team's player headed the ball.

use std::error::Error;
use std::path::Path;

use gradproof::autodiff::Tensor;
use gradproof::layers::{Dataset, MatFile, NumpyRandom, RandomStream};

/// Training and test points in the plane.
pub(crate) struct Football {
    pub(crate) train: Dataset<f64>,
    pub(crate) test: Dataset<f64>,
    /// What they are, for people.
    pub(crate) source: String,
    /// Whether they are as many as the course's, whose figures are published.
    pub(crate) are_as_many: bool,
}

impl Football {
    /// The variables X, y, Xval and yval of the course's file, or of one like it.
    pub(crate) fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let file = MatFile::open(path)?;
        let train = file.dataset("X", "y")?;
        let test = file.dataset("Xval", "yval")?;
        for (name, data) in [("X", &train), ("Xval", &test)] {
            if data.features() != 2 {
                return Err(format!(
                    "{}: {name} has {} columns, and this network takes points of the plane: 2",
                    path.display(),
                    data.features()
                )
                .into());
            }
        }
        Ok(Self {
            source: format!(
                "{}, {} and {} points",
                path.display(),
                train.examples(),
                test.examples()
            ),
            are_as_many: (train.examples(), test.examples()) == (211, 200),
            train,
            test,
        })
    }

    /// As many points as the course's, divided by a diagonal as those are, with some on the wrong
    /// side of it.
    pub(crate) fn stand_in() -> Self {
        Self {
            train: points(211, 1),
            test: points(200, 2),
            source: "a stand-in, 211 and 200 points from seeds 1 and 2; the course's own are read \
                     with --data FILE.mat"
                .to_string(),
            are_as_many: false,
        }
    }
}

/// The label is 1 above the diagonal, for a point that is seen with an error.
fn points(m: usize, seed: u32) -> Dataset<f64> {
    let mut random = NumpyRandom::seed(seed);
    let points: Vec<[f64; 3]> = (0..m)
        .map(|_| {
            let x = 1.2 * random.uniform() - 0.8;
            let y = 1.3 * random.uniform() - 0.65;
            let error = 0.12 * random.standard_normal();
            [x, y, f64::from(y - x - 0.2 + error > 0.0)]
        })
        .collect();
    let x = Tensor::from_fn([2, m], |k| points[k % m][k / m]);
    let y = Tensor::from_fn([1, m], |k| points[k][2]);
    Dataset::new(x, y).expect("the points are finite and labelled 0 or 1")
}
