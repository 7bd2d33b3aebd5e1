//! Is the formula right? At 106 bits, where a wrong formula cannot be taken for rounding.

use autodiff::{Dual, ErasedOp, Tensor, Wide};
use num_traits::Float as _;

use crate::case::Instance;
use crate::point::{Point, value};
use crate::random::Random;
use crate::reference::{AGREEMENT, compare};
use crate::verdict::{Checked, Finding};

pub(super) fn check(instance: &Instance) -> Checked<()> {
    let instance = &instance.off_shared_kinks();
    let point = Point::of(instance)?;
    let all_smooth = compare(&point)?;
    if all_smooth {
        forward_mode(&point)?;
    }
    Ok(())
}

/// ⟨ȳ, jvp(v)⟩ = ⟨vjp(ȳ), v⟩, the left side by dual numbers: a witness that has no step size.
fn forward_mode(point: &Point<'_>) -> Checked<()> {
    let mut random = Random::new(point.instance.seed.wrapping_add(1));
    let x: Vec<Tensor<Dual<Wide>>> = point
        .x
        .iter()
        .map(|x| {
            x.map(|x| {
                let scale = if x.to_f64() == 0.0 {
                    1.0
                } else {
                    x.abs().to_f64().min(1.0)
                };
                Dual::new(x, Wide::from(scale * random.signed()))
            })
        })
        .collect();
    let op: &dyn ErasedOp<Dual<Wide>> = &*point.instance.op;
    let y = value(op, &x)?;
    let pairs = |(a, b): (Wide, Dual<Wide>)| a * b.tangent;
    let left = point
        .y_bar
        .as_slice()
        .iter()
        .copied()
        .zip(y.as_slice().iter().copied());
    let left: Vec<Wide> = left.map(pairs).collect();
    let right: Vec<Wide> = point
        .x_bar
        .iter()
        .zip(&x)
        .flat_map(|(x_bar, x)| {
            x_bar
                .as_slice()
                .iter()
                .copied()
                .zip(x.as_slice().iter().copied())
        })
        .map(pairs)
        .collect();
    let size: Wide = left.iter().chain(&right).map(|v| v.abs()).sum();
    let (jvp, vjp): (Wide, Wide) = (left.into_iter().sum(), right.into_iter().sum());
    let bound = AGREEMENT * size.to_f64();
    if (jvp - vjp).abs().to_f64() <= bound {
        return Ok(());
    }
    Err(Finding {
        expected: jvp.to_f64(),
        bound,
        got: vjp.to_f64(),
        ..Finding::of("along a random direction it is not what dual numbers give")
    }
    .fail())
}
