//! Sizes against sizes, both on logarithmic axes.

use super::axis::{Axis, has_place, range};
use super::cost::lines;
use super::panel::{Panel, Point, SIZE};
use super::{Content, Curve, Figure, PlotError};

/// Curves on two logarithmic axes, where y = c·xᵏ is a straight line of slope k.
///
/// A point of which a coordinate is not positive and finite has no place there, and leaves a gap.
///
/// # Errors
///
/// [`PlotError::NoPositivePoint`] if there is nothing to draw.
///
/// ```
/// use layers::plot::{Curve, log_log_curves};
///
/// let points = (1..100).map(|n| (f64::from(n), f64::from(n * n))).collect();
/// let squares = Curve { name: "n²".into(), points };
/// let svg = log_log_curves("Growth", "n", "steps", &[squares])?.to_svg();
/// assert!(svg.contains("10⁴") && svg.contains("steps"));
/// # Ok::<(), layers::plot::PlotError>(())
/// ```
pub fn log_log_curves(
    title: &str,
    x: &str,
    y: &str,
    curves: &[Curve],
) -> Result<Figure, PlotError> {
    let is_placed = |&(x, y): &Point| x > 0.0 && y > 0.0 && has_place(x) && has_place(y);
    let series = lines(curves, is_placed, |(x, y)| (x.log10(), y.log10()));
    let places = || {
        series
            .iter()
            .flat_map(|series| series.runs.iter().flatten())
    };
    if places().next().is_none() {
        return Err(PlotError::NoPositivePoint);
    }
    let axis = |label: &str, positions: &mut dyn Iterator<Item = f64>| {
        let (lo, hi) = range(positions);
        let decades = hi - lo;
        // Around what is one number, save for rounding, there is a decade.
        let margin = if decades < 1e-9 { 0.5 } else { 0.05 * decades };
        Axis::logarithmic(label, (lo - margin, hi + margin))
    };
    Ok(Figure(Content::Panel(Box::new(Panel {
        size: SIZE,
        title: title.to_owned(),
        x: axis(x, &mut places().map(|&(x, _)| x)),
        y: axis(y, &mut places().map(|&(_, y)| y)),
        shading: None,
        series,
    }))))
}
