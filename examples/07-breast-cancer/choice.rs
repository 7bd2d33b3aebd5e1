//! Which regularization to use, by cross-validation.

use std::error::Error;
use std::ops::ControlFlow;

use gradproof::layers::{Dataset, NumpyRandom, Step, stratified_k_fold};

use crate::common::{Checkpoints, Options, Progress, say};
use crate::{cost, standardized, training, untrained};

const FOLDS: usize = 5;
const L2: [f64; 5] = [0.0, 0.1, 0.3, 1.0, 3.0];
const KEEP_PROB: [f64; 2] = [1.0, 0.8];

/// What is chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// λ of the L2 penalty.
    pub(crate) l2: f64,
    /// The probability that dropout keeps an activation; 1 is no dropout.
    pub(crate) keep_prob: f64,
}

/// The setting with the least mean cost on the examples that each fold holds out.
pub(crate) fn choose(train: &Dataset<f64>, options: &Options) -> Result<Setting, Box<dyn Error>> {
    let folds = stratified_k_fold(train, FOLDS, &mut NumpyRandom::seed(options.seed))?;
    let parts = folds
        .iter()
        .map(|fold| standardized(&fold.train, &fold.test))
        .collect::<Result<Vec<_>, _>>()?;
    let settings: Vec<Setting> = L2
        .iter()
        .flat_map(|&l2| KEEP_PROB.map(|keep_prob| Setting { l2, keep_prob }))
        .collect();

    let runs = settings.len() * FOLDS;
    let progress = Progress::new("choosing", runs * options.iterations);
    let mut tried = Vec::new();
    for (k, &setting) in settings.iter().enumerate() {
        let (mut mean_cost, mut mean_accuracy) = (0.0, 0.0);
        for (fold, (rest, held_out)) in parts.iter().enumerate() {
            let mut model = untrained(options.seed)?;
            let before = (k * FOLDS + fold) * options.iterations;
            let observer = |step: &Step<'_, f64>| {
                progress.reach(before + step.iteration);
                match Checkpoints::interrupted() {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            };
            model.fit(rest, &training(&setting, options)?, observer)?;
            if Checkpoints::interrupted() {
                return Err("interrupted before there was anything to save".into());
            }
            mean_cost += cost(&model, held_out) / FOLDS as f64;
            mean_accuracy += model.accuracy(held_out) / FOLDS as f64;
        }
        if !mean_cost.is_finite() {
            return Err(format!("{setting:?} leads to a cost of {mean_cost}: leave it out").into());
        }
        tried.push((setting, mean_cost, mean_accuracy));
    }
    drop(progress);
    report(&tried);
    let least = tried.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    let &(chosen, ..) = least.expect("there are settings to choose from");
    say!(
        "chosen: lambda {}, keep_prob {}",
        chosen.l2,
        chosen.keep_prob
    );
    Ok(chosen)
}

/// Settings, each with the mean cost and the mean accuracy of its folds.
fn report(tried: &[(Setting, f64, f64)]) {
    say!("\n{FOLDS}-fold cross-validation on the training part:");
    say!("  lambda  keep_prob   mean cost  mean accuracy");
    for (setting, cost, accuracy) in tried {
        let Setting { l2, keep_prob } = setting;
        say!("{l2:>8}  {keep_prob:>9}  {cost:>10.4}  {accuracy:>13.4}");
    }
}
