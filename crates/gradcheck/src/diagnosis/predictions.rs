//! What each kind of mistake predicts that the vjp says.

use autodiff::signature::Kink;
use autodiff::{Tensor, Wide};
use num_traits::{Float as _, One as _, Zero as _};

use super::probe::{Probe, owners};
use super::{Diagnosis, factors};
use crate::case::on_layer_kink;

type Gradient = Vec<Wide>;

/// A kind of mistake, in one or more variants. A variant says what a gradient is then, or `None`
/// about cases in which the mistake cannot be made.
struct Hypothesis {
    diagnosis: Diagnosis,
    variants: usize,
    predict: fn(&Probe, usize, usize) -> Option<Gradient>,
}

/// From those that say most to those that say least.
const HYPOTHESES: [Hypothesis; 15] = [
    of(Diagnosis::Missing, 1, |probe, input, _| {
        Some(vec![Wide::zero(); probe.truth[input].len()])
    }),
    of(Diagnosis::Sign, 1, |probe, input, _| {
        Some(probe.truth[input].iter().map(|&g| -g).collect())
    }),
    of(Diagnosis::CotangentIgnored, 2, ignoring),
    of(Diagnosis::KinkBranch, 1, wrong_at_kinks),
    of(Diagnosis::WrongOperand, 3 * OPERANDS, of_another_operand),
    of(Diagnosis::Transposed, 6, transposed),
    of(Diagnosis::MissingReduction, 3, unreduced),
    of(Diagnosis::ReducedTooEarly, 3, reduced_too_early),
    of(Diagnosis::ExtraReduction, 5, over_reduced),
    of(Diagnosis::DerivativeAtOutput, 1, at_output),
    of(Diagnosis::InputForOutput, 1, input_for_output),
    of(Diagnosis::Rounded, 1, |probe, input, _| {
        let rounded = |g: &Wide| Wide::from(f64::from(g.to_f64() as f32));
        Some(probe.truth[input].iter().map(rounded).collect())
    }),
    of(Diagnosis::WrongElement, 9, misplaced),
    of(Diagnosis::Mask, 1, masked),
    of(Diagnosis::CotangentNonlinear, 1, nonlinear),
];

/// An op has at most this many inputs that are told apart.
const OPERANDS: usize = 4;

const fn of(
    diagnosis: Diagnosis,
    variants: usize,
    predict: fn(&Probe, usize, usize) -> Option<Gradient>,
) -> Hypothesis {
    Hypothesis {
        diagnosis,
        variants,
        predict,
    }
}

/// The hypotheses that explain every gradient that is wrong, in every case.
pub(super) fn explaining(probes: &[Probe], wrong: &[usize]) -> Vec<Diagnosis> {
    let finite = |probe: &Probe| {
        wrong
            .iter()
            .all(|&i| probe.got[i].iter().all(|g| g.is_finite()))
    };
    let (probes, not_finite): (Vec<&Probe>, Vec<&Probe>) =
        probes.iter().partition(|probe| finite(probe));
    let right = |probe: &&Probe| wrong.iter().all(|&input| !probe.is_wrong(input));
    if !not_finite.is_empty() {
        let rest_is_right = |probe: &&Probe| {
            wrong.iter().all(|&input| {
                let (got, truth) = (&probe.got[input], &probe.truth[input]);
                (0..got.len())
                    .all(|k| !got[k].is_finite() || probe.close(input, k, got[k], truth[k]))
            })
        };
        if probes.iter().all(right) && not_finite.iter().all(rest_is_right) {
            return vec![Diagnosis::NotFinite];
        }
    }

    let explains_all = |predict: &dyn Fn(&Probe, usize) -> Option<Gradient>, input: usize| {
        explains(&probes, input, predict)
    };
    let factors = factors::candidates(&probes, wrong[0])
        .into_iter()
        .filter(|&factor| {
            wrong.iter().all(|&input| {
                let scaled = |probe: &Probe, input: usize| {
                    let factor = factors::value(factor, probe, input)?;
                    Some(probe.truth[input].iter().map(|&g| g * factor).collect())
                };
                explains_all(&scaled, input)
            })
        });
    let factors: Vec<Diagnosis> = factors.map(Diagnosis::Factor).collect();
    let others = HYPOTHESES.iter().filter(|hypothesis| {
        wrong.iter().all(|&input| {
            if hypothesis.diagnosis == Diagnosis::Mask && !has_mask(&probes, input) {
                return false;
            }
            (0..hypothesis.variants).any(|variant| {
                let predict =
                    |probe: &Probe, input: usize| (hypothesis.predict)(probe, input, variant);
                explains_all(&predict, input)
            })
        })
    });
    let others: Vec<Diagnosis> = others.map(|hypothesis| hypothesis.diagnosis).collect();
    let sayings = |first: bool| {
        let says_most = |d: &&Diagnosis| {
            matches!(
                d,
                Diagnosis::Missing | Diagnosis::Sign | Diagnosis::KinkBranch
            )
        };
        others
            .iter()
            .filter(move |d| says_most(d) == first)
            .copied()
    };
    sayings(true).chain(factors).chain(sayings(false)).collect()
}

/// Whether the prediction is what the vjp says in every case it is about, and in two of them, at
/// least, that is not the right gradient.
fn explains(
    probes: &[&Probe],
    input: usize,
    predict: &dyn Fn(&Probe, usize) -> Option<Gradient>,
) -> bool {
    let mut evidence = 0;
    for probe in probes {
        if let Some(predicted) = predict(probe, input) {
            if probe.differences(input, &predicted, &probe.got[input]) > 0 {
                return false;
            }
            evidence += usize::from(probe.is_wrong(input));
        }
    }
    evidence >= 2
}

fn ignoring(probe: &Probe, input: usize, variant: usize) -> Option<Gradient> {
    if variant == 0 {
        let ones = vec![Wide::one(); probe.y_bar.shape().size()];
        return Some(probe.truth_for(input, &ones));
    }
    let other = probe.random_cotangent();
    Some(probe.claimed_at(&probe.x, &other)?.swap_remove(input))
}

/// Anything at all on a kink, and the right gradient elsewhere.
fn wrong_at_kinks(probe: &Probe, input: usize, _: usize) -> Option<Gradient> {
    let mut predicted = probe.truth[input].clone();
    for kink in &probe.instance.kinks {
        match *kink {
            Kink::Point { input: of, at, .. } if of == input => {
                for (k, x) in probe.x[input].as_slice().iter().enumerate() {
                    if *x == Wide::from(at) {
                        predicted[k] = probe.got[input][k];
                    }
                }
            }
            Kink::Tie { inputs, .. } if inputs.contains(&input) => {
                let [first, second] = inputs;
                let output = probe.y.shape();
                let [a, b] =
                    [first, second].map(|i| owners(probe.x[i].shape().dims(), output.dims()));
                for (k, (a, b)) in a?.into_iter().zip(b?).enumerate() {
                    if probe.x[first].as_slice()[a] == probe.x[second].as_slice()[b] {
                        let own = owners(probe.x[input].shape().dims(), output.dims())?[k];
                        predicted[own] = probe.got[input][own];
                    }
                }
            }
            Kink::Layer { at } => {
                let on = on_layer_kink(&probe.x, |z, _| z == Wide::from(at));
                let columns = probe.x[input].shape().dims()[1];
                for (k, predicted) in predicted.iter_mut().enumerate() {
                    let (row, column) = (k / columns, k % columns);
                    let takes_part = |&(i, j): &(usize, usize)| match input {
                        1 => j == column,
                        _ => i == row,
                    };
                    if on.iter().any(takes_part) {
                        *predicted = probe.got[input][k];
                    }
                }
            }
            _ => {}
        }
    }
    Some(predicted)
}

/// The axes in other orders, and last in their own: some of them lead back to it.
const ORDERS: [&[usize]; 8] = [
    &[1, 0],
    &[0, 2, 1],
    &[2, 1, 0],
    &[1, 0, 2],
    &[1, 2, 0],
    &[2, 0, 1],
    &[0, 1],
    &[0, 1, 2],
];

/// The elements of an array, read along its axes in other orders.
fn reordered(values: &[Wide], dims: &[usize]) -> Vec<Gradient> {
    let of_rank = ORDERS.iter().filter(|order| order.len() == dims.len());
    let read = |order: &&[usize]| {
        let mut read = Vec::with_capacity(values.len());
        for k in 0..values.len() {
            // The index of element k of the reordered array, and where that is in the array.
            let (mut k, mut at) = (k, 0);
            for &axis in order.iter().rev() {
                let stride: usize = dims[axis + 1..].iter().product();
                at += k % dims[axis] * stride;
                k /= dims[axis];
            }
            read.push(values[at]);
        }
        read
    };
    of_rank.map(read).collect()
}

/// Of several predictions the one that comes true, or else the first.
fn best(probe: &Probe, input: usize, mut of: Vec<Gradient>) -> Option<Gradient> {
    let hit = of
        .iter()
        .position(|g| probe.differences(input, g, &probe.got[input]) == 0);
    (!of.is_empty()).then(|| of.swap_remove(hit.unwrap_or(0)))
}

/// The gradient, the cotangent, or an operand is.
fn transposed(probe: &Probe, input: usize, variant: usize) -> Option<Gradient> {
    match variant {
        0 => {
            let orders = reordered(&probe.truth[input], probe.x[input].shape().dims());
            best(probe, input, orders)
        }
        1 => {
            let orders = reordered(probe.y_bar.as_slice(), probe.y.shape().dims());
            let gradients = orders.iter().map(|g| probe.truth_for(input, g)).collect();
            best(probe, input, gradients)
        }
        _ => {
            let operand = variant - 2;
            let of_operand = probe.x.get(operand).filter(|_| operand != input)?;
            let rank = of_operand.shape().rank();
            let turned = reordered_last(of_operand)?;
            let mut x = probe.x.clone();
            x[operand] = turned;
            (rank >= 2).then(|| probe.truth_at(input, &x)).flatten()
        }
    }
}

/// The last two axes laid out the wrong way round.
fn reordered_last(x: &Tensor<Wide>) -> Option<Tensor<Wide>> {
    let &[.., rows, cols] = x.shape().dims() else {
        return None;
    };
    let matrix = rows * cols;
    Some(Tensor::from_fn(x.shape(), |k| {
        let (start, k) = (k - k % matrix, k % matrix);
        x.as_slice()[start + k % rows * cols + k / rows]
    }))
}

/// For each element of an input what it gets from each output that is computed from it.
fn contributions(probe: &Probe, input: usize) -> Option<(Vec<usize>, Vec<Wide>)> {
    let owners = probe.owners(input)?;
    let of_output = |k: usize| probe.jacobian[input][owners[k]][k] * probe.y_bar.as_slice()[k];
    let contributions = (0..owners.len()).map(of_output).collect();
    Some((owners, contributions))
}

fn unreduced(probe: &Probe, input: usize, variant: usize) -> Option<Gradient> {
    let (owners, contributions) = contributions(probe, input)?;
    let n = probe.truth[input].len();
    if owners.len() == n {
        return None;
    }
    let position = |e: usize| match variant {
        0 => owners.iter().position(|&owner| owner == e),
        1 => owners.iter().rposition(|&owner| owner == e),
        _ => (e < owners.len()).then_some(e),
    };
    Some(
        (0..n)
            .map(|e| position(e).map_or_else(Wide::zero, |k| contributions[k]))
            .collect(),
    )
}

fn reduced_too_early(probe: &Probe, input: usize, variant: usize) -> Option<Gradient> {
    let owners = probe.owners(input)?;
    let n = probe.truth[input].len();
    if owners.len() == n {
        return None;
    }
    let of_element = |e: usize| {
        let outputs = || (0..owners.len()).filter(|&k| owners[k] == e);
        let slope = |k: usize| probe.jacobian[input][e][k];
        let slope = match variant {
            0 => outputs().next().map(slope),
            1 => outputs().next_back().map(slope),
            _ => Some(outputs().map(slope).sum()),
        };
        let total: Wide = outputs().map(|k| probe.y_bar.as_slice()[k]).sum();
        slope.map_or_else(Wide::zero, |slope| slope * total)
    };
    Some((0..n).map(of_element).collect())
}

/// Summed over one axis, the last axis, or all of them.
fn over_reduced(probe: &Probe, input: usize, variant: usize) -> Option<Gradient> {
    let dims = probe.x[input].shape();
    let dims = dims.dims();
    let truth = &probe.truth[input];
    let axis = match variant {
        0..3 => variant,
        3 => dims.len().checked_sub(1)?,
        _ => return Some(vec![truth.iter().copied().sum(); truth.len()]),
    };
    let &n = dims.get(axis)?;
    let stride: usize = dims[axis + 1..].iter().product();
    let summed = |k: usize| {
        let start = k - k / stride % n * stride;
        (0..n).map(|i| truth[start + i * stride]).sum()
    };
    Some((0..truth.len()).map(summed).collect())
}

fn of_another_operand(probe: &Probe, input: usize, variant: usize) -> Option<Gradient> {
    let other = variant / 3;
    let of_other = probe.x.get(other).filter(|_| other != input)?;
    let n = probe.truth[input].len();
    let summed = |owners: &[usize], contributions: &[Wide]| {
        let mut sums = vec![Wide::zero(); n];
        for (&owner, &contribution) in owners.iter().zip(contributions) {
            sums[owner] += contribution;
        }
        sums
    };
    match variant % 3 {
        0 => (of_other.shape().size() == n).then(|| probe.truth[other].clone()),
        // Its own gradient, reduced to the other's shape.
        1 => {
            let (_, contributions) = contributions(probe, input)?;
            let owners = owners(of_other.shape().dims(), probe.y.shape().dims())?;
            (of_other.shape().size() == n).then(|| summed(&owners, &contributions))
        }
        // The other's gradient, reduced to its shape.
        _ => {
            let (_, contributions) = contributions(probe, other)?;
            Some(summed(&probe.owners(input)?, &contributions))
        }
    }
}

/// Each element either nothing or what passes: for ops that pass some elements, times a constant.
fn masked(probe: &Probe, input: usize, _: usize) -> Option<Gradient> {
    let owners = probe.owners(input)?;
    let (n, got) = (probe.truth[input].len(), &probe.got[input]);
    if owners.len() != n {
        return None;
    }
    let slopes = || (0..n).map(|k| probe.jacobian[input][k][k]);
    let y_bar = probe.y_bar.as_slice();
    // Where the op passes nothing, the constant is known from what the vjp passes.
    let scale = slopes().find(|d| !d.is_zero()).or_else(|| {
        let passed = (0..n).find(|&k| !got[k].is_zero() && !y_bar[k].is_zero())?;
        Some(got[passed] / y_bar[passed])
    })?;
    if !slopes().all(|d| d.is_zero() || d == scale) {
        // On a tie the op passes a part; that is a convention and not a mask.
        return None;
    }
    let nearest = |k: usize| {
        if got[k].is_zero() {
            Wide::zero()
        } else {
            scale * y_bar[k]
        }
    };
    Some((0..n).map(nearest).collect())
}

/// Whether the op holds back some elements of an input and passes others.
fn has_mask(probes: &[&Probe], input: usize) -> bool {
    let elementwise = probes.iter().filter(|probe| {
        probe
            .owners(input)
            .is_some_and(|owners| owners.len() == probe.truth[input].len())
    });
    let slopes: Vec<Wide> = elementwise
        .flat_map(|probe| (0..probe.truth[input].len()).map(|k| probe.jacobian[input][k][k]))
        .collect();
    let held_back = slopes.iter().filter(|d| d.is_zero()).count();
    slopes.iter().all(|&d| d >= Wide::zero())
        && held_back < slopes.len()
        && 8 * held_back >= slopes.len()
}

/// Whether it is an elementwise function of one array.
fn is_elementwise(probe: &Probe) -> bool {
    probe.x.len() == 1 && probe.x[0].shape() == probe.y.shape() && probe.owners(0).is_some()
}

fn at_output(probe: &Probe, input: usize, _: usize) -> Option<Gradient> {
    if !is_elementwise(probe) {
        return None;
    }
    probe.truth_at(input, std::slice::from_ref(&probe.y))
}

/// What the vjp says at the output is then right at the input: if f′ = h(f) and h(x) is taken for
/// it, then h(f(x)) is what it says at f(x).
fn input_for_output(probe: &Probe, input: usize, _: usize) -> Option<Gradient> {
    if !is_elementwise(probe) {
        return None;
    }
    let says = probe.claimed_at(std::slice::from_ref(&probe.y), &probe.y_bar)?;
    let finite = says[input].iter().all(|g| g.is_finite());
    let confirmed = probe.differences(input, &says[input], &probe.truth[input]) == 0;
    finite.then(|| {
        if confirmed {
            probe.got[input].clone()
        } else {
            probe.truth[input].clone()
        }
    })
}

fn misplaced(probe: &Probe, input: usize, variant: usize) -> Option<Gradient> {
    let (got, truth) = (&probe.got[input], &probe.truth[input]);
    let n = truth.len();
    let g = probe.y_bar.as_slice();
    let cotangent = |f: &dyn Fn(usize) -> usize| {
        let moved: Vec<Wide> = (0..g.len()).map(|k| g[f(k)]).collect();
        (g.len() > 1).then(|| probe.truth_for(input, &moved))
    };
    let wrong_only = |is_there: &dyn Fn(usize) -> bool| {
        let predicted = (0..n).map(|k| if is_there(k) { got[k] } else { truth[k] });
        (n > 1).then(|| predicted.collect())
    };
    let row = probe.x[input]
        .shape()
        .dims()
        .last()
        .copied()
        .unwrap_or(1)
        .max(1);
    match variant {
        // The right numbers, in other places.
        0 => {
            let sorted = |values: &[Wide]| {
                let mut sorted = values.to_vec();
                sorted.sort_by(|a, b| a.partial_cmp(b).expect("they are finite"));
                sorted
            };
            let same = probe.differences(input, &sorted(got), &sorted(truth));
            (n > 1).then(|| {
                if same == 0 {
                    got.clone()
                } else {
                    truth.clone()
                }
            })
        }
        1 => cotangent(&|_| 0),
        2 => cotangent(&|_| g.len() - 1),
        3 => cotangent(&|k| (k + 1) % g.len()),
        4 => cotangent(&|k| (k + g.len() - 1) % g.len()),
        5 => wrong_only(&|k| k == 0),
        6 => wrong_only(&|k| k + 1 == n),
        7 => (n > row).then(|| wrong_only(&|k| k < row)).flatten(),
        _ => (n > row).then(|| wrong_only(&|k| k + row >= n)).flatten(),
    }
}

/// Whatever it is, a multiple of the cotangent does not give that multiple, or a sum not the sum.
fn nonlinear(probe: &Probe, input: usize, _: usize) -> Option<Gradient> {
    let (got, truth) = (&probe.got[input], &probe.truth[input]);
    let is_multiplied = |factor: f64| {
        let factor = Wide::from(factor);
        let of_multiple = probe.claimed_at(&probe.x, &probe.y_bar.map(|g| factor * g))?;
        let multiple: Gradient = got.iter().map(|&g| factor * g).collect();
        Some(probe.differences(input, &of_multiple[input], &multiple) == 0)
    };
    let other = probe.random_cotangent();
    let of_other = probe.claimed_at(&probe.x, &other)?.swap_remove(input);
    let g = probe.y_bar.as_slice();
    let both = Tensor::from_fn(other.shape(), |k| other.as_slice()[k] + g[k]);
    let of_both = probe.claimed_at(&probe.x, &both)?.swap_remove(input);
    let sum: Gradient = got.iter().zip(&of_other).map(|(&a, &b)| a + b).collect();
    let violated = !is_multiplied(2.0)?
        || !is_multiplied(-1.0)?
        || probe.differences(input, &of_both, &sum) > 0;
    Some(if violated { got.clone() } else { truth.clone() })
}
