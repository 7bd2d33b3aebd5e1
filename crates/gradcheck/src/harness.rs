//! The registry as a test binary: one named test for each op and check.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

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
/// and nextest can filter and partition them. One more, `programs::gradient`, wires all ops
/// together at random: [`programs`](crate::programs). `PROPTEST_CASES` and `PROPTEST_RNG_SEED` are heeded.
/// Cases that failed are kept in `proptest-regressions/ops` beside the crate's manifest and tried
/// first the next time.
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
            $crate::check_registered_ops(
                ::core::env!("CARGO_MANIFEST_DIR"),
                &[::core::module_path!(), $(::core::stringify!($krate)),*],
            );
        }
    };
}

/// What [`check_ops!`](crate::check_ops) calls.
#[doc(hidden)]
pub fn check_registered_ops(manifest: &str, crates: &[&str]) {
    let settings = Settings {
        regressions: Some(PathBuf::from(manifest).join("proptest-regressions/ops")),
        ..Settings::from_env()
    };
    // A rule that panics is reported like one that is wrong, once and after shrinking.
    std::panic::set_hook(Box::new(|_| {}));
    let colour = std::io::stdout().is_terminal();
    let mut trials = Vec::new();
    let registered = autodiff::registry::registered();
    for op in registered
        .into_iter()
        .filter(|op| crates.contains(&op.crate_name()))
    {
        let subject = Arc::new(Subject::from(op));
        for check in Check::ALL {
            let (subject, settings) = (Arc::clone(&subject), settings.clone());
            let name = format!("{}::{check}", op.name);
            trials.push(Trial::test(name, move || {
                run(&subject, check, &settings)
                    .map(|_| ())
                    .map_err(|report| Failed::from(report.text(colour)))
            }));
        }
    }
    if trials.is_empty() {
        let crates = crates.join(", ");
        trials.push(Trial::test("registry::is_not_empty", move || {
            let what = format!("no op is registered in {crates}: name the crates that have ops");
            Err(Failed::from(what))
        }));
    }
    trials.push(Trial::test("programs::gradient", move || {
        let ops = autodiff::registry::registered();
        let ops: Vec<Subject> = ops.into_iter().map(Subject::from).collect();
        programs::run(&ops, &settings)
            .map(|_| ())
            .map_err(|report| Failed::from(report.to_string()))
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
