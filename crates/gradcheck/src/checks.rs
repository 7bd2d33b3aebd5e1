//! The checks, one file each. A check looks at one case and gives a verdict.

pub(crate) mod arithmetic;
mod composition;
mod domain;
mod formula;
mod kinks;
mod linearity;
mod second_order;
mod shapes;
mod tape;

use std::fmt;

use serde::Serialize;

use crate::case::Instance;
use crate::panics::caught;
use crate::verdict::{Finding, Verdict, settle};

pub(crate) use kinks::BROADCAST;
pub(crate) use shapes::changes as changed_shapes;

/// What is checked of an op.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// At 106 bits, the hand-written vjp equals central differences of the forward rule, and the
    /// tangent that dual numbers give.
    Formula,
    /// At f64 and f32, value and vjp, also one that adds to what is there, equal those at 106 bits
    /// within what the condition at that point explains.
    Arithmetic,
    /// Through the tape the gradient is the vjp's: with a repeated input, a diamond, a dead
    /// branch, a second sweep, a replay, any choice of up to four inputs that are wanted, and for an
    /// op that says it rectifies, a cotangent that is rectified already.
    Tape,
    /// Value and gradient are those of the op's composition, where it has one.
    Composition,
    /// The vjp is linear in the cotangent, gives exactly 0 for 0, twice the same for the same, and
    /// adds to what is there.
    Linearity,
    /// Hessian-vector products (the vjp at dual numbers) equal differences of the vjp, and are
    /// symmetric.
    SecondOrder,
    /// At a kink the vjp lies between the one-sided derivatives, and is the declared convention, as is
    /// what dual numbers give.
    Kinks,
    /// Outside its domain the op is undefined, and shows it.
    Domain,
    /// Shapes that do not fit are refused, every element is written, and empty arrays work.
    Shapes,
}

impl Check {
    /// All of them, the cheapest last to be read in a report.
    pub const ALL: [Self; 9] = [
        Self::Formula,
        Self::Arithmetic,
        Self::Tape,
        Self::Composition,
        Self::Linearity,
        Self::SecondOrder,
        Self::Kinks,
        Self::Domain,
        Self::Shapes,
    ];

    /// Its name in test names: `formula`, `second_order`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Formula => "formula",
            Self::Arithmetic => "arithmetic",
            Self::Tape => "tape",
            Self::Composition => "composition",
            Self::Linearity => "linearity",
            Self::SecondOrder => "second_order",
            Self::Kinks => "kinks",
            Self::Domain => "domain",
            Self::Shapes => "shapes",
        }
    }

    /// Looks at one case. A rule that panics fails, and the finding says where it did: the panic is
    /// not printed. For that the first call puts a hook before the process's, which stays, and
    /// leaves all other panics to it.
    #[must_use]
    pub fn verdict(self, instance: &Instance) -> Verdict {
        let check = match self {
            Self::Formula => formula::check,
            Self::Arithmetic => arithmetic::check,
            Self::Tape => tape::check,
            Self::Composition => composition::check,
            Self::Linearity => linearity::check,
            Self::SecondOrder => second_order::check,
            Self::Kinks => kinks::check,
            Self::Domain => domain::check,
            Self::Shapes => shapes::check,
        };
        match caught(|| check(instance)) {
            Ok(checked) => settle(checked),
            Err(panicked) => Finding::of(format!("a rule {panicked}")).fail(),
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
