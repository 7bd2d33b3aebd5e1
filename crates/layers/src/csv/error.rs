//! What can be wrong with a file of comma separated values.

use std::fmt;
use std::io;

use thiserror::Error;

/// A file that is no data set, and what to correct in it.
#[derive(Debug, Error)]
#[error("{file}: {problem}")]
pub struct CsvError {
    /// The file, as it was named.
    pub file: String,
    /// What is wrong.
    pub problem: CsvProblem,
}

/// What is wrong with a file of comma separated values. Lines and columns are counted from 1.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CsvProblem {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Io(io::Error),
    /// There is nothing in the file.
    #[error(
        "is empty: the first line has to name the columns, as in `x1,x2,label`, and every other \
         line to hold an example"
    )]
    Empty,
    /// The first line holds numbers.
    #[error(
        "line {line}: these are numbers, and the first line has to name the columns: put a line \
         such as `x1,x2,label` before it"
    )]
    HeaderMissing {
        /// The first line that is not blank.
        line: u64,
    },
    /// The last column is not the labels.
    #[error(
        "line {line}: the last column is named {last:?}, and it has to be `label` (columns are \
         separated by commas)"
    )]
    LabelMissing {
        /// The header's line.
        line: u64,
        /// The name of the last column, shortened.
        last: String,
    },
    /// The only column is the labels.
    #[error("line {line}: there is no column of features before `label`")]
    NoFeatures {
        /// The header's line.
        line: u64,
    },
    /// There is a header and nothing else.
    #[error("has a header and no examples: add a line for each")]
    NoExamples,
    /// A line is longer or shorter than the header.
    #[error("line {line}: {found} fields, where the header names {expected} columns")]
    Ragged {
        /// The line.
        line: u64,
        /// The number of columns.
        expected: usize,
        /// The number of fields on the line.
        found: usize,
    },
    /// A field is not text.
    #[error("{0}: the text is not UTF-8: save the file in that encoding")]
    NotUtf8(Place),
    /// A field is no number.
    #[error("{at}: {field:?} is not a number")]
    NotNumber {
        /// Where.
        at: Place,
        /// The field, shortened.
        field: String,
    },
    /// A field is NaN, infinite, or beyond the range of the scalar.
    #[error("{at}: {field:?} is not a finite number of type {scalar}")]
    NotFinite {
        /// Where.
        at: Place,
        /// The field, shortened.
        field: String,
        /// The type that was asked for.
        scalar: &'static str,
    },
    /// A label is neither 0 nor 1.
    #[error("{at}: the label is {field:?}, and it has to be 0 or 1")]
    Label {
        /// Where.
        at: Place,
        /// The field, shortened.
        field: String,
    },
}

/// A field of a file: `line 3, column 2 (x2)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1; for a field that is quoted over several lines, the last.
    pub line: u64,
    /// The column, from 1.
    pub column: usize,
    /// The column's name, shortened; empty in the header itself.
    pub name: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)?;
        if !self.name.is_empty() {
            write!(f, " ({})", self.name.escape_debug())?;
        }
        Ok(())
    }
}
