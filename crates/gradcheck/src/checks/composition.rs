//! The op against the same function made of simpler ops.

use autodiff::{ErasedOp, Tape, Var, Wide};
use num_traits::Float as _;

use super::linearity::all_equal;
use crate::case::Instance;
use crate::point::{FADING, Point};
use crate::reference::{AGREEMENT, compare};
use crate::verdict::{Checked, Finding, Verdict};

pub(super) fn check(instance: &Instance) -> Checked<()> {
    let op: &dyn ErasedOp<Wide> = &*instance.op;
    let tape = Tape::<Wide>::new();
    let x: Vec<Var<'_, Wide>> = instance
        .inputs_at::<Wide>()
        .into_iter()
        .map(|x| tape.variable(x))
        .collect();
    let Some(y) = op.composition(&x) else {
        return Ok(());
    };
    let point = Point::of(instance)?;
    if y.shape() != point.y.shape() {
        return Err(Finding::of(format!(
            "the composition has shape {}, and the op {}",
            y.shape(),
            point.y.shape()
        ))
        .fail());
    }
    let value = y.value();
    let gradients = y.backward_from(&point.y_bar);
    let gradient: Vec<_> = x.iter().map(|&x| gradients.wrt(x).to_tensor()).collect();
    let all = || std::iter::once(&value).chain(&gradient);
    if !all().all(|t| t.as_slice().iter().all(|v| v.is_finite())) {
        return Err(Verdict::Inconclusive("the composition is not finite"));
    }
    let largest = |t: &autodiff::Tensor<Wide>| {
        t.as_slice()
            .iter()
            .map(|v| v.abs().to_f64())
            .fold(0.0, f64::max)
    };
    let of_value = AGREEMENT * largest(&value).max(largest(&point.y)) + FADING;
    all_equal(
        std::slice::from_ref(&point.y),
        std::slice::from_ref(&value),
        |_| of_value,
        "the value is not the composition's",
    )
    .map_err(without_input)?;
    let bound = |input: usize| {
        let [a, b] = [&gradient[input], &point.x_bar[input]].map(largest);
        AGREEMENT * a.max(b) + FADING
    };
    let agrees = all_equal(
        &point.x_bar,
        &gradient,
        bound,
        "the gradient is not the composition's",
    );
    // Where simpler ops underflow, the op need not; differences tell which of the two is wrong.
    match agrees {
        Err(Verdict::Fail(_)) if compare(&point).is_ok() => {
            Err(Verdict::Inconclusive("the composition loses digits"))
        }
        agrees => agrees,
    }
}

/// The value is nobody's gradient.
fn without_input(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Fail(finding) => Finding {
            input: None,
            ..*finding
        }
        .fail(),
        other => other,
    }
}
