//! The time of what is over before a clock has moved.

use std::time::{Duration, Instant};

/// Seconds of one run, the fastest of many: `at_least` so often, and until the budget is spent.
pub(crate) fn best_of_many(budget: Duration, at_least: u32, mut run: impl FnMut()) -> f64 {
    let mut time = |runs: u32| {
        let start = Instant::now();
        (0..runs).for_each(|_| run());
        start.elapsed()
    };
    // As many runs at a time as the clock can tell from none.
    let mut runs = 1;
    while time(runs) < Duration::from_micros(10) {
        runs *= 2;
    }
    let (start, mut best, mut times) = (Instant::now(), Duration::MAX, 0);
    while times < at_least || start.elapsed() < budget {
        best = best.min(time(runs));
        times += 1;
    }
    best.as_secs_f64() / f64::from(runs)
}
