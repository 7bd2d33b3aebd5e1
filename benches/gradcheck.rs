//! What it takes to know that a gradient is right: of every registered op, and of the course's
//! 47-parameter network.
//!
//! `cargo bench --bench gradcheck`; `-- op` only the ops. Read the fastest. In `op`, items are checks,
//! each of them one look at one case.
//!
//! `check` is the whole of it for the network: the function recorded at 106 bits, at dual numbers and
//! at f64, its gradient by the tape confirmed by extrapolated differences and by dual numbers, and
//! the f64 gradient held against the condition. The other two are what it is made of, for
//! comparison.

use divan::Bencher;
use divan::counter::ItemsCount;
use gradcheck::{Check, Differentiable, Settings, Subject, check_function, run};
use gradproof::autodiff::registry::registered;
use gradproof::autodiff::{Scalar, Tape, Tensor, Var, Wide};
use gradproof::layers::{He, Mlp, NumpyRandom};

fn main() {
    divan::main();
}

/// The cross entropy of the network 4-5-3-1 on three examples, of its parameters W¹, b¹, W², ….
struct Network {
    x: Tensor<f64>,
    y: Tensor<f64>,
}

impl Differentiable for Network {
    fn record<'t, S: Scalar>(&self, parameters: &[Var<'t, S>]) -> Var<'t, S> {
        let tape = parameters[0].tape();
        let data = |t: &Tensor<f64>| tape.data(t.map(S::constant));
        let mut logits = data(&self.x);
        for (layer, parameter) in parameters.chunks_exact(2).enumerate() {
            let activations = if layer == 0 { logits } else { logits.relu() };
            logits = parameter[0].linear(activations, parameter[1]);
        }
        logits.sigmoid_cross_entropy(data(&self.y))
    }
}

fn network() -> (Network, Vec<Tensor<f64>>) {
    let mut random = NumpyRandom::seed(1);
    let model = Mlp::<f64>::new(&[4, 5, 3, 1], &He, &mut random).expect("sizes of a network");
    let parameters: Vec<Tensor<f64>> = (0..model.depth())
        .flat_map(|layer| {
            let biases = model.biases(layer).shape();
            let biases = Tensor::from_fn(biases, |_| random.normal(0.0, 1.0));
            [model.weights(layer).to_tensor(), biases]
        })
        .collect();
    let elements: usize = parameters.iter().map(|p| p.shape().size()).sum();
    assert_eq!(elements, 47);
    let x = Tensor::from_fn([4, 3], |_| random.normal(0.0, 1.0));
    let y = Tensor::from([[1.0, 1.0, 0.0]]);
    (Network { x, y }, parameters)
}

#[divan::bench]
fn check(bencher: Bencher) {
    let (network, parameters) = network();
    assert!(
        check_function(&network, &parameters)
            .expect("it is right")
            .smooth
    );
    bencher.bench_local(|| check_function(&network, &parameters));
}

#[divan::bench(types = [f64, Wide])]
fn replayed_value<S: Scalar>(bencher: Bencher) {
    let (network, parameters) = network();
    let tape = Tape::<S>::new();
    let x: Vec<_> = parameters
        .iter()
        .map(|p| tape.variable(p.map(S::constant)))
        .collect();
    let _cost = network.record(&x);
    bencher.bench_local(|| tape.replay());
}

#[divan::bench(types = [f64, Wide])]
fn replayed_gradient<S: Scalar>(bencher: Bencher) {
    let (network, parameters) = network();
    let tape = Tape::<S>::new();
    let x: Vec<_> = parameters
        .iter()
        .map(|p| tape.variable(p.map(S::constant)))
        .collect();
    let mut gradients = network.record(&x).backward();
    bencher.bench_local(|| gradients.replay());
}

/// Every check of an op, each on as many cases as `cargo test` has unless told otherwise: always the
/// same ones.
#[divan::bench(args = registered().into_iter().map(|op| op.name), sample_count = 10)]
fn op(bencher: Bencher, name: &str) {
    let found = registered().into_iter().find(|op| op.name == name);
    let subject = Subject::from(found.expect("the name is a registered op's"));
    let settings = Settings {
        cases: 256,
        seed: 1,
        regressions: None,
    };
    let checks = Check::ALL.len() * settings.cases as usize;
    bencher.counter(ItemsCount::new(checks)).bench_local(|| {
        for check in Check::ALL {
            run(&subject, check, &settings).expect("it is right");
        }
    });
}
