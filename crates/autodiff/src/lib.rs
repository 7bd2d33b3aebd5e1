//! Autodiff.

pub mod matmul;
mod scalar;
mod shape;
mod tensor;

pub use scalar::Scalar;
pub use shape::{MAX_RANK, Shape};
pub use tensor::{Tensor, View};
