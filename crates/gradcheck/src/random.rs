//! Random directions: reproducible from a case's seed.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// The stream of random numbers that belongs to a case.
#[derive(Debug)]
pub(crate) struct Random(StdRng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed ^ 0x5eed_c0de))
    }

    /// A number of either sign, its size from 1 to 2: never one that leaves an element out.
    pub(crate) fn signed(&mut self) -> f64 {
        let size = self.0.random_range(1.0..2.0);
        if self.0.random() { size } else { -size }
    }

    /// Either sign.
    pub(crate) fn sign(&mut self) -> f64 {
        if self.0.random() { 1.0 } else { -1.0 }
    }
}
