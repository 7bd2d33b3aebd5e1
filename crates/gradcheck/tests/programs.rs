//! Random programs: the registered ops pass, an op that is wrong on purpose is found and named, and
//! the code that is printed fails when it is compiled.

use autodiff::registry::{AnyOp, registered};
use autodiff::signature::{Draw, Signature};
use autodiff::{Op, Pointwise, Registered, Scalar};
use gradcheck::programs::{self, Program};
use gradcheck::{Check, Settings, Subject, Verdict};

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

fn with_wrong_tanh() -> Vec<Subject> {
    let boxed = |draw: &mut Draw<'_>| -> Signature<Box<dyn AnyOp>> {
        WrongTanh::signature(draw).map(|op| Box::new(op) as Box<dyn AnyOp>)
    };
    let mut ops = right_ops();
    ops.push(Subject::new("wrong_tanh", "tests/programs.rs", boxed));
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
        let report = programs::run(&with_wrong_tanh(), &settings(seed)).unwrap_err();
        let guilty = report.guilty.as_ref().expect("an op is to blame");
        assert_eq!(guilty.op, "wrong_tanh");
        assert_eq!(guilty.check, Check::Formula);
        assert!(report.size <= 2, "{report}");
    }
}

#[test]
fn programs_are_as_deep_and_as_wired_as_is_said() {
    let ops = right_ops();
    let drawn: Vec<Program> = (0..400)
        .map(|seed| Program::from_seed(&ops, seed))
        .collect();
    let depths: Vec<usize> = drawn.iter().map(Program::len).collect();
    assert!(depths.iter().any(|&n| n >= 45) && depths.iter().all(|&n| 1 <= n && n <= 50));
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
    use super::WrongTanh;

    include!("golden/program.rs");

    pub(crate) fn run() {
        main();
    }
}

#[test]
fn the_printed_code_is_the_golden_file_and_fails() {
    let report = programs::run(&with_wrong_tanh(), &settings(7)).unwrap_err();
    assert_eq!(report.code, include_str!("golden/program.rs"), "{report}");
    let panic = std::panic::catch_unwind(printed::run).unwrap_err();
    let message = panic.downcast_ref::<String>().expect("unwrap has one");
    assert!(message.contains("it is not the derivative"), "{message}");
}

#[test]
fn a_program_can_be_checked_alone() {
    let program = Program::from_seed(&right_ops(), 3);
    assert!(!matches!(program.verdict(), Verdict::Fail(_)));
}
