//! Training: the two passes beside each other, other scalars, and how a run ends.

use std::ops::ControlFlow;

use gradproof::autodiff::{Scalar, Tape, Tensor};
use gradproof::layers::{
    Dataset, GradientBy, HandWritten, He, Mlp, NumpyRandom, Pass, Step, Taped, Training,
    TrainingError, make_circles,
};

fn circles() -> Dataset<f64> {
    make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1)).unwrap()
}

fn network<S: Scalar>() -> Mlp<S> {
    Mlp::new(&[2, 10, 5, 1], &He, &mut NumpyRandom::seed(3)).unwrap()
}

fn norm<S: Scalar>(x: impl Iterator<Item = S>) -> f64 {
    x.map(|v| v.to_f64().unwrap().powi(2)).sum::<f64>().sqrt()
}

/// The largest distance of the two gradients over `steps` steps of one run, relative to their
/// length, in units of the scalar's epsilon.
fn largest_distance<S: Scalar>(data: &Dataset<S>, steps: usize) -> f64 {
    let model = network::<S>();
    let tape = Tape::new();
    let mut taped = Taped::record(&tape, &model, data);
    let mut largest = 0.0_f64;
    for _ in 0..steps {
        taped.evaluate();
        // The same parameters for both, every step: what is compared is one gradient, not two
        // runs that drift apart.
        let here = Mlp::from_parameters(model.sizes(), taped.parameters()).unwrap();
        let mut hand = HandWritten::new(&here, data);
        hand.evaluate();
        let (by_tape, by_hand) = (taped.gradient(), hand.gradient());
        let difference = norm(by_tape.iter().zip(&by_hand).map(|(&a, &b)| a - b));
        let distance = difference / norm(by_tape.into_iter()) / S::epsilon().to_f64().unwrap();
        assert!(distance.is_finite());
        largest = largest.max(distance);
        taped.descend(S::constant(0.01));
    }
    largest
}

#[test]
fn hand_written_and_tape_gradient_agree_at_every_step() {
    let (double, single) = (
        largest_distance(&circles(), 3000),
        largest_distance::<f32>(&circles().cast().unwrap(), 3000),
    );
    println!("largest distance: {double:.2} ulp at f64, {single:.2} ulp at f32");
    assert!(double <= 8.0, "{double} ulp at f64");
    assert!(single <= 8.0, "{single} ulp at f32");
}

#[test]
fn single_precision_trains_too() {
    let data: Dataset<f32> = circles().cast().unwrap();
    for gradient in [GradientBy::Tape, GradientBy::Hand] {
        let mut model = network::<f32>();
        let training = Training {
            gradient,
            ..Training::default()
        };
        let history = model.fit(&data, &training, ()).unwrap();
        let last = *history.costs().last().unwrap();
        assert!(
            (f64::from(last) - 0.0735789596).abs() < 1e-3,
            "{gradient:?}: {last}"
        );
        assert!(model.accuracy(&data) > 0.98, "{gradient:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let train = |gradient| {
        let mut model = network::<f64>();
        let training = Training {
            iterations: 500,
            gradient,
            ..Training::default()
        };
        model.fit(&circles(), &training, ()).unwrap();
        model
    };
    for gradient in [GradientBy::Tape, GradientBy::Hand] {
        assert_eq!(train(gradient), train(gradient));
    }
}

#[test]
fn an_observer_can_end_a_run_between_two_steps() {
    let data = circles();
    let stopped_at = |k: usize| {
        let mut model = network::<f64>();
        let observer = |step: &Step<'_, f64>| match step.iteration == k {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let history = model.fit(&data, &Training::default(), observer).unwrap();
        assert_eq!(history.steps(), k);
        model
    };
    let mut ten_steps = network::<f64>();
    let training = Training {
        iterations: 10,
        ..Training::default()
    };
    ten_steps.fit(&data, &training, ()).unwrap();
    assert_eq!(stopped_at(10), ten_steps);
    assert_eq!(stopped_at(0), network());
}

#[test]
fn a_run_that_goes_astray_is_an_error_and_leaves_the_model() {
    let data = circles();
    for gradient in [GradientBy::Tape, GradientBy::Hand] {
        let mut model = network::<f64>();
        let training = Training {
            learning_rate: 1e200,
            gradient,
            ..Training::default()
        };
        let error = model.fit(&data, &training, ()).unwrap_err();
        assert!(matches!(error, TrainingError::NotFinite { .. }), "{error}");
        assert!(
            error.to_string().contains("lower the learning rate"),
            "{error}"
        );
        assert_eq!(model, network());

        // The step after which no cost is computed any more.
        let last_step = Training {
            learning_rate: f64::MAX,
            iterations: 1,
            gradient,
            ..Training::default()
        };
        let mut steep = Mlp::from_parameters(&[2, 1], vec![1.0, 1.0, 0.0]).unwrap();
        let far = Dataset::new(Tensor::from([[100.0], [100.0]]), Tensor::from([[0.0]])).unwrap();
        let error = steep.fit(&far, &last_step, ()).unwrap_err();
        assert!(matches!(error, TrainingError::NotFinite { .. }), "{error}");
        assert_eq!(steep.parameters(), [1.0, 1.0, 0.0]);
    }
}

#[test]
fn options_and_data_that_do_not_fit_are_errors() {
    let data = circles();
    let mut model = network::<f64>();
    for learning_rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let training = Training {
            learning_rate,
            ..Training::default()
        };
        let error = model.fit(&data, &training, ()).unwrap_err();
        assert!(matches!(error, TrainingError::LearningRate(_)), "{error}");
    }
    let three = Dataset::new(Tensor::zeros([3, 2]), Tensor::zeros([1, 2])).unwrap();
    let error = model.fit(&three, &Training::default(), ()).unwrap_err();
    assert_eq!(
        error,
        TrainingError::Features {
            network: 2,
            data: 3
        }
    );

    for sizes in [
        &[][..],
        &[2],
        &[2, 0, 1],
        &[2, 3],
        &[usize::MAX, usize::MAX, 1],
    ] {
        assert!(
            Mlp::<f64>::new(sizes, &He, &mut NumpyRandom::seed(0)).is_err(),
            "{sizes:?}"
        );
    }
    assert!(Mlp::from_parameters(&[1, 1], vec![1.0]).is_err());
    assert!(Mlp::from_parameters(&[1, 1], vec![1.0, f64::NAN]).is_err());
}
