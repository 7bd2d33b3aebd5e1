//! Two circles, one inside the other.

use std::f64::consts::TAU;

use autodiff::Tensor;

use crate::{DataError, Dataset, RandomStream};

/// `n` noisy points on two concentric circles, in a random order: ⌊n/2⌋ on the unit circle with
/// label 0, the others on the circle of radius `factor` with label 1, equally spaced before every
/// coordinate gets a normal error of standard deviation `noise`.
///
/// The points are those of scikit-learn's
/// `make_circles(n, noise=noise, factor=factor, random_state=seed)` bit for bit, if `rng` is
/// [`NumpyRandom::seed(seed)`](crate::NumpyRandom::seed) and the platform's sine and cosine are
/// those that NumPy used.
///
/// # Errors
///
/// [`DataError::Argument`] unless `n` is at least 2, `noise` is finite and at least 0, and
/// `factor` is in `[0, 1)`.
///
/// ```
/// use layers::{NumpyRandom, make_circles};
///
/// let train = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
/// assert_eq!((train.features(), train.examples()), (2, 300));
/// assert_eq!(train.y().as_slice().iter().sum::<f64>(), 150.0);
/// # Ok::<(), layers::DataError>(())
/// ```
pub fn make_circles(
    n: usize,
    noise: f64,
    factor: f64,
    rng: &mut dyn RandomStream,
) -> Result<Dataset<f64>, DataError> {
    let argument = |name, value, range| Err(DataError::Argument { name, value, range });
    if n < 2 {
        return argument("n", n.to_string(), "at least 2, a point per circle");
    }
    if !(noise.is_finite() && noise >= 0.0) {
        return argument("noise", noise.to_string(), "finite and at least 0");
    }
    if !(0.0..1.0).contains(&factor) {
        return argument("factor", factor.to_string(), "at least 0 and less than 1");
    }

    let outer = n / 2;
    let mut order: Vec<usize> = (0..n).collect();
    rng.shuffle(&mut order);
    let (mut x, mut y) = (Tensor::zeros([2, n]), Tensor::zeros([1, n]));
    for (column, &k) in order.iter().enumerate() {
        let (point, label) = if k < outer {
            (on_circle(k, outer), 0.0)
        } else {
            let point = on_circle(k - outer, n - outer);
            (point.map(|coordinate| coordinate * factor), 1.0)
        };
        for (row, coordinate) in point.into_iter().enumerate() {
            x[[row, column]] = coordinate + noise * rng.standard_normal();
        }
        y[[0, column]] = label;
    }
    Dataset::new(x, y)
}

/// The `k`-th of `n` equally spaced points of the unit circle. NumPy's `linspace` multiplies by the
/// step, and other orders round differently.
fn on_circle(k: usize, n: usize) -> [f64; 2] {
    let angle = k as f64 * (TAU / n as f64);
    [angle.cos(), angle.sin()]
}
