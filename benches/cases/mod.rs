//! The networks that the benches train, each with its examples.

use std::fmt;

use gradproof::autodiff::{Scalar, Tensor};
use gradproof::layers::{Dataset, He, Mlp, NumpyRandom, make_circles};

/// A network, and the number of examples it is trained on.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) sizes: [usize; 4],
    pub(crate) examples: usize,
}

/// The course's two.
pub(crate) const SMALL: [Case; 2] = [
    Case {
        sizes: [2, 10, 5, 1],
        examples: 300,
    },
    Case {
        sizes: [2, 20, 3, 1],
        examples: 211,
    },
];

/// As for images, on a mini-batch and on eight of them, and a wider one.
pub(crate) const LARGE: [Case; 3] = [
    Case {
        sizes: [784, 512, 512, 1],
        examples: 128,
    },
    Case {
        sizes: [784, 512, 512, 1],
        examples: 1024,
    },
    Case {
        sizes: [1024, 1024, 1024, 1],
        examples: 512,
    },
];

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [n0, n1, n2, n3] = self.sizes;
        write!(f, "{n0}-{n1}-{n2}-{n3} on {}", self.examples)
    }
}

impl Case {
    /// The network as it starts, and its examples: circles in the plane, noise in more dimensions.
    pub(crate) fn build<S: Scalar>(&self) -> (Mlp<S>, Dataset<S>) {
        let model = Mlp::new(&self.sizes, &He, &mut NumpyRandom::seed(3));
        let mut random = NumpyRandom::seed(1);
        let data = match self.sizes[0] {
            2 => make_circles(self.examples, 0.05, 0.8, &mut random),
            features => {
                let x = Tensor::from_fn([features, self.examples], |_| random.normal(0.0, 1.0));
                let y = Tensor::from_fn([1, self.examples], |k| f64::from(k % 2 == 0));
                Dataset::new(x, y)
            }
        };
        (model.unwrap(), data.unwrap().cast().unwrap())
    }

    /// Multiplications and additions in the products of one step: forward, dW, and dA, which the
    /// first layer does not need.
    #[allow(dead_code, reason = "only steps are counted in operations")]
    pub(crate) fn operations(&self) -> usize {
        let products = |(layer, n): (usize, &[usize])| if layer == 0 { 2 } else { 3 } * n[0] * n[1];
        let per_example: usize = self.sizes.windows(2).enumerate().map(products).sum();
        2 * per_example * self.examples
    }
}
