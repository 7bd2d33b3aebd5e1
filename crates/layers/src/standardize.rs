//! Features of mean 0 and standard deviation 1.

use autodiff::{Scalar, Tensor};
use thiserror::Error;

use crate::{DataError, Dataset};

/// What to take off each feature and what to divide it by, so that on the data it was fitted to
/// every feature has mean 0 and standard deviation 1.
///
/// Fit it to the training part alone and apply it to all parts: a mean that has seen the test part
/// tells the model of it. The deviation is that of the examples themselves, with 1/m, as in
/// scikit-learn's `StandardScaler`. A feature that is the same in all examples becomes 0 there: it is
/// divided by 1, and so is one whose deviation is too small to be a number.
///
/// ```
/// use autodiff::Tensor;
/// use layers::{Dataset, Standardization};
///
/// let y = Tensor::from([[0.0, 1.0, 1.0, 0.0]]);
/// let x = Tensor::from([[1.0, 3.0, 1.0, 3.0], [7.0, 7.0, 7.0, 7.0]]);
/// let train = Dataset::new(x, y)?;
/// let fitted = Standardization::fit(&train)?;
/// assert_eq!((fitted.means(), fitted.deviations()), (&[2.0, 7.0][..], &[1.0, 1.0][..]));
/// assert_eq!(
///     fitted.apply(&train)?.x(),
///     &Tensor::from([[-1.0, 1.0, -1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]),
/// );
/// let test = Dataset::new(Tensor::from([[5.0], [8.0]]), Tensor::from([[1.0]]))?;
/// assert_eq!(fitted.apply(&test)?.x(), &Tensor::from([[3.0], [1.0]]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Standardization<S> {
    means: Vec<S>,
    deviations: Vec<S>,
}

/// Why features were not standardized.
///
/// ```
/// use autodiff::Tensor;
/// use layers::{Dataset, Standardization, StandardizationError};
///
/// let far_apart = Tensor::from([[-1e308, 1e308]]);
/// let data = Dataset::new(far_apart, Tensor::from([[0.0, 1.0]]))?;
/// let error = Standardization::<f64>::fit(&data).unwrap_err();
/// assert_eq!(error, StandardizationError::Spread { feature: 0 });
/// # Ok::<(), layers::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum StandardizationError {
    /// Examples lie further apart than the scalar can say.
    #[error(
        "the examples of feature {feature} lie so far apart that their difference is not finite: \
         scale the feature down first"
    )]
    Spread {
        /// The feature, counted from 0.
        feature: usize,
    },
    /// The data has another number of features.
    #[error(
        "the standardization was fitted to {fitted} features, and this data has {found}: \
         apply it to data with the same columns"
    )]
    Features {
        /// How many it was fitted to.
        fitted: usize,
        /// How many there are.
        found: usize,
    },
    /// A feature became infinite.
    #[error("a standardized feature is out of range: {0}")]
    OutOfRange(DataError),
}

impl<S: Scalar> Standardization<S> {
    /// The means and standard deviations of the features of this data.
    ///
    /// # Errors
    ///
    /// [`StandardizationError::Spread`] if the difference of two examples overflows.
    ///
    /// ```
    /// use layers::{NumpyRandom, Standardization, make_circles};
    ///
    /// let circles = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
    /// let fitted = Standardization::<f64>::fit(&circles)?;
    /// assert!(fitted.means().iter().all(|mean| mean.abs() < 0.01));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fit(data: &Dataset<S>) -> Result<Self, StandardizationError> {
        let mut fitted = Self {
            means: Vec::with_capacity(data.features()),
            deviations: Vec::with_capacity(data.features()),
        };
        let features = data.x().as_slice().chunks(data.examples());
        for (feature, values) in features.enumerate() {
            let (mean, deviation) =
                moments(values).ok_or(StandardizationError::Spread { feature })?;
            fitted.means.push(mean);
            fitted.deviations.push(deviation);
        }
        Ok(fitted)
    }

    /// The mean of each feature.
    ///
    /// See [`Standardization`] for an example.
    #[must_use]
    pub fn means(&self) -> &[S] {
        &self.means
    }

    /// What each feature is divided by: its standard deviation, or 1 if it is constant.
    ///
    /// See [`Standardization`] for an example.
    #[must_use]
    pub fn deviations(&self) -> &[S] {
        &self.deviations
    }

    /// The examples with (x − mean) / deviation for x.
    ///
    /// # Errors
    ///
    /// If the data has another number of features, or a feature of it lies so far from those that
    /// were fitted to that it becomes infinite.
    ///
    /// ```
    /// use layers::{NumpyRandom, Standardization, make_circles};
    ///
    /// let circles = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
    /// let standardized = Standardization::<f64>::fit(&circles)?.apply(&circles)?;
    /// let again = Standardization::fit(&standardized)?;
    /// assert!(again.deviations().iter().all(|deviation| (deviation - 1.0).abs() < 1e-14));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply(&self, data: &Dataset<S>) -> Result<Dataset<S>, StandardizationError> {
        if data.features() != self.means.len() {
            return Err(StandardizationError::Features {
                fitted: self.means.len(),
                found: data.features(),
            });
        }
        let m = data.examples();
        let x = data.x().as_slice();
        let standardized = Tensor::from_fn(data.x().shape(), |k| {
            (x[k] - self.means[k / m]) / self.deviations[k / m]
        });
        Dataset::new(standardized, data.y().clone()).map_err(StandardizationError::OutOfRange)
    }
}

/// The mean and the standard deviation, or 1 if all values are the same; `None` if a difference
/// overflows.
///
/// Differences from the first value are what is averaged: equal values give exactly 0, however
/// many there are, and a large common part costs no digits. Dividing by the largest
/// difference keeps the squares in range.
fn moments<S: Scalar>(values: &[S]) -> Option<(S, S)> {
    let count = S::constant(values.len() as f64);
    let first = values[0];
    let shift = values.iter().map(|&v| (v - first) / count).sum::<S>();
    let mean = first + shift;
    let differences = || values.iter().map(|&v| v - mean);
    let largest = differences().fold(S::zero(), |largest, d| largest.max(d.abs()));
    if !(shift.is_finite() && largest.is_finite()) {
        return None;
    }
    if largest == S::zero() || values.iter().all(|&v| v == first) {
        return Some((first, S::one()));
    }
    let mean_square = differences()
        .map(|d| (d / largest).powi(2) / count)
        .sum::<S>();
    // What is too small to be a number is no more than a constant.
    let deviation = largest * mean_square.sqrt();
    let is_constant = deviation == S::zero();
    Some((mean, if is_constant { S::one() } else { deviation }))
}
