//! gradproof itself, by the tape and by hand.

use gradproof::autodiff::Tape;
use gradproof::layers::{HandWritten, Pass, Regularization, Taped};

use crate::peer::{Peer, Real};
use crate::problem::{LEARNING_RATE, Problem};

/// The network recorded on this tape.
pub(crate) fn taped<'a, S: Real>(problem: &Problem<S>, tape: &'a Tape<S>) -> Box<dyn Peer + 'a> {
    let Problem { model, data } = problem;
    let pass = Taped::record(tape, model, data, &Regularization::default());
    Box::new(Descent(pass, S::constant(LEARNING_RATE)))
}

/// The network by the formulas of the course.
pub(crate) fn by_hand<S: Real>(problem: &Problem<S>) -> Box<dyn Peer + '_> {
    let Problem { model, data } = problem;
    let pass = HandWritten::new(model, data, &Regularization::default());
    Box::new(Descent(pass, S::constant(LEARNING_RATE)))
}

/// A pass and the learning rate.
struct Descent<P, S>(P, S);

impl<P: Pass<S>, S: Real> Peer for Descent<P, S> {
    fn train(&mut self, steps: usize) -> f64 {
        let Self(pass, learning_rate) = self;
        let mut cost = S::nan();
        for _ in 0..steps {
            cost = pass.evaluate();
            pass.descend(*learning_rate);
        }
        cost.as_double()
    }
}
