//! A whole model: the gradient of a cost with respect to all its parameters.

use autodiff::{Shape, View};
use num_traits::{Float as _, Zero as _};

use crate::closure::Function;
use crate::gradient_report::GradientReport;
use crate::judgement::{Element, Rule};
use crate::random::Random;
use crate::real::{Real, approx};
use crate::ridders::{Reference, derivative};

/// Checks the gradient of a cost with respect to a vector of parameters, parameter by parameter.
///
/// The cost is a closure over `f64`, or one over [`Wide`](autodiff::Wide), where the same
/// comparison is made with 106 bits: it then finds a relative error of about 1e-13 in any
/// parameter, however little that parameter matters, and confirms a right gradient with a
/// few dozen calls of the cost instead of 70 for each parameter.
///
/// ```
/// use autodiff::Wide;
/// use gradcheck::check_gradient;
/// use num_traits::Float;
///
/// let (parameters, gradient) = ([0.5, 2.0], [2.0, 0.5 + 2.0_f64.cos()]);
/// check_gradient(|p: &[f64]| p[0] * p[1] + p[1].sin(), &parameters, &gradient).assert_passes();
///
/// let exact = |p: &[Wide]| p[0] * p[1] + p[1].sin();
/// check_gradient(exact, &parameters, &gradient).assert_passes();
/// let report = check_gradient(exact, &parameters, &[2.0, gradient[1] * (1.0 + 1e-12)]);
/// assert_eq!(report.findings.len(), 1);
/// assert_eq!(report.findings[0].element, Some(1));
/// ```
///
/// The report is inconclusive where that of [`check_vjp`](crate::check_vjp) is.
///
/// # Panics
///
/// If there is not one element of the gradient for each parameter.
#[track_caller]
#[must_use]
pub fn check_gradient<S: Real>(
    cost: impl Fn(&[S]) -> S,
    parameters: &[f64],
    gradient: &[f64],
) -> GradientReport {
    let n = parameters.len();
    assert!(
        gradient.len() == n,
        "{n} parameters, and a gradient of {}",
        gradient.len()
    );
    if n == 0 {
        return GradientReport::unusable("there is nothing to check");
    }
    let f = |x: &[View<'_, S>]| vec![cost(&x[0])];
    let at: Vec<S> = parameters.iter().map(|&p| S::constant(p)).collect();
    let shape = Shape::from([n]);
    let function = Function::at(&f, &[View::new(shape, &at)]);
    if !function.y[0].is_finite() {
        return GradientReport::unusable("the value is not finite");
    }
    if f(&[View::new(shape, &at)]) != function.y {
        return GradientReport::unusable("a second call of the function gives something else");
    }
    let model = Model {
        function,
        parameters,
        gradient,
    };
    let mut elements: Vec<Option<Element>> = vec![None; n];
    if S::UNIT < f64::EPSILON {
        for group in model.groups() {
            if let Some(bounds) = model.confirm_together(&group) {
                for (k, bound) in group.into_iter().zip(bounds) {
                    elements[k] = Some(Element::right(gradient[k], bound));
                }
            }
        }
    }
    let elements = elements
        .into_iter()
        .enumerate()
        .map(|(k, known)| known.unwrap_or_else(|| model.element(k)))
        .collect();
    GradientReport::of(vec![("parameters".to_string(), shape)], elements)
}

/// A cost at its parameters, and the gradient that is claimed.
struct Model<'a, S: Real> {
    function: Function<'a, S>,
    parameters: &'a [f64],
    gradient: &'a [f64],
}

impl<S: Real> Model<'_, S> {
    /// How far a parameter can move for its surroundings to look straight.
    fn scale(&self, k: usize) -> f64 {
        match self.parameters[k].abs() {
            0.0 => 1.0,
            size => size.min(1.0),
        }
    }

    fn contribution(&self, k: usize) -> f64 {
        self.gradient[k].abs() * self.scale(k)
    }

    /// Parameters whose contributions are within four decades of each other: in a sum over more,
    /// a large one would hide a small one. Those that claim 0 are a group; those whose contribution is
    /// less than the smallest number are in none.
    fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups = std::collections::BTreeMap::<i32, Vec<usize>>::new();
        for k in 0..self.parameters.len() {
            let decades = match self.contribution(k) {
                0.0 if self.gradient[k] != 0.0 => continue,
                0.0 => i32::MIN,
                contribution => (contribution.log10() / 4.0).floor() as i32,
            };
            groups.entry(decades).or_default().push(k);
        }
        groups.into_values().collect()
    }

    /// Whether the slope along a random direction, in which every parameter of the group
    /// contributes as much, is the claimed one: how far each of them may be off then. `None` settles
    /// nothing.
    fn confirm_together(&self, group: &[usize]) -> Option<Vec<f64>> {
        let mut random = Random::new(group.len() as u64);
        let smallest = group
            .iter()
            .map(|&k| self.contribution(k))
            .fold(f64::INFINITY, f64::min);
        let mut direction = Vec::with_capacity(group.len());
        let (mut claimed, mut size, mut reach) = (S::Working::zero(), 0.0, 0.0);
        for &k in group {
            let leveled = match self.contribution(k) {
                0.0 => 1.0,
                contribution => smallest / contribution,
            };
            let step = self.scale(k) * leveled * random.signed();
            claimed += S::constant(self.gradient[k]).widened() * S::constant(step).widened();
            size += (self.gradient[k] * step).abs();
            reach += (self.gradient[k] * self.parameters[k]).abs();
            direction.push(step);
        }
        if size == 0.0 && !self.stays(group, &mut random) {
            return None;
        }
        let moved = |t: f64| {
            let mut x = self.function.inputs().to_vec();
            for (&k, &step) in group.iter().zip(&direction) {
                x[0][k] += S::constant(t) * S::constant(step);
            }
            (self.function.value(&x), S::constant(t).widened())
        };
        let row = |step: f64| {
            let mut row = self.function.row(
                step,
                0.0,
                &[S::one()],
                &[moved(-step), moved(step)],
                &[true],
            );
            row.rounding += S::UNIT * reach;
            row
        };
        let step = S::UNIT.cbrt();
        let rows = [row(step), row(0.5 * step)];
        // Smooth, or one of its rows would be on the other side of a kink.
        let gap = |k: usize| approx((rows[k].right - rows[k].left).abs());
        let visible = 64.0 * rows[1].rounding / rows[1].step;
        let is_smooth = gap(1) <= 0.6 * gap(0) + visible;
        let Reference::Slope { value, bound } = derivative(&rows) else {
            return None;
        };
        let allowed = S::AGREEMENT * size / group.len() as f64 + bound;
        let is_sharp = allowed <= 1e-9 * size || size == 0.0;
        let agrees = approx((claimed - value).abs()) <= allowed;
        let bounds = || direction.iter().map(|step| allowed / step.abs()).collect();
        (is_smooth && is_sharp && agrees).then(bounds)
    }

    /// Whether the cost does not change at all when the group moves a little, but by far more than
    /// the steps of differences: a slope that those could not see in a large cost would show.
    fn stays(&self, group: &[usize], random: &mut Random) -> bool {
        let mut x = self.function.inputs().to_vec();
        for &k in group {
            x[0][k] += S::constant(random.signed() / 1024.0);
        }
        self.function.value(&x) == self.function.y
    }

    /// One parameter alone.
    fn element(&self, k: usize) -> Element {
        let rule = Rule::new(S::UNIT, S::AGREEMENT, self.parameters[k]);
        let around = self.function.surroundings((0, k));
        let claim = |y_bar: &[S]| S::constant(self.gradient[k]) * y_bar[0];
        let element = self.function.judge(&around, &[S::one()], rule, &claim);
        if !element.is_wrong() || S::UNIT >= f64::EPSILON {
            return element;
        }
        // The gradient was computed at f64: it may be as wrong as its parameters' rounding makes it.
        let rounding = 64.0 * self.condition(k);
        let rule = Rule { rounding, ..rule };
        self.function.judge(&around, &[S::one()], rule, &claim)
    }

    /// How far the derivative moves when every parameter moves by a unit in its last place.
    fn condition(&self, k: usize) -> f64 {
        let mut random = Random::new(k as u64);
        let slope_at = |x: &[S]| {
            let function = self.function.moved_to(x);
            let rows = function.rows(&function.surroundings((0, k)), &[S::one()]);
            match derivative(&rows) {
                Reference::Slope { value, .. } => Some(value),
                _ => None,
            }
        };
        let here = slope_at(&self.function.inputs()[0]);
        let mut moved = 0.0_f64;
        for _ in 0..3 {
            let near: Vec<S> = self
                .parameters
                .iter()
                .map(|&p| S::constant(p) + S::constant(p * f64::EPSILON * random.sign()))
                .collect();
            if let (Some(here), Some(there)) = (here, slope_at(&near)) {
                moved = moved.max(approx((here - there).abs()));
            }
        }
        moved
    }
}
