//! The receiver operating characteristic: what every threshold would give.

use autodiff::{Scalar, Tensor};

use super::{MetricError, check_shapes, classes};

/// How many examples of either class lie above each threshold on their scores.
///
/// Examples with equal scores are above a threshold together, so that the curve has one point for
/// each distinct score, and one at the origin. Counts are whole numbers and exact; rates are
/// rounded once.
///
/// ```
/// use autodiff::Tensor;
/// use layers::RocCurve;
///
/// let scores = Tensor::from([[0.9, 0.8, 0.8, 0.1]]);
/// let labels = Tensor::from([[1.0, 1.0, 0.0, 0.0]]);
/// let roc = RocCurve::new(&scores, &labels)?;
/// assert_eq!(roc.points(), [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)]);
/// // Of the 4 pairs of a positive and a negative, 3 are in order and 1 is tied.
/// assert_eq!(roc.auc(), 3.5 / 4.0);
/// # Ok::<(), layers::MetricError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RocCurve {
    /// False and true positives, from none of both to all: at least two points.
    counts: Vec<(usize, usize)>,
}

impl RocCurve {
    /// The curve of scores, of shape (1, m), that should be higher for class 1:
    /// probabilities, logits, or any others.
    ///
    /// # Errors
    ///
    /// If the shapes are not both (1, m), a score is NaN, a label is neither 0 nor 1, or one of
    /// the classes has no example.
    ///
    /// ```
    /// use layers::{He, Mlp, NumpyRandom, RocCurve, make_circles};
    ///
    /// let data = make_circles(100, 0.05, 0.8, &mut NumpyRandom::seed(2))?;
    /// let model = Mlp::<f64>::new(&[2, 10, 5, 1], &He, &mut NumpyRandom::seed(3))?;
    /// let roc = RocCurve::new(&model.predict_proba(data.x()), data.y())?;
    /// assert!((0.0..=1.0).contains(&roc.auc()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new<S: Scalar>(scores: &Tensor<S>, labels: &Tensor<S>) -> Result<Self, MetricError> {
        check_shapes(scores, labels)?;
        let scores = scores.as_slice();
        if let Some(example) = scores.iter().position(|score| score.is_nan()) {
            return Err(MetricError::Nan(example));
        }
        let positive = classes("label", labels)?;
        for class in [0, 1] {
            if !positive.contains(&(class == 1)) {
                let needs = "a ROC curve";
                return Err(MetricError::OneClass { class, needs });
            }
        }
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| {
            let descending = scores[b].partial_cmp(&scores[a]);
            descending.expect("no score is NaN")
        });
        let (mut counts, mut at) = (vec![(0, 0)], (0, 0));
        for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
            let positives = tied.iter().filter(|&&k| positive[k]).count();
            at = (at.0 + tied.len() - positives, at.1 + positives);
            counts.push(at);
        }
        Ok(Self { counts })
    }

    /// (False positive rate, true positive rate) as the threshold falls, from (0, 0) to (1, 1).
    ///
    /// See [`RocCurve`] for an example.
    #[must_use]
    pub fn points(&self) -> Vec<(f64, f64)> {
        let (negatives, positives) = self.totals();
        let rates = |&(false_positives, true_positives): &(usize, usize)| {
            (
                false_positives as f64 / negatives as f64,
                true_positives as f64 / positives as f64,
            )
        };
        self.counts.iter().map(rates).collect()
    }

    /// The area under the curve, by trapezoids: the probability that an example of class 1 has a
    /// higher score than one of class 0, ties counted half (Mann and Whitney's U over the number of
    /// pairs).
    ///
    /// See [`RocCurve`] for an example.
    #[must_use]
    pub fn auc(&self) -> f64 {
        let (negatives, positives) = self.totals();
        let trapezoid = |ends: &[(usize, usize)]| {
            let [width, heights] = [ends[1].0 - ends[0].0, ends[1].1 + ends[0].1];
            width as u128 * heights as u128
        };
        let twice: u128 = self.counts.windows(2).map(trapezoid).sum();
        twice as f64 / (2 * negatives as u128 * positives as u128) as f64
    }

    /// How many examples there are of class 0 and of class 1.
    fn totals(&self) -> (usize, usize) {
        *self.counts.last().expect("there is a point at the origin")
    }
}
