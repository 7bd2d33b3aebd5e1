//! Models from and to safetensors files (feature `safetensors`).

use std::any::TypeId;
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use autodiff::Scalar;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::{Mlp, ModelError, WriteError, write_atomically};

/// Why a file holds no model that can be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct LoadError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: ModelFileProblem,
}

/// What is wrong with a model file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelFileProblem {
    /// It cannot be read.
    #[error("{0}: check the path and the permissions")]
    Io(io::Error),
    /// It is truncated, or something else.
    #[error(
        "this is not a whole safetensors file ({0}): save the model again, or name another file"
    )]
    Format(safetensors::SafeTensorError),
    /// It lacks W1, or W2 without b2, and so on.
    #[error("there is no tensor {name:?}: a model of this library has W1, b1, W2, b2, …")]
    Missing {
        /// The tensor's name.
        name: String,
    },
    /// It has tensors that no such model has.
    #[error(
        "the tensor {name:?} does not belong to a model of this library: it has only W1, b1, W2, b2, …"
    )]
    Foreign {
        /// The tensor's name.
        name: String,
    },
    /// A tensor has a shape that does not fit the others.
    #[error("the tensor {name:?} has shape {found:?}, and {expected} would fit")]
    Shape {
        /// The tensor's name.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that would fit.
        expected: String,
    },
    /// A tensor is neither F32 nor F64.
    #[error("the tensor {name:?} is stored as {found:?}: F32 and F64 can be read")]
    Dtype {
        /// The tensor's name.
        name: String,
        /// How it is stored.
        found: Dtype,
    },
    /// The tensors do not make a model.
    #[error("{0}")]
    Model(ModelError),
}

/// Writes the model to a file, whole or not at all: the tensors W1, b1, W2, b2, …, as F32 for an
/// `Mlp<f32>` and as F64 for others, so that `f32` and `f64` come back bit for bit.
///
/// ```
/// use layers::{He, Mlp, NumpyRandom, load_model, save_model};
///
/// let model = Mlp::<f64>::new(&[2, 3, 1], &He, &mut NumpyRandom::seed(1))?;
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("model.safetensors");
/// save_model(&path, &model)?;
/// assert_eq!(load_model::<f64>(&path)?, model);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// If the file cannot be written. What it held before is then still there.
pub fn save_model<S: Scalar>(path: impl AsRef<Path>, model: &Mlp<S>) -> Result<(), WriteError> {
    let stored = StoredTensor::of_model(model);
    let views = stored.iter().map(StoredTensor::view);
    let file = safetensors::serialize(views, None).expect("shapes and names are in order");
    write_atomically(path, |writer| writer.write_all(&file))
}

/// A tensor as it goes into a file: F32 for `f32`, and F64 for other scalars.
pub(crate) struct StoredTensor {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl StoredTensor {
    pub(crate) fn new<S: Scalar>(name: String, shape: &[usize], values: &[S]) -> Self {
        let numbers = values.iter().map(|v| v.to_f64().unwrap_or(f64::NAN));
        let single = TypeId::of::<S>() == TypeId::of::<f32>();
        let (dtype, bytes) = match single {
            true => (
                Dtype::F32,
                numbers.flat_map(|v| (v as f32).to_le_bytes()).collect(),
            ),
            false => (Dtype::F64, numbers.flat_map(f64::to_le_bytes).collect()),
        };
        Self {
            name,
            dtype,
            shape: shape.to_vec(),
            bytes,
        }
    }

    /// W1, b1, W2, b2, …
    pub(crate) fn of_model<S: Scalar>(model: &Mlp<S>) -> Vec<Self> {
        let layers = (0..model.depth()).flat_map(|layer| {
            let parameters = [("W", model.weights(layer)), ("b", model.biases(layer))];
            parameters.map(|(letter, values)| {
                Self::new(
                    format!("{letter}{}", layer + 1),
                    values.shape().dims(),
                    &values,
                )
            })
        });
        layers.collect()
    }

    pub(crate) fn view(&self) -> (&str, TensorView<'_>) {
        let view = TensorView::new(self.dtype, self.shape.clone(), &self.bytes);
        (&self.name, view.expect("the bytes fill the shape"))
    }
}

/// Reads a model that [`save_model`] wrote. Parameters stored as F32 or F64 are rounded to `S`.
///
/// # Errors
///
/// If the file cannot be read, is truncated, is no safetensors file, or holds other tensors than
/// those of such a model.
pub fn load_model<S: Scalar>(path: impl AsRef<Path>) -> Result<Mlp<S>, LoadError> {
    let path = path.as_ref();
    fs::read(path)
        .map_err(ModelFileProblem::Io)
        .and_then(|bytes| parse_model(&bytes))
        .map_err(|problem| LoadError {
            path: path.to_path_buf(),
            problem,
        })
}

/// [`load_model`] for the bytes of a file.
///
/// # Errors
///
/// As `load_model`.
pub fn parse_model<S: Scalar>(bytes: &[u8]) -> Result<Mlp<S>, ModelFileProblem> {
    let file = SafeTensors::deserialize(bytes).map_err(ModelFileProblem::Format)?;
    read_model(&file, &[])
}

/// The model in a file that has these other tensors too.
pub(crate) fn read_model<S: Scalar>(
    file: &SafeTensors<'_>,
    others: &[&str],
) -> Result<Mlp<S>, ModelFileProblem> {
    let has = |letter: char, layer: usize| file.tensor(&format!("{letter}{layer}")).is_ok();
    let depth = (1..)
        .take_while(|&layer| has('W', layer) || has('b', layer))
        .count();
    let mut sizes = Vec::new();
    let mut parameters = Vec::new();
    for layer in 1..=depth.max(1) {
        let name = format!("W{layer}");
        let weights = tensor(file, &name)?;
        let &[n_out, n_in] = weights.shape() else {
            return Err(misshapen(name, &weights, "(n_out, n_in)".into()));
        };
        match sizes.last() {
            Some(&before) if before != n_in => {
                return Err(misshapen(name, &weights, format!("(n_out, {before})")));
            }
            Some(_) => {}
            None => sizes.push(n_in),
        }
        sizes.push(n_out);
        parameters.extend(numbers::<S>(&name, &weights)?);
        let name = format!("b{layer}");
        let biases = tensor(file, &name)?;
        if biases.shape() != [n_out, 1] {
            return Err(misshapen(name, &biases, format!("({n_out}, 1)")));
        }
        parameters.extend(numbers::<S>(&name, &biases)?);
    }
    // A set, because a hostile file can have a million names.
    let expected: HashSet<String> = (1..=depth)
        .flat_map(|layer| [format!("W{layer}"), format!("b{layer}")])
        .collect();
    let foreign = |name: &&str| !others.contains(name) && !expected.contains(*name);
    if let Some(name) = file.names().into_iter().find(foreign) {
        let name = name.to_string();
        return Err(ModelFileProblem::Foreign { name });
    }
    Mlp::from_parameters(&sizes, parameters).map_err(ModelFileProblem::Model)
}

pub(crate) fn tensor<'f>(
    file: &SafeTensors<'f>,
    name: &str,
) -> Result<TensorView<'f>, ModelFileProblem> {
    file.tensor(name).map_err(|_| ModelFileProblem::Missing {
        name: name.to_string(),
    })
}

fn misshapen(name: String, tensor: &TensorView<'_>, expected: String) -> ModelFileProblem {
    ModelFileProblem::Shape {
        name,
        found: tensor.shape().to_vec(),
        expected,
    }
}

pub(crate) fn numbers<S: Scalar>(
    name: &str,
    tensor: &TensorView<'_>,
) -> Result<Vec<S>, ModelFileProblem> {
    let bytes = tensor.data();
    match tensor.dtype() {
        Dtype::F64 => Ok(bytes
            .as_chunks::<8>()
            .0
            .iter()
            .map(|&number| S::constant(f64::from_le_bytes(number)))
            .collect()),
        Dtype::F32 => Ok(bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|&number| S::constant(f32::from_le_bytes(number).into()))
            .collect()),
        found => Err(ModelFileProblem::Dtype {
            name: name.to_string(),
            found,
        }),
    }
}
