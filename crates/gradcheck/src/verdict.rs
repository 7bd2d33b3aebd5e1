//! What a check can say.

use std::fmt;

use serde::Serialize;

/// The outcome of one check on one case. NaN never passes: every comparison that leads to `Pass`
/// is one that NaN fails.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not.
    Fail(Box<Finding>),
    /// The case cannot tell: no finite value, or no reference good enough.
    Inconclusive(&'static str),
}

/// What was found wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// In a sentence.
    pub what: String,
    /// Which input's gradient it is about, if about one.
    pub input: Option<usize>,
    /// Which element of it, counted row by row.
    pub element: Option<usize>,
    /// What it should have been.
    pub expected: f64,
    /// How much it may differ.
    pub bound: f64,
    /// What it was.
    pub got: f64,
}

impl Finding {
    /// A finding about no number in particular.
    pub(crate) fn of(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            input: None,
            element: None,
            expected: f64::NAN,
            bound: f64::NAN,
            got: f64::NAN,
        }
    }

    pub(crate) fn fail(self) -> Verdict {
        Verdict::Fail(Box::new(self))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let (Some(input), Some(element)) = (self.input, self.element) {
            write!(f, ", at element {element} of input {input}")?;
        }
        if !self.expected.is_nan() {
            let Self {
                expected,
                bound,
                got,
                ..
            } = self;
            write!(f, ": expected {expected} ± {bound:.1e}, got {got}")?;
        }
        Ok(())
    }
}

/// Ends a check early: `Err` carries any verdict but a pass.
pub(crate) type Checked<T> = Result<T, Verdict>;

pub(crate) fn settle(checked: Checked<()>) -> Verdict {
    match checked {
        Ok(()) => Verdict::Pass,
        Err(verdict) => verdict,
    }
}
