//! The ops a network is regularized with, as on the tape of `autodiff`: one file each.

mod dropout;
mod l2_penalty;

pub use dropout::{Dropout, KeepProbError, dropout};
pub use l2_penalty::{L2Penalty, l2_penalty};
