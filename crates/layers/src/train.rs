//! Gradient descent: the loop, what it reports, and how it ends.

use std::ops::ControlFlow;

use autodiff::{Scalar, Tape};

use crate::{Dataset, HandWritten, Mlp, ModelError, RandomStream, Regularization, Taped};

/// Cost and gradient at some parameters, and the step down from there: what training is made of.
/// [`Taped`] and [`HandWritten`] are the two ways to have them.
pub trait Pass<S: Scalar> {
    /// Draws the noise of dropout, hidden layer after hidden layer, row by row; nothing if there is
    /// no dropout.
    fn draw_noise(&mut self, random: &mut dyn RandomStream);

    /// The cost at the parameters; the gradient there is kept.
    fn evaluate(&mut self) -> S;

    /// θ ← θ − `learning_rate` · gradient, the gradient being that of the last
    /// [`evaluate`](Pass::evaluate).
    fn descend(&mut self, learning_rate: S);

    /// The parameters, in the order W¹, b¹, W², b², …
    fn parameters(&self) -> Vec<S>;

    /// The gradient of the last [`evaluate`](Pass::evaluate), in the same order.
    fn gradient(&self) -> Vec<S>;
}

/// Who computes the gradient of a training run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GradientBy {
    /// The tape: [`Taped`].
    #[default]
    Tape,
    /// The formulas of the course: [`HandWritten`].
    Hand,
}

/// How to train: full-batch gradient descent, θ ← θ − α dθ.
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
    /// The number of steps: 15,000, unless stated.
    pub iterations: usize,
    /// α: 0.01, unless stated.
    pub learning_rate: f64,
    /// The cost is noted at iteration 0 and every so many: 1000, unless stated. 0 notes none.
    pub cost_every: usize,
    /// Who computes the gradient.
    pub gradient: GradientBy,
    /// What is added to the cost and done to the activations: nothing, unless stated.
    pub regularization: Regularization,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            iterations: 15_000,
            learning_rate: 0.01,
            cost_every: 1000,
            gradient: GradientBy::default(),
            regularization: Regularization::default(),
        }
    }
}

/// The costs of a training run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History<S> {
    iterations: Vec<usize>,
    costs: Vec<S>,
    steps: usize,
}

impl<S: Scalar> History<S> {
    /// At which iterations the costs were noted.
    #[must_use]
    pub fn iterations(&self) -> &[usize] {
        &self.iterations
    }

    /// The costs there, each before its iteration's update.
    #[must_use]
    pub fn costs(&self) -> &[S] {
        &self.costs
    }

    /// The number of updates that were made: fewer than asked for if the observer stopped the run.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps
    }
}

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
        "the learning rate is {0}, which is no positive number of the model's scalar: give 0.01, for example"
    )]
    LearningRate(f64),
    /// λ is not a number that is at least 0.
    #[error("the L2 penalty's λ is {0}: give a number of at least 0, 0 for none")]
    L2(f64),
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
        "the cost became {cost} at iteration {iteration}: lower the learning rate ({learning_rate}), \
         or scale the features; the model was left as it was before training"
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

/// One step of a training run, as an [`Observer`] sees it: before the update.
pub struct Step<'a, S: Scalar> {
    /// Counted from 0.
    pub iteration: usize,
    /// How many there will be.
    pub iterations: usize,
    /// The cost at the parameters that are about to be updated.
    pub cost: S,
    sizes: &'a [usize],
    pass: &'a dyn Pass<S>,
}

impl<S: Scalar> Step<'_, S> {
    /// A copy of the model that is about to be updated.
    ///
    /// # Errors
    ///
    /// If a parameter is not finite.
    pub fn model(&self) -> Result<Mlp<S>, ModelError> {
        Mlp::from_parameters(self.sizes, self.pass.parameters())
    }
}

impl<S: Scalar> std::fmt::Debug for Step<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "step {} of {}: {}",
            self.iteration, self.iterations, self.cost
        )
    }
}

/// Who is told of every step, and may end the run: any `FnMut(&Step<S>) -> ControlFlow<()>`, or
/// `()` for nobody.
pub trait Observer<S: Scalar> {
    /// Told of a step before its update; `Break` ends the run there, without that update.
    fn observe(&mut self, step: &Step<'_, S>) -> ControlFlow<()>;
}

impl<S: Scalar> Observer<S> for () {
    fn observe(&mut self, _: &Step<'_, S>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl<S: Scalar, F: FnMut(&Step<'_, S>) -> ControlFlow<()>> Observer<S> for F {
    fn observe(&mut self, step: &Step<'_, S>) -> ControlFlow<()> {
        self(step)
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
    /// If the data has another number of features, the learning rate is not a positive number, or
    /// the cost stops being finite. The model is then as it was before.
    pub fn fit(
        &mut self,
        data: &Dataset<S>,
        training: &Training,
        observer: impl Observer<S>,
    ) -> Result<History<S>, TrainingError> {
        if self.sizes()[0] != data.features() {
            return Err(TrainingError::Features {
                network: self.sizes()[0],
                data: data.features(),
            });
        }
        // At the scalar that trains: a rate may be positive as f64 and 0 as f32.
        let rate = S::constant(training.learning_rate);
        if !(rate > S::zero() && rate.is_finite()) {
            return Err(TrainingError::LearningRate(training.learning_rate));
        }
        if !training.regularization.is_valid() {
            return Err(TrainingError::L2(training.regularization.l2));
        }
        let tape = Tape::new();
        match training.gradient {
            GradientBy::Tape => {
                let pass = Taped::record(&tape, self, data, &training.regularization);
                self.descend_by(pass, training, rate, observer)
            }
            GradientBy::Hand => {
                let pass = HandWritten::new(self, data, &training.regularization);
                self.descend_by(pass, training, rate, observer)
            }
        }
    }

    fn descend_by(
        &mut self,
        mut pass: impl Pass<S>,
        training: &Training,
        rate: S,
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
        let mut random = noise.stream();
        let mut history = History::default();
        for iteration in 0..iterations {
            if iteration == 0 || noise.changes() {
                pass.draw_noise(&mut random);
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
                sizes: self.sizes(),
                pass: &pass,
            };
            if observer.observe(&step).is_break() {
                break;
            }
            pass.descend(rate);
            history.steps += 1;
        }
        // The last update has no cost after it that would tell of a parameter gone astray.
        *self = Self::from_parameters(self.sizes(), pass.parameters()).map_err(|problem| {
            TrainingError::Parameter {
                problem,
                learning_rate,
            }
        })?;
        Ok(history)
    }
}
