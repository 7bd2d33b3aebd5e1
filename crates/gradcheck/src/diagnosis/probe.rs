//! Cases in which both are known, the right gradient and what the vjp says.

use autodiff::signature::Kink;
use autodiff::{Dual, ErasedOp, Tensor, Wide, direct};
use num_traits::{Float as _, One as _, Zero as _};

use crate::case::{Drawn, Instance, Subject, on_layer_kink};
use crate::point::{claimed, value};
use crate::random::Random;
use crate::reference::AGREEMENT;

/// A case at 106 bits, taken apart.
pub(super) struct Probe {
    pub(super) instance: Instance,
    pub(super) x: Vec<Tensor<Wide>>,
    pub(super) y: Tensor<Wide>,
    pub(super) y_bar: Tensor<Wide>,
    /// ∂ output / ∂ element, for each input, element and output.
    pub(super) jacobian: Vec<Vec<Vec<Wide>>>,
    /// The right gradient of each input.
    pub(super) truth: Vec<Vec<Wide>>,
    /// For each element, the size of what its gradient is the sum of.
    pub(super) size: Vec<Vec<f64>>,
    /// What the vjp says.
    pub(super) got: Vec<Vec<Wide>>,
}

/// The failing case, the same instance with other values, and others, as far as the right gradient
/// is finite there.
pub(super) fn cases(subject: &Subject, failing: &Drawn) -> Vec<Probe> {
    const ENOUGH: usize = 32;
    let fresh = (1..=ENOUGH as u64).flat_map(|k| {
        let other = Drawn::from_seed(failing.seed.wrapping_add(k));
        let like_it = Drawn {
            dims: failing.dims.clone(),
            choices: failing.choices.clone(),
            ..other.clone()
        };
        if k <= 4 {
            vec![like_it, other]
        } else {
            vec![other]
        }
    });
    std::iter::once(failing.clone())
        .chain(fresh)
        .flat_map(|drawn| {
            let instance = subject.instance(&drawn);
            let kinks = instance.kinks.iter();
            let on_kinks: Vec<_> = kinks.filter_map(|&kink| instance.on(kink)).collect();
            std::iter::once(instance).chain(on_kinks)
        })
        .filter_map(Probe::of)
        .take(ENOUGH)
        .collect()
}

impl Probe {
    /// `None` where the value or the right gradient is not finite, or there is too much of it.
    fn of(instance: Instance) -> Option<Self> {
        const LARGEST: usize = 36;
        let op: &dyn ErasedOp<Wide> = &*instance.op;
        let x = instance.inputs_at::<Wide>();
        let y = value(op, &x).ok()?;
        let y_bar = instance.cotangent.as_ref()?.map(Wide::from);
        let elements: usize = x.iter().map(|x| x.shape().size()).sum();
        if elements == 0 || elements > LARGEST || y.shape().size() > LARGEST {
            return None;
        }
        let mut jacobian = jacobian(&instance, &x)?;
        take_conventions(&instance, &x, &y, &mut jacobian);
        let products = |of_element: &Vec<Wide>| -> Vec<Wide> {
            of_element
                .iter()
                .zip(y_bar.as_slice())
                .map(|(&d, &g)| d * g)
                .collect()
        };
        let terms: Vec<Vec<Vec<Wide>>> = jacobian
            .iter()
            .map(|of_input| of_input.iter().map(products).collect())
            .collect();
        let truth: Vec<Vec<Wide>> = terms
            .iter()
            .map(|of_input| of_input.iter().map(|t| t.iter().copied().sum()).collect())
            .collect();
        let sizes = |of_input: &Vec<Vec<Wide>>| {
            of_input
                .iter()
                .map(|t| t.iter().map(|v| v.abs().to_f64()).sum())
                .collect()
        };
        let size = terms.iter().map(sizes).collect();
        let got = claimed(op, &x, &y, &y_bar)
            .into_iter()
            .map(Tensor::into_vec)
            .collect();
        Some(Self {
            x,
            y,
            y_bar,
            jacobian,
            truth,
            size,
            got,
            instance,
        })
    }

    /// What the vjp says at other inputs, or for another cotangent.
    pub(super) fn claimed_at(
        &self,
        x: &[Tensor<Wide>],
        y_bar: &Tensor<Wide>,
    ) -> Option<Vec<Vec<Wide>>> {
        let op: &dyn ErasedOp<Wide> = &*self.instance.op;
        let y = value(op, x).ok()?;
        (y.shape() == y_bar.shape()).then(|| {
            claimed(op, x, &y, y_bar)
                .into_iter()
                .map(Tensor::into_vec)
                .collect()
        })
    }

    /// The right gradient of an input for another cotangent.
    pub(super) fn truth_for(&self, input: usize, y_bar: &[Wide]) -> Vec<Wide> {
        let dot = |d: &Vec<Wide>| d.iter().zip(y_bar).map(|(&d, &g)| d * g).sum();
        self.jacobian[input].iter().map(dot).collect()
    }

    /// The right gradient of an input at other inputs.
    pub(super) fn truth_at(&self, input: usize, x: &[Tensor<Wide>]) -> Option<Vec<Wide>> {
        let op: &dyn ErasedOp<Wide> = &*self.instance.op;
        let y = value(op, x).ok()?;
        let mut jacobian = jacobian(&self.instance, x)?;
        take_conventions(&self.instance, x, &y, &mut jacobian);
        let dot = |d: &Vec<Wide>| {
            d.iter()
                .zip(self.y_bar.as_slice())
                .map(|(&d, &g)| d * g)
                .sum()
        };
        Some(jacobian[input].iter().map(dot).collect())
    }

    /// Whether two numbers for an element are the same but for rounding.
    pub(super) fn close(&self, input: usize, element: usize, a: Wide, b: Wide) -> bool {
        let size = self.size[input][element] + a.abs().to_f64() + b.abs().to_f64();
        (a - b).abs().to_f64() <= AGREEMENT * size
    }

    /// In how many elements two gradients of an input differ.
    pub(super) fn differences(&self, input: usize, a: &[Wide], b: &[Wide]) -> usize {
        (0..a.len())
            .filter(|&k| !self.close(input, k, a[k], b[k]))
            .count()
    }

    pub(super) fn is_wrong(&self, input: usize) -> bool {
        self.differences(input, &self.got[input], &self.truth[input]) > 0
    }

    pub(super) fn random_cotangent(&self) -> Tensor<Wide> {
        let mut random = Random::new(self.instance.seed.wrapping_add(7));
        self.y_bar.map(|_| Wide::from(random.signed()))
    }

    /// For each output the one element of an input that it is computed from, if every output has
    /// one: so it is for elementwise ops and whatever is stretched.
    pub(super) fn owners(&self, input: usize) -> Option<Vec<usize>> {
        let (own, output) = (self.x[input].shape(), self.y.shape());
        let owners = owners(own.dims(), output.dims())?;
        let by_owner = |(e, of_element): (usize, &Vec<Wide>)| {
            of_element
                .iter()
                .enumerate()
                .all(|(k, d)| owners[k] == e || d.is_zero())
        };
        self.jacobian[input]
            .iter()
            .enumerate()
            .all(by_owner)
            .then_some(owners)
    }
}

/// By NumPy's rule; `None` if the one does not stretch to the other.
pub(super) fn owners(own: &[usize], output: &[usize]) -> Option<Vec<usize>> {
    let left_out = output.len().checked_sub(own.len())?;
    let fits = own
        .iter()
        .zip(&output[left_out..])
        .all(|(&a, &b)| a == b || a == 1);
    let owner = |mut k: usize| {
        let (mut owner, mut stride) = (0, 1);
        for axis in (left_out..output.len()).rev() {
            let n = own[axis - left_out];
            owner += if n == 1 { 0 } else { k % output[axis] * stride };
            stride *= n;
            k /= output[axis];
        }
        owner
    };
    fits.then(|| (0..output.iter().product()).map(owner).collect())
}

/// At a kink the right derivative is the declared one, even if dual numbers give another.
fn take_conventions(
    instance: &Instance,
    x: &[Tensor<Wide>],
    y: &Tensor<Wide>,
    jacobian: &mut [Vec<Vec<Wide>>],
) {
    let owners = |input: usize| owners(x[input].shape().dims(), y.shape().dims());
    for kink in &instance.kinks {
        match *kink {
            Kink::Point {
                input,
                at,
                derivative,
            } => {
                for (k, e) in owners(input).into_iter().flatten().enumerate() {
                    if x[input].as_slice()[e] == Wide::from(at) {
                        jacobian[input][e][k] = Wide::from(derivative);
                    }
                }
            }
            Kink::Tie {
                inputs: [first, second],
                derivatives,
            } => {
                let (Some(a), Some(b)) = (owners(first), owners(second)) else {
                    continue;
                };
                for (k, (a, b)) in a.into_iter().zip(b).enumerate() {
                    if x[first].as_slice()[a] == x[second].as_slice()[b] {
                        jacobian[first][a][k] = Wide::from(derivatives[0]);
                        jacobian[second][b][k] = Wide::from(derivatives[1]);
                    }
                }
            }
            Kink::Layer { at } => {
                let columns = y.shape().dims()[1];
                for (i, j) in on_layer_kink(x, |z, _| z == Wide::from(at)) {
                    for element in jacobian.iter_mut().flatten() {
                        element[i * columns + j] = Wide::zero();
                    }
                }
            }
        }
    }
}

/// By one run at dual numbers for each element; `None` where it is not finite.
fn jacobian(instance: &Instance, x: &[Tensor<Wide>]) -> Option<Vec<Vec<Vec<Wide>>>> {
    let op: &dyn ErasedOp<Dual<Wide>> = &*instance.op;
    let still: Vec<Tensor<Dual<Wide>>> = x
        .iter()
        .map(|x| x.map(|v| Dual::new(v, Wide::zero())))
        .collect();
    let column = |input: usize, element: usize| -> Option<Vec<Wide>> {
        let mut moved = still.clone();
        moved[input].as_mut_slice()[element].tangent = Wide::one();
        let y = direct::forward(op, &moved).ok()?;
        let column: Vec<Wide> = y.as_slice().iter().map(|y| y.tangent).collect();
        column.iter().all(|d| d.is_finite()).then_some(column)
    };
    (0..x.len())
        .map(|input| {
            (0..x[input].shape().size())
                .map(|e| column(input, e))
                .collect()
        })
        .collect()
}
