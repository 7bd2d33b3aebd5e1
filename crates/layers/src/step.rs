//! A training run as it is watched.

use std::ops::ControlFlow;

use autodiff::Scalar;

use crate::{Mlp, ModelError, Pass};

/// One step of a training run, as an [`Observer`] sees it: before the update.
pub struct Step<'a, S: Scalar> {
    /// Counted from 0.
    pub iteration: usize,
    /// How many there will be.
    pub iterations: usize,
    /// The cost at the parameters that are about to be updated; with mini-batches, of this step's
    /// batch.
    pub cost: S,
    pub(crate) sizes: &'a [usize],
    pub(crate) pass: &'a dyn Pass<S>,
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
