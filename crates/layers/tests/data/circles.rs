use layers::{NumpyRandom, make_circles};

use crate::golden::{bits, read};

#[track_caller]
fn assert_circles(n: usize, seed: u32, file: &str) {
    let data = make_circles(n, 0.05, 0.8, &mut NumpyRandom::seed(seed)).unwrap();
    let text = read(file);
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|field| field.parse().unwrap()))
        .map(Iterator::collect)
        .collect();
    assert_eq!(rows.len(), n, "{file}");
    for (example, row) in rows.iter().enumerate() {
        let (x, y) = (data.x(), data.y());
        let ours = [x[[0, example]], x[[1, example]], y[[0, example]]];
        assert_eq!(bits(&ours), bits(row), "{file}, example {example}");
    }
}

#[test]
fn circles_are_scikit_learns_bit_for_bit() {
    assert_circles(300, 1, "circles_train.csv");
    assert_circles(100, 2, "circles_test.csv");
}

#[test]
fn an_odd_point_is_on_the_inner_circle() {
    let data = make_circles(7, 0.0, 0.5, &mut NumpyRandom::seed(1)).unwrap();
    assert_eq!(data.y().as_slice().iter().sum::<f64>(), 4.0);
    for example in 0..7 {
        let radius = data.x()[[0, example]].hypot(data.x()[[1, example]]);
        let expected = if data.y()[[0, example]] == 0.0 {
            1.0
        } else {
            0.5
        };
        assert!((radius - expected).abs() < 1e-15, "{radius}");
    }
}

#[test]
fn arguments_out_of_range_are_refused() {
    let message = |n, noise, factor| {
        make_circles(n, noise, factor, &mut NumpyRandom::seed(1))
            .unwrap_err()
            .to_string()
    };
    assert!(message(1, 0.1, 0.5).starts_with("n is 1: it must be at least 2"));
    for noise in [-0.1, f64::NAN, f64::INFINITY] {
        assert!(message(2, noise, 0.5).starts_with("noise is"));
    }
    for factor in [-0.1, 1.0, f64::NAN] {
        assert!(message(2, 0.1, factor).starts_with("factor is"));
    }
    assert!(message(50, 1e308, 0.5).contains("not a finite number"));
    assert!(make_circles(2, 0.0, 0.0, &mut NumpyRandom::seed(1)).is_ok());
}
