//! What can be wrong with a `.mat` file.

use std::io;

use thiserror::Error;

use crate::DataError;

/// A `.mat` file that holds no such data, and what to do about it.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/v4.mat");
/// let error = layers::MatFile::open(path).unwrap_err();
/// assert!(error.to_string().ends_with("load it in MATLAB and save it with -v7"));
/// ```
#[derive(Debug, Error)]
#[error("{file}: {problem}")]
pub struct MatError {
    /// The file, as it was named.
    pub file: String,
    /// What is wrong.
    pub problem: MatProblem,
}

/// What is wrong with a `.mat` file.
///
/// ```
/// use layers::{MatFile, MatProblem};
///
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/data.mat");
/// let error = MatFile::open(path)?.matrix::<f64>("Xtest").unwrap_err();
/// let MatProblem::Missing { name, there } = error.problem else { panic!("{error}") };
/// assert_eq!((name.as_str(), there.as_str()), ("Xtest", "`X`, `y`, `Xval`, `yval`"));
/// # Ok::<(), layers::MatError>(())
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MatProblem {
    /// The file cannot be read.
    #[error("cannot be read: {0}: check the path and the permissions")]
    Io(io::Error),
    /// It is something else.
    #[error("is no MATLAB file: {0}: name a file that MATLAB's `save` or SciPy's `savemat` wrote")]
    NotMat(&'static str),
    /// It is of an older format.
    #[error("is a MATLAB file of version 4: load it in MATLAB and save it with -v7")]
    Version4,
    /// It is of a newer format.
    #[error(
        "is a MATLAB file of version 7.3, which is HDF5: load it in MATLAB and save it with -v7"
    )]
    Version73,
    /// It ends too early.
    #[error(
        "is truncated: the element at byte {at} should have {expected} bytes, and {found} are left: \
         copy or save the file again"
    )]
    Truncated {
        /// Where the element is.
        at: usize,
        /// How many bytes should be there.
        expected: u64,
        /// How many are.
        found: u64,
    },
    /// Its bytes contradict each other.
    #[error("is damaged: {place}: {what}: copy or save the file again")]
    Corrupt {
        /// Which element or variable.
        place: String,
        /// What is wrong there.
        what: &'static str,
    },
    /// It, or something in it, is beyond a limit of [`MatFile`](crate::MatFile).
    #[error("{what} is too large: the limit is {limit}: save a part of the data")]
    TooLarge {
        /// What is.
        what: String,
        /// What can be read.
        limit: String,
    },
    /// A variable is not there.
    #[error("has no variable `{name}`: it has {there}")]
    Missing {
        /// The one that was asked for.
        name: String,
        /// Those that are there, at most 20 of them.
        there: String,
    },
    /// A variable is no real numeric matrix.
    #[error("`{name}` is {kind}, and a full matrix of real numbers is needed: {advice}")]
    Kind {
        /// The variable.
        name: String,
        /// What it is.
        kind: &'static str,
        /// What to save instead.
        advice: &'static str,
    },
    /// A variable has another shape.
    #[error("`{name}` is {found}, and {expected} is needed: {reason}")]
    Shape {
        /// The variable.
        name: String,
        /// Its shape.
        found: String,
        /// The shape that would do.
        expected: String,
        /// Why that one.
        reason: String,
    },
    /// Two variables make no data set.
    #[error("`{x}` and `{y}`: {problem}")]
    Data {
        /// The features.
        x: String,
        /// The labels.
        y: String,
        /// Why not.
        problem: Box<DataError>,
    },
}

impl MatProblem {
    pub(super) fn in_file(self, file: &str) -> MatError {
        MatError {
            file: file.to_owned(),
            problem: self,
        }
    }
}

/// `7 by 2`, or a cube's `7 by 2 by 3`.
pub(super) fn shape(dimensions: &[usize]) -> String {
    let lengths: Vec<String> = dimensions.iter().map(usize::to_string).collect();
    lengths.join(" by ")
}

/// Some names for a message, which a file with thousands must not flood.
pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 20;
    let mut names = names.map(|name| format!("`{name}`"));
    let shown: Vec<String> = names.by_ref().take(SHOWN).collect();
    match (shown.is_empty(), names.count()) {
        (true, _) => "none".to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{} and {more} more", shown.join(", ")),
    }
}
