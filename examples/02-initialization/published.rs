//! The published figures: costs and accuracies from `published.json`, predictions from the tests'
//! golden files.

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
        let golden = match initialization {
            "zeros" => include_str!("../../tests/golden/pred_zeros.txt"),
            "random" => include_str!("../../tests/golden/pred_random.txt"),
            _ => include_str!("../../tests/golden/pred_he.txt"),
        };
        // A line that names the part, then a line of its predictions.
        let predictions = |part: &str| {
            let mut lines = golden
                .lines()
                .skip_while(|line| !line.starts_with(part))
                .skip(1);
            let digits = lines.next().expect("it has both parts").split(' ');
            digits
                .map(|digit| digit.parse().expect("it is 0 or 1"))
                .collect()
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
            predictions: ["train", "test"].map(predictions),
        }
    }

    /// The accuracy and the predictions on "train" or "test".
    pub(crate) fn part(&self, part: &str) -> (f64, &[u8]) {
        let k = usize::from(part == "test");
        (self.accuracies[k], &self.predictions[k])
    }
}
