//! Data sets as comma separated values.
//!
//! A header line names the columns, the last of which is `label`; then one example per line.

mod error;
mod read;

use std::io::{self, Write};
use std::iter::once;
use std::path::Path;

use autodiff::Scalar;

pub use error::{CsvError, CsvProblem, Place};
pub use read::{read_csv, read_csv_from};

use crate::{Dataset, WriteError, write_atomically};

/// The name of the last column.
const LABEL: &str = "label";

/// Writes the examples as comma separated values: a header `x1,…,label`, then one line each.
///
/// Numbers are written as they display. An `f32` or `f64` has then as many digits as it takes to read
/// it back to the same bits; `autodiff::Wide` has 31 and comes back to those, not to the bit. The
/// file is written whole or not at all, as [`write_atomically`] does.
///
/// # Errors
///
/// If the file cannot be written. What was there is then unchanged.
pub fn write_csv<S: Scalar>(path: impl AsRef<Path>, data: &Dataset<S>) -> Result<(), WriteError> {
    write_atomically(path, |file| write(data, file))
}

fn write<S: Scalar>(data: &Dataset<S>, file: &mut dyn Write) -> io::Result<()> {
    let mut file = csv::Writer::from_writer(file);
    let names = (1..=data.features()).map(|k| format!("x{k}"));
    file.write_record(names.chain(once(LABEL.to_owned())))?;
    for example in 0..data.examples() {
        let features = (0..data.features()).map(|row| data.x()[[row, example]]);
        let fields = features.chain(once(data.y()[[0, example]]));
        file.write_record(fields.map(|value| value.to_string()))?;
    }
    file.flush()
}
