//! What the course notes print for its football data, from seed 3.

/// The published costs and accuracies of one run.
#[derive(Debug)]
pub(crate) struct Published {
    /// At iterations 0, 10000, 20000.
    costs: [f64; 3],
    /// On the training and on the test points.
    pub(crate) accuracies: [f64; 2],
}

impl Published {
    pub(crate) fn of(run: &str) -> Self {
        match run {
            "plain" => Self {
                costs: [0.6557412523481002, 0.16329987525724218, 0.13851642423267105],
                accuracies: [0.9478672985781991, 0.915],
            },
            "l2" => Self {
                costs: [0.6974484493131264, 0.2684918873282239, 0.26809163371273004],
                accuracies: [0.9383886255924171, 0.93],
            },
            _ => Self {
                costs: [
                    0.6543912405149825,
                    0.061016986574905584,
                    0.060582435798513114,
                ],
                accuracies: [0.9289099526066351, 0.95],
            },
        }
    }

    /// The cost at an iteration, if it was printed.
    pub(crate) fn cost_at(&self, iteration: usize) -> Option<f64> {
        let is_printed = iteration.is_multiple_of(10_000);
        self.costs
            .get(iteration / 10_000)
            .copied()
            .filter(|_| is_printed)
    }
}
