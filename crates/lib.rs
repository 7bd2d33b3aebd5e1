#![doc = include_str!("../README.md")]

pub use autodiff;
pub use layers;
