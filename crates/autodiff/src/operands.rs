//! What a rule is handed: the primals it reads and the cotangents it adds to.

use std::ops::{Index, Range};
use std::sync::Arc;

use crate::matmul::{Matrix, MatrixMut, matmul, matmul_and_row_sums, matmul_gated};
use crate::vectorized::{assign, update};
use crate::{Scalar, Shape, Tensor, View};

/// Where the value of a node lives: in the value arena, or, if that would end before it, among the
/// arrays that the tape shares with others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) offset: usize,
    pub(crate) len: usize,
    pub(crate) shape: Shape,
}

impl Slot {
    /// The offset that stands for the first of the shared arrays.
    const SHARED: usize = usize::MAX / 2;

    pub(crate) fn shared(array: usize, shape: Shape) -> Self {
        Self {
            offset: Self::SHARED + array,
            len: shape.size(),
            shape,
        }
    }

    /// The value, in the arena or in one of the shared arrays.
    #[inline]
    pub(crate) fn value<'a, S: Scalar>(
        &self,
        arena: &'a [S],
        arrays: &'a [Arc<Tensor<S>>],
    ) -> &'a [S] {
        // No question but that of the bounds, where it is in the arena.
        match arena.get(self.offset..self.offset + self.len) {
            Some(value) => value,
            None => self.shared_value(arrays),
        }
    }

    #[cold]
    #[inline(never)]
    fn shared_value<'a, S: Scalar>(&self, arrays: &'a [Arc<Tensor<S>>]) -> &'a [S] {
        let array = self.array().expect("other values are in the arena");
        arrays[array].as_slice()
    }

    /// Which of the shared arrays it is.
    pub(crate) fn array(&self) -> Option<usize> {
        self.offset.checked_sub(Self::SHARED)
    }

    #[inline]
    pub(crate) fn range(&self) -> Range<usize> {
        debug_assert!(self.array().is_none(), "the value is not in the arena");
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
    /// Values that are not in that arena.
    pub(crate) shared: &'a [Arc<Tensor<S>>],
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
        self.slots[self.inputs[i]].value(self.values, self.shared)
    }

    /// The number of inputs.
    #[inline]
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
    #[inline]
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
    #[inline]
    #[must_use]
    pub fn views<const N: usize>(&self) -> [View<'a, S>; N] {
        assert!(
            self.len() == N,
            "the op has {} inputs, and its rule takes {N}",
            self.len()
        );
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

    #[inline]
    pub(crate) fn exists(self) -> bool {
        self != Self::NONE
    }
}

/// What a cotangent holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Nothing yet: the first contribution is written, and not added.
    Nothing,
    /// A sum that is 0 wherever the value is neither positive nor NaN, of a value whose rule wants no
    /// other.
    Rectified,
    /// A sum.
    Sum,
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
    pub(crate) contents: &'a mut [Content],
    /// Whether the op that computed a node [rectifies](crate::Op::rectifies).
    pub(crate) rectify: &'a [bool],
    /// Whether that was done to the cotangent of the output.
    pub(crate) is_rectified: bool,
    pub(crate) values: &'a [S],
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
    #[inline]
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
            content: &mut self.contents[node],
            gate: self.rectify[node].then(|| &self.values[slot.range()]),
            shape: slot.shape,
        })
    }

    /// Two of them at once, for a rule that computes both in one loop: `None` if not both are
    /// wanted, or they are one, or ȳ is at home between them. A rule then goes the other way to the
    /// same bits.
    #[inline]
    pub(crate) fn get_both(&mut self, inputs: [usize; 2]) -> Option<[Cotangent<'_, S>; 2]> {
        let nodes = inputs.map(|i| self.inputs[i]);
        let homes = nodes.map(|node| self.homes[node]);
        if !homes[0].exists() || !homes[1].exists() {
            return None;
        }
        let slots = nodes.map(|node| &self.slots[node]);
        let is_before = homes.map(|home| home.0 < self.after_from);
        let (all, from) = match is_before {
            [true, true] => (&mut *self.before, 0),
            [false, false] => (&mut *self.after, self.after_from),
            _ => return None,
        };
        let places = [0, 1].map(|k| homes[k].0 - from..homes[k].0 - from + slots[k].len);
        let [data, other_data] = all.get_disjoint_mut(places).ok()?;
        let [content, other_content] = self.contents.get_disjoint_mut(nodes).ok()?;
        let [gate, other_gate] =
            [0, 1].map(|k| self.rectify[nodes[k]].then(|| &self.values[slots[k].range()]));
        Some([
            Cotangent {
                data,
                content,
                gate,
                shape: slots[0].shape,
            },
            Cotangent {
                data: other_data,
                content: other_content,
                gate: other_gate,
                shape: slots[1].shape,
            },
        ])
    }

    /// Whether ȳ, the cotangent of the output, is 0 already wherever y is neither positive nor NaN, so
    /// that a rule that [rectifies](crate::Op::rectifies) need not see to it.
    #[inline]
    #[must_use]
    pub fn output_is_rectified(&self) -> bool {
        self.is_rectified
    }
}

/// The cotangent of one input, to be **added to**: another consumer of the same value may have
/// been there before. Whether an addition is really a first write is this type's business.
#[derive(Debug)]
pub struct Cotangent<'a, S> {
    data: &'a mut [S],
    content: &'a mut Content,
    /// The value, if its rule rectifies.
    gate: Option<&'a [S]>,
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

    /// X̄ += α A B, the cotangent being rows × cols, row by row. If the op that computed x
    /// [rectifies](crate::Op::rectifies), a first contribution may leave 0 where x is neither
    /// positive nor NaN.
    ///
    /// # Panics
    ///
    /// If A and B do not fit, or A B has another number of elements.
    #[track_caller]
    pub fn add_matmul(&mut self, alpha: S, a: Matrix<'_, S>, b: Matrix<'_, S>) {
        let (rows, cols) = self.size_of(&a, &b);
        // A dual number may be 1 and have a tangent.
        let is_plain = (alpha - S::one()).is_constant_zero();
        if let (Some(gate), Content::Nothing, true) = (self.gate, *self.content, is_plain) {
            *self.content = Content::Rectified;
            let x_bar = MatrixMut::row_major(self.data, rows, cols);
            return matmul_gated(a, b, Matrix::row_major(gate, rows, cols), x_bar);
        }
        let (x_bar, is_first) = self.destination();
        let beta = if is_first { S::zero() } else { S::one() };
        matmul(alpha, a, b, beta, MatrixMut::row_major(x_bar, rows, cols));
    }

    /// X̄ += A B, and the sums of A's rows to `row_sums`.
    #[track_caller]
    pub(crate) fn add_matmul_and_row_sums(
        &mut self,
        a: Matrix<'_, S>,
        b: Matrix<'_, S>,
        row_sums: &mut Cotangent<'_, S>,
    ) {
        let (rows, cols) = self.size_of(&a, &b);
        let (x_bar, is_first) = self.destination();
        let beta = if is_first { S::zero() } else { S::one() };
        let (row_sums, is_first) = row_sums.destination();
        let x_bar = MatrixMut::row_major(x_bar, rows, cols);
        matmul_and_row_sums(a, b, beta, x_bar, row_sums, !is_first);
    }

    #[inline]
    #[track_caller]
    fn size_of(&self, a: &Matrix<'_, S>, b: &Matrix<'_, S>) -> (usize, usize) {
        let (rows, cols) = (a.rows(), b.cols());
        assert_eq!(rows * cols, self.data.len(), "A B is not X̄'s size");
        (rows, cols)
    }

    /// The elements, for a loop that writes every one of them, and whether nothing was added to
    /// them yet: they are then to be written without being read.
    #[inline]
    pub(crate) fn destination(&mut self) -> (&mut [S], bool) {
        let before = std::mem::replace(self.content, Content::Sum);
        (self.data, before == Content::Nothing)
    }

    /// The sum so far (zeros at first; of a [rectifier](crate::Op::rectifies)'s output, what
    /// [`add_matmul`](Self::add_matmul) left of it), for rules that scatter: add to its elements, row
    /// by row.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [S] {
        let (x_bar, is_first) = self.destination();
        if is_first {
            x_bar.fill(S::zero());
        }
        x_bar
    }
}
