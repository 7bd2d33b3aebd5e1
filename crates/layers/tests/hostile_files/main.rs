//! Files that somebody damaged, or made to do damage: whatever the bytes, a reader returns a value
//! or an error, soon, and asks for no more memory than the file is worth.
//!
//! Every reader gets the same treatment: good files, mutated as their format suggests. A case is
//! drawn from its number alone, so that a failure's number is all it takes to see it again:
//!
//! ```sh
//! export GRADPROOF_HOSTILE_CASES=1000000 # and, to see one again: GRADPROOF_HOSTILE_FIRST=48613
//! cargo test --release -p gradproof-layers --all-features --test hostile_files -- --nocapture
//! ```
//!
//! * `mutate`: what is done to bytes.
//! * `readers`: the readers, their files, and what memory they may use.
//! * `bombs`: small files that claim or inflate to much.
//!
//! `fuzz/` has the same readers under libFuzzer, which looks at their branches.

mod bombs;
mod mutate;
mod readers;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use mutate::Mutator;
use readers::{CHECKPOINT, CSV, MAT, Reader, SAFETENSORS};

/// Far above what any input here takes, so that a busy machine does not matter.
const TIME_LIMIT: Duration = Duration::from_secs(2);

fn environment(name: &str, default: u32) -> u32 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} wants a whole number, and got {text:?}")),
        Err(_) => default,
    }
}

/// What was seen of a reader.
#[derive(Default)]
struct Seen {
    accepted: u32,
    slowest: Duration,
    /// The most bytes at one time, and how long the file was.
    peak: (u64, usize),
}

fn survive(reader: &Reader) {
    let first = environment("GRADPROOF_HOSTILE_FIRST", 0);
    let cases = environment("GRADPROOF_HOSTILE_CASES", 4000);
    let seeds = (reader.seeds)();
    let mut seen = Seen::default();
    for case in first..first + cases {
        let file = (reader.mutated)(&mut Mutator::seed(case), &seeds);
        run(reader, case, &file, &mut seen);
    }
    println!(
        "{}: {cases} inputs, {} accepted, {} refused, slowest {:?}, peak {} bytes at a file of {}",
        reader.name,
        seen.accepted,
        cases - seen.accepted,
        seen.slowest,
        seen.peak.0,
        seen.peak.1,
    );
    // Files that are all refused at the first byte would show nothing.
    if cases >= 1000 {
        let share = f64::from(seen.accepted) / f64::from(cases);
        assert!(
            (0.01..0.9).contains(&share),
            "{share} of the files were accepted"
        );
    }
}

fn run(reader: &Reader, case: u32, file: &[u8], seen: &mut Seen) {
    let name = reader.name;
    let start = Instant::now();
    let mut accepted = None;
    let memory = allocation_counter::measure(|| {
        accepted = catch_unwind(AssertUnwindSafe(|| (reader.read)(file))).ok();
    });
    let time = start.elapsed();
    let accepted = accepted.unwrap_or_else(|| panic!("{name}, case {case}: the reader panicked"));
    let allowed = (reader.memory)(file.len() as u64);
    assert!(
        memory.bytes_max <= allowed,
        "{name}, case {case}: {} bytes of memory for a file of {}, and {allowed} are allowed",
        memory.bytes_max,
        file.len()
    );
    assert!(time <= TIME_LIMIT, "{name}, case {case}: it took {time:?}");
    seen.accepted += u32::from(accepted);
    seen.slowest = seen.slowest.max(time);
    seen.peak = seen.peak.max((memory.bytes_max, file.len()));
}

#[test]
fn checkpoint_survives() {
    survive(&CHECKPOINT);
}

#[test]
fn csv_survives() {
    survive(&CSV);
}

#[test]
fn mat_survives() {
    survive(&MAT);
}

#[test]
fn safetensors_survives() {
    survive(&SAFETENSORS);
}

#[test]
fn every_seed_is_accepted() {
    for reader in [CHECKPOINT, CSV, MAT, SAFETENSORS] {
        for (k, seed) in (reader.seeds)().iter().enumerate() {
            assert!((reader.read)(seed), "{}, seed {k}", reader.name);
        }
    }
}
