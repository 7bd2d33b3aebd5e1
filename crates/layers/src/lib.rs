//! The course network LINEAR-RELU-…-LINEAR-SIGMOID, with its data, its random numbers and its files.
//!
//! Everything is laid out as the course lays it out. Examples are columns: the features of `m`
//! examples are a matrix X of shape `(n_x, m)`, their labels a row Y of shape `(1, m)`. A layer of
//! `n_out` units over `n_in` has weights W of shape `(n_out, n_in)` and a bias b of shape
//! `(n_out, 1)`, so that Z = W·A + b needs no transpose; arrays are row-major.
//!
//! The model is [`Mlp`]. Its cost and gradient exist twice, as [`Taped`] on a tape and
//! [`HandWritten`] with the course's formulas, and [`Mlp::fit`] trains with either. A run can be
//! left at a [`Checkpoint`] and taken up again.
//!
//! What is random takes a [`RandomStream`]: any generator of the `rand` crate, or [`NumpyRandom`],
//! which draws what NumPy draws, so that a published run starts from the very same bits.
//!
//! What a user can get wrong in a data set, a file or an option comes back as an error that says what
//! to do; a call that the program itself got wrong panics. That data has the features of the network
//! is what [`Mlp::fit`] checks, and what a program has to ask [`Mlp::features`] before a prediction.

mod checkpoint;
#[cfg(feature = "safetensors")]
mod checkpoint_file;
mod circles;
#[cfg(feature = "csv")]
mod csv;
mod dataset;
#[cfg(feature = "files")]
mod files;
mod hand_written;
mod history;
mod initializers;
#[cfg(feature = "mat")]
mod mat;
mod metrics;
mod mini_batches;
mod mlp;
#[cfg(feature = "safetensors")]
mod model_file;
mod naive;
mod numpy_random;
pub mod ops;
mod pass;
#[cfg(feature = "plot")]
pub mod plot;
mod random;
mod regularization;
mod split;
mod standardize;
mod step;
mod taped;
mod train;
mod training_error;

pub use checkpoint::Checkpoint;
#[cfg(feature = "safetensors")]
pub use checkpoint_file::{
    CheckpointProblem, LoadCheckpointError, load_checkpoint, parse_checkpoint, save_checkpoint,
};
pub use circles::make_circles;
#[cfg(feature = "csv")]
pub use csv::{CsvError, CsvProblem, Place, read_csv, read_csv_from, write_csv};
pub use dataset::{DataError, Dataset};
#[cfg(feature = "files")]
pub use files::{WriteError, write_atomically};
pub use hand_written::HandWritten;
pub use history::History;
pub use initializers::{He, Initializer, Normal, Xavier, Zeros};
#[cfg(feature = "mat")]
pub use mat::{MatError, MatFile, MatProblem, read_mat};
pub use metrics::{ConfusionMatrix, MetricError, RocCurve};
pub use mini_batches::MiniBatches;
pub use mlp::{Mlp, ModelError, Network};
#[cfg(feature = "safetensors")]
pub use model_file::{LoadError, ModelFileProblem, load_model, parse_model, save_model};
pub use naive::naive_cross_entropy;
pub use numpy_random::NumpyRandom;
pub use ops::{Dropout, KeepProbError, dropout, l2_penalty};
pub use pass::Pass;
pub use random::RandomStream;
pub use regularization::{Noise, Regularization};
pub use split::{Split, SplitError, stratified_k_fold, stratified_split};
pub use standardize::{Standardization, StandardizationError};
pub use step::{Observer, Step};
pub use taped::Taped;
pub use train::{GradientBy, Training};
pub use training_error::TrainingError;
