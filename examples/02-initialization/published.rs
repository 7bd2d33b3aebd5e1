//! The published figures, read from `published.json`.

use serde_json::Value;

/// What the course notes print for one initialization, from seed 3.
#[derive(Debug)]
pub(crate) struct Published {
    /// At iterations 0, 1000, …
    pub(crate) costs: Vec<f64>,
    accuracies: [f64; 2],
    predictions: [Vec<u8>; 2],
}

impl Published {
    pub(crate) fn of(initialization: &str) -> Self {
        let all: Value = serde_json::from_str(include_str!("published.json")).expect("it is JSON");
        let run = &all[initialization];
        let number = |name: &str| run[name].as_f64().expect("it is a number");
        let digits = |name: &str| {
            let digits = run[name].as_str().expect("it is a string");
            digits.bytes().map(|digit| digit - b'0').collect()
        };
        Self {
            // The one cost that JSON cannot spell is infinite.
            costs: run["costs"]
                .as_array()
                .expect("it is a list")
                .iter()
                .map(|cost| cost.as_f64().unwrap_or(f64::INFINITY))
                .collect(),
            accuracies: ["train_accuracy", "test_accuracy"].map(number),
            predictions: ["predictions_train", "predictions_test"].map(digits),
        }
    }

    /// The accuracy and the predictions on "train" or "test".
    pub(crate) fn part(&self, part: &str) -> (f64, &[u8]) {
        let k = usize::from(part == "test");
        (self.accuracies[k], &self.predictions[k])
    }
}
