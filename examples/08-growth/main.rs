//! How the time of a step grows with the number of examples, the width and the depth of the network,
//! and the number of nodes on the tape; and how the memory grows with values and gradients.
//!
//! A curve is steeper than it should be where its values leave one of the machine's caches, and where
//! the machine had something else to do: one thread and the best of many is all that can be done
//! about that.
//!
//! `cargo run --release --example 08-growth -- --help`

#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "its options are those of the examples that train")]
mod common;
mod growth;
#[path = "../../benches/cases/in_turns.rs"]
mod in_turns;
mod measure;
mod measured;
mod sweeps;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use common::say;
use gradproof::autodiff::matmul;
use gradproof::layers::plot::side_by_side;
use growth::Growth;
use lexopt::Arg::{Long, Short};
use measured::Measured;
use serde_json::json;
use sweeps::SWEEPS;

const EXAMPLE: &str = "08-growth";

struct Options {
    is_quick: bool,
    json: Option<PathBuf>,
    plots: PathBuf,
}

fn main() -> ExitCode {
    common::run(|| match parse()? {
        Some(options) => study(&options),
        None => Ok(()),
    })
}

fn parse() -> Result<Option<Options>, Box<dyn Error>> {
    let mut options = Options {
        is_quick: false,
        json: None,
        plots: common::default_plots(EXAMPLE),
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("quick") => options.is_quick = true,
            Long("json") => options.json = Some(arguments.value()?.into()),
            Long("plots") => options.plots = arguments.value()?.into(),
            Long("help") | Short('h') => {
                say!(
                    "{EXAMPLE}\n\n\
                     --quick       only the smaller sizes, each of them briefly\n\
                     --json FILE   write every number to FILE\n\
                     --plots DIR   write the plots to DIR [{}]",
                    options.plots.display()
                );
                return Ok(None);
            }
            other => return Err(format!("{}; --help lists the options", other.unexpected()).into()),
        }
    }
    common::check_outputs(options.json.as_deref(), &options.plots)?;
    Ok(Some(options))
}

fn study(options: &Options) -> Result<(), Box<dyn Error>> {
    // A second thread, which only large products have, would be a bend in the line.
    matmul::set_threads(1);
    let measured = |sweep| Measured::by(sweep, options.is_quick);
    let all: Vec<Measured> = SWEEPS.iter().map(measured).collect();
    print_table(&all);
    if options.is_quick {
        say!("\nsizes this small say little about slopes: leave out --quick to know them");
    }
    let time = all.iter().map(Measured::time_panel);
    let memory = all.iter().map(Measured::memory_panel);
    let figures = [
        (
            "time",
            side_by_side("Time of a step", time.collect::<Result<_, _>>()?),
        ),
        (
            "memory",
            side_by_side("Memory of a step", memory.collect::<Result<_, _>>()?),
        ),
    ];
    common::save_plots(&options.plots, figures)?;
    common::write_json(options.json.as_deref(), &document(&all))
}

fn print_table(all: &[Measured]) {
    say!(
        "\n{:<24}{:>10}{:>8}{:>26}",
        "time of a step",
        "expected",
        "slope",
        "at the largest size"
    );
    for Measured { sweep, time, .. } in all {
        for growth in time {
            let (name, (size, seconds)) = (growth.name, growth.largest());
            say!(
                "{:<14}{name:<10}{:>10.2}{:>8.2}{:>15.3} ms at {size:>7}",
                sweep.size,
                sweep.power,
                growth.slope(),
                1e3 * seconds
            );
        }
    }
    say!(
        "\n{:<24}{:>10}{:>8}{:>26}",
        "memory held",
        "expected",
        "slope",
        "of values and gradients"
    );
    for Measured { sweep, memory, .. } in all {
        for growth in memory {
            let (name, (needed, held)) = (growth.name, growth.largest());
            say!(
                "{:<14}{name:<10}{:>10.2}{:>8.2}{:>15.2} times",
                sweep.size,
                1.0,
                growth.slope(),
                held / needed
            );
        }
    }
    say!(
        "beside values and gradients, a tape holds the cotangents of two layers at a time, as far as\n\
         there is no room for them among gradients that are not written yet, and what it knows of a node"
    );
}

fn document(all: &[Measured]) -> serde_json::Value {
    let growths = |growths: &[Growth]| -> serde_json::Value {
        let growth = |growth: &Growth| {
            let (name, slope) = (growth.name, growth.slope());
            json!({ "name": name, "slope": slope, "points": growth.points })
        };
        growths.iter().map(growth).collect()
    };
    let sweep = |measured: &Measured| {
        json!({
            "title": measured.sweep.title,
            "size": measured.sweep.size,
            "power": measured.sweep.power,
            "seconds_by_size": growths(&measured.time),
            "bytes_held_by_bytes_of_values_and_gradients": growths(&measured.memory),
        })
    };
    all.iter().map(sweep).collect()
}
