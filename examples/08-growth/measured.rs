//! A sweep, measured, and its two plots.

use std::time::Duration;

use gradproof::layers::plot::{Curve, Figure, PlotError, log_log_curves};

use crate::common::Progress;
use crate::growth::Growth;
use crate::measure::Costs;
use crate::sweeps::Sweep;

/// How often every size is come back to: what disturbs the machine for a while does not disturb all
/// of these times.
const ROUNDS: usize = 4;

/// What a sweep measured, of each way to compute a step.
pub(crate) struct Measured {
    pub(crate) sweep: &'static Sweep,
    /// Seconds at each size.
    pub(crate) time: Vec<Growth>,
    /// Bytes held, at each number of bytes that the values and the gradients have.
    pub(crate) memory: Vec<Growth>,
}

impl Measured {
    pub(crate) fn by(sweep: &'static Sweep, is_quick: bool) -> Self {
        let sizes = sweep.sizes(is_quick);
        let budget = Duration::from_millis(if is_quick { 1 } else { 100 });
        let progress = Progress::new(sweep.size, ROUNDS * sizes.len());
        let mut costs: Vec<Costs> = Vec::with_capacity(sizes.len());
        for round in 0..ROUNDS {
            for (k, &size) in sizes.iter().enumerate() {
                progress.reach(round * sizes.len() + k);
                let measured = (sweep.costs)(size, budget);
                match costs.get_mut(k) {
                    None => costs.push(measured),
                    Some(costs) => costs.keep_fastest(&measured),
                }
            }
        }
        let ways = || costs[0].ways.iter().map(|(name, _)| *name).enumerate();
        let time = ways().map(|(way, name)| {
            let seconds = costs.iter().map(|costs| costs.ways[way].1.seconds);
            let points = sizes.iter().map(|&size| size as f64).zip(seconds);
            Growth {
                name,
                points: points.collect(),
            }
        });
        let memory = ways().map(|(way, name)| {
            let point = |costs: &Costs| (costs.values_and_gradients, costs.ways[way].1.bytes);
            let points = costs.iter().map(point).map(|(x, y)| (x as f64, y as f64));
            Growth {
                name,
                points: points.collect(),
            }
        });
        Self {
            sweep,
            time: time.collect(),
            memory: memory.collect(),
        }
    }

    /// Seconds against the size, with the slopes in the legend, and a line of the one expected.
    pub(crate) fn time_panel(&self) -> Result<Figure, PlotError> {
        let mut curves: Vec<_> = self.time.iter().map(Growth::curve).collect();
        curves.push(self.time[0].line(self.sweep.power));
        log_log_curves(self.sweep.title, self.sweep.size, "seconds", &curves)
    }

    /// Bytes held against bytes of values and gradients, and a line for as many.
    pub(crate) fn memory_panel(&self) -> Result<Figure, PlotError> {
        let mut curves: Vec<_> = self.memory.iter().map(Growth::curve).collect();
        let sizes = self.memory[0].points.iter().map(|&(size, _)| size);
        curves.push(Curve {
            name: "as many".to_owned(),
            points: sizes.map(|size| (size, size)).collect(),
        });
        let size = "bytes of values and gradients";
        log_log_curves(self.sweep.title, size, "bytes held", &curves)
    }
}
