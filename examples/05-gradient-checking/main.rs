//! Part 3 of the course: gradient checking, in one dimension and on its network of 47 parameters,
//! with two planted mistakes and without. Beside the course's one number stands the verifier's
//! verdict; and then the same for what the course says cannot be checked: dropout.
//!
//! `cargo run --release --example 05-gradient-checking -- --help`

#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "nothing is trained here")]
mod common;
#[path = "../../tests/golden/mod.rs"]
mod golden;
mod network;

use std::cell::Cell;
use std::error::Error;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use common::say;
use gradproof::autodiff::Wide;
use gradproof::gradcheck::{
    GradientReport, central_differences, check_gradient, relative_difference,
};
use gradproof::layers::plot::{Curve, log_log_curves};
use gradproof::layers::{Dropout, Noise, Regularization};
use lexopt::Arg::{Long, Short};
use network::{Network, SIZES};
use serde_json::{Value, json};

/// The step of the course's difference quotients.
const EPSILON: f64 = 1e-7;

/// What the course calls a mistake.
const THRESHOLD: f64 = 2e-7;

fn main() -> ExitCode {
    common::run(|| match parse()? {
        Some(options) => study(&options),
        None => Ok(()),
    })
}

struct Options {
    json: Option<PathBuf>,
    plots: PathBuf,
}

fn parse() -> Result<Option<Options>, Box<dyn Error>> {
    let mut options = Options {
        json: None,
        plots: common::default_plots("05-gradient-checking"),
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("json") => options.json = Some(arguments.value()?.into()),
            Long("plots") => options.plots = arguments.value()?.into(),
            Long("help") | Short('h') => {
                say!(
                    "05-gradient-checking\n\n\
                     --json FILE   write every number to FILE\n\
                     --plots DIR   write the plot to DIR [{}]",
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
    say!(
        "The course's difference is ‖g − ĝ‖ / (‖g‖ + ‖ĝ‖), ĝ by central differences at ε = {EPSILON:e}."
    );
    say!("Above {THRESHOLD:e} it calls the gradient wrong.");
    let one = one_dimension();
    let network = Network::published();
    let many = network_checks(&network)?;
    let fresh = fresh_noise(&network)?;
    let document = json!({ "one_dimension": one, "network": many, "fresh_noise": fresh });
    common::write_json(options.json.as_deref(), &document)?;
    draw(&network, &options.plots)
}

fn one_dimension() -> Value {
    let (x, theta) = (2.0, 4.0);
    let (cost, gradient) = (theta * x, x);
    let difference = relative_difference(|theta| theta[0] * x, &[theta], &[gradient], EPSILON);
    let report = check_gradient(
        |theta: &[Wide]| theta[0] * Wide::from(x),
        &[theta],
        &[gradient],
    );
    say!("\nJ = θx at θ = {theta}, x = {x}: J = {cost}, dJ/dθ = {gradient}");
    say!(
        "  difference {}, published 2.919335883291695e-10",
        written(difference)
    );
    verdict(&report);
    json!({
        "cost": cost,
        "gradient": gradient,
        "difference": difference,
        "verdict": report,
    })
}

/// The network with every regularization, its gradient right and with mistakes planted in it.
fn network_checks(network: &Network) -> Result<Vec<Value>, Box<dyn Error>> {
    let dropout = Regularization {
        dropout: Dropout::new(0.7)?,
        noise: Noise::Repeated(1),
        ..Regularization::default()
    };
    let ways = [
        ("plain", Regularization::default()),
        (
            "l2",
            Regularization {
                l2: 0.7,
                ..Regularization::default()
            },
        ),
        ("dropout", dropout),
        ("l2 and dropout", Regularization { l2: 0.7, ..dropout }),
    ];
    say!(
        "\nThe network {SIZES:?}: {} parameters as one vector, and back",
        network.parameters.len()
    );
    let mut numbers = Vec::new();
    for (name, regularization) in ways {
        let right = network.gradient(&regularization);
        for (planted, gradient) in [
            (false, right.clone()),
            (true, network::with_mistakes(&right)),
        ] {
            let mistakes = if planted {
                "dW2 doubled, db1 times 4"
            } else {
                "as it is"
            };
            say!("\n{name}, {mistakes}:");
            numbers.push(network_check(
                network,
                name,
                &regularization,
                planted,
                &gradient,
            ));
        }
    }
    explain(&numbers[0]);
    Ok(numbers)
}

/// Where the difference of the right gradient comes from.
fn explain(plain: &Value) {
    let of = |name: &str| plain[name].as_f64().expect("it is a number");
    let (naive, from_logits) = (of("difference"), of("difference_from_logits"));
    say!(
        "\nThe {naive:.2e} of the gradient as it is: {:.2e} of it comes with the course's cost, whose \
         log(1 − a) of\na rounded probability loses digits that the difference quotient divides \
         by ε. From the logits, the\nsame gradient and ε give {from_logits:.1e}; at 106 bits the \
         verdict is {}, to {:.1e} of each element.\nThe plot shows both against ε.",
        naive - from_logits,
        plain["verdict"]["outcome"],
        plain["verdict"]["resolution"]
            .as_f64()
            .expect("it is a number"),
    );
}

fn network_check(
    network: &Network,
    name: &str,
    regularization: &Regularization,
    planted: bool,
    gradient: &[f64],
) -> Value {
    let theta = &network.parameters;
    let cost = network.cost::<f64>(regularization);
    let difference =
        |cost: &dyn Fn(&[f64]) -> f64| relative_difference(cost, theta, gradient, EPSILON);
    let from_logits = difference(&cost);
    // The course has no figures for the others.
    let naive = (name == "plain").then(|| difference(&|theta| network.naive_cost(theta)));
    say!("  cost {}", cost(theta));
    if let Some(naive) = naive {
        let published = if planted {
            "0.2850931567"
        } else {
            "1.1890913e-7 and 1.18855520e-7"
        };
        say!(
            "  difference {} by the course's cost, published {published}",
            written(naive)
        );
    }
    say!(
        "  difference {} by the cost from logits",
        written(from_logits)
    );
    let exact = network.cost::<Wide>(regularization);
    let report = check_gradient(exact, theta, gradient).in_blocks(network::blocks());
    verdict(&report);
    json!({
        "regularization": name,
        "planted": planted,
        "cost": cost(theta),
        "difference": naive,
        "difference_from_logits": from_logits,
        "gradient": gradient,
        "central_differences": central_differences(&cost, theta, EPSILON),
        "verdict": report,
    })
}

/// Why the course says that dropout cannot be checked: its noise is drawn anew in every call.
fn fresh_noise(network: &Network) -> Result<Value, Box<dyn Error>> {
    let calls = Cell::new(0);
    let regularization = || {
        calls.set(calls.get() + 1);
        Ok::<_, Box<dyn Error>>(Regularization {
            dropout: Dropout::new(0.7)?,
            noise: Noise::Fresh(calls.get()),
            ..Regularization::default()
        })
    };
    let gradient = network.gradient(&regularization()?);
    let cost = |theta: &[f64]| {
        let regularization = regularization().expect("0.7 is a probability");
        network.cost::<f64>(&regularization)(theta)
    };
    let theta = &network.parameters;
    let difference = relative_difference(cost, theta, &gradient, EPSILON);
    let report = check_gradient(cost, theta, &gradient);
    say!("\ndropout with other noise in every call, which is what the course warns of:");
    say!("  difference {}", written(difference));
    verdict(&report);
    say!("  Noise that is an input of the network stays what it is while parameters move: above.");
    Ok(json!({ "difference": difference, "verdict": report }))
}

/// All digits, with an exponent only where it is small.
fn written(difference: f64) -> String {
    match difference < 1e-3 {
        true => format!("{difference:e}"),
        false => difference.to_string(),
    }
}

fn verdict(report: &GradientReport) {
    let text = report.text(std::io::stdout().is_terminal());
    for line in text.lines() {
        say!("  {line}");
    }
}

/// The difference of the right gradient against ε, by both costs.
fn draw(network: &Network, plots: &Path) -> Result<(), Box<dyn Error>> {
    let plain = Regularization::default();
    let gradient = network.gradient(&plain);
    let cost = network.cost::<f64>(&plain);
    let naive = |theta: &[f64]| network.naive_cost(theta);
    let curve = |name: &str, cost: &dyn Fn(&[f64]) -> f64| Curve {
        name: name.to_string(),
        points: (4..=44)
            .map(|k| {
                let epsilon = 10_f64.powf(-0.25 * f64::from(k));
                let theta = &network.parameters;
                (
                    epsilon,
                    relative_difference(cost, theta, &gradient, epsilon),
                )
            })
            .collect(),
    };
    let curves = [
        curve("by the course's cost", &naive),
        curve("by the cost from logits", &cost),
    ];
    let title = "The course's difference for a right gradient";
    let figure = log_log_curves(title, "ε", "difference", &curves)?;
    common::save_plots(plots, [("epsilon", figure)])
}
