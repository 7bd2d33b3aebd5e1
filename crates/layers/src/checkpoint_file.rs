//! Checkpoints to and from safetensors files (feature `safetensors`).

use std::any::{TypeId, type_name};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use autodiff::Scalar;
use safetensors::{SafeTensorError, SafeTensors};

use crate::checkpoint::{COST_EVERY, SCALAR, Settings};
use crate::model_file::{StoredTensor, numbers, read_model, tensor};
use crate::{Checkpoint, History, ModelFileProblem, WriteError, write_atomically};

/// The key that tells a checkpoint from a model, and the layout that is described here.
const LAYOUT: (&str, &str) = ("gradproof", "checkpoint 1");
const STEPS: &str = "steps";
/// Before the names of the settings, among the other keys.
const SETTING: &str = "run.";

/// Why a file holds no checkpoint that can be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct LoadCheckpointError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: CheckpointProblem,
}

/// What is wrong with a checkpoint file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointProblem {
    /// It cannot be read.
    #[error("{0}: check the path and the permissions")]
    Io(io::Error),
    /// It is truncated, or something else.
    #[error(
        "this is not a whole safetensors file ({0}): name a file that `save_checkpoint` wrote, or \
         start from the beginning"
    )]
    Format(SafeTensorError),
    /// It is a model, perhaps, but does not say that it is a checkpoint.
    #[error(
        "this safetensors file is no checkpoint that this version can read: name a file that \
         `save_checkpoint` wrote, or start from the beginning"
    )]
    NoCheckpoint,
    /// The run was made at another scalar.
    #[error("the run was made at {found}, and is to go on at {expected}: load it at {found}")]
    Scalar {
        /// That of the checkpoint.
        found: String,
        /// That which was asked for.
        expected: &'static str,
    },
    /// What the file says of itself does not fit what is in it.
    #[error("its entry {entry:?} is damaged: use another checkpoint, or start from the beginning")]
    Damaged {
        /// Where.
        entry: &'static str,
    },
    /// The tensors do not make a model.
    #[error("{0}")]
    Model(ModelFileProblem),
}

/// Writes a checkpoint to a file, whole or not at all: at every moment, also after a crash, there is
/// the checkpoint that was there before or this one.
///
/// The file has the tensors of [`save_model`](crate::save_model), `costs` and `notes`, and in its
/// metadata the number of steps and the settings of the run.
///
/// ```
/// use std::ops::ControlFlow;
/// use layers::{He, Mlp, NumpyRandom, Step, Training, make_circles};
/// use layers::{load_checkpoint, save_checkpoint};
///
/// let data = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
/// let mut model = Mlp::new(&[2, 10, 5, 1], &He, &mut NumpyRandom::seed(3))?;
/// let training = Training { iterations: 100, ..Training::default() };
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("run.safetensors");
/// let save_now_and_then = |step: &Step<'_, f64>| {
///     if step.iteration % 40 == 0 {
///         save_checkpoint(&path, &step.checkpoint().unwrap()).unwrap();
///     }
///     ControlFlow::Continue(())
/// };
/// model.fit(&data, &training, save_now_and_then)?;
///
/// let checkpoint = load_checkpoint::<f64>(&path)?;
/// assert_eq!(checkpoint.history().steps(), 80);
/// let mut resumed = Mlp::new(&[2, 10, 5, 1], &He, &mut NumpyRandom::seed(3))?;
/// resumed.fit_from(&checkpoint, &data, &training, ())?;
/// assert_eq!(resumed, model);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// If the file cannot be written, or the scalar is neither `f32` nor `f64`: a file could not give
/// others back bit for bit.
pub fn save_checkpoint<S: Scalar>(
    path: impl AsRef<Path>,
    checkpoint: &Checkpoint<S>,
) -> Result<(), WriteError> {
    if ![TypeId::of::<f32>(), TypeId::of::<f64>()].contains(&TypeId::of::<S>()) {
        let why = format!(
            "a checkpoint file keeps f32 and f64, and the run is at {}",
            type_name::<S>()
        );
        return Err(WriteError {
            path: path.as_ref().to_owned(),
            problem: io::Error::new(io::ErrorKind::Unsupported, why),
        });
    }
    let (costs, notes) = (checkpoint.history().costs(), checkpoint.notes());
    let mut stored = StoredTensor::of_model(checkpoint.model());
    stored.push(StoredTensor::new("costs".into(), &[costs.len()], costs));
    stored.push(StoredTensor::new("notes".into(), &[notes.len()], notes));
    let settings = checkpoint.settings().iter();
    let mut about: HashMap<String, String> = settings
        .map(|(name, value)| (format!("{SETTING}{name}"), value.clone()))
        .collect();
    about.insert(LAYOUT.0.into(), LAYOUT.1.into());
    about.insert(STEPS.into(), checkpoint.history().steps().to_string());
    let views = stored.iter().map(StoredTensor::view);
    let file = safetensors::serialize(views, Some(about)).expect("shapes and names are in order");
    write_atomically(path, |writer| writer.write_all(&file))
}

/// Reads a checkpoint that [`save_checkpoint`] wrote.
///
/// # Errors
///
/// If the file cannot be read, is truncated, is something else, or is of a run at another scalar.
pub fn load_checkpoint<S: Scalar>(
    path: impl AsRef<Path>,
) -> Result<Checkpoint<S>, LoadCheckpointError> {
    let path = path.as_ref();
    fs::read(path)
        .map_err(CheckpointProblem::Io)
        .and_then(|bytes| parse_checkpoint(&bytes))
        .map_err(|problem| LoadCheckpointError {
            path: path.to_path_buf(),
            problem,
        })
}

/// [`load_checkpoint`] for the bytes of a file, whatever they are.
///
/// # Errors
///
/// As `load_checkpoint`.
pub fn parse_checkpoint<S: Scalar>(bytes: &[u8]) -> Result<Checkpoint<S>, CheckpointProblem> {
    let file = SafeTensors::deserialize(bytes).map_err(CheckpointProblem::Format)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(CheckpointProblem::Format)?;
    let about = header.metadata().as_ref();
    let about = about.ok_or(CheckpointProblem::NoCheckpoint)?;
    if about.get(LAYOUT.0).map(String::as_str) != Some(LAYOUT.1) {
        return Err(CheckpointProblem::NoCheckpoint);
    }
    let settings: Settings = about
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix(SETTING)?.to_string(), value.clone())))
        .collect();
    match settings.get(SCALAR) {
        Some(found) if found == type_name::<S>() => {}
        Some(found) => {
            return Err(CheckpointProblem::Scalar {
                found: found.clone(),
                expected: type_name::<S>(),
            });
        }
        None => return Err(CheckpointProblem::Damaged { entry: SCALAR }),
    }
    let model = read_model(&file, &["costs", "notes"]).map_err(CheckpointProblem::Model)?;
    let list = |name| tensor(&file, name).map_err(CheckpointProblem::Model);
    let (costs, notes) = (list("costs")?, list("notes")?);
    let costs: Vec<S> = numbers("costs", &costs).map_err(CheckpointProblem::Model)?;
    let notes: Vec<f64> = numbers("notes", &notes).map_err(CheckpointProblem::Model)?;
    let steps = whole_number(about.get(STEPS), STEPS)?;
    let cost_every = whole_number(settings.get(COST_EVERY), COST_EVERY)?;
    let history = history(steps, cost_every, costs)?;
    Ok(Checkpoint::new(model, history, settings).with_notes(notes))
}

fn whole_number(text: Option<&String>, entry: &'static str) -> Result<usize, CheckpointProblem> {
    text.and_then(|text| text.parse().ok())
        .ok_or(CheckpointProblem::Damaged { entry })
}

/// The costs with the iterations that they must be of.
fn history<S: Scalar>(
    steps: usize,
    cost_every: usize,
    costs: Vec<S>,
) -> Result<History<S>, CheckpointProblem> {
    let noted = match cost_every {
        0 => 0,
        _ => steps.div_ceil(cost_every),
    };
    if costs.len() != noted || costs.iter().any(|cost| !cost.is_finite()) {
        return Err(CheckpointProblem::Damaged { entry: "costs" });
    }
    Ok(History {
        iterations: (0..noted).map(|k| k * cost_every).collect(),
        costs,
        steps,
    })
}
