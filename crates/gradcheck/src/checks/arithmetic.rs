//! Is the arithmetic stable? At f64 and f32, against 106 bits: the value, the gradient, and the gradient
//! that is added to what is there.
//!
//! A rule may be as wrong as its inputs' rounding makes it: how far the result at 106 bits moves
//! when every input moves by one or two units in the last place, tried several times at random,
//! times a modest constant. (With equal steps, equal terms would cancel in every trial now and then.) So the bound is computed at every point, from its condition.

use autodiff::{ErasedOp, Scalar, Tensor, Wide};
use num_traits::Float as _;

use crate::case::Instance;
use crate::point::{added, claimed, value};
use crate::random::Random;
use crate::verdict::{Checked, Finding, Verdict};

/// How many units of the condition a rule may be off: it has more than one operation, and the
/// perturbations are a sample.
pub(crate) const MODEST: f64 = 64.0;
pub(crate) const PERTURBATIONS: usize = 6;

pub(super) fn check(instance: &Instance) -> Checked<()> {
    check_at::<f64>(instance, &*instance.op, "f64")?;
    check_at::<f32>(instance, &*instance.op, "f32")
}

/// Value and vjp of a point at 106 bits.
struct Exact {
    y: Tensor<Wide>,
    x_bar: Vec<Tensor<Wide>>,
}

impl Exact {
    fn of(op: &dyn ErasedOp<Wide>, x: &[Tensor<Wide>], y_bar: &Tensor<Wide>) -> Checked<Self> {
        let y = value(op, x)?;
        let x_bar = claimed(op, x, &y, y_bar);
        Ok(Self { y, x_bar })
    }

    fn parts(&self) -> impl Iterator<Item = &Tensor<Wide>> {
        std::iter::once(&self.y).chain(&self.x_bar)
    }
}

fn check_at<S: Scalar>(instance: &Instance, op: &dyn ErasedOp<S>, scalar: &str) -> Checked<()> {
    let Some(y_bar) = &instance.cotangent else {
        return Err(Finding::of("it refuses the shapes of its own signature").fail());
    };
    let (x, y_bar) = (instance.inputs_at::<S>(), y_bar.map(S::constant));
    let inside = |(x, domain): (&Tensor<S>, &autodiff::signature::Domain)| {
        x.as_slice().iter().all(|x| domain.contains(to_f64(*x)))
    };
    if !x.iter().zip(&instance.domains).all(inside) {
        return Err(Verdict::Inconclusive("rounding leaves the domain"));
    }
    let wide = |t: &Tensor<S>| t.map(|v| Wide::from(to_f64(v)));
    let (x_wide, y_bar_wide): (Vec<_>, _) = (x.iter().map(wide).collect(), wide(&y_bar));
    let exact_op: &dyn ErasedOp<Wide> = &*instance.op;
    let exact = Exact::of(exact_op, &x_wide, &y_bar_wide)?;
    let largest = to_f64(S::max_value()) / 16.0;
    let out_of_range =
        |t: &Tensor<Wide>| t.as_slice().iter().any(|v| !(v.abs().to_f64() < largest));
    if exact.parts().any(out_of_range) {
        return Err(Verdict::Inconclusive("out of the scalar's range"));
    }

    let unit = to_f64(S::epsilon());
    let mut random = Random::new(instance.seed.wrapping_add(2));
    let mut moved = vec![Vec::new(); 1 + x.len()];
    for (moved, part) in moved.iter_mut().zip(exact.parts()) {
        *moved = part
            .as_slice()
            .iter()
            .map(|v| unit * v.abs().to_f64())
            .collect();
    }
    for _ in 0..PERTURBATIONS {
        let mut nudge = |v: Wide| v + v * Wide::from(unit * random.signed());
        let nudged: Vec<_> = x_wide.iter().map(|x| x.map(&mut nudge)).collect();
        let near = Exact::of(exact_op, &nudged, &y_bar_wide.map(&mut nudge))?;
        for (moved, (part, near)) in moved.iter_mut().zip(exact.parts().zip(near.parts())) {
            for (moved, (a, b)) in moved
                .iter_mut()
                .zip(part.as_slice().iter().zip(near.as_slice()))
            {
                *moved = moved.max((*a - *b).abs().to_f64() + unit * a.abs().to_f64());
            }
        }
    }

    let y =
        autodiff::direct::forward(op, &x).map_err(|error| Finding::of(error.to_string()).fail())?;
    let x_bar = claimed(op, &x, &y, &y_bar);
    // Below the smallest normal number, what is lost is not relative any more.
    let extent = |t: &Tensor<S>| {
        t.as_slice()
            .iter()
            .map(|v| to_f64(v.abs()))
            .fold(1.0, f64::max)
    };
    let underflow =
        to_f64(S::min_positive_value()) * x.iter().map(extent).fold(1.0, f64::max) * extent(&y_bar);
    let bounds = |part: usize| {
        let moved = moved[part].iter();
        moved.map(|moved| MODEST * (moved + underflow)).collect()
    };
    let loses =
        |of: &str| format!("at {scalar} the {of} loses digits that the point does not cost");
    within(None, &wide(&y), &exact.y, bounds(0), &loses("value"))?;
    for (input, (x_bar, exact)) in x_bar.iter().zip(&exact.x_bar).enumerate() {
        let bounds = bounds(1 + input);
        within(Some(input), &wide(x_bar), exact, bounds, &loses("gradient"))?;
    }

    // A kernel that adds can be another one than the one that writes.
    let (before, added) = added(op, &x, &y, &y_bar, &x_bar, &mut random);
    let what = format!("at {scalar} it does not add to the cotangent that is there");
    for (input, (before, added)) in before.iter().zip(&added).enumerate() {
        let rounding = |before: &S| MODEST * unit * to_f64(before.abs());
        let bounds: Vec<f64> = bounds(1 + input);
        let bounds = bounds.iter().zip(before.as_slice());
        let bounds = bounds.map(|(bound, before)| bound + rounding(before));
        let (before, added) = (wide(before), wide(added));
        let difference = |k: usize| added.as_slice()[k] - before.as_slice()[k];
        let got = Tensor::from_fn(added.shape(), difference);
        within(
            Some(input),
            &got,
            &exact.x_bar[input],
            bounds.collect(),
            &what,
        )?;
    }
    Ok(())
}

/// # Errors
///
/// With the first element, of the value or of an input's gradient, that differs by more than its bound.
fn within(
    input: Option<usize>,
    got: &Tensor<Wide>,
    exact: &Tensor<Wide>,
    bounds: Vec<f64>,
    what: &str,
) -> Checked<()> {
    let elements = got.as_slice().iter().zip(exact.as_slice());
    for (element, ((&got, &exact), bound)) in elements.zip(bounds).enumerate() {
        if !((got - exact).abs().to_f64() <= bound) {
            return Err(Finding {
                input,
                element: Some(element),
                expected: exact.to_f64(),
                bound,
                got: got.to_f64(),
                ..Finding::of(what)
            }
            .fail());
        }
    }
    Ok(())
}

fn to_f64<S: Scalar>(x: S) -> f64 {
    x.to_f64().unwrap_or(f64::NAN)
}
