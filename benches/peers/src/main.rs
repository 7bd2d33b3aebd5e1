//! gradproof beside other libraries: what the script `run` calls.
//!
//! * `steps` says which steps there are, and whether they have one thread or all;
//! * `write STEP DIRECTORY` writes the network and the data of a step for `python.py`;
//! * `step STEP SECONDS` times the step in every library of Rust, a line of JSON for each;
//! * `table` makes a table of such lines;
//! * `products MILLISECONDS` times matrix products;
//! * `versions` says which libraries these are.
//!
//! The number of threads is that of the environment variable `RAYON_NUM_THREADS`.

mod autograd;
mod burn;
mod candle;
mod dfdx;
#[path = "../../cases/in_turns.rs"]
mod in_turns;
mod ours;
mod peer;
mod problem;
mod products;
mod steps;
mod table;
mod versions;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use problem::{Precision, Problem, STEPS, Step};

fn main() -> Result<(), Box<dyn Error>> {
    gradproof::autodiff::matmul::set_threads(rayon::current_num_threads());
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["steps"] => STEPS
            .iter()
            .for_each(|step| println!("{} {}", step.name, step.threads)),
        ["write", name, directory] => {
            let (step, directory) = (step(name)?, Path::new(directory));
            match step.precision {
                Precision::F32 => Problem::<f32>::new(step).write(step, directory)?,
                Precision::F64 => Problem::<f64>::new(step).write(step, directory)?,
            }
        }
        ["step", name, seconds] => {
            steps::time(step(name)?, Duration::try_from_secs_f64(seconds.parse()?)?);
        }
        ["table"] => table::print()?,
        ["products", milliseconds] => {
            products::print(Duration::from_millis(milliseconds.parse()?));
        }
        ["versions"] => versions::print(),
        _ => return Err("the arguments are none of those that src/main.rs tells of".into()),
    }
    Ok(())
}

fn step(name: &str) -> Result<&'static Step, String> {
    let step = STEPS.iter().find(|step| step.name == name);
    step.ok_or_else(|| format!("there is no step {name}"))
}
