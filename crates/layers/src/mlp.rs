//! The model: sizes and parameters, and what it predicts.

use autodiff::matmul::{Activation, Matrix, MatrixMut, affine};
use autodiff::ops::logistic;
use autodiff::{Scalar, Shape, Tape, Tensor, Var, View};

use crate::{Dataset, Initializer, RandomStream};

/// The network LINEAR→RELU→…→LINEAR→SIGMOID for two classes, in the course's layout: layer l has
/// weights W of shape (n_out, n_in) and biases b of shape (n_out, 1), and examples are columns.
///
/// Invariant: the parameters are one vector W¹, b¹, W², b², …, each matrix row by row, and all of
/// them are finite when the model is made.
///
/// ```
/// use layers::{He, Mlp, NumpyRandom};
///
/// let model = Mlp::<f64>::new(&[2, 10, 5, 1], &He, &mut NumpyRandom::seed(3))?;
/// assert_eq!(model.parameters().len(), 2 * 10 + 10 + 10 * 5 + 5 + 5 + 1);
/// assert_eq!(model.weights(0).shape().dims(), [10, 2]);
/// assert_eq!(model.biases(0)[..], [0.0; 10]);
/// # Ok::<(), layers::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp<S> {
    sizes: Vec<usize>,
    parameters: Vec<S>,
}

/// Why there is no such model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The layer sizes do not describe this kind of network.
    #[error(
        "{sizes:?} are not the sizes of a network: give at least the number of features and 1 for \
         the output, no 0, and no more parameters than can be addressed"
    )]
    Sizes {
        /// What was given.
        sizes: Vec<usize>,
    },
    /// The parameter vector has another length.
    #[error("a network of sizes {sizes:?} has {expected} parameters, and {found} were given")]
    Parameters {
        /// The layer sizes.
        sizes: Vec<usize>,
        /// How many parameters they make.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// An initializer gave a weight that is not finite at the network's scalar.
    #[error(
        "the initializer gave W{} the weight {weight:?}, which is no finite number of type \
         {scalar}: take an initializer whose scale is finite and smaller", .layer + 1
    )]
    Weight {
        /// The layer, counted from 0.
        layer: usize,
        /// The weight, before it was rounded to the scalar.
        weight: f64,
        /// The type of the network's parameters.
        scalar: &'static str,
    },
    /// A parameter is infinite or NaN.
    #[error("parameter {index} is {value}, which is not finite")]
    NotFinite {
        /// Its place in the vector.
        index: usize,
        /// What it is.
        value: f64,
    },
}

impl<S: Scalar> Mlp<S> {
    /// A network whose weights come from the initializer, first layer first, and whose biases
    /// are 0. `sizes` are n_x, the widths of the hidden layers, and 1.
    ///
    /// # Errors
    ///
    /// If there are fewer than two sizes, one of them is 0, the last one is not 1, or there would be
    /// more parameters than can be addressed; or if a weight is not finite at this scalar.
    ///
    /// # Panics
    ///
    /// If the initializer gives weights of another shape than it was asked for.
    #[track_caller]
    pub fn new(
        sizes: &[usize],
        initializer: &dyn Initializer,
        random: &mut dyn RandomStream,
    ) -> Result<Self, ModelError> {
        check_sizes::<S>(sizes)?;
        let mut parameters = Vec::with_capacity(count(sizes));
        for (layer, size) in sizes.windows(2).enumerate() {
            let (n_in, n_out) = (size[0], size[1]);
            let weights = initializer.weights(n_out, n_in, random);
            assert!(
                weights.shape().dims() == [n_out, n_in],
                "a layer has ({n_out}, {n_in}) weights, and the initializer gave {}",
                weights.shape()
            );
            for &weight in weights.as_slice() {
                let parameter = S::constant(weight);
                if !parameter.is_finite() {
                    return Err(ModelError::Weight {
                        layer,
                        weight,
                        scalar: std::any::type_name::<S>(),
                    });
                }
                parameters.push(parameter);
            }
            parameters.extend((0..n_out).map(|_| S::zero()));
        }
        Self::from_parameters(sizes, parameters)
    }

    /// The network with these parameters, in the order W¹, b¹, W², b², …
    ///
    /// # Errors
    ///
    /// As [`new`](Mlp::new), and if the number of parameters is another.
    pub fn from_parameters(sizes: &[usize], parameters: Vec<S>) -> Result<Self, ModelError> {
        check_sizes::<S>(sizes)?;
        if parameters.len() != count(sizes) {
            return Err(ModelError::Parameters {
                sizes: sizes.to_vec(),
                expected: count(sizes),
                found: parameters.len(),
            });
        }
        if let Some(index) = parameters.iter().position(|p| !p.is_finite()) {
            return Err(ModelError::NotFinite {
                index,
                value: parameters[index].to_f64().unwrap_or(f64::NAN),
            });
        }
        Ok(Self {
            sizes: sizes.to_vec(),
            parameters,
        })
    }

    /// n_x, the widths of the hidden layers, and 1.
    #[must_use]
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// The number of features that the network takes, n_x. Where data comes from a user, ask whether
    /// it has as many before a prediction, which panics if it has not; [`fit`](Mlp::fit) gives an
    /// error.
    ///
    /// ```
    /// use layers::{He, Mlp, NumpyRandom, make_circles};
    ///
    /// let model = Mlp::new(&[2, 3, 1], &He, &mut NumpyRandom::seed(3))?;
    /// let data = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
    /// if data.features() != model.features() {
    ///     return Err(format!("give data with {} features", model.features()).into());
    /// }
    /// println!("{} of the examples are right", model.accuracy(&data));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn features(&self) -> usize {
        self.sizes[0]
    }

    /// The number of layers with parameters.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.sizes.len() - 1
    }

    /// All parameters, in the order W¹, b¹, W², b², …
    #[must_use]
    pub fn parameters(&self) -> &[S] {
        &self.parameters
    }

    /// The weights of a layer, counted from 0, of shape (n_out, n_in).
    ///
    /// # Panics
    ///
    /// If there is no such layer.
    #[track_caller]
    #[must_use]
    pub fn weights(&self, layer: usize) -> View<'_, S> {
        let layer = Layer::new(&self.sizes, layer);
        let [weights, _] = layer.of(&self.parameters);
        View::new([layer.n_out, layer.n_in], weights)
    }

    /// The biases of a layer, counted from 0, of shape (n_out, 1).
    ///
    /// # Panics
    ///
    /// If there is no such layer.
    #[track_caller]
    #[must_use]
    pub fn biases(&self, layer: usize) -> View<'_, S> {
        let layer = Layer::new(&self.sizes, layer);
        let [_, biases] = layer.of(&self.parameters);
        View::new([layer.n_out, 1], biases)
    }

    /// The same network at another scalar, each parameter rounded to it.
    ///
    /// # Errors
    ///
    /// If a parameter is too large for it.
    pub fn cast<T: Scalar>(&self) -> Result<Mlp<T>, ModelError> {
        let rounded = |p: &S| T::constant(p.to_f64().expect("a scalar is a number"));
        Mlp::from_parameters(&self.sizes, self.parameters.iter().map(rounded).collect())
    }

    /// Records the network on a tape, applied to `x` of shape (n_x, m). Its parameters become
    /// variables.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    /// use layers::{He, Mlp, NumpyRandom};
    ///
    /// let model = Mlp::<f64>::new(&[2, 3, 1], &He, &mut NumpyRandom::seed(1))?;
    /// let tape = Tape::new();
    /// let x = tape.data(Tensor::from([[0.5, 1.0], [-1.0, 2.0]]));
    /// let y = tape.data(Tensor::from([[0.0, 1.0]]));
    /// let network = model.record(x);
    /// let cost = network.logits.sigmoid_cross_entropy(y);
    /// let gradients = cost.backward();
    /// assert_eq!(gradients.wrt(network.parameters[0]).shape().dims(), [3, 2]);
    /// # Ok::<(), layers::ModelError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If `x` has another number of features.
    #[track_caller]
    #[must_use]
    pub fn record<'t>(&self, x: Var<'t, S>) -> Network<'t, S> {
        self.record_with(x, |_, activations| activations)
    }

    /// [`record`](Mlp::record) with something done to the activations of every hidden layer, the
    /// layers counted from 0: dropout, for example.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    /// use layers::{Dropout, Mlp, NumpyRandom, Xavier, dropout};
    ///
    /// let model = Mlp::<f64>::new(&[2, 3, 1], &Xavier, &mut NumpyRandom::seed(1))?;
    /// let tape = Tape::new();
    /// let x = tape.data(Tensor::from([[0.5, 1.0], [-1.0, 2.0]]));
    /// let noise = tape.data(Tensor::full([3, 2], 0.9));
    /// let keep = Dropout::new(0.5)?;
    /// let network = model.record_with(x, |_layer, a| dropout(a, noise, keep));
    /// // Everything was dropped, so what is left is the last bias.
    /// assert_eq!(network.logits.value(), Tensor::zeros([1, 2]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If `x` has another number of features.
    #[track_caller]
    #[must_use]
    pub fn record_with<'t>(
        &self,
        x: Var<'t, S>,
        mut hidden: impl FnMut(usize, Var<'t, S>) -> Var<'t, S>,
    ) -> Network<'t, S> {
        let tape: &Tape<S> = x.tape();
        // All parameters before the first op: neighbours in the tape's memory.
        let parameters: Vec<_> = (0..self.depth())
            .flat_map(|layer| [self.weights(layer), self.biases(layer)])
            .map(|parameter| tape.variable(parameter.to_tensor()))
            .collect();
        let last = self.depth() - 1;
        let mut activations = x;
        for (layer, parameter) in parameters[..2 * last].chunks_exact(2).enumerate() {
            activations = hidden(layer, parameter[0].linear_relu(activations, parameter[1]));
        }
        let logits = parameters[2 * last].linear(activations, parameters[2 * last + 1]);
        Network { parameters, logits }
    }

    /// The probability of class 1 for each example, of shape (1, m), for `x` of shape (n_x, m).
    ///
    /// # Panics
    ///
    /// If `x` is no matrix of [`features`](Mlp::features) rows.
    #[track_caller]
    #[must_use]
    pub fn predict_proba(&self, x: &Tensor<S>) -> Tensor<S> {
        let m = examples(self.features(), x.shape());
        let mut a = x.as_slice().to_vec();
        for layer in 0..self.depth() {
            let mut z = vec![S::zero(); self.sizes[layer + 1] * m];
            Layer::new(&self.sizes, layer).apply(&self.parameters, &a, &mut z);
            a = z;
        }
        Tensor::new([1, m], a).map(|z| logistic(z).0)
    }

    /// The class of each example, 0 or 1, of shape (1, m): 1 where the probability is above ½.
    ///
    /// # Panics
    ///
    /// As [`predict_proba`](Mlp::predict_proba).
    #[track_caller]
    #[must_use]
    pub fn predict(&self, x: &Tensor<S>) -> Tensor<S> {
        let half = S::constant(0.5);
        self.predict_proba(x)
            .map(|a| if a > half { S::one() } else { S::zero() })
    }

    /// The share of examples that are predicted right.
    ///
    /// # Panics
    ///
    /// If the data has another number of features than the network: see [`features`](Mlp::features).
    #[track_caller]
    #[must_use]
    pub fn accuracy(&self, data: &Dataset<S>) -> f64 {
        let predictions = self.predict(data.x());
        let right = predictions
            .as_slice()
            .iter()
            .zip(data.y().as_slice())
            .filter(|(prediction, label)| prediction == label);
        right.count() as f64 / data.examples() as f64
    }
}

/// A network on a tape: its parameters W¹, b¹, W², b², …, and its logits, of shape (1, m), before
/// the sigmoid.
#[derive(Clone, Debug)]
pub struct Network<'t, S: Scalar> {
    /// The variables W¹, b¹, W², b², …
    pub parameters: Vec<Var<'t, S>>,
    /// The last layer's W A + b.
    pub logits: Var<'t, S>,
}

impl<S: Scalar> Network<'_, S> {
    /// The network with the parameters it has on the tape now: after training of one's own.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    /// use layers::{Mlp, NumpyRandom, Xavier};
    ///
    /// let model = Mlp::<f64>::new(&[1, 4, 1], &Xavier, &mut NumpyRandom::seed(1))?;
    /// let batches = [[0.0, 3.0], [1.0, 2.0]].map(|x| {
    ///     (Tensor::from([x]), Tensor::from([x.map(|x| f64::from(x > 1.5))]))
    /// });
    /// let tape = Tape::new();
    /// let (x, y) = (tape.data(batches[0].0.clone()), tape.data(batches[0].1.clone()));
    /// let network = model.record(x);
    /// let cost = network.logits.sigmoid_cross_entropy(y);
    /// let mut gradients = cost.backward();
    /// for (batch_x, batch_y) in batches.iter().cycle().take(2000) {
    ///     tape.set(x, batch_x);
    ///     tape.set(y, batch_y);
    ///     tape.replay();
    ///     gradients.replay();
    ///     for &parameter in &network.parameters {
    ///         tape.update(parameter, |values| {
    ///             for (value, g) in values.iter_mut().zip(gradients.wrt(parameter).iter()) {
    ///                 *value -= 0.5 * g;
    ///             }
    ///         });
    ///     }
    /// }
    /// let trained = network.to_mlp()?;
    /// assert_eq!(trained.predict(&Tensor::from([[0.0, 3.0]])), Tensor::from([[0.0, 1.0]]));
    /// # Ok::<(), layers::ModelError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a parameter is not finite.
    pub fn to_mlp(&self) -> Result<Mlp<S>, ModelError> {
        let weights = self.parameters.iter().step_by(2);
        let n_in = self.parameters[0].shape().dims()[1];
        let n_out = weights.map(|w| w.shape().dims()[0]);
        let sizes: Vec<usize> = std::iter::once(n_in).chain(n_out).collect();
        let values = self.parameters.iter().flat_map(|p| p.value().into_vec());
        Mlp::from_parameters(&sizes, values.collect())
    }
}

fn check_sizes<S>(sizes: &[usize]) -> Result<(), ModelError> {
    // Weights are drawn at f64, whatever the scalar.
    let bytes = size_of::<S>().max(size_of::<f64>());
    let too_many = || {
        sizes
            .windows(2)
            .try_fold(0_usize, |sum, n| {
                sum.checked_add(n[1].checked_mul(n[0].checked_add(1)?)?)
            })
            .is_none_or(|parameters| parameters > isize::MAX as usize / bytes)
    };
    if sizes.len() < 2 || sizes.contains(&0) || sizes.last() != Some(&1) || too_many() {
        return Err(ModelError::Sizes {
            sizes: sizes.to_vec(),
        });
    }
    Ok(())
}

/// The number of parameters of a network of these sizes.
fn count(sizes: &[usize]) -> usize {
    sizes.windows(2).map(|n| n[1] * n[0] + n[1]).sum()
}

/// The place of a layer's weights and biases in a vector of all parameters, or of their gradients,
/// and what it does with them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer {
    pub(crate) n_in: usize,
    pub(crate) n_out: usize,
    start: usize,
    activation: Activation,
}

impl Layer {
    /// A layer of a network of these sizes, counted from 0.
    #[track_caller]
    pub(crate) fn new(sizes: &[usize], layer: usize) -> Self {
        assert!(
            layer + 1 < sizes.len(),
            "there is no layer {layer} in a network of sizes {sizes:?}"
        );
        Self {
            n_in: sizes[layer],
            n_out: sizes[layer + 1],
            start: count(&sizes[..=layer]),
            activation: match layer + 2 < sizes.len() {
                true => Activation::Relu,
                false => Activation::Identity,
            },
        }
    }

    /// W and b.
    pub(crate) fn of<'a, S>(&self, vector: &'a [S]) -> [&'a [S]; 2] {
        let (w, b) = vector[self.start..][..self.len()].split_at(self.n_out * self.n_in);
        [w, b]
    }

    /// dW and db.
    pub(crate) fn of_mut<'a, S>(&self, vector: &'a mut [S]) -> [&'a mut [S]; 2] {
        let (w, b) = vector[self.start..][..self.len()].split_at_mut(self.n_out * self.n_in);
        [w, b]
    }

    fn len(&self) -> usize {
        self.n_out * (self.n_in + 1)
    }

    /// f(W A + b), for A of shape (n_in, m) and the result of shape (n_out, m), by rows.
    pub(crate) fn apply<S: Scalar>(&self, parameters: &[S], a: &[S], z: &mut [S]) {
        let [w, b] = self.of(parameters);
        let m = a.len() / self.n_in;
        affine(
            Matrix::row_major(w, self.n_out, self.n_in),
            Matrix::row_major(a, self.n_in, m),
            b,
            self.activation,
            MatrixMut::row_major(z, self.n_out, m),
        );
    }
}

/// The number of examples in data of this shape.
#[track_caller]
fn examples(n_x: usize, x: Shape) -> usize {
    match *x.dims() {
        [features, m] if features == n_x => m,
        _ => panic!(
            "predict: the network takes {n_x} features, x of shape ({n_x}, m), and this x has shape {x}"
        ),
    }
}
