use autodiff::Tensor;
use layers::{Dataset, Standardization, StandardizationError};
use proptest::prelude::*;

/// A data set of one feature.
fn feature(values: &[f64]) -> Dataset<f64> {
    let m = values.len();
    let x = Tensor::new([1, m], values.to_vec());
    Dataset::new(x, Tensor::zeros([1, m])).unwrap()
}

fn standardized(values: &[f64]) -> Vec<f64> {
    let data = feature(values);
    let fitted = Standardization::fit(&data).unwrap();
    fitted.apply(&data).unwrap().x().as_slice().to_vec()
}

#[test]
fn the_deviation_is_that_of_the_examples() {
    let fitted = Standardization::fit(&feature(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])).unwrap();
    assert_eq!(
        (fitted.means(), fitted.deviations()),
        (&[5.0][..], &[2.0][..])
    );
}

#[test]
fn the_test_part_is_measured_by_the_training_part() {
    let fitted = Standardization::fit(&feature(&[0.0, 2.0])).unwrap();
    let test = fitted.apply(&feature(&[0.0, 10.0, 10.0])).unwrap();
    assert_eq!(test.x(), &Tensor::from([[-1.0, 9.0, 9.0]]));
}

#[test]
fn a_constant_feature_becomes_exactly_0() {
    // 1000 times 0.1 does not add up to 100.
    for constant in [0.1, -1e-310, 1e300, 0.0] {
        assert_eq!(standardized(&[constant; 1000]), [0.0; 1000], "{constant}");
    }
    // As far from the constant as it is, in the feature's own unit.
    let fitted = Standardization::fit(&feature(&[0.1; 7])).unwrap();
    let other = fitted.apply(&feature(&[0.1, 2.1])).unwrap();
    assert_eq!(other.x(), &Tensor::from([[0.0, 2.0]]));
}

#[test]
fn a_deviation_that_underflows_is_no_division_by_0() {
    let mut values = [0.0; 100];
    values[99] = f64::from_bits(1);
    assert_eq!(standardized(&values), values);
    let fitted = Standardization::fit(&feature(&values)).unwrap();
    assert_eq!(fitted.deviations(), [1.0]);
}

#[test]
fn tiny_and_large_features_keep_their_digits() {
    let expected = [-1.5_f64.sqrt(), 0.0, 1.5_f64.sqrt()];
    for (base, step) in [(0.0, 1e-200), (0.0, 1e150), (1e9, 1.0), (-4e15, 2.0)] {
        let found = standardized(&[base, base + step, base + 2.0 * step]);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15, "{base}, {step}: {found}");
        }
    }
}

#[test]
fn what_cannot_be_standardized_says_why() {
    let fitted = Standardization::fit(&feature(&[0.0, 1e-300])).unwrap();
    let error = fitted.apply(&feature(&[0.0, 1e10])).unwrap_err();
    assert!(
        error.to_string().contains("feature 0 of example 1 is inf"),
        "{error}"
    );

    let two = Dataset::new(Tensor::zeros([2, 1]), Tensor::zeros([1, 1])).unwrap();
    let error = fitted.apply(&two).unwrap_err();
    assert_eq!(
        error,
        StandardizationError::Features {
            fitted: 1,
            found: 2
        }
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_feature_gets_mean_0_and_deviation_1(
        hundredths in prop::collection::vec(-900_i32..900, 2..40),
    ) {
        prop_assume!(hundredths.iter().any(|&h| h != hundredths[0]));
        let values: Vec<f64> = hundredths.iter().map(|&h| f64::from(h) / 100.0).collect();
        let found = standardized(&values);
        let m = found.len() as f64;
        let mean = found.iter().sum::<f64>() / m;
        let variance = found.iter().map(|x| x * x).sum::<f64>() / m;
        prop_assert!(mean.abs() < 1e-13 && (variance - 1.0).abs() < 1e-13, "{mean}, {variance}");
    }
}
