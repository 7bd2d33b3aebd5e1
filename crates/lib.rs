#![doc = include_str!("../README.md")]

pub use autodiff;
#[cfg(feature = "gradcheck")]
pub use gradcheck;
pub use layers;
