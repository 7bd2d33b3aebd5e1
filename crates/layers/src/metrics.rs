//! How good predictions are.

mod confusion;
mod roc;

use autodiff::{Scalar, Shape, Tensor};
use thiserror::Error;

pub use confusion::ConfusionMatrix;
pub use roc::RocCurve;

/// Why predictions have no such figure. Examples are counted from 0.
///
/// ```
/// use autodiff::Tensor;
/// use layers::RocCurve;
///
/// let (scores, labels) = (Tensor::from([[0.2, 0.7]]), Tensor::from([[1.0, 1.0]]));
/// let error = RocCurve::new(&scores, &labels).unwrap_err();
/// assert!(error.to_string().contains("no example of class 0"));
/// ```
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum MetricError {
    /// There is not one prediction for each label.
    #[error(
        "predictions and labels must both have shape (1, m): these are {predictions} and {labels}"
    )]
    Shapes {
        /// The predictions' shape.
        predictions: Shape,
        /// The labels' shape.
        labels: Shape,
    },
    /// A label or a predicted class is neither 0 nor 1.
    #[error("the {what} of example {example} is {value}: it must be 0 or 1, exactly")]
    Class {
        /// Label or prediction.
        what: &'static str,
        /// The column.
        example: usize,
        /// What is there.
        value: String,
    },
    /// A score is NaN.
    #[error(
        "the score of example {0} is NaN, which is neither above nor below another: mend the model"
    )]
    Nan(usize),
    /// The figure compares the classes, and one is missing.
    #[error("there is no example of class {class} among the labels: {needs} needs both classes")]
    OneClass {
        /// The class that is missing.
        class: usize,
        /// What was asked for.
        needs: &'static str,
    },
    /// The figure would be 0/0.
    #[error("{metric} is undefined: {reason}")]
    Undefined {
        /// What was asked for.
        metric: &'static str,
        /// Which number is 0.
        reason: &'static str,
    },
}

fn check_shapes<S: Scalar>(predictions: &Tensor<S>, labels: &Tensor<S>) -> Result<(), MetricError> {
    let same = predictions.shape() == labels.shape();
    match labels.shape().dims() {
        [1, _] if same => Ok(()),
        _ => Err(MetricError::Shapes {
            predictions: predictions.shape(),
            labels: labels.shape(),
        }),
    }
}

/// Whether each is of class 1.
fn classes<S: Scalar>(what: &'static str, values: &Tensor<S>) -> Result<Vec<bool>, MetricError> {
    let class = |(example, &value): (usize, &S)| match value {
        _ if value == S::one() => Ok(true),
        _ if value == S::zero() => Ok(false),
        _ => Err(MetricError::Class {
            what,
            example,
            value: value.to_string(),
        }),
    };
    values.as_slice().iter().enumerate().map(class).collect()
}
