//! How small a mistake of an op's vjp is found at 106 bits: in one element of 1024, and in a tiny
//! element beside a huge one.

use std::sync::Arc;

use autodiff::ops::{LogSoftmax, Softmax};
use autodiff::registry::AnyOp;
use autodiff::signature::{Domain, Draw, Kink, Signature};
use autodiff::{
    Axes, Cotangents, Op, Pointwise, Primals, Scalar, Shape, ShapeError, Tensor, Var, register,
};
use gradcheck::{Check, Diagnosis, Finding, Instance, Settings, Subject, Verdict, run};

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

/// y = a b c d, the partials by the first and the last input exchanged.
#[derive(Clone, Copy, Debug, Default)]
struct Exchanged;
register!(Exchanged);

impl Op for Exchanged {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        Ok(inputs[0])
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        let [a, b, c, d] = x.views();
        for (k, y) in y.iter_mut().enumerate() {
            *y = a[k] * b[k] * c[k] * d[k];
        }
    }

    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        _y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        let [a, b, c, d] = x.views();
        for (i, [p, q, r]) in [[a, b, c], [a, c, d], [a, b, d], [b, c, d]]
            .into_iter()
            .enumerate()
        {
            if let Some(mut x_bar) = x_bar.get(i) {
                x_bar.add(|k| y_bar[k] * p[k] * q[k] * r[k]);
            }
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        let shape = draw.shape();
        let signature = Signature::new(Self).input(shape).input(shape);
        signature.input(shape).input(shape)
    }
}

#[test]
fn a_fourth_input_has_numbers_of_its_own() {
    let exchanged = Subject::of::<Exchanged>();
    let report = run(&exchanged, Check::Formula, &Settings::from_env()).unwrap_err();
    assert!(report.place.contains("sensitivity.rs:"));
    assert!([Some(0), Some(3)].contains(&report.finding.input));
}

/// y = max(x, 0), of shape (2, 2), with something wrong about its being a rectifier.
#[derive(Clone, Copy, Debug)]
enum Rectifier {
    /// It says so, and counts every cotangent.
    Boasts,
    /// It gives nothing when it is told that its cotangent is rectified.
    Misunderstands,
}
register!(Rectifier);

impl Op for Rectifier {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        Ok(inputs[0])
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        for (y, &x) in y.iter_mut().zip(x.get(0)) {
            *y = if x <= S::zero() { S::zero() } else { x };
        }
    }

    fn vjp<S: Scalar>(
        &self,
        _x: Primals<'_, S>,
        y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        let is_told = x_bar.output_is_rectified();
        if let Some(mut x_bar) = x_bar.get(0) {
            x_bar.add(|k| match self {
                Self::Boasts => y_bar[k],
                Self::Misunderstands if is_told || y[k] <= S::zero() => S::zero(),
                Self::Misunderstands => y_bar[k],
            });
        }
    }

    fn rectifies(&self) -> bool {
        true
    }

    fn signature(_draw: &mut Draw<'_>) -> Signature<Self> {
        Signature::new(Self::Boasts).input([2, 2])
    }
}

/// y = x², which at f64 writes over what another consumer has added, as a kernel of its own may.
#[derive(Clone, Copy, Debug)]
struct Overwrites;
register!(Overwrites);

impl Op for Overwrites {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        Ok(inputs[0])
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        for (y, &x) in y.iter_mut().zip(x.get(0)) {
            *y = x * x;
        }
    }

    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        _y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        let Some(mut x_bar) = x_bar.get(0) else {
            return;
        };
        for (k, x_bar) in x_bar.as_mut_slice().iter_mut().enumerate() {
            let contribution = S::constant(2.0) * x.get(0)[k] * y_bar[k];
            if S::epsilon() == S::constant(f64::EPSILON) {
                *x_bar = contribution;
            } else {
                *x_bar += contribution;
            }
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        Signature::new(Self).input(draw.shape())
    }
}

#[test]
fn an_overwriting_rule_is_found_at_the_scalar_that_has_it() {
    let x = Tensor::from([0.5, -2.0]);
    let Verdict::Fail(finding) = verdict_of(Check::Arithmetic, Overwrites, x) else {
        panic!("it passes");
    };
    let what = "at f64 it does not add to the cotangent that is there";
    assert!(finding.what.contains(what), "{finding}");
    let subject = Subject::of::<Overwrites>();
    let report = run(&subject, Check::Arithmetic, &Settings::from_env()).unwrap_err();
    assert_eq!(report.diagnosis, [Diagnosis::Overwritten], "{report}");
}

fn verdict(op: impl AnyOp + 'static, x: Vec<f64>) -> Verdict {
    verdict_of(Check::Formula, op, Tensor::new([x.len()], x))
}

fn verdict_of(check: Check, op: impl AnyOp + 'static, x: Tensor<f64>) -> Verdict {
    let shape = x.shape();
    check.verdict(&Instance {
        op: Arc::new(op),
        inputs: vec![x],
        domains: vec![Domain::REAL],
        kinks: Vec::new(),
        cotangent: Some(Tensor::from_fn(shape, |k| 1.0 + 0.001 * k as f64)),
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
fn a_rectifier_that_is_none_or_does_not_listen() {
    let verdict = |op, x: [[f64; 2]; 2]| verdict_of(Check::Tape, op, Tensor::from(x));
    let finding = |op, x| match verdict(op, x) {
        Verdict::Fail(finding) => *finding,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        verdict(Rectifier::Boasts, [[1.0, 2.0], [3.0, 4.0]]),
        Verdict::Pass
    );
    let found = finding(Rectifier::Boasts, [[1.0, 2.0], [-3.0, 4.0]]);
    assert!(found.what.contains("it says that it rectifies"));
    assert_eq!((found.element, found.got), (Some(2), 0.0));

    let found = finding(Rectifier::Misunderstands, [[1.0, 2.0], [-3.0, 4.0]]);
    assert!(found.what.contains("told that the cotangent is rectified"));
    assert_eq!((found.element, found.got), (Some(0), 0.0));
}

#[test]
fn a_tiny_element_dropped_beside_a_huge_one() {
    assert_eq!(verdict(Square, vec![1e9, 1e-8, 1.0]), Verdict::Pass);
    let finding = finding(Square, vec![1e9, 1e-9, 1.0]);
    assert_eq!((finding.element, finding.got), (Some(1), 0.0));
}

/// y = max(x, 0), its arguments in the order that gives dual numbers the tangent 1 at a tie, where the
/// rule has 0.
#[derive(Clone, Copy, Debug, Default)]
struct TwoMinds;
register!(TwoMinds);

impl Pointwise for TwoMinds {
    type Args<T: Copy> = [T; 1];

    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        S::zero().max(x)
    }

    fn derivative<S: Scalar>(&self, [x]: [S; 1], _y: S) -> [S; 1] {
        [if x > S::zero() { S::one() } else { S::zero() }]
    }

    fn kinks(&self) -> Vec<Kink> {
        vec![Kink::Point {
            input: 0,
            at: 0.0,
            derivative: 0.0,
        }]
    }
}

#[test]
fn forward_and_reverse_mode_have_one_derivative_at_a_kink() {
    let subject = Subject::of::<TwoMinds>();
    for check in Check::ALL {
        let report = run(&subject, check, &Settings::from_env());
        match check {
            Check::Kinks => {
                let finding = report.unwrap_err().finding;
                assert_eq!((finding.expected, finding.got), (0.0, 1.0));
                assert!(finding.what.contains("dual numbers"), "{finding:?}");
            }
            _ => assert!(report.is_ok(), "{report:?}"),
        }
    }
}

/// Where the terms of u·Hv cancel, what is left is rounding: here H is 0, and then the gradient as well.
#[test]
fn second_derivatives_that_cancel_are_no_alarm() {
    let axes = Axes::ALL;
    let cases: [(Arc<dyn AnyOp>, _, _); 3] = [
        (
            Arc::new(LogSoftmax { axes }),
            vec![1.0, 2.0],
            vec![-3.0, 3.0],
        ),
        (Arc::new(SOFTMAX), vec![-1.35, -0.76, -1.46], vec![1.0; 3]),
        (
            Arc::new(SOFTMAX),
            vec![57.0, 1.0, 1.0, 57.0],
            vec![1.0, 1.0, 1.0, 2.0],
        ),
    ];
    for (op, x, cotangent) in cases {
        for seed in 0..200 {
            let verdict = Check::SecondOrder.verdict(&Instance {
                op: Arc::clone(&op),
                inputs: vec![Tensor::new([x.len()], x.clone())],
                domains: vec![Domain::REAL],
                kinks: Vec::new(),
                cotangent: Some(Tensor::new([x.len()], cotangent.clone())),
                seed,
            });
            assert!(
                !matches!(verdict, Verdict::Fail(_)),
                "{op:?} {seed}: {verdict:?}"
            );
        }
    }
}

/// The softmax over all axes, composed of ops that overflow.
#[derive(Clone, Copy, Debug)]
struct Shares;
register!(Shares);

const SOFTMAX: Softmax = Softmax { axes: Axes::ALL };

impl Op for Shares {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        Op::output_shape(&SOFTMAX, inputs)
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        Op::forward(&SOFTMAX, x, y);
    }

    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        y: &[S],
        y_bar: &mut [S],
        x_bar: Cotangents<'_, S>,
    ) {
        Op::vjp(&SOFTMAX, x, y, y_bar, x_bar);
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        Signature::new(Self).input(draw.shape())
    }

    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        let e = x[0].exp();
        Some(e / e.sum())
    }
}

/// The gradient is 5e-304: a number so small has no room for 106 bits, and the composition none at all for it.
#[test]
fn a_composition_that_underflows_convicts_nobody() {
    let verdict = Check::Composition.verdict(&Instance {
        op: Arc::new(Shares),
        inputs: vec![Tensor::from([1.0, 1.0, 700.0, -4.0])],
        domains: vec![Domain::REAL],
        kinks: Vec::new(),
        cotangent: Some(Tensor::from([1.0, 1.0, 0.0, 1.0])),
        seed: 0,
    });
    assert!(!matches!(verdict, Verdict::Fail(_)), "{verdict:?}");
}
