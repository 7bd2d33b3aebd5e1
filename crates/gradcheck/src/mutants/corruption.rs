//! What can be done to the vjp of any op.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use autodiff::registry::AnyOp;
use autodiff::signature::{Draw, Kink};
use autodiff::{ErasedOp, Scalar, Shape, Tensor};

use super::corrupted::{Call, Contributions, Corrupted};
use super::{Mutant, Original};
use crate::case::{Drawn, Subject, on_layer_kink};
use crate::diagnosis::{Count, Diagnosis, Factor};

/// A mistake that can be made in any op.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Corruption {
    /// What the others are compared with.
    None,
    Doubled,
    Halved,
    Negated,
    TimesCount,
    PerCount,
    PerOutputs,
    LastNudged,
    FirstInputNegated,
    LastInputNegated,
    Zero,
    FirstInputMissing,
    LastInputMissing,
    FirstElementDropped,
    LastElementDropped,
    Transposed,
    RowsSwapped,
    Rolled,
    Reversed,
    CotangentRolled,
    InputsExchanged,
    CotangentIgnored,
    CotangentSquared,
    CotangentAbsolute,
    FirstCotangentOnly,
    LastCotangentOnly,
    Overwrites,
    AccumulatesTwice,
    FirstSliceOnly,
    LastSliceOnly,
    ReducedTooEarly,
    SummedOverLastAxis,
    SummedOverAll,
    ConstantAdded,
    LastNan,
    RoundedToF32,
    Clipped,
    SecondCallDoubled,
    StaleOutput,
    AtOutput,
    KinkFromAbove,
    NothingUnlessAllWanted,
    LastUnwritten,
    LastResidualUnwritten,
}

/// What a corruption has to know of the instance.
pub(super) struct Tampered {
    kinks: Vec<Kink>,
}

/// For which ops a corruption can be done at all.
enum Applies {
    Always,
    ToSeveralInputs,
    WithKinks,
    WithResiduals,
}

impl Corruption {
    const ALL: [Self; 43] = [
        Self::Doubled,
        Self::Halved,
        Self::Negated,
        Self::TimesCount,
        Self::PerCount,
        Self::PerOutputs,
        Self::LastNudged,
        Self::FirstInputNegated,
        Self::LastInputNegated,
        Self::Zero,
        Self::FirstInputMissing,
        Self::LastInputMissing,
        Self::FirstElementDropped,
        Self::LastElementDropped,
        Self::Transposed,
        Self::RowsSwapped,
        Self::Rolled,
        Self::Reversed,
        Self::CotangentRolled,
        Self::InputsExchanged,
        Self::CotangentIgnored,
        Self::CotangentSquared,
        Self::CotangentAbsolute,
        Self::FirstCotangentOnly,
        Self::LastCotangentOnly,
        Self::Overwrites,
        Self::AccumulatesTwice,
        Self::FirstSliceOnly,
        Self::LastSliceOnly,
        Self::ReducedTooEarly,
        Self::SummedOverLastAxis,
        Self::SummedOverAll,
        Self::ConstantAdded,
        Self::LastNan,
        Self::RoundedToF32,
        Self::Clipped,
        Self::SecondCallDoubled,
        Self::StaleOutput,
        Self::AtOutput,
        Self::KinkFromAbove,
        Self::NothingUnlessAllWanted,
        Self::LastUnwritten,
        Self::LastResidualUnwritten,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "untouched",
            Self::Doubled => "doubled",
            Self::Halved => "halved",
            Self::Negated => "negated",
            Self::TimesCount => "times N",
            Self::PerCount => "divided by N",
            Self::PerOutputs => "divided by the number of outputs",
            Self::LastNudged => "last element off by 1e-9",
            Self::FirstInputNegated => "first input negated",
            Self::LastInputNegated => "last input negated",
            Self::Zero => "zero",
            Self::FirstInputMissing => "first input missing",
            Self::LastInputMissing => "last input missing",
            Self::FirstElementDropped => "first element dropped",
            Self::LastElementDropped => "last element dropped",
            Self::Transposed => "transposed",
            Self::RowsSwapped => "rows swapped",
            Self::Rolled => "rolled",
            Self::Reversed => "reversed",
            Self::CotangentRolled => "cotangent rolled",
            Self::InputsExchanged => "inputs exchanged",
            Self::CotangentIgnored => "cotangent ignored",
            Self::CotangentSquared => "cotangent squared",
            Self::CotangentAbsolute => "cotangent's absolute value",
            Self::FirstCotangentOnly => "first cotangent only",
            Self::LastCotangentOnly => "last cotangent only",
            Self::Overwrites => "overwrites",
            Self::AccumulatesTwice => "accumulates twice",
            Self::FirstSliceOnly => "first slice instead of a reduction",
            Self::LastSliceOnly => "last slice instead of a reduction",
            Self::ReducedTooEarly => "cotangent reduced first",
            Self::SummedOverLastAxis => "summed over the last axis",
            Self::SummedOverAll => "summed over everything",
            Self::ConstantAdded => "constant added",
            Self::LastNan => "last element NaN",
            Self::RoundedToF32 => "rounded to f32",
            Self::Clipped => "clipped",
            Self::SecondCallDoubled => "second call doubled",
            Self::StaleOutput => "stale output",
            Self::AtOutput => "derivative at the output",
            Self::KinkFromAbove => "other branch at a kink",
            Self::NothingUnlessAllWanted => "nothing unless all inputs are wanted",
            Self::LastUnwritten => "last output unwritten",
            Self::LastResidualUnwritten => "last residual unwritten",
        }
    }

    /// The diagnoses that describe it.
    fn accepted(self) -> Vec<Diagnosis> {
        let factor = |factor| vec![Diagnosis::Factor(factor)];
        match self {
            Self::Doubled => factor(Factor::Number(2.0)),
            Self::Halved => factor(Factor::Number(0.5)),
            Self::Negated | Self::FirstInputNegated | Self::LastInputNegated => {
                vec![Diagnosis::Sign]
            }
            Self::TimesCount => factor(Factor::Times(Count::Input)),
            Self::PerCount => factor(Factor::Per(Count::Input)),
            Self::PerOutputs => [Count::Output, Count::Input]
                .map(|count| Diagnosis::Factor(Factor::Per(count)))
                .to_vec(),
            Self::Zero | Self::FirstInputMissing | Self::LastInputMissing => {
                vec![Diagnosis::Missing]
            }
            Self::LastNudged
            | Self::FirstElementDropped
            | Self::LastElementDropped
            | Self::RowsSwapped
            | Self::Rolled
            | Self::Reversed
            | Self::CotangentRolled
            | Self::FirstCotangentOnly
            | Self::LastCotangentOnly => vec![Diagnosis::WrongElement],
            Self::Transposed => vec![Diagnosis::Transposed],
            Self::InputsExchanged => vec![Diagnosis::WrongOperand],
            Self::CotangentIgnored => vec![Diagnosis::CotangentIgnored],
            Self::CotangentSquared
            | Self::CotangentAbsolute
            | Self::ConstantAdded
            | Self::Clipped => vec![Diagnosis::CotangentNonlinear],
            Self::Overwrites => vec![Diagnosis::Overwritten],
            Self::AccumulatesTwice => vec![Diagnosis::AccumulatedTwice],
            Self::FirstSliceOnly | Self::LastSliceOnly => vec![Diagnosis::MissingReduction],
            Self::ReducedTooEarly => vec![Diagnosis::ReducedTooEarly],
            Self::SummedOverLastAxis | Self::SummedOverAll => vec![Diagnosis::ExtraReduction],
            // What was never written is NaN, where the rules are called without a tape.
            Self::LastNan | Self::LastResidualUnwritten => vec![Diagnosis::NotFinite],
            Self::RoundedToF32 => vec![Diagnosis::Rounded],
            Self::SecondCallDoubled => vec![Diagnosis::Impure],
            Self::None | Self::StaleOutput => Vec::new(),
            Self::AtOutput => vec![Diagnosis::DerivativeAtOutput],
            Self::KinkFromAbove => vec![Diagnosis::KinkBranch],
            Self::NothingUnlessAllWanted => vec![Diagnosis::DependsOnWanted],
            Self::LastUnwritten => vec![Diagnosis::Unwritten],
        }
    }

    fn applies(self) -> Applies {
        match self {
            Self::FirstInputNegated
            | Self::LastInputNegated
            | Self::FirstInputMissing
            | Self::LastInputMissing
            | Self::InputsExchanged
            | Self::NothingUnlessAllWanted => Applies::ToSeveralInputs,
            Self::KinkFromAbove => Applies::WithKinks,
            Self::LastResidualUnwritten => Applies::WithResiduals,
            _ => Applies::Always,
        }
    }

    /// What is contributed to each wanted input.
    pub(super) fn contributions<S: Scalar>(
        self,
        call: &Call<'_, S>,
        tampered: &Tampered,
    ) -> Contributions<S> {
        let right = || call.vjp(&call.y_bar);
        let with = |f: fn(S) -> S| call.vjp(&call.y_bar.map(f));
        let last = call.x.len() - 1;
        let number = S::constant;
        match self {
            Self::Doubled => each(right(), |c| scaled(c, 2.0)),
            Self::Halved => each(right(), |c| scaled(c, 0.5)),
            Self::Negated => each(right(), |c| scaled(c, -1.0)),
            Self::TimesCount => each(right(), |c| scaled(c, c.as_slice().len() as f64)),
            Self::PerCount => each(right(), |c| divided(c, c.as_slice().len())),
            Self::PerOutputs => each(right(), |c| divided(c, call.y.as_slice().len())),
            Self::LastNudged => each(right(), |c| with_last(c, |v| v * (S::one() + number(1e-9)))),
            Self::FirstInputNegated => only(right(), 0, |c| scaled(c, -1.0)),
            Self::LastInputNegated => only(right(), last, |c| scaled(c, -1.0)),
            Self::Zero => each(right(), |c| c.map(|_| S::zero())),
            Self::FirstInputMissing => only(right(), 0, |c| c.map(|_| S::zero())),
            Self::LastInputMissing => only(right(), last, |c| c.map(|_| S::zero())),
            Self::FirstElementDropped => each(right(), |c| {
                at(c, |k| if k == 0 { S::zero() } else { c.as_slice()[k] })
            }),
            Self::LastElementDropped => each(right(), |c| with_last(c, |_| S::zero())),
            Self::Transposed => each(right(), transposed),
            Self::RowsSwapped => each(right(), rows_swapped),
            Self::Rolled => each(right(), |c| {
                let n = c.as_slice().len();
                at(c, |k| c.as_slice()[(k + 1) % n])
            }),
            Self::Reversed => each(right(), |c| {
                let n = c.as_slice().len();
                at(c, |k| c.as_slice()[n - 1 - k])
            }),
            Self::CotangentRolled => {
                let (g, n) = (call.y_bar.as_slice(), call.y_bar.as_slice().len());
                call.vjp(&at(&call.y_bar, |k| g[(k + 1) % n]))
            }
            Self::InputsExchanged => {
                let right = right();
                let of = |i: usize| {
                    let (own, other) = (&right[i], &right[last - i]);
                    if own.as_slice().len() == other.as_slice().len() {
                        at(own, |k| other.as_slice()[k])
                    } else {
                        own.clone()
                    }
                };
                (0..right.len()).map(of).collect()
            }
            Self::CotangentIgnored => with(|_| S::one()),
            Self::CotangentSquared => with(|g| g * g),
            Self::CotangentAbsolute => with(S::abs),
            Self::FirstCotangentOnly => {
                let g = call.y_bar.as_slice();
                call.vjp(&at(&call.y_bar, |_| g[0]))
            }
            Self::LastCotangentOnly => {
                let g = call.y_bar.as_slice();
                call.vjp(&at(&call.y_bar, |_| g[g.len() - 1]))
            }
            Self::FirstSliceOnly => sliced(call, |index, _| index == 0),
            Self::LastSliceOnly => sliced(call, |index, n| index + 1 == n),
            Self::ReducedTooEarly => reduced_too_early(call),
            Self::SummedOverLastAxis => each(right(), |c| {
                let row = c.shape().dims().last().copied().unwrap_or(1).max(1);
                at(c, |k| {
                    let start = k - k % row;
                    c.as_slice()[start..start + row].iter().copied().sum()
                })
            }),
            Self::SummedOverAll => each(right(), |c| {
                let total: S = c.as_slice().iter().copied().sum();
                c.map(|_| total)
            }),
            Self::ConstantAdded => each(right(), |c| c.map(|v| v + number(1e-3))),
            Self::LastNan => each(right(), |c| with_last(c, |_| S::nan())),
            Self::RoundedToF32 => each(right(), |c| {
                c.map(|v| number(f64::from(v.to_f64().unwrap_or(f64::NAN) as f32)))
            }),
            Self::Clipped => each(right(), |c| c.map(|v| v.max(-S::one()).min(S::one()))),
            Self::SecondCallDoubled => each(right(), |c| {
                scaled(c, if call.before == 0 { 1.0 } else { 2.0 })
            }),
            Self::StaleOutput => {
                let stale = call
                    .x
                    .iter()
                    .map(|x| x.map(|v| v * number(1.25) + number(0.375)))
                    .collect();
                let stale: Vec<Tensor<S>> = stale;
                match autodiff::direct::forward(call.op, &stale) {
                    Ok(y) => call.vjp_from(&call.x, &y, &call.y_bar),
                    Err(_) => right(),
                }
            }
            Self::AtOutput => match &call.x[..] {
                [x] if x.shape() == call.y.shape() => call.vjp_at(std::slice::from_ref(&call.y)),
                _ => right(),
            },
            Self::KinkFromAbove => call.vjp_at(&above(&call.x, &tampered.kinks)),
            Self::NothingUnlessAllWanted if call.wanted.contains(&false) => {
                each(right(), |c| c.map(|_| S::zero()))
            }
            Self::None
            | Self::NothingUnlessAllWanted
            | Self::Overwrites
            | Self::AccumulatesTwice
            | Self::LastUnwritten
            | Self::LastResidualUnwritten => right(),
        }
    }
}

/// The mutants that corruptions make of an op.
pub(super) fn of(original: &Original) -> Vec<Mutant> {
    let drawn = Drawn::from_seed(0);
    let sample = (original.signature)(&mut Draw::new(&drawn.dims, &drawn.choices));
    let shapes: Vec<Shape> = sample.inputs.iter().map(|input| input.shape).collect();
    let residuals = ErasedOp::<f64>::residuals(&*sample.op, &shapes);
    let applies = |corruption: &Corruption| match corruption.applies() {
        Applies::Always => true,
        Applies::ToSeveralInputs => sample.inputs.len() > 1,
        Applies::WithKinks => !sample.kinks.is_empty(),
        Applies::WithResiduals => residuals > 0,
    };
    let subject = |corruption: Corruption| {
        let signature = Arc::clone(&original.signature);
        Subject::new(&*original.name, &*original.place, move |draw: &mut _| {
            let right = signature(draw);
            let (inputs, kinks) = (right.inputs.len(), right.kinks.clone());
            right.map(|op| {
                Box::new(Corrupted {
                    op: Arc::from(op),
                    inputs,
                    tampered: Tampered { kinks },
                    corruption,
                    calls: AtomicUsize::new(0),
                }) as Box<dyn AnyOp>
            })
        })
    };
    let mutant = |corruption: Corruption| Mutant {
        kind: corruption.name(),
        accepted: corruption.accepted(),
        right: subject(Corruption::None),
        is_elsewhere: corruption == Corruption::AtOutput,
        wrong: subject(corruption),
    };
    Corruption::ALL
        .into_iter()
        .filter(applies)
        .map(mutant)
        .collect()
}

fn each<S: Scalar>(
    contributions: Contributions<S>,
    f: impl Fn(&Tensor<S>) -> Tensor<S>,
) -> Contributions<S> {
    contributions.iter().map(f).collect()
}

fn only<S: Scalar>(
    mut contributions: Contributions<S>,
    input: usize,
    f: impl Fn(&Tensor<S>) -> Tensor<S>,
) -> Contributions<S> {
    contributions[input] = f(&contributions[input]);
    contributions
}

/// Other elements in the shape of `like`.
fn at<S: Scalar>(like: &Tensor<S>, f: impl FnMut(usize) -> S) -> Tensor<S> {
    Tensor::from_fn(like.shape(), f)
}

fn scaled<S: Scalar>(c: &Tensor<S>, factor: f64) -> Tensor<S> {
    c.map(|v| v * S::constant(factor))
}

fn divided<S: Scalar>(c: &Tensor<S>, n: usize) -> Tensor<S> {
    c.map(|v| v / S::constant(n as f64))
}

fn with_last<S: Scalar>(c: &Tensor<S>, f: impl Fn(S) -> S) -> Tensor<S> {
    let last = c.as_slice().len().wrapping_sub(1);
    at(c, |k| {
        let v = c.as_slice()[k];
        if k == last { f(v) } else { v }
    })
}

/// The last two axes laid out the wrong way round.
fn transposed<S: Scalar>(c: &Tensor<S>) -> Tensor<S> {
    let &[.., rows, cols] = c.shape().dims() else {
        return c.clone();
    };
    let matrix = rows * cols;
    at(c, |k| {
        let (start, k) = (k - k % matrix, k % matrix);
        c.as_slice()[start + k % rows * cols + k / rows]
    })
}

fn rows_swapped<S: Scalar>(c: &Tensor<S>) -> Tensor<S> {
    let shape = c.shape();
    let &[rows, ref row @ ..] = shape.dims() else {
        return c.clone();
    };
    let len: usize = row.iter().product();
    at(c, |k| match k / len {
        0 if rows > 1 => c.as_slice()[k + len],
        1 => c.as_slice()[k - len],
        _ => c.as_slice()[k],
    })
}

/// For every element of the output, its index along each axis over which `input` is stretched, and
/// the axis' length; `None` if `input` is not stretched.
fn stretched_indices(input: Shape, output: Shape) -> Option<Vec<Vec<(usize, usize)>>> {
    if input.broadcast(output) != Some(output) || input.size() >= output.size() {
        return None;
    }
    let left_out = output.rank() - input.rank();
    let indices = |mut k: usize| {
        let mut indices = Vec::new();
        for axis in (0..output.rank()).rev() {
            let n = output.dims()[axis];
            if axis < left_out || input.dims()[axis - left_out] < n {
                indices.push((k % n, n));
            }
            k /= n;
        }
        indices
    };
    Some((0..output.size()).map(indices).collect())
}

/// The gradient of each input from one slice of the output along the axes it is stretched over.
fn sliced<S: Scalar>(call: &Call<'_, S>, keep: fn(usize, usize) -> bool) -> Contributions<S> {
    let shape = call.y.shape();
    (0..call.x.len())
        .map(|i| {
            let Some(indices) = stretched_indices(call.x[i].shape(), shape) else {
                return call.vjp(&call.y_bar).swap_remove(i);
            };
            let kept = at(&call.y_bar, |k| {
                if indices[k].iter().all(|&(index, n)| keep(index, n)) {
                    call.y_bar.as_slice()[k]
                } else {
                    S::zero()
                }
            });
            call.vjp(&kept).swap_remove(i)
        })
        .collect()
}

/// (Σ ȳ) f′ at the first slice, where Σ (ȳ f′) is right.
fn reduced_too_early<S: Scalar>(call: &Call<'_, S>) -> Contributions<S> {
    let shape = call.y.shape();
    (0..call.x.len())
        .map(|i| {
            let Some(indices) = stretched_indices(call.x[i].shape(), shape) else {
                return call.vjp(&call.y_bar).swap_remove(i);
            };
            let slope_at = |keep: fn(usize, usize) -> bool| {
                let kept = |k: usize| indices[k].iter().all(|&(index, n)| keep(index, n));
                let ones = at(&call.y_bar, |k| if kept(k) { S::one() } else { S::zero() });
                call.vjp(&ones).swap_remove(i)
            };
            let (slope, last) = (
                slope_at(|index, _| index == 0),
                slope_at(|index, n| index + 1 == n),
            );
            if slope == last {
                // Where the derivative does not vary, it is no mistake.
                return call.vjp(&call.y_bar).swap_remove(i);
            }
            // Elements of one input come in the order of the first slice.
            let owners = owners(call.x[i].shape(), shape);
            let mut sums = vec![S::zero(); call.x[i].as_slice().len()];
            for (k, &g) in call.y_bar.as_slice().iter().enumerate() {
                sums[owners[k]] += g;
            }
            at(&slope, |e| slope.as_slice()[e] * sums[e])
        })
        .collect()
}

/// Which element of a stretched input each element of the output is computed from.
fn owners(input: Shape, output: Shape) -> Vec<usize> {
    let left_out = output.rank() - input.rank();
    let owner = |mut k: usize| {
        let (mut owner, mut stride) = (0, 1);
        for axis in (left_out..output.rank()).rev() {
            let own = input.dims()[axis - left_out];
            owner += if own == 1 {
                0
            } else {
                k % output.dims()[axis] * stride
            };
            stride *= own;
            k /= output.dims()[axis];
        }
        owner
    };
    (0..output.size()).map(owner).collect()
}

/// The inputs with what is on a kink moved above it, by less than it takes to reach another.
fn above<S: Scalar>(x: &[Tensor<S>], kinks: &[Kink]) -> Vec<Tensor<S>> {
    let mut moved = x.to_vec();
    let little = S::constant(1e-6);
    for kink in kinks {
        match *kink {
            Kink::Point { input, at, .. } => {
                for v in moved[input].as_mut_slice() {
                    *v += if *v == S::constant(at) {
                        little
                    } else {
                        S::zero()
                    };
                }
            }
            Kink::Tie {
                inputs: [first, second],
                ..
            } if x[first].shape() == x[second].shape() => {
                let others = x[second].as_slice();
                for (v, &other) in moved[first].as_mut_slice().iter_mut().zip(others) {
                    *v += if *v == other { little } else { S::zero() };
                }
            }
            Kink::Tie { .. } => {}
            Kink::Layer { at } => {
                for (row, _) in on_layer_kink(&moved, |z, _| z == S::constant(at)) {
                    moved[2].as_mut_slice()[row] += little;
                }
            }
        }
    }
    moved
}
