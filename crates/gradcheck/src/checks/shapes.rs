//! Shapes that fit work, and others are refused before a rule sees them.

use autodiff::{ErasedOp, Shape, Tensor, direct};

use crate::case::Instance;
use crate::point::claimed;
use crate::verdict::{Checked, Finding};

pub(super) fn check(instance: &Instance) -> Checked<()> {
    let op: &dyn ErasedOp<f64> = &*instance.op;
    let shapes: Vec<Shape> = instance.inputs.iter().map(Tensor::shape).collect();
    if let Err(error) = op.output_shape(&shapes) {
        return Err(Finding::of(format!("it refuses its own signature: {error}")).fail());
    }
    works(instance, &shapes)?;
    for changed in changes(&shapes) {
        if op.output_shape(&changed).is_ok() {
            works(instance, &changed)?;
        }
    }
    Ok(())
}

/// The same shapes with one thing about them changed.
pub(crate) fn changes(shapes: &[Shape]) -> Vec<Vec<Shape>> {
    let mut all = Vec::new();
    if let Some((_, but_last)) = shapes.split_last() {
        all.extend([but_last.to_vec(), [shapes, &shapes[..1]].concat()]);
    }
    for (input, shape) in shapes.iter().enumerate() {
        let mut with = |axes: Vec<usize>| {
            let mut changed = shapes.to_vec();
            changed[input] = Shape::new(&axes);
            all.push(changed);
        };
        let axes = shape.dims();
        for k in 0..axes.len() {
            let mut longer = axes.to_vec();
            longer[k] += 1;
            with(longer);
            let mut empty = axes.to_vec();
            empty[k] = 0;
            with(empty);
        }
        if axes.len() < autodiff::MAX_RANK {
            with([&[2], axes].concat());
        }
        with(axes.iter().skip(1).copied().collect());
    }
    all
}

/// Runs both rules on shapes that the op accepts.
fn works(instance: &Instance, shapes: &[Shape]) -> Checked<()> {
    let op: &dyn ErasedOp<f64> = &*instance.op;
    let value = |input: usize, k: usize| {
        let values = instance.inputs.get(input).map_or(&[][..], Tensor::as_slice);
        match values.len() {
            0 => instance.domains.get(input).map_or(1.0, |domain| {
                if domain.contains(1.0) {
                    1.0
                } else {
                    0.5 * (domain.lower + domain.upper)
                }
            }),
            n => values[k % n],
        }
    };
    let inputs: Vec<Tensor<f64>> = shapes
        .iter()
        .enumerate()
        .map(|(input, &shape)| Tensor::from_fn(shape, |k| value(input, k)))
        .collect();
    let given = || {
        let shapes: Vec<String> = shapes.iter().map(ToString::to_string).collect();
        shapes.join(" and ")
    };
    let run = |before: f64| {
        direct::forward_over(op, &inputs, before)
            .map_err(|error| Finding::of(error.to_string()).fail())
    };
    let (over_nan, over_seven) = (run(f64::NAN)?, run(7.0)?);
    let same = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
    let pairs = || over_nan.as_slice().iter().zip(over_seven.as_slice());
    if let Some(element) = pairs().position(|pair| !same(pair)) {
        return Err(Finding {
            element: Some(element),
            ..Finding::of(format!(
                "for {} the forward rule does not write every element",
                given()
            ))
        }
        .fail());
    }
    let y_bar = Tensor::full(over_nan.shape(), 1.0);
    let _runs = claimed(op, &inputs, &over_nan, &y_bar);
    Ok(())
}
