//! What every vjp is, whatever its formula: linear in the cotangent, a pure function, additive.

use autodiff::{Tensor, Wide};
use num_traits::{Float as _, Zero as _};

use crate::case::Instance;
use crate::point::{Point, added, claimed};
use crate::random::Random;
use crate::reference::AGREEMENT;
use crate::verdict::{Checked, Finding};

pub(super) fn check(instance: &Instance) -> Checked<()> {
    let point = Point::of(instance)?;
    let mut random = Random::new(instance.seed.wrapping_add(3));
    let vjp = |y_bar: &Tensor<Wide>| claimed(point.op, &point.x, &point.y, y_bar);

    let u = point.y_bar.clone();
    let again = vjp(&u);
    all_equal(
        &again,
        &point.x_bar,
        |_| 0.0,
        "a second call gives something else",
    )?;

    let nothing = vjp(&u.map(|_| Wide::zero()));
    let zeros: Vec<_> = point
        .x_bar
        .iter()
        .map(|g| g.map(|_| Wide::zero()))
        .collect();
    all_equal(
        &nothing,
        &zeros,
        |_| 0.0,
        "for a cotangent of 0 it is not 0",
    )?;

    let v = u.map(|_| Wide::from(random.signed()));
    let (a, b) = (Wide::from(random.signed()), Wide::from(random.signed()));
    let mixed = Tensor::from_fn(u.shape(), |k| a * u.as_slice()[k] + b * v.as_slice()[k]);
    let (of_v, of_mixed) = (vjp(&v), vjp(&mixed));
    let sum = combined(&point.x_bar, &of_v, |x, y| a * x + b * y);
    let size = combined(&point.x_bar, &of_v, |x, y| x.abs() + y.abs());
    let bound = |input: usize| 4.0 * AGREEMENT * largest(&size[input]);
    all_equal(&of_mixed, &sum, bound, "it is not linear in the cotangent")?;

    let (before, added) = added(point.op, &point.x, &point.y, &u, &point.x_bar, &mut random);
    let sum = combined(&before, &point.x_bar, |x, y| x + y);
    let size = combined(&before, &point.x_bar, |x, y| x.abs() + y.abs());
    let bound = |input: usize| AGREEMENT * largest(&size[input]);
    all_equal(
        &added,
        &sum,
        bound,
        "it does not add to the cotangent that is there",
    )
}

fn combined(
    a: &[Tensor<Wide>],
    b: &[Tensor<Wide>],
    f: impl Fn(Wide, Wide) -> Wide,
) -> Vec<Tensor<Wide>> {
    a.iter()
        .zip(b)
        .map(|(a, b)| Tensor::from_fn(a.shape(), |k| f(a.as_slice()[k], b.as_slice()[k])))
        .collect()
}

fn largest(t: &Tensor<Wide>) -> f64 {
    t.as_slice()
        .iter()
        .map(|v| v.abs().to_f64())
        .fold(0.0, f64::max)
}

/// # Errors
///
/// With the first element that differs by more than its input's bound.
pub(super) fn all_equal(
    got: &[Tensor<Wide>],
    expected: &[Tensor<Wide>],
    bound: impl Fn(usize) -> f64,
    what: &str,
) -> Checked<()> {
    for (input, (got, expected)) in got.iter().zip(expected).enumerate() {
        let bound = bound(input);
        for (element, (&got, &expected)) in
            got.as_slice().iter().zip(expected.as_slice()).enumerate()
        {
            if !((got - expected).abs().to_f64() <= bound) {
                return Err(Finding {
                    input: Some(input),
                    element: Some(element),
                    expected: expected.to_f64(),
                    bound,
                    got: got.to_f64(),
                    ..Finding::of(what)
                }
                .fail());
            }
        }
    }
    Ok(())
}
