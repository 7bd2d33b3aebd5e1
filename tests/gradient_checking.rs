//! The course's gradient check, its published figures, and this project's verdict on the same
//! gradients: `golden/case_gradcheck.txt` has the network and the gradients of the course, with
//! and without its two planted mistakes, `golden/gradcheck_hp.csv` the true gradient.

mod golden;

use autodiff::{Scalar, Shape, Tensor, Wide};
use gradcheck::{GradientReport, Outcome, check_gradient, relative_difference};
use layers::{Dataset, HandWritten, Mlp, Pass, Regularization, naive_cross_entropy};

const SIZES: [usize; 4] = [4, 5, 3, 1];

struct Network {
    x: Tensor<f64>,
    y: Tensor<f64>,
    parameters: Vec<f64>,
    right: Vec<f64>,
    planted: Vec<f64>,
}

impl Network {
    fn published() -> Self {
        let take = |name| golden::block(include_str!("golden/case_gradcheck.txt"), name);
        Self {
            x: take("X"),
            y: take("Y"),
            parameters: take("theta").into_vec(),
            right: take("grad_correct").into_vec(),
            planted: take("grad_buggy").into_vec(),
        }
    }

    /// The cost from logits, at any scalar.
    fn cost<S: Scalar>(&self) -> impl Fn(&[S]) -> S {
        let data = Dataset::new(self.x.map(S::constant), self.y.map(S::constant)).unwrap();
        move |parameters| {
            let model = Mlp::from_parameters(&SIZES, parameters.to_vec()).unwrap();
            HandWritten::new(&model, &data, &Regularization::default()).evaluate()
        }
    }

    /// The cost as the course computes it, from probabilities.
    fn naive_cost(&self, parameters: &[f64]) -> f64 {
        let model = Mlp::from_parameters(&SIZES, parameters.to_vec()).unwrap();
        naive_cross_entropy(&model.predict_proba(&self.x), &self.y)
    }

    fn blocks() -> Vec<(String, Shape)> {
        let layer = |(l, n): (usize, &[usize])| {
            let (w, b) = (format!("W{}", l + 1), format!("b{}", l + 1));
            [(w, [n[1], n[0]].into()), (b, [n[1], 1].into())]
        };
        SIZES.windows(2).enumerate().flat_map(layer).collect()
    }

    fn report<S: gradcheck::Real>(&self, gradient: &[f64]) -> GradientReport {
        let report = check_gradient(self.cost::<S>(), &self.parameters, gradient);
        report.in_blocks(Self::blocks())
    }
}

#[test]
fn the_published_differences() {
    let network = Network::published();
    let by = |cost: &dyn Fn(&[f64]) -> f64, gradient: &[f64]| {
        relative_difference(cost, &network.parameters, gradient, 1e-7)
    };
    let naive = |p: &[f64]| network.naive_cost(p);
    let planted = by(&naive, &network.planted);
    assert!((planted - 0.2850931567).abs() < 1e-10, "{planted}");
    let right = by(&naive, &network.right);
    assert!((1.185e-7..1.195e-7).contains(&right), "{right:e}");
    let from_logits = by(&network.cost::<f64>(), &network.right);
    // Published as 1.1e-9, all of it rounding: with costs that are off by a unit in the last place at
    // most, each of two, an element is off by one of them over ε.
    let norm = network.right.iter().map(|g| g * g).sum::<f64>().sqrt();
    let rounding = 2.0 * f64::EPSILON / 1e-7 * (network.right.len() as f64).sqrt();
    assert!(from_logits <= rounding / (2.0 * norm), "{from_logits:e}");
    assert!(from_logits < right / 40.0, "{from_logits:e}");
    let cost = network.cost::<f64>()(&network.parameters);
    assert!((cost - 2.4078333898343733).abs() < 1e-15, "{cost}");
    println!("planted {planted}, right {right:e}, from logits {from_logits:e}");
}

#[test]
fn the_right_gradient_is_called_right() {
    let network = Network::published();
    let f64_report = network.report::<f64>(&network.right);
    let exact = network.report::<Wide>(&network.right);
    let naive = check_gradient(
        |p: &[f64]| network.naive_cost(p),
        &network.parameters,
        &network.right,
    );
    println!("{f64_report}\n{exact}\n{naive}");
    for report in [&f64_report, &exact, &naive] {
        report.assert_passes();
    }
    assert!(exact.resolution < 1e-12 && f64_report.resolution < 1e-10);
}

#[test]
fn the_planted_mistakes_are_named() {
    let network = Network::published();
    let naive = check_gradient(
        |p: &[f64]| network.naive_cost(p),
        &network.parameters,
        &network.planted,
    );
    for report in [
        network.report::<f64>(&network.planted),
        network.report::<Wide>(&network.planted),
        naive.in_blocks(Network::blocks()),
    ] {
        println!("{report}");
        assert_eq!(report.outcome, Outcome::Fail);
        let text = report.to_string();
        assert!(text.contains("W2: all 15 are 2 times too large"), "{text}");
        assert!(text.contains("b1: all 5 are 4 times too large"), "{text}");
        let wrong: usize = report.blocks.iter().map(|block| block.wrong).sum();
        assert_eq!(wrong, 8);
        assert!(
            report
                .blocks
                .iter()
                .all(|b| (b.wrong > 0) == ["W2", "b1"].contains(&&*b.name))
        );
    }
}

#[test]
fn the_true_gradient_is_what_it_is_judged_by() {
    let network = Network::published();
    let text = include_str!("golden/gradcheck_hp.csv");
    let truth: Vec<f64> = text
        .lines()
        .skip(1)
        // Names have a comma of their own, in quotes.
        .map(|line| line.split(',').rev().nth(1).unwrap().parse().unwrap())
        .collect();
    let report = network.report::<Wide>(&truth);
    report.assert_passes();
    // A mistake in the thirteenth digit of any one parameter, one at a time.
    for k in 0..truth.len() {
        let mut wrong = truth.clone();
        wrong[k] = if wrong[k] == 0.0 {
            1e-12
        } else {
            wrong[k] * (1.0 + 1e-12)
        };
        let report = network.report::<Wide>(&wrong);
        assert_eq!(report.findings.len(), 1, "{k}: {report}");
        let finding = &report.findings[0];
        let flat = Network::blocks()[..finding.input.unwrap()]
            .iter()
            .map(|(_, shape)| shape.size())
            .sum::<usize>()
            + finding.element.unwrap();
        assert_eq!(flat, k, "{report}");
        let error = (finding.expected - truth[k]).abs();
        assert!(
            error <= 1e-15 * truth[k].abs(),
            "{}: {error:e}",
            report.name(finding)
        );
    }
}
