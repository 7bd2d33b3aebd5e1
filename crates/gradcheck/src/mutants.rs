//! Ops that are wrong on purpose: how good the verifier is, is measured on them.
//!
//! A mutant is an op with one mistake in it. There are corruptions that can be applied to any op
//! (a factor, a sign, a lost contribution), and a catalogue of mistakes in particular ops, among
//! them the bugs that autodiff libraries have shipped. Beside every mutant stands the op it was
//! made from. Some mutants are no different from it, as zeroing a gradient that is zero anyway;
//! which ones is measured ([`Mutant::is_equivalent`]), not declared.
//!
//! ```
//! use gradcheck::mutants::mutants;
//! use gradcheck::{Check, Diagnosis, Settings};
//!
//! let mutants = mutants();
//! let sign = mutants.iter().find(|m| m.op() == "tanh" && m.kind() == "negated").unwrap();
//! assert!(!sign.is_equivalent(100));
//! let report = sign.convict(&Settings::from_env()).unwrap();
//! assert_eq!(report.check, Check::Formula);
//! assert_eq!(report.diagnosis.first(), Some(&Diagnosis::Sign));
//! ```

mod arrays;
mod corrupted;
mod corruption;
mod dropout;
mod elementwise;
mod equivalence;
mod local;
mod macros;
mod misshapen;

use std::sync::Arc;

use autodiff::registry::{AnyOp, Registration, registered};
use autodiff::signature::{Draw, Signature};
use autodiff::{Op, Registered};

use crate::case::Subject;
use crate::checks::Check;
use crate::diagnosis::Diagnosis;
use crate::gradient_report::Outcome;
use crate::report::Report;
use crate::run::{Settings, run};

/// An op with one mistake in it.
#[derive(Debug)]
pub struct Mutant {
    kind: &'static str,
    accepted: Vec<Diagnosis>,
    right: Subject,
    wrong: Subject,
    /// Whether it is the op's own rule, run at another point.
    is_elsewhere: bool,
}

impl Mutant {
    /// What was done to the op.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The op it was done to.
    #[must_use]
    pub fn op(&self) -> &str {
        self.right.name()
    }

    /// The diagnoses that say what was done, in words of their own; none where the mistake is of
    /// no kind that has a name.
    #[must_use]
    pub fn accepted(&self) -> &[Diagnosis] {
        &self.accepted
    }

    /// The op as it should be.
    #[must_use]
    pub fn right(&self) -> &Subject {
        &self.right
    }

    /// The op with the mistake.
    #[must_use]
    pub fn wrong(&self) -> &Subject {
        &self.wrong
    }

    /// Whether the mistake makes no difference: values, gradients and refusals are the op's own in
    /// `cases` drawn cases, at every scalar, on kinks, outside the domain, with and without other
    /// consumers, and for every choice of wanted inputs. Of the right rule at another point it is enough
    /// that the gradients agree at 106 bits but for rounding.
    #[must_use]
    pub fn is_equivalent(&self, cases: u64) -> bool {
        let [right, wrong] = [&self.right, &self.wrong];
        equivalence::agree(right, wrong, cases)
            || (self.is_elsewhere && equivalence::agree_but_for_rounding(right, wrong, cases))
    }

    /// The report of the first check that convicts it, in the order of [`Check::ALL`]; `None` if it
    /// survives all of them. Cases that cannot tell convict nobody.
    #[must_use]
    pub fn convict(&self, settings: &Settings) -> Option<Box<Report>> {
        Check::ALL
            .into_iter()
            .filter_map(|check| run(&self.wrong, check, settings).err())
            .find(|report| report.outcome == Outcome::Fail)
    }

    /// `Wrong`, which claims to be `Right`.
    fn of<Right: Op, Wrong: Op>(kind: &'static str, accepted: &[Diagnosis]) -> Self {
        Self {
            kind,
            accepted: accepted.to_vec(),
            right: Original::of::<Right>().subject(),
            wrong: Original::of::<Wrong>().subject(),
            is_elsewhere: false,
        }
    }
}

/// An op to make mutants of.
#[derive(Clone)]
struct Original {
    name: String,
    place: String,
    signature: Arc<Make>,
}

type Make = dyn Fn(&mut Draw<'_>) -> Signature<Box<dyn AnyOp>> + Send + Sync;

impl Original {
    fn of<O: Op>() -> Self {
        Self {
            name: <O as Registered>::NAME.to_string(),
            place: "gradcheck::mutants".to_string(),
            signature: Arc::new(|draw| O::signature(draw).map(|op| Box::new(op) as Box<dyn AnyOp>)),
        }
    }

    fn subject(self) -> Subject {
        let signature = self.signature;
        Subject::new(self.name, self.place, move |draw: &mut _| signature(draw))
    }
}

impl From<&'static Registration> for Original {
    fn from(op: &'static Registration) -> Self {
        Self {
            name: op.name.to_string(),
            place: format!("{}:{}", op.file, op.line),
            signature: Arc::new(|draw| op.signature(draw)),
        }
    }
}

/// The ops that mutants are made of: those of `autodiff`, and some that bugs have been published
/// about and `autodiff` does not have.
fn originals() -> Vec<Original> {
    let of_autodiff = registered()
        .into_iter()
        .filter(|op| op.crate_name() == "autodiff");
    let others = [
        Original::of::<local::Acosh>(),
        Original::of::<local::Elu>(),
        Original::of::<local::Hypot>(),
        Original::of::<local::Logaddexp>(),
        Original::of::<local::Prod>(),
        Original::of::<dropout::Dropout>(),
    ];
    of_autodiff.map(Original::from).chain(others).collect()
}

/// The ops that the mutants are made of, as they should be.
#[must_use]
pub fn right_ops() -> Vec<Subject> {
    originals().into_iter().map(Original::subject).collect()
}

/// Every mutant: the corruptions of every op they apply to, and the catalogue.
#[must_use]
pub fn mutants() -> Vec<Mutant> {
    let mut all = Vec::new();
    for original in originals() {
        all.extend(corruption::of(&original));
    }
    all.extend(elementwise::all());
    all.extend(arrays::all());
    all.extend(local::all());
    all.extend(dropout::all());
    all.extend(misshapen::all());
    all
}
