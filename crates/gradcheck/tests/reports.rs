//! What an author is told: of rules and signatures that panic, of cases that cannot tell, of cases
//! that did not run; and that ops of unusual signatures are not convicted of them.

use std::panic::catch_unwind;

use autodiff::ops::Tanh;
use autodiff::signature::{Draw, Kink, Signature};
use autodiff::{
    Cotangents, Op, Pointwise, Primals, Registered, Scalar, Shape, ShapeError, expect_inputs,
    register,
};
use gradcheck::programs::{self, Program};
use gradcheck::{Check, Outcome, Report, Settings, Subject, check_op, run};

fn settings() -> Settings {
    Settings {
        cases: 64,
        seed: 1,
        regressions: None,
    }
}

fn report_of<O: Op>(check: Check) -> Report {
    *run(&Subject::of::<O>(), check, &settings()).unwrap_err()
}

fn programs_of<O: Op>() -> programs::ProgramReport {
    *programs::run(&[Subject::of::<O>()], &settings()).unwrap_err()
}

/// y = x, of one input, and whatever the rules of an op do beside it.
macro_rules! identity {
    ($($(#[$doc:meta])* $op:ident: $shape:expr, $forward:expr, $vjp:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        struct $op;

        impl Registered for $op {
            const NAME: &'static str = stringify!($op);
        }

        impl Op for $op {
            fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
                let [x] = expect_inputs(inputs)?;
                Ok(x)
            }

            fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
                y.copy_from_slice(x.get(0));
                $forward(y.len());
            }

            fn vjp<S: Scalar>(
                &self,
                _x: Primals<'_, S>,
                _y: &[S],
                y_bar: &mut [S],
                mut x_bar: Cotangents<'_, S>,
            ) {
                if let Some(mut x_bar) = x_bar.get(0) {
                    x_bar.add(|k| y_bar[k]);
                }
                $vjp(y_bar.len());
            }

            fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
                Signature::new(Self).input($shape(draw))
            }
        }
    )+};
}

identity! {
    ForwardPanics: Draw::shape, panics, |_| ();
    VjpPanics: Draw::shape, |_| (), panics;
    SignaturePanics: |draw: &mut Draw<'_>| Shape::from([panics(draw.dim())]), |_| (), |_| ();
    /// Longer than a value of a program may be.
    Long: |_| [32], |_| (), |_| ();
}

fn panics(n: usize) -> usize {
    assert!(n > 1000, "{n} are too few");
    n
}

/// Where [`panics`] does.
fn is_place_and_message(what: &str) -> bool {
    what.contains(&format!("panicked at {}:", file!())) && what.contains("are too few")
}

#[test]
fn a_panic_is_told_with_its_place() {
    let what = report_of::<VjpPanics>(Check::Formula).finding.what;
    assert!(what.starts_with("a rule panicked at"), "{what}");
    assert!(is_place_and_message(&what), "{what}");

    let report = report_of::<SignaturePanics>(Check::Shapes);
    let what = &report.finding.what;
    assert!(what.starts_with("its signature panicked at"), "{what}");
    assert!(is_place_and_message(what), "{what}");
    assert!(report.inputs.is_empty() && report.diagnosis.is_empty());
}

#[test]
fn a_panic_in_a_program_is_told_with_its_place() {
    let report = programs_of::<VjpPanics>();
    assert!(is_place_and_message(&report.finding.what), "{report}");
    assert_eq!(report.guilty.as_ref().unwrap().op, "VjpPanics", "{report}");

    // There is no program with its values then.
    for report in [
        programs_of::<ForwardPanics>(),
        programs_of::<SignaturePanics>(),
    ] {
        assert!(is_place_and_message(&report.finding.what), "{report}");
    }
}

#[test]
fn drawing_programs_of_an_op_that_fits_none_ends() {
    assert!(Program::from_seed(&[Subject::of::<Long>()], 0).is_empty());
    let what = programs_of::<Long>().finding.what;
    assert!(what.contains("64 of 64 cases could not tell"), "{what}");
}

/// y = √(x - 2), whose domain is not stated.
#[derive(Debug, Default)]
struct NoDomain;
register!(NoDomain);

impl Pointwise for NoDomain {
    type Args<T: Copy> = [T; 1];

    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        (x - S::constant(2.0)).sqrt()
    }

    fn derivative<S: Scalar>(&self, [_x]: [S; 1], y: S) -> [S; 1] {
        [S::constant(0.5) / y]
    }
}

#[test]
fn where_most_cases_cannot_tell_one_of_them_is_shown() {
    let report = report_of::<NoDomain>(Check::Formula);
    assert_eq!(report.outcome, Outcome::Inconclusive);
    let what = &report.finding.what;
    for advice in ["the value is not finite", "Pointwise::domain", "input_in"] {
        assert!(what.contains(advice), "{what}");
    }
    let mut elements = report.inputs.iter().flat_map(|x| &x.values);
    assert!(elements.any(|&x| x < 2.0), "{report}");
    assert!(report.diagnosis.is_empty(), "{report}");
}

#[test]
fn a_case_that_did_not_run_is_not_shown() {
    let none = Settings {
        cases: 0,
        ..settings()
    };
    let report = run(&Subject::of::<Tanh>(), Check::Arithmetic, &none).unwrap_err();
    assert_eq!(report.outcome, Outcome::Inconclusive);
    assert!(report.finding.what.contains("no case was looked at"));
    assert!(report.inputs.is_empty() && report.cotangent.is_none());
    assert!(report.diagnosis.is_empty(), "{report}");
}

#[test]
fn what_is_to_be_run_again_is_left_to_those_who_know() {
    let again = "PROPTEST_RNG_SEED=1 PROPTEST_CASES=64";
    let report = report_of::<VjpPanics>(Check::Formula);
    assert_eq!(report.outcome, Outcome::Fail);
    assert_eq!(report.reproduce, again);
    assert_eq!(programs_of::<VjpPanics>().reproduce, again);
}

#[test]
fn one_op_is_checked_by_one_call() {
    check_op::<Tanh>();
    let panic = catch_unwind(check_op::<VjpPanics>).unwrap_err();
    let report = panic.downcast_ref::<String>().unwrap();
    assert!(report.starts_with("VjpPanics formula:"), "{report}");
}

/// (1, 2, 3), of no inputs.
#[derive(Debug)]
struct Constant;
register!(Constant);

impl Op for Constant {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let [] = expect_inputs(inputs)?;
        Ok(Shape::from([3]))
    }

    fn forward<S: Scalar>(&self, _x: Primals<'_, S>, y: &mut [S]) {
        y.copy_from_slice(&[1.0, 2.0, 3.0].map(S::constant));
    }

    fn vjp<S: Scalar>(
        &self,
        _x: Primals<'_, S>,
        _y: &[S],
        _y_bar: &mut [S],
        _x_bar: Cotangents<'_, S>,
    ) {
    }

    fn signature(_draw: &mut Draw<'_>) -> Signature<Self> {
        Signature::new(Self)
    }
}

#[test]
fn an_op_without_inputs_has_shapes_that_fit() {
    run(&Subject::of::<Constant>(), Check::Shapes, &settings()).unwrap();
}

/// y = Σ |x| over the first axis: a kink at 0 in an op that is not elementwise. Claims half of
/// `TWICE` there.
#[derive(Debug)]
struct SumOfSizes<const TWICE: i8>;

impl<const TWICE: i8> Registered for SumOfSizes<TWICE> {
    const NAME: &'static str = "sum_of_sizes";
}

impl<const TWICE: i8> Op for SumOfSizes<TWICE> {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let [x] = expect_inputs(inputs)?;
        match x.dims() {
            [_, n] => Ok(Shape::from([*n])),
            _ => Err(ShapeError::new("it takes a matrix")),
        }
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        let n = y.len();
        let half_twice = S::constant(0.5 * f64::from(TWICE));
        let size = |&x: &S| match x {
            x if x == S::zero() => half_twice * x,
            x => x.abs(),
        };
        for (j, y) in y.iter_mut().enumerate() {
            *y = x[0].iter().skip(j).step_by(n).map(size).sum();
        }
    }

    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        _y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        let slope = |x: S| match x {
            x if x == S::zero() => S::constant(0.5 * f64::from(TWICE)),
            x => x.signum(),
        };
        if let Some(mut x_bar) = x_bar.get(0) {
            x_bar.add(|k| y_bar[k % y_bar.len()] * slope(x[0][k]));
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        let kink = Kink::Point {
            input: 0,
            at: 0.0,
            derivative: 0.5,
        };
        Signature::new(Self).input(draw.shape_of_rank(2)).kink(kink)
    }
}

#[test]
fn a_kink_of_an_op_that_is_not_elementwise_is_looked_at() {
    let tally = run(&Subject::of::<SumOfSizes<1>>(), Check::Kinks, &settings()).unwrap();
    assert_eq!(tally.inconclusive(), 0, "{tally:?}");
    check_op::<SumOfSizes<1>>();

    let what = report_of::<SumOfSizes<0>>(Check::Kinks).finding.what;
    assert!(what.contains("not the declared convention"), "{what}");
    let what = report_of::<SumOfSizes<3>>(Check::Kinks).finding.what;
    assert!(what.contains("it is not between them"), "{what}");
}
