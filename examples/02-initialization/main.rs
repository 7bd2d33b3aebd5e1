//! Part 1 of the course: the same network, trained from zeros, from large random weights, and
//! from He's. Every cost and accuracy stands beside the published one.
//!
//! `cargo run --release --example 02-initialization -- --help`

#[path = "../common/mod.rs"]
mod common;
mod published;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use common::{Options, say};
use gradproof::layers::plot::{Curve, cost_curves, decision_boundary, side_by_side};
use gradproof::layers::{
    Dataset, He, Initializer, Mlp, Normal, NumpyRandom, Step, Training, Zeros, make_circles,
    naive_cross_entropy,
};
use published::Published;
use serde_json::json;

const SIZES: [usize; 4] = [2, 10, 5, 1];
const ITERATIONS: usize = 15_000;
const SEED: u32 = 3;

fn main() -> ExitCode {
    common::run(|| {
        match Options::parse("02-initialization", ITERATIONS, SEED, "", |_, _| Ok(false))? {
            Some(options) => study(&options),
            None => Ok(()),
        }
    })
}

/// What became of one initialization.
struct Run {
    name: &'static str,
    model: Mlp<f64>,
    iterations: Vec<usize>,
    /// From the logits: finite always.
    costs: Vec<f64>,
    /// From the probabilities, as published: infinite where one rounds to 0 or 1.
    naive_costs: Vec<f64>,
    train_accuracy: f64,
    test_accuracy: f64,
    seconds: f64,
}

fn study(options: &Options) -> Result<(), Box<dyn Error>> {
    let train = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
    let test = make_circles(100, 0.05, 0.8, &mut NumpyRandom::seed(2))?;
    let initializers: [(&str, &dyn Initializer); 3] = [
        ("zeros", &Zeros),
        ("random", &Normal { scale: 10.0 }),
        ("he", &He),
    ];

    let mut runs = Vec::new();
    for (name, initializer) in initializers {
        let run = train_from(name, initializer, &train, &test, options)?;
        let published = (options.seed == SEED).then(|| Published::of(name));
        report(&run, published.as_ref(), &train, &test, options);
        runs.push(run);
    }
    draw(&runs, &train, options)?;
    let runs = runs.iter().map(|run| run.to_json(&train, &test));
    options.write_json(&json!({ "runs": runs.collect::<Vec<_>>() }))
}

fn train_from(
    name: &'static str,
    initializer: &dyn Initializer,
    train: &Dataset<f64>,
    test: &Dataset<f64>,
    options: &Options,
) -> Result<Run, Box<dyn Error>> {
    let mut model = Mlp::new(&SIZES, initializer, &mut NumpyRandom::seed(options.seed))?;
    let training = Training {
        iterations: options.iterations,
        learning_rate: 0.01,
        cost_every: 1000,
        ..Training::default()
    };
    let naive_cost = |step: &Step<'_, f64>| {
        let model = step
            .model()
            .expect("training stops before a parameter is not finite");
        naive_cross_entropy(&model.predict_proba(train.x()), train.y())
    };
    let start = Instant::now();
    let (history, naive_costs) =
        options
            .checkpoints
            .fit(name, &mut model, train, &training, |step| {
                let noted = step.iteration.is_multiple_of(training.cost_every);
                noted.then(|| naive_cost(step))
            })?;
    Ok(Run {
        name,
        iterations: history.iterations().to_vec(),
        costs: history.costs().to_vec(),
        naive_costs,
        train_accuracy: model.accuracy(train),
        test_accuracy: model.accuracy(test),
        seconds: start.elapsed().as_secs_f64(),
        model,
    })
}

fn report(
    run: &Run,
    published: Option<&Published>,
    train: &Dataset<f64>,
    test: &Dataset<f64>,
    options: &Options,
) {
    say!(
        "\n{}: {} iterations in {:.2} s",
        run.name,
        options.iterations,
        run.seconds
    );
    say!(
        "{:>9}  {:<20}  {:<20}  {:<20}  naive - published",
        "iteration",
        "cost",
        "by the naive formula",
        "published"
    );
    for (k, &iteration) in run.iterations.iter().enumerate() {
        let (cost, naive) = (run.costs[k], run.naive_costs[k]);
        let published = match published.and_then(|published| published.costs.get(k)) {
            Some(&published) if naive == published => format!("{published:<20}  none"),
            Some(&published) => format!("{published:<20}  {:.1e}", naive - published),
            None => "-".to_string(),
        };
        say!("{iteration:>9}  {cost:<20}  {naive:<20}  {published}");
    }
    let whole = options.iterations == ITERATIONS;
    let parts = [
        ("train", run.train_accuracy, train),
        ("test", run.test_accuracy, test),
    ];
    for (part, accuracy, data) in parts {
        let right = (accuracy * data.examples() as f64).round();
        let beside = match published.filter(|_| whole) {
            Some(published) => {
                let (accuracy, predictions) = published.part(part);
                let same = common::classes(&run.model, data)
                    .iter()
                    .zip(predictions)
                    .filter(|(ours, published)| ours == published)
                    .count();
                format!(
                    ", published {accuracy}; {same} of {} predictions as published",
                    predictions.len()
                )
            }
            None => String::new(),
        };
        say!(
            "{part:>9}  accuracy {accuracy} ({right}/{}){beside}",
            data.examples()
        );
    }
}

fn draw(runs: &[Run], train: &Dataset<f64>, options: &Options) -> Result<(), Box<dyn Error>> {
    let curves: Vec<Curve> = runs
        .iter()
        .map(|run| Curve {
            name: run.name.to_string(),
            points: run
                .iterations
                .iter()
                .map(|&i| i as f64)
                .zip(run.costs.iter().copied())
                .collect(),
        })
        .collect();
    let boundaries = runs
        .iter()
        .map(|run| {
            let title = format!(
                "{}: {:.1} % of the training set",
                run.name,
                100.0 * run.train_accuracy
            );
            decision_boundary(&title, train.x(), train.y(), |x| run.model.predict_proba(x))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let costs = cost_curves("Cost by initialization", &curves)?;
    let boundaries = side_by_side("Decision boundaries by initialization", boundaries);
    options.save_plots([("costs", costs), ("boundaries", boundaries)])
}

impl Run {
    fn to_json(&self, train: &Dataset<f64>, test: &Dataset<f64>) -> serde_json::Value {
        json!({
            "name": self.name,
            "initialization": self.name,
            "iterations": self.iterations,
            "costs": self.costs,
            // JSON has no infinity: null stands for it.
            "naive_costs": self.naive_costs,
            "train_accuracy": self.train_accuracy,
            "test_accuracy": self.test_accuracy,
            "predictions_train": common::classes(&self.model, train),
            "predictions_test": common::classes(&self.model, test),
            "seconds": self.seconds,
        })
    }
}
