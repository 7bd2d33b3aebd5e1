//! Which axes a reduction runs over.

use std::fmt;

use crate::signature::Draw;
use crate::{MAX_RANK, Shape, ShapeError};

/// The axes a reduction runs over, and whether the result keeps them with length 1.
///
/// ```
/// use autodiff::{Axes, Tape, Tensor};
///
/// let tape = Tape::new();
/// let x = tape.variable(Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
/// assert_eq!(x.sum_over(1).value(), Tensor::from([6.0, 15.0]));
/// assert_eq!(x.sum_over(Axes::from(1).kept()).value(), Tensor::from([[6.0], [15.0]]));
/// assert_eq!(x.sum_over([0, 1]).item(), 21.0);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Axes {
    /// `None` for all of them.
    chosen: Option<[bool; MAX_RANK]>,
    /// The first axis that no shape has, or that was named twice.
    wrong: Option<usize>,
    kept: bool,
}

impl Axes {
    /// All axes, whatever the rank.
    pub const ALL: Self = Self {
        chosen: None,
        wrong: None,
        kept: false,
    };

    /// These axes, counted from 0.
    #[must_use]
    pub fn new(axes: &[usize]) -> Self {
        let mut chosen = [false; MAX_RANK];
        let mut wrong = None;
        for &axis in axes {
            match chosen.get_mut(axis) {
                Some(chosen) if !*chosen => *chosen = true,
                _ => wrong = wrong.or(Some(axis)),
            }
        }
        Self {
            chosen: Some(chosen),
            wrong,
            kept: false,
        }
    }

    /// The same axes, kept in the result with length 1, so that it broadcasts against the input.
    #[must_use]
    pub fn kept(self) -> Self {
        Self { kept: true, ..self }
    }

    /// The shape that `shape` has after the reduction.
    pub(super) fn reduced(self, shape: Shape) -> Result<Shape, ShapeError> {
        let absent = self
            .chosen
            .and_then(|chosen| chosen.iter().skip(shape.rank()).position(|&c| c))
            .map(|beyond| shape.rank() + beyond);
        if let Some(axis) = self.wrong.or(absent) {
            let twice = axis < shape.rank();
            let what = if twice {
                "is named twice"
            } else {
                "does not exist"
            };
            return Err(ShapeError::new(format!("axis {axis} {what}")));
        }
        if self.kept {
            return Ok(self.squeezed(shape));
        }
        let left: Vec<usize> = (0..shape.rank())
            .filter(|&axis| !self.contains(axis))
            .map(|axis| shape.dims()[axis])
            .collect();
        Ok(Shape::new(&left))
    }

    /// `shape` with length 1 along the axes.
    pub(super) fn squeezed(self, shape: Shape) -> Shape {
        with_length_1(shape, |axis| self.contains(axis))
    }

    /// `shape` with length 1 along all axes but these: the elements that make one of the result.
    pub(super) fn complement(self, shape: Shape) -> Shape {
        with_length_1(shape, |axis| !self.contains(axis))
    }

    /// How many elements of `shape` make one of the result.
    pub(super) fn count(self, shape: Shape) -> usize {
        (0..shape.rank())
            .filter(|&axis| self.contains(axis))
            .map(|axis| shape.dims()[axis])
            .product()
    }

    /// A free choice of axes of a shape of this rank.
    pub(super) fn draw(draw: &mut Draw<'_>, rank: usize) -> Self {
        let axes = if draw.flag() {
            let axes: Vec<usize> = (0..rank).filter(|_| draw.flag()).collect();
            Self::new(&axes)
        } else {
            Self::ALL
        };
        if draw.flag() { axes.kept() } else { axes }
    }

    fn contains(self, axis: usize) -> bool {
        self.chosen.is_none_or(|chosen| chosen[axis])
    }
}

fn with_length_1(shape: Shape, is_one: impl Fn(usize) -> bool) -> Shape {
    let mut dims = [1; MAX_RANK];
    for (axis, &n) in shape.dims().iter().enumerate() {
        if !is_one(axis) {
            dims[axis] = n;
        }
    }
    Shape::new(&dims[..shape.rank()])
}

impl From<usize> for Axes {
    fn from(axis: usize) -> Self {
        Self::new(&[axis])
    }
}

impl<const N: usize> From<[usize; N]> for Axes {
    fn from(axes: [usize; N]) -> Self {
        Self::new(&axes)
    }
}

impl From<&[usize]> for Axes {
    fn from(axes: &[usize]) -> Self {
        Self::new(axes)
    }
}

impl fmt::Debug for Axes {
    /// As Rust code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.chosen {
            None => f.write_str("Axes::ALL")?,
            Some(chosen) => {
                let axes: Vec<usize> = (0..MAX_RANK).filter(|&axis| chosen[axis]).collect();
                write!(f, "Axes::new(&{axes:?})")?;
            }
        }
        f.write_str(if self.kept { ".kept()" } else { "" })
    }
}
