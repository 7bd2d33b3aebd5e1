//! The course network LINEAR-RELU-…-LINEAR-SIGMOID, with its data, its random numbers and its files.
//!
//! Everything is laid out as the course lays it out. Examples are columns: the features of `m`
//! examples are a matrix X of shape `(n_x, m)`, their labels a row Y of shape `(1, m)`. A layer of
//! `n_out` units over `n_in` has weights W of shape `(n_out, n_in)` and a bias b of shape
//! `(n_out, 1)`, so that Z = W·A + b needs no transpose; arrays are row-major.
//!
//! What is random takes a [`RandomStream`]: any generator of the `rand` crate, or [`NumpyRandom`],
//! which draws what NumPy draws, so that a published run starts from the very same bits. What a
//! user can get wrong (a data set, a file, an option) comes back as an error that says what to
//! do; a call that the program itself got wrong panics.

mod circles;
#[cfg(feature = "csv")]
mod csv;
mod dataset;
#[cfg(feature = "files")]
mod files;
mod initializers;
mod numpy_random;
mod random;

pub use circles::make_circles;
#[cfg(feature = "csv")]
pub use csv::{CsvError, CsvProblem, Place, read_csv, read_csv_from, write_csv};
pub use dataset::{DataError, Dataset};
#[cfg(feature = "files")]
pub use files::{WriteError, write_atomically};
pub use initializers::{He, Initializer, Normal, Xavier, Zeros};
pub use numpy_random::NumpyRandom;
pub use random::RandomStream;
