//! Where a classifier of the plane changes its mind.

use autodiff::Tensor;
use plotters::style::RGBColor;

use super::axis::{Axis, has_place, range, with_margin};
use super::contour::contour;
use super::panel::{Grid, Mark, PALETTE, Panel, Point, Series};
use super::{Content, Figure, PlotError};

/// Makes the plotting area about square, so that a circle looks like one.
const SIZE: (u32, u32) = (456, 480);

/// The grid has this many nodes each way, so that its cells hide behind the boundary's line.
const SIDE: usize = 221;

const BLACK: RGBColor = RGBColor(30, 30, 30);

/// The colour of a class.
pub(super) const CLASS: [RGBColor; 2] = [PALETTE[0], PALETTE[1]];

/// The regions of a binary classifier, over the examples.
///
/// `x` has shape `(2, m)` and `y` has shape `(1, m)`, one example per column, with labels 0 and 1.
/// `probability` takes points of shape `(2, k)` and gives the probabilities of label 1, of shape
/// `(1, k)`. It is called first with a grid over the examples and a margin of 10 % around them, then
/// a few times with points near the boundary, to find where exactly it is.
///
/// The stronger the shading, the surer the classifier; the line is where the probability is 0.5.
/// Where a probability is NaN, nothing is shaded.
///
/// # Errors
///
/// [`PlotError::Shapes`], [`PlotError::Example`] or [`PlotError::Label`] if the examples or labels
/// are not as described.
///
/// # Panics
///
/// If the shape of what `probability` returns is not `(1, k)`.
///
/// ```
/// use autodiff::Tensor;
/// use layers::plot::decision_boundary;
///
/// let x = Tensor::from([[0.0, 0.1, 1.0, -0.9], [0.2, -0.1, 0.3, 0.8]]);
/// let y = Tensor::from([[0.0, 0.0, 1.0, 1.0]]);
/// let figure = decision_boundary("A circle", &x, &y, |points| {
///     let k = points.shape().dims()[1];
///     Tensor::from_fn([1, k], |i| {
///         let distance = points[[0, i]].hypot(points[[1, i]]);
///         1.0 / (1.0 + (10.0 * (0.6 - distance)).exp())
///     })
/// })?;
/// assert!(figure.to_svg().contains("p = 0.5"));
/// # Ok::<(), layers::plot::PlotError>(())
/// ```
pub fn decision_boundary(
    title: &str,
    x: &Tensor<f64>,
    y: &Tensor<f64>,
    probability: impl Fn(&Tensor<f64>) -> Tensor<f64>,
) -> Result<Figure, PlotError> {
    let classes = by_class(x, y)?;
    let along = |feature: usize| {
        let points = classes.iter().flatten();
        let values = points.map(|&(x1, x2)| if feature == 1 { x1 } else { x2 });
        with_margin(range(values), 0.1)
    };
    let values = |points: &[Point]| evaluate(&probability, points);
    let shading = Grid::sampled(along(1), along(2), SIDE, values);

    let mut series = vec![Series {
        name: Some("p = 0.5".to_owned()),
        mark: Mark::Line,
        color: BLACK,
        runs: contour(&shading, 0.5, values),
    }];
    let marks = [Mark::Dot, Mark::Triangle];
    for (label, (points, mark)) in classes.into_iter().zip(marks).enumerate() {
        if !points.is_empty() {
            series.push(Series {
                name: Some(format!("y = {label}")),
                mark,
                color: CLASS[label],
                runs: vec![points],
            });
        }
    }

    Ok(Figure(Content::Panel(Box::new(Panel {
        size: SIZE,
        title: title.to_owned(),
        x: Axis::linear("x1", shading.x),
        y: Axis::linear("x2", shading.y),
        shading: Some(shading),
        series,
    }))))
}

/// The points with label 0, and those with label 1.
fn by_class(x: &Tensor<f64>, y: &Tensor<f64>) -> Result<[Vec<Point>; 2], PlotError> {
    let m = y.shape().size();
    if m == 0 || *x.shape().dims() != [2, m] || *y.shape().dims() != [1, m] {
        let (x, y) = (x.shape(), y.shape());
        return Err(PlotError::Shapes { x, y });
    }
    let mut classes = [Vec::new(), Vec::new()];
    for example in 0..m {
        let (x1, x2) = (x[[0, example]], x[[1, example]]);
        if !has_place(x1) || !has_place(x2) {
            return Err(PlotError::Example { example, x1, x2 });
        }
        match y[[0, example]] {
            0.0 => classes[0].push((x1, x2)),
            1.0 => classes[1].push((x1, x2)),
            label => return Err(PlotError::Label { example, label }),
        }
    }
    Ok(classes)
}

/// The probabilities at some points.
fn evaluate(probability: impl Fn(&Tensor<f64>) -> Tensor<f64>, points: &[Point]) -> Vec<f64> {
    let k = points.len();
    let (x1, x2) = points.iter().copied().unzip::<_, _, Vec<_>, Vec<_>>();
    let values = probability(&Tensor::new([2, k], [x1, x2].concat()));
    assert!(
        *values.shape().dims() == [1, k],
        "the probabilities of {k} points have shape (1, {k}), and the closure returned {}",
        values.shape()
    );
    values.into_vec()
}
