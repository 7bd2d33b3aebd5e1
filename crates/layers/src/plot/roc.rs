//! True positive rates against false positive rates.

use plotters::style::RGBColor;

use super::axis::Axis;
use super::panel::{Mark, Panel, Series, colored};
use super::{Content, Figure};
use crate::RocCurve;

/// Axes of equal length, and above them the title and the legend.
const SIZE: (u32, u32) = (560, 580);

const GREY: RGBColor = RGBColor(150, 150, 150);

/// ROC curves, each with its area in the legend, and the diagonal that guessing would give.
///
/// ```
/// use autodiff::Tensor;
/// use layers::{RocCurve, plot::roc_curves};
///
/// let scores = Tensor::from([[0.9, 0.8, 0.8, 0.1]]);
/// let labels = Tensor::from([[1.0, 1.0, 0.0, 0.0]]);
/// let test = RocCurve::new(&scores, &labels)?;
/// let svg = roc_curves("Test part", &[("network", &test)]).to_svg();
/// assert!(svg.contains("network, AUC 0.8750"));
/// # Ok::<(), layers::MetricError>(())
/// ```
#[must_use]
pub fn roc_curves(title: &str, curves: &[(&str, &RocCurve)]) -> Figure {
    // A margin, because the best curves run along the edges.
    let range = (-0.02, 1.02);
    let chance = Series {
        name: Some("guessing".to_owned()),
        mark: Mark::Line,
        color: GREY,
        runs: vec![vec![(0.0, 0.0), (1.0, 1.0)]],
    };
    let lines = colored(curves).map(|(&(name, curve), color)| Series {
        name: Some(format!("{name}, AUC {:.4}", curve.auc())),
        mark: Mark::Line,
        color,
        runs: vec![curve.points()],
    });
    Figure(Content::Panel(Box::new(Panel {
        size: SIZE,
        title: title.to_owned(),
        x: Axis::linear("false positive rate", range),
        y: Axis::linear("true positive rate", range),
        shading: None,
        series: [chance].into_iter().chain(lines).collect(),
    })))
}
