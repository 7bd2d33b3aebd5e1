//! Right gradients that checkers with a fixed step or a fixed tolerance call wrong.

use autodiff::{Scalar, Wide};

/// A function at a point, with its gradient there, which is right.
#[derive(Clone, Debug)]
pub struct HardPoint {
    /// What it is.
    pub name: &'static str,
    /// The function.
    pub at_f64: fn(&[f64]) -> f64,
    /// The same function at 106 bits.
    pub at_wide: fn(&[Wide]) -> Wide,
    /// Its arguments.
    pub x: Vec<f64>,
    /// Its gradient there; at a kink, one that lies between the one-sided derivatives.
    pub gradient: Vec<f64>,
}

/// Twelve points that are hard for a difference quotient: at a kink and a tie, just beside them,
/// close to a singularity, with fast oscillation, with a value that hides its change, and with a
/// large value or argument. A verifier must call none of them wrong.
///
/// ```
/// use gradcheck::{check_gradient, hard_points};
///
/// for point in hard_points() {
///     check_gradient(point.at_wide, &point.x, &point.gradient).assert_passes();
/// }
/// ```
#[must_use]
pub fn hard_points() -> Vec<HardPoint> {
    macro_rules! point {
        ($name:literal, $function:ident, $x:expr, $gradient:expr) => {
            HardPoint {
                name: $name,
                at_f64: $function::<f64>,
                at_wide: $function::<Wide>,
                x: $x.to_vec(),
                gradient: $gradient.to_vec(),
            }
        };
    }
    vec![
        point!(
            "relu, one element at 0",
            relu,
            [0.7, 0.0, -1.2],
            [1.0, 0.0, 0.0]
        ),
        point!("relu, 2e-5 from its kink", relu, [2e-5, -2e-5], [1.0, 0.0]),
        point!("max, a tie", max, [1.5, 1.5], [1.0, 0.0]),
        point!("max, 1e-7 from a tie", max, [1.5, 1.5 - 1e-7], [1.0, 0.0]),
        point!("ln at 5e-7", ln, [5e-7], [1.0 / 5e-7]),
        point!("ln at 5e-4", ln, [5e-4], [1.0 / 5e-4]),
        point!("ln at 5e-3", ln, [5e-3], [1.0 / 5e-3]),
        point!("1e8 + sin x", raised_sine, [1.0], [1.0_f64.cos()]),
        point!("sin at 1e9", sine, [1e9], [1e9_f64.cos()]),
        point!("sin(300 x)", fast_sine, [0.4], [300.0 * 120.0_f64.cos()]),
        point!("exp at 60", exp, [60.0], [60.0_f64.exp()]),
        point!("1/x at 0.02", recip, [0.02], [-1.0 / (0.02 * 0.02)]),
    ]
}

fn relu<S: Scalar>(x: &[S]) -> S {
    x.iter().map(|x| x.max(S::zero())).sum()
}

fn max<S: Scalar>(x: &[S]) -> S {
    x[0].max(x[1])
}

fn ln<S: Scalar>(x: &[S]) -> S {
    x[0].ln()
}

fn raised_sine<S: Scalar>(x: &[S]) -> S {
    S::constant(1e8) + x[0].sin()
}

fn sine<S: Scalar>(x: &[S]) -> S {
    x[0].sin()
}

fn fast_sine<S: Scalar>(x: &[S]) -> S {
    (S::constant(300.0) * x[0]).sin()
}

fn exp<S: Scalar>(x: &[S]) -> S {
    x[0].exp()
}

fn recip<S: Scalar>(x: &[S]) -> S {
    x[0].recip()
}
