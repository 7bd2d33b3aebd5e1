//! Probabilities as a background: one class's colour, fading to white at 0.5, then the other's.

use plotters::chart::ChartContext;
use plotters::element::Rectangle;
use plotters::prelude::DrawingBackend;
use plotters::style::{Color, RGBColor, WHITE};

use super::{Drawn, Plane};
use crate::plot::boundary::CLASS;
use crate::plot::panel::Grid;

/// Probabilities are rounded to this many steps, so that cells of one colour can be one rectangle.
const STEPS: f64 = 16.0;

/// How much of a class's colour there is where its probability is 1.
const STRENGTH: f64 = 0.42;

/// Fills the axes.
///
/// Every rectangle reaches one cell too far to the right and upwards, and the next ones cover that:
/// otherwise the background would shine through the seams between them.
pub(super) fn draw<DB: DrawingBackend>(
    grid: &Grid,
    chart: &mut ChartContext<'_, DB, Plane>,
) -> Drawn<DB> {
    let area = chart.plotting_area();
    let last = grid.side - 1;
    for row in 0..last {
        let colors: Vec<_> = (0..last)
            .map(|column| color(grid.cell(column, row)))
            .collect();
        let mut column = 0;
        for run in colors.chunk_by(|a, b| a == b) {
            let end = column + run.len();
            let lower = grid.place(column, row);
            let upper = grid.place((end + 1).min(last), (row + 2).min(last));
            area.draw(&Rectangle::new([lower, upper], run[0].filled()))?;
            column = end;
        }
    }
    Ok(())
}

fn color(probability: f64) -> RGBColor {
    if probability.is_nan() {
        return WHITE;
    }
    // Rounded to the middle of a step, so that no step lies on both sides of 0.5.
    let p = ((probability.clamp(0.0, 1.0) * STEPS)
        .floor()
        .min(STEPS - 1.0)
        + 0.5)
        / STEPS;
    let RGBColor(r, g, b) = CLASS[usize::from(p > 0.5)];
    let share = STRENGTH * (2.0 * p - 1.0).abs();
    let mix = |full: u8| (255.0 * (1.0 - share) + f64::from(full) * share).round() as u8;
    RGBColor(mix(r), mix(g), mix(b))
}
