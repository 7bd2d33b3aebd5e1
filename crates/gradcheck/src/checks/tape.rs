//! The op on a tape: fan-out, dead branches, replays, inputs that nobody wants, and cotangents that
//! another rule has rectified.

use autodiff::{ErasedOp, Scalar, Tape, Tensor, Var, Wide, direct};
use num_traits::{Float as _, One as _, Zero as _};

use super::linearity::all_equal;
use crate::case::{Instance, Shared};
use crate::point::{Point, claimed, value};
use crate::reference::AGREEMENT;
use crate::verdict::{Checked, Finding};

pub(super) fn check(instance: &Instance) -> Checked<()> {
    let point = Point::of(instance)?;
    wanted_replayed_and_repeated(instance)?;
    diamond(&point)?;
    rectified(&point)?;
    repeated_input(&point)
}

fn record<'t, S: Scalar>(
    tape: &'t Tape<S>,
    instance: &Instance,
    x: &[Var<'t, S>],
) -> Checked<Var<'t, S>>
where
    Shared: ErasedOp<S>,
{
    tape.record_erased(Box::new(Shared(instance.op.clone())), x)
        .map_err(|error| Finding::of(error.to_string()).fail())
}

/// At f64, bit for bit: the gradient for every choice of wanted inputs, after a replay from other
/// values, beside dead branches, and swept twice.
fn wanted_replayed_and_repeated(instance: &Instance) -> Checked<()> {
    let op: &dyn ErasedOp<f64> = &*instance.op;
    let x = &instance.inputs;
    let y = direct::forward(op, x).map_err(|error| Finding::of(error.to_string()).fail())?;
    let y_bar = instance
        .cotangent
        .as_ref()
        .expect("the point was made from it");
    let expected = claimed(op, x, &y, y_bar);
    let same = |input: usize, got: &[f64], what: &str| {
        let expected = expected[input].as_slice();
        let differs = |(a, b): (&f64, &f64)| {
            a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan()) && a != b
        };
        match got.iter().zip(expected).position(differs) {
            None => Ok(()),
            Some(element) => Err(Finding {
                input: Some(input),
                element: Some(element),
                expected: expected[element],
                bound: 0.0,
                got: got[element],
                ..Finding::of(what)
            }
            .fail()),
        }
    };
    // Of more than four inputs every single one, and all.
    let choices: Vec<usize> = match x.len() {
        few @ 0..=4 => (0..1 << few).collect(),
        many => {
            let singles = (0..many.min(63)).map(|input| 1 << input);
            singles.chain([0, usize::MAX]).collect()
        }
    };
    for wanted in choices {
        let is_wanted = |input: usize| wanted >> input.min(63) & 1 == 1;
        let tape = Tape::<f64>::new();
        // Other values of the same domain: the same elements, turned round.
        let leaves: Vec<Var<'_, f64>> = x
            .iter()
            .enumerate()
            .map(|(input, x)| {
                let turned = Tensor::new(x.shape(), x.as_slice().iter().rev().copied().collect());
                if is_wanted(input) {
                    tape.variable(turned)
                } else {
                    tape.data(turned)
                }
            })
            .collect();
        let _dead = record(&tape, instance, &leaves)?;
        let output = record(&tape, instance, &leaves)?;
        let _unused = record(&tape, instance, &leaves)?;
        let mut gradients = output.backward_from(y_bar);
        for (&leaf, x) in leaves.iter().zip(x) {
            tape.set(leaf, x);
        }
        tape.replay();
        if output.value() != y && y.as_slice().iter().all(|v| !v.is_nan()) {
            return Err(Finding::of("replayed, the value is another").fail());
        }
        gradients.replay();
        let second = output.backward_from(y_bar);
        for (input, &leaf) in leaves
            .iter()
            .enumerate()
            .filter(|(input, _)| is_wanted(*input))
        {
            same(
                input,
                &gradients.wrt(leaf),
                "replayed on a tape, it is not what the vjp gives",
            )?;
            same(
                input,
                &second.wrt(leaf),
                "swept a second time, it is not what the vjp gives",
            )?;
        }
    }
    Ok(())
}

fn largest(tensors: &[Tensor<Wide>]) -> f64 {
    tensors
        .iter()
        .flat_map(Tensor::as_slice)
        .map(|v| v.abs().to_f64())
        .fold(0.0, f64::max)
}

/// Two consumers of the same inputs, their outputs added: twice the gradient.
fn diamond(point: &Point<'_>) -> Checked<()> {
    let tape = Tape::<Wide>::new();
    let x: Vec<_> = point.x.iter().map(|x| tape.variable(x.clone())).collect();
    let left = record(&tape, point.instance, &x)?;
    let right = record(&tape, point.instance, &x)?;
    let gradients = (left + right).backward_from(&point.y_bar);
    let got: Vec<_> = x.iter().map(|&x| gradients.wrt(x).to_tensor()).collect();
    let two = Wide::from(2.0);
    let expected: Vec<_> = point.x_bar.iter().map(|g| g.map(|g| two * g)).collect();
    let bound = AGREEMENT * largest(&expected);
    all_equal(
        &got,
        &expected,
        |_| bound,
        "with two consumers it is not the sum of both contributions",
    )
}

/// An op that says it rectifies counts no cotangent where its output is not positive, and takes one
/// that somebody else has rectified: before a linear layer, here with the identity for weights.
fn rectified(point: &Point<'_>) -> Checked<()> {
    if !point.op.rectifies() {
        return Ok(());
    }
    let kept = |k: usize| match point.y.as_slice()[k] <= Wide::zero() {
        true => Wide::zero(),
        false => point.y_bar.as_slice()[k],
    };
    let kept = Tensor::from_fn(point.y.shape(), kept);
    all_equal(
        &claimed(point.op, &point.x, &point.y, &kept),
        &point.x_bar,
        |_| 0.0,
        "it says that it rectifies, and counts a cotangent where the output is not positive",
    )?;
    let &[n, _] = point.y.shape().dims() else {
        return Ok(());
    };
    let tape = Tape::<Wide>::new();
    let x: Vec<_> = point.x.iter().map(|x| tape.variable(x.clone())).collect();
    let output = record(&tape, point.instance, &x)?;
    let one_on_the_diagonal = |k: usize| match k / n == k % n {
        true => Wide::one(),
        false => Wide::zero(),
    };
    let identity = tape.data(Tensor::from_fn([n, n], one_on_the_diagonal));
    let next = identity.linear(output, tape.data(Tensor::zeros([n, 1])));
    let gradients = next.backward_from(&point.y_bar);
    let got: Vec<_> = x.iter().map(|&x| gradients.wrt(x).to_tensor()).collect();
    let bound = AGREEMENT * largest(&point.x_bar);
    all_equal(
        &got,
        &point.x_bar,
        |_| bound,
        "told that the cotangent is rectified, it gives something else",
    )
}

/// op(x, x): the sum of what each input would get.
fn repeated_input(point: &Point<'_>) -> Checked<()> {
    let inputs = &point.instance.inputs;
    let domains = &point.instance.domains;
    for first in 0..inputs.len() {
        for second in first + 1..inputs.len() {
            let fits = inputs[first].shape() == inputs[second].shape()
                && inputs[first]
                    .as_slice()
                    .iter()
                    .all(|&x| domains[second].contains(x));
            if !fits {
                continue;
            }
            let mut x = point.x.clone();
            x[second] = x[first].clone();
            let y = value(point.op, &x)?;
            let x_bar = claimed(point.op, &x, &y, &point.y_bar);
            let [a, b] = [first, second].map(|input| x_bar[input].as_slice());
            let expected = Tensor::from_fn(x[first].shape(), |k| a[k] + b[k]);
            let size = largest(&x_bar);

            let tape = Tape::<Wide>::new();
            let mut leaves: Vec<_> = x.iter().map(|x| tape.variable(x.clone())).collect();
            leaves[second] = leaves[first];
            let output = record(&tape, point.instance, &leaves)?;
            let got = output
                .backward_from(&point.y_bar)
                .wrt(leaves[first])
                .to_tensor();
            all_equal(
                &[got],
                &[expected],
                |_| AGREEMENT * size,
                "with the same value for two inputs it is not the sum of both contributions",
            )?;
        }
    }
    Ok(())
}
