//! Data sets from MATLAB's `.mat` files, as `save` writes them by default: Level 5, also called
//! v5, v6 and v7, compressed or not, in either byte order.
//!
//! The format is described in "MAT-File Format" (The MathWorks). The reader is our own: `matfile`
//! 0.5, the crate there is, inflates without a limit, recurses as deep as a file says, overflows
//! in its product of dimensions, takes a truncated file for a shorter one, and prints. None of that can be
//! kept from it without parsing the file first. This one knows real matrices and nothing else:
//! elements inside elements are never followed, so there is no depth to bound.
//!
//! Every length that a file states is checked against the bytes that are there before anything
//! is allocated for it, and what compressed bytes inflate to is counted while they do.

mod elements;
mod error;
mod header;
mod numbers;
mod variable;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use autodiff::{Scalar, Tensor};

pub use error::{MatError, MatProblem};

use crate::Dataset;
use header::ByteOrder;
use variable::Variable;

/// A `.mat` file in memory, its variables listed and their numbers not yet decoded.
///
/// ```
/// use layers::MatFile;
///
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/data.mat");
/// let file = MatFile::open(path)?;
/// assert_eq!(file.names().collect::<Vec<_>>(), ["X", "y", "Xval", "yval"]);
/// let training = file.dataset::<f64>("X", "y")?;
/// let validation = file.dataset::<f64>("Xval", "yval")?;
/// assert_eq!((training.features(), training.examples()), (2, 7));
/// assert_eq!(validation.examples(), 4);
/// # Ok::<(), layers::MatError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MatFile {
    name: String,
    bytes: Vec<u8>,
    order: ByteOrder,
    variables: Vec<Variable>,
}

impl MatFile {
    /// A larger file is refused: 2³⁰ bytes.
    pub const MAX_BYTES: u64 = 1 << 30;
    /// A variable with more numbers is refused: 2²⁶, which are 512 MiB as `f64`.
    pub const MAX_NUMBERS: u64 = 1 << 26;
    /// A file with more variables is refused: 2¹⁶.
    pub const MAX_VARIABLES: usize = 1 << 16;

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is no such file, or is truncated or damaged: see [`MatProblem`].
    ///
    /// ```
    /// use layers::{MatFile, MatProblem};
    ///
    /// let error = MatFile::open("no/such/data.mat").unwrap_err();
    /// assert!(matches!(error.problem, MatProblem::Io(_)));
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, MatError> {
        let name = path.as_ref().display().to_string();
        match read_at_most(path.as_ref(), Self::MAX_BYTES + 1) {
            Ok(bytes) => Self::parse(bytes, &name),
            Err(problem) => Err(problem.in_file(&name)),
        }
    }

    /// The file with these bytes; `name` is what messages call it.
    ///
    /// # Errors
    ///
    /// As [`open`](MatFile::open).
    ///
    /// ```
    /// use layers::MatFile;
    ///
    /// let error = MatFile::parse(b"x1,x2,label\n".to_vec(), "data.csv").unwrap_err();
    /// assert!(error.to_string().starts_with("data.csv: is no MATLAB file"));
    /// ```
    pub fn parse(bytes: Vec<u8>, name: &str) -> Result<Self, MatError> {
        let listed = || {
            if bytes.len() as u64 > Self::MAX_BYTES {
                return Err(MatProblem::TooLarge {
                    what: "the file".to_owned(),
                    limit: format!("{} bytes", Self::MAX_BYTES),
                });
            }
            let order = header::byte_order(&bytes)?;
            Ok((order, variable::list(&bytes, order)?))
        };
        let (order, variables) = listed().map_err(|problem| problem.in_file(name))?;
        Ok(Self {
            name: name.to_owned(),
            bytes,
            order,
            variables,
        })
    }

    /// The names of the variables, in the file's order.
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/classes.mat");
    /// let file = layers::MatFile::open(path)?;
    /// assert!(file.names().any(|name| name == "int16s"));
    /// # Ok::<(), layers::MatError>(())
    /// ```
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|variable| variable.name.as_str())
    }

    /// A matrix of real numbers, in MATLAB's shape. Whatever class it has, each number is rounded
    /// to `S`, once if it is not an integer beyond 2⁵³; `false` is 0 and `true` is 1.
    ///
    /// # Errors
    ///
    /// If there is no such variable, if it is not a real numeric matrix, is too large, or its bytes
    /// are damaged.
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/classes.mat");
    /// let file = layers::MatFile::open(path)?;
    /// let matrix = file.matrix::<f64>("int16s")?;
    /// assert_eq!(matrix.shape().dims(), [2, 3]);
    /// assert_eq!(matrix[[1, 0]], 300.0);
    ///
    /// let missing = file.matrix::<f64>("int17s").unwrap_err();
    /// assert!(missing.to_string().contains("it has `doubles`, `singles`, `int8s`"));
    /// # Ok::<(), layers::MatError>(())
    /// ```
    pub fn matrix<S: Scalar>(&self, name: &str) -> Result<Tensor<S>, MatError> {
        let (rows, columns, numbers) = self
            .columns(name)
            .map_err(|problem| problem.in_file(&self.name))?;
        let place = |k: usize| k % columns * rows + k / columns;
        Ok(Tensor::from_fn([rows, columns], |k| numbers[place(k)]))
    }

    /// The data set of two variables: `x` with an example per row, (m, `n_x`), and `y` (m, 1) with
    /// its label. A [`Dataset`] has an example per column, so both are transposed.
    ///
    /// # Errors
    ///
    /// As [`matrix`](MatFile::matrix), if the shapes are others, and if a feature is not finite or
    /// a label neither 0 nor 1.
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/data.mat");
    /// let file = layers::MatFile::open(path)?;
    /// assert_eq!(file.dataset::<f64>("X", "y")?.y().shape().dims(), [1, 7]);
    ///
    /// let swapped = file.dataset::<f64>("X", "yval").unwrap_err();
    /// assert!(swapped.to_string().contains("`yval` is 4 by 1, and 7 by 1 is needed"));
    /// # Ok::<(), layers::MatError>(())
    /// ```
    pub fn dataset<S: Scalar>(&self, x: &str, y: &str) -> Result<Dataset<S>, MatError> {
        self.transposed(x, y)
            .map_err(|problem| problem.in_file(&self.name))
    }

    fn transposed<S: Scalar>(&self, x: &str, y: &str) -> Result<Dataset<S>, MatProblem> {
        let (m, n_x, features) = self.columns(x)?;
        let (rows, columns, labels) = self.columns(y)?;
        if (rows, columns) != (m, 1) {
            return Err(MatProblem::Shape {
                name: y.to_owned(),
                found: error::shape(&[rows, columns]),
                expected: format!("{m} by 1"),
                reason: format!("`{x}` has {m} rows, which are the examples"),
            });
        }
        // MATLAB stores columns, and a column of (m, n_x) is a row of (n_x, m).
        let (features, labels) = (Tensor::new([n_x, m], features), Tensor::new([1, m], labels));
        Dataset::new(features, labels).map_err(|problem| MatProblem::Data {
            x: x.to_owned(),
            y: y.to_owned(),
            problem: Box::new(problem),
        })
    }

    /// A matrix column by column: how many rows, how many columns, and the numbers.
    fn columns<S: Scalar>(&self, name: &str) -> Result<(usize, usize, Vec<S>), MatProblem> {
        let variable = self.find(name)?;
        let (rows, columns) = variable.matrix_shape()?;
        let numbers = variable.numbers(&self.bytes, self.order)?;
        Ok((rows, columns, numbers))
    }

    fn find(&self, name: &str) -> Result<&Variable, MatProblem> {
        let mut found = self.variables.iter().filter(|v| v.name == name);
        let variable = found.next().ok_or_else(|| MatProblem::Missing {
            name: name.to_owned(),
            there: error::listed(self.names()),
        })?;
        match found.next() {
            Some(_) => Err(variable.corrupt("there are two variables of that name")),
            None => Ok(variable),
        }
    }
}

/// Reads a data set from a `.mat` file: [`MatFile::dataset`] of the file at a path.
///
/// # Errors
///
/// As [`MatFile::open`] and [`MatFile::dataset`].
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/data.mat");
/// let data = layers::read_mat::<f64>(path, "X", "y")?;
/// assert_eq!(data.x()[[1, 0]], 0.25);
/// # Ok::<(), layers::MatError>(())
/// ```
pub fn read_mat<S: Scalar>(
    path: impl AsRef<Path>,
    x: &str,
    y: &str,
) -> Result<Dataset<S>, MatError> {
    MatFile::open(path)?.dataset(x, y)
}

/// The beginning of a file: a device that never ends is read to the limit and no further.
fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, MatProblem> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(MatProblem::Io)?;
    Ok(bytes)
}
