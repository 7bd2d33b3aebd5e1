//! Second derivatives: the vjp at dual numbers, through a tape.

use autodiff::{Dual, Tape, Tensor, Var, Wide};
use num_traits::Float as _;

use crate::case::{Instance, Shared};
use crate::objective::Objective as _;
use crate::point::{FADING, Point, claimed, value};
use crate::random::Random;
use crate::reference::{AGREEMENT, Direction, LEFT_BY_CANCELLATION, Rise, slope};
use crate::verdict::{Checked, Finding, Verdict};

/// Of numbers of 106 bits, in rules of some ten operations.
const LEFT_BY_ROUNDING: f64 = 1.0 / (1_u128 << 96) as f64;

const LOST: &str = "the gradient is lost in rounding";

pub(super) fn check(instance: &Instance) -> Checked<()> {
    let instance = &instance.off_kinks();
    let point = Point::of(instance)?;
    let mut random = Random::new(instance.seed.wrapping_add(4));
    let mut direction = || {
        let mut step = |input: usize, x: f64| {
            let size = if x == 0.0 { 1.0 } else { x.abs().min(1.0) };
            // Close to an edge the surroundings look straight only on a smaller scale.
            let edge = 0.5 * instance.distance_to_edge(input, x);
            Wide::from(random.signed() * size.min(edge))
        };
        let steps = |(input, x): (usize, &Tensor<f64>)| {
            x.as_slice().iter().map(|&x| step(input, x)).collect()
        };
        Direction(instance.inputs.iter().enumerate().map(steps).collect())
    };
    let (u, v) = (direction(), direction());

    let (along_v, along_u) = (hessian_vector(&point, &v)?, hessian_vector(&point, &u)?);
    let (u_h_v, size) = inner(&u, &along_v);
    let (v_h_u, other_size) = inner(&v, &along_u);
    let [gradient_size, other_gradient_size] = [&u, &v].map(|d| inner(d, &point.x_bar).1);
    let (larger, larger_gradient) = (size.max(other_size), gradient_size.max(other_gradient_size));
    // Where all terms of a gradient cancel, as those of a softmax whose outputs all count alike, it is
    // rounding, and so is its derivative.
    let rounding = LEFT_BY_ROUNDING * point.magnitude().to_f64();
    let is_rounding = |difference: f64, step: f64| {
        larger.max(larger_gradient) <= rounding && difference <= rounding / step
    };
    let difference = (u_h_v - v_h_u).abs().to_f64();
    let bound = AGREEMENT * (larger + FADING) + LEFT_BY_CANCELLATION * larger_gradient;
    if !(difference <= bound) {
        if is_rounding(difference, 1.0) {
            return Err(Verdict::Inconclusive(LOST));
        }
        return Err(Finding {
            expected: v_h_u.to_f64(),
            bound,
            got: u_h_v.to_f64(),
            ..Finding::of("the second derivative is not symmetric: u·Hv is not v·Hu")
        }
        .fail());
    }

    // The slope of ⟨u, vjp⟩ along v.
    let rise = |t: Wide| -> Option<Rise> {
        let x = v.moved(&point.x, t);
        let y = value(point.op, &x).ok()?;
        let moved = claimed(point.op, &x, &y, &point.y_bar);
        let change: Vec<_> = moved
            .iter()
            .zip(&point.x_bar)
            .map(|(a, b)| Tensor::from_fn(a.shape(), |k| a.as_slice()[k] - b.as_slice()[k]))
            .collect();
        let (by, _) = inner(&u, &change);
        by.is_finite().then_some(Rise {
            by,
            magnitude: 2.0 * (gradient_size + size + FADING),
        })
    };
    // Finer steps are for surroundings that are small, as those of a pole or of a jump close by.
    // A right derivative agrees with one of them, a wrong one with none.
    let mut differs = Err(Verdict::Inconclusive("the gradient is not finite nearby"));
    for fineness in [-34, -44, -54] {
        let step = 2.0_f64.powi(fineness);
        let Some(slope) = slope(rise, step) else {
            continue;
        };
        let difference = (u_h_v - slope.value).abs().to_f64();
        let bound = AGREEMENT * (size + FADING) + 10.0 * slope.error;
        if !slope.is_smooth {
            differs = Err(Verdict::Inconclusive("the gradient jumps nearby"));
        } else if difference <= bound {
            return if bound <= 1e-6 * size + 1e-12 * (gradient_size + FADING) {
                Ok(())
            } else {
                Err(Verdict::Inconclusive("the differences are too coarse here"))
            };
        } else if is_rounding(difference, step) {
            differs = Err(Verdict::Inconclusive(LOST));
        } else {
            let finding = Finding {
                expected: slope.value.to_f64(),
                bound,
                got: u_h_v.to_f64(),
                ..Finding::of("the vjp at dual numbers is not the derivative of the vjp")
            };
            differs = Err(finding.fail());
        }
    }
    differs
}

/// H v by a sweep over dual numbers.
fn hessian_vector(point: &Point<'_>, v: &Direction) -> Checked<Vec<Tensor<Wide>>> {
    let tape = Tape::<Dual<Wide>>::new();
    let x: Vec<Var<'_, Dual<Wide>>> = point
        .x
        .iter()
        .zip(&v.0)
        .map(|(x, v)| {
            let dual = |k: usize| Dual::new(x.as_slice()[k], v[k]);
            tape.variable(Tensor::from_fn(x.shape(), dual))
        })
        .collect();
    let op = Shared(point.instance.op.clone());
    let y = tape
        .record_erased(Box::new(op), &x)
        .map_err(|error| Finding::of(error.to_string()).fail())?;
    let gradients = y.backward_from(&point.y_bar.map(Dual::constant));
    let tangents: Vec<_> = x
        .iter()
        .map(|&x| gradients.wrt(x).to_tensor().map(|g| g.tangent))
        .collect();
    if tangents
        .iter()
        .all(|t| t.as_slice().iter().all(|v| v.is_finite()))
    {
        Ok(tangents)
    } else {
        Err(Verdict::Inconclusive("a second derivative is not finite"))
    }
}

/// ⟨u, g⟩, and the sum of the sizes of its terms.
fn inner(u: &Direction, g: &[Tensor<Wide>]) -> (Wide, f64) {
    let terms = || {
        u.0.iter()
            .zip(g)
            .flat_map(|(u, g)| u.iter().zip(g.as_slice()))
            .map(|(&u, &g)| u * g)
    };
    let size: Wide = terms().map(Wide::abs).sum();
    (terms().sum(), size.to_f64())
}
