use layers::{He, Initializer, Normal, NumpyRandom, RandomStream, Xavier, Zeros};

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
#[should_panic(expected = "this one is NaN")]
fn a_scale_that_is_not_a_number_is_refused() {
    let _ = Normal { scale: f64::NAN }.weights(1, 1, &mut NumpyRandom::seed(1));
}
