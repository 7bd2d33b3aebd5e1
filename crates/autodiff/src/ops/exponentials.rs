//! What `log_sum_exp`, `log_softmax` and `softmax` have in common: the exponentials of numbers less the
//! largest of their sum, so that none overflows, and what is done about a share close to 1.

use super::groups::{self, Group};
use crate::{Scalar, update};

/// m, the largest x of each sum, or 0 if all of it are −∞; e ← e^(x − m); and `rest` ← Σ e − 1, in which
/// what is small is not lost beside the largest e, which is 1. What `spare` holds is overwritten.
pub(super) fn exponentials<S: Scalar>(
    group: &Group<'_>,
    x: &[S],
    e: &mut [S],
    [largest, rest, spare]: [&mut [S]; 3],
) {
    let (zero, one) = (S::zero(), S::one());
    group.largest(x, largest);
    // Of numbers less −∞, e^−∞ would be NaN.
    let finite = |m| if m == S::neg_infinity() { zero } else { m };
    update(largest, [], |m, []| finite(m));
    // Apart, as what is small would be lost beside −1 as well.
    let of_largest = spare;
    of_largest.fill(-one);
    rest.fill(zero);
    group.for_each_range(&mut |range| {
        let e = &mut e[range.clone()];
        groups::update_range(
            e,
            [&x[range]],
            [largest],
            #[inline(always)]
            |_, [x], [m]| (x - m).vector_exp(),
        );
        groups::add_range(
            of_largest,
            [e],
            [],
            |[e], []| if e < one { zero } else { e },
        );
        groups::add_range(rest, [e], [], |[e], []| if e < one { e } else { zero });
    });
    update(rest, [of_largest], |rest, [of_largest]| rest + of_largest);
}

/// Σ e, and 1 where that is 0: every e is then, and so is its share of the sum.
pub(super) fn divisor<S: Scalar>(rest: S) -> S {
    let sum = S::one() + rest;
    if sum == S::zero() { S::one() } else { sum }
}

/// The share of each sum that is more than ½: less it, 1 may cancel. ∞, which is no share, if there is none.
pub(super) fn above_half<S: Scalar>(group: &Group<'_>, shares: &[S], above_half: &mut [S]) {
    let half = S::constant(0.5);
    group.largest(shares, above_half);
    let or_none = |p| if p > half { p } else { S::infinity() };
    update(above_half, [], |p, []| or_none(p));
}

#[cfg(test)]
mod tests {
    use crate::ops::{Axes, LogSoftmax, LogSumExp, Softmax};
    use crate::{Dual, ErasedOp, Scalar, Shape, Tensor, direct};

    const INFINITY: f64 = f64::INFINITY;

    fn ops<S: Scalar>() -> [Box<dyn ErasedOp<S>>; 3] {
        ops_over(Axes::from(0))
    }

    fn ops_over<S: Scalar>(axes: Axes) -> [Box<dyn ErasedOp<S>>; 3] {
        [
            Box::new(LogSumExp { axes }),
            Box::new(LogSoftmax { axes }),
            Box::new(Softmax { axes }),
        ]
    }

    fn values<S: Scalar>(x: &[S]) -> [Vec<S>; 3] {
        let x = Tensor::new([x.len()], x.to_vec());
        ops().map(|op| {
            let y = direct::forward(&*op, std::slice::from_ref(&x));
            y.expect("a vector has an axis 0").as_slice().to_vec()
        })
    }

    /// By reverse mode and by forward mode, each of one output in one input.
    fn jacobians(x: &[f64]) -> [[Vec<f64>; 2]; 3] {
        let inputs = [Tensor::new([x.len()], x.to_vec())];
        let (reverse, forward) = (ops::<f64>(), ops::<Dual<f64>>());
        std::array::from_fn(|op| {
            let y = direct::forward(&*reverse[op], &inputs).expect("a vector has an axis 0");
            let outputs = y.as_slice().len();
            let one = |at: usize| Tensor::from_fn(y.shape(), |k| f64::from(k == at));
            let row = |at: usize| {
                let x_bar = direct::vjp(&*reverse[op], &inputs, &y, &one(at), &[true]);
                x_bar[0].as_ref().expect("it is wanted").as_slice().to_vec()
            };
            let column = |at: usize| {
                let x = |k: usize| Dual::new(x[k], f64::from(k == at));
                let x = Tensor::from_fn(inputs[0].shape(), x);
                let y = direct::forward(&*forward[op], &[x]).expect("as above");
                y.as_slice().iter().map(|y| y.tangent).collect()
            };
            let columns: Vec<Vec<f64>> = (0..x.len()).map(column).collect();
            let by_rows = |at: usize| columns.iter().map(move |column| column[at]);
            [
                (0..outputs).flat_map(row).collect(),
                (0..outputs).flat_map(by_rows).collect(),
            ]
        })
    }

    #[test]
    fn no_digit_is_lost_beside_a_zero() {
        // ln(1 + e^−40), wherever the 0 is.
        let expected = (-40_f64).exp().ln_1p();
        for (zero, x) in [(0, [0.0, -40.0]), (1, [-40.0, 0.0])] {
            let [log_sum_exp, log_softmax, _] = values(&x);
            for value in [log_sum_exp[0], -log_softmax[zero]] {
                let error = value / expected - 1.0;
                assert!(error.abs() < 1e-15, "{x:?}: {error:e}");
            }
        }
    }

    #[test]
    fn large_numbers_have_the_shares_of_small_ones() {
        // 2 is a unit in the last place of 10^16, and 8 of 10^8.
        let large = [1e16, 1e16 + 2.0, 1e16 - 4.0];
        let [_, log_softmax, softmax] = values(&large);
        let [_, of_small, shares] = values(&[0.0, 2.0, -4.0]);
        assert_eq!((log_softmax, softmax), (of_small, shares));

        let [_, log_softmax, softmax] = values(&[1e8_f32, 1e8 + 8.0, 1e8 - 16.0]);
        let [_, of_small, shares] = values(&[0.0_f32, 8.0, -16.0]);
        assert_eq!((log_softmax, softmax), (of_small, shares));
    }

    #[test]
    fn minus_infinity_is_the_logarithm_of_0() {
        let [log_sum_exp, log_softmax, softmax] = values(&[-INFINITY, 2.0]);
        assert_eq!(log_sum_exp, [2.0]);
        assert_eq!(log_softmax, [-INFINITY, 0.0]);
        assert_eq!(softmax, [0.0, 1.0]);

        let [log_sum_exp, log_softmax, softmax] = values(&[-INFINITY; 2]);
        assert_eq!(log_sum_exp, [-INFINITY]);
        assert_eq!(log_softmax, [-INFINITY; 2]);
        assert_eq!(softmax, [0.0; 2]);

        assert_eq!(values::<f64>(&[])[0], [-INFINITY]);
    }

    #[test]
    fn forward_mode_and_reverse_mode_agree_at_infinity() {
        let expected =
            |of_log_sum_exp: [f64; 2], of_log_softmax: [f64; 4], of_softmax: [f64; 4]| {
                [
                    of_log_sum_exp.to_vec(),
                    of_log_softmax.to_vec(),
                    of_softmax.to_vec(),
                ]
            };
        for (x, expected) in [
            (
                [-INFINITY, 2.0],
                expected([0.0, 1.0], [1.0, -1.0, 0.0, 0.0], [0.0; 4]),
            ),
            (
                [-INFINITY; 2],
                expected([0.0; 2], [1.0, 0.0, 0.0, 1.0], [0.0; 4]),
            ),
        ] {
            for ([reverse, forward], expected) in jacobians(&x).into_iter().zip(expected) {
                assert_eq!(reverse, expected, "{x:?}");
                assert_eq!(forward, expected, "{x:?}");
            }
        }
    }

    /// y and x̄ at 53 bits, element by element.
    fn naive(op: usize, x: &Tensor<f64>, axes: &[usize], y_bar: &[f64]) -> [Vec<f64>; 2] {
        let shape = x.shape();
        let (dims, x) = (shape.dims(), x.as_slice());
        // Elements are of one sum where their indices along the other axes are the same.
        let sum_of = |mut k: usize| {
            let (mut sum, mut stride) = (0, 1);
            for axis in (0..dims.len()).rev() {
                if !axes.contains(&axis) {
                    sum += k % dims[axis] * stride;
                    stride *= dims[axis];
                }
                k /= dims[axis];
            }
            sum
        };
        let sums: usize = (0..dims.len())
            .filter(|axis| !axes.contains(axis))
            .map(|axis| dims[axis])
            .product();
        let each = 0..x.len();
        let mut total = vec![0.0; sums];
        each.clone().for_each(|k| total[sum_of(k)] += x[k].exp());
        let p: Vec<f64> = each
            .clone()
            .map(|k| x[k].exp() / total[sum_of(k)])
            .collect();
        let weight = |k: usize| if op == 2 { y_bar[k] * p[k] } else { y_bar[k] };
        let mut of_sum = vec![0.0; sums];
        if op > 0 {
            each.clone().for_each(|k| of_sum[sum_of(k)] += weight(k));
        }
        match op {
            0 => [
                total.iter().map(|total| total.ln()).collect(),
                each.map(|k| y_bar[sum_of(k)] * p[k]).collect(),
            ],
            1 => [
                each.clone().map(|k| x[k] - total[sum_of(k)].ln()).collect(),
                each.map(|k| y_bar[k] - p[k] * of_sum[sum_of(k)]).collect(),
            ],
            _ => [
                p.clone(),
                each.map(|k| p[k] * (y_bar[k] - of_sum[sum_of(k)]))
                    .collect(),
            ],
        }
    }

    #[test]
    fn any_axes_of_any_shape_are_summed_over() {
        let shapes: [&[usize]; 12] = [
            &[],
            &[1],
            &[5],
            &[0, 3],
            &[3, 0],
            &[600],
            &[3, 600],
            &[600, 3],
            &[2, 300, 2],
            &[300, 1, 2],
            &[2, 257, 1, 3],
            &[2, 3, 2, 3],
        ];
        for dims in shapes {
            let x = Tensor::from_fn(Shape::new(dims), |k| ((7 * k) % 23) as f64 / 4.0 - 3.0);
            for chosen in 0..1 << dims.len() {
                let axes: Vec<usize> = (0..dims.len())
                    .filter(|axis| chosen >> axis & 1 == 1)
                    .collect();
                for (op, ours) in ops_over::<f64>(Axes::new(&axes)).into_iter().enumerate() {
                    let inputs = [x.clone()];
                    let y = direct::forward(&*ours, &inputs).expect("the axes are there");
                    let y_bar = Tensor::from_fn(y.shape(), |k| ((5 * k) % 11) as f64 - 4.0);
                    let x_bar = direct::vjp(&*ours, &inputs, &y, &y_bar, &[true]);
                    let x_bar = x_bar[0].as_ref().expect("it is wanted");
                    let expected = naive(op, &x, &axes, y_bar.as_slice());
                    for (got, expected) in [&y, x_bar].into_iter().zip(expected) {
                        assert_eq!(got.as_slice().len(), expected.len(), "{ours:?} {dims:?}");
                        for (k, (got, expected)) in got.as_slice().iter().zip(expected).enumerate()
                        {
                            let is_close = (got - expected).abs() <= 1e-12 || *got == expected;
                            assert!(is_close, "{ours:?} {dims:?} {k}: {got} {expected}");
                        }
                    }
                }
            }
        }
    }

    /// Uniform shares of many, as before any training: sums of n terms in eight lanes, and a few operations.
    #[test]
    fn many_small_shares_keep_their_digits() {
        for n in [2, 100, 1000, 50_000] {
            let x = [Tensor::<f32>::zeros([n])];
            for op in &ops::<f32>()[1..] {
                let y = direct::forward(&**op, &x).expect("a vector has an axis 0");
                let y_bar = Tensor::from_fn(y.shape(), |k| f32::from(k == 0));
                let x_bar = direct::vjp(&**op, &x, &y, &y_bar, &[true]);
                let x_bar = x_bar[0].as_ref().expect("it is wanted").as_slice();
                let p = 1.0 / n as f64;
                let [of_first, of_others] = match op.name() {
                    "softmax" => [p * (1.0 - p), -p * p],
                    _ => [1.0 - p, -p],
                };
                for (got, expected) in [(x_bar[0], of_first), (x_bar[n - 1], of_others)] {
                    let error = f64::from(got) / expected - 1.0;
                    let bound = (n as f64 / 8.0 + 12.0) * f64::from(f32::EPSILON) / 2.0;
                    assert!(error.abs() <= bound, "{op:?} of {n}: {error:e}");
                }
            }
        }
    }

    /// The outputs of a softmax have a sum that nothing changes.
    #[test]
    fn what_cotangents_have_in_common_does_not_count() {
        let softmax = Softmax { axes: Axes::ALL };
        for x in [[0.0_f32; 3], [0.7, 0.0, 0.0], [5.0, 0.0, -5.0]] {
            let x = [Tensor::from(x)];
            let y = direct::forward(&softmax, &x).expect("it takes any shape");
            let gradient = |common: f32| {
                let y_bar = Tensor::from([common + 1.0, common, common]);
                let x_bar = direct::vjp(&softmax, &x, &y, &y_bar, &[true]);
                x_bar[0].as_ref().expect("it is wanted").as_slice().to_vec()
            };
            for (got, expected) in gradient(1e6).into_iter().zip(gradient(0.0)) {
                assert!(
                    (got / expected - 1.0).abs() < 1e-6,
                    "{x:?}: {got} {expected}"
                );
            }
        }
    }

    #[test]
    fn what_has_no_value_is_nan_in_all_of_its_sum() {
        let nan = f64::NAN;
        for x in [
            [INFINITY, 2.0],
            [2.0, INFINITY],
            [INFINITY; 2],
            [INFINITY, -INFINITY],
            [nan, 1.0],
            [1.0, nan],
            [nan, -INFINITY],
            [-INFINITY, nan],
        ] {
            for (value, [reverse, _]) in values(&x).into_iter().zip(jacobians(&x)) {
                for numbers in [value, reverse] {
                    assert!(numbers.iter().all(|v| v.is_nan()), "{x:?}: {numbers:?}");
                }
            }
            for value in values(&x.map(Dual::variable)) {
                assert!(value.iter().all(|v| v.primal.is_nan()), "{x:?}: {value:?}");
            }
        }
    }
}
