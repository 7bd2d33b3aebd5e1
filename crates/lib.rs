#![doc = include_str!("../README.md")]

pub use gradproof_autodiff as autodiff;
pub use gradproof_layers as layers;
