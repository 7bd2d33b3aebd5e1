//! NumPy's legacy generator, bit for bit.

use rand_mt::Mt;

use crate::RandomStream;

/// The generator behind `numpy.random.seed` and `numpy.random.RandomState`: what it draws is equal
/// to what NumPy draws after the same calls, bit for bit.
///
/// The algorithms are NumPy's `legacy-distributions.c` and `mt19937.c`, frozen by NEP 19: MT19937
/// seeded by `init_genrand` (Matsumoto and Nishimura, 1998), 53-bit uniforms from two words,
/// Marsaglia's polar method for normals, masked rejection for bounded integers, and the
/// Fisher–Yates shuffle from the end.
///
/// Uniforms and shuffles are integer arithmetic and one exact scaling, the same everywhere.
/// Normals take a logarithm, and for that NumPy and [`f64::ln`] both call the platform's
/// mathematical library (the square root is exact in both): equality holds where the two programs
/// have the same one, and elsewhere where theirs round alike.
///
/// It is not a `rand` generator, so that no other sampling algorithm runs on it by accident.
///
/// ```
/// use layers::NumpyRandom;
///
/// let mut rng = NumpyRandom::seed(1); // numpy.random.seed(1)
/// assert_eq!(rng.random_sample(), 0.417022004702574); // numpy.random.rand()
/// assert_eq!(NumpyRandom::seed(1).randn(), 1.6243453636632417);
/// assert_eq!(NumpyRandom::seed(1).permutation(10), [2, 9, 6, 4, 0, 3, 1, 7, 8, 5]);
/// ```
#[derive(Clone, Debug)]
pub struct NumpyRandom {
    words: Mt,
    // The polar method makes normals in pairs. This is the second one, until it is asked for:
    // neither uniforms nor shuffles in between touch it.
    cached_normal: Option<f64>,
}

impl NumpyRandom {
    /// `numpy.random.RandomState(seed)`, for an integer seed.
    #[must_use]
    pub fn seed(seed: u32) -> Self {
        Self {
            words: Mt::new(seed),
            cached_normal: None,
        }
    }

    /// `numpy.random.RandomState(key)`, for a key of several integers: streams of keys that differ
    /// anywhere are unrelated (`init_by_array` of Matsumoto and Nishimura).
    ///
    /// ```
    /// use layers::NumpyRandom;
    ///
    /// let [mut one, mut other] = [0, 1].map(|step| NumpyRandom::seed_by_array(&[7, step]));
    /// assert_ne!(one.random_sample(), other.random_sample());
    /// ```
    ///
    /// # Panics
    ///
    /// If the key is empty, as NumPy refuses it too.
    #[track_caller]
    #[must_use]
    pub fn seed_by_array(key: &[u32]) -> Self {
        assert!(
            !key.is_empty(),
            "a generator is seeded by at least one integer"
        );
        Self {
            words: Mt::new_with_key(key.iter().copied()),
            cached_normal: None,
        }
    }

    /// A number uniform in `[0, 1)`, a multiple of 2⁻⁵³: one of `rand(…)` or `random_sample(…)`,
    /// which fill arrays row by row.
    pub fn random_sample(&mut self) -> f64 {
        let high = self.words.next_u32() >> 5;
        let low = self.words.next_u32() >> 6;
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    /// A standard normal number: one of `randn(…)`, which fills arrays row by row.
    pub fn randn(&mut self) -> f64 {
        if let Some(normal) = self.cached_normal.take() {
            return normal;
        }
        loop {
            let x1 = 2.0 * self.random_sample() - 1.0;
            let x2 = 2.0 * self.random_sample() - 1.0;
            let r2 = x1 * x1 + x2 * x2; // not `mul_add`: NumPy rounds the products
            if 0.0 < r2 && r2 < 1.0 {
                let f = (-2.0 * r2.ln() / r2).sqrt();
                self.cached_normal = Some(f * x1);
                return f * x2;
            }
        }
    }

    /// A normal number of mean `loc` and standard deviation `scale`: one of `normal(loc, scale, …)`.
    ///
    /// # Panics
    ///
    /// If `scale` is negative or one of the two is not finite.
    #[track_caller]
    pub fn normal(&mut self, loc: f64, scale: f64) -> f64 {
        assert!(
            loc.is_finite() && scale.is_finite() && scale >= 0.0,
            "a normal distribution has a finite mean and a finite deviation of at least 0, and \
             these are {loc} and {scale}"
        );
        loc + scale * self.randn()
    }

    /// The numbers from 0 to `n` − 1 in a random order: `permutation(n)`.
    ///
    /// # Panics
    ///
    /// As [`shuffle`](Self::shuffle).
    #[track_caller]
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        self.shuffle(&mut order);
        order
    }

    /// Puts the items into a random order: `shuffle(items)`.
    ///
    /// # Panics
    ///
    /// If there are more than 2³² items: beyond that NumPy's algorithm is another.
    #[track_caller]
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let max = u32::try_from(i).expect("at most 2^32 items can be shuffled as NumPy does");
            items.swap(i, self.bounded(max) as usize);
        }
    }

    /// An integer uniform in `0..=max`: words masked to the bits of `max`, until one is not above
    /// it. A `max` of 0 draws nothing.
    fn bounded(&mut self, max: u32) -> u32 {
        let Some(unused_bits) = max.checked_ilog2().map(|top| 31 - top) else {
            return 0;
        };
        let mask = u32::MAX >> unused_bits;
        loop {
            let value = self.words.next_u32() & mask;
            if value <= max {
                return value;
            }
        }
    }
}

impl RandomStream for NumpyRandom {
    fn uniform(&mut self) -> f64 {
        self.random_sample()
    }

    fn standard_normal(&mut self) -> f64 {
        self.randn()
    }

    fn shuffle(&mut self, indices: &mut [usize]) {
        Self::shuffle(self, indices);
    }
}

#[cfg(test)]
mod tests;
