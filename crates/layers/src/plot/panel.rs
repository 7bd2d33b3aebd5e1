//! What one pair of axes shows, as data. The drawing code knows no kind of plot but this.

use plotters::style::RGBColor;

use super::axis::Axis;

/// The width and the height of a panel that has no reason for another one.
pub(super) const SIZE: (u32, u32) = (640, 480);

/// A position, in the units of the axes.
pub(super) type Point = (f64, f64);

/// Titles, axes, and on them a shading below and series above.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    /// The width and the height, if the legend is one row.
    pub(super) size: (u32, u32),
    pub(super) title: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) shading: Option<Grid>,
    pub(super) series: Vec<Series>,
}

/// Lines or points that look alike; with a name, they are in the legend.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) name: Option<String>,
    pub(super) mark: Mark,
    pub(super) color: RGBColor,
    /// Lines are interrupted between runs.
    pub(super) runs: Vec<Vec<Point>>,
}

/// The look of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mark {
    Line,
    Dot,
    Triangle,
}

/// Probabilities at the nodes of a regular grid that fills the axes, row by row from the lower left.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    pub(super) x: (f64, f64),
    pub(super) y: (f64, f64),
    /// How many nodes there are along each axis.
    pub(super) side: usize,
    pub(super) values: Vec<f64>,
}

impl Grid {
    /// The values of a function of points.
    pub(super) fn sampled(
        x: (f64, f64),
        y: (f64, f64),
        side: usize,
        values: impl FnOnce(&[Point]) -> Vec<f64>,
    ) -> Self {
        let mut grid = Self {
            x,
            y,
            side,
            values: Vec::new(),
        };
        let nodes = (0..side * side).map(|k| grid.place(k % side, k / side));
        grid.values = values(&nodes.collect::<Vec<_>>());
        grid
    }

    /// The value at a node.
    pub(super) fn value(&self, column: usize, row: usize) -> f64 {
        self.values[row * self.side + column]
    }

    /// The place of a node.
    pub(super) fn place(&self, column: usize, row: usize) -> Point {
        let along = |(lo, hi): (f64, f64), k: usize| {
            let t = k as f64 / (self.side - 1) as f64;
            lo * (1.0 - t) + hi * t
        };
        (along(self.x, column), along(self.y, row))
    }

    /// The mean of the four values around a cell, NaN if one of them is not finite.
    pub(super) fn cell(&self, column: usize, row: usize) -> f64 {
        let corners = [(0, 0), (1, 0), (0, 1), (1, 1)];
        let sum: f64 = corners
            .into_iter()
            .map(|(dx, dy)| self.value(column + dx, row + dy))
            .sum();
        if sum.is_finite() { sum / 4.0 } else { f64::NAN }
    }
}

/// Colours that are told apart with any kind of colour vision.
///
/// Masataka Okabe and Kei Ito, "Color Universal Design" (2008), without the yellow, which is too
/// light for lines on white, and in an order that puts the most different ones first.
pub(super) const PALETTE: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// What there is, each with its colour.
pub(super) fn colored<T>(series: &[T]) -> impl Iterator<Item = (&T, RGBColor)> {
    series.iter().zip(PALETTE.into_iter().cycle())
}
