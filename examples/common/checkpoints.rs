//! Training that can be interrupted and taken up again: `--checkpoint DIR` and `--resume`.

use std::error::Error;
use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use gradproof::layers::{
    Checkpoint, Dataset, History, Mlp, Step, Training, load_checkpoint, save_checkpoint,
};

use super::Progress;

/// How many checkpoints a run leaves, one after the other, if nothing interrupts it.
const SAVES: usize = 20;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// What `--checkpoint` and `--resume` say. Each run of an example has a file of its own.
#[derive(Debug, Default)]
pub(crate) struct Checkpoints {
    /// `--checkpoint DIR`: keep the checkpoints there.
    pub(crate) directory: Option<PathBuf>,
    /// `--resume`: go on from those that are there.
    pub(crate) resume: bool,
}

impl Checkpoints {
    /// Before the work begins: makes the directory, and has Ctrl-C and SIGTERM save before they
    /// end the program. A second one ends it at once.
    ///
    /// # Errors
    ///
    /// A line that says what is wrong with the options.
    pub(crate) fn prepare(&self) -> Result<(), Box<dyn Error>> {
        let Some(directory) = &self.directory else {
            return match self.resume {
                true => Err(
                    "--resume wants --checkpoint DIR with it: the directory to resume from".into(),
                ),
                false => Ok(()),
            };
        };
        if directory.as_os_str().is_empty() {
            return Err("--checkpoint wants a directory, and got nothing".into());
        }
        if self.resume && !directory.is_dir() {
            return Err(format!(
                "--resume: there is no directory {}: name the one that --checkpoint was given",
                directory.display()
            )
            .into());
        }
        std::fs::create_dir_all(directory)
            .map_err(|error| format!("--checkpoint {}: {error}", directory.display()))?;
        ctrlc::set_handler(|| {
            if INTERRUPTED.swap(true, Ordering::Relaxed) {
                std::process::exit(Interrupted::EXIT_CODE.into());
            }
        })?;
        Ok(())
    }

    /// Trains as the options say, with a progress bar: from the run's checkpoint if it is to be
    /// resumed and has one, else from the beginning. `note` may give numbers to be kept of a step,
    /// before its update; all of them, from the beginning on, come back beside the history.
    ///
    /// # Errors
    ///
    /// [`Interrupted`], or what is wrong with the training or the checkpoint.
    pub(crate) fn fit<N: IntoIterator<Item = f64>>(
        &self,
        name: &str,
        model: &mut Mlp<f64>,
        data: &Dataset<f64>,
        training: &Training,
        mut note: impl FnMut(&Step<'_, f64>) -> N,
    ) -> Result<(History<f64>, Vec<f64>), Box<dyn Error>> {
        let path = self.directory.as_ref();
        let path = path.map(|directory| directory.join(format!("{name}.safetensors")));
        let begun = self.load(path.as_deref())?;
        let first = begun.as_ref().map_or(0, |begun| begun.history().steps());
        if self.resume {
            match &begun {
                Some(_) => eprintln!("{name}: goes on at step {first}"),
                None => eprintln!("{name}: has no checkpoint yet, and begins"),
            }
        }
        let mut notes = begun
            .as_ref()
            .map_or_else(Vec::new, |begun| begun.notes().to_vec());
        let progress = Progress::new(name, training.iterations);
        let every = (training.iterations / SAVES).max(1);
        let mut stopped_by = None;
        let observer = |step: &Step<'_, f64>| {
            progress.reach(step.iteration);
            if let Some(path) = &path {
                let stop = INTERRUPTED.load(Ordering::Relaxed);
                let due = step.iteration > first && step.iteration.is_multiple_of(every);
                // Without the note of this step, which is the first one of a resumed run.
                let saved = if stop || due {
                    save(path, step, &notes)
                } else {
                    Ok(())
                };
                if let Err(error) = saved {
                    stopped_by = Some(error);
                } else if stop {
                    stopped_by = Some(Box::new(Interrupted::before(step, name)));
                }
                if stopped_by.is_some() {
                    return ControlFlow::Break(());
                }
            }
            notes.extend(note(step));
            ControlFlow::Continue(())
        };
        let history = match (&begun, &path) {
            (Some(begun), Some(path)) => model
                .fit_from(begun, data, training, observer)
                .map_err(|error| format!("{}: {error}", path.display()))?,
            _ => model.fit(data, training, observer)?,
        };
        match stopped_by {
            Some(error) => Err(error),
            None => Ok((history, notes)),
        }
    }

    /// The checkpoint to go on from. A run that was stopped before its first one has none; one that
    /// is not to be resumed must not have any, because it would be overwritten.
    fn load(&self, path: Option<&Path>) -> Result<Option<Checkpoint<f64>>, Box<dyn Error>> {
        match path {
            Some(path) if path.try_exists()? => match self.resume {
                true => Ok(Some(load_checkpoint(path)?)),
                false => Err(format!(
                    "{} is the checkpoint of another run: give --resume to go on from it, or \
                     --checkpoint another directory",
                    path.display()
                )
                .into()),
            },
            _ => Ok(None),
        }
    }

    /// Whether Ctrl-C was pressed, for work of which nothing is saved.
    #[allow(dead_code, reason = "most examples only do work that is saved")]
    pub(crate) fn interrupted() -> bool {
        INTERRUPTED.load(Ordering::Relaxed)
    }
}

fn save(path: &Path, step: &Step<'_, f64>, notes: &[f64]) -> Result<(), Box<dyn Error>> {
    let checkpoint = step.checkpoint()?.with_notes(notes.to_vec());
    Ok(save_checkpoint(path, &checkpoint)?)
}

/// Ctrl-C, or SIGTERM: no mistake, but the end.
#[derive(Debug)]
pub(crate) struct Interrupted {
    run: String,
    step: usize,
}

impl Interrupted {
    /// What a shell reports of a program that Ctrl-C ended.
    pub(crate) const EXIT_CODE: u8 = 130;

    fn before(step: &Step<'_, f64>, run: &str) -> Self {
        Self {
            run: run.to_string(),
            step: step.iteration,
        }
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, step } = self;
        write!(
            f,
            "interrupted, and saved before step {step} of {run}: give the same options and --resume \
             to go on"
        )
    }
}

impl Error for Interrupted {}
