//! Points where an op has a value and no derivative.

use autodiff::Tensor;
use autodiff::signature::Kink;

use crate::case::{Instance, all_on_layer_kink};
use crate::point::Point;
use crate::reference::compare_element;
use crate::verdict::{Checked, Finding, Verdict};

pub(super) fn check(instance: &Instance) -> Checked<()> {
    for &kink in &instance.kinks {
        let at_kink = on_kink(instance, kink)?;
        let point = Point::of(&at_kink)?;
        let conventions: Vec<(usize, f64)> = match kink {
            Kink::Point {
                input, derivative, ..
            } => vec![(input, derivative)],
            Kink::Tie {
                inputs,
                derivatives,
            } => inputs.into_iter().zip(derivatives).collect(),
            Kink::Layer { .. } => (0..3).map(|input| (input, 0.0)).collect(),
        };
        for (input, derivative) in conventions {
            let (claimed, y_bar) = (point.x_bar[input].as_slice(), point.y_bar.as_slice());
            for element in 0..claimed.len() {
                if !matches!(kink, Kink::Layer { .. }) {
                    compare_element(&point, (input, element))?;
                }
                // Of a derivative of 0, whichever outputs the element is in.
                let expected = match derivative {
                    0.0 => 0.0,
                    _ => derivative * y_bar[element].to_f64(),
                };
                if claimed[element].to_f64() != expected {
                    return Err(Finding {
                        input: Some(input),
                        element: Some(element),
                        expected,
                        bound: 0.0,
                        got: claimed[element].to_f64(),
                        ..Finding::of("at a kink, it is not the declared convention")
                    }
                    .fail());
                }
            }
        }
    }
    Ok(())
}

/// The case with every element on the kink.
fn on_kink(instance: &Instance, kink: Kink) -> Checked<Instance> {
    let mut inputs = instance.inputs.clone();
    let shape = match kink {
        Kink::Point { input, at, .. } => {
            inputs[input] = Tensor::full(inputs[input].shape(), at);
            inputs[input].shape()
        }
        Kink::Tie {
            inputs: [first, second],
            ..
        } => {
            inputs[second] = inputs[first].clone();
            inputs[first].shape()
        }
        Kink::Layer { at } => return Ok(instance.at(all_on_layer_kink(&inputs, at))),
    };
    // The convention is a statement about single elements.
    let same = |x: &Tensor<f64>| x.shape() == shape;
    if !(instance.inputs.iter().all(same) && instance.cotangent.as_ref().is_some_and(same)) {
        return Err(Verdict::Inconclusive(
            "the kink is looked at without broadcasting",
        ));
    }
    Ok(instance.at(inputs))
}
