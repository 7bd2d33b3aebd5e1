//! The best of many times, taken in turns: a noisy moment, or a slow minute, is nobody's own.

use std::time::{Duration, Instant};

/// As much as the clock can tell from nothing.
pub(crate) const SHORTEST: Duration = Duration::from_micros(10);

/// Something to repeat, given how often, and its best time so far.
pub(crate) struct Timer<F> {
    repeat: F,
    /// Repetitions between two looks at the clock.
    count: usize,
    /// Seconds of one.
    best: f64,
}

impl<F: FnMut(usize)> Timer<F> {
    /// Repeats it so often at a time that it takes no less than this.
    pub(crate) fn new(repeat: F, shortest: Duration) -> Self {
        let mut timer = Self {
            repeat,
            count: 1,
            best: f64::INFINITY,
        };
        while timer.time() < shortest {
            timer.count *= 2;
        }
        timer
    }

    fn time(&mut self) -> Duration {
        let start = Instant::now();
        (self.repeat)(self.count);
        start.elapsed()
    }
}

/// Seconds of each, measured in so many turns at least, and until the budget is spent.
pub(crate) fn best_times<F: FnMut(usize)>(
    timers: impl IntoIterator<Item = Timer<F>>,
    at_least: usize,
    budget: Duration,
) -> Vec<f64> {
    let mut timers: Vec<_> = timers.into_iter().collect();
    let (start, mut turns) = (Instant::now(), 0);
    while turns < at_least || start.elapsed() < budget {
        for timer in &mut timers {
            let seconds = timer.time().as_secs_f64() / timer.count as f64;
            timer.best = timer.best.min(seconds);
        }
        turns += 1;
    }
    timers.iter().map(|timer| timer.best).collect()
}
