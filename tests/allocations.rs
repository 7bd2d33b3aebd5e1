//! A replayed step allocates nothing of its own.

use gradproof::autodiff::{Tape, Tensor, matmul};
use gradproof::layers::{
    HandWritten, He, Mlp, NumpyRandom, Pass, Regularization, Taped, make_circles,
};

/// Products of the model's sizes: what the matmul crate allocates for packing in one step is
/// measured, not assumed.
fn allocations_of_the_products(sizes: &[usize], m: usize) -> u64 {
    use matmul::{Matrix, MatrixMut};
    let data = vec![1.0_f64; 20 * 300];
    let mut out = vec![0.0; 20 * 300];
    let mut count = |a: Matrix<'_, f64>, b: Matrix<'_, f64>| {
        let c = MatrixMut::row_major(&mut out, a.rows(), b.cols());
        allocation_counter::measure(|| matmul::matmul(1.0, a, b, 1.0, c)).count_total
    };
    sizes
        .windows(2)
        .enumerate()
        .map(|(layer, n)| {
            let (n_in, n_out) = (n[0], n[1]);
            let (w, a, dz) = (
                Matrix::row_major(&data, n_out, n_in),
                Matrix::row_major(&data, n_in, m),
                Matrix::row_major(&data, n_out, m),
            );
            let forward_and_dw = count(w, a) + count(dz, a.t());
            forward_and_dw + if layer > 0 { count(w.t(), dz) } else { 0 }
        })
        .sum()
}

#[test]
fn a_step_of_training_allocates_only_what_the_matmul_crate_does() {
    let data = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1)).unwrap();
    let sizes = [2, 10, 5, 1];
    let model = Mlp::new(&sizes, &He, &mut NumpyRandom::seed(3)).unwrap();
    let packing = allocations_of_the_products(&sizes, 300);
    assert!(
        packing > 0,
        "matrixmultiply no longer allocates: drop the allowance"
    );
    let tape = Tape::new();
    let mut taped = Taped::record(&tape, &model, &data, &Regularization::default());
    let mut hand = HandWritten::new(&model, &data, &Regularization::default());
    let passes: [(&str, &mut dyn Pass<f64>); 2] = [("tape", &mut taped), ("hand", &mut hand)];
    for (name, pass) in passes {
        let steps = 100;
        let counted = allocation_counter::measure(|| {
            for _ in 0..steps {
                pass.evaluate();
                pass.descend(0.01);
            }
        });
        assert_eq!(counted.count_total, steps * packing, "{name}");
        assert_eq!(counted.count_current, 0, "{name}");
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
