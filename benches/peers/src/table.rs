//! The times of the steps side by side.

use std::collections::HashMap;
use std::io::{self, BufRead};

use serde_json::Value;

use crate::problem::STEPS;

/// The library that the others are compared with.
const OURS: &str = "tape";

/// Reads the lines of JSON that [`time`](crate::steps::time) and `python.py` print, in any order,
/// and prints a table in Markdown; of several times of the same step in a library, the best.
///
/// # Errors
///
/// If the standard input cannot be read, or a line is not of these.
pub(crate) fn print() -> io::Result<()> {
    let mut libraries: Vec<String> = Vec::new();
    let mut best: HashMap<(String, String), f64> = HashMap::new();
    let mut errors: Vec<String> = Vec::new();
    for line in io::stdin().lock().lines() {
        let line: Value = serde_json::from_str(&line?)?;
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let (step, library) = (text("step"), text("library"));
        if !libraries.contains(&library) {
            libraries.push(library.clone());
        }
        if let Some(seconds) = line["seconds"].as_f64() {
            let time = best.entry((step, library)).or_insert(f64::INFINITY);
            *time = time.min(seconds);
        } else {
            let error = format!("{library}, step {step}: {}", text("error"));
            if !errors.contains(&error) {
                errors.push(error);
            }
        }
    }
    println!(
        "| step, µs (and times {OURS}) | {} |",
        libraries.join(" | ")
    );
    println!("|---|{}", "---:|".repeat(libraries.len()));
    for step in &STEPS {
        let time = |library: &str| {
            best.get(&(step.name.to_owned(), library.to_owned()))
                .copied()
        };
        let cell = |library: &String| match (time(library), time(OURS)) {
            (Some(seconds), Some(ours)) => {
                format!("{} ({:.2})", microseconds(seconds), seconds / ours)
            }
            (Some(seconds), None) => microseconds(seconds),
            (None, _) => "-".to_owned(),
        };
        let cells: Vec<_> = libraries.iter().map(cell).collect();
        println!("| {step} | {} |", cells.join(" | "));
    }
    for error in errors {
        println!("\nNo time of {error}");
    }
    Ok(())
}

/// To three digits, or all before the point.
fn microseconds(seconds: f64) -> String {
    let value = seconds * 1e6;
    let decimals = match value {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}
