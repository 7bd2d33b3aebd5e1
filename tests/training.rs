//! Training: the two passes beside each other, other scalars, and how a run ends.

use std::ops::ControlFlow;

use gradproof::autodiff::matmul::{Matrix, MatrixMut, matmul};
use gradproof::autodiff::{Scalar, Tape, Tensor};
use gradproof::layers::{
    Dataset, GradientBy, HandWritten, He, Initializer, Mlp, Normal, NumpyRandom, Pass,
    Regularization, Step, Taped, Training, TrainingError, Zeros, make_circles,
};

fn circles() -> Dataset<f64> {
    make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1)).unwrap()
}

fn network<S: Scalar>() -> Mlp<S> {
    Mlp::new(&[2, 10, 5, 1], &He, &mut NumpyRandom::seed(3)).unwrap()
}

fn product(a: Matrix<'_, f64>, b: Matrix<'_, f64>) -> Vec<f64> {
    let mut c = vec![0.0; a.rows() * b.cols()];
    matmul(
        1.0,
        a,
        b,
        0.0,
        MatrixMut::row_major(&mut c, a.rows(), b.cols()),
    );
    c
}

/// What the rounding error of each component of the gradient is proportional to: the same sums
/// over the absolute values of their terms.
fn conditions(model: &Mlp<f64>, data: &Dataset<f64>) -> Vec<f64> {
    let (depth, m, sizes) = (model.depth(), data.examples(), model.sizes());
    let weights = |layer: usize| model.weights(layer);
    let mut activations = vec![data.x().as_slice().to_vec()];
    for layer in 0..depth {
        let (w, a) = (weights(layer), &activations[layer]);
        let (n_in, n_out) = (sizes[layer], sizes[layer + 1]);
        let mut z = product(
            Matrix::row_major(&w, n_out, n_in),
            Matrix::row_major(a, n_in, m),
        );
        for (k, z) in z.iter_mut().enumerate() {
            *z += model.biases(layer)[k / m];
            *z = if layer + 1 < depth { z.max(0.0) } else { *z };
        }
        activations.push(z);
    }
    // |σ(z) − y| for a label of 0 or 1.
    let error =
        |(&z, &y): (&f64, &f64)| 1.0 / (1.0 + (if y == 1.0 { z } else { -z }).exp()) / m as f64;
    let mut dz: Vec<f64> = activations[depth]
        .iter()
        .zip(data.y().as_slice())
        .map(error)
        .collect();
    let mut layers = Vec::new();
    for layer in (0..depth).rev() {
        let (n_in, n_out) = (sizes[layer], sizes[layer + 1]);
        let [w, a] = [&weights(layer)[..], &activations[layer]]
            .map(|x| x.iter().map(|v| v.abs()).collect::<Vec<_>>());
        let dz_matrix = Matrix::row_major(&dz, n_out, m);
        let mut gradient = product(dz_matrix, Matrix::row_major(&a, n_in, m).t());
        gradient.extend(dz.chunks_exact(m).map(|row| row.iter().sum::<f64>()));
        layers.push(gradient);
        let da = product(Matrix::row_major(&w, n_out, n_in).t(), dz_matrix);
        dz = da
            .iter()
            .zip(&a)
            .map(|(&da, &a)| if a > 0.0 { da } else { 0.0 })
            .collect();
    }
    layers.into_iter().rev().flatten().collect()
}

/// The largest distance of a component of the two gradients, at every `stride`-th step of a whole
/// training run, in units of the scalar's epsilon and of the component's condition.
fn largest_distance<S: Scalar>(initializer: &dyn Initializer, stride: usize) -> f64 {
    let data = circles();
    let rounded: Dataset<S> = data.cast().unwrap();
    let model = Mlp::<S>::new(&[2, 10, 5, 1], initializer, &mut NumpyRandom::seed(3)).unwrap();
    let tape = Tape::new();
    let mut taped = Taped::record(&tape, &model, &rounded, &Regularization::default());
    let mut largest = 0.0_f64;
    for iteration in 0..15_000 {
        taped.evaluate();
        if iteration % stride == 0 {
            // The same parameters for both: what is compared is one gradient, not two runs that
            // drift apart.
            let here = Mlp::from_parameters(model.sizes(), taped.parameters()).unwrap();
            let mut hand = HandWritten::new(&here, &rounded, &Regularization::default());
            hand.evaluate();
            let pairs = taped.gradient().into_iter().zip(hand.gradient());
            for ((by_tape, by_hand), condition) in
                pairs.zip(conditions(&here.cast().unwrap(), &data))
            {
                let difference = (by_tape - by_hand).abs().to_f64().unwrap();
                assert!(difference.is_finite());
                if difference > 0.0 {
                    largest = largest.max(difference / condition / S::epsilon().to_f64().unwrap());
                }
            }
        }
        taped.descend(S::constant(0.01));
    }
    largest
}

#[test]
fn hand_written_and_tape_gradient_agree_at_every_step() {
    let initializers: [(&str, &dyn Initializer, usize); 3] = [
        ("zeros", &Zeros, 50),
        ("random", &Normal { scale: 10.0 }, 50),
        ("he", &He, 1),
    ];
    for (name, initializer, stride) in initializers {
        let double = largest_distance::<f64>(initializer, stride);
        let single = largest_distance::<f32>(initializer, 50);
        println!("{name}: at most {double:.2} ulp apart at f64, {single:.2} ulp at f32");
        assert!(
            double <= 4.0 && single <= 4.0,
            "{name}: {double} ulp at f64, {single} at f32"
        );
    }
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
        assert!(matches!(error, TrainingError::Parameter { .. }), "{error}");
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
    let too_small = Training {
        learning_rate: 1e-60,
        ..Training::default()
    };
    let error = network::<f32>()
        .fit(&data.cast().unwrap(), &too_small, ())
        .unwrap_err();
    assert_eq!(error, TrainingError::LearningRate(1e-60));
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
