use autodiff::signature::{Draw, Signature};
use autodiff::{Cotangents, Op, Primals, Scalar, Shape, ShapeError, Var, register, sum};

/// y = (strength / 2) Σ w² over all elements of all inputs: [`l2_penalty`]. Adjoint:
/// w̄ += ȳ · strength · w. With strength λ/m it is the course's λ/(2m) Σ ‖W‖².
#[derive(Clone, Copy, Debug)]
pub struct L2Penalty {
    /// λ/m.
    pub strength: f64,
}
register!(L2Penalty);

impl Op for L2Penalty {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        if inputs.is_empty() {
            return Err(ShapeError::new("there is nothing to penalize"));
        }
        Ok(Shape::scalar())
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        let squares = (0..x.len()).map(|i| {
            let w = x.get(i);
            sum([w], |[w]| w * w)
        });
        y[0] = S::constant(0.5 * self.strength) * squares.sum::<S>();
    }

    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        _y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        let each = y_bar[0] * S::constant(self.strength);
        for i in 0..x.len() {
            if let Some(mut w_bar) = x_bar.get(i) {
                w_bar.add_each([&x[i]], |[w]| each * w);
            }
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        let strengths = [1.0, 0.7, 0.0, 0.003];
        let op = Self {
            strength: strengths[draw.below(strengths.len())],
        };
        let inputs = 1 + draw.below(3);
        (0..inputs).fold(Signature::new(op), |signature, _| {
            signature.input(draw.shape())
        })
    }

    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        let squares = x.iter().map(|x| (*x * *x).sum());
        let sum = squares.reduce(|a, b| a + b)?;
        Some(sum * S::constant(0.5 * self.strength))
    }
}

/// (`strength` / 2) Σ w² over all elements of these values: the L2 penalty of weights, λ/(2m) Σ ‖W‖²
/// for the strength λ/m. The gradient is `strength` · w.
///
/// ```
/// use autodiff::{Tape, Tensor};
/// use layers::l2_penalty;
///
/// let tape = Tape::<f64>::new();
/// let w = [tape.variable(Tensor::from([3.0, 4.0])), tape.variable(1.0)];
/// let penalty = l2_penalty(&w, 0.5);
/// assert_eq!(penalty.item(), 6.5);
/// assert_eq!(penalty.backward().wrt(w[0])[..], [1.5, 2.0]);
/// ```
///
/// # Panics
///
/// If there are no weights.
#[track_caller]
#[must_use]
pub fn l2_penalty<'t, S: Scalar>(weights: &[Var<'t, S>], strength: f64) -> Var<'t, S> {
    let Some(first) = weights.first() else {
        panic!("l2_penalty: there are no weights");
    };
    first.tape().apply(L2Penalty { strength }, weights)
}
