//! What scikit-learn reached on the same split, as `scikit_learn.py` recorded it.

use serde_json::Value;

use crate::common::say;

const RECORD: &str = include_str!("scikit_learn.json");

/// The record of a split.
#[derive(Debug)]
pub(crate) struct Recorded {
    version: String,
    examples: usize,
    /// How many predictions were right with each seed, ascending.
    right: Vec<u64>,
    /// The areas under the ROC curve, ascending.
    auc: Vec<f64>,
}

/// The record, if it is of this very test part.
pub(crate) fn recorded(test_examples: &[usize]) -> Option<Recorded> {
    let record: Value = serde_json::from_str(RECORD).expect("scikit_learn.py wrote it");
    let runs = record["runs"].as_array().expect("it has runs");
    let of = |key: &str| {
        runs.iter()
            .map(|run| &run[key])
            .cloned()
            .collect::<Vec<_>>()
    };
    let mut right: Vec<u64> = of("right")
        .iter()
        .map(|right| right.as_u64().expect("it is a count"))
        .collect();
    let mut auc: Vec<f64> = of("auc")
        .iter()
        .map(|auc| auc.as_f64().expect("it is an area"))
        .collect();
    assert!(!right.is_empty(), "the record has no runs");
    right.sort_unstable();
    auc.sort_by(f64::total_cmp);
    (record["test_examples"] == serde_json::json!(test_examples)).then(|| Recorded {
        version: record["scikit_learn"].as_str().unwrap_or("?").to_owned(),
        examples: test_examples.len(),
        right,
        auc,
    })
}

impl Recorded {
    pub(crate) fn report(&self) {
        let (runs, last) = (self.right.len(), self.right.len() - 1);
        let accuracy = |right: u64| right as f64 / self.examples as f64;
        say!(
            "\nscikit-learn {} (MLPClassifier) on the same split, {runs} seeds, from worst to best:",
            self.version
        );
        say!(
            "{:>10}  {:.4} to {:.4} ({} to {} of {}), median {:.4}",
            "accuracy",
            accuracy(self.right[0]),
            accuracy(self.right[last]),
            self.right[0],
            self.right[last],
            self.examples,
            accuracy(self.right[runs / 2]),
        );
        say!("{:>10}  {:.4} to {:.4}", "AUC", self.auc[0], self.auc[last]);
    }
}
