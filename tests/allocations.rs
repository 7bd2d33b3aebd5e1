//! A replayed step allocates nothing of its own.

use gradproof::autodiff::{Tape, Tensor};
use gradproof::layers::{
    HandWritten, He, Mlp, NumpyRandom, Pass, Regularization, Taped, make_circles,
};

#[test]
fn a_step_of_training_allocates_nothing() {
    let data = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1)).unwrap();
    let model = Mlp::new(&[2, 10, 5, 1], &He, &mut NumpyRandom::seed(3)).unwrap();
    let tape = Tape::new();
    let mut taped = Taped::record(&tape, &model, &data, &Regularization::default());
    let mut hand = HandWritten::new(&model, &data, &Regularization::default());
    let passes: [(&str, &mut dyn Pass<f64>); 2] = [("tape", &mut taped), ("hand", &mut hand)];
    for (name, pass) in passes {
        let counted = allocation_counter::measure(|| {
            for _ in 0..100 {
                pass.evaluate();
                pass.descend(0.01);
            }
        });
        assert_eq!(counted.count_total, 0, "{name}");
    }
}

#[test]
fn a_replay_of_every_other_kind_of_op_allocates_nothing() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(Tensor::from_fn([3, 4], |k| k as f64 * 0.1 + 0.1));
    let y = tape.variable(Tensor::from_fn([4], |k| k as f64 - 1.5));
    let z = (x * y + 2.0 / x - y.broadcast_to([3, 4]))
        .tanh()
        .max(0.5 * x);
    let z = z
        .transpose()
        .reshape([2, 6])
        .exp()
        .ln()
        .sigmoid()
        .sqrt()
        .powi(3)
        .min(-x.mean());
    let cost = (z.sum_over(0) / 3.0).relu().mean_over(0) + z.sum();
    let mut gradients = cost.backward();
    let value = Tensor::from_fn([3, 4], |k| 1.0 - k as f64 * 0.05);
    let counted = allocation_counter::measure(|| {
        for _ in 0..10 {
            tape.set(x, &value);
            tape.update(y, |y| y[0] += 0.25);
            tape.replay();
            gradients.replay();
            assert!(cost.item().is_finite() && gradients.wrt(y)[0].is_finite());
        }
    });
    assert_eq!(counted.count_total, 0);
}
