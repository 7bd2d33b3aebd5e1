//! What can go wrong between data and a file.

use std::path::PathBuf;

use autodiff::Shape;

use crate::WriteError;

/// Why there is no picture, and what to do about it.
///
/// ```
/// use layers::plot::cost_curves;
///
/// let error = cost_curves("Training", &[]).unwrap_err();
/// assert!(error.to_string().contains("record at least one cost"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// No curve has a point to draw.
    #[error(
        "no curve has a finite cost to draw: record at least one cost, and if training diverged \
         from the start, lower the learning rate"
    )]
    NoFiniteCost,
    /// There is no point whose logarithms could be drawn.
    #[error("no point has two positive coordinates: there is nothing to draw on logarithmic axes")]
    NoPositivePoint,
    /// The examples or their labels are not shaped like a plane's.
    #[error(
        "a decision boundary wants examples of shape (2, m) and labels of shape (1, m), m at least \
         1, and got {x} and {y}: keep two features, and one example per column"
    )]
    Shapes {
        /// The shape of the examples.
        x: Shape,
        /// The shape of the labels.
        y: Shape,
    },
    /// An example has no place in the plane.
    #[error(
        "example {example} is at ({x1}, {x2}), which cannot be drawn: drop it, or fill in finite \
         coordinates"
    )]
    Example {
        /// The example's column.
        example: usize,
        /// Its first coordinate.
        x1: f64,
        /// Its second coordinate.
        x2: f64,
    },
    /// A label is neither 0 nor 1.
    #[error("the label of example {example} is {label}: a decision boundary wants labels 0 and 1")]
    Label {
        /// The example's column.
        example: usize,
        /// Its label.
        label: f64,
    },
    /// The extension of a file's name is not one of a format that can be written.
    #[error("cannot tell the format of {}: end the file's name in .svg or .png", path.display())]
    Format {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error(transparent)]
    Write(WriteError),
}
