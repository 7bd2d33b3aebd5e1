//! A function that is only a closure, at a point: its value, and its difference quotients.

use autodiff::{Shape, View};
use num_traits::{Float as _, Zero as _};

use crate::judgement::{Element, HIDDEN, Rule};
use crate::real::{Real, approx};
use crate::ridders::{Row, steps};

/// Where a number stands: which input, which element.
pub(crate) type Place = (usize, usize);

pub(crate) type Closure<'a, S> = dyn Fn(&[View<'_, S>]) -> Vec<S> + 'a;

/// The values to the left and to the right, each with how far it is away.
type Sides<S> = [(Vec<S>, <S as Real>::Working); 2];

/// What is around one element.
pub(crate) struct Surroundings<S: Real> {
    /// Which outputs change at any step: the others add neither a slope nor rounding.
    pub(crate) depends: Vec<bool>,
    distance: f64,
    sides: Vec<(f64, Sides<S>)>,
}

impl<S: Real> Surroundings<S> {
    /// The widest step.
    pub(crate) fn extent(&self) -> f64 {
        self.sides.first().map_or(1.0, |(step, _)| *step)
    }
}

/// A function and the point it is looked at.
pub(crate) struct Function<'a, S: Real> {
    f: &'a Closure<'a, S>,
    shapes: Vec<Shape>,
    x: Vec<Vec<S>>,
    pub(crate) y: Vec<S>,
}

impl<'a, S: Real> Function<'a, S> {
    pub(crate) fn at(f: &'a Closure<'a, S>, inputs: &[View<'_, S>]) -> Self {
        Self {
            f,
            shapes: inputs.iter().map(View::shape).collect(),
            x: inputs.iter().map(|x| x.to_vec()).collect(),
            y: f(inputs),
        }
    }

    /// The same function of one input, elsewhere.
    pub(crate) fn moved_to(&self, x: &[S]) -> Self {
        Self::at(self.f, &[View::new(self.shapes[0], x)])
    }

    /// The value at other inputs of the same shapes.
    pub(crate) fn value(&self, x: &[Vec<S>]) -> Vec<S> {
        let views: Vec<_> = x
            .iter()
            .zip(&self.shapes)
            .map(|(x, &shape)| View::new(shape, x))
            .collect();
        (self.f)(&views)
    }

    /// The element against differences for one cotangent, given its gradient by cotangent.
    ///
    /// An output that no step changes may still depend on the element by less than its last digit. So
    /// a mistake has to show in the outputs that do change, or be larger than the others would hide.
    pub(crate) fn judge(
        &self,
        around: &Surroundings<S>,
        y_bar: &[S],
        rule: Rule,
        claim: &dyn Fn(&[S]) -> S,
    ) -> Element {
        let rows = self.rows(around, y_bar);
        let claimed = claim(y_bar);
        let element = rule.judge(claimed.widened(), &rows);
        if !element.is_wrong() || around.depends.iter().all(|&depends| depends) {
            return element;
        }
        let of_others: Vec<S> = y_bar
            .iter()
            .zip(&around.depends)
            .map(|(&y_bar, &depends)| if depends { S::zero() } else { y_bar })
            .collect();
        let hidden = claim(&of_others);
        // Numbers of the size of 1 may have gone into it.
        let magnitude = |(y_bar, y): (&S, &S)| approx((*y_bar * y.abs().max(S::one())).abs());
        let hiding: f64 = of_others.iter().zip(&self.y).map(magnitude).sum();
        let is_hidden = approx(hidden.abs()) <= 4.0 * S::UNIT * hiding / around.extent();
        let rest = rule.judge((claimed - hidden).widened(), &rows);
        if hidden.is_zero() || !is_hidden || rest.is_wrong() {
            return element;
        }
        Element::unknown(approx(claimed), HIDDEN)
    }

    pub(crate) fn inputs(&self) -> &[Vec<S>] {
        &self.x
    }

    /// The values on both sides of one element's, for steps of all sizes.
    pub(crate) fn surroundings(&self, (input, element): Place) -> Surroundings<S> {
        let mut x = self.x.clone();
        let here = self.x[input][element];
        let mut moved = |to: S| {
            x[input][element] = to;
            (self.value(&x), (to - here).widened())
        };
        let sides = |step: f64| {
            let h = S::constant(step);
            (step, [moved(here - h), moved(here + h)])
        };
        // Beside the smallest numbers the finest steps are none.
        let moves = |&step: &f64| {
            let h = S::constant(step);
            here - h != here && here + h != here
        };
        let sides: Vec<_> = steps(approx(here), S::UNIT)
            .into_iter()
            .filter(moves)
            .map(sides)
            .collect();
        let differs = |k: usize| {
            let mut values = sides.iter().flat_map(|(_, pair)| pair);
            values.any(|(y, _)| y[k] != self.y[k])
        };
        Surroundings {
            depends: (0..self.y.len()).map(differs).collect(),
            distance: approx(here).abs(),
            sides,
        }
    }

    /// The difference quotients of Σ ȳ y as one element moves: the rows from the widest step at and
    /// below which the value is finite.
    pub(crate) fn rows(&self, around: &Surroundings<S>, y_bar: &[S]) -> Vec<Row<S::Working>> {
        let mut rows = Vec::new();
        for (step, sides) in &around.sides {
            let reach = around.distance + step;
            let row = self.row(*step, reach, y_bar, sides, &around.depends);
            if row.left.is_finite() && row.right.is_finite() {
                rows.push(row);
            } else {
                rows.clear();
            }
        }
        rows
    }

    /// The quotients from the values to the left and to the right, each with how far it moved.
    /// Rounding is that of the outputs that depend on what moves, and of the inputs, which reach so
    /// far from 0.
    pub(crate) fn row(
        &self,
        step: f64,
        reach: f64,
        y_bar: &[S],
        [(left, to_left), (right, to_right)]: &Sides<S>,
        depends: &[bool],
    ) -> Row<S::Working> {
        let zero = S::Working::zero;
        let (mut falls, mut rises) = (zero(), zero());
        let (mut magnitude, mut grain) = (0.0, 0.0);
        for (k, (&y, &y_bar)) in self.y.iter().zip(y_bar).enumerate() {
            let (left, right) = (left[k], right[k]);
            if depends[k] {
                let weight = y_bar.widened();
                falls += weight * (left.widened() - y.widened());
                rises += weight * (right.widened() - y.widened());
                let largest = y.abs().max(left.abs()).max(right.abs());
                magnitude += approx((y_bar * largest).abs());
                grain += approx((y_bar * largest.max(S::one())).abs());
            }
        }
        let central = (rises - falls) / (*to_right - *to_left);
        let tiny = approx(S::min_positive_value());
        Row {
            step,
            left: falls / *to_left,
            right: rises / *to_right,
            central,
            rounding: S::UNIT * (magnitude + reach * approx(central.abs())) + tiny,
            grain: S::UNIT * grain,
        }
    }
}
