//! Options that cannot be trained with: numbers that are none of the scalar, and others.

use autodiff::{Scalar, Wide};
use layers::{
    Dataset, Dropout, He, MiniBatches, Mlp, NumpyRandom, Regularization, Training, TrainingError,
    make_circles,
};

fn train<S: Scalar>(
    regularization: Regularization,
    batch: Option<usize>,
) -> Result<(), TrainingError> {
    let data: Dataset<f64> = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1)).unwrap();
    let training = Training {
        iterations: 1,
        regularization,
        batches: batch.map(|size| MiniBatches { size, seed: 0 }),
        ..Training::default()
    };
    let mut model = Mlp::<S>::new(&[2, 3, 1], &He, &mut NumpyRandom::seed(3)).unwrap();
    model.fit(&data.cast().unwrap(), &training, ()).map(drop)
}

fn with_l2<S: Scalar>(l2: f64, batch: Option<usize>) -> Result<(), TrainingError> {
    let regularization = Regularization {
        l2,
        ..Regularization::default()
    };
    train::<S>(regularization, batch)
}

fn with_keep_prob<S: Scalar>(keep_prob: f64) -> Result<(), TrainingError> {
    let regularization = Regularization {
        dropout: Dropout::new(keep_prob).unwrap(),
        ..Regularization::default()
    };
    train::<S>(regularization, None)
}

#[test]
fn a_penalty_is_0_or_a_positive_number_of_the_scalar() {
    for l2 in [-1.0, f64::NAN, f64::INFINITY] {
        let error = with_l2::<f64>(l2, None).unwrap_err();
        assert!(matches!(error, TrainingError::L2(_)), "{error}");
    }
    for l2 in [1e45, 1e-45] {
        assert_eq!(with_l2::<f32>(l2, None), Err(TrainingError::L2(l2)));
    }
    assert_eq!(with_l2::<f64>(5e-324, None), Err(TrainingError::L2(5e-324)));
    let text = with_l2::<f32>(1e45, None).unwrap_err().to_string();
    assert!(text.contains("λ is 1e45"), "{text}");
    assert!(
        text.contains("λ/m") && text.contains("0 for none"),
        "{text}"
    );

    assert_eq!(with_l2::<f32>(0.0, None), Ok(()));
    assert_eq!(with_l2::<f32>(0.7, None), Ok(()));
    assert_eq!(with_l2::<f64>(1e-45, None), Ok(()));
    assert_eq!(with_l2::<Wide>(1e-45, None), Ok(()));
}

#[test]
fn a_penalty_is_checked_for_the_examples_of_a_step() {
    // λ/300 is a number of f32; λ/4 is infinite, and so is λ over the 4 that are left of 300 − 296.
    let l2 = 1e40;
    let is_l2 = |result| result == Err(TrainingError::L2(l2));
    assert!(!is_l2(with_l2::<f32>(l2, None)));
    assert!(is_l2(with_l2::<f32>(l2, Some(4))));
    assert!(!is_l2(with_l2::<f32>(l2, Some(150))));
    assert!(is_l2(with_l2::<f32>(l2, Some(296))));
}

#[test]
fn a_keep_prob_has_an_inverse_at_the_scalar() {
    // The first is 0 at f32; the second is not, and what is kept would be infinite.
    for keep_prob in [1e-46, 1e-39] {
        let error = with_keep_prob::<f32>(keep_prob).unwrap_err();
        assert_eq!(error, TrainingError::KeepProb(keep_prob));
        let text = error.to_string();
        assert!(
            text.contains("1 / keep_prob") && text.contains("0.86"),
            "{text}"
        );
        assert_eq!(with_keep_prob::<f64>(keep_prob), Ok(()));
    }
    let error = with_keep_prob::<f64>(5e-324).unwrap_err();
    assert_eq!(error, TrainingError::KeepProb(5e-324));
    assert_eq!(with_keep_prob::<f32>(0.86), Ok(()));
    assert_eq!(with_keep_prob::<f32>(1.0), Ok(()));
}

#[test]
fn a_first_cost_that_is_not_finite_is_not_put_down_to_the_learning_rate() {
    let data = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1)).unwrap();
    let steep = vec![1e200, 1e200, 0.0, 1e200, 0.0];
    let mut model = Mlp::from_parameters(&[2, 1, 1], steep).unwrap();
    let error = model.fit(&data, &Training::default(), ()).unwrap_err();
    assert!(matches!(
        error,
        TrainingError::NotFinite { iteration: 0, .. }
    ));
    let text = error.to_string();
    assert!(text.contains("start from smaller weights"), "{text}");
    assert!(!text.contains("learning rate"), "{text}");
}

#[test]
#[should_panic(expected = "a mini-batch has at least 1 example")]
fn batches_without_examples_make_no_epoch() {
    let _ = MiniBatches { size: 0, seed: 0 }.per_epoch(300);
}
