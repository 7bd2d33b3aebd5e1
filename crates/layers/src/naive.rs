//! The published cost, kept for comparison.

use autodiff::{Scalar, Tensor};

/// The cross entropy as the course computes it, from probabilities: −(1/m) Σ y ln a +
/// (1 − y) ln(1 − a), where terms that are NaN count as 0 (NumPy's `nansum`).
///
/// It is here to reproduce published figures. Where a probability rounds to 0 or 1 it is infinite
/// for a wrong prediction and forgets a right one; a tape has
/// [`sigmoid_cross_entropy`](autodiff::Var::sigmoid_cross_entropy), which is finite for every
/// finite logit.
///
/// ```
/// use autodiff::Tensor;
/// use layers::naive_cross_entropy;
///
/// let y = Tensor::from([[1.0, 0.0]]);
/// assert_eq!(naive_cross_entropy(&Tensor::from([[0.5, 0.5]]), &y), 2.0_f64.ln());
/// assert_eq!(naive_cross_entropy(&Tensor::from([[1.0, 0.0]]), &y), 0.0);
/// assert_eq!(naive_cross_entropy(&Tensor::from([[1.0, 1.0]]), &y), f64::INFINITY);
/// ```
///
/// # Panics
///
/// If the shapes differ.
#[track_caller]
#[must_use]
pub fn naive_cross_entropy<S: Scalar>(probabilities: &Tensor<S>, labels: &Tensor<S>) -> S {
    assert!(
        probabilities.shape() == labels.shape(),
        "naive_cross_entropy: probabilities have shape {}, and labels {}",
        probabilities.shape(),
        labels.shape()
    );
    let one = S::one();
    let terms = probabilities
        .as_slice()
        .iter()
        .zip(labels.as_slice())
        .map(|(&a, &y)| -a.ln() * y - (one - a).ln() * (one - y));
    let total: S = terms.filter(|term| !term.is_nan()).sum();
    total / S::constant(labels.as_slice().len() as f64)
}
