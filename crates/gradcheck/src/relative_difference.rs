//! The published gradient check, for comparison.

/// The gradient by (J(θ + ε) − J(θ − ε)) / 2ε, one parameter at a time.
///
/// ```
/// let gradient = gradcheck::central_differences(|p: &[f64]| p[0] * p[1], &[2.0, 3.0], 1e-7);
/// assert!((gradient[0] - 3.0).abs() < 1e-8 && (gradient[1] - 2.0).abs() < 1e-8);
/// ```
#[must_use]
pub fn central_differences(
    cost: impl Fn(&[f64]) -> f64,
    parameters: &[f64],
    epsilon: f64,
) -> Vec<f64> {
    let mut moved = parameters.to_vec();
    parameters
        .iter()
        .enumerate()
        .map(|(k, &parameter)| {
            moved[k] = parameter + epsilon;
            let above = cost(&moved);
            moved[k] = parameter - epsilon;
            let below = cost(&moved);
            moved[k] = parameter;
            (above - below) / (2.0 * epsilon)
        })
        .collect()
}

/// The course's measure of a gradient g: ‖g − ĝ‖ / (‖g‖ + ‖ĝ‖), where ĝ are the
/// [`central_differences`] (equation 3 of its notes on gradient checking). 0 where both are 0.
///
/// It is here to reproduce published figures. One number for all parameters cannot say which
/// is wrong; and a good deal of it is the error of ĝ, which depends on ε and on how the cost is
/// computed, and says nothing about g. [`check_gradient`](crate::check_gradient) has neither fault.
///
/// ```
/// use gradcheck::relative_difference;
///
/// // The one-dimensional check of the course: J = θx, dJ/dθ = x.
/// let x = 2.0;
/// let difference = relative_difference(|theta| theta[0] * x, &[4.0], &[x], 1e-7);
/// assert_eq!(difference, 2.919335883291695e-10);
/// ```
///
/// # Panics
///
/// If there is not one element of the gradient for each parameter.
#[track_caller]
#[must_use]
pub fn relative_difference(
    cost: impl Fn(&[f64]) -> f64,
    parameters: &[f64],
    gradient: &[f64],
    epsilon: f64,
) -> f64 {
    assert!(
        gradient.len() == parameters.len(),
        "{} parameters, and a gradient of {}",
        parameters.len(),
        gradient.len()
    );
    let approximate = central_differences(cost, parameters, epsilon);
    // By a power of two, which changes no digit, so that no square over- or underflows.
    let elements = gradient.iter().chain(&approximate);
    let largest = elements.map(|v| v.abs()).fold(0.0, f64::max);
    let scale = 2.0_f64.powi(-largest.log2().clamp(-1000.0, 1000.0) as i32);
    let scaled = |v: &[f64]| -> Vec<f64> { v.iter().map(|v| v * scale).collect() };
    let (gradient, approximate) = (scaled(gradient), scaled(&approximate));
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|v| v * v).sum::<f64>().sqrt();
    let distance = norm(&mut gradient.iter().zip(&approximate).map(|(g, a)| g - a));
    let size = norm(&mut gradient.iter().copied()) + norm(&mut approximate.iter().copied());
    if size == 0.0 { 0.0 } else { distance / size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_of_every_size_can_be_told() {
        for size in [5e-324, 1e-310, 1e-170, 1.0, 1e170, 1e300] {
            let cost = |p: &[f64]| 3.0 * size * p[0];
            let difference = relative_difference(cost, &[0.0], &[size], 1.0);
            assert!((difference - 0.5).abs() < 1e-15, "{size:e}: {difference}");
        }
        assert_eq!(relative_difference(|_| 1.0, &[2.0], &[0.0], 1e-7), 0.0);
        let undefined = relative_difference(|_| f64::NAN, &[2.0], &[0.0], 1e-7);
        assert!(undefined.is_nan());
    }
}
