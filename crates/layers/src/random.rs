//! What this library asks of a random number generator.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// A stream of random numbers: the three draws that this library makes, and no others.
///
/// Every generator of the `rand` crate is one, and so is [`NumpyRandom`](crate::NumpyRandom). The
/// stream is part of a run's definition: the same stream gives the same numbers, in the order of
/// the calls. (`rand` promises that of its named generators, such as a ChaCha, and not of
/// `StdRng` from one version to the next.)
///
/// ```
/// use layers::{NumpyRandom, RandomStream};
/// use rand::{SeedableRng, rngs::StdRng};
///
/// fn mean_of_ten(stream: &mut dyn RandomStream) -> f64 {
///     (0..10).map(|_| stream.uniform()).sum::<f64>() / 10.0
/// }
/// let mean = mean_of_ten(&mut StdRng::seed_from_u64(1));
/// assert!((0.0..1.0).contains(&mean));
/// assert_eq!(mean_of_ten(&mut NumpyRandom::seed(0)), 0.6157662833145425);
/// ```
pub trait RandomStream {
    /// A number uniform in `[0, 1)`.
    fn uniform(&mut self) -> f64;

    /// A number from the normal distribution of mean 0 and variance 1.
    fn standard_normal(&mut self) -> f64;

    /// Puts the indices into a random order, each as likely as the others.
    fn shuffle(&mut self, indices: &mut [usize]);
}

impl<R: Rng> RandomStream for R {
    fn uniform(&mut self) -> f64 {
        self.random()
    }

    fn standard_normal(&mut self) -> f64 {
        self.sample(StandardNormal)
    }

    fn shuffle(&mut self, indices: &mut [usize]) {
        SliceRandom::shuffle(indices, self);
    }
}
