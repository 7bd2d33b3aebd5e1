//! What kind of mistake a wrong vjp looks like.

use std::fmt;

use serde::Serialize;

use crate::case::{Drawn, Subject};
use crate::checks::Check;

/// A kind of mistake.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Diagnosis {
    /// Every element is off by the same factor.
    Factor(f64),
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Factor(factor) => write!(f, "a factor of {factor}"),
        }
    }
}

pub(crate) fn diagnose(_subject: &Subject, _check: Check, _drawn: &Drawn) -> Vec<Diagnosis> {
    Vec::new()
}
