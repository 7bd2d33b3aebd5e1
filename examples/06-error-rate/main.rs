//! How often the verifier errs: mutants that it lets live, kinds that it misnames, and alarms about
//! ops that are right.
//!
//! `cargo run --release --example 06-error-rate -- --help`

#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "its options are those of the examples that train")]
mod common;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Progress, say};
use gradcheck::mutants::{Mutant, mutants, right_ops};
use gradcheck::{Check, Outcome, Report, Settings, Subject, check_gradient, hard_points, run};
use lexopt::Arg::{Long, Short};
use serde_json::json;

/// In how many cases a mutant has to agree with its op to count as no mutant.
const EQUIVALENCE_CASES: u64 = 3000;

struct Options {
    seeds: u64,
    cases: u32,
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    common::run(|| match parse()? {
        Some(options) => study(&options),
        None => Ok(()),
    })
}

fn parse() -> Result<Option<Options>, Box<dyn Error>> {
    let mut options = Options {
        seeds: 10,
        cases: 1_000_000,
        json: None,
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("seeds") => {
                options.seeds = common::number(&mut arguments, "--seeds", 1..=u64::MAX)?;
            }
            Long("cases") => {
                options.cases = common::number(&mut arguments, "--cases", 1..=u32::MAX)?;
            }
            Long("json") => options.json = Some(arguments.value()?.into()),
            Long("help") | Short('h') => {
                say!(
                    "06-error-rate\n\n\
                     --seeds N     try every mutant from N seeds [10]\n\
                     --cases N     try the ops that are right in N cases in all [1000000]\n\
                     --json FILE   write every number to FILE"
                );
                return Ok(None);
            }
            other => return Err(format!("{}; --help lists the options", other.unexpected()).into()),
        }
    }
    common::check_json(options.json.as_deref())?;
    Ok(Some(options))
}

/// What became of a mutant.
struct Fate {
    is_equivalent: bool,
    /// From the first seed, by every check that convicts it.
    by_check: Vec<Check>,
    /// The first report from each seed; `None` where it survived.
    reports: Vec<Option<Box<Report>>>,
}

fn study(options: &Options) -> Result<(), Box<dyn Error>> {
    // A mutant that panics is convicted of it; its message would only be in the way.
    std::panic::set_hook(Box::new(|_| {}));
    let mutants = mutants();
    let fates = in_parallel("mutants", &mutants, |mutant| fate(mutant, options.seeds));
    let tried: Vec<(&Mutant, &Fate)> = mutants
        .iter()
        .zip(&fates)
        .filter(|(_, fate)| !fate.is_equivalent)
        .collect();
    say!(
        "{} mutants, {} of them equivalent: the same in {EQUIVALENCE_CASES} cases, one kind but for rounding\n",
        mutants.len(),
        mutants.len() - tried.len()
    );

    print_matrix(&tried);
    let survivors: Vec<_> = tried
        .iter()
        .filter(|(_, fate)| fate.reports.iter().any(Option::is_none))
        .collect();
    for (mutant, fate) in &survivors {
        let times = fate
            .reports
            .iter()
            .filter(|report| report.is_none())
            .count();
        say!(
            "survives {times} of {} seeds: {} {}",
            options.seeds,
            mutant.op(),
            mutant.kind()
        );
    }
    say!(
        "\nnot equivalent: {}, killed from every seed: {}",
        tried.len(),
        tried.len() - survivors.len()
    );

    let reports = || {
        tried
            .iter()
            .flat_map(|(mutant, fate)| fate.reports.iter().flatten().map(move |r| (mutant, r)))
    };
    let named = || reports().filter(|(mutant, _)| !mutant.accepted().is_empty());
    let first_is_right = |mutant: &Mutant, report: &Report| {
        report
            .diagnosis
            .first()
            .is_some_and(|d| mutant.accepted().contains(d))
    };
    let right = named()
        .filter(|(mutant, report)| first_is_right(mutant, report))
        .count();
    let wrong: Vec<_> = reports()
        .filter(|(mutant, report)| !report.diagnosis.is_empty() && !first_is_right(mutant, report))
        .collect();
    let percent = |part: usize, all: usize| 100.0 * part as f64 / all.max(1) as f64;
    say!(
        "kind named rightly: {:.2} % of {} reports on mutants whose kind has a name",
        percent(right, named().count()),
        named().count()
    );
    say!(
        "kind named wrongly: {:.2} % of {} reports",
        percent(wrong.len(), reports().count()),
        reports().count()
    );
    let mut sizes: Vec<usize> = reports().map(|(_, report)| report.size()).collect();
    sizes.sort_unstable();
    let median = sizes.get(sizes.len() / 2).copied().unwrap_or(0);
    say!("median size of the shrunk inputs: {median} elements");

    let RightOps {
        passed,
        inconclusive,
        alarms,
    } = check_right_ops(options.cases);
    say!(
        "false alarms: {} on ops that are right, of which {passed} cases pass and {inconclusive} cannot tell",
        alarms.len()
    );
    for alarm in &alarms {
        say!("{alarm}");
    }
    hard_points_table();
    if let Some(path) = &options.json {
        let of_mutant = |(mutant, fate): (&Mutant, &Fate)| {
            json!({
                "op": mutant.op(),
                "kind": mutant.kind(),
                "accepted": mutant.accepted(),
                "equivalent": fate.is_equivalent,
                "killed_by": fate.by_check,
                "reports": fate.reports,
            })
        };
        let document = json!({
            "mutants": mutants.iter().zip(&fates).map(of_mutant).collect::<Vec<_>>(),
            "false_alarms": alarms,
            "cases": { "passed": passed, "inconclusive": inconclusive },
            "median_size": median,
        });
        common::write_json(Some(path), &document)?;
    }
    Ok(())
}

fn settings(seed: u64, cases: u32) -> Settings {
    Settings {
        cases,
        seed,
        regressions: None,
    }
}

fn fate(mutant: &Mutant, seeds: u64) -> Fate {
    if mutant.is_equivalent(EQUIVALENCE_CASES) {
        return Fate {
            is_equivalent: true,
            by_check: Vec::new(),
            reports: Vec::new(),
        };
    }
    let convicts = |check: &Check| {
        let outcome = run(mutant.wrong(), *check, &settings(0, 256));
        outcome.is_err_and(|report| report.outcome == Outcome::Fail)
    };
    Fate {
        is_equivalent: false,
        by_check: Check::ALL.into_iter().filter(convicts).collect(),
        reports: (0..seeds)
            .map(|seed| mutant.convict(&settings(seed, 256)))
            .collect(),
    }
}

/// Kinds of mutants, and how many of each every check kills from the first seed.
fn print_matrix(tried: &[(&Mutant, &Fate)]) {
    let mut rows = BTreeMap::<&str, (usize, [usize; Check::ALL.len()])>::new();
    for (mutant, fate) in tried {
        let (count, row) = rows.entry(mutant.kind()).or_default();
        *count += 1;
        for (cell, check) in row.iter_mut().zip(Check::ALL) {
            *cell += usize::from(fate.by_check.contains(&check));
        }
    }
    // What is special to one op has a line together.
    let (mut singles, mut all) = ((0, [0; Check::ALL.len()]), (0, [0; Check::ALL.len()]));
    let header: Vec<String> = Check::ALL
        .iter()
        .map(|check| format!("{:>12}", check.name()))
        .collect();
    say!("{:40} {:>5}{}", "killed", "of", header.concat());
    let print = |name: &str, (count, row): (usize, [usize; Check::ALL.len()])| {
        let cells: Vec<String> = row.iter().map(|n| format!("{n:>12}")).collect();
        say!("{name:40} {count:>5}{}", cells.concat());
    };
    for (kind, (count, row)) in rows {
        let into = |total: &mut (usize, [usize; Check::ALL.len()])| {
            total.0 += count;
            total
                .1
                .iter_mut()
                .zip(row)
                .for_each(|(total, n)| *total += n);
        };
        into(&mut all);
        if count < 3 {
            into(&mut singles);
        } else {
            print(kind, (count, row));
        }
    }
    print("the catalogue of single mistakes", singles);
    print("all", all);
    say!("");
}

/// What was said of ops that are right.
struct RightOps {
    passed: u64,
    inconclusive: u64,
    alarms: Vec<String>,
}

fn check_right_ops(cases: u32) -> RightOps {
    let ops = right_ops();
    let tasks: Vec<(&Subject, Check)> = ops
        .iter()
        .flat_map(|op| Check::ALL.map(|check| (op, check)))
        .collect();
    let each = (cases as usize).div_ceil(tasks.len()) as u32;
    let outcomes = in_parallel("alarms", &tasks, |(op, check)| {
        run(op, *check, &settings(1, each))
    });
    let mut total = RightOps {
        passed: 0,
        inconclusive: 0,
        alarms: Vec::new(),
    };
    for outcome in outcomes {
        match outcome {
            Ok(tally) => {
                total.passed += u64::from(tally.passed);
                total.inconclusive += u64::from(tally.inconclusive());
            }
            Err(report) => total.alarms.push(report.to_string()),
        }
    }
    total
}

/// `f` of every item, in their order, on every core.
fn in_parallel<T: Sync, R: Send>(name: &str, items: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let progress = Mutex::new(Progress::new(name, items.len()));
    let (next, done) = (
        AtomicUsize::new(0),
        Mutex::new(Vec::with_capacity(items.len())),
    );
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let k = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(k) else { break };
                    let result = f(item);
                    done.lock().expect("no one panics").push((k, result));
                    progress.lock().expect("no one panics").reach(k);
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no one panics");
    done.sort_by_key(|(k, _)| *k);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The verdicts on right gradients that most checkers call wrong.
fn hard_points_table() {
    say!("\nhard points, all of them right         f64            106 bits");
    for point in hard_points() {
        let at_f64 = check_gradient(point.at_f64, &point.x, &point.gradient).outcome;
        let exact = check_gradient(point.at_wide, &point.x, &point.gradient).outcome;
        say!("{:<38} {:<14} {exact:?}", point.name, format!("{at_f64:?}"));
    }
}
