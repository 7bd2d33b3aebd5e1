//! The contract of an op, and its erased form.

use std::fmt::Debug;

use crate::signature::{Draw, Signature};
use crate::{Cotangents, Primals, Scalar, Shape, ShapeError, Var};

/// A differentiable function of arrays: a forward rule, its vector-Jacobian product, and what a
/// verifier needs to try it out. Rules are pure functions of the inputs and of the op's own
/// parameters: no state, no randomness (noise is an input). There is a derivative by every input;
/// what has none, as indices or a mask, is a parameter: a field of the op, which
/// [`signature`](Op::signature) draws.
///
/// Elementwise functions implement [`Pointwise`](crate::Pointwise) instead, which is shorter.
///
/// ```
/// use autodiff::signature::{Draw, Signature};
/// use autodiff::*;
///
/// /// y = Σ xₖ². Adjoint: x̄ₖ += ȳ · 2xₖ.
/// #[derive(Debug)]
/// struct SumOfSquares;
/// register!(SumOfSquares);
///
/// impl Op for SumOfSquares {
///     fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
///         let [_] = expect_inputs(inputs)?;
///         Ok(Shape::scalar())
///     }
///
///     fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
///         y[0] = x[0].iter().map(|&v| v * v).sum();
///     }
///
///     fn vjp<S: Scalar>(
///         &self,
///         x: Primals<'_, S>,
///         _y: &[S],
///         y_bar: &mut [S],
///         mut x_bar: Cotangents<'_, S>,
///     ) {
///         if let Some(mut x_bar) = x_bar.get(0) {
///             x_bar.add_each([&x[0]], |[x]| y_bar[0] * S::constant(2.0) * x);
///         }
///     }
///
///     fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
///         Signature::new(SumOfSquares).input(draw.shape())
///     }
/// }
///
/// let tape = Tape::new();
/// let x = tape.variable(Tensor::from([3.0, 4.0]));
/// let y = tape.apply(SumOfSquares, &[x]);
/// assert_eq!(y.item(), 25.0);
/// assert_eq!(y.backward().wrt(x)[..], [6.0, 8.0]);
/// ```
pub trait Op: Registered + Debug + Send + Sync + Sized + 'static {
    /// The shape of the output for inputs of these shapes.
    ///
    /// # Errors
    ///
    /// If the op has no meaning for them: every combination that the rules could not run on must
    /// be refused here.
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError>;

    /// How many numbers `forward` leaves for `vjp`: what would be dear to compute twice, as the
    /// exponentials in a softmax. None, unless stated. It is asked for shapes that
    /// [`output_shape`](Op::output_shape) accepts.
    ///
    /// They are behind the output in `y`, of both rules: `vjp` finds them from `y_bar.len()` on. A tape
    /// keeps them as long as the output, wanted or not.
    ///
    /// ```
    /// use autodiff::signature::{Draw, Signature};
    /// use autodiff::*;
    ///
    /// /// y = ln (Σ exp xₖ / n). Adjoint: x̄ₖ += ȳ exp xₖ / Σ exp xᵢ.
    /// #[derive(Debug)]
    /// struct LogMeanExp;
    /// register!(LogMeanExp);
    ///
    /// impl Op for LogMeanExp {
    ///     fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
    ///         let [_] = expect_inputs(inputs)?;
    ///         Ok(Shape::scalar())
    ///     }
    ///
    ///     fn residuals(&self, inputs: &[Shape]) -> usize {
    ///         inputs[0].size()
    ///     }
    ///
    ///     fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
    ///         let (y, shares) = y.split_first_mut().expect("the output is one number");
    ///         let largest = x[0].iter().fold(S::neg_infinity(), |max, &x| max.max(x));
    ///         assign(shares, [&x[0]], |[x]| (x - largest).vector_exp());
    ///         let total = sum([shares], |[share]| share);
    ///         update(shares, [], |share, []| share / total);
    ///         *y = largest + (total / S::constant(shares.len() as f64)).ln();
    ///     }
    ///
    ///     fn vjp<S: Scalar>(
    ///         &self,
    ///         _x: Primals<'_, S>,
    ///         y: &[S],
    ///         y_bar: &mut [S],
    ///         mut x_bar: Cotangents<'_, S>,
    ///     ) {
    ///         if let Some(mut x_bar) = x_bar.get(0) {
    ///             x_bar.add_each([&y[1..]], |[share]| y_bar[0] * share);
    ///         }
    ///     }
    ///
    ///     fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
    ///         Signature::new(LogMeanExp).input(draw.shape())
    ///     }
    /// }
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::from([1000.0, 1000.0]));
    /// let y = tape.apply(LogMeanExp, &[x]);
    /// assert_eq!(y.item(), 1000.0);
    /// assert_eq!(y.backward().wrt(x)[..], [0.5, 0.5]);
    /// ```
    fn residuals(&self, inputs: &[Shape]) -> usize {
        let _ = inputs;
        0
    }

    /// Writes every element of the output `y`, and every [residual](Op::residuals) behind it. What
    /// `y` held before is not to be read.
    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]);

    /// Adds to each input's cotangent x̄ the product ȳ · ∂y/∂x, where `y` is what `forward` wrote,
    /// and `y_bar` the cotangent of the output. It must be linear in `y_bar`, which is the rule's own:
    /// nobody reads it afterwards, so that it may be overwritten on the way.
    fn vjp<S: Scalar>(&self, x: Primals<'_, S>, y: &[S], y_bar: &mut [S], x_bar: Cotangents<'_, S>);

    /// Whether `vjp` counts the cotangent of an element only where the output is positive or NaN, as
    /// the adjoint of relu does (and of no other rectifier). Whoever computes ȳ, a matrix, may then
    /// leave zeros elsewhere, where that costs nothing, and [`Cotangents::output_is_rectified`] says
    /// that it was done. Where it was not, `vjp` still has to see to it. The verifier checks an op
    /// that says so.
    fn rectifies(&self) -> bool {
        false
    }

    /// An instance of the op with inputs it is meant for, made from freely drawn numbers.
    fn signature(draw: &mut Draw<'_>) -> Signature<Self>;

    /// The same function recorded from simpler ops, if it can be: a second witness of its value
    /// and gradient.
    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        let _ = x;
        None
    }
}

/// That an op is known to the verifier. Only [`register!`](crate::register) is meant to implement
/// it.
#[diagnostic::on_unimplemented(
    message = "the op `{Self}` is not registered for verification",
    label = "this op is unknown to the verifier",
    note = "write `autodiff::register!({Self});` beside its definition: `cargo test` then checks its gradient"
)]
pub trait Registered {
    /// The op's name in messages and tests: the type's, in snake case (`LogSumExp` is `log_sum_exp`,
    /// `GELU` is `gelu`).
    const NAME: &'static str;
}

/// Enters an op in the registry that the verifier walks, and names it. Every op needs it: without
/// it, `impl Op` does not compile. The op is a type without generic parameters: its rules are what is
/// generic.
///
/// ```compile_fail,E0277
/// use autodiff::*;
///
/// #[derive(Debug, Default)]
/// struct Cube;
///
/// impl Pointwise for Cube { // the op `Cube` is not registered for verification
///     type Args<T: Copy> = [T; 1];
///     fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
///         x * x * x
///     }
///     fn derivative<S: Scalar>(&self, [x]: [S; 1], _y: S) -> [S; 1] {
///         [S::constant(3.0) * x * x]
///     }
/// }
/// ```
///
/// With `register!(Cube);` it does:
///
/// ```
/// use autodiff::*;
///
/// #[derive(Debug, Default)]
/// struct Cube;
/// register!(Cube);
///
/// impl Pointwise for Cube {
///     type Args<T: Copy> = [T; 1];
///     fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
///         x * x * x
///     }
///     fn derivative<S: Scalar>(&self, [x]: [S; 1], _y: S) -> [S; 1] {
///         [S::constant(3.0) * x * x]
///     }
/// }
/// assert_eq!(Cube::NAME, "cube");
/// ```
#[macro_export]
macro_rules! register {
    ($op:ident) => {
        impl $crate::Registered for $op {
            const NAME: &'static str = {
                static NAME: $crate::__private::SnakeCase =
                    $crate::__private::SnakeCase::new(::core::stringify!($op));
                NAME.as_str()
            };
        }
        $crate::__enter_in_registry!($op);
    };
}

#[cfg(feature = "verify")]
#[doc(hidden)]
#[macro_export]
macro_rules! __enter_in_registry {
    ($op:ident) => {
        $crate::__private::inventory::submit! {
            $crate::registry::Registration::of::<$op>(
                ::core::module_path!(),
                ::core::file!(),
                ::core::line!(),
            )
        }
    };
}

#[cfg(not(feature = "verify"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __enter_in_registry {
    ($op:ident) => {};
}

/// An op at one scalar, its type forgotten: what a tape stores and a registry hands out. Every
/// [`Op`] is one.
pub trait ErasedOp<S: Scalar>: Debug + Send + Sync {
    /// [`Registered::NAME`].
    fn name(&self) -> &'static str;

    /// [`Op::output_shape`], its error completed with the op's name and the shapes.
    ///
    /// # Errors
    ///
    /// As [`Op::output_shape`].
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError>;

    /// [`Op::residuals`].
    fn residuals(&self, inputs: &[Shape]) -> usize;

    /// [`Op::forward`].
    fn forward(&self, x: Primals<'_, S>, y: &mut [S]);

    /// [`Op::vjp`].
    fn vjp(&self, x: Primals<'_, S>, y: &[S], y_bar: &mut [S], x_bar: Cotangents<'_, S>);

    /// [`Op::rectifies`].
    fn rectifies(&self) -> bool;

    /// [`Op::composition`].
    fn composition<'t>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>>;
}

impl<S: Scalar, O: Op> ErasedOp<S> for O {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        Op::output_shape(self, inputs).map_err(|error| error.of(O::NAME, inputs))
    }

    fn residuals(&self, inputs: &[Shape]) -> usize {
        Op::residuals(self, inputs)
    }

    fn forward(&self, x: Primals<'_, S>, y: &mut [S]) {
        Op::forward(self, x, y);
    }

    fn vjp(&self, x: Primals<'_, S>, y: &[S], y_bar: &mut [S], x_bar: Cotangents<'_, S>) {
        Op::vjp(self, x, y, y_bar, x_bar);
    }

    fn rectifies(&self) -> bool {
        Op::rectifies(self)
    }

    fn composition<'t>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        Op::composition(self, x)
    }
}

/// A type's name in snake case, made at compile time.
#[doc(hidden)]
#[derive(Debug)]
pub struct SnakeCase {
    bytes: [u8; Self::CAPACITY],
    len: usize,
}

impl SnakeCase {
    const CAPACITY: usize = 64;

    #[must_use]
    pub const fn new(camel: &str) -> Self {
        let camel = camel.as_bytes();
        let mut name = Self {
            bytes: [0; Self::CAPACITY],
            len: 0,
        };
        let mut k = 0;
        while k < camel.len() {
            let is_upper = camel[k].is_ascii_uppercase();
            // An abbreviation is one word: its last capital belongs to the next, if there is one.
            let ends_word = k > 0 && camel[k - 1].is_ascii_lowercase();
            let begins_word = k + 1 < camel.len() && camel[k + 1].is_ascii_lowercase();
            if k > 0 && is_upper && (ends_word || begins_word) {
                name = name.with(b'_');
            }
            name = name.with(camel[k].to_ascii_lowercase());
            k += 1;
        }
        name
    }

    const fn with(mut self, byte: u8) -> Self {
        assert!(
            self.len < Self::CAPACITY,
            "an op's name is at most 64 bytes long"
        );
        self.bytes[self.len] = byte;
        self.len += 1;
        self
    }

    #[must_use]
    pub const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(name) => name,
            Err(_) => panic!("an op's name has to be UTF-8"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SnakeCase;

    #[test]
    fn abbreviations_are_one_word() {
        for (camel, snake) in [
            ("Exp", "exp"),
            ("SigmoidCrossEntropy", "sigmoid_cross_entropy"),
            ("L2Penalty", "l2_penalty"),
            ("Ln1p", "ln1p"),
            ("GELU", "gelu"),
            ("LReLU", "l_re_lu"),
            ("GELUTanh", "gelu_tanh"),
            ("LeakyRELU", "leaky_relu"),
            ("BCEWithLogits", "bce_with_logits"),
            ("Conv2D", "conv2d"),
            ("XAxis", "x_axis"),
            ("F", "f"),
        ] {
            assert_eq!(SnakeCase::new(camel).as_str(), snake);
        }
    }
}
