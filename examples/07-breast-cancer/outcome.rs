//! What became of the final training.

use std::error::Error;

use gradproof::layers::plot::{Curve, cost_curves, roc_curves};
use gradproof::layers::{ConfusionMatrix, Dataset, MetricError, Mlp, RocCurve};
use serde_json::{Value, json};

use crate::common::{Options, classes, say};

/// The costs of both parts, once an epoch.
#[derive(Debug)]
pub(crate) struct Costs {
    iterations: Vec<usize>,
    train: Vec<f64>,
    test: Vec<f64>,
}

impl Costs {
    /// From training and test costs in turns.
    pub(crate) fn new(per_epoch: usize, costs: &[f64]) -> Self {
        let (pairs, _) = costs.as_chunks::<2>();
        Self {
            iterations: (0..pairs.len()).map(|epoch| epoch * per_epoch).collect(),
            train: pairs.iter().map(|&[train, _]| train).collect(),
            test: pairs.iter().map(|&[_, test]| test).collect(),
        }
    }

    fn curve(&self, name: &str, costs: &[f64]) -> Curve {
        let iterations = self.iterations.iter().map(|&i| i as f64);
        Curve {
            name: name.to_owned(),
            points: iterations.zip(costs.iter().copied()).collect(),
        }
    }
}

/// Predictions against labels, on both parts.
#[derive(Debug)]
pub(crate) struct Outcome {
    train: Part,
    test: Part,
    costs: Costs,
}

#[derive(Debug)]
struct Part {
    predictions: Vec<u8>,
    matrix: ConfusionMatrix,
    roc: RocCurve,
}

impl Part {
    fn new(model: &Mlp<f64>, data: &Dataset<f64>) -> Result<Self, MetricError> {
        Ok(Self {
            predictions: classes(model, data),
            matrix: ConfusionMatrix::new(&model.predict(data.x()), data.y())?,
            roc: RocCurve::new(&model.predict_proba(data.x()), data.y())?,
        })
    }

    /// Accuracy, precision, recall, F1 and AUC, as they are printed.
    fn figures(&self) -> [String; 5] {
        let matrix = &self.matrix;
        let right = matrix.true_positives + matrix.true_negatives;
        let right = format!(" ({right}/{})", matrix.examples());
        // A model that predicts one class alone has no precision.
        let text = |figure: Result<f64, MetricError>| {
            figure.map_or("undefined".to_owned(), |value| format!("{value:.4}"))
        };
        [
            text(matrix.accuracy()) + &right,
            text(matrix.precision()),
            text(matrix.recall()),
            text(matrix.f1()),
            text(Ok(self.roc.auc())),
        ]
    }

    fn to_json(&self) -> Result<Value, MetricError> {
        let matrix = &self.matrix;
        Ok(json!({
            "predictions": self.predictions,
            "true_positives": matrix.true_positives,
            "false_negatives": matrix.false_negatives,
            "false_positives": matrix.false_positives,
            "true_negatives": matrix.true_negatives,
            "accuracy": matrix.accuracy()?,
            "auc": self.roc.auc(),
            "roc": self.roc.points(),
        }))
    }
}

impl Outcome {
    pub(crate) fn new(
        model: &Mlp<f64>,
        train: &Dataset<f64>,
        test: &Dataset<f64>,
        costs: Costs,
    ) -> Result<Self, MetricError> {
        Ok(Self {
            train: Part::new(model, train)?,
            test: Part::new(model, test)?,
            costs,
        })
    }

    pub(crate) fn report(&self) {
        say!("\ntest part, 1 is malignant:\n{}", self.test.matrix);
        say!("\n{:>10}  {:<20}  test", "", "train");
        let [train, test] = [&self.train, &self.test].map(Part::figures);
        let names = ["accuracy", "precision", "recall", "F1", "AUC"];
        for ((name, train), test) in names.into_iter().zip(train).zip(test) {
            say!("{name:>10}  {train:<20}  {test}");
        }
    }

    pub(crate) fn draw(&self, options: &Options) -> Result<(), Box<dyn Error>> {
        let costs = &self.costs;
        let curves = [
            costs.curve("training part", &costs.train),
            costs.curve("test part", &costs.test),
        ];
        let rocs = [
            ("training part", &self.train.roc),
            ("test part", &self.test.roc),
        ];
        options.save_plots([
            (
                "costs",
                cost_curves("Breast cancer: cost, epoch by epoch", &curves)?,
            ),
            (
                "roc",
                roc_curves("Breast cancer: benign or malignant", &rocs),
            ),
        ])
    }

    pub(crate) fn to_json(&self) -> Result<Value, MetricError> {
        Ok(json!({
            "train": self.train.to_json()?,
            "test": self.test.to_json()?,
            "costs": {
                "iterations": self.costs.iterations,
                "train": self.costs.train,
                "test": self.costs.test,
            },
        }))
    }
}
