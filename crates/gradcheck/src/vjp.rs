//! Any function, any framework: a vjp checked against differences of its function.

use autodiff::{Shape, View};

use crate::closure::Function;
use crate::gradient_report::{GradientReport, Outcome};
use crate::judgement::{Element, Judgement, Rule};
use crate::random::Random;
use crate::real::{Real, approx};
use crate::verdict::Finding;

/// The cotangents a vjp is tried with.
const COTANGENTS: usize = 3;
const SEED: u64 = 1;

/// Checks a hand-written vector-Jacobian product, whatever it was written with: `f` takes the
/// inputs and gives the output's elements, `vjp` takes the inputs and the output's cotangent ȳ
/// and gives the gradient of Σ ȳ y, one array for each input.
///
/// Every element is compared, for several random cotangents, with Ridders-extrapolated central
/// differences of `f`. There is no step and no tolerance to choose: steps of all sizes are taken,
/// and how far the gradient may differ is what the differences themselves show they are good for.
/// At a kink the gradient passes if it lies between the one-sided derivatives. Beside that the
/// vjp must be linear in the cotangent, and must give the same when called again.
///
/// It costs about 70 calls of `f` for each element of the inputs, and twice as many for small ones.
///
/// ```
/// use autodiff::{Tensor, View};
/// use gradcheck::{Outcome, check_vjp};
///
/// let product = |x: &[View<f64>]| x[0].iter().zip(x[1].iter()).map(|(a, b)| a * b).collect();
/// let vjp = |x: &[View<f64>], y_bar: &[f64]| {
///     let times = |x: View<f64>| x.iter().zip(y_bar).map(|(x, y_bar)| x * y_bar).collect();
///     vec![times(x[1]), times(x[0])]
/// };
/// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, -4.0]));
/// check_vjp(product, vjp, &[a.view(), b.view()]).assert_passes();
///
/// let swapped = |x: &[View<f64>], y_bar: &[f64]| vjp(&[x[1], x[0]], y_bar);
/// let report = check_vjp(product, swapped, &[a.view(), b.view()]);
/// assert_eq!(report.outcome, Outcome::Fail);
/// assert_eq!(report.findings.len(), 4);
/// println!("{report}");
/// ```
///
/// # How small an error it finds
///
/// At f64 a relative error of about 1e-11 in any element of a function that is smooth over distances
/// of about the size of its inputs, and is computed to a few units in the last place; at f32, about
/// 1e-3. Of random functions with fast oscillation and cancellation (`tests/vjp.rs`), an error of
/// 1e-9 in one element is found in 98 of 100 at f64, one of 1e-11 in 7 of 10; at f32, where the
/// differences of such functions are coarse, one of 1e-1 in 9 of 10, and one of 1e-3 in half.
/// [`GradientReport::resolution`] is the figure for the case at hand. A function that is added up
/// from large terms hides the elements that change it by less than its rounding
/// ([`GradientReport::faint`]): there [`Wide`](autodiff::Wide) sees 16 digits further, if the
/// closure can be called with it.
///
/// # Inconclusive
///
/// if the value is not finite, or not at the inputs' side; if calling `f` again gives something
/// else; if no differences settle, or only on something coarser than what a single central (at a
/// kink, one-sided) difference can give; if the rounding of the value hides all that is claimed; if
/// the inputs or the output have no elements.
#[must_use]
pub fn check_vjp<S: Real>(
    f: impl Fn(&[View<'_, S>]) -> Vec<S>,
    vjp: impl Fn(&[View<'_, S>], &[S]) -> Vec<Vec<S>>,
    inputs: &[View<'_, S>],
) -> GradientReport {
    let nothing = || GradientReport::unusable("there is nothing to check");
    if inputs.iter().all(|x| x.is_empty()) {
        return nothing();
    }
    let function = Function::at(&f, inputs);
    if function.y.is_empty() {
        return nothing();
    }
    if !function.y.iter().all(|y| y.is_finite()) {
        return GradientReport::unusable("the value is not finite");
    }
    if f(inputs) != function.y {
        return GradientReport::unusable("a second call of the function gives something else");
    }
    let shapes: Vec<Shape> = inputs.iter().map(View::shape).collect();
    let mut random = Random::new(SEED);
    let mut cotangent = || -> Vec<S> {
        function
            .y
            .iter()
            .map(|_| S::constant(random.signed()))
            .collect()
    };
    let cotangents: Vec<Vec<S>> = (0..COTANGENTS).map(|_| cotangent()).collect();
    let claims: Vec<Vec<Vec<S>>> = cotangents.iter().map(|y_bar| vjp(inputs, y_bar)).collect();
    let call = |y_bar: &[S]| vjp(inputs, y_bar);
    if let Some(finding) = laws(&call, &shapes, &cotangents, &claims) {
        return GradientReport::outright(Outcome::Fail, finding);
    }
    let mut elements = Vec::new();
    for (input, x) in inputs.iter().enumerate() {
        for (element, &x) in x.iter().enumerate() {
            let rule = Rule::new(S::UNIT, S::AGREEMENT, approx(x));
            let around = function.surroundings((input, element));
            let judged = cotangents.iter().zip(&claims).map(|(y_bar, known)| {
                let claim = |of: &[S]| match of == y_bar {
                    true => known[input][element],
                    false => {
                        let array = call(of).into_iter().nth(input);
                        let claim = array.and_then(|array| array.get(element).copied());
                        claim.unwrap_or(S::nan())
                    }
                };
                function.judge(&around, y_bar, rule, &claim)
            });
            elements.extend(judged.reduce(most_telling));
        }
    }
    let name = |(k, &shape): (usize, &Shape)| (format!("input {k}"), shape);
    GradientReport::of(shapes.iter().enumerate().map(name).collect(), elements)
}

/// Of the same element for two cotangents: a mistake tells more than a confirmation, and that more
/// than nothing.
fn most_telling(a: Element, b: Element) -> Element {
    let rank = |e: &Element| match e.judgement {
        Judgement::Wrong(_) => 2,
        Judgement::Right => 1,
        Judgement::Unknown(_) => 0,
    };
    let known = |e: &Element| e.expected.abs() / e.bound;
    match rank(&b).cmp(&rank(&a)) {
        std::cmp::Ordering::Greater => b,
        std::cmp::Ordering::Equal if known(&b) > known(&a) => b,
        _ => a,
    }
}

/// What every vjp is, whatever the function: of the inputs' shapes, the same twice, linear.
fn laws<S: Real>(
    vjp: &dyn Fn(&[S]) -> Vec<Vec<S>>,
    shapes: &[Shape],
    cotangents: &[Vec<S>],
    claims: &[Vec<Vec<S>>],
) -> Option<Finding> {
    let first = &claims[0];
    if let Some(finding) = claims.iter().find_map(|claim| misshapen(claim, shapes)) {
        return Some(finding);
    }
    let zeros: Vec<S> = cotangents[0].iter().map(|_| S::zero()).collect();
    let nothing: Vec<Vec<S>> = shapes
        .iter()
        .map(|shape| vec![S::zero(); shape.size()])
        .collect();
    let (a, b) = (S::constant(-512.0), S::constant(0.03125));
    let mixed = mix(a, &cotangents[0], b, &cotangents[1]);
    let sum: Vec<Vec<S>> = first
        .iter()
        .zip(&claims[1])
        .map(|(of_first, of_second)| mix(a, of_first, b, of_second))
        .collect();
    // A thousand units of the largest element: what an honest sum may lose where it cancels. And what is
    // lost below the smallest normal number, after one of them was multiplied by 512; of two numbers that
    // are one, as at 106 bits, the lower one is lost before that.
    let underflow = 1024.0 * approx(S::min_positive_value()) * (f64::EPSILON / S::UNIT).max(1.0);
    let rounding = |largest: f64| 1024.0 * S::UNIT * largest + underflow;
    let again = (&cotangents[0], first, "a second call gives something else");
    let of_zero = (&zeros, &nothing, "for a cotangent of 0 it is not 0");
    let of_both = (&mixed, &sum, "it is not linear in the cotangent");
    let exactly = |_: f64| 0.0;
    let bounds: [&dyn Fn(f64) -> f64; 3] = [&exactly, &exactly, &rounding];
    [again, of_zero, of_both].into_iter().zip(bounds).find_map(
        |((y_bar, expected, what), bound)| {
            let got = vjp(y_bar);
            misshapen(&got, shapes).or_else(|| difference(&got, expected, bound, what))
        },
    )
}

/// What is wrong with the arrays, if they are not of the inputs' sizes.
fn misshapen<S>(claim: &[Vec<S>], shapes: &[Shape]) -> Option<Finding> {
    if claim.len() != shapes.len() {
        let (given, wanted) = (claim.len(), shapes.len());
        return Some(Finding::of(format!(
            "it gives {given} arrays for {wanted} inputs"
        )));
    }
    let is_misshapen = |(array, shape): (&Vec<S>, &Shape)| array.len() != shape.size();
    let input = claim.iter().zip(shapes).position(is_misshapen)?;
    let (given, shape) = (claim[input].len(), shapes[input]);
    Some(Finding {
        input: Some(input),
        ..Finding::of(format!("it has {given} elements for a shape {shape}"))
    })
}

fn mix<S: Real>(a: S, x: &[S], b: S, y: &[S]) -> Vec<S> {
    x.iter().zip(y).map(|(&x, &y)| a * x + b * y).collect()
}

/// The first element that differs by more than the bound for its input's largest element. What is
/// not finite is left to the comparison with differences.
fn difference<S: Real>(
    got: &[Vec<S>],
    expected: &[Vec<S>],
    bound: &dyn Fn(f64) -> f64,
    what: &str,
) -> Option<Finding> {
    for (input, (got, expected)) in got.iter().zip(expected).enumerate() {
        let largest = expected.iter().map(|v| approx(v.abs())).fold(0.0, f64::max);
        let bound = bound(largest);
        for (element, (&got, &expected)) in got.iter().zip(expected).enumerate() {
            let error = approx((got - expected).abs());
            if expected.is_finite() && !(error <= bound) {
                return Some(Finding {
                    input: Some(input),
                    element: Some(element),
                    expected: approx(expected),
                    bound,
                    got: approx(got),
                    ..Finding::of(what)
                });
            }
        }
    }
    None
}
