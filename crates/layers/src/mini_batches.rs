//! Mini-batches: which examples a step sees, and by which pass.

use std::borrow::Cow;

use autodiff::{Scalar, Tensor};

use crate::{Dataset, Noise, NumpyRandom, Pass, TrainingError};

/// Steps on a few of the examples: they are shuffled in every epoch and taken `size` at a time,
/// until all were seen once. The last batch of an epoch has what is left, and may be smaller.
///
/// ```
/// use layers::{He, MiniBatches, Mlp, NumpyRandom, Training, make_circles};
///
/// let data = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
/// let mut model = Mlp::new(&[2, 10, 5, 1], &He, &mut NumpyRandom::seed(3))?;
/// let batches = MiniBatches { size: 64, seed: 11 };
/// let training = Training {
///     iterations: 20 * batches.per_epoch(300),
///     batches: Some(batches),
///     ..Training::default()
/// };
/// assert_eq!(training.iterations, 100); // 64 + 64 + 64 + 64 + 44 examples in an epoch
/// assert_eq!(model.fit(&data, &training, ())?.steps(), 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MiniBatches {
    /// How many examples a step sees: at least 1, at most as many as there are.
    pub size: usize,
    /// Epoch e, counted from 0, has the order that `numpy.random.RandomState(seed + e)` draws as
    /// its `permutation(m)`: the course adds 1 to its seed for every epoch.
    pub seed: u32,
}

impl MiniBatches {
    /// The number of steps in which `examples` examples are seen once.
    ///
    /// # Panics
    ///
    /// If the size is 0.
    #[track_caller]
    #[must_use]
    pub fn per_epoch(&self, examples: usize) -> usize {
        assert!(self.size > 0, "a mini-batch has at least 1 example");
        examples.div_ceil(self.size)
    }

    /// A batch of every size there is, the whole one first.
    pub(crate) fn first_of_each_size<'d, S: Scalar>(
        &self,
        data: &'d Dataset<S>,
    ) -> Result<Vec<Cow<'d, Dataset<S>>>, TrainingError> {
        let (size, examples) = (self.size, data.examples());
        if size == 0 || size > examples {
            return Err(TrainingError::BatchSize { size, examples });
        }
        let sizes = [size, examples % size];
        let batches = sizes.into_iter().filter(|&n| n > 0).map(|n| {
            let first: Vec<usize> = (0..n).collect();
            Cow::Owned(data.select(&first))
        });
        Ok(batches.collect())
    }
}

/// Copies these columns of a matrix, row by row.
#[track_caller]
pub(crate) fn select_columns<S: Scalar>(from: &Tensor<S>, columns: &[usize], into: &mut [S]) {
    let [rows, n] = [from.shape().dims()[0], columns.len()];
    assert!(
        into.len() == rows * n,
        "the pass was made for {} examples, and {n} were given",
        into.len() / rows.max(1)
    );
    let from = from.as_slice().chunks_exact(from.shape().dims()[1]);
    for (into, from) in into.chunks_exact_mut(n.max(1)).zip(from) {
        for (into, &column) in into.iter_mut().zip(columns) {
            *into = from[column];
        }
    }
}

/// The order of the examples in the epoch at hand.
struct Shuffle {
    batches: MiniBatches,
    order: Vec<usize>,
    epoch: Option<usize>,
}

impl Shuffle {
    /// The examples of a step, from the seed and the step's number alone.
    fn of_step(&mut self, step: usize) -> &[usize] {
        let (m, size) = (self.order.len(), self.batches.size);
        let per_epoch = self.batches.per_epoch(m);
        let epoch = step / per_epoch;
        if self.epoch != Some(epoch) {
            for (place, example) in self.order.iter_mut().enumerate() {
                *example = place;
            }
            // Seeds go round, as far as anyone gets.
            let seed = self.batches.seed.wrapping_add(epoch as u32);
            NumpyRandom::seed(seed).shuffle(&mut self.order);
            self.epoch = Some(epoch);
        }
        let start = step % per_epoch * size;
        &self.order[start..m.min(start + size)]
    }
}

/// The passes of a run: one over all examples, or one for each size of a mini-batch.
pub(crate) struct Passes<'d, S: Scalar, P> {
    passes: Vec<P>,
    /// The one that has the parameters.
    current: usize,
    data: &'d Dataset<S>,
    shuffle: Option<Shuffle>,
}

impl<'d, S: Scalar, P: Pass<S>> Passes<'d, S, P> {
    pub(crate) fn new(passes: Vec<P>, data: &'d Dataset<S>, batches: Option<MiniBatches>) -> Self {
        let shuffle = batches.map(|batches| Shuffle {
            batches,
            order: vec![0; data.examples()],
            epoch: None,
        });
        Self {
            passes,
            current: 0,
            data,
            shuffle,
        }
    }

    /// The same noise for every step, of which a smaller batch has less.
    pub(crate) fn draw_noise(&mut self, noise: Noise) {
        for pass in &mut self.passes {
            pass.draw_noise(&mut noise.stream(0));
        }
    }

    /// The pass over the examples of a step, and the data that these are taken from.
    pub(crate) fn of_step(&mut self, step: usize) -> (&mut P, &'d Dataset<S>) {
        if let Some(shuffle) = &mut self.shuffle {
            let whole = shuffle.batches.size;
            let examples = shuffle.of_step(step);
            let next = usize::from(examples.len() < whole);
            if next != self.current {
                let (first, second) = self.passes.split_at_mut(1);
                match next {
                    0 => second[0].hand_over(&mut first[0]),
                    _ => first[0].hand_over(&mut second[0]),
                }
                self.current = next;
            }
            self.passes[next].load(self.data, examples);
        }
        (&mut self.passes[self.current], self.data)
    }

    pub(crate) fn parameters(&self) -> Vec<S> {
        self.passes[self.current].parameters()
    }
}
