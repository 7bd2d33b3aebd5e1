//! Seconds and bytes.

use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use gradproof::autodiff::{Tape, Tensor};
use gradproof::layers::{Dataset, HandWritten, He, Mlp, NumpyRandom, Pass, Regularization, Taped};

use crate::in_turns::{SHORTEST, Timer, best_times};

/// So small that the network stays where it is, and every step is as the first.
const LEARNING_RATE: f64 = 1e-6;

/// What a program takes at one size.
pub(crate) struct Costs {
    /// Under the name of the way in which it was computed.
    pub(crate) ways: Vec<(&'static str, Cost)>,
    /// Bytes of all values, X among them, and of the gradients that are kept: the least that a tape
    /// can hold that forgets no value.
    pub(crate) values_and_gradients: usize,
}

/// What a step takes.
pub(crate) struct Cost {
    /// The fastest of many.
    pub(crate) seconds: f64,
    /// How many bytes are held while steps are taken, X counted whoever holds it.
    pub(crate) bytes: usize,
}

impl Costs {
    /// Takes the times of the same program, measured again, where they are shorter.
    pub(crate) fn keep_fastest(&mut self, again: &Self) {
        for ((_, cost), (_, again)) in self.ways.iter_mut().zip(&again.ways) {
            cost.seconds = cost.seconds.min(again.seconds);
        }
    }
}

/// Steps of training a network of these sizes on `m` examples, by the tape and by hand.
pub(crate) fn network(sizes: &[usize], m: usize, budget: Duration) -> Costs {
    let mut random = NumpyRandom::seed(1);
    let model = Mlp::new(sizes, &He, &mut random).expect("sizes of a network");
    let x = Tensor::from_fn([sizes[0], m], |_| random.normal(0.0, 1.0));
    let y = Tensor::from_fn([1, m], |k| f64::from(k % 2 == 0));
    let data = Dataset::new(x, y).expect("numbers, and labels for them");
    let nothing = Regularization::default();
    let tape = Tape::new();
    let x = data.shared_x();
    let holders = Arc::strong_count(&x);
    let mut by_tape = held(|| Taped::record(&tape, &model, &data, &nothing));
    let mut by_hand = held(|| HandWritten::new(&model, &data, &nothing));
    by_hand.1 += size_of_val(x.as_slice());
    if Arc::strong_count(&x) > holders {
        by_tape.1 += size_of_val(x.as_slice());
    }
    // X and the labels, every hidden layer, the logits, and the cost.
    let hidden: usize = sizes[1..sizes.len() - 1].iter().sum();
    let values = model.parameters().len() + (sizes[0] + 1 + hidden + 1) * m + 1;
    Costs {
        ways: vec![
            ("tape", step(by_tape, budget)),
            ("by hand", step(by_hand, budget)),
        ],
        values_and_gradients: (values + model.parameters().len()) * size_of::<f64>(),
    }
}

fn step((mut pass, bytes): (impl Pass<f64>, usize), budget: Duration) -> Cost {
    let seconds = best_of_many(budget, || {
        pass.evaluate();
        pass.descend(LEARNING_RATE);
    });
    Cost { seconds, bytes }
}

/// Value and derivative of x · c · c ⋯, a product a node.
pub(crate) fn chain(nodes: usize, budget: Duration) -> Costs {
    let tape = Tape::new();
    let (mut gradients, bytes) = held(|| {
        let (x, c) = (tape.variable(1.0), tape.data(1.0 + 1e-6));
        (0..nodes).fold(x, |product, _| product * c).backward()
    });
    let seconds = best_of_many(budget, || {
        tape.replay();
        gradients.replay();
    });
    Costs {
        ways: vec![("tape", Cost { seconds, bytes })],
        values_and_gradients: (tape.len() + 1) * size_of::<f64>(),
    }
}

/// Seconds of one run.
fn best_of_many(budget: Duration, mut run: impl FnMut()) -> f64 {
    let repeat = |count| (0..count).for_each(|_| run());
    let timer = Timer::new(repeat, SHORTEST);
    best_times([timer], 1, budget)[0]
}

/// What `make` makes, and the bytes that stay allocated for it.
fn held<T>(make: impl FnOnce() -> T) -> (T, usize) {
    let mut made = None;
    let memory = measure(|| made = Some(make()));
    let bytes = usize::try_from(memory.bytes_current).expect("more is allocated than freed");
    (made.expect("it was made"), bytes)
}
