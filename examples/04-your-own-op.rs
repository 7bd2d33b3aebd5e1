//! Add an op, break it, read the report: the worked example of the verifier as a program.
//!
//! `cargo run --release --example 04-your-own-op`
//!
//! In a crate of your own, the op would be in `src/`, and `tests/ops.rs` would hold one line:
//! `gradproof::gradcheck::check_ops!(your_crate);`. For one op alone, any test can call
//! `gradproof::gradcheck::check_op::<Softplus>()`.

use std::io::IsTerminal;

use gradproof::autodiff::{Pointwise, Scalar, register};
use gradproof::gradcheck::{Check, Settings, Subject, run};

/// y = ln(1 + eˣ). Derivative: σ(x). Right, and stable: only e^(−|x|) is ever formed.
#[derive(Debug, Default)]
struct Softplus;
register!(Softplus);

impl Pointwise for Softplus {
    type Args<T: Copy> = [T; 1];

    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        if x > S::zero() {
            x + (-x).exp().ln_1p()
        } else {
            x.exp().ln_1p()
        }
    }

    fn derivative<S: Scalar>(&self, [x]: [S; 1], _y: S) -> [S; 1] {
        if x > S::zero() {
            [S::one() / (S::one() + (-x).exp())]
        } else {
            [x.exp() / (S::one() + x.exp())]
        }
    }
}

/// The same, its derivative taken at the output where the input was meant.
#[derive(Debug, Default)]
struct SoftplusAtOutput;
register!(SoftplusAtOutput);

impl Pointwise for SoftplusAtOutput {
    type Args<T: Copy> = [T; 1];

    fn eval<S: Scalar>(&self, x: [S; 1]) -> S {
        Softplus.eval(x)
    }

    fn derivative<S: Scalar>(&self, _x: [S; 1], y: S) -> [S; 1] {
        [S::one() / (S::one() + (-y).exp())]
    }
}

/// The formula as in the book: right, but 1 + eˣ drops the digits of a small eˣ and overflows for
/// a large x.
#[derive(Debug, Default)]
struct NaiveSoftplus;
register!(NaiveSoftplus);

impl Pointwise for NaiveSoftplus {
    type Args<T: Copy> = [T; 1];

    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        (S::one() + x.exp()).ln()
    }

    fn derivative<S: Scalar>(&self, [x]: [S; 1], _y: S) -> [S; 1] {
        [S::one() / (S::one() + (-x).exp())]
    }
}

fn main() {
    let colour = std::io::stdout().is_terminal();
    let settings = Settings {
        seed: 1,
        ..Settings::from_env()
    };
    let subjects = [
        Subject::of::<SoftplusAtOutput>(),
        Subject::of::<NaiveSoftplus>(),
        Subject::of::<Softplus>(),
    ];
    for subject in subjects {
        let reports = Check::ALL.map(|check| run(&subject, check, &settings).err());
        if reports.iter().all(Option::is_none) {
            println!("{} passes all {} checks", subject.name(), Check::ALL.len());
        }
        for report in reports.iter().flatten() {
            println!("{}\n", report.text(colour));
        }
    }
}
