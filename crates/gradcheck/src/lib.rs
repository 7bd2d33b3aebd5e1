//! Gradcheck.
mod case;
mod checks;
mod diagnosis;
mod harness;
mod point;
mod random;
mod reference;
mod report;
mod run;
mod shrink;
mod verdict;

pub use case::{Drawn, Instance, Subject};
pub use checks::Check;
pub use diagnosis::Diagnosis;
#[doc(hidden)]
pub use harness::check_registered_ops;
pub use report::{Report, Values};
pub use run::{Settings, Tally, run};
pub use verdict::{Finding, Verdict};
