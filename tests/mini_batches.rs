//! Mini-batches: which examples a step sees, in both passes, and that nothing is paid for it.

use std::ops::ControlFlow;

use gradproof::autodiff::{Scalar, Tape, Tensor};
use gradproof::layers::{
    Dataset, Dropout, GradientBy, HandWritten, He, History, MiniBatches, Mlp, Noise, NumpyRandom,
    Pass, Regularization, Step, Taped, Training, TrainingError, make_circles,
};
use proptest::prelude::*;

fn circles(n: usize) -> Dataset<f64> {
    make_circles(n, 0.05, 0.8, &mut NumpyRandom::seed(1)).unwrap()
}

fn network<S: Scalar>() -> Mlp<S> {
    Mlp::new(&[2, 10, 5, 1], &He, &mut NumpyRandom::seed(3)).unwrap()
}

fn fit<S: Scalar>(data: &Dataset<S>, training: &Training) -> (Mlp<S>, History<S>) {
    let mut model = network();
    let history = model.fit(data, training, ()).unwrap();
    (model, history)
}

/// These examples, as a data set of their own.
fn select<S: Scalar>(data: &Dataset<S>, examples: &[usize]) -> Dataset<S> {
    let n = examples.len();
    let columns = |from: &Tensor<S>| {
        Tensor::from_fn([from.shape().dims()[0], n], |k| {
            from[[k / n, examples[k % n]]]
        })
    };
    Dataset::new(columns(data.x()), columns(data.y())).unwrap()
}

/// The course's loop: for every epoch the next seed, one permutation, and slices of it.
fn batches_of(m: usize, batches: MiniBatches, epochs: u32) -> Vec<Vec<usize>> {
    (0..epochs)
        .flat_map(|epoch| {
            let order = NumpyRandom::seed(batches.seed + epoch).permutation(m);
            let slices = order.chunks(batches.size).map(<[usize]>::to_vec);
            slices.collect::<Vec<_>>()
        })
        .collect()
}

/// What the noise of dropout is drawn from in a step.
fn noise_of(noise: Noise, step: usize) -> NumpyRandom {
    match noise {
        Noise::Fresh(seed) => NumpyRandom::seed_by_array(&[seed, step as u32, 0]),
        Noise::Repeated(seed) => NumpyRandom::seed(seed),
    }
}

/// The same run with a pass made anew for every step.
fn step_by_step<S: Scalar>(
    data: &Dataset<S>,
    training: &Training,
    batches: &[Vec<usize>],
) -> (Mlp<S>, Vec<S>) {
    let (mut model, mut costs) = (network::<S>(), Vec::new());
    for (step, examples) in batches.iter().enumerate() {
        let batch = select(data, examples);
        let tape = Tape::new();
        let mut taped = Taped::record(&tape, &model, &batch, &training.regularization);
        let mut hand = HandWritten::new(&model, &batch, &training.regularization);
        let pass: &mut dyn Pass<S> = match training.gradient {
            GradientBy::Tape => &mut taped,
            GradientBy::Hand => &mut hand,
        };
        pass.draw_noise(&mut noise_of(training.regularization.noise, step));
        costs.push(pass.evaluate());
        pass.descend(S::constant(training.learning_rate));
        model = Mlp::from_parameters(model.sizes(), pass.parameters()).unwrap();
    }
    (model, costs)
}

fn regularization() -> impl Strategy<Value = Regularization> {
    let noise = prop_oneof![
        any::<u32>().prop_map(Noise::Fresh),
        any::<u32>().prop_map(Noise::Repeated)
    ];
    let l2 = prop_oneof![Just(0.0), Just(0.7)];
    let keep_prob = prop_oneof![Just(1.0), Just(0.86)];
    (l2, any::<bool>(), keep_prob, noise).prop_map(|(l2, l2_on_biases, keep_prob, noise)| {
        Regularization {
            l2,
            l2_on_biases,
            dropout: Dropout::new(keep_prob).unwrap(),
            noise,
        }
    })
}

fn assert_same_bits<S: Scalar>(
    data: &Dataset<S>,
    training: &Training,
    steps: &[Vec<usize>],
) -> Result<(), TestCaseError> {
    let (model, history) = fit(data, training);
    let (expected, costs) = step_by_step(data, training, steps);
    prop_assert_eq!(model, expected);
    prop_assert_eq!(history.costs(), &costs[..]);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_run_is_the_courses_loop_bit_for_bit(
        pairs in 1_usize..=20,
        size in 1_usize..=40,
        seed in 0_u32..1000,
        regularization in regularization(),
        by_hand in any::<bool>(),
    ) {
        let data = circles(2 * pairs);
        let batches = MiniBatches { size: 1 + (size - 1) % (2 * pairs), seed };
        let steps = batches_of(2 * pairs, batches, 3);
        let training = Training {
            iterations: steps.len(),
            cost_every: 1,
            gradient: if by_hand { GradientBy::Hand } else { GradientBy::Tape },
            regularization,
            batches: Some(batches),
            ..Training::default()
        };
        assert_same_bits::<f64>(&data, &training, &steps)?;
        assert_same_bits::<f32>(&data.cast().unwrap(), &training, &steps)?;
    }
}

/// Nine examples in the order that NumPy draws for seed 0; the last batch is used too.
#[test]
fn an_epoch_is_numpys_permutation_with_what_is_left_at_the_end() {
    let x = Tensor::from_fn([1, 9], |k| k as f64);
    let y = Tensor::from_fn([1, 9], |k| f64::from(u8::from(k % 2 == 0)));
    let data = Dataset::new(x, y).unwrap();
    let batches = MiniBatches { size: 4, seed: 0 };
    assert_eq!(
        batches_of(9, batches, 1),
        [vec![7, 2, 1, 4], vec![8, 6, 3, 0], vec![5]]
    );
    let training = Training {
        iterations: 3,
        cost_every: 1,
        batches: Some(batches),
        ..Training::default()
    };
    // The cost of a step tells which examples it saw.
    let mut model = Mlp::from_parameters(&[1, 1], vec![20.0, 0.0]).unwrap();
    let mut seen = Vec::new();
    let observer = |step: &Step<'_, f64>| {
        let here = step.model().unwrap();
        let alike = |examples: &[usize]| {
            let batch = select(&data, examples);
            let plain = Regularization::default();
            HandWritten::new(&here, &batch, &plain).evaluate().to_bits() == step.cost.to_bits()
        };
        seen.push([&[7, 2, 1, 4][..], &[8, 6, 3, 0], &[5]].map(alike));
        ControlFlow::Continue(())
    };
    let by_hand = Training {
        gradient: GradientBy::Hand,
        ..training
    };
    model.fit(&data, &by_hand, observer).unwrap();
    assert_eq!(
        seen,
        [
            [true, false, false],
            [false, true, false],
            [false, false, true]
        ]
    );
}

#[test]
fn mini_batches_reach_a_lower_cost_in_as_many_epochs() {
    let data = circles(300);
    let batches = MiniBatches { size: 64, seed: 11 };
    for gradient in [GradientBy::Tape, GradientBy::Hand] {
        let full = Training {
            iterations: 2000,
            gradient,
            ..Training::default()
        };
        let mini = Training {
            iterations: 2000 * batches.per_epoch(300),
            batches: Some(batches),
            ..full
        };
        let cost = |training| {
            let (model, _) = fit(&data, training);
            HandWritten::new(&model, &data, &Regularization::default()).evaluate()
        };
        let (full, mini) = (cost(&full), cost(&mini));
        assert!(mini < 0.5 * full, "{mini} by mini-batches, {full} without");
    }
}

#[test]
fn a_size_that_the_data_does_not_have_is_an_error() {
    let data = circles(20);
    for size in [0, 21, usize::MAX] {
        let training = Training {
            batches: Some(MiniBatches { size, seed: 0 }),
            ..Training::default()
        };
        let mut model = network();
        let error = model.fit(&data, &training, ()).unwrap_err();
        assert_eq!(error, TrainingError::BatchSize { size, examples: 20 });
        assert!(error.to_string().contains("give a size from 1 to 20"));
        assert_eq!(model, network());
    }
}

/// Many features are not copied to the tape, which must neither change them nor lose them.
#[test]
fn a_batch_takes_the_place_of_features_that_the_tape_shares() {
    let (features, m) = (100, 400);
    let x = Tensor::from_fn([features, m], |k| (k * 31 % 97) as f64 / 97.0 - 0.5);
    let y = Tensor::from_fn([1, m], |k| (k % 3 % 2) as f64);
    let data = Dataset::new(x.clone(), y).unwrap();
    let batch: Vec<usize> = (0..m).map(|k| k / 2).collect();
    let first_half_twice = select(&data, &batch);
    let model = Mlp::new(&[features, 3, 1], &He, &mut NumpyRandom::seed(3)).unwrap();
    let nothing = Regularization::default();
    let costs = |tape: &Tape<f64>| {
        let held = std::sync::Arc::strong_count(&data.shared_x());
        let mut pass = Taped::record(tape, &model, &data, &nothing);
        assert_eq!(std::sync::Arc::strong_count(&data.shared_x()), held + 1);
        let first = pass.evaluate();
        pass.load(&data, &batch);
        [first, pass.evaluate()]
    };
    let cost = |data| HandWritten::new(&model, data, &nothing).evaluate();
    let expected = [cost(&data), cost(&first_half_twice)];
    for (found, expected) in costs(&Tape::new()).into_iter().zip(expected) {
        assert!((found - expected).abs() < 1e-14);
    }
    assert!((expected[0] - expected[1]).abs() > 1e-6);
    assert_eq!(*data.x(), x);
}

#[test]
fn steps_of_mini_batches_allocate_nothing() {
    let data = circles(300);
    let batches = MiniBatches { size: 64, seed: 1 };
    for (gradient, keep_prob) in [
        (GradientBy::Tape, 1.0),
        (GradientBy::Tape, 0.86),
        (GradientBy::Hand, 1.0),
        (GradientBy::Hand, 0.86),
    ] {
        let allocations = |iterations, batches| {
            let training = Training {
                iterations,
                cost_every: 0,
                gradient,
                batches,
                regularization: Regularization {
                    l2: 0.7,
                    dropout: Dropout::new(keep_prob).unwrap(),
                    ..Regularization::default()
                },
                ..Training::default()
            };
            let mut model = network();
            let count = allocation_counter::measure(|| {
                model.fit(&data, &training, ()).unwrap();
            });
            assert_eq!(count.count_current, 0);
            count.count_total
        };
        let name = format!("{gradient:?}, keep_prob {keep_prob}");
        // The set-up takes an epoch, of five steps.
        let epochs = |n: usize| allocations(5 * n, Some(batches));
        assert_eq!(epochs(21), epochs(1), "{name}");
        let steps = |n: usize| allocations(n, None);
        assert_eq!(steps(105), steps(5), "{name}");
    }
}
