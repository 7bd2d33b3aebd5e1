//! Row sums and the adjoint of a rectifier beside it, against their definitions.

use autodiff::Scalar;
use autodiff::matmul::{rectify_rows, row_sums};
use proptest::prelude::*;

/// Small whole numbers, whose sums are exact in any order, and what is special about a sign.
fn elements(len: usize) -> impl Strategy<Value = Vec<f64>> {
    let special = prop_oneof![Just(0.0), Just(-0.0), Just(f64::INFINITY), Just(f64::NAN)];
    let element = prop_oneof![8 => (-9..=9_i32).prop_map(f64::from), 1 => special];
    prop::collection::vec(element, len)
}

fn case() -> impl Strategy<Value = (usize, Vec<f64>, Vec<f64>, Vec<f64>)> {
    (0..20_usize, 0..150_usize).prop_flat_map(|(rows, cols)| {
        let whole = prop::collection::vec((-9..=9_i32).prop_map(f64::from), rows * cols);
        let sums = prop::collection::vec((-9..=9_i32).prop_map(f64::from), rows);
        (Just(cols), whole, elements(rows * cols), sums)
    })
}

/// The sums by definition: those that were there, if `add`, and each row's.
fn expected(x: &[f64], cols: usize, sums: &[f64], add: bool) -> Vec<f64> {
    let row = |i: usize| x[i * cols..(i + 1) * cols].iter().sum::<f64>();
    let before = |i: usize| if add { sums[i] } else { 0.0 };
    (0..sums.len()).map(|i| before(i) + row(i)).collect()
}

fn check<S: Scalar>(cols: usize, x: &[f64], y: &[f64], sums: &[f64], add: bool) {
    let at = |values: &[f64]| -> Vec<S> { values.iter().map(|&v| S::constant(v)).collect() };
    // What is not added to is not read.
    let start = |sums: &[f64]| {
        if add {
            at(sums)
        } else {
            vec![S::nan(); sums.len()]
        }
    };

    let mut found = start(sums);
    row_sums(&at(x), &mut found, add);
    assert_eq!(found, at(&expected(x, cols, sums, add)));

    let kept: Vec<f64> = x
        .iter()
        .zip(y)
        .map(|(&x, &y)| if y <= 0.0 { 0.0 } else { x })
        .collect();
    let (mut x_bar, mut found) = (at(x), start(sums));
    rectify_rows(&mut x_bar, &at(y), &mut found, add);
    assert_eq!(x_bar, at(&kept));
    assert_eq!(found, at(&expected(&kept, cols, sums, add)));
}

proptest! {
    #[test]
    fn rows_are_summed_and_rectified((cols, x, y, sums) in case(), add: bool) {
        check::<f64>(cols, &x, &y, &sums, add);
        check::<f32>(cols, &x, &y, &sums, add);
    }
}

/// Rows that are shared out, several or one or many at a time.
#[test]
fn a_large_matrix_is_too() {
    for (rows, cols) in [(7, 40_001), (1, 200_000), (5003, 50)] {
        let whole = |len: usize, salt: usize| -> Vec<f64> {
            (0..len)
                .map(|at| ((at * 7 + salt) % 19) as f64 - 9.0)
                .collect()
        };
        let (x, y, sums) = (whole(rows * cols, 1), whole(rows * cols, 5), whole(rows, 3));
        for add in [false, true] {
            check::<f64>(cols, &x, &y, &sums, add);
            check::<f32>(cols, &x, &y, &sums, add);
        }
    }
}

#[test]
fn a_nan_that_is_kept_is_not_lost() {
    let (mut x_bar, mut sums) = ([f64::NAN, 1.0, f64::NAN], [0.0]);
    rectify_rows(&mut x_bar, &[1.0, 1.0, -1.0], &mut sums, false);
    assert!(x_bar[0].is_nan() && x_bar[2] == 0.0 && sums[0].is_nan());
}

#[test]
#[should_panic(expected = "5 elements are not 2 rows")]
fn rows_of_different_lengths_are_refused() {
    row_sums(&[1.0; 5], &mut [0.0; 2], false);
}
