//! What a person is told: what is wrong, where, on which case, how to see it again, and what kind
//! of mistake it looks like.

use std::fmt;

use autodiff::Tensor;
use serde::Serialize;

use crate::case::{Drawn, Subject};
use crate::checks::Check;
use crate::diagnosis::Diagnosis;
use crate::gradient_report::Outcome;
use crate::panics::caught;
use crate::run::Settings;
use crate::verdict::Finding;

/// A check that did not pass.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`Outcome::Fail`] if a case failed, else [`Outcome::Inconclusive`]: there were none, too few of
    /// them could tell, or the run was aborted.
    pub outcome: Outcome,
    /// The op.
    pub op: String,
    /// Where it is registered.
    pub place: String,
    /// The check.
    pub check: Check,
    /// What was found.
    pub finding: Finding,
    /// What kind of mistake it looks like, the likeliest first. Empty where it looks like none
    /// that is known.
    pub diagnosis: Vec<Diagnosis>,
    /// The op with its parameters, as Rust code; its name where there is no case to show.
    pub instance: String,
    /// The inputs of the smallest case that fails, or of the first one of too many that could not
    /// tell. None where there is no such case.
    pub inputs: Vec<Values>,
    /// The cotangent of the output there.
    pub cotangent: Option<Values>,
    /// What to set to see it again, for [`Settings::from_env`]; from
    /// [`check_ops!`](crate::check_ops) the whole command.
    pub reproduce: String,
}

/// An array, for a report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Values {
    /// Its axes.
    pub shape: Vec<usize>,
    /// Its elements, row by row.
    pub values: Vec<f64>,
}

impl From<&Tensor<f64>> for Values {
    fn from(tensor: &Tensor<f64>) -> Self {
        Self {
            shape: tensor.shape().dims().to_vec(),
            values: tensor.as_slice().to_vec(),
        }
    }
}

impl Report {
    /// Without a diagnosis: only a case that fails has one.
    pub(crate) fn new(
        outcome: Outcome,
        (subject, check): (&Subject, Check),
        finding: Finding,
        case: Option<&Drawn>,
        settings: &Settings,
    ) -> Self {
        let case = case.and_then(|drawn| caught(|| subject.instance(drawn)).ok());
        let case = case.as_ref();
        Self {
            outcome,
            op: subject.name().to_string(),
            place: subject.place().to_string(),
            check,
            finding,
            diagnosis: Vec::new(),
            instance: case.map_or_else(
                || subject.name().to_string(),
                |case| format!("{:?}", case.op),
            ),
            inputs: case.map_or_else(Vec::new, |case| {
                case.inputs.iter().map(Values::from).collect()
            }),
            cotangent: case
                .and_then(|case| case.cotangent.as_ref())
                .map(Values::from),
            reproduce: settings.environment(),
        }
    }

    /// The number of elements of all inputs of the case.
    #[must_use]
    pub fn size(&self) -> usize {
        self.inputs.iter().map(|x| x.values.len()).sum()
    }

    /// The text, with the escape codes of a terminal's colours if `colour`.
    #[must_use]
    pub fn text(&self, colour: bool) -> String {
        let style = |style: anstyle::Style, text: &str| match colour {
            true => format!("{style}{text}{style:#}"),
            false => text.to_string(),
        };
        let bold = anstyle::Style::new().bold();
        let red = bold.fg_color(Some(anstyle::AnsiColor::Red.into()));
        let yellow = bold.fg_color(Some(anstyle::AnsiColor::Yellow.into()));
        let Finding {
            what,
            input,
            element,
            expected,
            bound,
            got,
        } = &self.finding;
        let mut lines = vec![format!("{} {}: {what}", style(red, &self.op), self.check)];
        let mut line = |name: &str, text: String| lines.push(format!("  {name:<10} {text}"));
        if let Some(element) = element {
            let of = input.map_or_else(
                || "the output".to_string(),
                |input| format!("input {input}"),
            );
            line("where", format!("{of}, element {element}"));
        }
        if !expected.is_nan() {
            line(
                "expected",
                style(bold, &format!("{} ± {bound:.1e}", number(*expected))),
            );
        }
        if !got.is_nan() || !expected.is_nan() {
            line("got", style(bold, &number(*got)));
        }
        for (k, diagnosis) in self.diagnosis.iter().enumerate() {
            let name = if k == 0 { "looks like" } else { "or" };
            line(name, style(yellow, &diagnosis.to_string()));
        }
        line("op", format!("{} ({})", self.instance, self.place));
        for (k, x) in self.inputs.iter().enumerate() {
            line(&format!("input {k}"), x.to_string());
        }
        if let Some(cotangent) = &self.cotangent {
            line("cotangent", cotangent.to_string());
        }
        line("again", self.reproduce.clone());
        lines.join("\n")
    }
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of shape {:?}", self.values, self.shape)
    }
}

/// Every digit, and an exponent where there would be many zeros.
fn number(x: f64) -> String {
    if x == 0.0 || (1e-4..1e16).contains(&x.abs()) {
        x.to_string()
    } else {
        format!("{x:e}")
    }
}

impl fmt::Display for Report {
    /// Without colours.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(false))
    }
}

impl std::error::Error for Report {}
