//! The verifier's own error rate, in small: `examples/06-error-rate` is the whole of it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gradcheck::mutants::{mutants, right_ops};
use gradcheck::{Check, Outcome, Settings};

#[test]
fn every_mutant_is_killed_and_named() {
    // A mutant that panics is convicted of it.
    std::panic::set_hook(Box::new(|_| {}));
    let mutants = mutants();
    // Those that not every op has, and nobody would miss.
    assert!(
        mutants
            .iter()
            .any(|mutant| mutant.kind() == "last residual unwritten")
    );
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let (named, right, wrong, tried) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let one = |counter: &AtomicUsize| counter.fetch_add(1, Ordering::Relaxed);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(mutant) = mutants.get(one(&next)) {
                    if mutant.is_equivalent(500) {
                        continue;
                    }
                    one(&tried);
                    let settings = Settings {
                        cases: 256,
                        seed: 0,
                        regressions: None,
                    };
                    let Some(report) = mutant.convict(&settings) else {
                        let survivor = format!("{} {}", mutant.op(), mutant.kind());
                        failures.lock().unwrap().push(survivor);
                        continue;
                    };
                    let first = report.diagnosis.first();
                    let is_right = first.is_some_and(|d| mutant.accepted().contains(d));
                    if !mutant.accepted().is_empty() {
                        one(&named);
                    }
                    if is_right {
                        one(&right);
                    } else if first.is_some() {
                        one(&wrong);
                    }
                }
            });
        }
    });
    let _ = std::panic::take_hook();
    let [named, right, wrong, tried] = [named, right, wrong, tried].map(AtomicUsize::into_inner);
    let survivors = failures.into_inner().unwrap();
    assert!(survivors.is_empty(), "alive: {survivors:?}");
    println!("{tried} of {} mutants are not equivalent", mutants.len());
    assert!(
        10 * tried >= 9 * mutants.len(),
        "{tried} mutants are not equivalent"
    );
    assert!(
        100 * right >= 95 * named,
        "named rightly: {right} of {named}"
    );
    assert!(100 * wrong <= tried, "named wrongly: {wrong} of {tried}");
}

#[test]
fn no_right_op_raises_an_alarm() {
    let settings = Settings {
        cases: 256,
        seed: 0,
        regressions: None,
    };
    for op in right_ops() {
        for check in Check::ALL {
            if let Err(report) = gradcheck::run(&op, check, &settings) {
                assert_ne!(report.outcome, Outcome::Fail, "{report}");
            }
        }
    }
}
