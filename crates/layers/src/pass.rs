//! What training is made of: cost, gradient, and the step down.

use autodiff::{Scalar, update};

use crate::{Dataset, RandomStream};

/// Cost and gradient at some parameters, and the step down from there: what training is made of.
/// [`Taped`](crate::Taped) and [`HandWritten`](crate::HandWritten) are the two ways to have them.
pub trait Pass<S: Scalar> {
    /// Draws the noise of dropout, hidden layer after hidden layer, row by row; nothing if there is
    /// no dropout.
    fn draw_noise(&mut self, random: &mut dyn RandomStream);

    /// Replaces the examples by these columns of the data, the next mini-batch, without an
    /// allocation once a batch has been loaded.
    ///
    /// # Panics
    ///
    /// If they are not as many as the pass was made for, or one is not in the data.
    #[track_caller]
    fn load(&mut self, data: &Dataset<S>, examples: &[usize]);

    /// Gives the parameters, bit for bit, to a pass over another number of examples.
    ///
    /// # Panics
    ///
    /// If the other pass is of a network of other sizes, or on the same tape.
    #[track_caller]
    fn hand_over(&self, to: &mut Self)
    where
        Self: Sized;

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

/// θ ← θ − α dθ.
pub(crate) fn descend<S: Scalar>(parameters: &mut [S], gradient: &[S], learning_rate: S) {
    update(parameters, [gradient], |parameter, [gradient]| {
        parameter - learning_rate * gradient
    });
}
