//! Running a check over many cases.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;

use autodiff::Op;
use proptest::test_runner::{
    Config, FileFailurePersistence, RngSeed, TestCaseError, TestCaseResult, TestError, TestRunner,
};

use crate::case::{Drawn, Subject};
use crate::checks::{BROADCAST, Check};
use crate::diagnosis::diagnose;
use crate::gradient_report::Outcome;
use crate::report::Report;
use crate::shrink::Cases;
use crate::verdict::{Finding, Verdict};

/// How many cases, from which seed, and where failing ones are kept.
///
/// ```
/// use gradcheck::Settings;
///
/// let settings = Settings { cases: 1000, ..Settings::from_env() };
/// assert_eq!(settings.cases, 1000);
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    /// The number of cases of each check.
    pub cases: u32,
    /// What they are drawn from.
    pub seed: u64,
    /// The directory in which failing cases are kept, to be tried first the next time.
    pub regressions: Option<PathBuf>,
}

impl Settings {
    /// As proptest's users expect: `PROPTEST_CASES` (256 unless set), `PROPTEST_RNG_SEED` (random
    /// unless set). Failing cases are not kept.
    #[must_use]
    pub fn from_env() -> Self {
        let config = Config::default();
        Self {
            cases: config.cases,
            seed: match config.rng_seed {
                RngSeed::Fixed(seed) => seed,
                // The standard library's source of unpredictable numbers.
                RngSeed::Random => RandomState::new().build_hasher().finish(),
            },
            regressions: None,
        }
    }

    /// The environment that [`from_env`](Self::from_env) reads the same from.
    pub(crate) fn environment(&self) -> String {
        format!(
            "PROPTEST_RNG_SEED={} PROPTEST_CASES={}",
            self.seed, self.cases
        )
    }

    pub(crate) fn config(&self, name: &str) -> Config {
        let persistence = self.regressions.as_ref().map(|directory| {
            let file = name.replace("::", "-");
            let path = directory.join(file).with_extension("txt");
            // Proptest asks for a path that lives forever, one for each op and check.
            let path: &'static str =
                Box::leak(path.to_string_lossy().into_owned().into_boxed_str());
            Box::new(FileFailurePersistence::Direct(path)) as Box<_>
        });
        Config {
            cases: self.cases,
            rng_seed: RngSeed::Fixed(self.seed),
            failure_persistence: persistence,
            max_shrink_iters: 4096,
            ..Config::default()
        }
    }
}

/// What became of the cases of a check that did not fail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// How many passed.
    pub passed: u32,
    /// How many could not tell, by reason.
    pub inconclusive: BTreeMap<&'static str, u32>,
}

impl Tally {
    /// How many could not tell.
    #[must_use]
    pub fn inconclusive(&self) -> u32 {
        self.inconclusive.values().sum()
    }

    /// Counts a case; one that fails is an error, as proptest has it.
    pub(crate) fn count(&mut self, verdict: Verdict) -> TestCaseResult {
        match verdict {
            Verdict::Pass => self.passed += 1,
            Verdict::Inconclusive(reason) => *self.inconclusive.entry(reason).or_default() += 1,
            Verdict::Fail(finding) => return Err(TestCaseError::fail(finding.what)),
        }
        Ok(())
    }

    /// Why the cases prove nothing, if they do: there are none, or more than half of them could not
    /// tell.
    pub(crate) fn emptiness(&self) -> Option<String> {
        let inconclusive = self.inconclusive();
        if inconclusive + self.passed == 0 {
            return Some("no case was looked at: ask for 1 or more (PROPTEST_CASES)".to_owned());
        }
        if inconclusive <= self.passed {
            return None;
        }
        let reasons: Vec<String> = self
            .inconclusive
            .iter()
            .map(|(reason, count)| format!("{count} times {reason}"))
            .collect();
        Some(format!(
            "{inconclusive} of {} cases could not tell ({})",
            inconclusive + self.passed,
            reasons.join(", ")
        ))
    }

    /// What can be done about cases that could not tell, for the commonest reason.
    fn advice(&self) -> &'static str {
        let commonest = self.inconclusive.iter().max_by_key(|(_, count)| **count);
        match commonest {
            Some((&BROADCAST, _)) => {
                "Draw inputs and outputs of one shape more often; where the op has no such, leave \
                 its kink undeclared"
            }
            _ => {
                "Inputs are drawn from where the op says that it is defined: in \
                 `Pointwise::domain`, or in its signature by `Signature::input_in`"
            }
        }
    }
}

/// Runs one check of one op.
///
/// # Errors
///
/// With the report on the smallest case that was found to fail, or on too many cases having been
/// inconclusive, with the first of them, or on there being none.
///
/// ```
/// use autodiff::ops::Tanh;
/// use gradcheck::{Check, Settings, Subject, run};
///
/// let tally = run(&Subject::of::<Tanh>(), Check::Formula, &Settings::from_env()).unwrap();
/// assert!(tally.passed > 128);
/// ```
pub fn run(subject: &Subject, check: Check, settings: &Settings) -> Result<Tally, Box<Report>> {
    let tally = RefCell::new(Tally::default());
    let unclear = OnceCell::new();
    let mut runner = TestRunner::new(settings.config(&format!("{}-{check}", subject.name())));
    let outcome = runner.run(&Cases, |drawn| {
        let verdict = subject.verdict(check, &drawn);
        if let Verdict::Inconclusive(_) = verdict {
            unclear.get_or_init(|| drawn);
        }
        tally.borrow_mut().count(verdict)
    });
    let report = |outcome, finding: Finding, case: Option<&Drawn>| {
        Report::new(outcome, (subject, check), finding, case, settings)
    };
    let tally = tally.into_inner();
    match outcome {
        Ok(()) => match (tally.emptiness(), unclear.get()) {
            (None, _) => Ok(tally),
            (Some(what), None) => Err(Box::new(report(
                Outcome::Inconclusive,
                Finding::of(what),
                None,
            ))),
            (Some(what), Some(first)) => {
                let what = format!("{what}, as the one below. {}", tally.advice());
                Err(Box::new(report(
                    Outcome::Inconclusive,
                    Finding::of(what),
                    Some(first),
                )))
            }
        },
        Err(TestError::Fail(_, drawn)) => {
            let finding = match subject.verdict(check, &drawn) {
                Verdict::Fail(finding) => *finding,
                _ => Finding::of("it fails on some runs of the same case and passes on others"),
            };
            Err(Box::new(Report {
                diagnosis: diagnose(subject, check, &drawn),
                ..report(Outcome::Fail, finding, Some(&drawn))
            }))
        }
        Err(TestError::Abort(reason)) => {
            let finding = Finding::of(format!("the run was aborted: {reason}"));
            Err(Box::new(report(Outcome::Inconclusive, finding, None)))
        }
    }
}

/// Checks one op in every way: a test of its own for an op, where [`check_ops!`](crate::check_ops)
/// is more than is wanted.
///
/// ```
/// use autodiff::{Pointwise, Scalar, register};
/// use gradcheck::check_op;
///
/// /// y = x σ(x). Derivative: σ + y (1 - σ).
/// #[derive(Debug, Default)]
/// struct Swish;
/// register!(Swish);
///
/// impl Pointwise for Swish {
///     type Args<T: Copy> = [T; 1];
///
///     fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
///         x * sigmoid(x)
///     }
///
///     fn derivative<S: Scalar>(&self, [x]: [S; 1], y: S) -> [S; 1] {
///         [sigmoid(x) + y * sigmoid(-x)]
///     }
/// }
///
/// fn sigmoid<S: Scalar>(x: S) -> S {
///     let small = (-x.abs()).exp(); // it cannot overflow
///     let numerator = if x < S::zero() { small } else { S::one() };
///     numerator / (S::one() + small)
/// }
///
/// check_op::<Swish>(); // in a function with #[test]
/// ```
///
/// # Panics
///
/// With the report of the first check that fails.
#[track_caller]
pub fn check_op<O: Op>() {
    let (subject, settings) = (Subject::of::<O>(), Settings::from_env());
    for check in Check::ALL {
        if let Err(report) = run(&subject, check, &settings) {
            panic!("{report}");
        }
    }
}

#[cfg(test)]
mod tests {
    use autodiff::ops::Tanh;

    use super::*;

    #[test]
    fn nothing_passes_because_nothing_was_looked_at() {
        let settings = Settings {
            cases: 0,
            ..Settings::from_env()
        };
        let report = run(&Subject::of::<Tanh>(), Check::Formula, &settings).unwrap_err();
        assert!(report.to_string().contains("no case was looked at"));
    }
}
