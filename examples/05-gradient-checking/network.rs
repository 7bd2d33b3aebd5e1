//! The network of the course's gradient check: 4-5-3-1, three examples.

use gradproof::autodiff::{Scalar, Shape};
use gradproof::layers::{
    Dataset, HandWritten, Mlp, Noise, NumpyRandom, Pass, Regularization, naive_cross_entropy,
};

use crate::golden::block;

pub(crate) const SIZES: [usize; 4] = [4, 5, 3, 1];

/// Its parameters, and the data it is checked on.
pub(crate) struct Network {
    pub(crate) parameters: Vec<f64>,
    data: Dataset<f64>,
}

impl Network {
    pub(crate) fn published() -> Self {
        let take = |name: &str| block(include_str!("../../tests/golden/case_gradcheck.txt"), name);
        let layers = ["W1", "b1", "W2", "b2", "W3", "b3"];
        let parameters = layers
            .iter()
            .flat_map(|name| take(name).into_vec())
            .collect();
        // From a vector to a model, and back.
        let model = Mlp::from_parameters(&SIZES, parameters).expect("they are those of the sizes");
        assert_eq!(model.parameters(), take("theta").as_slice());
        Self {
            parameters: model.parameters().to_vec(),
            data: Dataset::new(take("X"), take("Y")).expect("the labels are 0 or 1"),
        }
    }

    /// The gradient by backpropagation, written by hand.
    pub(crate) fn gradient(&self, regularization: &Regularization) -> Vec<f64> {
        let mut pass = pass(&self.parameters, &self.data, regularization);
        pass.evaluate();
        pass.gradient()
    }

    /// The cost from logits, at any scalar: a function of the parameters alone, because the noise
    /// of dropout is drawn from the same seed in every call.
    pub(crate) fn cost<S: Scalar>(&self, regularization: &Regularization) -> impl Fn(&[S]) -> S {
        let (data, regularization) = (self.data.cast(), *regularization);
        let data = data.expect("every scalar holds what f64 holds");
        move |parameters| pass(parameters, &data, &regularization).evaluate()
    }

    /// The cost as the course computes it: from probabilities, which are rounded.
    pub(crate) fn naive_cost(&self, parameters: &[f64]) -> f64 {
        let model = Mlp::from_parameters(&SIZES, parameters.to_vec()).expect("they stay finite");
        naive_cross_entropy(&model.predict_proba(self.data.x()), self.data.y())
    }
}

fn pass<'d, S: Scalar>(
    parameters: &[S],
    data: &'d Dataset<S>,
    regularization: &Regularization,
) -> HandWritten<'d, S> {
    let model = Mlp::from_parameters(&SIZES, parameters.to_vec()).expect("they stay finite");
    let mut pass = HandWritten::new(&model, data, regularization);
    let (Noise::Fresh(seed) | Noise::Repeated(seed)) = regularization.noise;
    pass.draw_noise(&mut NumpyRandom::seed(seed));
    pass
}

/// The course's two mistakes: dW2 is doubled, and db1 is four times what it should be.
pub(crate) fn with_mistakes(gradient: &[f64]) -> Vec<f64> {
    let mut rest = gradient.iter();
    let factor = |name: &str| match name {
        "W2" => 2.0,
        "b1" => 4.0,
        _ => 1.0,
    };
    blocks()
        .into_iter()
        .flat_map(|(name, shape)| {
            let factor = factor(&name);
            let block: Vec<f64> = rest
                .by_ref()
                .take(shape.size())
                .map(|g| factor * g)
                .collect();
            block
        })
        .collect()
}

/// The arrays that make up the vector.
pub(crate) fn blocks() -> Vec<(String, Shape)> {
    let layer = |(l, n): (usize, &[usize])| {
        let (w, b) = (format!("W{}", l + 1), format!("b{}", l + 1));
        [(w, [n[1], n[0]].into()), (b, [n[1], 1].into())]
    };
    SIZES.windows(2).enumerate().flat_map(layer).collect()
}
