//! The one drawing function, for every backend.
//!
//! Lengths are in the pixels of [`Figure::size`]. Backends count in whole units, so a canvas has
//! [`UNITS`] of them to the pixel, and lines come out smooth.

mod legend;
mod shading;

use plotters::chart::{ChartBuilder, ChartContext, LabelAreaPosition};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::element::{Circle, PathElement, TriangleMarker};
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, RGBColor, ShapeStyle, TRANSPARENT, TextStyle, WHITE};

use legend::Legend;

use super::axis::Axis;
use super::font;
use super::panel::{Mark, Panel, Series};
use super::{Content, Figure, TITLE, row_size, rows};

const INK: RGBColor = RGBColor(40, 40, 40);
const GRID: RGBColor = RGBColor(225, 225, 225);

/// The size of the numbers along the axes.
const TICK: f64 = 15.0;

type Canvas<DB> = DrawingArea<DB, Shift>;
type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;
type Plane = Cartesian2d<Axis, Axis>;

/// How many units of a canvas make up a pixel.
pub(super) const UNITS: u32 = 10;

fn units(pixels: f64) -> i32 {
    (pixels * f64::from(UNITS)).round() as i32
}

fn line(color: RGBColor, pixels: f64) -> ShapeStyle {
    color.stroke_width(units(pixels) as u32)
}

/// Text with this distance between lines; the letters are about four fifths of it.
fn text(pixels: f64) -> TextStyle<'static> {
    TextStyle::from((font::FAMILY, units(pixels)).into_font()).color(&INK)
}

/// How wide such text is.
fn text_width(content: &str, pixels: f64) -> f64 {
    f64::from(font::width(content)) * pixels / font::LINE
}

/// A text's size, or as much less as it takes to fit.
fn fitting(content: &str, pixels: f64, width: f64) -> f64 {
    pixels * (width / text_width(content, pixels)).min(1.0)
}

/// The width and the height of a panel: a long legend adds to it, and takes nothing from the axes.
pub(super) fn size(panel: &Panel) -> (u32, u32) {
    let (width, height) = panel.size;
    (width, height + Legend::new(panel).extra_height())
}

/// Draws a figure from the upper left corner of a canvas.
pub(super) fn draw<DB: DrawingBackend>(figure: &Figure, canvas: &Canvas<DB>) -> Drawn<DB> {
    match &figure.0 {
        Content::Panel(panel) => draw_panel(panel, canvas),
        Content::Rows { title, figures } => {
            let (width, _) = figure.size();
            draw_title(title, canvas, 23.0, f64::from(width))?;
            let (_, mut below) = canvas.split_vertically(units(f64::from(TITLE)));
            for row in rows(figures) {
                let (_, height) = row_size(row);
                let (mut right, rest) = below.split_vertically(units(f64::from(height)));
                for figure in row {
                    let (width, _) = figure.size();
                    let (here, rest) = right.split_horizontally(units(f64::from(width)));
                    draw(figure, &here)?;
                    right = rest;
                }
                below = rest;
            }
            Ok(())
        }
    }
}

fn draw_title<DB: DrawingBackend>(
    title: &str,
    canvas: &Canvas<DB>,
    size: f64,
    width: f64,
) -> Drawn<DB> {
    let title = printable(title);
    let style = text(fitting(&title, size, width - 32.0)).pos(Pos::new(HPos::Center, VPos::Center));
    canvas.draw_text(&title, &style, (units(width / 2.0), units(24.0)))
}

fn draw_panel<DB: DrawingBackend>(panel: &Panel, canvas: &Canvas<DB>) -> Drawn<DB> {
    let width = f64::from(panel.size.0);
    draw_title(&panel.title, canvas, 20.0, width)?;

    let widths = panel.y.ticks.iter().map(|(_, tick)| text_width(tick, TICK));
    // Room for the axis's name, the widest label, and the ticks between them and the axis.
    let left = 36.0 + widths.fold(0.0, f64::max);

    let legend = Legend::new(panel);
    legend.draw(canvas, (24.0, 42.0))?;

    let top = 70 + legend.extra_height();
    let (_, below) = canvas.split_vertically(units(f64::from(top)));
    let mut chart = ChartBuilder::on(&below)
        .margin_left(units(8.0))
        .margin_right(units(20.0))
        .margin_bottom(units(8.0))
        .set_label_area_size(LabelAreaPosition::Left, units(left))
        .set_label_area_size(LabelAreaPosition::Bottom, units(46.0))
        .build_cartesian_2d(panel.x.clone(), panel.y.clone())?;

    let [x, y] = [&panel.x, &panel.y].map(|axis| printable(&axis.label));
    let (across, up) = chart.plotting_area().dim_in_pixel();
    let length = |in_units| f64::from(in_units) / f64::from(UNITS);
    // Both names have one size.
    let size = fitting(&y, fitting(&x, 16.0, length(across)), length(up));
    chart
        .configure_mesh()
        .x_desc(x)
        .y_desc(y)
        .axis_desc_style(text(size))
        .label_style(text(TICK))
        .axis_style(line(INK, 1.0))
        .bold_line_style(line(GRID, 1.0))
        .light_line_style(TRANSPARENT)
        .set_all_tick_mark_size(units(4.0))
        .draw()?;

    if let Some(grid) = &panel.shading {
        shading::draw(grid, &mut chart)?;
    }
    // Again, because the shading hides half of the axes' width.
    let Panel { x, y, .. } = panel;
    let axes = vec![(x.lo, y.hi), (x.lo, y.lo), (x.hi, y.lo)];
    let area = chart.plotting_area();
    area.draw(&PathElement::new(axes, line(INK, 1.0)))?;
    for series in &panel.series {
        draw_series(series, &mut chart)?;
    }
    Ok(())
}

fn draw_series<DB: DrawingBackend>(
    series: &Series,
    chart: &mut ChartContext<'_, DB, Plane>,
) -> Drawn<DB> {
    let area = chart.plotting_area();
    let color = series.color;
    for run in &series.runs {
        match (series.mark, &run[..]) {
            (Mark::Line, [_, _, ..]) => {
                area.draw(&PathElement::new(run.clone(), line(color, 2.0)))?;
            }
            (Mark::Line | Mark::Dot, points) => {
                for &at in points {
                    // The white rim keeps points apart that lie on one another or on a shading.
                    area.draw(&Circle::new(at, units(4.0), WHITE.filled()))?;
                    area.draw(&Circle::new(at, units(3.2), color.filled()))?;
                }
            }
            (Mark::Triangle, points) => {
                for &at in points {
                    area.draw(&TriangleMarker::new(at, units(5.6), WHITE.filled()))?;
                    area.draw(&TriangleMarker::new(at, units(4.2), color.filled()))?;
                }
            }
        }
    }
    Ok(())
}

/// The text without line breaks and other characters that have no glyph, and no place in XML.
fn printable(text: &str) -> String {
    let visible = |c: char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    let shown = |c: char| if visible(c) { c } else { ' ' };
    text.chars().map(shown).collect()
}
