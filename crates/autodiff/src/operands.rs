//! What a rule is handed: the primals it reads and the cotangents it adds to.

use std::ops::{Index, Range};

use crate::matmul::{Matrix, MatrixMut, matmul};
use crate::vectorized::{assign, update};
use crate::{Scalar, Shape, View};

/// Where the value of a node lives in the value arena.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) offset: usize,
    pub(crate) len: usize,
    pub(crate) shape: Shape,
}

impl Slot {
    pub(crate) fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.len
    }
}

/// The values of an op's inputs, in the order the op was recorded with.
///
/// ```
/// use autodiff::{Primals, Scalar};
///
/// /// The forward rule of a weighted sum.
/// fn forward<S: Scalar>(x: Primals<'_, S>, y: &mut [S]) {
///     let [weights, values] = x.views();
///     y[0] = weights.iter().zip(values.iter()).map(|(&w, &v)| w * v).sum();
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Primals<'a, S> {
    pub(crate) values: &'a [S],
    /// Of all nodes.
    pub(crate) slots: &'a [Slot],
    /// The nodes that the inputs are.
    pub(crate) inputs: &'a [usize],
}

impl<'a, S: Scalar> Primals<'a, S> {
    /// The elements of input `i`, row by row.
    ///
    /// # Panics
    ///
    /// If there is no such input.
    #[inline]
    #[must_use]
    pub fn get(&self, i: usize) -> &'a [S] {
        &self.values[self.slots[self.inputs[i]].range()]
    }

    /// The number of inputs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether there are no inputs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// The shape of input `i`.
    ///
    /// # Panics
    ///
    /// If there is no such input.
    #[must_use]
    pub fn shape(&self, i: usize) -> Shape {
        self.slots[self.inputs[i]].shape
    }

    /// The lengths of the axes of input `i`.
    #[inline]
    pub(crate) fn dims(&self, i: usize) -> &'a [usize] {
        self.slots[self.inputs[i]].shape.dims()
    }

    /// All inputs of an op that takes exactly `N`.
    ///
    /// # Panics
    ///
    /// If the op was recorded with another number of inputs, which
    /// [`Op::output_shape`](crate::Op::output_shape) is there to refuse.
    #[must_use]
    pub fn views<const N: usize>(&self) -> [View<'a, S>; N] {
        assert_eq!(self.len(), N, "the op has another number of inputs");
        std::array::from_fn(|i| View::of_size(self.shape(i), self.get(i)))
    }
}

impl<S: Scalar> Index<usize> for Primals<'_, S> {
    type Output = [S];

    fn index(&self, i: usize) -> &[S] {
        self.get(i)
    }
}

/// Where a node's cotangent begins among the cotangents of a sweep, [`Home::NONE`] for nodes that
/// have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Home(pub(crate) usize);

impl Home {
    pub(crate) const NONE: Self = Self(usize::MAX);

    pub(crate) fn exists(self) -> bool {
        self != Self::NONE
    }
}

/// The cotangents of an op's inputs, to which a vjp adds its contribution.
///
/// Inputs that no gradient is wanted of have none. Two inputs may be the same value (`x * x`), so
/// they are handed out one at a time.
#[derive(Debug)]
pub struct Cotangents<'a, S> {
    /// Those at home before the cotangent of the output, which the rule has in hand, and those
    /// after it.
    pub(crate) before: &'a mut [S],
    pub(crate) after: &'a mut [S],
    /// Where the first of `after` is at home.
    pub(crate) after_from: usize,
    pub(crate) homes: &'a [Home],
    pub(crate) written: &'a mut [bool],
    /// Of all nodes.
    pub(crate) slots: &'a [Slot],
    /// The nodes that the inputs are.
    pub(crate) inputs: &'a [usize],
}

impl<S: Scalar> Cotangents<'_, S> {
    /// The cotangent of input `i`, `None` where no gradient is wanted.
    ///
    /// # Panics
    ///
    /// If there is no such input.
    pub fn get(&mut self, i: usize) -> Option<Cotangent<'_, S>> {
        let node = self.inputs[i];
        let (slot, home) = (&self.slots[node], self.homes[node]);
        if !home.exists() {
            return None;
        }
        // One without elements may be at home anywhere.
        let data = if slot.len == 0 {
            &mut []
        } else if home.0 < self.after_from {
            &mut self.before[home.0..]
        } else {
            &mut self.after[home.0 - self.after_from..]
        };
        Some(Cotangent {
            data: &mut data[..slot.len],
            written: &mut self.written[node],
            shape: slot.shape,
        })
    }
}

/// The cotangent of one input, to be **added to**: another consumer of the same value may have
/// been there before. Whether an addition is really a first write is this type's business.
#[derive(Debug)]
pub struct Cotangent<'a, S> {
    data: &'a mut [S],
    written: &'a mut bool,
    shape: Shape,
}

impl<S: Scalar> Cotangent<'_, S> {
    /// The shape of the input.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// x̄ₖ += `contribution(k)` for every element, counted row by row: for contributions that jump
    /// about in their operands. [`add_each`](Self::add_each) is the fast one.
    #[inline]
    pub fn add(&mut self, mut contribution: impl FnMut(usize) -> S) {
        let (x_bar, is_first) = self.destination();
        for (k, x_bar) in x_bar.iter_mut().enumerate() {
            let contribution = contribution(k);
            *x_bar = match is_first {
                true => contribution,
                false => *x_bar + contribution,
            };
        }
    }

    /// x̄ₖ += f(`from[0][k]`, …) for every element: a loop that becomes vector instructions, if what
    /// is written of [`assign`](crate::assign()) is true of f.
    ///
    /// # Panics
    ///
    /// If a slice is shorter than the cotangent.
    #[inline]
    pub fn add_each<const N: usize>(
        &mut self,
        from: [&[S]; N],
        f: impl Fn([S; N]) -> S + Copy + Sync,
    ) {
        let (x_bar, is_first) = self.destination();
        if is_first {
            assign(x_bar, from, f);
        } else {
            update(x_bar, from, |x_bar, from| x_bar + f(from));
        }
    }

    /// X̄ += α A B, the cotangent being rows × cols, row by row.
    ///
    /// # Panics
    ///
    /// If A B has another number of elements.
    #[track_caller]
    pub fn add_matmul(&mut self, alpha: S, a: Matrix<'_, S>, b: Matrix<'_, S>) {
        assert_eq!(a.rows() * b.cols(), self.data.len(), "A B is not X̄'s size");
        let (x_bar, is_first) = self.destination();
        let beta = if is_first { S::zero() } else { S::one() };
        matmul(
            alpha,
            a,
            b,
            beta,
            MatrixMut::row_major(x_bar, a.rows(), b.cols()),
        );
    }

    /// The elements, for a loop that writes every one of them, and whether nothing was added to
    /// them yet: they are then to be written without being read.
    pub(crate) fn destination(&mut self) -> (&mut [S], bool) {
        let is_first = !std::mem::replace(self.written, true);
        (self.data, is_first)
    }

    /// The sum so far (zeros at first), for rules that scatter: add to its elements, row by row.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [S] {
        if !*self.written {
            self.data.fill(S::zero());
            *self.written = true;
        }
        self.data
    }
}
