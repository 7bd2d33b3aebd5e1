//! Random programs: the registered ops pass, an op that is wrong on purpose is found and named, and
//! the code that is printed fails when it is compiled.

use autodiff::registry::registered;
use autodiff::signature::{Draw, Signature};
use autodiff::{
    Cotangents, Op, Pointwise, Primals, Registered, Scalar, Shape, ShapeError, Tensor, Var,
    expect_inputs,
};
use gradcheck::programs::{self, Program};
use gradcheck::{Check, Differentiable, Settings, Subject, Verdict, check_function};

/// tanh with the derivative of a popular mistake: 1 - y instead of 1 - y².
#[derive(Debug, Default)]
pub struct WrongTanh;

impl Registered for WrongTanh {
    const NAME: &'static str = "wrong_tanh";
}

impl Pointwise for WrongTanh {
    type Args<T: Copy> = [T; 1];

    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        x.tanh()
    }

    fn derivative<S: Scalar>(&self, _: [S; 1], y: S) -> [S; 1] {
        [S::one() - y]
    }
}

/// x², which overwrites the cotangent where it should add to it. Alone it is right.
#[derive(Debug)]
pub struct OverwritingSquare;

impl Registered for OverwritingSquare {
    const NAME: &'static str = "overwriting_square";
}

impl Op for OverwritingSquare {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let [x] = expect_inputs(inputs)?;
        Ok(x)
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        for (y, &x) in y.iter_mut().zip(x[0].iter()) {
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
        if let Some(mut x_bar) = x_bar.get(0) {
            for (k, x_bar) in x_bar.as_mut_slice().iter_mut().enumerate() {
                *x_bar = y_bar[k] * S::constant(2.0) * x[0][k];
            }
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        Signature::new(Self).input(draw.shape())
    }
}

fn settings(seed: u64) -> Settings {
    Settings {
        cases: 256,
        seed,
        regressions: None,
    }
}

fn right_ops() -> Vec<Subject> {
    registered().into_iter().map(Subject::from).collect()
}

fn with<O: Op>() -> Vec<Subject> {
    let mut ops = right_ops();
    ops.push(Subject::of::<O>());
    ops
}

#[test]
fn programs_of_right_ops_pass_and_are_hardly_ever_inconclusive() {
    for seed in 0..4 {
        match programs::run(&right_ops(), &settings(seed)) {
            Ok(tally) => assert!(tally.inconclusive() < 26, "{tally:?}"),
            Err(report) => panic!("{report}"),
        }
    }
}

#[test]
fn a_wrong_op_is_found_named_and_alone() {
    for seed in 0..5 {
        let report = programs::run(&with::<WrongTanh>(), &settings(seed)).unwrap_err();
        let guilty = report.guilty.as_ref().expect("an op is to blame");
        assert_eq!(guilty.op, "wrong_tanh");
        assert_eq!(guilty.check, Check::Formula);
        assert_eq!(report.size, 1, "{report}");
    }
}

/// The same under the name of the right one.
#[derive(Debug, Default)]
pub struct Impostor;

impl Registered for Impostor {
    const NAME: &'static str = "tanh";
}

impl Pointwise for Impostor {
    type Args<T: Copy> = [T; 1];

    fn eval<S: Scalar>(&self, x: [S; 1]) -> S {
        WrongTanh.eval(x)
    }

    fn derivative<S: Scalar>(&self, x: [S; 1], y: S) -> [S; 1] {
        WrongTanh.derivative(x, y)
    }
}

#[test]
fn of_two_ops_of_one_name_the_guilty_one_is_told() {
    let report = programs::run(&with::<Impostor>(), &settings(0)).unwrap_err();
    let guilty = report.guilty.as_ref().expect("an op is to blame");
    assert_eq!(guilty.op, "tanh");
    assert_eq!(guilty.place, Subject::of::<Impostor>().place());
    assert!(guilty.place.contains("Impostor"), "{report}");
}

#[test]
fn an_op_that_is_wrong_only_beside_others_is_found_and_named() {
    for seed in 0..5 {
        // Where nobody else was there before, it does no harm: 256 programs find it in 19 seeds of 20.
        let settings = Settings {
            cases: 1024,
            ..settings(seed)
        };
        let report = programs::run(&with::<OverwritingSquare>(), &settings).unwrap_err();
        let guilty = report.guilty.as_ref().expect("an op is to blame");
        assert_eq!(guilty.op, "overwriting_square");
        assert_eq!(guilty.check, Check::Linearity);
        // Itself, and what else adds to the cotangent of the same value.
        assert_eq!(report.size, 2, "{report}");
    }
}

#[test]
fn programs_are_as_deep_and_as_wired_as_is_said() {
    let ops = right_ops();
    let drawn: Vec<Program> = (0..400)
        .map(|seed| Program::from_seed(&ops, seed))
        .collect();
    let depths: Vec<usize> = drawn.iter().map(Program::len).collect();
    assert!(depths.iter().any(|&n| n >= 45) && depths.iter().all(|n| (1..=50).contains(n)));
    assert!(drawn.iter().any(|program| program.leaves().len() >= 4));
    let code: String = drawn.iter().map(|program| format!("{program:?}")).collect();
    for op in &ops {
        let camel: String = op
            .name()
            .split('_')
            .map(|word| word[..1].to_uppercase() + &word[1..])
            .collect();
        assert!(code.contains(&format!("({camel}")), "{} is used", op.name());
    }
}

/// What is printed, kept in a file to be compiled here.
mod printed {
    use super::OverwritingSquare;

    include!("golden/program.rs");

    pub(crate) fn run() {
        main();
    }
}

#[test]
fn the_printed_code_is_the_golden_file_and_fails() {
    let report = programs::run(&with::<OverwritingSquare>(), &settings(7)).unwrap_err();
    assert_eq!(report.code, include_str!("golden/program.rs"), "{report}");
    let panic = std::panic::catch_unwind(printed::run).unwrap_err();
    let message = panic.downcast_ref::<String>().expect("unwrap has one");
    assert!(message.contains("it is not the derivative"), "{message}");
}

/// Where the first two derivatives vanish, the gap between the left and the right difference
/// shrinks faster with the step than it does elsewhere.
#[test]
fn a_flat_point_is_no_kink() {
    struct Flat;
    impl Differentiable for Flat {
        fn record<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Var<'t, S> {
            (x[0] + S::one()) * x[0].powi(7)
        }
    }
    assert!(check_function(&Flat, &[Tensor::from(0.0)]).is_ok());
}

#[test]
fn a_program_can_be_checked_alone() {
    let program = Program::from_seed(&right_ops(), 3);
    assert!(!matches!(program.verdict(), Verdict::Fail(_)));
}
