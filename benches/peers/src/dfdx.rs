//! The network in dfdx, with its own layers, loss and optimizer.

use dfdx::losses::binary_cross_entropy_with_logits_loss;
use dfdx::nn::modules::{Linear, ReLU};
use dfdx::nn::{BuildModule, Module, ZeroGrads};
use dfdx::optim::{Optimizer, Sgd, SgdConfig};
use dfdx::prelude::{AsArray, Const, Cpu, Gradients, Tensor, TensorFromVec, Trace};
use dfdx::tensor_ops::Backward;

use crate::peer::Peer;
use crate::problem::{LEARNING_RATE, Problem, transposed};

type Network<S, const N0: usize, const N1: usize, const N2: usize> = (
    (Linear<N0, N1, S, Cpu>, ReLU),
    (Linear<N1, N2, S, Cpu>, ReLU),
    Linear<N2, 1, S, Cpu>,
);

/// Examples are rows. The sizes of the layers are part of a type, and the scalars are those that
/// [`trains!`] names.
struct Dfdx<S: dfdx::dtypes::Dtype, const N0: usize, const N1: usize, const N2: usize> {
    network: Network<S, N0, N1, N2>,
    descent: Sgd<Network<S, N0, N1, N2>, S, Cpu>,
    /// Allocated once; `None` only while a step has them.
    gradients: Option<Gradients<S, Cpu>>,
    x: Tensor<(usize, Const<N0>), S, Cpu>,
    y: Tensor<(usize, Const<1>), S, Cpu>,
}

macro_rules! trains {
    ($scalar:ty) => {
        impl<const N0: usize, const N1: usize, const N2: usize> Dfdx<$scalar, N0, N1, N2> {
            fn new(problem: &Problem<$scalar>) -> Self {
                let Problem { model, data } = problem;
                let (device, m) = (Cpu::default(), data.examples());
                let mut network = Network::<$scalar, N0, N1, N2>::build(&device);
                let ((first, _), (second, _), last) = &mut network;
                first.weight.copy_from(&model.weights(0));
                first.bias.copy_from(&model.biases(0));
                second.weight.copy_from(&model.weights(1));
                second.bias.copy_from(&model.biases(1));
                last.weight.copy_from(&model.weights(2));
                last.bias.copy_from(&model.biases(2));
                let settings = SgdConfig {
                    lr: LEARNING_RATE,
                    momentum: None,
                    weight_decay: None,
                };
                Self {
                    descent: Sgd::new(&network, settings),
                    gradients: Some(network.alloc_grads()),
                    x: device.tensor_from_vec(transposed(data.x().view()), (m, Const)),
                    y: device.tensor_from_vec(data.y().as_slice().to_vec(), (m, Const)),
                    network,
                }
            }
        }

        impl<const N0: usize, const N1: usize, const N2: usize> Peer for Dfdx<$scalar, N0, N1, N2> {
            fn train(&mut self, steps: usize) -> f64 {
                let mut cost = <$scalar>::NAN;
                for _ in 0..steps {
                    let gradients = self.gradients.take().expect("no step is under way");
                    let logits = self.network.forward(self.x.trace(gradients));
                    let loss = binary_cross_entropy_with_logits_loss(logits, self.y.clone());
                    cost = loss.array();
                    let mut gradients = loss.backward();
                    self.descent
                        .update(&mut self.network, &gradients)
                        .expect("the cost depends on every parameter");
                    self.network.zero_grads(&mut gradients);
                    self.gradients = Some(gradients);
                }
                cost.into()
            }
        }

        impl Trains for $scalar {
            fn peer(problem: &Problem<Self>) -> Box<dyn Peer> {
                match *problem.model.sizes() {
                    [2, 10, 5, 1] => Box::new(Dfdx::<$scalar, 2, 10, 5>::new(problem)),
                    [2, 20, 3, 1] => Box::new(Dfdx::<$scalar, 2, 20, 3>::new(problem)),
                    [784, 512, 512, 1] => Box::new(Dfdx::<$scalar, 784, 512, 512>::new(problem)),
                    [1024, 1024, 1024, 1] => {
                        Box::new(Dfdx::<$scalar, 1024, 1024, 1024>::new(problem))
                    }
                    ref sizes => panic!("no network of sizes {sizes:?} is compiled for dfdx"),
                }
            }
        }
    };
}

/// A scalar that dfdx trains with: its own traits do not say that of all of them at once.
pub(crate) trait Trains: Sized {
    /// The network of this problem.
    fn peer(problem: &Problem<Self>) -> Box<dyn Peer>;
}

trains!(f32);
trains!(f64);
