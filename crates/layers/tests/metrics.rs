//! Confusion matrices and ROC curves against their definitions.

use autodiff::Tensor;
use layers::{ConfusionMatrix, Dataset, MetricError, Mlp, NumpyRandom, RocCurve, Zeros};
use proptest::prelude::*;

fn row(values: &[f64]) -> Tensor<f64> {
    Tensor::new([1, values.len()], values.to_vec())
}

fn roc(scores: &[f64], labels: &[f64]) -> Result<RocCurve, MetricError> {
    RocCurve::new(&row(scores), &row(labels))
}

/// The share of pairs of a positive and a negative that are in order, ties counted half.
fn auc_by_pairs(scores: &[f64], labels: &[f64]) -> f64 {
    let of = |class: f64| {
        let examples = scores.iter().zip(labels);
        examples.filter(move |&(_, &label)| label == class)
    };
    let (mut twice, mut pairs) = (0_u32, 0_u32);
    for (positive, _) in of(1.0) {
        for (negative, _) in of(0.0) {
            twice += 2 * u32::from(positive > negative) + u32::from(positive == negative);
            pairs += 1;
        }
    }
    f64::from(twice) / f64::from(2 * pairs)
}

#[test]
fn perfect_reversed_and_tied_scores() {
    let labels = [0.0, 0.0, 1.0, 1.0];
    let auc = |scores: [f64; 4]| roc(&scores, &labels).unwrap().auc();
    assert_eq!(auc([0.1, 0.2, 0.3, 0.4]), 1.0);
    assert_eq!(auc([0.4, 0.3, 0.2, 0.1]), 0.0);
    assert_eq!(auc([0.5; 4]), 0.5);
    assert_eq!(auc([0.0, -0.0, 0.0, -0.0]), 0.5);
    assert_eq!(auc([f64::NEG_INFINITY, 0.0, 0.0, f64::INFINITY]), 7.0 / 8.0);
    let diagonal = roc(&[0.5; 4], &labels).unwrap();
    assert_eq!(diagonal.points(), [(0.0, 0.0), (1.0, 1.0)]);
}

#[test]
fn curves_that_are_none_say_why() {
    let one_class = |class| {
        let needs = "a ROC curve";
        MetricError::OneClass { class, needs }
    };
    assert_eq!(roc(&[0.1, 0.2], &[1.0, 1.0]).unwrap_err(), one_class(0));
    assert_eq!(roc(&[0.1, 0.2], &[0.0, 0.0]).unwrap_err(), one_class(1));
    assert_eq!(roc(&[], &[]).unwrap_err(), one_class(0));
    assert_eq!(
        roc(&[0.1, f64::NAN], &[0.0, 1.0]).unwrap_err(),
        MetricError::Nan(1)
    );
    let message = roc(&[0.1, 0.2], &[0.0, 2.0]).unwrap_err().to_string();
    assert_eq!(
        message,
        "the label of example 1 is 2: it must be 0 or 1, exactly"
    );
    let message = roc(&[0.1], &[0.0, 1.0]).unwrap_err().to_string();
    assert!(
        message.ends_with("these are (1, 1) and (1, 2)"),
        "{message}"
    );
    let column = Tensor::<f64>::zeros([2, 1]);
    let error = RocCurve::new(&column, &column).unwrap_err();
    assert!(matches!(error, MetricError::Shapes { .. }), "{error}");
}

#[test]
fn figures_that_would_be_0_by_0_are_undefined() {
    let none = ConfusionMatrix::new(&row(&[]), &row(&[])).unwrap();
    let only_negatives = ConfusionMatrix::new(&row(&[0.0]), &row(&[0.0])).unwrap();
    let undefined = |figure: Result<f64, MetricError>, name: &str| {
        let message = figure.unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("{name} is undefined: ")),
            "{message}"
        );
    };
    undefined(none.accuracy(), "the accuracy");
    undefined(only_negatives.precision(), "the precision");
    undefined(only_negatives.recall(), "the recall");
    undefined(only_negatives.f1(), "F1");
    assert_eq!(only_negatives.accuracy(), Ok(1.0));
    let probabilities = ConfusionMatrix::new(&row(&[0.7]), &row(&[1.0]));
    let message = probabilities.unwrap_err().to_string();
    assert_eq!(
        message,
        "the prediction of example 0 is 0.7: it must be 0 or 1, exactly"
    );
}

#[test]
fn a_confusion_matrix_is_shown_as_a_table() {
    let matrix = ConfusionMatrix {
        true_positives: 70,
        false_negatives: 2,
        false_positives: 1,
        true_negatives: 41,
    };
    let table = "           predicted 0   predicted 1\n label 0            41             1\n label 1             2            70";
    assert_eq!(matrix.to_string(), table);
}

/// Scores with many ties, and labels of both classes.
fn scored() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    let example = (-5_i32..5, any::<bool>());
    prop::collection::vec(example, 2..60)
        .prop_filter("both classes", |examples| {
            [true, false]
                .iter()
                .all(|class| examples.iter().any(|(_, y)| y == class))
        })
        .prop_map(|examples| {
            let (scores, labels): (Vec<i32>, Vec<bool>) = examples.into_iter().unzip();
            let labels = labels.into_iter().map(f64::from).collect();
            (
                scores.into_iter().map(|s| f64::from(s) / 4.0).collect(),
                labels,
            )
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_area_is_the_share_of_pairs_in_order((scores, labels) in scored()) {
        let curve = roc(&scores, &labels).unwrap();
        prop_assert_eq!(curve.auc(), auc_by_pairs(&scores, &labels));
        // The order is all that counts.
        let increasing: Vec<f64> = scores.iter().map(|s| s.exp()).collect();
        prop_assert_eq!(&roc(&increasing, &labels).unwrap(), &curve);
        let swapped: Vec<f64> = labels.iter().map(|y| 1.0 - y).collect();
        let other = roc(&scores, &swapped).unwrap().auc();
        prop_assert!((curve.auc() + other - 1.0).abs() < 1e-15);
    }

    #[test]
    fn each_point_is_what_its_threshold_gives((scores, labels) in scored()) {
        let points = roc(&scores, &labels).unwrap().points();
        let mut thresholds = scores.clone();
        thresholds.sort_by(|a, b| b.total_cmp(a));
        thresholds.dedup();
        prop_assert_eq!(points.len(), thresholds.len() + 1);
        prop_assert_eq!(points[0], (0.0, 0.0));
        for (&threshold, &(fpr, tpr)) in thresholds.iter().zip(&points[1..]) {
            let predictions: Vec<f64> = scores.iter().map(|&s| f64::from(s >= threshold)).collect();
            let matrix = ConfusionMatrix::new(&row(&predictions), &row(&labels)).unwrap();
            let negatives = matrix.false_positives + matrix.true_negatives;
            prop_assert_eq!(tpr, matrix.recall().unwrap());
            prop_assert_eq!(fpr, matrix.false_positives as f64 / negatives as f64);
        }
    }

    #[test]
    fn f1_is_the_harmonic_mean((scores, labels) in scored()) {
        let predictions: Vec<f64> = scores.iter().map(|&s| f64::from(s > 0.0)).collect();
        let matrix = ConfusionMatrix::new(&row(&predictions), &row(&labels)).unwrap();
        prop_assert_eq!(matrix.examples(), labels.len());
        let right = predictions.iter().zip(&labels).filter(|(p, y)| p == y).count();
        prop_assert_eq!(matrix.accuracy().unwrap(), right as f64 / labels.len() as f64);
        if let (Ok(precision), Ok(recall)) = (matrix.precision(), matrix.recall())
            && matrix.true_positives > 0
        {
            let harmonic = 2.0 / (1.0 / precision + 1.0 / recall);
            prop_assert!((matrix.f1().unwrap() - harmonic).abs() < 1e-15);
        }
    }
}

#[test]
fn a_model_says_how_many_features_it_takes() {
    let model = Mlp::<f64>::new(&[3, 2, 1], &Zeros, &mut NumpyRandom::seed(1)).unwrap();
    let data = Dataset::new(Tensor::zeros([3, 4]), Tensor::zeros([1, 4])).unwrap();
    assert_eq!(model.features(), data.features());
    assert_eq!(model.accuracy(&data), 1.0);
}

#[test]
#[should_panic(expected = "takes 3 features, x of shape (3, m), and this x has shape (2, 4)")]
fn other_features_than_the_model_takes_are_a_mistake() {
    let model = Mlp::<f64>::new(&[3, 2, 1], &Zeros, &mut NumpyRandom::seed(1)).unwrap();
    let data = Dataset::new(Tensor::zeros([2, 4]), Tensor::zeros([1, 4])).unwrap();
    let _ = model.accuracy(&data);
}
