//! Predicted classes against labels.

use std::fmt;

use autodiff::{Scalar, Tensor};

use super::{MetricError, check_shapes, classes};

/// How many examples of either class were predicted to be of either class. Class 1 is called
/// positive.
///
/// ```
/// use autodiff::Tensor;
/// use layers::ConfusionMatrix;
///
/// let predictions = Tensor::from([[1.0, 1.0, 0.0, 0.0, 1.0]]);
/// let labels = Tensor::from([[1.0, 0.0, 0.0, 1.0, 1.0]]);
/// let matrix = ConfusionMatrix::new(&predictions, &labels)?;
/// assert_eq!((matrix.true_positives, matrix.false_negatives), (2, 1));
/// assert_eq!((matrix.false_positives, matrix.true_negatives), (1, 1));
/// assert_eq!(matrix.accuracy()?, 0.6);
/// assert_eq!(matrix.precision()?, 2.0 / 3.0);
/// # Ok::<(), layers::MetricError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConfusionMatrix {
    /// Of class 1, and predicted so.
    pub true_positives: usize,
    /// Of class 1, and predicted to be of class 0.
    pub false_negatives: usize,
    /// Of class 0, and predicted to be of class 1.
    pub false_positives: usize,
    /// Of class 0, and predicted so.
    pub true_negatives: usize,
}

impl ConfusionMatrix {
    /// Counts predicted classes, as of [`Mlp::predict`](crate::Mlp::predict), against labels.
    ///
    /// # Errors
    ///
    /// If the shapes are not both (1, m), or something in them is neither 0 nor 1.
    ///
    /// ```
    /// use layers::{ConfusionMatrix, He, Mlp, NumpyRandom, make_circles};
    ///
    /// let data = make_circles(100, 0.05, 0.8, &mut NumpyRandom::seed(2))?;
    /// let model = Mlp::<f64>::new(&[2, 10, 5, 1], &He, &mut NumpyRandom::seed(3))?;
    /// let matrix = ConfusionMatrix::new(&model.predict(data.x()), data.y())?;
    /// assert_eq!(matrix.examples(), 100);
    /// assert_eq!(matrix.accuracy()?, model.accuracy(&data));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new<S: Scalar>(
        predictions: &Tensor<S>,
        labels: &Tensor<S>,
    ) -> Result<Self, MetricError> {
        check_shapes(predictions, labels)?;
        let labels = classes("label", labels)?;
        let predictions = classes("prediction", predictions)?;
        let count = |label, prediction| {
            let pairs = labels.iter().zip(&predictions);
            pairs.filter(|&pair| pair == (&label, &prediction)).count()
        };
        Ok(Self {
            true_positives: count(true, true),
            false_negatives: count(true, false),
            false_positives: count(false, true),
            true_negatives: count(false, false),
        })
    }

    /// How many examples were counted.
    ///
    /// ```
    /// let matrix = layers::ConfusionMatrix { true_negatives: 3, ..Default::default() };
    /// assert_eq!(matrix.examples(), 3);
    /// ```
    #[must_use]
    pub fn examples(&self) -> usize {
        self.true_positives + self.false_negatives + self.false_positives + self.true_negatives
    }

    /// The share of the examples whose class was predicted.
    ///
    /// # Errors
    ///
    /// If there are no examples.
    ///
    /// ```
    /// let empty = layers::ConfusionMatrix::default();
    /// assert!(empty.accuracy().unwrap_err().to_string().contains("there is no example"));
    /// ```
    pub fn accuracy(&self) -> Result<f64, MetricError> {
        let right = self.true_positives + self.true_negatives;
        share(
            right,
            self.examples(),
            "the accuracy",
            "there is no example",
        )
    }

    /// The share of the examples predicted to be of class 1 that are.
    ///
    /// # Errors
    ///
    /// If none was predicted to be.
    ///
    /// ```
    /// let matrix = layers::ConfusionMatrix {
    ///     true_positives: 3,
    ///     false_positives: 1,
    ///     ..Default::default()
    /// };
    /// assert_eq!(matrix.precision()?, 0.75);
    /// # Ok::<(), layers::MetricError>(())
    /// ```
    pub fn precision(&self) -> Result<f64, MetricError> {
        let predicted = self.true_positives + self.false_positives;
        let reason = "no example was predicted to be of class 1";
        share(self.true_positives, predicted, "the precision", reason)
    }

    /// The share of the examples of class 1 that were predicted to be.
    ///
    /// # Errors
    ///
    /// If there is none.
    ///
    /// ```
    /// let matrix = layers::ConfusionMatrix {
    ///     true_positives: 3,
    ///     false_negatives: 3,
    ///     ..Default::default()
    /// };
    /// assert_eq!(matrix.recall()?, 0.5);
    /// # Ok::<(), layers::MetricError>(())
    /// ```
    pub fn recall(&self) -> Result<f64, MetricError> {
        let positive = self.true_positives + self.false_negatives;
        let reason = "there is no example of class 1";
        share(self.true_positives, positive, "the recall", reason)
    }

    /// The harmonic mean of precision and recall, 2·TP / (2·TP + FP + FN).
    ///
    /// # Errors
    ///
    /// If there is no example of class 1, and none was predicted to be.
    ///
    /// ```
    /// let matrix = layers::ConfusionMatrix {
    ///     true_positives: 2,
    ///     false_positives: 1,
    ///     false_negatives: 3,
    ///     true_negatives: 100,
    /// };
    /// assert_eq!(matrix.f1()?, 0.5);
    /// # Ok::<(), layers::MetricError>(())
    /// ```
    pub fn f1(&self) -> Result<f64, MetricError> {
        let twice = 2 * self.true_positives;
        let reason = "no example is of class 1, or was predicted to be";
        let of = twice + self.false_positives + self.false_negatives;
        share(twice, of, "F1", reason)
    }
}

fn share(
    part: usize,
    of: usize,
    metric: &'static str,
    reason: &'static str,
) -> Result<f64, MetricError> {
    match of {
        0 => Err(MetricError::Undefined { metric, reason }),
        _ => Ok(part as f64 / of as f64),
    }
}

impl fmt::Display for ConfusionMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>8}{:>14}{:>14}", "", "predicted 0", "predicted 1")?;
        let rows = [
            ("label 0", self.true_negatives, self.false_positives),
            ("label 1", self.false_negatives, self.true_positives),
        ];
        let [first, second] = rows.map(|(name, zero, one)| format!("{name:>8}{zero:>14}{one:>14}"));
        write!(f, "{first}\n{second}")
    }
}
