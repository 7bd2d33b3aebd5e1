//! Running a check over many cases.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;

use autodiff::Op;
use proptest::test_runner::{
    Config, FileFailurePersistence, RngSeed, TestCaseError, TestError, TestRunner,
};

use crate::case::{Drawn, Subject};
use crate::checks::Check;
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

    pub(crate) fn config(&self, name: &str) -> Config {
        let persistence = self.regressions.as_ref().map(|directory| {
            let path = directory.join(name).with_extension("txt");
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
            "{inconclusive} of {} cases could not tell ({}): draw inputs for which it is defined",
            inconclusive + self.passed,
            reasons.join(", ")
        ))
    }
}

/// Runs one check of one op.
///
/// # Errors
///
/// With the report on the smallest case that was found to fail, or on too many cases having been
/// inconclusive, or on there being none.
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
    let mut runner = TestRunner::new(settings.config(&format!("{}-{check}", subject.name())));
    let outcome = runner.run(&Cases, |drawn| {
        let verdict = check.verdict(&subject.instance(&drawn));
        let mut tally = tally.borrow_mut();
        match verdict {
            Verdict::Pass => tally.passed += 1,
            Verdict::Inconclusive(reason) => *tally.inconclusive.entry(reason).or_default() += 1,
            Verdict::Fail(finding) => return Err(TestCaseError::fail(finding.what)),
        }
        Ok(())
    });
    let tally = tally.into_inner();
    match outcome {
        Ok(()) => match tally.emptiness() {
            None => Ok(tally),
            Some(what) => {
                let drawn = Drawn::from_seed(settings.seed);
                Err(Box::new(Report::new(
                    subject,
                    check,
                    drawn,
                    Finding::of(what),
                    settings,
                )))
            }
        },
        Err(TestError::Fail(_, drawn)) => {
            let Verdict::Fail(finding) = check.verdict(&subject.instance(&drawn)) else {
                let what = "it fails on some runs of the same case and passes on others";
                let report = Report::new(subject, check, drawn, Finding::of(what), settings);
                return Err(Box::new(report));
            };
            Err(Box::new(Report::new(
                subject, check, drawn, *finding, settings,
            )))
        }
        Err(TestError::Abort(reason)) => {
            let drawn = Drawn::from_seed(settings.seed);
            let finding = Finding::of(format!("the run was aborted: {reason}"));
            Err(Box::new(Report::new(
                subject, check, drawn, finding, settings,
            )))
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
