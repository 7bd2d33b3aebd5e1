//! The ops, one file each. Their functions and operators are methods of [`Var`](crate::Var); the
//! types here are what a tape stores, for [`Tape::record`](crate::Tape::record) and for verifiers.

mod add;
mod axes;
mod broadcast_to;
mod div;
mod exp;
mod linear;
mod linear_relu;
mod ln;
mod matmul;
mod max;
mod mean;
mod min;
mod mul;
mod neg;
mod powi;
mod relu;
mod reshape;
mod sigmoid;
mod sigmoid_cross_entropy;
mod sqrt;
mod sub;
mod sum;
mod tanh;
mod transpose;

pub use add::Add;
pub use axes::Axes;
pub use broadcast_to::BroadcastTo;
pub use div::Div;
pub use exp::Exp;
pub use linear::Linear;
pub use linear_relu::LinearRelu;
pub use ln::Ln;
pub use matmul::Matmul;
pub use max::Max;
pub use mean::Mean;
pub use min::Min;
pub use mul::Mul;
pub use neg::Neg;
pub use powi::Powi;
pub use relu::Relu;
pub use reshape::Reshape;
pub use sigmoid::{Sigmoid, logistic};
pub use sigmoid_cross_entropy::{
    SigmoidCrossEntropy, logistic_losses, logistic_losses_and_cotangents,
};
pub use sqrt::Sqrt;
pub use sub::Sub;
pub use sum::Sum;
pub use tanh::Tanh;
pub use transpose::Transpose;
