//! What grows, and in which direction.

use std::time::Duration;

use crate::measure::{Costs, chain, network};

/// A program at sizes from `first` to `last`, each twice as large as the one before.
pub(crate) struct Sweep {
    pub(crate) title: &'static str,
    /// What the size is.
    pub(crate) size: &'static str,
    /// The power of the size that the time is proportional to, once it is large.
    pub(crate) power: f64,
    first: usize,
    last: usize,
    /// The costs at one size, everything being timed for so long.
    pub(crate) costs: fn(usize, Duration) -> Costs,
}

impl Sweep {
    /// The sizes, or only the smaller half of them.
    pub(crate) fn sizes(&self, is_quick: bool) -> Vec<usize> {
        let mut sizes: Vec<usize> = std::iter::successors(Some(self.first), |size| Some(2 * size))
            .take_while(|&size| size <= self.last)
            .collect();
        if is_quick {
            sizes.truncate(sizes.len().div_ceil(2));
        }
        sizes
    }
}

/// The networks are wide enough, and on enough examples, that arithmetic outweighs the way to the
/// memory; and their steps are over in the few milliseconds that a busy machine leaves a program in
/// peace.
pub(crate) const SWEEPS: [Sweep; 4] = [
    Sweep {
        title: "128-128-128-1 on m examples",
        size: "examples m",
        power: 1.0,
        first: 1,
        last: 1 << 11,
        costs: |m, budget| network(&[128, 128, 128, 1], m, budget),
    },
    Sweep {
        title: "n-n-n-1 on 128 examples",
        size: "width n",
        power: 2.0,
        first: 8,
        last: 1 << 9,
        costs: |n, budget| network(&[n, n, n, 1], 128, budget),
    },
    Sweep {
        title: "L hidden layers of 64 on 64 examples",
        size: "depth L",
        power: 1.0,
        first: 1,
        last: 1 << 7,
        costs: |depth, budget| network(&[vec![64; depth + 1], vec![1]].concat(), 64, budget),
    },
    Sweep {
        title: "a chain of N products of scalars",
        size: "nodes N",
        power: 1.0,
        first: 16,
        last: 1 << 20,
        costs: chain,
    },
];
