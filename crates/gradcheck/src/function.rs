//! Any function that is written for every scalar: its gradient by the tape, checked exactly.

mod precision;
mod taped;

use std::fmt;

use autodiff::{Dual, Scalar, Tape, Tensor, Var, Wide};

use crate::reference::compare;
use crate::report::Values;
use crate::verdict::{Checked, Verdict};
pub(crate) use taped::Taped;

/// A function of arrays that can be recorded on a tape at every scalar.
///
/// ```
/// use autodiff::{Scalar, Tensor, Var};
/// use gradcheck::{Differentiable, check_function};
///
/// /// The distance between two points.
/// struct Distance;
///
/// impl Differentiable for Distance {
///     fn record<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Var<'t, S> {
///         (x[0] - x[1]).powi(2).sum().sqrt()
///     }
/// }
///
/// let points = [Tensor::from([1.0, 2.0]), Tensor::from([4.0, 6.0])];
/// let confirmed = check_function(&Distance, &points)?;
/// assert!(confirmed.smooth);
/// # Ok::<(), Box<gradcheck::FunctionReport>>(())
/// ```
pub trait Differentiable {
    /// Records the function of these variables, one for each input. The output may have any shape.
    ///
    /// It is called once for each of several scalars, and has to record the same function of `x`
    /// each time; the values it sees are those of the inputs.
    ///
    /// A scalar goes on the right of an operator (`x[0] * S::constant(2.0)`), or becomes a leaf: see
    /// [`Var`].
    fn record<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Var<'t, S>;
}

impl<F: Differentiable> Differentiable for &F {
    fn record<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Var<'t, S> {
        (**self).record(x)
    }
}

/// A gradient that was found right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// Whether the function has a derivative in every element. Where it has not, the gradient lies
    /// between the one-sided derivatives.
    pub smooth: bool,
}

/// A gradient that was not found right: it is wrong, or the point cannot tell.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionReport {
    /// [`Verdict::Fail`] or [`Verdict::Inconclusive`].
    pub verdict: Verdict,
    /// Where it was looked at.
    pub inputs: Vec<Values>,
}

impl fmt::Display for FunctionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::Pass => f.write_str("the gradient is right"),
            Verdict::Inconclusive(why) => write!(f, "the point cannot tell: {why}"),
            Verdict::Fail(finding) => write!(f, "the gradient is wrong: {finding}"),
        }?;
        for (k, x) in self.inputs.iter().enumerate() {
            write!(f, "\n  input {k}    {x}")?;
        }
        Ok(())
    }
}

impl std::error::Error for FunctionReport {}

/// Checks the tape's gradient of a whole function at a point, with respect to every input. (For one that
/// was written by hand, see [`check_gradient`](crate::check_gradient) and
/// [`check_vjp`](crate::check_vjp).)
///
/// The function is recorded once on a tape of 106 bits. The gradient by the tape is compared with
/// extrapolated central differences of replays and with dual numbers: first along random directions
/// that move many elements of similar weight, and element by element where that does not agree.
/// Then the gradient by a tape of f64 is compared with the one of 106 bits, within what the
/// rounding of the inputs explains. No tolerance is asked for. An output of several elements is
/// projected on a random cotangent.
///
/// ```
/// use autodiff::{Scalar, Tensor, Var};
/// use gradcheck::{Differentiable, Verdict, check_function};
///
/// /// ln(1 - x): undefined from 1 on.
/// struct Logarithm;
///
/// impl Differentiable for Logarithm {
///     fn record<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Var<'t, S> {
///         (-x[0] + S::one()).ln()
///     }
/// }
///
/// assert!(check_function(&Logarithm, &[Tensor::from([0.5, -3.0])]).is_ok());
/// let report = check_function(&Logarithm, &[Tensor::from([0.5, 3.0])]).unwrap_err();
/// assert_eq!(report.verdict, Verdict::Inconclusive("the value is not finite"));
/// ```
///
/// # Errors
///
/// If the gradient is wrong, or the point cannot tell: the report says which.
pub fn check_function(
    function: &impl Differentiable,
    inputs: &[Tensor<f64>],
) -> Result<Confirmed, Box<FunctionReport>> {
    check_recording(&Generic(function), inputs, inputs.len())
        .map(|smooth| Confirmed { smooth })
        .map_err(|verdict| {
            Box::new(FunctionReport {
                verdict,
                inputs: inputs.iter().map(Values::from).collect(),
            })
        })
}

/// Fixed: the same call gives the same answer.
const SEED: u64 = 0;

/// A function recorded at one scalar.
pub(crate) trait Record<S: Scalar> {
    fn record<'t>(&self, x: &[Var<'t, S>]) -> Var<'t, S>;
}

/// A function recorded at every scalar it is checked at.
pub(crate) trait Recording: Record<f64> + Record<Wide> + Record<Dual<Wide>> {}

impl<R: Record<f64> + Record<Wide> + Record<Dual<Wide>>> Recording for R {}

struct Generic<'f, F>(&'f F);

impl<S: Scalar, F: Differentiable> Record<S> for Generic<'_, F> {
    fn record<'t>(&self, x: &[Var<'t, S>]) -> Var<'t, S> {
        self.0.record(x)
    }
}

/// Checks a function of `leaves` inputs and of more that stand for the rounding of values on the
/// way. Where its gradient at f64 loses digits, it is told whether its ops do, each by itself.
pub(crate) fn check_rounded(
    function: &impl Recording,
    inputs: &[Tensor<f64>],
    leaves: usize,
    ops_keep_their_digits: impl FnOnce() -> bool,
) -> Checked<()> {
    let (wide, dual) = (Tape::new(), Tape::new());
    let taped = Taped::record(function, (inputs, leaves), &wide, &dual, SEED)?;
    compare(&taped)?;
    match precision::check(function, inputs, &taped) {
        // Contributions of several ops can cancel, and none of them is to blame.
        Err(Verdict::Fail(_)) if ops_keep_their_digits() => {
            Err(Verdict::Inconclusive("digits cancel between the ops"))
        }
        checked => checked,
    }
}

/// Whether the function has a derivative in every element.
fn check_recording(
    function: &impl Recording,
    inputs: &[Tensor<f64>],
    leaves: usize,
) -> Checked<bool> {
    let (wide, dual) = (Tape::new(), Tape::new());
    let taped = Taped::record(function, (inputs, leaves), &wide, &dual, SEED)?;
    let smooth = compare(&taped)?;
    precision::check(function, inputs, &taped)?;
    Ok(smooth)
}
