use std::cell::Cell;

use autodiff::{Scalar, Tensor, Wide};
use layers::{He, Initializer, Mlp, ModelError, Normal, NumpyRandom, RandomStream, Xavier, Zeros};

use crate::golden::{bits, matrices};

/// Draws the weights of a whole network from seed 3, first layer first, as the course does.
#[track_caller]
fn assert_weights(initializer: &dyn Initializer, file: &str) {
    let mut rng = NumpyRandom::seed(3);
    let mut layers = 0;
    for (name, expected) in matrices(file) {
        let [n_out, n_in] = *expected.shape().dims() else {
            panic!("{file}: {name} is no matrix");
        };
        if name.starts_with('W') {
            let w = initializer.weights(n_out, n_in, &mut rng);
            assert_eq!(w.shape(), expected.shape(), "{file}: {name}");
            assert_eq!(
                bits(w.as_slice()),
                bits(expected.as_slice()),
                "{file}: {name}"
            );
            layers += 1;
        }
    }
    assert!(layers >= 2, "{file} has {layers} layers");
}

#[test]
fn weights_are_the_courses_bit_for_bit() {
    assert_weights(&Zeros, "init_zeros_3_2_1.txt");
    assert_weights(&Zeros, "params_init_zeros.txt");
    assert_weights(&Normal { scale: 10.0 }, "init_random_3_2_1.txt");
    assert_weights(&Normal { scale: 10.0 }, "params_init_random.txt");
    assert_weights(&He, "init_he_2_4_1.txt");
    assert_weights(&He, "params_init_he.txt");
}

#[test]
fn xavier_divides_by_the_root() {
    // 3 inputs: multiplying by a rounded 1/√3 gives other bits for several of these weights.
    let w = Xavier.weights(20, 3, &mut NumpyRandom::seed(3));
    let mut rng = NumpyRandom::seed(3);
    let g: Vec<f64> = (0..60).map(|_| rng.randn()).collect();
    let divided: Vec<f64> = g.iter().map(|g| g / 3.0_f64.sqrt()).collect();
    let multiplied: Vec<f64> = g.iter().map(|g| g * (1.0 / 3.0_f64.sqrt())).collect();
    assert_eq!(bits(w.as_slice()), bits(&divided));
    assert_ne!(bits(w.as_slice()), bits(&multiplied));
}

#[test]
fn zeros_draw_nothing_and_a_layer_without_inputs_has_no_weights() {
    let mut rng = NumpyRandom::seed(1);
    let _ = Zeros.weights(3, 4, &mut rng);
    for rule in [&Zeros as &dyn Initializer, &He, &Xavier] {
        assert_eq!(rule.weights(3, 0, &mut rng).shape().dims(), [3, 0]);
    }
    assert_eq!(rng.uniform(), 0.417022004702574);
}

#[test]
fn weights_that_the_scalar_has_not_are_an_error() {
    fn error<S: Scalar>(scale: f64) -> ModelError {
        // The second layer's weights are the first that are drawn of the scale.
        let rules = [&Zeros as &dyn Initializer, &Normal { scale }];
        let rule = OneAfterAnother(rules, Cell::new(0));
        Mlp::<S>::new(&[2, 3, 1], &rule, &mut NumpyRandom::seed(3)).unwrap_err()
    }
    for (error, scalar) in [
        (error::<f64>(f64::NAN), "f64"),
        (error::<f64>(f64::INFINITY), "f64"),
        (error::<f64>(1.7e308), "f64"),
        (error::<f32>(1e39), "f32"),
    ] {
        let text = error.to_string();
        assert!(text.contains("W2"), "{text}");
        assert!(
            text.contains(&format!("finite number of type {scalar}")),
            "{text}"
        );
        assert!(text.contains("scale is finite and smaller"), "{text}");
    }
}

/// A rule for each layer.
struct OneAfterAnother<'a>([&'a dyn Initializer; 2], Cell<usize>);

impl Initializer for OneAfterAnother<'_> {
    fn weights(&self, n_out: usize, n_in: usize, rng: &mut dyn RandomStream) -> Tensor<f64> {
        let layer = self.1.replace(self.1.get() + 1);
        self.0[layer].weights(n_out, n_in, rng)
    }
}

#[test]
#[should_panic(expected = "(2, 2) weights, and the initializer gave (4, 1)")]
fn weights_of_another_shape_are_a_mistake() {
    struct Column;
    impl Initializer for Column {
        fn weights(&self, n_out: usize, n_in: usize, _: &mut dyn RandomStream) -> Tensor<f64> {
            Tensor::zeros([n_out * n_in, 1])
        }
    }
    let _ = Mlp::<f64>::new(&[2, 2, 1], &Column, &mut NumpyRandom::seed(1));
}

#[test]
fn a_network_that_no_memory_can_hold_is_an_error_at_every_scalar() {
    fn error<S: Scalar>(features: usize) -> ModelError {
        Mlp::<S>::new(&[features, 1], &Zeros, &mut NumpyRandom::seed(1)).unwrap_err()
    }
    // Weights are drawn at f64, so that what f32 alone could address is too much as well.
    let addressable = isize::MAX as usize;
    for error in [
        error::<f32>(addressable / 8),
        error::<f64>(addressable / 8),
        error::<Wide>(addressable / 16),
    ] {
        assert!(matches!(error, ModelError::Sizes { .. }), "{error}");
    }
}
