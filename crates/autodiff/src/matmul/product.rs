//! What the kernels are handed: pointers and strides, checked once.

use std::ops::Range;
use std::ptr;

use super::marks::Marks;
use super::{Matrix, MatrixMut};
use crate::Scalar;

/// Where element (i, j) is: at `at + i · row + j · col`.
#[derive(Debug)]
pub(crate) struct Place<P> {
    pub(super) at: P,
    pub(super) row: isize,
    pub(super) col: isize,
}

impl<P: Copy> Clone for Place<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Copy> Copy for Place<P> {}

impl<P> Place<P> {
    #[inline(always)]
    fn t(self) -> Self {
        Self {
            at: self.at,
            row: self.col,
            col: self.row,
        }
    }
}

/// How far `n` steps of a stride are. Whatever the stride is of a row that is not there, this is no
/// overflow: an address that is not used may be any.
#[inline(always)]
pub(super) fn steps(n: usize, stride: isize) -> isize {
    (n as isize).wrapping_mul(stride)
}

/// What becomes of C, x being a sum: f(α x + β C), and if β is 0, C is read only where it is a gate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Update<S> {
    pub(super) start: Start<S>,
    pub(super) alpha: S,
    pub(super) beta: S,
    pub(super) finish: Finish<S>,
}

/// What a sum begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start<S> {
    Zero,
    /// One number per row. Kernels that get it have C's rows contiguous.
    Bias(*const S),
}

/// The function f.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Finish<S> {
    /// x itself.
    Identity,
    /// x where it is positive or NaN, else 0, of either sign.
    Relu,
    /// x where a gate is positive or NaN, else 0: a matrix with the strides of C, C itself perhaps.
    WherePositive(*const S),
    /// x where marks say so, else 0; C is what it is added to.
    WhereMarked(*const Marks<S>),
}

/// α x + β C, as tiles tell the usual ones from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Argument {
    /// x: α is 1 and β is 0.
    Sum,
    /// x + C, both being 1: what the later parts of an inner axis are, if α is 1.
    SumAndC,
    /// Another one, or one that marks are asked about.
    Any,
}

impl<S: Scalar> Update<S> {
    /// C ← α A B + β C.
    #[inline(always)]
    pub(super) fn scaled(alpha: S, beta: S) -> Self {
        Self {
            start: Start::Zero,
            alpha,
            beta,
            finish: Finish::Identity,
        }
    }

    /// C ← A B + b 1ᵀ, and the positive part of it if `relu`.
    #[inline(always)]
    pub(super) fn biased(bias: *const S, relu: bool) -> Self {
        Self {
            start: Start::Bias(bias),
            finish: if relu { Finish::Relu } else { Finish::Identity },
            ..Self::scaled(S::one(), S::zero())
        }
    }

    /// α and β, if that is all there is to it.
    #[inline(always)]
    pub(super) fn factors(self) -> Option<[S; 2]> {
        match (self.start, self.finish) {
            (Start::Zero, Finish::Identity) => Some([self.alpha, self.beta]),
            _ => None,
        }
    }

    /// What f is applied to.
    #[inline(always)]
    pub(super) fn argument(self) -> Argument {
        match self.finish {
            Finish::WhereMarked(_) => Argument::Any,
            _ if !self.alpha.is_one() => Argument::Any,
            _ if self.beta.is_zero() => Argument::Sum,
            _ if self.beta.is_one() => Argument::SumAndC,
            _ => Argument::Any,
        }
    }

    /// Whether rows of C are not all treated alike, which its transpose has no words for.
    #[inline(always)]
    pub(super) fn is_by_rows(self) -> bool {
        matches!(self.start, Start::Bias(_))
    }
}

/// A product of an m × k by a k × n matrix.
///
/// Invariant: the elements of A, B and C are valid for the lifetime of what it was made of, those
/// of C for writing; they are distinct places, and none of them belongs to A, B, a bias, or a gate
/// other than C. What is valid of C is valid of a gate, for reading. Marks are those of the C that this
/// one is a part of, by columns in whole vectors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product<S> {
    pub(super) m: usize,
    pub(super) k: usize,
    pub(super) n: usize,
    pub(super) a: Place<*const S>,
    pub(super) b: Place<*const S>,
    pub(super) c: Place<*mut S>,
    pub(super) update: Update<S>,
}

// SAFETY: it stands for shared slices (A, B, a bias, a gate) and parts of one exclusive slice of
// numbers; whoever sends it to another thread takes care that two threads have no part of C in
// common, of which each reads its own alone, as a gate too. Marks are made after that, by the thread.
unsafe impl<S: Scalar> Send for Product<S> {}

impl<S: Scalar> Product<S> {
    /// How many multiplications it takes; as many as can be counted, if that is less.
    #[inline(always)]
    pub(super) fn multiplications(&self) -> usize {
        self.m.saturating_mul(self.k).saturating_mul(self.n)
    }

    /// Empty ones too; the caller keeps borrowed what it is made of.
    #[inline(always)]
    pub(super) fn new(
        a: &Matrix<'_, S>,
        b: &Matrix<'_, S>,
        c: &mut MatrixMut<'_, S>,
        update: Update<S>,
    ) -> Self {
        let (m, k, n) = (c.layout.rows, a.layout.cols, c.layout.cols);
        assert!(a.layout.rows == m && b.layout.rows == k && b.layout.cols == n);
        let read = |x: &Matrix<'_, S>| Place {
            at: x.data.as_ptr(),
            row: x.layout.row_stride as isize,
            col: x.layout.col_stride as isize,
        };
        Self {
            m,
            k,
            n,
            a: read(a),
            b: read(b),
            c: Place {
                at: c.data.as_mut_ptr(),
                row: c.layout.row_stride as isize,
                col: c.layout.col_stride as isize,
            },
            update,
        }
    }

    /// Cᵀ ← α Bᵀ Aᵀ + β Cᵀ.
    #[inline(always)]
    pub(super) fn transposed(&self) -> Self {
        Self {
            m: self.n,
            n: self.m,
            a: self.b.t(),
            b: self.a.t(),
            c: self.c.t(),
            ..*self
        }
    }

    /// Whether elements of a row of C are next to each other.
    #[inline(always)]
    pub(super) fn c_has_rows(&self) -> bool {
        self.c.col == 1 || self.n <= 1
    }

    /// The same of a column of C.
    #[inline(always)]
    pub(super) fn c_has_cols(&self) -> bool {
        self.c.row == 1 || self.m <= 1
    }

    /// Whether elements of a row of B are next to each other.
    #[inline(always)]
    pub(super) fn b_has_rows(&self) -> bool {
        self.b.col == 1 || self.n <= 1
    }

    /// Whether elements of a row of A, and those of a column of B, are next to each other.
    #[inline(always)]
    pub(super) fn has_long_inner_axis(&self) -> bool {
        (self.a.col == 1 && self.b.row == 1) || self.k <= 1
    }

    /// The rows of C in a range that is within 0..m, and what they are made of.
    #[inline(always)]
    pub(super) fn rows(&self, rows: Range<usize>) -> Self {
        let start = rows.start;
        let to_c = steps(start, self.c.row);
        Self {
            m: rows.len(),
            a: Place {
                at: self.a.at.wrapping_offset(steps(start, self.a.row)),
                ..self.a
            },
            c: Place {
                at: self.c.at.wrapping_offset(to_c),
                ..self.c
            },
            update: Update {
                start: match self.update.start {
                    Start::Bias(bias) => Start::Bias(bias.wrapping_add(start)),
                    Start::Zero => Start::Zero,
                },
                finish: self.update.finish.moved(to_c),
                ..self.update
            },
            ..*self
        }
    }

    /// The columns of C in a range that is within 0..n, and what they are made of.
    pub(super) fn cols(&self, cols: Range<usize>) -> Self {
        let start = cols.start;
        let to_c = steps(start, self.c.col);
        Self {
            n: cols.len(),
            b: Place {
                at: self.b.at.wrapping_offset(steps(start, self.b.col)),
                ..self.b
            },
            c: Place {
                at: self.c.at.wrapping_offset(to_c),
                ..self.c
            },
            update: Update {
                finish: self.update.finish.moved(to_c),
                ..self.update
            },
            ..*self
        }
    }

    /// Whether it can be made in several steps, each of a part of the inner axis: not if C is what
    /// has to be asked at the end.
    #[inline(always)]
    pub(super) fn has_parts(&self) -> bool {
        match self.update.finish {
            Finish::WherePositive(gate) => !ptr::eq(gate, self.c.at),
            Finish::Identity | Finish::Relu | Finish::WhereMarked(_) => true,
        }
    }

    /// A part of the inner axis, if the product [has parts](Self::has_parts) or the part is the
    /// whole. The first part is the one that applies β or the bias, the last one applies f.
    pub(super) fn inner(&self, inner: Range<usize>) -> Self {
        debug_assert!(self.has_parts() || inner == (0..self.k));
        let start = inner.start;
        let mut update = self.update;
        if inner.start > 0 {
            update.start = Start::Zero;
            update.beta = S::one();
        }
        if inner.end < self.k {
            update.finish = Finish::Identity;
        }
        Self {
            k: inner.len(),
            a: Place {
                at: self.a.at.wrapping_offset(steps(start, self.a.col)),
                ..self.a
            },
            b: Place {
                at: self.b.at.wrapping_offset(steps(start, self.b.row)),
                ..self.b
            },
            update,
            ..*self
        }
    }
}

impl<S> Finish<S> {
    /// For the part of C that begins so many elements further on.
    #[inline(always)]
    pub(super) fn moved(self, elements: isize) -> Self {
        match self {
            Self::WherePositive(gate) => Self::WherePositive(gate.wrapping_offset(elements)),
            other => other,
        }
    }
}

/// `0..n` in parts, `take` saying how many of those that are left are the next one.
#[inline(always)]
pub(super) fn parts(n: usize, take: impl Fn(usize) -> usize) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let end = (start < n).then(|| start + take(n - start))?;
        Some(std::mem::replace(&mut start, end)..end)
    })
}

/// The bytes of a line of the cache.
pub(super) const LINE: usize = 64;

/// The bytes of a page of memory.
pub(super) const PAGE: usize = 4096;

/// Whether a step of so many elements, more than one, is one of a multiple of these bytes.
#[inline(always)]
pub(super) fn is_multiple_of<S>(bytes: usize, stride: isize) -> bool {
    stride > 1
        && stride
            .unsigned_abs()
            .wrapping_mul(size_of::<S>())
            .is_multiple_of(bytes)
}
