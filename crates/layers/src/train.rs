//! Gradient descent: the settings, the checks, and the loop.

use std::borrow::Cow;

use autodiff::{Scalar, Tape};

use crate::checkpoint::Run;
use crate::mini_batches::Passes;
use crate::{
    Checkpoint, Dataset, HandWritten, History, MiniBatches, Mlp, Observer, Pass, Regularization,
    Step, Taped, TrainingError,
};

/// Who computes the gradient of a training run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GradientBy {
    /// The tape: [`Taped`].
    #[default]
    Tape,
    /// The formulas of the course: [`HandWritten`].
    Hand,
}

/// How to train: gradient descent, θ ← θ − α dθ, on the full batch unless stated.
///
/// ```
/// use layers::{He, Mlp, NumpyRandom, Training, make_circles};
///
/// let data = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
/// let mut model = Mlp::new(&[2, 10, 5, 1], &He, &mut NumpyRandom::seed(3))?;
/// let training = Training { iterations: 200, cost_every: 100, ..Training::default() };
/// let history = model.fit(&data, &training, ())?;
/// assert_eq!(history.iterations(), [0, 100]);
/// assert!(history.costs()[1] < history.costs()[0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// The number of steps, each of them one update, with mini-batches too: 15,000, unless stated.
    pub iterations: usize,
    /// α: 0.01, unless stated.
    pub learning_rate: f64,
    /// The cost is noted at iteration 0 and every so many: 1000, unless stated. 0 notes none.
    pub cost_every: usize,
    /// Who computes the gradient.
    pub gradient: GradientBy,
    /// What is added to the cost and done to the activations: nothing, unless stated.
    pub regularization: Regularization,
    /// The examples of a step: all of them, unless stated.
    pub batches: Option<MiniBatches>,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            iterations: 15_000,
            learning_rate: 0.01,
            cost_every: 1000,
            gradient: GradientBy::default(),
            regularization: Regularization::default(),
            batches: None,
        }
    }
}

impl<S: Scalar> Mlp<S> {
    /// Trains the network on the data. The observer is told of every step and can end the run
    /// between two; the model then has the parameters of that moment.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use layers::{He, Mlp, NumpyRandom, Step, Training, make_circles};
    ///
    /// let data = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
    /// let mut model = Mlp::new(&[2, 10, 5, 1], &He, &mut NumpyRandom::seed(3))?;
    /// let low_enough = |step: &Step<'_, f64>| match step.cost < 0.8 {
    ///     true => ControlFlow::Break(()),
    ///     false => ControlFlow::Continue(()),
    /// };
    /// let history = model.fit(&data, &Training::default(), low_enough)?;
    /// assert!(history.steps() < 1000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the data has another number of features or fewer examples than a mini-batch; if the learning
    /// rate, λ/m of the L2 penalty or 1 / `keep_prob` is no positive number of the scalar `S` (no
    /// penalty is λ = 0); or if the cost stops being finite. The model is then as it was before.
    pub fn fit(
        &mut self,
        data: &Dataset<S>,
        training: &Training,
        observer: impl Observer<S>,
    ) -> Result<History<S>, TrainingError> {
        self.train(None, data, training, observer)
    }

    /// [`fit`](Mlp::fit), but begun where a checkpoint was made: the parameters and the history end
    /// as those of a run that was never interrupted, bit for bit. The model is the one that the run
    /// began with, made again; the number of iterations alone may be another.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use layers::{He, Mlp, NumpyRandom, Step, Training, make_circles};
    ///
    /// let data = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
    /// let model = || Mlp::new(&[2, 10, 5, 1], &He, &mut NumpyRandom::seed(3));
    /// let training = Training { iterations: 100, cost_every: 10, ..Training::default() };
    /// let mut checkpoint = None;
    /// let interrupt = |step: &Step<'_, f64>| {
    ///     if step.iteration < 42 {
    ///         return ControlFlow::Continue(());
    ///     }
    ///     checkpoint = step.checkpoint().ok();
    ///     ControlFlow::Break(())
    /// };
    /// model()?.fit(&data, &training, interrupt)?;
    ///
    /// let (mut resumed, mut whole) = (model()?, model()?);
    /// let history = resumed.fit_from(&checkpoint.unwrap(), &data, &training, ())?;
    /// assert_eq!(history, whole.fit(&data, &training, ())?);
    /// assert_eq!(resumed, whole);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As `fit`; and if the checkpoint was made with other settings, other data, or another initial
    /// model, or after more steps than there are to be.
    pub fn fit_from(
        &mut self,
        checkpoint: &Checkpoint<S>,
        data: &Dataset<S>,
        training: &Training,
        observer: impl Observer<S>,
    ) -> Result<History<S>, TrainingError> {
        self.train(Some(checkpoint), data, training, observer)
    }

    fn train(
        &mut self,
        checkpoint: Option<&Checkpoint<S>>,
        data: &Dataset<S>,
        training: &Training,
        observer: impl Observer<S>,
    ) -> Result<History<S>, TrainingError> {
        if self.features() != data.features() {
            return Err(TrainingError::Features {
                network: self.features(),
                data: data.features(),
            });
        }
        // At the scalar that trains: a rate may be positive as f64 and 0 as f32.
        let rate = S::constant(training.learning_rate);
        if !(rate > S::zero() && rate.is_finite()) {
            return Err(TrainingError::LearningRate(training.learning_rate));
        }
        // One pass for each size of a batch: a tape is recorded for one size and replayed.
        let parts: Vec<Cow<'_, Dataset<S>>> = match training.batches {
            None => vec![Cow::Borrowed(data)],
            Some(batches) => batches.first_of_each_size(data)?,
        };
        for part in &parts {
            training.regularization.check::<S>(part.examples())?;
        }
        let run = Run {
            start: self,
            data,
            training,
        };
        let (model, history) = match checkpoint {
            None => (&*self, History::default()),
            Some(checkpoint) => {
                checkpoint.check(&run)?;
                (checkpoint.model(), checkpoint.history().clone())
            }
        };
        let tapes = [Tape::new(), Tape::new()];
        let regularization = &training.regularization;
        match training.gradient {
            GradientBy::Tape => {
                let pass = |(data, tape)| Taped::record(tape, model, data, regularization);
                let passes = parts.iter().map(Cow::as_ref).zip(&tapes).map(pass);
                let passes = Passes::new(passes.collect(), data, training.batches);
                self.descend_by(passes, history, training, observer)
            }
            GradientBy::Hand => {
                let pass = |data| HandWritten::new(model, data, regularization);
                let passes = parts.iter().map(Cow::as_ref).map(pass).collect();
                let passes = Passes::new(passes, data, training.batches);
                self.descend_by(passes, history, training, observer)
            }
        }
    }

    fn descend_by<P: Pass<S>>(
        &mut self,
        mut passes: Passes<'_, S, P>,
        mut history: History<S>,
        training: &Training,
        mut observer: impl Observer<S>,
    ) -> Result<History<S>, TrainingError> {
        let &Training {
            iterations,
            learning_rate,
            cost_every,
            ..
        } = training;
        let not_finite = |iteration, cost: S| TrainingError::NotFinite {
            iteration,
            cost: cost.to_f64().unwrap_or(f64::NAN),
            learning_rate,
        };
        let noise = training.regularization.noise;
        let other_noise = training.regularization.drops() && noise.changes();
        if !other_noise {
            passes.draw_noise(noise);
        }
        let rate = S::constant(learning_rate);
        for iteration in history.steps..iterations {
            let (pass, data) = passes.of_step(iteration);
            if other_noise {
                pass.draw_noise(&mut noise.stream(iteration));
            }
            let cost = pass.evaluate();
            if !cost.is_finite() {
                return Err(not_finite(iteration, cost));
            }
            if cost_every > 0 && iteration % cost_every == 0 {
                history.iterations.push(iteration);
                history.costs.push(cost);
            }
            let step = Step {
                iteration,
                iterations,
                cost,
                run: Run {
                    start: self,
                    data,
                    training,
                },
                history: &history,
                pass: &*pass,
            };
            if observer.observe(&step).is_break() {
                break;
            }
            pass.descend(rate);
            history.steps += 1;
        }
        // The last update has no cost after it that would tell of a parameter gone astray.
        *self = Self::from_parameters(self.sizes(), passes.parameters()).map_err(|problem| {
            TrainingError::Parameter {
                problem,
                learning_rate,
            }
        })?;
        Ok(history)
    }
}
