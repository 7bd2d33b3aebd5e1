//! Shapes and NumPy's broadcasting rule.

use std::fmt;

/// The largest number of axes a [`Shape`] can have.
pub const MAX_RANK: usize = 6;

/// The lengths of an array's axes, outermost first: at most [`MAX_RANK`] of them, each possibly 0.
///
/// The array itself is row-major: the last axis is contiguous.
///
/// ```
/// use autodiff::Shape;
///
/// let matrix = Shape::from([2, 3]);
/// assert_eq!(matrix.dims(), [2, 3]);
/// assert_eq!(matrix.size(), 6);
/// assert_eq!(matrix.to_string(), "(2, 3)");
/// assert_eq!(Shape::scalar().size(), 1);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    // Axes beyond the rank are 1, so that derived equality is the right one.
    dims: [usize; MAX_RANK],
    rank: u8,
}

impl Shape {
    /// The shape with these axes.
    ///
    /// # Panics
    ///
    /// If there are more than [`MAX_RANK`] of them, or if their product overflows `usize`.
    #[track_caller]
    #[must_use]
    pub fn new(axes: &[usize]) -> Self {
        match Self::checked(axes) {
            Some(shape) => shape,
            None if axes.len() > MAX_RANK => panic!(
                "a shape has at most {MAX_RANK} axes, and this one has {}",
                axes.len()
            ),
            None => panic!("the shape {axes:?} is too large to address"),
        }
    }

    /// The shape with these axes, `None` if there are too many or their product overflows.
    fn checked(axes: &[usize]) -> Option<Self> {
        // Zeros are left out, so that no order of the axes can hide an overflow.
        axes.iter()
            .filter(|&&n| n != 0)
            .try_fold(1_usize, |product, &n| product.checked_mul(n))?;
        let mut dims = [1; MAX_RANK];
        dims.get_mut(..axes.len())?.copy_from_slice(axes);
        Some(Self {
            dims,
            rank: axes.len() as u8,
        })
    }

    /// These axes, and then those of `inner`: a batch of arrays.
    pub(crate) fn of_batch(self, inner: &[usize]) -> Option<Self> {
        Self::checked(&[self.dims(), inner].concat())
    }

    /// The shape without axes, of one element: `()`.
    #[must_use]
    pub const fn scalar() -> Self {
        Self {
            dims: [1; MAX_RANK],
            rank: 0,
        }
    }

    /// The length of every axis, outermost first.
    #[inline]
    #[must_use]
    pub fn dims(&self) -> &[usize] {
        &self.dims[..self.rank()]
    }

    /// The number of axes.
    #[inline]
    #[must_use]
    pub fn rank(&self) -> usize {
        usize::from(self.rank)
    }

    /// The number of elements: the product of the axes, 1 for a scalar.
    #[must_use]
    pub fn size(&self) -> usize {
        self.dims().iter().product()
    }

    /// The shape both operands of an elementwise op are stretched to, by NumPy's rule: aligned at
    /// the last axis, each pair of axes is equal, or one of the two is 1 or missing. `None` where
    /// the rule does not hold, or the result is too large to address.
    ///
    /// ```
    /// use autodiff::Shape;
    ///
    /// let (column, row) = (Shape::from([2, 1]), Shape::from([3]));
    /// assert_eq!(column.broadcast(row), Some(Shape::from([2, 3])));
    /// assert_eq!(row.broadcast(Shape::from([2])), None);
    /// ```
    #[must_use]
    pub fn broadcast(self, other: Self) -> Option<Self> {
        let rank = self.rank().max(other.rank());
        let mut axes = [1; MAX_RANK];
        for (k, axis) in axes[..rank].iter_mut().enumerate() {
            let from_end = rank - k;
            *axis = match (self.axis_from_end(from_end), other.axis_from_end(from_end)) {
                (a, b) if a == b => a,
                (1, n) | (n, 1) => n,
                _ => return None,
            };
        }
        Self::checked(&axes[..rank])
    }

    /// Whether an array of this shape stretches to `target` without changing it.
    pub(crate) fn stretches_to(self, target: Self) -> bool {
        self.broadcast(target) == Some(target)
    }

    /// The length of the axis `k` places from the end (1 is the last), 1 where there is none.
    fn axis_from_end(&self, k: usize) -> usize {
        if k <= self.rank() {
            self.dims[self.rank() - k]
        } else {
            1
        }
    }

    /// How far apart neighbours along each axis of `target` lie in an array of this shape: its
    /// row-major strides, with 0 along every axis it is stretched over.
    pub(crate) fn strides_in(self, target: Self) -> [usize; MAX_RANK] {
        let mut strides = [0; MAX_RANK];
        let mut stride = 1;
        for from_end in 1..=target.rank() {
            let n = self.axis_from_end(from_end);
            if n != 1 {
                strides[target.rank() - from_end] = stride;
            }
            stride *= n;
        }
        strides
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    #[track_caller]
    fn from(axes: [usize; N]) -> Self {
        const { assert!(N <= MAX_RANK, "a shape has at most MAX_RANK axes") };
        Self::new(&axes)
    }
}

impl From<&[usize]> for Shape {
    /// # Panics
    ///
    /// As [`Shape::new`].
    #[track_caller]
    fn from(axes: &[usize]) -> Self {
        Self::new(axes)
    }
}

impl From<usize> for Shape {
    /// One axis.
    fn from(length: usize) -> Self {
        Self::new(&[length])
    }
}

impl From<()> for Shape {
    fn from((): ()) -> Self {
        Self::scalar()
    }
}

impl fmt::Display for Shape {
    /// As NumPy prints it: `()`, `(3,)`, `(2, 3)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dims() {
            [n] => write!(f, "({n},)"),
            axes => {
                f.write_str("(")?;
                for (k, n) in axes.iter().enumerate() {
                    write!(f, "{}{n}", if k == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
        }
    }
}

impl fmt::Debug for Shape {
    /// As Rust code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shape::new(&{:?})", self.dims())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
        Shape::new(a)
            .broadcast(Shape::new(b))
            .map(|shape| shape.dims().to_vec())
    }

    #[test]
    fn broadcasting_is_numpys() {
        assert_eq!(broadcast(&[], &[]), Some(vec![]));
        assert_eq!(broadcast(&[3], &[]), Some(vec![3]));
        assert_eq!(broadcast(&[4, 1, 3], &[2, 1]), Some(vec![4, 2, 3]));
        assert_eq!(broadcast(&[0], &[1]), Some(vec![0]));
        assert_eq!(broadcast(&[2, 0], &[1, 1]), Some(vec![2, 0]));
        assert_eq!(broadcast(&[0], &[2]), None);
        assert_eq!(broadcast(&[2, 3], &[3, 2]), None);
    }

    #[test]
    fn strides_are_zero_along_stretched_axes() {
        let target = Shape::from([4, 2, 3]);
        assert_eq!(target.strides_in(target)[..3], [6, 3, 1]);
        assert_eq!(Shape::from([2, 1]).strides_in(target)[..3], [0, 1, 0]);
        assert_eq!(Shape::from([4, 1, 3]).strides_in(target)[..3], [3, 0, 1]);
        assert_eq!(Shape::scalar().strides_in(target)[..3], [0, 0, 0]);
    }

    #[test]
    fn prints_like_numpy() {
        let printed = [&[][..], &[3], &[2, 0]].map(|axes| Shape::new(axes).to_string());
        assert_eq!(printed, ["()", "(3,)", "(2, 0)"]);
    }

    #[test]
    #[should_panic(expected = "too large")]
    fn an_overflowing_size_is_refused_even_beside_a_zero() {
        let _ = Shape::new(&[usize::MAX, 0, 2]);
    }
}
