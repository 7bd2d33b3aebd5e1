//! Outside its domain an op has to show that it is undefined: in its value and in its gradient.

use autodiff::signature::Beyond;
use autodiff::{ErasedOp, direct};

use crate::case::Instance;
use crate::point::claimed;
use crate::verdict::{Checked, Finding, Verdict};

pub(super) fn check(instance: &Instance) -> Checked<()> {
    let op: &dyn ErasedOp<f64> = &*instance.op;
    let Some(cotangent) = &instance.cotangent else {
        return Err(Finding::of("it refuses the shapes of its own signature").fail());
    };
    // Not 0 anywhere, so that nothing is left out.
    let y_bar = cotangent.map(|g| if g == 0.0 { 1.0 } else { g });
    for (input, domain) in instance.domains.iter().enumerate() {
        let beyond = [
            (domain.lower.is_finite()).then_some(domain.lower - 0.5),
            (domain.upper.is_finite()).then_some(domain.upper + 0.5),
            domain.hole,
        ];
        for outside in beyond.into_iter().flatten() {
            if domain.beyond == Beyond::Defined {
                continue;
            }
            let mut inputs = instance.inputs.clone();
            let Some(element) = inputs[input].as_mut_slice().first_mut() else {
                return Err(Verdict::Inconclusive("there is no element"));
            };
            *element = outside;
            let y = direct::forward(op, &inputs)
                .map_err(|error| Finding::of(error.to_string()).fail())?;
            if y.as_slice().is_empty() {
                return Err(Verdict::Inconclusive("there is no element"));
            }
            let place = |what: String, got: f64| Finding {
                input: Some(input),
                element: Some(0),
                got,
                ..Finding::of(what)
            };
            if y.as_slice().iter().all(|v| v.is_finite()) {
                let what = format!("at {outside}, outside the domain, the value is finite");
                return Err(place(what, y.as_slice()[0]).fail());
            }
            let x_bar = claimed(op, &inputs, &y, &y_bar);
            let gradient = x_bar[input].as_slice()[0];
            if gradient.is_finite() {
                let what = format!(
                    "at {outside}, outside the domain, the value is undefined and the gradient finite"
                );
                return Err(place(what, gradient).fail());
            }
        }
    }
    Ok(())
}
