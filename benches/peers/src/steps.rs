//! The steps, timed.

use std::time::Duration;

use gradproof::autodiff::Tape;
use serde_json::{Value, json};

use crate::in_turns::{Timer, best_times};
use crate::peer::{Peer, Real};
use crate::problem::{CHECKED_UPDATES, Precision, Problem, Step};
use crate::{autograd::Autograd, burn::Burn, candle::Candle, ours};

/// Long enough for the clock, and for what a library does before its first step to be spread thin.
const SHORTEST: Duration = Duration::from_millis(2);

/// Trains the network of a step in every library and prints a line of JSON for each: its best
/// time, or what is wrong with it.
pub(crate) fn time(step: &Step, budget: Duration) {
    match step.precision {
        Precision::F32 => time_at::<f32>(step, budget),
        Precision::F64 => time_at::<f64>(step, budget),
    }
}

fn time_at<S: Real>(step: &Step, budget: Duration) {
    let problem = Problem::<S>::new(step);
    let tape = Tape::new();
    let candle = Candle::new(&problem).expect("the shapes fit");
    let peers: [(&str, Box<dyn Peer + '_>); 6] = [
        ("tape", ours::taped(&problem, &tape)),
        ("by hand", ours::by_hand(&problem)),
        ("burn", Box::new(Burn::new(&problem))),
        ("candle", Box::new(candle)),
        ("dfdx", S::peer(&problem)),
        ("autograd", Box::new(Autograd::new(&problem))),
    ];
    let (expected, tolerance) = (problem.reference_cost(), step.precision.tolerance());
    let mut names = Vec::new();
    let mut timers = Vec::new();
    for (library, mut peer) in peers {
        let cost = peer.train(CHECKED_UPDATES + 1);
        if (cost / expected - 1.0).abs() <= tolerance {
            let train = move |steps| {
                peer.train(steps);
            };
            names.push(library);
            timers.push(Timer::new(train, SHORTEST));
        } else {
            let error = format!("a cost of {cost} after {CHECKED_UPDATES} steps, not {expected}");
            print(step, library, "error", error.into());
        }
    }
    for (library, seconds) in names.into_iter().zip(best_times(timers, 1, budget)) {
        print(step, library, "seconds", seconds.into());
    }
}

fn print(step: &Step, library: &str, key: &str, value: Value) {
    println!(
        "{}",
        json!({ "step": step.name, "library": library, key: value })
    );
}
