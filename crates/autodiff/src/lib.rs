//! A replayable reverse-mode tape, generic over its scalar, whose ops are open to verification.
//!
//! # The vocabulary
//!
//! An **op** is a function of arrays. A **tape** **records** the ops applied to its leaves, the
//! **variables** and the **data**, and can **replay** them on other values of the leaves. The
//! values are the **primals**. A reverse sweep gives every value y a **cotangent** ȳ, the gradient
//! of the output with respect to y; an op's **vjp** (vector-Jacobian product) takes the cotangent
//! of its output and adds to those of its inputs what it contributes. Gradients are read **with
//! respect to** (`wrt`) variables.
//!
//! ```
//! use autodiff::{Tape, Tensor};
//!
//! let tape = Tape::new();
//! let w = tape.variable(Tensor::from([[0.5, -1.0]])); // (1, 2)
//! let x = tape.data(Tensor::from([[1.0], [2.0]])); //    (2, 1)
//! let y = w.matmul(x).tanh(); //                         tanh(-1.5)
//! let gradients = y.backward();
//!
//! let slope = 1.0 - (-1.5_f64).tanh().powi(2);
//! for (g, x) in gradients.wrt(w).iter().zip([1.0, 2.0]) {
//!     assert!((g - slope * x).abs() < 1e-15);
//! }
//! ```
//!
//! # The main decision: rules generic over the scalar
//!
//! [`Op`] has generic methods: an op is written once and runs at every [`Scalar`]. That is what
//! lets a verifier run *the very rule that trains the model* at 106 bits, and tell a wrong formula
//! from rounding without a tolerance that somebody chose. The price is that `Op` is not a trait
//! object. A tape stores [`ErasedOp<S>`](ErasedOp), which every `Op` is at every `S`; an author
//! never meets it.
//!
//! Adding an op takes one file: its parameters, its rules, and [`register!`], without which it
//! does not compile. The tape, the sweep and the verifier are not edited. [`Pointwise`] is the
//! short form for elementwise functions, [`Op`] the full one; both pages have a complete example.
//!
//! # What is given up
//!
//! Values live in one arena and are copied by `transpose` and `reshape`: an op's inputs are always
//! contiguous, so a rule is a loop over slices. Cotangents are kept for variables only; those of
//! intermediate values share buffers and are gone after the sweep. Shapes have at most
//! [`MAX_RANK`] axes, and are checked when an op is recorded, not by the compiler.

mod arena;
mod backward;
pub mod direct;
mod dual;
mod elementary;
pub mod matmul;
mod op;
mod operands;
pub mod ops;
mod pointwise;
#[cfg(feature = "verify")]
pub mod registry;
mod runs;
mod scalar;
mod shape;
mod shape_error;
pub mod signature;
mod tape;
mod tensor;
mod var;
mod vectorized;
#[cfg(feature = "verify")]
mod wide;

/// The crate whose traits [`Scalar`] builds on: `num_traits::Float` has `sin`, `exp` and the like for
/// code that is generic over it, and for [`Dual`] and `Wide`.
pub use num_traits;

pub use backward::Gradients;
pub use dual::Dual;
pub use op::{ErasedOp, Op, Registered};
pub use operands::{Cotangent, Cotangents, Primals};
pub use ops::Axes;
pub use pointwise::{Args, Pointwise};
pub use scalar::Scalar;
pub use shape::{MAX_RANK, Shape};
pub use shape_error::{ShapeError, expect_inputs};
pub use tape::Tape;
pub use tensor::{Tensor, View};
pub use var::Var;
pub use vectorized::{assign, sum, update};
#[cfg(feature = "verify")]
pub use wide::Wide;

#[doc(hidden)]
pub mod __private {
    pub use crate::op::SnakeCase;
    #[cfg(feature = "verify")]
    pub use inventory;
}
