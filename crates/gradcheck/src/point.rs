//! An op at one point, at 106 bits: its value, and the gradient it claims.

use autodiff::{Dual, ErasedOp, Scalar, Tensor, Wide, direct};
use num_traits::{Float as _, Zero as _};

use crate::case::Instance;
use crate::objective::Objective;
use crate::random::Random;
use crate::reference::{Direction, Rise};
use crate::verdict::{Checked, Finding, Verdict};

/// Below this, a number of 106 bits has no room for all of them: rounding is absolute.
pub(crate) const FADING: f64 = 8e-292;

/// An op's value and its claimed vjp at a case, all inputs wanted.
pub(crate) struct Point<'a> {
    pub(crate) instance: &'a Instance,
    pub(crate) op: &'a dyn ErasedOp<Wide>,
    pub(crate) x: Vec<Tensor<Wide>>,
    pub(crate) y: Tensor<Wide>,
    pub(crate) y_bar: Tensor<Wide>,
    /// What the hand-written vjp says.
    pub(crate) x_bar: Vec<Tensor<Wide>>,
}

impl<'a> Point<'a> {
    /// # Errors
    ///
    /// With the verdict, if the case cannot be used or already shows a mistake.
    pub(crate) fn of(instance: &'a Instance) -> Checked<Self> {
        let op: &dyn ErasedOp<Wide> = &*instance.op;
        let x = instance.inputs_at::<Wide>();
        let y = value(op, &x)?;
        let Some(y_bar) = &instance.cotangent else {
            return Err(Finding::of("it refuses the shapes of its own signature").fail());
        };
        let y_bar = y_bar.map(Wide::from);
        let x_bar = claimed(op, &x, &y, &y_bar);
        for (input, x_bar) in x_bar.iter().enumerate() {
            if let Some(element) = x_bar.as_slice().iter().position(|g| !g.is_finite()) {
                return Err(Finding {
                    input: Some(input),
                    element: Some(element),
                    got: x_bar.as_slice()[element].to_f64(),
                    ..Finding::of("the value is finite, and the gradient is not")
                }
                .fail());
            }
        }
        Ok(Self {
            instance,
            op,
            x,
            y,
            y_bar,
            x_bar,
        })
    }

    /// Which outputs the direction moves, by dual numbers: some move by less than their own last
    /// digit, and no difference would show it.
    fn outputs_moved_by(&self, direction: &Direction) -> Vec<bool> {
        match self.dual(direction) {
            Some(y) => y.as_slice().iter().map(|y| !y.tangent.is_zero()).collect(),
            None => vec![true; self.y.as_slice().len()],
        }
    }

    /// The op at dual numbers whose tangents are the direction.
    fn dual(&self, direction: &Direction) -> Option<Tensor<Dual<Wide>>> {
        let dual = |(x, v): (&Tensor<Wide>, &Vec<Wide>)| {
            Tensor::from_fn(x.shape(), |k| Dual::new(x.as_slice()[k], v[k]))
        };
        let x: Vec<Tensor<Dual<Wide>>> = self.x.iter().zip(&direction.0).map(dual).collect();
        let op: &dyn ErasedOp<Dual<Wide>> = &*self.instance.op;
        direct::forward(op, &x).ok()
    }
}

impl Objective for Point<'_> {
    fn x(&self) -> &[Tensor<Wide>] {
        &self.x
    }

    fn x_bar(&self) -> &[Tensor<Wide>] {
        &self.x_bar
    }

    /// By how much the objective Σ ȳ y, whose gradient is looked at, rises when the inputs move by
    /// t along `direction`; `None` where it is not finite. Only outputs that depend on what moves
    /// count, so that a large one adds no rounding error to its neighbours.
    fn rise<'p>(&'p self, direction: &'p Direction) -> impl Fn(Wide) -> Option<Rise> + 'p {
        let moves = self.outputs_moved_by(direction);
        move |t| {
            let y = direct::forward(self.op, &direction.moved(&self.x, t)).ok()?;
            let (mut by, mut magnitude) = (Wide::zero(), 0.0);
            for (k, (&y, &y0)) in y.as_slice().iter().zip(self.y.as_slice()).enumerate() {
                let y_bar = self.y_bar.as_slice()[k];
                if (moves[k] || y != y0) && !y_bar.is_zero() {
                    by += y_bar * (y - y0);
                    magnitude += y_bar.abs().to_f64() * (y0.abs().to_f64() + FADING);
                }
            }
            // For values in which large terms cancel.
            for ((x_bar, x), step) in self.x_bar.iter().zip(&self.x).zip(&direction.0) {
                for ((&x_bar, &x), step) in x_bar.as_slice().iter().zip(x.as_slice()).zip(step) {
                    if !step.is_zero() {
                        magnitude += (x_bar * x).abs().to_f64();
                    }
                }
            }
            by.is_finite().then_some(Rise { by, magnitude })
        }
    }

    /// Σ ȳ ẏ. A witness against an alarm: where terms cancel inside an output, the differences
    /// lose digits that neither its size nor the inputs' shows.
    fn tangent(&self, direction: &Direction) -> Option<Wide> {
        let y = self.dual(direction)?;
        let terms = y.as_slice().iter().zip(self.y_bar.as_slice());
        Some(terms.map(|(y, &y_bar)| y_bar * y.tangent).sum())
    }

    /// Σ |ȳ y| + Σ |x̄ x|: what the objective's rounding error is proportional to. The second sum
    /// is there for values that cancel.
    fn magnitude(&self) -> Wide {
        let inputs = self.x_bar.iter().zip(&self.x);
        let of_inputs: Wide = inputs
            .flat_map(|(x_bar, x)| products(x_bar, x))
            .map(Wide::abs)
            .sum();
        products(&self.y_bar, &self.y).map(Wide::abs).sum::<Wide>() + of_inputs
    }

    fn distance_to_edge(&self, input: usize, x: f64) -> f64 {
        self.instance.distance_to_edge(input, x)
    }

    fn seed(&self) -> u64 {
        self.instance.seed
    }
}

fn products<'a>(a: &'a Tensor<Wide>, b: &'a Tensor<Wide>) -> impl Iterator<Item = Wide> + 'a {
    a.as_slice()
        .iter()
        .zip(b.as_slice())
        // A cotangent of 0 leaves an element out, whatever it is.
        .filter(|(a, _)| !a.is_zero())
        .map(|(&a, &b)| a * b)
}

/// The op's value, if it is finite.
pub(crate) fn value<S: Scalar>(op: &dyn ErasedOp<S>, x: &[Tensor<S>]) -> Checked<Tensor<S>> {
    let y = direct::forward(op, x).map_err(|error| Finding::of(error.to_string()).fail())?;
    if y.as_slice().iter().all(|v| v.is_finite()) {
        Ok(y)
    } else {
        Err(Verdict::Inconclusive("the value is not finite"))
    }
}

/// The hand-written vjp, all inputs wanted.
pub(crate) fn claimed<S: Scalar>(
    op: &dyn ErasedOp<S>,
    x: &[Tensor<S>],
    y: &Tensor<S>,
    y_bar: &Tensor<S>,
) -> Vec<Tensor<S>> {
    let wanted = vec![true; x.len()];
    let x_bar = direct::vjp(op, x, y, y_bar, &wanted);
    x_bar
        .into_iter()
        .map(|x_bar| x_bar.expect("it was wanted"))
        .collect()
}

/// What the hand-written vjp, which claims `x_bar`, makes of cotangents that another consumer has added
/// to, of the size of what is to come: those, and the sums.
pub(crate) fn added<S: Scalar>(
    op: &dyn ErasedOp<S>,
    x: &[Tensor<S>],
    y: &Tensor<S>,
    y_bar: &Tensor<S>,
    x_bar: &[Tensor<S>],
    random: &mut Random,
) -> (Vec<Tensor<S>>, Vec<Tensor<S>>) {
    let mut like = |g: S| S::constant(random.signed()) * (g.abs() + S::constant(0.5));
    let before: Vec<_> = x_bar.iter().map(|g| g.map(&mut like)).collect();
    let mut after: Vec<_> = before.iter().cloned().map(Some).collect();
    direct::add_vjp(op, x, y, y_bar, &mut after);
    let given = |g: Option<Tensor<S>>| g.expect("it was given");
    (before, after.into_iter().map(given).collect())
}
