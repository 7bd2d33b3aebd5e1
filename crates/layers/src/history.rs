//! What a training run leaves besides the model.

use autodiff::Scalar;

/// The costs of a training run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History<S> {
    pub(crate) iterations: Vec<usize>,
    pub(crate) costs: Vec<S>,
    pub(crate) steps: usize,
}

impl<S: Scalar> History<S> {
    /// At which iterations the costs were noted.
    #[must_use]
    pub fn iterations(&self) -> &[usize] {
        &self.iterations
    }

    /// The costs there, each before its iteration's update; with mini-batches, each the cost of
    /// its iteration's batch, and so not of the same examples from one to the next.
    #[must_use]
    pub fn costs(&self) -> &[S] {
        &self.costs
    }

    /// The number of updates that were made: fewer than asked for if the observer stopped the run.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// What was known before this step.
    pub(crate) fn before(&self, step: usize) -> Self {
        let noted = self.iterations.partition_point(|&k| k < step);
        Self {
            iterations: self.iterations[..noted].to_vec(),
            costs: self.costs[..noted].to_vec(),
            steps: step,
        }
    }
}
