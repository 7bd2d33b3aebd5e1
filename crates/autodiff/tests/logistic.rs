//! Losses of logits, from products of many factors, and their slopes: against their formulas at 106
//! bits, within what roundings can amount to.

use autodiff::ops::{logistic_losses, logistic_slope};
use autodiff::{Scalar, Wide};
use num_traits::{Float, One, Zero};
use proptest::prelude::*;

/// Labels that are 0, 1, or anything between them; logits of a size drawn once, so that there are
/// also cases in which every loss is tiny.
fn examples() -> impl Strategy<Value = Vec<(f64, f64)>> {
    let label = prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0];
    let size = prop::sample::select(vec![1e-3, 1.0, 20.0, 400.0, 1e30]);
    (size, any::<bool>()).prop_flat_map(move |(size, is_certain)| {
        let example = (-size..=size, label.clone()).prop_map(move |(z, y)| match is_certain {
            true => (z, f64::from(z > 0.0)),
            false => (z, y),
        });
        prop::collection::vec(example, 0..1200)
    })
}

fn assert_accurate<S: Scalar + Into<f64>>(examples: &[(f64, f64)]) {
    let u = S::epsilon().into() / 2.0;
    let (z, y): (Vec<S>, Vec<S>) = examples
        .iter()
        .map(|&(z, y)| (S::constant(z), S::constant(y)))
        .unzip();
    let wide = |x: &[S]| -> Vec<Wide> { x.iter().map(|&x| Wide::constant(x.into())).collect() };
    let (wide_z, wide_y) = (wide(&z), wide(&y));
    let mut e = vec![S::nan(); z.len()];
    let losses: f64 = logistic_losses(&z, &y, &mut e).into();
    let one = Wide::one();
    let expected = wide_z.iter().zip(&wide_y).map(|(&z, &y)| {
        let softplus = z.max(Wide::zero()) + (-z.abs()).exp().ln_1p();
        // y is 0, 1, or far from both ends of 106 bits.
        if y == one {
            softplus - z
        } else {
            softplus - z * y
        }
    });
    let expected = expected.fold(Wide::zero(), |sum, x| sum + x).to_f64();

    // 3 roundings for each of 16 factors, 32 interleaved sums, and what it takes to add those up; a
    // term itself takes 4. What is below the normal numbers has an error of its own.
    let roundings = 48 + 4 + z.len() / 32 + z.len() / 512 + 8;
    let tiny = z.len() as f64 * S::min_positive_value().into() * u;
    let bound = roundings as f64 * u * expected + tiny;
    assert!(
        (losses - expected).abs() <= bound,
        "{losses:e}, and {expected:e} is right, of {} losses",
        z.len()
    );
    for k in 0..z.len() {
        let is = e[k].into();
        let right = (-wide_z[k].abs()).exp().to_f64();
        assert!(
            (is - right).abs() <= 2.0 * u * right + tiny,
            "e[{k}] is {is:e}"
        );
        let slope: f64 = logistic_slope(z[k], y[k], e[k]).into();
        let sigma = one / (one + (-wide_z[k]).exp());
        let right = (sigma - wide_y[k]).to_f64();
        // The smaller of the two terms that are subtracted is at most y, and at most 1 − y.
        let label: f64 = y[k].into();
        let size = right.abs() + label.min(1.0 - label);
        assert!(
            (slope - right).abs() <= 6.0 * u * size + tiny,
            "{slope:e}, and {right:e} is right, at {} and {}",
            z[k],
            y[k]
        );
    }
}

proptest! {
    #[test]
    fn losses_and_slopes_are_as_accurate_as_their_roundings(examples in examples()) {
        assert_accurate::<f64>(&examples);
        assert_accurate::<f32>(&examples);
    }
}

#[test]
fn nothing_is_lost_at_the_ends_of_blocks() {
    // Every length up to a few blocks, and those about a whole number of products.
    for n in (0..100).chain(500..530).chain(1020..1030) {
        let (z, y) = (vec![0.0; n], vec![1.0; n]);
        let mut e = vec![f64::NAN; n];
        let losses = logistic_losses(&z, &y, &mut e);
        let expected = n as f64 * 2.0_f64.ln();
        assert!((losses - expected).abs() <= 1e-14 * expected, "{n}");
        assert_eq!(e, vec![1.0; n]);
    }
}

#[test]
fn a_nan_is_not_lost() {
    for n in [1, 31, 32, 40, 600] {
        for at in [0, n - 1] {
            let mut z = vec![0.5; n];
            z[at] = f64::NAN;
            assert!(logistic_losses(&z, &vec![1.0; n], &mut vec![0.0; n]).is_nan());
            let mut y = vec![0.5; n];
            y[at] = f64::NAN;
            assert!(logistic_losses(&vec![1.0; n], &y, &mut vec![0.0; n]).is_nan());
        }
    }
}
