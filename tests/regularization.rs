//! Regularized networks: the course's test cases, and for drawn networks the hand-written
//! gradient, the tape's, a replay, and central differences at 106 bits beside each other.

mod golden;

use golden::block;
use gradproof::autodiff::{Scalar, Tape, Tensor, Wide, direct, ops};
use gradproof::layers::{
    Dataset, Dropout, HandWritten, Mlp, Noise, NumpyRandom, Pass, RandomStream, Regularization,
    Taped, dropout, l2_penalty,
};
use num_traits::Float;
use proptest::prelude::*;

/// To the eight decimals that the course prints.
fn assert_close(ours: &[f64], theirs: &Tensor<f64>, what: &str) {
    assert_eq!(ours.len(), theirs.as_slice().len(), "{what}");
    for (ours, theirs) in ours.iter().zip(theirs.as_slice()) {
        assert!(
            (ours - theirs).abs() <= 1e-8,
            "{what}: {ours}, not {theirs}"
        );
    }
}

#[test]
fn the_published_cost_with_a_penalty() {
    let case = include_str!("golden/case_cost_l2.txt");
    let (a, y) = (block(case, "A3"), block(case, "Y"));
    let tape = Tape::<f64>::new();
    let weights = ["W1", "W2", "W3"].map(|name| tape.variable(block(case, name)));
    let lambda = block(case, "lambd").item();
    // The course's test case is given by probabilities.
    let logits = tape.data(a.map(|a| (a / (1.0 - a)).ln()));
    let cost = logits.sigmoid_cross_entropy(tape.data(y)) + l2_penalty(&weights, lambda / 5.0);
    assert!(
        (cost.item() - block(case, "cost").item()).abs() < 1e-14,
        "{}",
        cost.item()
    );
}

#[test]
fn the_published_forward_pass_with_dropout() {
    let case = include_str!("golden/case_fwd_dropout.txt");
    let names = ["W1", "b1", "W2", "b2", "W3", "b3"];
    let parameters = names
        .iter()
        .flat_map(|name| block(case, name).into_vec())
        .collect();
    let model = Mlp::from_parameters(&[3, 2, 3, 1], parameters).unwrap();
    let keep = Dropout::new(block(case, "keep_prob").item()).unwrap();
    let tape = Tape::new();
    let masks = ["D1", "D2"].map(|name| block(case, name));
    let mut hidden = Vec::new();
    let network = model.record_with(tape.data(block(case, "X")), |layer, a| {
        // Noise 0 keeps, noise 1 drops.
        let noise = tape.data(masks[layer].map(|kept| 1.0 - kept));
        hidden.push(dropout(a, noise, keep));
        hidden[layer]
    });
    assert_close(hidden[0].value().as_slice(), &block(case, "A1"), "A1");
    assert_close(hidden[1].value().as_slice(), &block(case, "A2"), "A2");
    assert_close(
        network.logits.sigmoid().value().as_slice(),
        &block(case, "A3"),
        "A3",
    );
}

/// The published backward passes start from given activations, which no forward pass would give:
/// the vjps of the ops are chained over them.
#[test]
fn the_published_backward_passes() {
    let l2 = include_str!("golden/case_back_l2.txt");
    let dropped = include_str!("golden/case_back_dropout.txt");
    for (case, lambda, keep_prob) in [
        (l2, block(l2, "lambd").item(), 1.0),
        (dropped, 0.0, block(dropped, "keep_prob").item()),
    ] {
        let get = |name: &str, layer: usize| block(case, &format!("{name}{layer}"));
        let m = 5.0;
        let (a, y) = (get("A", 3), block(case, "Y"));
        let mut dz = Tensor::from_fn([1, 5], |k| a.as_slice()[k] - y.as_slice()[k]);
        for layer in (1..=3).rev() {
            assert_close(dz.as_slice(), &get("dZ", layer), "dZ");
            let before = if layer == 1 {
                block(case, "X")
            } else {
                get("A", layer - 1)
            };
            let inputs = [get("W", layer), before.clone(), get("b", layer)];
            let z = direct::forward(&ops::Linear, &inputs).unwrap();
            let vjp = direct::vjp(&ops::Linear, &inputs, &z, &dz, &[true; 3]);
            let [dw, da, db] = [0, 1, 2].map(|k| vjp[k].clone().unwrap());
            let penalty = ops_l2(&inputs[0], lambda / m);
            let dw: Vec<f64> = dw
                .as_slice()
                .iter()
                .zip(&penalty)
                .map(|(dw, l2)| dw / m + l2)
                .collect();
            assert_close(&dw, &get("dW", layer), "dW");
            assert_close(&db.map(|v| v / m).into_vec(), &get("db", layer), "db");
            if layer > 1 {
                let keep = Dropout::new(keep_prob).unwrap();
                let kept = if keep_prob < 1.0 {
                    get("D", layer - 1)
                } else {
                    before.map(|_| 1.0)
                };
                let noise = kept.map(|kept| 1.0 - kept);
                let dropped = direct::forward(&keep, &[before.clone(), noise.clone()]).unwrap();
                let da = direct::vjp(
                    &keep,
                    &[before.clone(), noise],
                    &dropped,
                    &da,
                    &[true, false],
                );
                let da = da[0].clone().unwrap();
                assert_close(da.as_slice(), &get("dA", layer - 1), "dA");
                let relu = direct::forward(&ops::Relu, std::slice::from_ref(&before)).unwrap();
                dz = direct::vjp(&ops::Relu, &[before], &relu, &da, &[true])[0]
                    .clone()
                    .unwrap();
            }
        }
    }
}

/// What the penalty adds to dW.
fn ops_l2(w: &Tensor<f64>, strength: f64) -> Vec<f64> {
    let tape = Tape::<f64>::new();
    let w = tape.variable(w.clone());
    l2_penalty(&[w], strength).backward().wrt(w).to_vec()
}

/// A network, data for it, and how it is regularized.
#[derive(Clone, Debug)]
struct Drawn {
    sizes: Vec<usize>,
    m: usize,
    seed: u32,
    regularization: Regularization,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    (
        prop::collection::vec(1_usize..=16, 1..=6),
        1_usize..=32,
        any::<u32>(),
        prop_oneof![Just(0.0), 0.0..2.0_f64],
        any::<bool>(),
        prop_oneof![Just(1.0), 0.2..1.0_f64],
    )
        .prop_map(|(mut sizes, m, seed, l2, l2_on_biases, keep_prob)| {
            sizes.push(1);
            Drawn {
                sizes,
                m,
                seed,
                regularization: Regularization {
                    l2,
                    l2_on_biases,
                    dropout: Dropout::new(keep_prob).unwrap(),
                    noise: Noise::Fresh(seed),
                },
            }
        })
}

impl Drawn {
    /// The same numbers at every scalar: those of an f32.
    fn model(&self) -> Mlp<f64> {
        let mut random = NumpyRandom::seed(self.seed);
        let count: usize = self.sizes.windows(2).map(|n| n[1] * (n[0] + 1)).sum();
        // Biases too: with all inputs of a unit dropped, a bias of 0 would sit on relu's kink.
        let parameters = (0..count).map(|_| f64::from(random.normal(0.0, 0.5) as f32));
        Mlp::from_parameters(&self.sizes, parameters.collect()).unwrap()
    }

    fn data(&self) -> Dataset<f64> {
        let mut random = NumpyRandom::seed(self.seed ^ 1);
        let x = Tensor::from_fn(
            [self.sizes[0], self.m],
            |_| f64::from(random.randn() as f32),
        );
        let y = Tensor::from_fn([1, self.m], |_| {
            f64::from(u8::from(random.random_sample() < 0.5))
        });
        Dataset::new(x, y).unwrap()
    }

    /// Noise that is the same number at every scalar.
    fn noise(&self) -> SinglePrecision {
        SinglePrecision(NumpyRandom::seed(self.seed ^ 2))
    }
}

struct SinglePrecision(NumpyRandom);

impl RandomStream for SinglePrecision {
    fn uniform(&mut self) -> f64 {
        f64::from(self.0.random_sample() as f32)
    }

    fn standard_normal(&mut self) -> f64 {
        self.0.randn()
    }

    fn shuffle(&mut self, indices: &mut [usize]) {
        self.0.shuffle(indices);
    }
}

/// Cost and gradient by the tape (replayed after other noise) and by hand.
fn both<S: Scalar>(drawn: &Drawn, model: &Mlp<f64>) -> [(S, Vec<S>); 2] {
    let (model, data): (Mlp<S>, Dataset<S>) = (model.cast().unwrap(), drawn.data().cast().unwrap());
    let tape = Tape::new();
    let mut taped = Taped::record(&tape, &model, &data, &drawn.regularization);
    taped.draw_noise(&mut NumpyRandom::seed(0));
    taped.evaluate();
    let mut hand = HandWritten::new(&model, &data, &drawn.regularization);
    let passes: [&mut dyn Pass<S>; 2] = [&mut taped, &mut hand];
    passes.map(|pass| {
        pass.draw_noise(&mut drawn.noise());
        (pass.evaluate(), pass.gradient())
    })
}

/// How far the result at 106 bits moves when every parameter moves by one unit of `epsilon`.
fn largest_change(drawn: &Drawn, epsilon: f64) -> f64 {
    let model = drawn.model();
    let [(_, here), _] = both::<Wide>(drawn, &model);
    let mut largest = 0.0_f64;
    for trial in 0..3 {
        let mut random = NumpyRandom::seed(trial);
        let moved = model.parameters().iter().map(|p| {
            p * (1.0
                + if random.random_sample() < 0.5 {
                    epsilon
                } else {
                    -epsilon
                })
        });
        let moved = Mlp::from_parameters(&drawn.sizes, moved.collect()).unwrap();
        let [(_, there), _] = both::<Wide>(drawn, &moved);
        for (a, b) in here.iter().zip(&there) {
            largest = largest.max((*a - *b).abs().to_f64());
        }
    }
    largest
}

fn largest(gradient: &[Wide]) -> f64 {
    gradient
        .iter()
        .map(|g| g.abs().to_f64())
        .fold(0.0, f64::max)
}

fn assert_agree<S: Scalar>(drawn: &Drawn, truth: &(Wide, Vec<Wide>)) -> Result<(), TestCaseError> {
    let epsilon = S::epsilon().to_f64().unwrap();
    let units = largest_change(drawn, epsilon) + epsilon * largest(&truth.1);
    for (cost, gradient) in both::<S>(drawn, &drawn.model()) {
        let cost_error = (cost.to_f64().unwrap() - truth.0.to_f64()).abs();
        prop_assert!(
            cost_error <= 100.0 * epsilon * (1.0 + truth.0.to_f64()),
            "cost off by {cost_error}"
        );
        for (ours, truth) in gradient.iter().zip(&truth.1) {
            let error = (ours.to_f64().unwrap() - truth.to_f64()).abs();
            prop_assert!(error <= 32.0 * units, "{error} is more than 32 × {units}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn hand_tape_and_differences_agree(drawn in drawn()) {
        let model = drawn.model();
        let [by_tape, by_hand] = both::<Wide>(&drawn, &model);
        // Two independent derivations of one formula, at 106 bits.
        prop_assert!((by_tape.0 - by_hand.0).abs() <= Wide::from(1e-28) * (by_tape.0.abs() + Wide::from(1.0)));
        let size = largest(&by_tape.1);
        for (a, b) in by_tape.1.iter().zip(&by_hand.1) {
            prop_assert!((*a - *b).abs().to_f64() <= 1e-26 * size, "{a} by tape, {b} by hand");
        }
        // And central differences along a random direction, extrapolated once.
        let mut random = NumpyRandom::seed(drawn.seed ^ 3);
        let direction: Vec<f64> = model.parameters().iter().map(|_| random.randn()).collect();
        let data: Dataset<Wide> = drawn.data().cast().unwrap();
        let cost = |t: Wide| {
            let moved = model.parameters().iter().zip(&direction);
            let moved = moved.map(|(&p, &d)| Wide::from(p) + t * Wide::from(d)).collect();
            let model = Mlp::from_parameters(&drawn.sizes, moved).unwrap();
            let mut pass = HandWritten::new(&model, &data, &drawn.regularization);
            pass.draw_noise(&mut drawn.noise());
            pass.evaluate()
        };
        let quotient = |h: f64| (cost(Wide::from(h)) - cost(Wide::from(-h))) / Wide::from(2.0 * h);
        let (wide, narrow) = (quotient(2.0_f64.powi(-33)), quotient(2.0_f64.powi(-34)));
        let slope = narrow + (narrow - wide) / Wide::from(3.0);
        let terms: Vec<Wide> = by_tape.1.iter().zip(&direction).map(|(&g, &d)| g * Wide::from(d)).collect();
        let sum: Wide = terms.iter().copied().sum();
        let bound = 1e-18 * (largest(&terms) * terms.len() as f64 + 1.0);
        prop_assert!((sum - slope).abs().to_f64() <= bound, "{sum} along a direction, {slope} by differences");
        // At the scalars that train, within what the point costs.
        assert_agree::<f64>(&drawn, &by_tape)?;
        assert_agree::<f32>(&drawn, &by_tape)?;
    }
}
