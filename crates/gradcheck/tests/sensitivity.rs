//! How small a mistake of an op's vjp is found at 106 bits: in one element of 1024, and in a tiny
//! element beside a huge one.

use std::sync::Arc;

use autodiff::registry::AnyOp;
use autodiff::signature::Domain;
use autodiff::{Pointwise, Scalar, Tensor, register};
use gradcheck::{Check, Finding, Instance, Verdict};

/// y = x². Its derivative is 1 + 1e-9 times too large at 1.7, and missing at 1e-9.
#[derive(Clone, Copy, Debug, Default)]
struct Square;
register!(Square);

impl Pointwise for Square {
    type Args<T: Copy> = [T; 1];

    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x * x
    }

    fn derivative<S: Scalar>(&self, [x]: [S; 1], _y: S) -> [S; 1] {
        let two_x = S::constant(2.0) * x;
        if x == S::constant(1.7) {
            [two_x * S::constant(1.0 + 1e-9)]
        } else if x == S::constant(1e-9) {
            [S::zero()]
        } else {
            [two_x]
        }
    }
}

fn verdict(op: impl AnyOp + 'static, x: Vec<f64>) -> Verdict {
    let n = x.len();
    Check::Formula.verdict(&Instance {
        op: Arc::new(op),
        inputs: vec![Tensor::new([n], x)],
        domains: vec![Domain::REAL],
        kinks: Vec::new(),
        cotangent: Some(Tensor::from_fn([n], |k| 1.0 + 0.001 * k as f64)),
        seed: 1,
    })
}

fn finding(op: impl AnyOp + 'static, x: Vec<f64>) -> Finding {
    match verdict(op, x) {
        Verdict::Fail(finding) => *finding,
        other => panic!("{other:?}"),
    }
}

fn thousand() -> Vec<f64> {
    (0..1024).map(|k| -3.0 + k as f64 / 150.0).collect()
}

#[test]
fn a_relative_error_of_1e_9_in_one_element_of_1024() {
    assert_eq!(verdict(Square, thousand()), Verdict::Pass);
    for at in [0, 511, 1023] {
        let mut x = thousand();
        x[at] = 1.7;
        assert_eq!(finding(Square, x).element, Some(at));
    }
}

#[test]
fn a_tiny_element_dropped_beside_a_huge_one() {
    assert_eq!(verdict(Square, vec![1e9, 1e-8, 1.0]), Verdict::Pass);
    let finding = finding(Square, vec![1e9, 1e-9, 1.0]);
    assert_eq!((finding.element, finding.got), (Some(1), 0.0));
}
