//! Costs against iterations.

use plotters::style::RGBColor;

use super::axis::{Axis, has_place, range, with_margin};
use super::panel::{Mark, Panel, Point, SIZE, Series, colored};
use super::{Content, Figure, PlotError};

/// Costs this many times apart are drawn on a logarithmic axis.
const DECADES_APART: f64 = 1e3;

const GREY: RGBColor = RGBColor(110, 110, 110);

/// A named sequence of points, such as (iteration, cost).
///
/// ```
/// use layers::plot::Curve;
///
/// let curve = Curve { name: "rate 0.1".into(), points: vec![(0.0, 0.7), (100.0, 0.4)] };
/// assert_eq!(curve.points[1], (100.0, 0.4));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What the legend says.
    pub name: String,
    /// What is along the axis and what is above it, in the order in which they are joined.
    pub points: Vec<(f64, f64)>,
}

/// Curves of costs against iterations.
///
/// A cost that is not finite leaves a gap, with a triangle above it. Positive costs that
/// are a factor of 1000 apart or more get a logarithmic axis, whose label says so. The colours
/// repeat from the eighth curve on.
///
/// # Errors
///
/// [`PlotError::NoFiniteCost`] if there is nothing to draw.
///
/// ```
/// use layers::plot::{Curve, cost_curves};
///
/// let points = vec![(0.0, f64::INFINITY), (1.0, 10.0), (2.0, 0.001)];
/// let svg = cost_curves("Training", &[Curve { name: "rate 3".into(), points }])?.to_svg();
/// assert!(svg.contains("not finite"));
/// assert!(svg.contains("cost (log scale)"));
/// # Ok::<(), layers::plot::PlotError>(())
/// ```
pub fn cost_curves(title: &str, curves: &[Curve]) -> Result<Figure, PlotError> {
    // A point whose iteration is not finite has no place at all.
    let placed = || {
        let points = curves.iter().flat_map(|curve| &curve.points);
        points.copied().filter(|&(x, _)| has_place(x))
    };
    let is_drawn = |&(x, y): &Point| has_place(x) && has_place(y);
    let drawn = || placed().filter(is_drawn);
    if drawn().next().is_none() {
        return Err(PlotError::NoFiniteCost);
    }

    let x = with_margin(range(placed().map(|(x, _)| x)), 0.02);
    let x = if placed().all(|(x, _)| x.fract() == 0.0) {
        Axis::counting("iteration", x)
    } else {
        Axis::linear("iteration", x)
    };

    let (lo, hi) = range(drawn().map(|(_, y)| y));
    let logarithmic = lo > 0.0 && hi / lo >= DECADES_APART;
    let height = if logarithmic { f64::log10 } else { |cost| cost };
    let (mut bottom, mut top) = with_margin((height(lo), height(hi)), 0.05);
    if !logarithmic && lo >= 0.0 && lo < 0.25 * hi {
        bottom = 0.0;
    }
    let mut series = lines(curves, is_drawn, |(x, cost)| (x, height(cost)));
    let row = 0.04 * (top - bottom);
    top += row * add_gaps(&mut series, curves, top, row) as f64;
    let y = if logarithmic {
        Axis::logarithmic("cost (log scale)", (bottom, top))
    } else {
        Axis::linear("cost", (bottom, top))
    };

    Ok(Figure(Content::Panel(Box::new(Panel {
        size: SIZE,
        title: title.to_owned(),
        x,
        y,
        shading: None,
        series,
    }))))
}

/// The lines of curves, interrupted where a point has no place, each other point where it goes.
pub(super) fn lines(
    curves: &[Curve],
    is_placed: impl Fn(&Point) -> bool,
    place: impl Fn(Point) -> Point,
) -> Vec<Series> {
    let runs = |points: &[Point]| {
        points
            .split(|point| !is_placed(point))
            .filter(|run| !run.is_empty())
            .map(|run| run.iter().copied().map(&place).collect())
            .collect()
    };
    let line = |(curve, color): (&Curve, _)| Series {
        name: Some(curve.name.clone()),
        mark: Mark::Line,
        color,
        runs: runs(&curve.points),
    };
    colored(curves).map(line).collect()
}

/// Marks where curves stop being finite, in rows from `bottom` up, and says how many there are.
///
/// Each such curve has its own row, because several often start with an infinite cost.
fn add_gaps(series: &mut Vec<Series>, curves: &[Curve], bottom: f64, row: f64) -> usize {
    let mut rows = 0;
    for (curve, color) in colored(curves) {
        let at = bottom + row * rows as f64;
        let marks: Vec<_> = first_lost(&curve.points).map(|x| (x, at)).collect();
        if !marks.is_empty() {
            rows += 1;
            series.push(Series {
                name: None,
                mark: Mark::Triangle,
                color,
                runs: vec![marks],
            });
        }
    }
    if rows > 0 {
        // Only for the legend, which needs it once for all colours.
        series.push(Series {
            name: Some("not finite".to_owned()),
            mark: Mark::Triangle,
            color: GREY,
            runs: Vec::new(),
        });
    }
    rows
}

/// The iterations at which the cost stops being finite: one for each gap.
fn first_lost(points: &[Point]) -> impl Iterator<Item = f64> {
    let mut within = false;
    points
        .iter()
        .filter(move |(_, y)| {
            let before = std::mem::replace(&mut within, !has_place(*y));
            within && !before
        })
        .map(|&(x, _)| x)
        .filter(|&x| has_place(x))
}
