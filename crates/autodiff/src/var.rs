//! The handle to a value on a tape, and its operators.

use std::fmt;

use crate::backward::assert_cotangent_fits;
use crate::{Gradients, Scalar, Shape, Tape, Tensor, View};

/// A value on a tape: a leaf, or the output of an op. It is a copyable handle; arithmetic on it
/// records ops.
///
/// Operators take another `Var` or a scalar, on either side, and broadcast by NumPy's rule. They
/// panic at the caller's line if the shapes do not fit; [`Tape::record`] is the fallible way.
///
/// On the left the scalar has to be an `f32` or an `f64`: Rust lets no crate implement an operator
/// for every type there. In code that is generic over [`Scalar`] write it on the right (`x * s`,
/// `-x + s`), or as a leaf:
///
/// ```
/// use autodiff::{Scalar, Tape, Var};
///
/// fn inverse_of_double<'t, S: Scalar>(x: Var<'t, S>) -> Var<'t, S> {
///     x.tape().data(S::one()) / (x * S::constant(2.0))
/// }
///
/// let tape = Tape::new();
/// assert_eq!(inverse_of_double(tape.variable(4.0)).item(), 0.125);
/// ```
///
/// ```
/// use autodiff::{Tape, Tensor};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.variable(Tensor::from([1.0, 2.0, 4.0]));
/// let y = 1.0 / x - 0.5 * x;
/// assert_eq!(y.value(), Tensor::from([0.5, -0.5, -1.75]));
/// assert_eq!(y.sum().backward().wrt(x)[..], [-1.5, -0.75, -0.5625]);
/// ```
pub struct Var<'t, S> {
    tape: &'t Tape<S>,
    node: usize,
}

impl<'t, S: Scalar> Var<'t, S> {
    pub(crate) fn new(tape: &'t Tape<S>, node: usize) -> Self {
        Self { tape, node }
    }

    pub(crate) fn node(self) -> usize {
        self.node
    }

    /// The tape it is on.
    #[must_use]
    pub fn tape(self) -> &'t Tape<S> {
        self.tape
    }

    /// Its axes' lengths.
    #[track_caller]
    #[must_use]
    pub fn shape(self) -> Shape {
        self.tape.program().slots[self.node].shape
    }

    /// A copy of its value.
    ///
    /// # Panics
    ///
    /// If it was computed, and a leaf was set since without a [`Tape::replay`].
    #[track_caller]
    #[must_use]
    pub fn value(self) -> Tensor<S> {
        self.tape.program().value(self.node).to_tensor()
    }

    /// Copies its value, row by row, into `target`: [`value`](Var::value) without an allocation.
    ///
    /// # Panics
    ///
    /// If `target` has another length; and as `value`.
    #[track_caller]
    pub fn copy_to(self, target: &mut [S]) {
        let program = self.tape.program();
        let value = program.value(self.node);
        assert!(
            value.len() == target.len(),
            "copy_to: the value has shape {}, and the target {} elements",
            value.shape(),
            target.len()
        );
        target.copy_from_slice(&value);
    }

    /// Its only element.
    ///
    /// # Panics
    ///
    /// If there are more, or none; and as [`value`](Var::value).
    #[track_caller]
    #[must_use]
    pub fn item(self) -> S {
        self.tape.program().value(self.node).item()
    }

    /// The gradients of this value, of one element, with respect to every variable.
    ///
    /// ```
    /// use autodiff::Tape;
    ///
    /// let tape = Tape::new();
    /// let (x, y) = (tape.variable(2.0), tape.variable(5.0));
    /// let gradients = (x * y + x.ln()).backward();
    /// assert_eq!(gradients.wrt(x).item(), 5.5);
    /// assert_eq!(gradients.wrt(y).item(), 2.0);
    /// ```
    ///
    /// # Panics
    ///
    /// If it has more elements, or none; for those, see [`backward_from`](Var::backward_from).
    #[track_caller]
    #[must_use]
    pub fn backward(self) -> Gradients<'t, S> {
        let shape = self.shape();
        assert!(
            shape.size() == 1,
            "backward wants an output of one element, and its shape is {shape}: \
             sum it, or give a cotangent to backward_from"
        );
        Gradients::new(self, Tensor::full(shape, S::one()))
    }

    /// The gradients of ⟨`cotangent`, this value⟩ with respect to every variable.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::from([1.0, 2.0]));
    /// let gradients = (x * x).backward_from(&[1.0, -10.0]);
    /// assert_eq!(gradients.wrt(x)[..], [2.0, -40.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the cotangent has another shape.
    #[track_caller]
    #[must_use]
    pub fn backward_from<'a>(self, cotangent: impl Into<View<'a, S>>) -> Gradients<'t, S> {
        let cotangent = cotangent.into();
        assert_cotangent_fits("backward_from", self.shape(), cotangent);
        Gradients::new(self, cotangent.to_tensor())
    }
}

// Derived, these two would ask for S: Clone and S: Copy, which a handle has no use for.
impl<S> Clone for Var<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Var<'_, S> {}

impl<S: Scalar> fmt::Debug for Var<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{} {}", self.node, self.shape())
    }
}

/// A binary operator for `Var ∘ Var`, `Var ∘ S` and, at the built-in scalars, `S ∘ Var`.
macro_rules! binary_operator {
    ($op:ident, $method:ident) => {
        impl<'t, S: Scalar> std::ops::$op for Var<'t, S> {
            type Output = Self;

            #[track_caller]
            fn $method(self, right: Self) -> Self {
                self.tape().apply($op, &[self, right])
            }
        }

        impl<'t, S: Scalar> std::ops::$op<S> for Var<'t, S> {
            type Output = Self;

            #[track_caller]
            fn $method(self, right: S) -> Self {
                self.tape().assert_fresh();
                self.tape().apply($op, &[self, self.tape().data(right)])
            }
        }

        $crate::var::scalar_on_the_left!($op, $method, f32, f64);
    };
}
pub(crate) use binary_operator;

macro_rules! scalar_on_the_left {
    ($op:ident, $method:ident, $($scalar:ty),+) => {$(
        impl<'t> std::ops::$op<Var<'t, $scalar>> for $scalar {
            type Output = Var<'t, $scalar>;

            // Else it is compiled with the crate, for both scalars, and so are the op, the tape and
            // the loops that it needs.
            #[inline]
            #[track_caller]
            fn $method(self, right: Var<'t, $scalar>) -> Var<'t, $scalar> {
                right.tape().assert_fresh();
                right.tape().apply($op, &[right.tape().data(self), right])
            }
        }
    )+};
}
pub(crate) use scalar_on_the_left;
