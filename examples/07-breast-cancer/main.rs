//! A network on real data, from a file to a ROC curve: which tumours are malignant, told from 30
//! measurements of cell nuclei (`examples/data/README.md`).
//!
//! Nothing is chosen by the test part. Means, deviations and what regularization to use come from
//! the training part alone, and each fold of the cross-validation is standardized by the examples
//! that it trains on. Beside the result stands that of scikit-learn on the same split.
//!
//! `cargo run --release --example 07-breast-cancer -- --help`

mod choice;
#[path = "../common/mod.rs"]
mod common;
mod outcome;
mod scikit_learn;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use choice::{Setting, choose};
use common::{Options, say};
use gradproof::autodiff::Tape;
use gradproof::layers::{
    Dataset, Dropout, He, MiniBatches, Mlp, Noise, NumpyRandom, Regularization, Split,
    Standardization, Step, Training, read_csv_from, stratified_split, write_atomically,
};
use outcome::{Costs, Outcome};
use serde_json::json;

const DATA: &str = include_str!("../data/breast_cancer.csv");
const SIZES: [usize; 4] = [30, 16, 8, 1];
const TEST_FRACTION: f64 = 0.25;
const BATCH: usize = 32;
const ITERATIONS: usize = 1400;
const SEED: u32 = 1;

const HELP: &str = "\
--split FILE     write which examples are in which part to FILE, for scikit_learn.py;
                 the seed is that of the split and of all else";

fn main() -> ExitCode {
    common::run(|| {
        let mut split = None::<PathBuf>;
        let own = |option: &str, arguments: &mut lexopt::Parser| {
            if option == "split" {
                split = Some(arguments.value()?.into());
            }
            Ok(option == "split")
        };
        match Options::parse("07-breast-cancer", ITERATIONS, SEED, HELP, own)? {
            Some(options) => study(&options, split),
            None => Ok(()),
        }
    })
}

fn study(options: &Options, split_file: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    let data: Dataset<f64> = read_csv_from(DATA.as_bytes(), "breast_cancer.csv")?;
    let split = stratified_split(&data, TEST_FRACTION, &mut NumpyRandom::seed(options.seed))?;
    say!(
        "{} features; {} examples to train on, {} to test on",
        data.features(),
        split.train.examples(),
        split.test.examples()
    );
    if let Some(path) = split_file {
        write_split(&path, &split, options.seed)?;
    }

    let setting = choose(&split.train, options)?;
    let (train, test) = standardized(&split.train, &split.test)?;
    let per_epoch = batches(options.seed).per_epoch(train.examples());
    let both_costs = |step: &Step<'_, f64>| {
        if !step.iteration.is_multiple_of(per_epoch) {
            return Vec::new();
        }
        let model = step
            .model()
            .expect("training stops before a parameter is not finite");
        vec![cost(&model, &train), cost(&model, &test)]
    };
    let mut model = untrained(options.seed)?;
    let training = training(&setting, options)?;
    let (_, costs) = options
        .checkpoints
        .fit("training", &mut model, &train, &training, both_costs)?;
    let outcome = Outcome::new(&model, &train, &test, Costs::new(per_epoch, &costs))?;
    outcome.report();
    if let Some(recorded) = scikit_learn::recorded(&split.test_examples) {
        recorded.report();
    }
    options.write_json(&json!({
        "seed": options.seed,
        "iterations": options.iterations,
        "lambda": setting.l2,
        "keep_prob": setting.keep_prob,
        "test_examples": split.test_examples,
        "outcome": outcome.to_json()?,
    }))?;
    outcome.draw(options)
}

/// Both parts, each feature measured by the mean and the deviation that it has in the first.
fn standardized(
    train: &Dataset<f64>,
    test: &Dataset<f64>,
) -> Result<(Dataset<f64>, Dataset<f64>), Box<dyn Error>> {
    let fitted = Standardization::fit(train)?;
    Ok((fitted.apply(train)?, fitted.apply(test)?))
}

fn untrained(seed: u32) -> Result<Mlp<f64>, Box<dyn Error>> {
    Ok(Mlp::new(&SIZES, &He, &mut NumpyRandom::seed(seed))?)
}

fn batches(seed: u32) -> MiniBatches {
    MiniBatches { size: BATCH, seed }
}

fn training(setting: &Setting, options: &Options) -> Result<Training, Box<dyn Error>> {
    Ok(Training {
        iterations: options.iterations,
        learning_rate: 0.1,
        cost_every: 0,
        regularization: Regularization {
            l2: setting.l2,
            dropout: Dropout::new(setting.keep_prob)?,
            noise: Noise::Fresh(options.seed),
            ..Regularization::default()
        },
        batches: Some(batches(options.seed)),
        ..Training::default()
    })
}

/// The mean cross-entropy of the predictions, without any penalty, so that it compares settings.
fn cost(model: &Mlp<f64>, data: &Dataset<f64>) -> f64 {
    let tape = Tape::new();
    let network = model.record(tape.data(data.x().clone()));
    let y = tape.data(data.y().clone());
    network.logits.sigmoid_cross_entropy(y).item()
}

fn write_split(path: &PathBuf, split: &Split<f64>, seed: u32) -> Result<(), Box<dyn Error>> {
    let parts = json!({
        "seed": seed,
        "train": split.train_examples,
        "test": split.test_examples,
    });
    write_atomically(path, |file| writeln!(file, "{parts}"))?;
    say!("split: {}", path.display());
    Ok(())
}
