//! The legend: rows between the title and the axes, where it cannot hide data.

use plotters::element::{Circle, PathElement, TriangleMarker};
use plotters::prelude::DrawingBackend;
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Canvas, Drawn, fitting, line, printable, text, text_width, units};
use crate::plot::panel::{Mark, Panel, Series};

const SIZE: f64 = 15.0;
const ROW: u32 = 22;
const KEY: f64 = 24.0;
const GAP: f64 = 18.0;

/// Named series, and where they go.
pub(super) struct Legend<'a> {
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    series: &'a Series,
    name: String,
    size: f64,
    left: f64,
    row: usize,
}

impl<'a> Legend<'a> {
    /// Fills rows from left to right.
    pub(super) fn new(panel: &'a Panel) -> Self {
        let width = f64::from(panel.size.0) - 40.0;
        let mut entries: Vec<Entry<'_>> = Vec::new();
        let (mut left, mut row) = (0.0, 0);
        for series in &panel.series {
            let Some(name) = &series.name else { continue };
            let name = printable(name);
            let size = fitting(&name, SIZE, width - KEY);
            let needed = KEY + text_width(&name, size);
            if left > 0.0 && left + needed > width {
                (left, row) = (0.0, row + 1);
            }
            entries.push(Entry {
                series,
                name,
                size,
                left,
                row,
            });
            left += needed + GAP;
        }
        Self { entries }
    }

    /// The height of the rows after the first.
    pub(super) fn extra_height(&self) -> u32 {
        let rows = self.entries.last().map_or(0, |entry| entry.row);
        ROW * rows as u32
    }

    pub(super) fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<DB>,
        (x, y): (f64, f64),
    ) -> Drawn<DB> {
        for entry in &self.entries {
            let left = x + entry.left;
            let height = units(y + f64::from(ROW) * (entry.row as f64 + 0.5));
            let color = entry.series.color;
            let center = (units(left + KEY / 2.0 - 3.0), height);
            match entry.series.mark {
                Mark::Line => {
                    let ends = vec![(units(left), height), (units(left + KEY - 6.0), height)];
                    canvas.draw(&PathElement::new(ends, line(color, 2.0)))?;
                }
                Mark::Dot => canvas.draw(&Circle::new(center, units(4.0), color.filled()))?,
                Mark::Triangle => {
                    canvas.draw(&TriangleMarker::new(center, units(5.0), color.filled()))?;
                }
            }
            let style = text(entry.size).pos(Pos::new(HPos::Left, VPos::Center));
            canvas.draw_text(&entry.name, &style, (units(left + KEY), height))?;
        }
        Ok(())
    }
}
