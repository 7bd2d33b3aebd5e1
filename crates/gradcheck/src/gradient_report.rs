//! What a person is told about the gradient of any function.

use std::collections::BTreeMap;
use std::fmt;

use autodiff::Shape;
use serde::Serialize;

use crate::judgement::{Element, HIDDEN, Judgement, Seen};
use crate::verdict::Finding;

/// What a gradient was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every element is right, as far as [`resolution`](GradientReport::resolution) and
    /// [`faint`](GradientReport::faint) say.
    Pass,
    /// Something is wrong, whatever else could not be told.
    Fail,
    /// Nothing is known to be wrong, and something could not be told.
    Inconclusive,
}

/// The verdict on the gradient of a function: [`check_vjp`](crate::check_vjp) and
/// [`check_gradient`](crate::check_gradient) give it.
#[derive(Clone, Debug, Serialize)]
pub struct GradientReport {
    /// The verdict.
    pub outcome: Outcome,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// Each input, or each block of the parameters, and what is wrong with it as a whole.
    pub blocks: Vec<Block>,
    /// How many elements could not be told, by reason.
    pub inconclusive: BTreeMap<&'static str, usize>,
    /// The smallest relative error that would have been found in every right element that is neither
    /// 0, nor faint, nor at a kink: the largest bound, relative to its element.
    pub resolution: f64,
    /// How many right elements cannot be told from 0. They are within their bounds of what is claimed,
    /// and that is all that is known of them. If the rounding of the value hides all that they do, and
    /// nothing but zeros stands beside them, the report is inconclusive.
    pub faint: usize,
    /// The largest bound of a faint element.
    pub faint_bound: f64,
    /// How many right elements are at a kink, somewhere between the slopes to its two sides.
    pub kinks: usize,
    #[serde(skip)]
    elements: Vec<Element>,
}

/// An array of the gradient.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Block {
    /// Its name.
    pub name: String,
    /// Its axes.
    pub shape: Vec<usize>,
    /// The number of elements that are wrong.
    pub wrong: usize,
    /// Whether the others are 0, so that what is wrong may be wrong with all.
    pub as_a_whole: bool,
    /// What all the wrong ones are off by, if it is the same factor.
    pub factor: Option<f64>,
}

impl GradientReport {
    pub(crate) fn of(blocks: Vec<(String, Shape)>, elements: Vec<Element>) -> Self {
        let mut inconclusive = BTreeMap::new();
        for element in &elements {
            if let Judgement::Unknown(why) = element.judgement {
                *inconclusive.entry(why).or_default() += 1;
            }
        }
        let right = || elements.iter().filter(|e| e.judgement == Judgement::Right);
        let hidden = right().filter(|e| e.is_hidden()).count();
        if hidden > 0 && right().all(|e| e.is_hidden() || e.is_zero()) {
            *inconclusive.entry(HIDDEN).or_default() += hidden;
        }
        let outcome = if elements.iter().any(Element::is_wrong) {
            Outcome::Fail
        } else if !inconclusive.is_empty() {
            Outcome::Inconclusive
        } else {
            Outcome::Pass
        };
        let largest = |bounds: &mut dyn Iterator<Item = f64>| bounds.fold(0.0, f64::max);
        let of_slopes = right().filter(|e| e.seen != Seen::Kink && !e.is_faint() && !e.is_zero());
        let resolution = largest(&mut of_slopes.map(|e| e.bound / e.expected.abs()));
        let faint = || right().filter(|e| e.is_faint());
        let (faint, faint_bound) = (faint().count(), largest(&mut faint().map(|e| e.bound)));
        let kinks = right().filter(|e| e.seen == Seen::Kink).count();
        let mut report = Self {
            outcome,
            findings: Vec::new(),
            blocks: Vec::new(),
            inconclusive,
            resolution,
            faint,
            faint_bound,
            kinks,
            elements,
        };
        report.divide(blocks);
        report
    }

    /// The verdict that needs no element to be looked at.
    pub(crate) fn outright(outcome: Outcome, finding: Finding) -> Self {
        let mut report = Self::of(Vec::new(), Vec::new());
        report.outcome = outcome;
        report.findings.push(finding);
        report
    }

    /// Why nothing could be told.
    pub(crate) fn unusable(why: &'static str) -> Self {
        let mut report = Self::of(Vec::new(), Vec::new());
        report.outcome = Outcome::Inconclusive;
        report.inconclusive.insert(why, 1);
        report
    }

    /// The same report on a vector of parameters that is really several arrays, one after the
    /// other: what is wrong is named `W2[1,0]`, and said of whole arrays where it is true of them.
    ///
    /// ```
    /// use gradcheck::check_gradient;
    ///
    /// let cost = |p: &[f64]| p[0] * p[1] + p[2];
    /// let report = check_gradient(cost, &[2.0, 3.0, 5.0], &[6.0, 4.0, 1.0])
    ///     .in_blocks([("w", [2].into()), ("b", [1].into())]);
    /// assert_eq!(report.blocks[0].factor, Some(2.0));
    /// assert!(report.to_string().contains("w: all 2 are 2 times too large"));
    /// assert_eq!(report.name(&report.findings[0]), "w[0]");
    /// ```
    ///
    /// # Panics
    ///
    /// If the blocks do not make up the parameters.
    #[track_caller]
    #[must_use]
    pub fn in_blocks<N: Into<String>>(
        mut self,
        blocks: impl IntoIterator<Item = (N, Shape)>,
    ) -> Self {
        let blocks: Vec<_> = blocks
            .into_iter()
            .map(|(name, shape)| (name.into(), shape))
            .collect();
        let size: usize = blocks.iter().map(|(_, shape)| shape.size()).sum();
        assert!(
            size == self.elements.len() || self.elements.is_empty(),
            "the blocks have {size} elements, and the gradient has {}",
            self.elements.len()
        );
        if !self.elements.is_empty() {
            self.divide(blocks);
        }
        self
    }

    fn divide(&mut self, blocks: Vec<(String, Shape)>) {
        let (mut rest, mut findings) = (&self.elements[..], Vec::new());
        self.blocks.clear();
        for (input, (name, shape)) in blocks.into_iter().enumerate() {
            let (elements, others) = rest.split_at(shape.size());
            rest = others;
            self.blocks.push(Block::of(name, shape, elements));
            for (element, e) in elements.iter().enumerate() {
                if let Judgement::Wrong(what) = e.judgement {
                    let finding = Finding {
                        input: Some(input),
                        element: Some(element),
                        expected: e.expected,
                        bound: e.bound,
                        got: e.got,
                        ..Finding::of(what)
                    };
                    findings.push((e.severity(), finding));
                }
            }
        }
        findings.sort_by(|a, b| b.0.total_cmp(&a.0));
        self.findings = findings.into_iter().map(|(_, finding)| finding).collect();
    }

    /// Whether every element is right.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.outcome == Outcome::Pass
    }

    /// For tests: panics with the text unless every element is right.
    ///
    /// # Panics
    ///
    /// If the gradient failed, or could not be told.
    #[track_caller]
    pub fn assert_passes(&self) {
        assert!(self.passes(), "{self}");
    }

    /// The name of what a finding is about: `W2[1,0]`.
    #[must_use]
    pub fn name(&self, finding: &Finding) -> String {
        let block = finding.input.and_then(|input| self.blocks.get(input));
        match (block, finding.element) {
            (Some(block), Some(element)) => block.name_of(element),
            (Some(block), None) => block.name.clone(),
            _ => "the gradient".to_string(),
        }
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
        let green = bold.fg_color(Some(anstyle::AnsiColor::Green.into()));
        let yellow = bold.fg_color(Some(anstyle::AnsiColor::Yellow.into()));
        let total = self.elements.len();
        let mut lines = vec![match self.outcome {
            Outcome::Pass => {
                let faint = match self.faint {
                    0 => String::new(),
                    faint => format!(" but {faint}, known to ±{:.1e} only", self.faint_bound),
                };
                let kinks = match self.kinks {
                    0 => String::new(),
                    kinks => format!("; {kinks} at a kink, between its slopes"),
                };
                format!(
                    "{}: all {total} elements, to {:.1e} of each{faint}{kinks}",
                    style(green, "the gradient is right"),
                    self.resolution
                )
            }
            Outcome::Inconclusive => style(yellow, "the gradient could not be told right or wrong"),
            Outcome::Fail if total == 0 => style(red, "the gradient is wrong"),
            Outcome::Fail => format!(
                "{}: {} of {total} elements",
                style(red, "the gradient is wrong"),
                self.findings.len()
            ),
        }];
        lines.extend(
            self.blocks
                .iter()
                .filter_map(Block::sentence)
                .map(|line| format!("  {line}")),
        );
        if let Some(worst) = self.findings.first() {
            let Finding {
                what,
                expected,
                bound,
                got,
                ..
            } = worst;
            let mut line = |name: &str, text: String| lines.push(format!("  {name:<10} {text}"));
            line("worst", format!("{}: {what}", self.name(worst)));
            if !expected.is_nan() {
                line(
                    "expected",
                    style(bold, &format!("{expected} ± {bound:.1e}")),
                );
            }
            if !got.is_nan() || !expected.is_nan() {
                line("got", style(bold, &got.to_string()));
            }
        }
        for (why, count) in &self.inconclusive {
            lines.push(format!("  {count} times {why}"));
        }
        lines.join("\n")
    }
}

impl fmt::Display for GradientReport {
    /// Without colours.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(false))
    }
}

impl Block {
    fn of(name: String, shape: Shape, elements: &[Element]) -> Self {
        let wrong = elements.iter().filter(|e| e.is_wrong()).count();
        let others = elements.iter().filter(|e| !e.is_wrong());
        Self {
            name,
            shape: shape.dims().to_vec(),
            wrong,
            as_a_whole: wrong > 0 && others.clone().all(|e| e.expected.abs() <= e.bound),
            factor: common_factor(elements),
        }
    }

    fn name_of(&self, element: usize) -> String {
        let mut index = vec![0; self.shape.len()];
        let mut rest = element;
        for (index, &n) in index.iter_mut().zip(&self.shape).rev() {
            (*index, rest) = (rest % n, rest / n);
        }
        let index: Vec<String> = index.iter().map(usize::to_string).collect();
        match index.is_empty() {
            true => self.name.clone(),
            false => format!("{}[{}]", self.name, index.join(",")),
        }
    }

    /// What is wrong with it, if anything.
    fn sentence(&self) -> Option<String> {
        if self.wrong == 0 {
            return None;
        }
        let size: usize = self.shape.iter().product();
        let which = match (self.as_a_whole, size) {
            (_, 1) => "it is".to_string(),
            (true, _) => format!("all {size} are"),
            (false, _) => format!("{} of {size} are", self.wrong),
        };
        let how = match self.factor {
            None => "wrong".to_string(),
            Some(0.0) => "0, and should not be".to_string(),
            Some(-1.0) => "of the wrong sign".to_string(),
            Some(factor) if factor > 1.0 => format!("{factor} times too large"),
            Some(factor) if factor > 0.0 => format!("{} times too small", 1.0 / factor),
            Some(factor) => format!("{factor} times what they should be"),
        };
        Some(format!("{}: {which} {how}", self.name))
    }
}

/// The factor by which all wrong elements are off, as a whole number or one over a whole number if
/// it is one as far as the bounds tell. A single element has no pattern, unless it is such a number.
fn common_factor(elements: &[Element]) -> Option<f64> {
    let wrong: Vec<_> = elements.iter().filter(|e| e.is_wrong()).collect();
    let factor = |e: &Element| (e.got / e.expected, e.bound / e.expected.abs());
    let (factor_of_best, error) = wrong
        .iter()
        .map(|e| factor(e))
        .min_by(|a, b| a.1.total_cmp(&b.1))?;
    let is_common = wrong.iter().all(|e| {
        let (factor, own) = factor(e);
        own < 0.1 && (factor - factor_of_best).abs() <= 2.0 * (own + error) * factor.abs().max(1.0)
    });
    if !is_common {
        return None;
    }
    let tolerance = 2.0 * error * factor_of_best.abs().max(1.0);
    let whole = factor_of_best.round();
    if (factor_of_best - whole).abs() <= tolerance {
        return (whole != 1.0).then_some(whole + 0.0);
    }
    let parts = factor_of_best.recip().round();
    if (factor_of_best - parts.recip()).abs() <= tolerance {
        return Some(parts.recip());
    }
    (wrong.len() > 1).then_some(factor_of_best)
}
