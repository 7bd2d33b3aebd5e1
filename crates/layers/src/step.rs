//! A training run as it is watched.

use std::ops::ControlFlow;

use autodiff::Scalar;

use crate::checkpoint::Run;
use crate::{Checkpoint, History, Mlp, ModelError, Pass};

/// One step of a training run, as an [`Observer`] sees it: before the update.
pub struct Step<'a, S: Scalar> {
    /// Counted from 0.
    pub iteration: usize,
    /// How many there will be.
    pub iterations: usize,
    /// The cost at the parameters that are about to be updated; with mini-batches, of this step's
    /// batch.
    pub cost: S,
    pub(crate) run: Run<'a, S>,
    pub(crate) history: &'a History<S>,
    pub(crate) pass: &'a dyn Pass<S>,
}

impl<S: Scalar> Step<'_, S> {
    /// A copy of the model that is about to be updated.
    ///
    /// # Errors
    ///
    /// If a parameter is not finite.
    pub fn model(&self) -> Result<Mlp<S>, ModelError> {
        Mlp::from_parameters(self.run.start.sizes(), self.pass.parameters())
    }

    /// What [`Mlp::fit_from`] needs to go on from here, this step being the first one that it
    /// makes (and that its observer sees).
    ///
    /// # Errors
    ///
    /// If a parameter is not finite.
    pub fn checkpoint(&self) -> Result<Checkpoint<S>, ModelError> {
        let history = self.history.before(self.iteration);
        Ok(Checkpoint::new(self.model()?, history, self.run.settings()))
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
