//! Reading.

use std::fs::File;
use std::io::{self, Chain, Read};
use std::path::Path;
use std::str::FromStr;

use autodiff::{Scalar, Tensor};
use csv::{ByteRecord, ReaderBuilder, Terminator, Trim};

use super::{CsvError, CsvProblem, LABEL, Place};
use crate::Dataset;

/// Reads a data set from a file of comma separated values.
///
/// The first line names the columns, the last of which is `label`; every other line is an example.
/// Blank lines, spaces around fields, Windows line ends and a byte order mark are ignored.
///
/// # Errors
///
/// If the file cannot be read or is not such a file. The message names the line and the column.
///
/// ```
/// use layers::{NumpyRandom, make_circles, read_csv, write_csv};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("circles.csv");
/// let data = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
/// write_csv(&path, &data)?;
/// assert_eq!(read_csv::<f64>(&path)?, data);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_csv<S: Scalar + FromStr>(path: impl AsRef<Path>) -> Result<Dataset<S>, CsvError> {
    let name = path.as_ref().display().to_string();
    match File::open(path) {
        Ok(file) => read_csv_from(file, &name),
        Err(error) => Err(CsvError {
            file: name,
            problem: CsvProblem::Io(error),
        }),
    }
}

/// Reads a data set from comma separated values, as [`read_csv`] does; `name` is what messages call
/// the source. Memory grows with what is read and no faster.
///
/// # Errors
///
/// As [`read_csv`].
///
/// ```
/// use layers::read_csv_from;
///
/// let data = read_csv_from::<f64>("age,height,label\n41,1.7,0\n7,1.2,1\n".as_bytes(), "people")?;
/// assert_eq!(data.x()[[1, 0]], 1.7);
///
/// let error = read_csv_from::<f64>("age,label\n41,0\nold,1\n".as_bytes(), "people").unwrap_err();
/// assert_eq!(error.to_string(), "people: line 3, column 1 (age): \"old\" is not a number");
/// # Ok::<(), layers::CsvError>(())
/// ```
pub fn read_csv_from<S: Scalar + FromStr>(
    source: impl Read,
    name: &str,
) -> Result<Dataset<S>, CsvError> {
    read(&mut Lines::new(source)).map_err(|problem| CsvError {
        file: name.to_owned(),
        problem,
    })
}

fn read<S: Scalar + FromStr>(lines: &mut Lines<impl Read>) -> Result<Dataset<S>, CsvProblem> {
    let names = header(lines)?;
    let n_x = names.len() - 1;
    let (mut rows, mut labels) = (Vec::new(), Vec::new());
    while let Some(line) = lines.next()? {
        let fields = &lines.fields;
        if fields.len() != names.len() {
            return Err(CsvProblem::Ragged {
                line,
                expected: names.len(),
                found: fields.len(),
            });
        }
        for (k, bytes) in fields.iter().enumerate() {
            let at = || Place {
                line,
                column: k + 1,
                name: shortened(&names[k]),
            };
            let (field, value) = number(bytes, at)?;
            if k < n_x {
                rows.push(value);
            } else if value == S::zero() || value == S::one() {
                labels.push(value);
            } else {
                let (at, field) = (at(), shortened(field));
                return Err(CsvProblem::Label { at, field });
            }
        }
    }
    let m = labels.len();
    if m == 0 {
        return Err(CsvProblem::NoExamples);
    }
    let x = Tensor::from_fn([n_x, m], |k| rows[k % m * n_x + k / m]);
    Ok(Dataset::new(x, Tensor::new([1, m], labels)).expect("each field was checked when read"))
}

/// The names of the columns: at least two, the last one `label`.
fn header(lines: &mut Lines<impl Read>) -> Result<Vec<String>, CsvProblem> {
    let line = lines.next()?.ok_or(CsvProblem::Empty)?;
    let mut names = Vec::with_capacity(lines.fields.len());
    for (k, bytes) in lines.fields.iter().enumerate() {
        names.push(text(bytes, || Place {
            line,
            column: k + 1,
            name: String::new(),
        })?);
    }
    if names.iter().all(|name| name.parse::<f64>().is_ok()) {
        return Err(CsvProblem::HeaderMissing { line });
    }
    match names[..] {
        [LABEL] => Err(CsvProblem::NoFeatures { line }),
        [.., LABEL] => Ok(names.into_iter().map(str::to_owned).collect()),
        [.., last] => Err(CsvProblem::LabelMissing {
            line,
            last: shortened(last),
        }),
        [] => Err(CsvProblem::Empty),
    }
}

/// The field as text and as a finite number.
fn number<S: Scalar + FromStr>(
    bytes: &[u8],
    at: impl Fn() -> Place,
) -> Result<(&str, S), CsvProblem> {
    let field = text(bytes, &at)?;
    match field.parse::<S>() {
        Ok(value) if value.is_finite() => Ok((field, value)),
        Ok(_) => Err(CsvProblem::NotFinite {
            at: at(),
            field: shortened(field),
            scalar: std::any::type_name::<S>(),
        }),
        Err(_) => Err(CsvProblem::NotNumber {
            at: at(),
            field: shortened(field),
        }),
    }
}

fn text(bytes: &[u8], at: impl Fn() -> Place) -> Result<&str, CsvProblem> {
    std::str::from_utf8(bytes).map_err(|_| CsvProblem::NotUtf8(at()))
}

/// The beginning of a field, which may be a whole file, for a message.
fn shortened(field: &str) -> String {
    match field.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &field[..end]),
        None => field.to_owned(),
    }
}

/// The lines of a source that are not blank, with their numbers.
struct Lines<R> {
    reader: csv::Reader<Chain<R, &'static [u8]>>,
    fields: ByteRecord,
}

impl<R: Read> Lines<R> {
    fn new(source: R) -> Self {
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(Trim::All)
            // The crate's own positions miscount after CRLF and after blank lines. Where a line
            // ends at its LF, and the last one has an LF too, the line after a record is exact;
            // the CR is trimmed.
            .terminator(Terminator::Any(b'\n'))
            .from_reader(source.chain(&b"\n"[..]));
        Self {
            reader,
            fields: ByteRecord::new(),
        }
    }

    /// Reads the next line into `fields` and returns its number, or `None` at the end.
    fn next(&mut self) -> Result<Option<u64>, CsvProblem> {
        let io = |error| CsvProblem::Io(io::Error::from(error));
        while self.reader.read_byte_record(&mut self.fields).map_err(io)? {
            let blank = self.fields.len() == 1 && self.fields[0].is_empty();
            if !blank {
                return Ok(Some(self.reader.position().line() - 1));
            }
        }
        Ok(None)
    }
}
