//! Where data and first weights come from, and the files they go to.
//!
//! * `initializers`: weights against the course's, bit for bit.
//! * `circles`: points against scikit-learn's, bit for bit; what the generator refuses.
//! * `dataset`: what a data set refuses.
//! * `standardize`: means and deviations, those of constant features too.
//! * `split`: every example in one part, classes in proportion.
//! * `random`: the streams of the `rand` crate.
//! * `csv`: files of other programs, and every message.
//! * `csv_bytes`: any number comes back, any bytes are survived.
//! * `files`: whole or not at all.

mod circles;
#[cfg(feature = "csv")]
mod csv;
#[cfg(feature = "csv")]
mod csv_bytes;
mod dataset;
#[cfg(feature = "files")]
mod files;
#[path = "../golden/mod.rs"]
mod golden;
mod initializers;
mod random;
mod split;
mod standardize;
