use autodiff::{Scalar, Tensor};
use layers::{DataError, Dataset};

fn message<S: Scalar>(x: Tensor<S>, y: Tensor<S>) -> String {
    Dataset::new(x, y).unwrap_err().to_string()
}

#[test]
fn shapes_must_agree() {
    let x = || Tensor::<f64>::zeros([2, 3]);
    let wrong: [&[usize]; 5] = [&[1, 2], &[3, 1], &[3], &[2, 3], &[]];
    for y in wrong {
        let error = Dataset::new(x(), Tensor::zeros(y)).unwrap_err();
        assert!(matches!(error, DataError::Shapes { .. }), "{y:?}: {error}");
    }
    let text = message(Tensor::<f64>::zeros(3), Tensor::zeros([1, 3]));
    assert!(text.ends_with("these are (3,) and (1, 3)"), "{text}");
}

#[test]
fn nothing_is_no_data_set() {
    for (n_x, m) in [(0, 3), (2, 0), (0, 0)] {
        let error = Dataset::<f64>::new(Tensor::zeros([n_x, m]), Tensor::zeros([1, m]));
        let x = [n_x, m].into();
        assert_eq!(error.unwrap_err(), DataError::Empty { x });
    }
}

#[test]
fn a_label_is_0_or_1_exactly() {
    for label in [0.5, 2.0, -1.0, f64::NAN, f64::INFINITY, 1.0 + f64::EPSILON] {
        let text = message(
            Tensor::from([[1.0, 2.0, 3.0]]),
            Tensor::from([[0.0, 1.0, label]]),
        );
        let expected = format!("the label of example 2 is {label}: it must be 0 or 1, exactly");
        assert_eq!(text, expected);
    }
}

#[test]
fn a_feature_is_finite() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, value, 6.0]]);
        let text = message(x, Tensor::zeros([1, 3]));
        let expected = format!("feature 1 of example 1 is {value}, not a finite number");
        assert!(text.starts_with(&expected), "{text}");
    }
}

#[test]
fn a_cast_rounds_once_and_does_not_overflow() {
    let data = |value| Dataset::new(Tensor::from([[value]]), Tensor::from([[1.0]])).unwrap();
    let third = data(1.0 / 3.0).cast::<f32>().unwrap();
    assert_eq!(third.x()[[0, 0]], (1.0_f64 / 3.0) as f32);
    assert_eq!(third.cast::<f64>().unwrap().cast::<f32>().unwrap(), third);

    let text = data(1e39).cast::<f32>().unwrap_err().to_string();
    assert!(
        text.contains("is inf, not a finite number of type f32"),
        "{text}"
    );
}
