//! Arrays: owned, and borrowed from a tape.

use std::fmt;
use std::ops::{
    Deref, Index, IndexMut, Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive,
};

use crate::{Scalar, Shape};

/// An owned array: contiguous, row-major, `shape.size()` elements.
///
/// A tensor only carries data in and out of a [`Tape`](crate::Tape); arithmetic is the tape's.
///
/// ```
/// use autodiff::Tensor;
///
/// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// assert_eq!(x.shape().dims(), [2, 3]);
/// assert_eq!(x[[1, 0]], 4.0);
/// assert_eq!(x.map(|v| v * 10.0).as_slice()[5], 60.0);
/// ```
#[derive(Clone, PartialEq)]
pub struct Tensor<S> {
    shape: Shape,
    data: Vec<S>,
}

impl<S: Scalar> Tensor<S> {
    /// The array of this shape with these elements, row by row.
    ///
    /// # Panics
    ///
    /// If the number of elements is not the shape's.
    #[track_caller]
    #[must_use]
    pub fn new(shape: impl Into<Shape>, data: Vec<S>) -> Self {
        let shape = shape.into();
        assert!(
            data.len() == shape.size(),
            "a tensor of shape {shape} has {} elements, and {} were given",
            shape.size(),
            data.len()
        );
        Self { shape, data }
    }

    /// The array whose elements are all `value`.
    #[track_caller]
    #[must_use]
    pub fn full(shape: impl Into<Shape>, value: S) -> Self {
        let shape = shape.into();
        Self {
            shape,
            data: vec![value; shape.size()],
        }
    }

    /// The array of zeros.
    #[track_caller]
    #[must_use]
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        Self::full(shape, S::zero())
    }

    /// The array whose `k`-th element, counted row by row, is `element(k)`.
    #[track_caller]
    #[must_use]
    pub fn from_fn(shape: impl Into<Shape>, element: impl FnMut(usize) -> S) -> Self {
        let shape = shape.into();
        Self {
            shape,
            data: (0..shape.size()).map(element).collect(),
        }
    }

    /// The axes' lengths.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The elements, row by row.
    #[must_use]
    pub fn as_slice(&self) -> &[S] {
        &self.data
    }

    /// The elements, row by row.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [S] {
        &mut self.data
    }

    /// The elements, row by row, without the shape.
    #[must_use]
    pub fn into_vec(self) -> Vec<S> {
        self.data
    }

    /// The same array, borrowed.
    #[must_use]
    pub fn view(&self) -> View<'_, S> {
        View {
            shape: self.shape,
            data: &self.data,
        }
    }

    /// The only element.
    ///
    /// # Panics
    ///
    /// If there are more, or none.
    #[track_caller]
    #[must_use]
    pub fn item(&self) -> S {
        self.view().item()
    }

    /// The array of `f` of every element, possibly of another scalar.
    #[must_use]
    pub fn map<T: Scalar>(&self, f: impl FnMut(S) -> T) -> Tensor<T> {
        Tensor {
            shape: self.shape,
            data: self.data.iter().copied().map(f).collect(),
        }
    }
}

impl<S: Scalar> From<S> for Tensor<S> {
    /// The array without axes.
    fn from(value: S) -> Self {
        Self::full((), value)
    }
}

impl<S: Scalar> From<Vec<S>> for Tensor<S> {
    /// One axis.
    fn from(values: Vec<S>) -> Self {
        Self::new([values.len()], values)
    }
}

impl<S: Scalar, const N: usize> From<[S; N]> for Tensor<S> {
    /// One axis.
    fn from(values: [S; N]) -> Self {
        Self::new([N], values.to_vec())
    }
}

impl<S: Scalar, const M: usize, const N: usize> From<[[S; N]; M]> for Tensor<S> {
    /// A matrix, row by row.
    fn from(rows: [[S; N]; M]) -> Self {
        Self::new([M, N], rows.concat())
    }
}

impl<S: Scalar, const N: usize> Index<[usize; N]> for Tensor<S> {
    type Output = S;

    /// The element at one index per axis.
    ///
    /// # Panics
    ///
    /// If the number of indices is not the rank, or one of them is out of range.
    #[track_caller]
    fn index(&self, indices: [usize; N]) -> &S {
        &self.data[offset(self.shape, indices)]
    }
}

impl<S: Scalar, const N: usize> IndexMut<[usize; N]> for Tensor<S> {
    #[track_caller]
    fn index_mut(&mut self, indices: [usize; N]) -> &mut S {
        &mut self.data[offset(self.shape, indices)]
    }
}

#[track_caller]
fn offset<const N: usize>(shape: Shape, indices: [usize; N]) -> usize {
    assert!(
        N == shape.rank() && indices.iter().zip(shape.dims()).all(|(i, n)| i < n),
        "there is no element {indices:?} in a tensor of shape {shape}"
    );
    indices
        .iter()
        .zip(shape.dims())
        .fold(0, |offset, (i, n)| offset * n + i)
}

impl<S: fmt::Debug> fmt::Debug for Tensor<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor{} {:?}", self.shape, self.data)
    }
}

/// A borrowed array: the elements, row by row, and their shape. It dereferences to the slice.
///
/// What a [`Tensor`] is made from, a view is made from a reference to: `&3.0`, `&[1.0, 2.0]`, rows,
/// a slice or a vector.
///
/// ```
/// use autodiff::{Tape, Tensor};
///
/// let x = Tensor::from([[3.0, 4.0]]);
/// assert_eq!(x.view().iter().map(|v| v * v).sum::<f64>(), 25.0);
/// assert_eq!((x.view()[[0, 1]], x.view()[1]), (4.0, 4.0));
/// assert_eq!(x.view().to_tensor(), x);
///
/// let tape = Tape::new();
/// let w = tape.variable([1.0, 2.0]);
/// tape.set(w, &[5.0, 6.0]);
/// assert_eq!(w.value(), Tensor::from([5.0, 6.0]));
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct View<'a, S> {
    shape: Shape,
    data: &'a [S],
}

impl<'a, S: Scalar> View<'a, S> {
    /// These elements, seen as an array of this shape.
    ///
    /// # Panics
    ///
    /// If the number of elements is not the shape's.
    #[track_caller]
    #[must_use]
    pub fn new(shape: impl Into<Shape>, data: &'a [S]) -> Self {
        let shape = shape.into();
        assert!(
            data.len() == shape.size(),
            "a view of shape {shape} has {} elements, and {} were given",
            shape.size(),
            data.len()
        );
        Self { shape, data }
    }

    /// [`new`](View::new), where the number of elements is known to be the shape's.
    #[inline]
    pub(crate) fn of_size(shape: Shape, data: &'a [S]) -> Self {
        debug_assert!(data.len() == shape.size());
        Self { shape, data }
    }

    /// The axes' lengths.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The elements, row by row, for as long as what they are borrowed from.
    #[must_use]
    pub fn as_slice(&self) -> &'a [S] {
        self.data
    }

    /// The only element.
    ///
    /// # Panics
    ///
    /// If there are more, or none.
    #[track_caller]
    #[must_use]
    pub fn item(&self) -> S {
        match self.data {
            [value] => *value,
            _ => panic!("item() wants one element, and the shape is {}", self.shape),
        }
    }

    /// An owned copy.
    #[must_use]
    pub fn to_tensor(&self) -> Tensor<S> {
        Tensor {
            shape: self.shape,
            data: self.data.to_vec(),
        }
    }
}

impl<'a, S: Scalar> From<&'a Tensor<S>> for View<'a, S> {
    fn from(tensor: &'a Tensor<S>) -> Self {
        tensor.view()
    }
}

impl<'a, S: Scalar> From<&'a S> for View<'a, S> {
    /// The array without axes.
    fn from(value: &'a S) -> Self {
        Self::of_size(Shape::scalar(), std::slice::from_ref(value))
    }
}

impl<'a, S: Scalar> From<&'a [S]> for View<'a, S> {
    /// One axis.
    fn from(values: &'a [S]) -> Self {
        Self::of_size([values.len()].into(), values)
    }
}

impl<'a, S: Scalar> From<&'a Vec<S>> for View<'a, S> {
    /// One axis.
    fn from(values: &'a Vec<S>) -> Self {
        values.as_slice().into()
    }
}

impl<'a, S: Scalar, const N: usize> From<&'a [S; N]> for View<'a, S> {
    /// One axis.
    fn from(values: &'a [S; N]) -> Self {
        values.as_slice().into()
    }
}

impl<'a, S: Scalar, const M: usize, const N: usize> From<&'a [[S; N]; M]> for View<'a, S> {
    /// A matrix, row by row.
    fn from(rows: &'a [[S; N]; M]) -> Self {
        Self::of_size([M, N].into(), rows.as_flattened())
    }
}

impl<S: Scalar, const N: usize> Index<[usize; N]> for View<'_, S> {
    type Output = S;

    /// The element at one index per axis.
    ///
    /// # Panics
    ///
    /// If the number of indices is not the rank, or one of them is out of range.
    #[track_caller]
    fn index(&self, indices: [usize; N]) -> &S {
        &self.data[offset(self.shape, indices)]
    }
}

/// What the slice has; that it dereferences to one is not asked for an index, since there is one.
macro_rules! index_as_the_slice {
    ($($index:ty => $output:ty),+) => {$(
        impl<S> Index<$index> for View<'_, S> {
            type Output = $output;

            #[inline]
            #[track_caller]
            fn index(&self, index: $index) -> &$output {
                &self.data[index]
            }
        }
    )+};
}

index_as_the_slice! {
    usize => S,
    RangeFull => [S],
    Range<usize> => [S],
    RangeFrom<usize> => [S],
    RangeTo<usize> => [S],
    RangeInclusive<usize> => [S],
    RangeToInclusive<usize> => [S]
}

impl<S> Deref for View<'_, S> {
    type Target = [S];

    fn deref(&self) -> &[S] {
        self.data
    }
}

impl<S: fmt::Debug> fmt::Debug for View<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "View{} {:?}", self.shape, self.data)
    }
}
