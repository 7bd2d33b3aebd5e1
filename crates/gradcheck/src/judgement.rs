//! One element of a gradient, compared with what differences say.

use autodiff::Scalar;

use crate::real::approx;
use crate::ridders::{Reference, Row, derivative, disagree};

/// What became of one element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element {
    pub(crate) got: f64,
    pub(crate) expected: f64,
    pub(crate) bound: f64,
    pub(crate) judgement: Judgement,
    pub(crate) seen: Seen,
}

/// What the value does when the element moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing but rounding, at any step.
    Nothing,
    Slope,
    Kink,
}

/// Why an element cannot be told that changes the value less than its rounding does.
pub(crate) const HIDDEN: &str = "its effect is less than the rounding of the value";

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Judgement {
    Right,
    Wrong(&'static str),
    Unknown(&'static str),
}

impl Element {
    pub(crate) fn is_wrong(&self) -> bool {
        matches!(self.judgement, Judgement::Wrong(_))
    }

    /// How much it is off, in units of what it may be: what findings are sorted by.
    pub(crate) fn severity(&self) -> f64 {
        let severity = (self.got - self.expected).abs() / self.bound;
        if severity.is_nan() {
            f64::INFINITY
        } else {
            severity
        }
    }

    /// Whether differences and claim are nothing but 0.
    pub(crate) fn is_zero(&self) -> bool {
        self.got == 0.0 && self.expected == 0.0
    }

    /// Whether it cannot be told from 0.
    pub(crate) fn is_faint(&self) -> bool {
        self.seen != Seen::Kink && self.expected.abs() <= self.bound && !self.is_zero()
    }

    /// Whether it is faint because the rounding of the value hides all that it does, and not because it
    /// is close to 0.
    pub(crate) fn is_hidden(&self) -> bool {
        self.is_faint() && self.seen == Seen::Nothing
    }

    pub(crate) fn unknown(got: f64, why: &'static str) -> Self {
        Self {
            got,
            expected: f64::NAN,
            bound: f64::INFINITY,
            judgement: Judgement::Unknown(why),
            seen: Seen::Nothing,
        }
    }

    /// An element whose derivative is known without looking at it alone.
    pub(crate) fn right(got: f64, bound: f64) -> Self {
        Self {
            got,
            expected: got,
            bound,
            judgement: Judgement::Right,
            seen: Seen::Slope,
        }
    }
}

/// How an element is judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    /// A unit in the last place of the function's scalar.
    pub(crate) unit: f64,
    /// What is granted relative to the derivative.
    pub(crate) agreement: f64,
    /// What is granted beyond that, for the rounding of the gradient.
    pub(crate) rounding: f64,
    /// How far the element can move for its surroundings to look straight.
    pub(crate) scale: f64,
}

impl Rule {
    /// For an element of a gradient computed at the same scalar.
    pub(crate) fn new(unit: f64, agreement: f64, x: f64) -> Self {
        Self {
            unit,
            agreement,
            rounding: 0.0,
            scale: if x == 0.0 { 1.0 } else { x.abs().min(1.0) },
        }
    }

    pub(crate) fn judge<W: Scalar>(self, claimed: W, rows: &[Row<W>]) -> Element {
        let got = approx(claimed);
        if !claimed.is_finite() {
            return Element {
                judgement: Judgement::Wrong("the value is finite, and the gradient is not"),
                ..Element::unknown(got, "")
            };
        }
        match derivative(rows) {
            Reference::Unclear(why) => Element::unknown(got, why),
            Reference::Slope { value, bound } => {
                let size = approx(value.abs());
                let bound = bound + self.agreement * size + self.rounding;
                let error = approx((claimed - value).abs());
                let judgement = if !(error <= bound) {
                    if error <= hidden(rows) || disagree(rows, value, claimed) {
                        Judgement::Unknown("wide and fine steps disagree")
                    } else if bound > 1e-2 * size.max(got.abs()) {
                        // Too coarse to convict: what does not settle can seem to.
                        Judgement::Unknown("the differences are too coarse here")
                    } else {
                        Judgement::Wrong("it is not the derivative")
                    }
                } else if bound <= self.sharp(size, rows) {
                    Judgement::Right
                } else {
                    Judgement::Unknown("the differences are too coarse here")
                };
                Element {
                    got,
                    expected: approx(value),
                    bound,
                    judgement,
                    seen: match rows.iter().any(shows) {
                        true => Seen::Slope,
                        false => Seen::Nothing,
                    },
                }
            }
            Reference::Kink { low, high, bound } => {
                let size = approx(low.abs().max(high.abs()));
                let bound = bound + self.agreement * size + self.rounding;
                let is_between = approx(low - claimed) <= bound && approx(claimed - high) <= bound;
                let is_coarse = bound > 1e-2 * size.max(got.abs());
                let judgement = if is_between && bound <= self.sharp_beside_a_kink(size, rows) {
                    Judgement::Right
                } else if is_between || is_coarse {
                    Judgement::Unknown("the differences are too coarse here")
                } else {
                    Judgement::Wrong("at a kink, it is not between the one-sided derivatives")
                };
                Element {
                    got,
                    expected: approx(claimed.max(low).min(high)),
                    bound,
                    judgement,
                    seen: Seen::Kink,
                }
            }
        }
    }

    /// A reference that is coarser proves nothing: a single central difference with the best step
    /// has an error of unit^⅔ of the value over the scale of x, and unit^⅓ is generous where the
    /// value is large beside the derivative.
    fn sharp<W>(self, size: f64, rows: &[Row<W>]) -> f64 {
        self.generous(self.unit.cbrt(), size, rows)
    }

    /// The same of one-sided differences, of which the best has an error of unit^½.
    fn sharp_beside_a_kink<W>(self, size: f64, rows: &[Row<W>]) -> f64 {
        self.generous(self.unit.sqrt().sqrt(), size, rows)
    }

    fn generous<W>(self, fineness: f64, size: f64, rows: &[Row<W>]) -> f64 {
        let rounding = rows.last().map_or(0.0, |row| row.rounding);
        (fineness * size).max(rounding / fineness / self.scale)
    }
}

/// Whether a step changes the value by clearly more than its rounding.
fn shows<W: Scalar>(row: &Row<W>) -> bool {
    row.step * approx(row.left.abs().max(row.right.abs())) > 64.0 * row.rounding
}

/// How steep a slope can be that the rounding of numbers of the size of 1 hides from fine steps,
/// while nothing in the value tells of such numbers: ln(1 + x²) is 0 for a whole range of x.
fn hidden<W>(rows: &[Row<W>]) -> f64 {
    match (rows.first(), rows.last()) {
        (Some(widest), Some(finest)) => 256.0 * finest.grain / widest.step,
        _ => 0.0,
    }
}
