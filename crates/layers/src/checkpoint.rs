//! A training run at rest: what it takes to go on.

use std::collections::BTreeMap;

use autodiff::Scalar;

use crate::{Dataset, History, MiniBatches, Mlp, Regularization, Training, TrainingError};

/// A training run before one of its steps: the parameters, the history, and what the run was made
/// of, so that it is not continued as another. [`Step::checkpoint`](crate::Step::checkpoint) makes
/// one and [`Mlp::fit_from`] goes on from it; with the feature `safetensors`, `save_checkpoint` and
/// `load_checkpoint` keep it in a file in between.
///
/// There is no generator in it: what is random in a step follows from a seed and the step's number.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint<S> {
    model: Mlp<S>,
    history: History<S>,
    settings: Settings,
    notes: Vec<f64>,
}

/// What must not change from one part of a run to the next, by name, as text.
pub(crate) type Settings = BTreeMap<String, String>;

/// The setting by which a history can be checked.
pub(crate) const COST_EVERY: &str = "cost_every";
/// The setting that says how numbers are stored.
pub(crate) const SCALAR: &str = "scalar";

impl<S: Scalar> Checkpoint<S> {
    pub(crate) fn new(model: Mlp<S>, history: History<S>, settings: Settings) -> Self {
        Self {
            model,
            history,
            settings,
            notes: Vec::new(),
        }
    }

    /// The same with numbers of the observer's own, which [`notes`](Self::notes) gives back: what
    /// it saw in the steps so far, for example.
    #[must_use]
    pub fn with_notes(mut self, notes: Vec<f64>) -> Self {
        self.notes = notes;
        self
    }

    /// The model as it was.
    #[must_use]
    pub fn model(&self) -> &Mlp<S> {
        &self.model
    }

    /// The costs so far, and the number of steps that were made.
    #[must_use]
    pub fn history(&self) -> &History<S> {
        &self.history
    }

    /// The numbers that the observer left.
    #[must_use]
    pub fn notes(&self) -> &[f64] {
        &self.notes
    }

    #[cfg(feature = "safetensors")]
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether this run can go on from here.
    pub(crate) fn check(&self, run: &Run<'_, S>) -> Result<(), TrainingError> {
        let differ = |setting: &str, checkpoint: &str, training: &str| {
            Err(TrainingError::OtherRun {
                setting: setting.to_string(),
                checkpoint: checkpoint.to_string(),
                training: training.to_string(),
            })
        };
        let (were, are) = (self.model.sizes(), run.start.sizes());
        if were != are {
            return differ("sizes", &format!("{were:?}"), &format!("{are:?}"));
        }
        let now = run.settings();
        // In either: a version of this library may know settings that another one does not.
        for setting in now.keys().chain(self.settings.keys()) {
            let [then, now] = [&self.settings, &now]
                .map(|settings| settings.get(setting).map_or("not known", String::as_str));
            if then != now {
                return differ(setting, then, now);
            }
        }
        let (steps, iterations) = (self.history.steps(), run.training.iterations);
        if steps > iterations {
            return Err(TrainingError::CheckpointAhead { steps, iterations });
        }
        Ok(())
    }
}

/// What a run is made of.
pub(crate) struct Run<'a, S> {
    pub(crate) start: &'a Mlp<S>,
    pub(crate) data: &'a Dataset<S>,
    pub(crate) training: &'a Training,
}

impl<S: Scalar> Run<'_, S> {
    pub(crate) fn settings(&self) -> Settings {
        // All fields, so that a new one is not forgotten here.
        let &Training {
            iterations: _, // a run may be made longer
            learning_rate,
            cost_every,
            gradient,
            regularization,
            batches,
        } = self.training;
        let Regularization {
            l2,
            l2_on_biases,
            dropout,
            noise,
        } = regularization;
        let batches = match batches {
            None => "none".to_string(),
            Some(MiniBatches { size, seed }) => format!("{size} examples from seed {seed}"),
        };
        let (x, y) = (self.data.x(), self.data.y());
        let (m, data) = (self.data.examples(), hash([x.as_slice(), y.as_slice()]));
        let settings = [
            (SCALAR, std::any::type_name::<S>().to_string()),
            ("learning_rate", format!("{learning_rate:?}")),
            (COST_EVERY, cost_every.to_string()),
            ("gradient", format!("{gradient:?}")),
            ("l2", format!("{l2:?}")),
            ("l2_on_biases", l2_on_biases.to_string()),
            ("keep_prob", format!("{:?}", dropout.keep_prob())),
            ("noise", format!("{noise:?}")),
            ("batches", batches),
            ("data", format!("{m} examples with hash {data:016x}")),
            (
                "initial model",
                format!("one with hash {:016x}", hash([self.start.parameters()])),
            ),
        ];
        settings
            .map(|(name, value)| (name.to_string(), value))
            .into()
    }
}

/// FNV-1a of the numbers' bits: the same on every machine and from every compiler, which the
/// standard library does not promise of its own. It is a guard against mistakes, not against fraud.
fn hash<S: Scalar, const N: usize>(arrays: [&[S]; N]) -> u64 {
    let bytes = arrays.into_iter().flatten().flat_map(|value| {
        let number = value.to_f64().unwrap_or(f64::NAN);
        number.to_bits().to_le_bytes()
    });
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
