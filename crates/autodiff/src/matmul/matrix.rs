//! Matrices as slices with strides, checked when they are made: what the kernels' pointers rely on.

use crate::Scalar;

/// A matrix that is read: a slice with a stride per axis.
///
/// Invariant: every element `data[i · row_stride + j · col_stride]` lies within the slice.
///
/// ```
/// use autodiff::matmul::Matrix;
///
/// let a = Matrix::row_major(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3);
/// assert_eq!(a.at(1, 0), 4.0);
/// assert_eq!(a.t().at(0, 1), 4.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, S> {
    pub(super) data: &'a [S],
    pub(super) layout: Layout,
}

/// A matrix that is written: as [`Matrix`], and no two of its elements are the same place.
#[derive(Debug)]
pub struct MatrixMut<'a, S> {
    pub(super) data: &'a mut [S],
    pub(super) layout: Layout,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) row_stride: usize,
    pub(super) col_stride: usize,
}

impl Layout {
    #[inline(always)]
    #[track_caller]
    fn check(self, available: usize) {
        if self.span().is_none_or(|span| span > available) {
            let Self {
                rows,
                cols,
                row_stride,
                col_stride,
            } = self;
            Self::refuse((rows, cols), (row_stride, col_stride), available);
        }
    }

    /// Out of line, and in pairs, which are handed over in registers: a layout that a message has a
    /// reference to is written to memory before every product, and waited for there.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn refuse((rows, cols): (usize, usize), (row, col): (usize, usize), available: usize) -> ! {
        panic!(
            "a {rows} × {cols} matrix with strides {row} and {col} \
             does not fit in {available} elements"
        );
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn refuse_overlap((rows, cols): (usize, usize), (row, col): (usize, usize)) -> ! {
        panic!("a {rows} × {cols} matrix with strides {row} and {col} overlaps itself");
    }

    /// One more than the largest offset, `None` where that or a stride overflows `isize`, which is
    /// what pointer offsets are counted in: not the strides of a matrix without elements, to none of
    /// which they lead.
    #[inline(always)]
    fn span(self) -> Option<usize> {
        if self.is_empty() {
            return Some(0);
        }
        isize::try_from(self.row_stride.max(self.col_stride)).ok()?;
        let rows = (self.rows - 1).checked_mul(self.row_stride)?;
        let cols = (self.cols - 1).checked_mul(self.col_stride)?;
        let span = rows.checked_add(cols)?.checked_add(1)?;
        isize::try_from(span).is_ok().then_some(span)
    }

    /// Whether different indices are different places: one axis steps over the whole of the other,
    /// or there are no indices.
    #[inline(always)]
    fn is_injective(self) -> bool {
        let steps_over = |stride: usize, n: usize, inner_stride: usize, inner_n: usize| {
            (inner_n <= 1 || inner_stride > 0)
                && (n <= 1 || stride > (inner_n.max(1) - 1).saturating_mul(inner_stride))
        };
        self.is_empty()
            || steps_over(self.row_stride, self.rows, self.col_stride, self.cols)
            || steps_over(self.col_stride, self.cols, self.row_stride, self.rows)
    }

    /// Without an element an axis may be as long as can be counted, so a loop over both may not end.
    #[inline(always)]
    pub(super) fn is_empty(self) -> bool {
        self.rows == 0 || self.cols == 0
    }

    #[inline(always)]
    fn transposed(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }

    #[inline(always)]
    pub(super) fn offset(self, i: usize, j: usize) -> usize {
        i * self.row_stride + j * self.col_stride
    }
}

impl<'a, S: Scalar> Matrix<'a, S> {
    /// The rows × cols matrix stored row by row.
    ///
    /// # Panics
    ///
    /// If the slice has fewer elements.
    #[inline(always)]
    #[track_caller]
    #[must_use]
    pub fn row_major(data: &'a [S], rows: usize, cols: usize) -> Self {
        Self::strided(data, rows, cols, cols, 1)
    }

    /// The rows × cols matrix with element (i, j) at `data[i · row_stride + j · col_stride]`.
    ///
    /// # Panics
    ///
    /// If an element would lie outside the slice, or, unless there is none, a stride is more than
    /// `isize::MAX`.
    #[inline(always)]
    #[track_caller]
    #[must_use]
    pub fn strided(
        data: &'a [S],
        rows: usize,
        cols: usize,
        row_stride: usize,
        col_stride: usize,
    ) -> Self {
        let layout = Layout {
            rows,
            cols,
            row_stride,
            col_stride,
        };
        layout.check(data.len());
        Self { data, layout }
    }

    /// The transpose: the same elements, the strides exchanged.
    #[inline(always)]
    #[must_use]
    pub fn t(self) -> Self {
        Self {
            data: self.data,
            layout: self.layout.transposed(),
        }
    }

    /// The number of rows.
    #[inline(always)]
    #[must_use]
    pub fn rows(&self) -> usize {
        self.layout.rows
    }

    /// The number of columns.
    #[inline(always)]
    #[must_use]
    pub fn cols(&self) -> usize {
        self.layout.cols
    }

    /// The element in row `i`, column `j`.
    ///
    /// # Panics
    ///
    /// If there is no such element.
    #[inline(always)]
    #[track_caller]
    #[must_use]
    pub fn at(&self, i: usize, j: usize) -> S {
        assert!(i < self.rows() && j < self.cols(), "({i}, {j}) is outside");
        self.data[self.layout.offset(i, j)]
    }

    /// All elements row by row, if that is how they lie.
    pub(super) fn contiguous_rows(&self) -> Option<&'a [S]> {
        let Layout {
            rows,
            cols,
            row_stride,
            col_stride,
        } = self.layout;
        let lie = (cols <= 1 || col_stride == 1) && (rows <= 1 || row_stride == cols);
        lie.then(|| &self.data[..rows * cols])
    }
}

impl<'a, S: Scalar> MatrixMut<'a, S> {
    /// The rows × cols matrix stored row by row.
    ///
    /// # Panics
    ///
    /// If the slice has fewer elements.
    #[inline(always)]
    #[track_caller]
    #[must_use]
    pub fn row_major(data: &'a mut [S], rows: usize, cols: usize) -> Self {
        Self::strided(data, rows, cols, cols, 1)
    }

    /// The rows × cols matrix with element (i, j) at `data[i · row_stride + j · col_stride]`.
    ///
    /// # Panics
    ///
    /// If an element would lie outside the slice, if two of them could be the same place (neither axis
    /// steps over the whole of the other), or, unless there is none, if a stride is more than
    /// `isize::MAX`.
    #[inline(always)]
    #[track_caller]
    #[must_use]
    pub fn strided(
        data: &'a mut [S],
        rows: usize,
        cols: usize,
        row_stride: usize,
        col_stride: usize,
    ) -> Self {
        let layout = Layout {
            rows,
            cols,
            row_stride,
            col_stride,
        };
        layout.check(data.len());
        if !layout.is_injective() {
            Layout::refuse_overlap((rows, cols), (row_stride, col_stride));
        }
        Self { data, layout }
    }

    pub(crate) fn reborrow(&mut self) -> MatrixMut<'_, S> {
        MatrixMut {
            data: self.data,
            layout: self.layout,
        }
    }

    /// The transpose: the same elements, the strides exchanged.
    #[inline(always)]
    #[must_use]
    pub fn t(self) -> Self {
        Self {
            layout: self.layout.transposed(),
            data: self.data,
        }
    }
}
