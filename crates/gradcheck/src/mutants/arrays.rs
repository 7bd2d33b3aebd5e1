//! Wrong vjps of our ops on whole arrays.

use autodiff::ops::{
    BroadcastTo, Linear, LogSoftmax, LogSumExp, Matmul, Mean, Reshape, SigmoidCrossEntropy,
    Softmax, Sum, Transpose, logistic,
};
use autodiff::{Cotangents, ErasedOp, Primals, Scalar, Shape, Tensor, direct};

use super::Mutant;
use super::macros::wrong_vjps;
use crate::diagnosis::Count::{Input, LastAxis, Output, Repeats};
use crate::diagnosis::Diagnosis::{
    CotangentIgnored, Factor, MissingReduction, Overwritten, Sign, Transposed, WrongElement,
    WrongOperand,
};
use crate::diagnosis::Factor::{Per, Times};

wrong_vjps! {
    MatmulOverwriting of Matmul: "adjoint with β = 0", [Overwritten], |op, x, _, y_bar, x_bar| {
        for (i, right) in right(op, x, 2, y_bar).iter().enumerate() {
            if let Some(mut x_bar) = x_bar.get(i) {
                x_bar.as_mut_slice().copy_from_slice(right.as_slice());
            }
        }
    }
    MatmulLosing of Matmul: "second contribution overwrites", [Overwritten],
    |op, x, _, y_bar, x_bar| {
        let right = right(op, x, 2, y_bar);
        add(&mut x_bar, 0, |k| right[0].as_slice()[k]);
        if let Some(mut x_bar) = x_bar.get(1) {
            x_bar.as_mut_slice().copy_from_slice(right[1].as_slice());
        }
    }
    MatmulRightStored of Matmul: "Ȳ B for Ȳ Bᵀ", [Transposed], |op, x, _, y_bar, x_bar| {
        let inputs = tensors(x, 2);
        let turned = [inputs[0].clone(), turned(&inputs[1])];
        let [wrong, _] = pair(of(op, &turned, y_bar));
        let [_, right] = pair(of(op, &inputs, y_bar));
        add(&mut x_bar, 0, |k| wrong.as_slice()[k]);
        add(&mut x_bar, 1, |k| right.as_slice()[k]);
    }
    MatmulLeftStored of Matmul: "A Ȳ for Aᵀ Ȳ", [Transposed], |op, x, _, y_bar, x_bar| {
        let inputs = tensors(x, 2);
        let turned = [turned(&inputs[0]), inputs[1].clone()];
        let [_, wrong] = pair(of(op, &turned, y_bar));
        let [right, _] = pair(of(op, &inputs, y_bar));
        add(&mut x_bar, 0, |k| right.as_slice()[k]);
        add(&mut x_bar, 1, |k| wrong.as_slice()[k]);
    }
    MatmulLeftTurned of Matmul: "left gradient transposed", [Transposed],
    |op, x, _, y_bar, x_bar| {
        let [a, b] = pair(right(op, x, 2, y_bar));
        let a = turned(&a);
        add(&mut x_bar, 0, |k| a.as_slice()[k]);
        add(&mut x_bar, 1, |k| b.as_slice()[k]);
    }
    MatmulCotangentTurned of Matmul: "cotangent transposed", [Transposed],
    |op, x, _, y_bar, x_bar| {
        let shape = output(op, x, 2);
        let g = turned(&Tensor::new(shape, y_bar.to_vec()));
        for (i, wrong) in right(op, x, 2, g.as_slice()).iter().enumerate() {
            add(&mut x_bar, i, |k| wrong.as_slice()[k]);
        }
    }
    MatmulFirstRow of Matmul: "first row of the cotangent for all", [],
    |op, x, _, y_bar, x_bar| {
        let row = output(op, x, 2).dims().last().copied().unwrap_or(1).max(1);
        let g: Vec<S> = (0..y_bar.len()).map(|k| y_bar[k % row]).collect();
        for (i, wrong) in right(op, x, 2, &g).iter().enumerate() {
            add(&mut x_bar, i, |k| wrong.as_slice()[k]);
        }
    }
    LinearBiasUnreduced of Linear: "bias takes one column", [MissingReduction],
    |op, x, _, z_bar, x_bar| {
        let m = columns(x);
        spoil_bias(op, x, z_bar, &mut x_bar, |row| if m > 0 { z_bar[row * m] } else { S::zero() });
    }
    LinearBiasLast of Linear: "bias takes the last column", [MissingReduction],
    |op, x, _, z_bar, x_bar| {
        let m = columns(x);
        spoil_bias(op, x, z_bar, &mut x_bar, |row| {
            if m > 0 { z_bar[row * m + m - 1] } else { S::zero() }
        });
    }
    LinearBiasAcross of Linear: "bias summed over the other axis", [WrongOperand],
    |op, x, _, z_bar, x_bar| {
        let m = columns(x);
        spoil_bias(op, x, z_bar, &mut x_bar, |row| {
            if m == 0 {
                return S::zero();
            }
            z_bar.iter().skip(row % m).step_by(m).copied().sum()
        });
    }
    LinearBiasAveraged of Linear: "bias averaged over the batch", [Factor(Per(Repeats))],
    |op, x, _, z_bar, x_bar| {
        let m = columns(x);
        spoil_bias(op, x, z_bar, &mut x_bar, |row| {
            z_bar[row * m..][..m].iter().copied().sum::<S>() / count(m.max(1))
        });
    }
    LinearBiasCounted of Linear: "bias counts the batch", [CotangentIgnored],
    |op, x, _, z_bar, x_bar| {
        let m = columns(x);
        spoil_bias(op, x, z_bar, &mut x_bar, |_| count(m));
    }
    LinearBatchTwice of Linear: "weights divided by the batch", [Factor(Per(LastAxis))],
    |op, x, _, z_bar, x_bar| {
        let m = columns(x);
        let right = right(op, x, 3, z_bar);
        add(&mut x_bar, 0, |k| right[0].as_slice()[k] / count(m.max(1)));
        add(&mut x_bar, 1, |k| right[1].as_slice()[k]);
        add(&mut x_bar, 2, |k| right[2].as_slice()[k]);
    }
    LinearStored of Linear: "W Z̄ for Wᵀ Z̄", [Transposed], |op, x, _, z_bar, x_bar| {
        let inputs = tensors(x, 3);
        let right = of(op, &inputs, z_bar);
        let stored = [turned(&inputs[0]), inputs[1].clone(), inputs[2].clone()];
        let wrong = of(op, &stored, z_bar);
        add(&mut x_bar, 0, |k| right[0].as_slice()[k]);
        add(&mut x_bar, 1, |k| wrong[1].as_slice()[k]);
        add(&mut x_bar, 2, |k| right[2].as_slice()[k]);
    }
    CrossEntropyTwice of SigmoidCrossEntropy: "divided by the batch twice", [Factor(Per(Input))],
    |op, x, _, y_bar, x_bar| {
        for (i, right) in right(op, x, 2, y_bar).iter().enumerate() {
            add(&mut x_bar, i, |k| right.as_slice()[k] / count(right.as_slice().len()));
        }
    }
    CrossEntropySummed of SigmoidCrossEntropy: "not divided by the batch", [Factor(Times(Input))],
    |op, x, _, y_bar, x_bar| {
        for (i, right) in right(op, x, 2, y_bar).iter().enumerate() {
            add(&mut x_bar, i, |k| right.as_slice()[k] * count(right.as_slice().len()));
        }
    }
    CrossEntropyAlone of SigmoidCrossEntropy: "as if it were the last op", [CotangentIgnored],
    |op, x, _, _y_bar, x_bar| {
        for (i, right) in right(op, x, 2, &[S::one()]).iter().enumerate() {
            add(&mut x_bar, i, |k| right.as_slice()[k]);
        }
    }
    CrossEntropyUnlabelled of SigmoidCrossEntropy: "σ(z)", [], |op, x, _, y_bar, x_bar| {
        let z = &x[0];
        let right = right(op, x, 2, y_bar);
        let each = y_bar[0] / count(z.len());
        add(&mut x_bar, 0, |k| each * logistic(z[k]).0);
        add(&mut x_bar, 1, |k| right[1].as_slice()[k]);
    }
    CrossEntropyTurned of SigmoidCrossEntropy: "y − σ(z)", [Sign], |op, x, _, y_bar, x_bar| {
        let right = right(op, x, 2, y_bar);
        add(&mut x_bar, 0, |k| -right[0].as_slice()[k]);
        add(&mut x_bar, 1, |k| right[1].as_slice()[k]);
    }
    SumAveraged of Sum: "that of the mean", [Factor(Per(Repeats))], |op, x, _, y_bar, x_bar| {
        let right = right(op, x, 1, y_bar);
        let n = x[0].len() / y_bar.len().max(1);
        add(&mut x_bar, 0, |k| right[0].as_slice()[k] / count(n));
    }
    SumAlongLast of Sum: "stretched along the wrong axis", [WrongElement, Transposed],
    |_, _x, _, y_bar, x_bar| {
        add(&mut x_bar, 0, |k| y_bar[k % y_bar.len()]);
    }
    SumAlongFirst of Sum: "stretched along the last axis", [WrongElement, Transposed],
    |_, x, _, y_bar, x_bar| {
        let repeats = (x[0].len() / y_bar.len().max(1)).max(1);
        add(&mut x_bar, 0, |k| y_bar[k / repeats]);
    }
    MeanSummed of Mean: "that of the sum", [Factor(Times(Repeats))], |op, x, _, y_bar, x_bar| {
        let right = right(op, x, 1, y_bar);
        let n = x[0].len() / y_bar.len().max(1);
        add(&mut x_bar, 0, |k| right[0].as_slice()[k] * count(n));
    }
    MeanTwice of Mean: "divided twice", [Factor(Per(Repeats))], |op, x, _, y_bar, x_bar| {
        let right = right(op, x, 1, y_bar);
        let n = x[0].len() / y_bar.len().max(1);
        add(&mut x_bar, 0, |k| right[0].as_slice()[k] / count(n));
    }
    MeanOfAll of Mean: "divided by the size of the input", [Factor(Per(Output))],
    |op, x, _, y_bar, x_bar| {
        let right = right(op, x, 1, y_bar);
        add(&mut x_bar, 0, |k| right[0].as_slice()[k] / count(y_bar.len()));
    }
    MeanLessOne of Mean: "divided by n − 1", [], |op, x, _, y_bar, x_bar| {
        let right = right(op, x, 1, y_bar);
        let n = x[0].len() / y_bar.len().max(1);
        let wrong = count::<S>(n) / (count::<S>(n) - S::one());
        add(&mut x_bar, 0, |k| right[0].as_slice()[k] * wrong);
    }
    MeanAlongLast of Mean: "stretched along the wrong axis", [WrongElement, Transposed],
    |_, x, _, y_bar, x_bar| {
        let n = x[0].len() / y_bar.len().max(1);
        add(&mut x_bar, 0, |k| y_bar[k % y_bar.len()] / count(n));
    }
    LogSumExpSummed of LogSumExp: "that of the sum", [], |op, x, _, y_bar, x_bar| {
        let wrong = of(&Sum { axes: op.axes }, &tensors(x, 1), y_bar);
        add(&mut x_bar, 0, |k| wrong[0].as_slice()[k]);
    }
    LogSumExpIgnoring of LogSumExp: "softmax, whatever the cotangent", [CotangentIgnored],
    |op, x, _, y_bar, x_bar| {
        let ones = vec![S::one(); y_bar.len()];
        let wrong = right(op, x, 1, &ones);
        add(&mut x_bar, 0, |k| wrong[0].as_slice()[k]);
    }
    LogSumExpAlongLast of LogSumExp: "stretched along the wrong axis", [WrongElement, Transposed],
    |op, x, _, y_bar, x_bar| {
        let ones = vec![S::one(); y_bar.len()];
        let shares = right(op, x, 1, &ones);
        add(&mut x_bar, 0, |k| y_bar[k % y_bar.len()] * shares[0].as_slice()[k]);
    }
    LogSumExpUndivided of LogSumExp: "e^x not divided by the sum", [], |op, x, y, y_bar, x_bar| {
        let weighted: Vec<S> = (0..y_bar.len()).map(|k| y_bar[k] * y[k].exp()).collect();
        let wrong = right(op, x, 1, &weighted);
        add(&mut x_bar, 0, |k| wrong[0].as_slice()[k]);
    }
    SoftmaxElementwise of Softmax: "y (1 − y) as of the logistic function", [],
    |_, _x, y, y_bar, x_bar| {
        add(&mut x_bar, 0, |k| y_bar[k] * y[k] * (S::one() - y[k]));
    }
    SoftmaxUncentred of Softmax: "ȳ y, the sum forgotten", [], |_, _x, y, y_bar, x_bar| {
        add(&mut x_bar, 0, |k| y_bar[k] * y[k]);
    }
    SoftmaxOfAll of Softmax: "the sum over all axes", [], |_, _x, y, y_bar, x_bar| {
        let all: S = y_bar.iter().zip(y).map(|(&g, &y)| g * y).sum();
        add(&mut x_bar, 0, |k| (y_bar[k] - all) * y[k]);
    }
    SoftmaxUnweighted of Softmax: "Σ ȳ for Σ ȳ y", [], |op, x, y, y_bar, x_bar| {
        let sums = Sum { axes: op.axes.kept() };
        let g = Tensor::new(x.shape(0), y_bar.to_vec());
        let sums = direct::forward(&sums, &[g]).expect("they are the softmax's axes");
        let shape = x.shape(0);
        let sums = direct::forward(&BroadcastTo { shape }, &[sums]).expect("they were kept");
        add(&mut x_bar, 0, |k| (y_bar[k] - sums.as_slice()[k]) * y[k]);
    }
    LogSoftmaxAsIs of LogSoftmax: "ȳ, the sum forgotten", [], |_, _x, _, y_bar, x_bar| {
        add(&mut x_bar, 0, |k| y_bar[k]);
    }
    LogSoftmaxElementwise of LogSoftmax: "ȳ (1 − e^y)", [], |_, _x, y, y_bar, x_bar| {
        add(&mut x_bar, 0, |k| y_bar[k] * (S::one() - y[k].exp()));
    }
    LogSoftmaxEvenly of LogSoftmax: "every share the same", [], |op, x, _, y_bar, x_bar| {
        let flat = [Tensor::zeros(x.shape(0))];
        let wrong = of(op, &flat, y_bar);
        add(&mut x_bar, 0, |k| wrong[0].as_slice()[k]);
    }
    LogSoftmaxOfAll of LogSoftmax: "Σ ȳ over all axes", [], |_, _x, y, y_bar, x_bar| {
        let all: S = y_bar.iter().copied().sum();
        add(&mut x_bar, 0, |k| y_bar[k] - y[k].exp() * all);
    }
    BroadcastUnreduced of BroadcastTo: "not reduced", [MissingReduction],
    |_, _x, _, y_bar, x_bar| {
        add(&mut x_bar, 0, |k| y_bar.get(k).copied().unwrap_or_else(S::zero));
    }
    BroadcastAveraged of BroadcastTo: "averaged", [Factor(Per(Repeats))],
    |op, x, _, y_bar, x_bar| {
        let right = right(op, x, 1, y_bar);
        let n = (y_bar.len() / x[0].len().max(1)).max(1);
        add(&mut x_bar, 0, |k| right[0].as_slice()[k] / count(n));
    }
    ReshapeTurned of Reshape: "column by column", [Transposed], |_, x, _, y_bar, x_bar| {
        let g = turned(&Tensor::new(x.shape(0), y_bar.to_vec()));
        add(&mut x_bar, 0, |k| g.as_slice()[k]);
    }
    ReshapeReversed of Reshape: "from the end", [WrongElement], |_, _x, _, y_bar, x_bar| {
        add(&mut x_bar, 0, |k| y_bar[y_bar.len() - 1 - k]);
    }
    TransposeNot of Transpose: "as stored", [Transposed], |_, _x, _, y_bar, x_bar| {
        add(&mut x_bar, 0, |k| y_bar[k]);
    }
    TransposeAgain of Transpose: "the order itself for its inverse", [Transposed],
    |op, x, _, y_bar, x_bar| {
        let g = Tensor::new(output(op, x, 1), y_bar.to_vec());
        let again = direct::forward(op, &[g]).expect("any shape of this rank can be permuted");
        add(&mut x_bar, 0, |k| again.as_slice()[k]);
    }
}

fn count<S: Scalar>(n: usize) -> S {
    S::constant(n as f64)
}

fn add<S: Scalar>(x_bar: &mut Cotangents<'_, S>, input: usize, f: impl FnMut(usize) -> S) {
    if let Some(mut x_bar) = x_bar.get(input) {
        x_bar.add(f);
    }
}

fn tensors<S: Scalar>(x: Primals<'_, S>, inputs: usize) -> Vec<Tensor<S>> {
    (0..inputs)
        .map(|i| Tensor::new(x.shape(i), x[i].to_vec()))
        .collect()
}

fn output<S: Scalar>(op: &dyn ErasedOp<S>, x: Primals<'_, S>, inputs: usize) -> Shape {
    let shapes: Vec<Shape> = (0..inputs).map(|i| x.shape(i)).collect();
    op.output_shape(&shapes).expect("it was recorded")
}

/// What the op's own vjp gives.
fn of<S: Scalar>(op: &dyn ErasedOp<S>, x: &[Tensor<S>], y_bar: &[S]) -> Vec<Tensor<S>> {
    let y = direct::forward(op, x).expect("it was recorded");
    let y_bar = Tensor::new(y.shape(), y_bar.to_vec());
    let x_bar = direct::vjp(op, x, &y, &y_bar, &vec![true; x.len()]);
    x_bar.into_iter().flatten().collect()
}

fn right<S: Scalar>(
    op: &dyn ErasedOp<S>,
    x: Primals<'_, S>,
    inputs: usize,
    y_bar: &[S],
) -> Vec<Tensor<S>> {
    of(op, &tensors(x, inputs), y_bar)
}

fn pair<S: Scalar>(tensors: Vec<Tensor<S>>) -> [Tensor<S>; 2] {
    tensors.try_into().expect("there are two inputs")
}

/// The last two axes laid out the wrong way round.
fn turned<S: Scalar>(x: &Tensor<S>) -> Tensor<S> {
    let &[.., rows, cols] = x.shape().dims() else {
        return x.clone();
    };
    let matrix = rows * cols;
    Tensor::from_fn(x.shape(), |k| {
        let (start, k) = (k - k % matrix, k % matrix);
        x.as_slice()[start + k % rows * cols + k / rows]
    })
}

/// How many examples a linear layer is given.
fn columns<S: Scalar>(x: Primals<'_, S>) -> usize {
    x.shape(1).dims()[1]
}

fn spoil_bias<S: Scalar>(
    op: &Linear,
    x: Primals<'_, S>,
    z_bar: &[S],
    x_bar: &mut Cotangents<'_, S>,
    bias: impl FnMut(usize) -> S,
) {
    let right = right(op, x, 3, z_bar);
    add(x_bar, 0, |k| right[0].as_slice()[k]);
    add(x_bar, 1, |k| right[1].as_slice()[k]);
    add(x_bar, 2, bias);
}
