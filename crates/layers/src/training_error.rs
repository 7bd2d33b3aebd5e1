//! Why there was no training.

use crate::ModelError;

/// Why a model was not trained. The model is then as it was before.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// The network was made for other data.
    #[error(
        "the network takes {network} features, and the data has {data}: \
         make the network's first size {data}"
    )]
    Features {
        /// The network's.
        network: usize,
        /// The data's.
        data: usize,
    },
    /// The learning rate is not a positive number of the scalar that trains.
    #[error(
        "the learning rate is {0:?}, which is no positive number of the model's scalar: give 0.01, for example"
    )]
    LearningRate(f64),
    /// λ is not 0, and λ/m of a step with m examples is not a positive number of the scalar that
    /// trains.
    #[error(
        "the L2 penalty's λ is {0:?}, and λ/m is no positive number of the model's scalar: give 0.7, \
         for example, or 0 for none"
    )]
    L2(f64),
    /// keep_prob has no finite inverse at the scalar that trains.
    #[error(
        "keep_prob is {0:?}, and 1 / keep_prob is no finite number of the model's scalar: give 0.86, \
         for example, or 1 to keep everything"
    )]
    KeepProb(f64),
    /// A mini-batch has no examples, or more than there are.
    #[error(
        "a mini-batch of {size} examples cannot be taken from {examples}: give a size from 1 to \
         {examples}, or train on the full batch"
    )]
    BatchSize {
        /// The size asked for.
        size: usize,
        /// How many examples there are.
        examples: usize,
    },
    /// The checkpoint is of another run.
    #[error(
        "the checkpoint is of a run whose {setting} was {checkpoint}, and here it is {training}: \
         resume with what the run began with, or start without the checkpoint"
    )]
    OtherRun {
        /// What differs.
        setting: String,
        /// What it was in the run of the checkpoint.
        checkpoint: String,
        /// What it is in this one.
        training: String,
    },
    /// The checkpoint was made after more steps than the training is to have.
    #[error(
        "the checkpoint was made after {steps} steps, and the training is to have {iterations}: \
         ask for at least {steps}, or start without the checkpoint"
    )]
    CheckpointAhead {
        /// The steps of the checkpoint.
        steps: usize,
        /// The steps asked for.
        iterations: usize,
    },
    /// The last update made a parameter infinite or NaN.
    #[error(
        "after the last update {problem}: lower the learning rate ({learning_rate}), or scale the \
         features; the model was left as it was before training"
    )]
    Parameter {
        /// Which one.
        problem: ModelError,
        /// The learning rate.
        learning_rate: f64,
    },
    /// The cost became infinite or NaN.
    #[error(
        "the cost became {cost} at iteration {iteration}: {}, or scale the features; the model was \
         left as it was before training",
        remedy(*iteration, *learning_rate)
    )]
    NotFinite {
        /// The iteration.
        iteration: usize,
        /// The cost.
        cost: f64,
        /// The learning rate.
        learning_rate: f64,
    },
}

/// What keeps a cost finite: the learning rate has no part in the first one.
fn remedy(iteration: usize, learning_rate: f64) -> String {
    match iteration {
        0 => "start from smaller weights or with a smaller L2 penalty".to_owned(),
        _ => format!("lower the learning rate ({learning_rate:?})"),
    }
}
