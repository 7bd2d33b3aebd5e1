//! The registry as a test binary: one named test for each op and check.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

use autodiff::registry::{Registration, registered};
use libtest_mimic::{Arguments, Failed, Trial};

use crate::case::Subject;
use crate::checks::Check;
use crate::programs;
use crate::run::{Settings, run};

/// Makes the test binary that checks every op registered in the named crates, and in the test
/// itself: one line, in a file `tests/ops.rs` with `harness = false`.
///
/// ```no_run
/// // tests/ops.rs
/// gradcheck::check_ops!(autodiff);
/// ```
///
/// ```toml
/// # Cargo.toml
/// [[test]]
/// name = "ops"
/// harness = false
/// ```
///
/// The tests are named `relu::formula`, so that `cargo test relu` runs all that concerns one op,
/// and nextest can filter and partition them. Of ops that have one name, each has its module before
/// it. Beside them `registry::autodiff` fails if that crate has registered no op, and
/// `programs::gradient` wires all ops together at random: [`programs`](crate::programs).
///
/// `PROPTEST_CASES` and `PROPTEST_RNG_SEED` are heeded. Cases that failed are kept in
/// `proptest-regressions/ops` beside the crate's manifest and tried first the next time.
#[macro_export]
macro_rules! check_ops {
    ($($krate:ident),* $(,)?) => {
        // Named, so that the linker keeps their registrations.
        $(use $krate as _;)*

        // Compiled only where the table above is forgotten, and `main` never called.
        #[test]
        fn the_harness_is_off() {
            panic!(
                "no op is checked: say `harness = false` of this test in Cargo.toml, \
                 in a table [[test]] with its name"
            );
        }

        fn main() {
            $crate::TestBinary {
                manifest: ::core::env!("CARGO_MANIFEST_DIR"),
                package: ::core::env!("CARGO_PKG_NAME"),
                name: ::core::env!("CARGO_CRATE_NAME"),
                crates: &[$(::core::stringify!($krate)),*],
            }
            .check_registered_ops()
        }
    };
}

/// What [`check_ops!`](crate::check_ops) knows of the test it is written in.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct TestBinary {
    /// The directory of its package.
    pub manifest: &'static str,
    /// Its package.
    pub package: &'static str,
    /// Its own name, which is that of its crate.
    pub name: &'static str,
    /// The crates that it names.
    pub crates: &'static [&'static str],
}

impl TestBinary {
    /// Runs the tests that the command line asks for.
    pub fn check_registered_ops(self) -> ! {
        let settings = Settings {
            regressions: Some(PathBuf::from(self.manifest).join("proptest-regressions/ops")),
            ..Settings::from_env()
        };
        let trials = self.trials(&registered(), &settings);
        libtest_mimic::run(&Arguments::from_args(), trials).exit()
    }

    fn trials(self, registered: &[&'static Registration], settings: &Settings) -> Vec<Trial> {
        let colour = std::io::stdout().is_terminal();
        let of_crates = |op: &&&Registration| {
            let krate = op.crate_name();
            krate == self.name || self.crates.contains(&krate)
        };
        let ops: Vec<_> = registered.iter().filter(of_crates).copied().collect();
        let mut trials = Vec::new();
        for subject in subjects(&ops) {
            let subject = Arc::new(subject);
            for check in Check::ALL {
                let (subject, settings) = (Arc::clone(&subject), settings.clone());
                let name = format!("{}::{check}", subject.name());
                let command = self.command(&name);
                trials.push(Trial::test(name, move || {
                    let outcome = run(&subject, check, &settings);
                    outcome.map(|_| ()).map_err(|mut report| {
                        report.reproduce += &command;
                        Failed::from(report.text(colour))
                    })
                }));
            }
        }
        // Each has some: what is not found is not checked.
        let own = [self.name];
        let expected = if self.crates.is_empty() {
            &own
        } else {
            self.crates
        };
        for krate in expected {
            let missing = missing(krate, registered);
            trials.push(Trial::test(format!("registry::{krate}"), || {
                missing.map_or(Ok(()), |what| Err(Failed::from(what)))
            }));
        }
        let ops: Vec<Subject> = registered.iter().copied().map(Subject::from).collect();
        if !ops.is_empty() {
            let (name, settings) = ("programs::gradient", settings.clone());
            let command = self.command(name);
            trials.push(Trial::test(name, move || {
                let outcome = programs::run(&ops, &settings);
                outcome.map(|_| ()).map_err(|mut report| {
                    report.reproduce += &command;
                    Failed::from(report.to_string())
                })
            }));
        }
        trials
    }

    /// What runs one test again, behind the environment it ran in.
    fn command(self, test: &str) -> String {
        let Self { package, name, .. } = self;
        // A crate has `_` where its target may have `-`: cargo takes a pattern.
        let target = match name.contains('_') {
            true => format!("'{}'", name.replace('_', "[-_]")),
            false => name.to_string(),
        };
        format!(" cargo test -p {package} --test {target} -- --exact {test}")
    }
}

/// The ops as subjects of tests: those of one name have their module before it, and in one module
/// their line after it.
fn subjects(ops: &[&'static Registration]) -> impl Iterator<Item = Subject> {
    ops.iter().map(|&op| {
        let namesakes = || ops.iter().filter(|other| other.name == op.name);
        let Registration { module, name, .. } = op;
        let of_module = namesakes().filter(|other| other.module == op.module);
        match (namesakes().count(), of_module.count()) {
            (1, _) => Subject::from(op),
            (_, 1) => Subject::from(op).named(format!("{module}::{name}")),
            _ => Subject::from(op).named(format!("{module}::{name}_{}", op.line)),
        }
    })
}

/// What to do about a crate that is named and has no op; `None` if it has one.
fn missing(krate: &str, registered: &[&Registration]) -> Option<String> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for op in registered {
        *counts.entry(op.crate_name()).or_default() += 1;
    }
    if counts.contains_key(krate) {
        return None;
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(krate, count)| format!("{krate} ({count})"))
        .collect();
    Some(format!(
        "no op of a crate `{krate}` is registered. These have some: {}.\n\
         Name the crates that have ops. One that Cargo.toml renames registers them under its own \
         name: write `extern crate {krate} as its_own_name;` and name that. If \
         `cargo tree -i gradproof-autodiff` finds several versions, each has a registry: let all \
         depend on the one that gradproof-gradcheck has.",
        if counts.is_empty() {
            "none".to_string()
        } else {
            counts.join(", ")
        }
    ))
}

#[cfg(test)]
mod tests {
    use autodiff::{Pointwise, Scalar, register};

    use super::*;

    /// Not the one of `autodiff`, and the wrong sign.
    #[derive(Debug, Default)]
    struct Neg;
    register!(Neg);

    impl Pointwise for Neg {
        type Args<T: Copy> = [T; 1];

        fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
            -x
        }

        fn derivative<S: Scalar>(&self, [_x]: [S; 1], _y: S) -> [S; 1] {
            [S::one()]
        }
    }

    fn names(crates: &'static [&'static str]) -> Vec<String> {
        let settings = Settings::from_env();
        let trials = binary(crates).trials(&registered(), &settings);
        trials
            .iter()
            .map(|trial| trial.name().to_string())
            .collect()
    }

    fn binary(crates: &'static [&'static str]) -> TestBinary {
        TestBinary {
            manifest: "",
            package: "the-package",
            name: "the_test",
            crates,
        }
    }

    #[test]
    fn a_named_crate_without_ops_is_told() {
        let has = |names: &[String], name: &str| names.iter().any(|other| other == name);
        let both = names(&["autodiff", "renamed"]);
        assert!(has(&both, "registry::autodiff") && has(&both, "registry::renamed"));
        assert!(has(&names(&[]), "registry::the_test"));

        assert_eq!(missing("autodiff", &registered()), None);
        let told = missing("renamed", &registered()).unwrap();
        for part in [
            "autodiff (",
            "gradcheck (",
            "extern crate renamed",
            "versions",
        ] {
            assert!(told.contains(part), "{told}");
        }
        assert!(missing("renamed", &[]).unwrap().contains("have some: none"));
    }

    #[test]
    fn ops_of_one_name_have_tests_and_files_of_their_own() {
        let of = |names: Vec<String>| -> Vec<String> {
            let mut names: Vec<_> = names
                .into_iter()
                .filter(|name| name.ends_with("neg::formula"))
                .collect();
            names.sort();
            names
        };
        assert_eq!(of(names(&["autodiff"])), ["neg::formula"]);
        assert_eq!(
            of(names(&["autodiff", "gradcheck"])),
            [
                "autodiff::ops::neg::neg::formula",
                "gradcheck::harness::tests::neg::formula"
            ]
        );
    }

    #[test]
    fn the_command_of_a_failing_test_runs_it() {
        assert_eq!(
            binary(&[]).command("neg::formula"),
            " cargo test -p the-package --test 'the[-_]test' -- --exact neg::formula"
        );
    }
}
