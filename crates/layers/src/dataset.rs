//! Labelled examples, checked once.

use std::sync::Arc;

use autodiff::{Scalar, Shape, Tensor};
use thiserror::Error;

use crate::mini_batches::select_columns;

/// Examples with two classes: features x of shape `(n_x, m)`, one example per column, and labels y
/// of shape `(1, m)`.
///
/// There is at least one feature and one example, every feature is finite, and every label is
/// exactly 0 or 1. Whoever holds a data set need not check again.
///
/// ```
/// use autodiff::Tensor;
/// use layers::Dataset;
///
/// let x = Tensor::from([[0.5, -1.0, 2.0], [1.5, 0.0, 3.0]]);
/// let y = Tensor::from([[0.0, 1.0, 1.0]]);
/// let data = Dataset::new(x, y)?;
/// assert_eq!((data.features(), data.examples()), (2, 3));
/// assert_eq!(data.cast::<f32>()?.x()[[1, 0]], 1.5);
///
/// let misread = Dataset::new(Tensor::from([[f64::NAN]]), Tensor::from([[1.0]]));
/// assert!(misread.unwrap_err().to_string().contains("feature 0 of example 0 is NaN"));
/// # Ok::<(), layers::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset<S> {
    x: Arc<Tensor<S>>,
    y: Tensor<S>,
}

/// Why arrays are no [`Dataset`]. Examples and features are counted from 0, as columns and rows.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum DataError {
    /// x and y are not matrices with one column per example.
    #[error(
        "features must have shape (n_x, m) and labels (1, m), with an example per column: \
         these are {x} and {y}"
    )]
    Shapes {
        /// The features' shape.
        x: Shape,
        /// The labels' shape.
        y: Shape,
    },
    /// There are no features or no examples.
    #[error("a data set needs at least one feature and one example: this one has shape {x}")]
    Empty {
        /// The features' shape.
        x: Shape,
    },
    /// A feature is NaN or infinite.
    #[error(
        "feature {feature} of example {example} is {value}, not a finite number of type {scalar}: \
         correct the example or leave it out"
    )]
    NotFinite {
        /// The row of x.
        feature: usize,
        /// The column of x.
        example: usize,
        /// What is there.
        value: String,
        /// The type it is not a finite number of.
        scalar: &'static str,
    },
    /// A label is neither 0 nor 1.
    #[error("the label of example {example} is {value}: it must be 0 or 1, exactly")]
    Label {
        /// The column of y.
        example: usize,
        /// What is there.
        value: String,
    },
    /// An argument of a generator of data is out of its range.
    #[error("{name} is {value}: it must be {range}")]
    Argument {
        /// The argument.
        name: &'static str,
        /// What was given.
        value: String,
        /// What can be given.
        range: &'static str,
    },
}

impl<S: Scalar> Dataset<S> {
    /// These examples.
    ///
    /// # Errors
    ///
    /// If the arrays do not keep the promises that [`Dataset`] makes: see [`DataError`], whose
    /// message names the first offending example.
    pub fn new(x: Tensor<S>, y: Tensor<S>) -> Result<Self, DataError> {
        let (&[features, m], &[1, labels]) = (x.shape().dims(), y.shape().dims()) else {
            return Err(shapes(&x, &y));
        };
        if labels != m {
            return Err(shapes(&x, &y));
        }
        if features == 0 || m == 0 {
            return Err(DataError::Empty { x: x.shape() });
        }
        if let Some(k) = x.as_slice().iter().position(|value| !value.is_finite()) {
            return Err(DataError::NotFinite {
                feature: k / m,
                example: k % m,
                value: x.as_slice()[k].to_string(),
                scalar: std::any::type_name::<S>(),
            });
        }
        let is_label = |&value: &S| value == S::zero() || value == S::one();
        if let Some(example) = y.as_slice().iter().position(|value| !is_label(value)) {
            return Err(DataError::Label {
                example,
                value: y.as_slice()[example].to_string(),
            });
        }
        Ok(Self { x: Arc::new(x), y })
    }

    /// The features, of shape `(n_x, m)`.
    #[must_use]
    pub fn x(&self) -> &Tensor<S> {
        &self.x
    }

    /// The features, to hold on to: not a copy.
    #[must_use]
    pub fn shared_x(&self) -> Arc<Tensor<S>> {
        Arc::clone(&self.x)
    }

    /// The labels, of shape `(1, m)`.
    #[must_use]
    pub fn y(&self) -> &Tensor<S> {
        &self.y
    }

    /// The number of features, `n_x`.
    #[must_use]
    pub fn features(&self) -> usize {
        self.x.shape().dims()[0]
    }

    /// The number of examples, `m`.
    #[must_use]
    pub fn examples(&self) -> usize {
        self.x.shape().dims()[1]
    }

    /// Some of the examples, at least one, in this order.
    pub(crate) fn select(&self, examples: &[usize]) -> Self {
        let columns = |from: &Tensor<S>| {
            let mut into = Tensor::zeros([from.shape().dims()[0], examples.len()]);
            select_columns(from, examples, into.as_mut_slice());
            into
        };
        Self::new(columns(&self.x), columns(&self.y))
            .expect("a part of a data set that is not empty is one too")
    }

    /// The same examples in another scalar, each feature rounded once.
    ///
    /// # Errors
    ///
    /// If a feature is beyond the range of `T`, as 1e39 is beyond that of `f32`.
    pub fn cast<T: Scalar>(&self) -> Result<Dataset<T>, DataError> {
        // A scalar without a real value becomes a NaN here, which `new` refuses.
        let cast = |value: S| T::constant(value.to_f64().unwrap_or(f64::NAN));
        Dataset::new(self.x.map(cast), self.y.map(cast))
    }
}

fn shapes<S: Scalar>(x: &Tensor<S>, y: &Tensor<S>) -> DataError {
    DataError::Shapes {
        x: x.shape(),
        y: y.shape(),
    }
}
