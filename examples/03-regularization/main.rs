//! Part 2 of the course: the same network without regularization, with an L2 penalty, and with
//! dropout. With the course's data, every cost and accuracy stands beside the published one.
//!
//! `cargo run --release --example 03-regularization -- --data data.mat`
//!
//! The course's data are not ours to ship: without `--data`, points of the same kind are made up.

#[path = "../common/mod.rs"]
mod common;
mod football;
mod published;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use common::{Options, say};
use football::Football;
use gradproof::layers::plot::{Curve, cost_curves, decision_boundary, side_by_side};
use gradproof::layers::{
    Dataset, Dropout, History, Mlp, Noise, NumpyRandom, Regularization, Training, Xavier,
};
use published::Published;
use serde_json::{Value, json};

const SIZES: [usize; 4] = [2, 20, 3, 1];
const ITERATIONS: usize = 30_000;
const SEED: u32 = 3;

const HELP: &str = "\
--data FILE      read X, y, Xval and yval from a MATLAB file (level 5: save with -v7)
--published-noise
                 one dropout mask for the whole run, NumPy's of seed 1 [with --data]
--fresh-noise    another dropout mask in every step, as dropout is meant [without --data]";

fn main() -> ExitCode {
    common::run(|| {
        let (mut data, mut published_noise) = (None::<PathBuf>, None);
        let own = |option: &str, arguments: &mut lexopt::Parser| {
            match option {
                "data" => data = Some(arguments.value()?.into()),
                "published-noise" => published_noise = Some(true),
                "fresh-noise" => published_noise = Some(false),
                _ => return Ok(false),
            }
            Ok(true)
        };
        let Some(options) = Options::parse("03-regularization", ITERATIONS, SEED, HELP, own)?
        else {
            return Ok(());
        };
        let football = match &data {
            Some(path) => Football::read(path)?,
            None => Football::stand_in(),
        };
        let noise = match published_noise.unwrap_or(data.is_some()) {
            true => Noise::Repeated(1),
            false => Noise::Fresh(1),
        };
        study(&options, &football, noise)
    })
}

/// What became of one way to train.
struct Run {
    name: &'static str,
    model: Mlp<f64>,
    history: History<f64>,
    train_accuracy: f64,
    test_accuracy: f64,
    seconds: f64,
}

fn study(options: &Options, football: &Football, noise: Noise) -> Result<(), Box<dyn Error>> {
    let noise_text = match noise {
        Noise::Repeated(seed) => format!("one mask for the whole run, as published (seed {seed})"),
        Noise::Fresh(seed) => format!("another mask in every step (seed {seed})"),
    };
    say!("data: {}\ndropout: {noise_text}", football.source);
    let ways = [
        ("plain", Regularization::default()),
        (
            "l2",
            Regularization {
                l2: 0.7,
                ..Regularization::default()
            },
        ),
        (
            "dropout",
            Regularization {
                dropout: Dropout::new(0.86)?,
                noise,
                ..Regularization::default()
            },
        ),
    ];
    // As far as their number tells; then by the first cost.
    let mut is_course = football.are_as_many && options.seed == SEED;
    let mut runs = Vec::new();
    for (name, regularization) in ways {
        let run = train(name, regularization, football, options)?;
        if is_course && name == "plain" && !starts_as_published(&run) {
            say!("these are not the course's data: their first cost is another");
            is_course = false;
        }
        let is_published = is_course && (name != "dropout" || noise == Noise::Repeated(1));
        report_costs(&run, is_published.then(|| Published::of(name)).as_ref());
        runs.push((run, is_published));
    }
    report_accuracies(&runs, football, options);
    let runs: Vec<Run> = runs.into_iter().map(|(run, _)| run).collect();
    let document = json!({
        "data": football.source,
        "seed": options.seed,
        "iterations": options.iterations,
        "published_noise": noise == Noise::Repeated(1),
        "runs": runs.iter().map(|run| run.to_json(football)).collect::<Vec<_>>(),
    });
    options.write_json(&document)?;
    draw(&runs, &football.train, options)
}

/// Whether the first cost is the published one, to more than any data would have by chance.
fn starts_as_published(plain: &Run) -> bool {
    let published = Published::of(plain.name).cost_at(0);
    let ours = plain.history.costs().first();
    published
        .zip(ours)
        .is_some_and(|(published, ours)| (published - ours).abs() < 1e-6)
}

fn train(
    name: &'static str,
    regularization: Regularization,
    football: &Football,
    options: &Options,
) -> Result<Run, Box<dyn Error>> {
    let mut model = Mlp::new(&SIZES, &Xavier, &mut NumpyRandom::seed(options.seed))?;
    let training = Training {
        iterations: options.iterations,
        learning_rate: 0.3,
        regularization,
        ..Training::default()
    };
    let start = Instant::now();
    let checkpoints = &options.checkpoints;
    let (history, _) = checkpoints.fit(name, &mut model, &football.train, &training, |_| None)?;
    Ok(Run {
        name,
        history,
        train_accuracy: model.accuracy(&football.train),
        test_accuracy: model.accuracy(&football.test),
        seconds: start.elapsed().as_secs_f64(),
        model,
    })
}

/// The costs at the iterations that are published, or that would be.
fn report_costs(run: &Run, published: Option<&Published>) {
    say!(
        "\n{}: {} iterations in {:.2} s",
        run.name,
        run.history.steps(),
        run.seconds
    );
    say!(
        "{:>9}  {:<20}  {:<20}  ours - published",
        "iteration",
        "cost",
        "published"
    );
    let history = &run.history;
    let noted = history.iterations().iter().zip(history.costs());
    for (&iteration, &cost) in noted.filter(|(iteration, _)| iteration.is_multiple_of(10_000)) {
        match published.and_then(|published| published.cost_at(iteration)) {
            Some(published) if published == cost => {
                say!("{iteration:>9}  {cost:<20}  {published:<20}  none");
            }
            Some(published) => {
                say!(
                    "{iteration:>9}  {cost:<20}  {published:<20}  {:.1e}",
                    cost - published
                );
            }
            None => say!("{iteration:>9}  {cost:<20}  -"),
        }
    }
}

fn report_accuracies(runs: &[(Run, bool)], football: &Football, options: &Options) {
    say!("\n{:<9}  {:<42}  test accuracy", "run", "train accuracy");
    for (run, is_published) in runs {
        let published = (*is_published && options.iterations == ITERATIONS)
            .then(|| Published::of(run.name).accuracies);
        let cell = |accuracy: f64, data: &Dataset<f64>, published: Option<f64>| {
            let right = (accuracy * data.examples() as f64).round();
            let ours = format!("{accuracy} ({right}/{})", data.examples());
            match published {
                Some(published) if published == accuracy => format!("{ours}, as published"),
                Some(published) => format!("{ours}, published {published}"),
                None => ours,
            }
        };
        let train = cell(run.train_accuracy, &football.train, published.map(|p| p[0]));
        let test = cell(run.test_accuracy, &football.test, published.map(|p| p[1]));
        say!("{:<9}  {train:<42}  {test}", run.name);
    }
}

/// Costs and boundaries side by side, in one figure.
fn draw(runs: &[Run], train: &Dataset<f64>, options: &Options) -> Result<(), Box<dyn Error>> {
    let curves: Vec<Curve> = runs
        .iter()
        .map(|run| {
            let iterations = run.history.iterations().iter().map(|&i| i as f64);
            Curve {
                name: run.name.to_string(),
                points: iterations
                    .zip(run.history.costs().iter().copied())
                    .collect(),
            }
        })
        .collect();
    let mut figures = vec![cost_curves("Cost", &curves)?];
    for run in runs {
        let title = format!(
            "{}: {:.1} % of the training set, {:.1} % of the test set",
            run.name,
            100.0 * run.train_accuracy,
            100.0 * run.test_accuracy
        );
        let predict = |x: &_| run.model.predict_proba(x);
        figures.push(decision_boundary(&title, train.x(), train.y(), predict)?);
    }
    options.save_plots([("regularization", side_by_side("Regularization", figures))])
}

impl Run {
    fn to_json(&self, football: &Football) -> Value {
        json!({
            "name": self.name,
            "iterations": self.history.iterations(),
            "costs": self.history.costs(),
            "train_accuracy": self.train_accuracy,
            "test_accuracy": self.test_accuracy,
            "predictions_train": common::classes(&self.model, &football.train),
            "predictions_test": common::classes(&self.model, &football.test),
            "seconds": self.seconds,
        })
    }
}
