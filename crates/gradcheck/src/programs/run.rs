//! Running the check over many programs.

use std::cell::RefCell;

use proptest::test_runner::{TestError, TestRunner};

use super::shrink::Programs;
use super::{Program, ProgramReport, blame};
use crate::case::Subject;
use crate::run::{Settings, Tally};
use crate::verdict::{Finding, Verdict};

/// Checks random programs of these ops, `settings.cases` of them.
///
/// # Errors
///
/// With the report on the smallest program that was found to fail, or on too many programs having
/// been inconclusive.
///
/// ```
/// use gradcheck::{Settings, Subject, programs};
///
/// let ops: Vec<Subject> = autodiff::registry::registered().into_iter().map(Subject::from).collect();
/// let tally = programs::run(&ops, &Settings { cases: 64, ..Settings::from_env() })?;
/// assert!(tally.passed > 32);
/// # Ok::<(), Box<programs::ProgramReport>>(())
/// ```
///
/// # Panics
///
/// If there are no ops.
#[track_caller]
pub fn run(ops: &[Subject], settings: &Settings) -> Result<Tally, Box<ProgramReport>> {
    assert!(!ops.is_empty(), "a program is made of ops");
    let tally = RefCell::new(Tally::default());
    let mut runner = TestRunner::new(settings.config("programs-gradient"));
    let outcome = runner.run(&Programs(ops), |program| {
        tally.borrow_mut().count(program.verdict())
    });
    let report = |program: Option<&Program>, finding: Finding| {
        Box::new(ProgramReport {
            finding,
            guilty: program.and_then(blame::guilty),
            size: program.map_or(0, Program::len),
            code: program.map_or_else(String::new, |program| format!("{program:?}")),
            reproduce: settings.environment(),
        })
    };
    let tally = tally.into_inner();
    match outcome {
        Ok(()) => match tally.emptiness() {
            None => Ok(tally),
            Some(what) => Err(report(None, Finding::of(what))),
        },
        Err(TestError::Fail(_, program)) => {
            let finding = match program.verdict() {
                Verdict::Fail(finding) => *finding,
                _ => Finding::of("it fails on some runs of the same program and passes on others"),
            };
            Err(report(Some(&program), finding))
        }
        Err(TestError::Abort(reason)) => {
            let what = format!("the run was aborted: {reason}");
            Err(report(None, Finding::of(what)))
        }
    }
}
