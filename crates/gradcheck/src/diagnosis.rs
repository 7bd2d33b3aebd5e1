//! What kind of mistake a wrong vjp looks like.
//!
//! Every kind of mistake is a hypothesis that predicts what the wrong vjp says: twice the
//! gradient, the gradient of another element. It is held against the failing case and against
//! fresh ones, where the right gradient is known from dual numbers. A hypothesis has to explain
//! every case in which the vjp is wrong and contradict none in which it is right; cases in which
//! it predicts the right gradient are no evidence for it. Where nothing explains everything,
//! nothing is said.

mod behaviour;
mod factors;
mod predictions;
mod probe;

use std::fmt;

use serde::Serialize;

use crate::case::{Drawn, Subject};
use crate::checks::Check;
use crate::panics::caught;
use crate::verdict::Verdict;

/// A kind of mistake.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Diagnosis {
    /// A second call of the vjp gives something else.
    Impure,
    /// The forward rule leaves an element of the output unwritten.
    Unwritten,
    /// A gradient depends on which other gradients are wanted.
    DependsOnWanted,
    /// It replaces what other consumers have added.
    Overwritten,
    /// It counts twice what other consumers have added.
    AccumulatedTwice,
    /// It is NaN or infinite where the gradient is neither, and right elsewhere.
    NotFinite,
    /// An input gets no gradient.
    Missing,
    /// It has the opposite sign.
    Sign,
    /// It is off by a factor.
    Factor(Factor),
    /// It does not depend on the output's cotangent.
    CotangentIgnored,
    /// It is wrong only at points where there is no derivative.
    KinkBranch,
    /// The gradient, the cotangent or an operand has its axes in the wrong order.
    Transposed,
    /// A part stands for the sum over the axes an input is stretched along.
    MissingReduction,
    /// The cotangent is summed before it is multiplied by a derivative that varies.
    ReducedTooEarly,
    /// It is summed over axes along which the input is not stretched.
    ExtraReduction,
    /// It belongs to another operand, or is reduced to its shape.
    WrongOperand,
    /// The elements that pass are others than in the forward rule.
    Mask,
    /// The derivative is taken at the output in place of the input.
    DerivativeAtOutput,
    /// The derivative, stated in the output, is taken at the input.
    InputForOutput,
    /// It is rounded to the precision of f32.
    Rounded,
    /// An element or a row gets what belongs to another, or is the only one that is wrong.
    WrongElement,
    /// It is not linear in the output's cotangent.
    CotangentNonlinear,
    /// The formula is right, and its arithmetic loses digits or overflows.
    Arithmetic,
    /// The formula is right within the domain, and looks valid beyond it.
    Domain,
    /// Shapes are accepted that the rules cannot run on.
    Shapes,
}

/// By what a gradient is off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// Always by the same number.
    Number(f64),
    /// By N, a number of elements.
    Times(Count),
    /// By 1/N.
    Per(Count),
    /// The constant that the op multiplies by, as the 1/p of a dropout, is left out.
    ScaleMissing,
    /// That constant is multiplied by twice.
    ScaleTwice,
}

/// A number of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// Those of the input.
    Input,
    /// Those of the output.
    Output,
    /// Those of the one that are summed for, or repeated in, an element of the other.
    Repeats,
    /// The length of the output's first axis.
    FirstAxis,
    /// The length of the output's last axis.
    LastAxis,
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Impure => "the vjp remembers: a second call gives something else",
            Self::Unwritten => "the forward rule leaves an element unwritten",
            Self::DependsOnWanted => "the gradient depends on which others are wanted",
            Self::Overwritten => "overwritten instead of accumulated (`=` for `+=`)",
            Self::AccumulatedTwice => "accumulated twice: what was there is added again",
            Self::NotFinite => "NaN or infinite at special points (0/0, 0·∞), right elsewhere",
            Self::Missing => "the gradient of an input is missing",
            Self::Sign => "the wrong sign",
            Self::Factor(factor) => return write!(f, "{factor}"),
            Self::CotangentIgnored => "the cotangent of the output is ignored",
            Self::KinkBranch => "the wrong branch at a kink or tie, right elsewhere",
            Self::Transposed => "transposed: axes in the wrong order",
            Self::MissingReduction => "a missing sum over an axis the input is stretched along",
            Self::ReducedTooEarly => "reduced too early: (Σ ȳ) f′ where Σ (ȳ f′) is right",
            Self::ExtraReduction => "an extra sum over an axis the input is not stretched along",
            Self::WrongOperand => "the gradient of, or reduced to the shape of, another operand",
            Self::Mask => "the mask differs between forward and backward",
            Self::DerivativeAtOutput => "the derivative is taken at the output, not the input",
            Self::InputForOutput => "the input is used where the output is meant",
            Self::Rounded => "rounded to f32 on the way",
            Self::WrongElement => "a wrong element or row, or a wrong offset",
            Self::CotangentNonlinear => "the cotangent is used non-linearly",
            Self::Arithmetic => "the formula is right; its arithmetic cancels or overflows",
            Self::Domain => "right within the domain, and silent about leaving it",
            Self::Shapes => "`output_shape` accepts what the rules cannot run on",
        })
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "a factor of {number}"),
            Self::Times(count) => write!(f, "a factor of N, {count}"),
            Self::Per(count) => write!(f, "a factor of 1/N, N being {count}"),
            Self::ScaleMissing => f.write_str("the op's own factor (1/p) is missing"),
            Self::ScaleTwice => f.write_str("the op's own factor (1/p) is there twice"),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "the number of elements of the input",
            Self::Output => "the number of elements of the output",
            Self::Repeats => "the number of elements summed over",
            Self::FirstAxis => "the length of the output's first axis",
            Self::LastAxis => "the length of the output's last axis",
        })
    }
}

/// Everything that explains the failure, the likeliest first. A rule that panics explains nothing.
pub(crate) fn diagnose(subject: &Subject, check: Check, drawn: &Drawn) -> Vec<Diagnosis> {
    caught(|| explanations(subject, check, drawn)).unwrap_or_default()
}

fn explanations(subject: &Subject, check: Check, drawn: &Drawn) -> Vec<Diagnosis> {
    let odd = behaviour::of(subject, drawn);
    if !odd.is_empty() {
        return odd;
    }
    let probes = probe::cases(subject, drawn);
    let wrong: Vec<usize> = (0..probes.first().map_or(0, |probe| probe.x.len()))
        .filter(|&input| probes.iter().any(|probe| probe.is_wrong(input)))
        .collect();
    if wrong.is_empty() {
        // The formula is right: what is left is what the check is about.
        return beyond_the_formula(subject, check, drawn);
    }
    predictions::explaining(&probes, &wrong)
}

/// What is wrong where the formula is right: what the failing check is about, or else another.
fn beyond_the_formula(subject: &Subject, failing: Check, drawn: &Drawn) -> Vec<Diagnosis> {
    let fails = |check: Check| {
        (0..256).any(|k| {
            let fresh = Drawn::from_seed(drawn.seed.wrapping_add(k));
            matches!(check.verdict(&subject.instance(&fresh)), Verdict::Fail(_))
        })
    };
    let abouts = [
        (Check::Shapes, Diagnosis::Shapes),
        (Check::Domain, Diagnosis::Domain),
        (Check::Arithmetic, Diagnosis::Arithmetic),
    ];
    let failing_first = abouts.iter().filter(|(check, _)| *check == failing);
    match failing_first.map(|&(_, diagnosis)| diagnosis).next() {
        Some(diagnosis) => vec![diagnosis],
        None => abouts
            .into_iter()
            .filter(|&(check, _)| fails(check))
            .map(|(_, d)| d)
            .collect(),
    }
}
