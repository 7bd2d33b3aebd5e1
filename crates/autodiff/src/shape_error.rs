//! Why an op refuses the shapes it was given.

use std::fmt;

use crate::Shape;

/// An op was given inputs whose shapes it has no meaning for.
///
/// The message names the op, every input's shape and the reason.
///
/// ```
/// use autodiff::{Tape, Tensor, ops::Matmul};
///
/// let tape = Tape::new();
/// let a = tape.variable(Tensor::<f64>::zeros([2, 3]));
/// let error = tape.record(Matmul, &[a, a]).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "matmul of (2, 3) and (2, 3): the inner axes, 3 and 2, differ"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeError {
    op: &'static str,
    inputs: Vec<Shape>,
    reason: String,
}

impl ShapeError {
    /// The error for this reason. The op's name and the shapes are added by whoever called the
    /// op, so that [`Op::output_shape`](crate::Op::output_shape) need not.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            op: "op",
            inputs: Vec::new(),
            reason: reason.into(),
        }
    }

    pub(crate) fn of(self, op: &'static str, inputs: &[Shape]) -> Self {
        Self {
            op,
            inputs: inputs.to_vec(),
            ..self
        }
    }

    /// The name of the op that refused.
    #[must_use]
    pub fn op(&self) -> &'static str {
        self.op
    }

    /// The shapes it was given.
    #[must_use]
    pub fn inputs(&self) -> &[Shape] {
        &self.inputs
    }
}

impl std::error::Error for ShapeError {}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.op)?;
        for (k, shape) in self.inputs.iter().enumerate() {
            write!(f, " {} {shape}", if k == 0 { "of" } else { "and" })?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// The shapes of an op that takes exactly `N` inputs.
///
/// # Errors
///
/// If there are more or fewer.
///
/// ```
/// use autodiff::{Shape, expect_inputs};
///
/// let [a, b] = expect_inputs(&[Shape::from([2]), Shape::from([3])])?;
/// assert_eq!(a.size() + b.size(), 5);
/// # Ok::<(), autodiff::ShapeError>(())
/// ```
pub fn expect_inputs<const N: usize>(shapes: &[Shape]) -> Result<[Shape; N], ShapeError> {
    shapes
        .try_into()
        .map_err(|_| input_count_error(N, shapes.len()))
}

/// The refusal of another number of inputs than the op's.
pub(crate) fn input_count_error(taken: usize, given: usize) -> ShapeError {
    let inputs = if taken == 1 { "input" } else { "inputs" };
    let were = if given == 1 { "was" } else { "were" };
    ShapeError::new(format!(
        "it takes {taken} {inputs}, and {given} {were} given"
    ))
}
