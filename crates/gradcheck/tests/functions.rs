//! `check_function` where a verdict is hard to give.

use autodiff::{Scalar, Tensor, Var};
use gradcheck::{Differentiable, Verdict, check_function};

/// 1 / (x² − 2).
struct Pole;

impl Differentiable for Pole {
    fn record<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Var<'t, S> {
        (x[0] * x[0] - S::constant(2.0)).powi(-1)
    }
}

/// So close to it that a thousand units in the last place are beyond: a few move the gradient by a
/// large part of it, which is what f64 may lose.
#[test]
fn close_to_a_pole_the_gradient_is_not_called_wrong() {
    let pole = 2.0_f64.sqrt();
    for units in [3.0, 5.0, 9.0, 17.0, 100.0, 1e4, 1e6] {
        for side in [-1.0, 1.0] {
            let x = pole + side * units * f64::EPSILON;
            if let Err(report) = check_function(&Pole, &[Tensor::from(x)]) {
                assert!(
                    matches!(report.verdict, Verdict::Inconclusive(_)),
                    "{units}: {report}"
                );
            }
        }
    }
}
