//! The loops of elementwise ops: over slices of equal length, which is what the compiler makes
//! vector instructions of, whatever is stretched.

use super::{Args, Pointwise};
use crate::Scalar;
use crate::matmul::{self, Loop};
use crate::runs::{MAX_OPERANDS, Run};

/// The longest piece of a run with a stretched input in it, which is written out.
pub(super) const PIECE: usize = 64;

#[inline]
fn vectorized<P: Pointwise, S: Scalar, L: Loop>(task: L) -> L::Output {
    if const { P::VECTORIZES } {
        matmul::vectorized::<S, L>(task)
    } else {
        task.run()
    }
}

/// y ← f(inputs), slices of equal length.
pub(super) fn forward<P: Pointwise, S: Scalar>(op: &P, inputs: P::Args<&[S]>, y: &mut [S]) {
    vectorized::<P, S, _>(Forward { op, inputs, y });
}

struct Forward<'a, 'x, P: Pointwise, S: Scalar> {
    op: &'a P,
    inputs: P::Args<&'x [S]>,
    y: &'a mut [S],
}

impl<P: Pointwise, S: Scalar> Loop for Forward<'_, '_, P, S> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let inputs = cut::<P, S>(self.inputs, self.y.len());
        for (k, y) in self.y.iter_mut().enumerate() {
            *y = self.op.eval(element::<P, S>(&inputs, k));
        }
    }
}

/// x̄ ← x̄ + ȳ ∂f/∂xᵢ, or only the contribution if there was none before; slices of equal length.
pub(super) fn backward<P: Pointwise, S: Scalar>(
    op: &P,
    i: usize,
    inputs: P::Args<&[S]>,
    [y, y_bar]: [&[S]; 2],
    x_bar: &mut [S],
    is_first: bool,
) {
    macro_rules! with_respect_to {
        ($($i:literal)*) => {
            match i {
                // The condition keeps inputs that the op does not have from being compiled.
                $($i if const { <P::Args<S> as Args<S>>::ARITY > $i } => {
                    vectorized::<P, S, _>(Backward::<'_, '_, P, S, $i> {
                        op, inputs, y, y_bar, x_bar, is_first,
                    });
                })*
                _ => unreachable!("the op has no such input"),
            }
        };
    }
    with_respect_to!(0 1 2 3);
}

/// `I` is a constant, so that the other derivatives are not even computed.
struct Backward<'a, 'x, P: Pointwise, S: Scalar, const I: usize> {
    op: &'a P,
    inputs: P::Args<&'x [S]>,
    y: &'a [S],
    y_bar: &'a [S],
    x_bar: &'a mut [S],
    is_first: bool,
}

impl<P: Pointwise, S: Scalar, const I: usize> Loop for Backward<'_, '_, P, S, I> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let len = self.x_bar.len();
        let inputs = cut::<P, S>(self.inputs, len);
        let (y, y_bar) = (&self.y[..len], &self.y_bar[..len]);
        let term = |k: usize| {
            let x = element::<P, S>(&inputs, k);
            y_bar[k] * self.op.derivative(x, y[k]).as_ref()[I]
        };
        if self.is_first {
            for (k, x_bar) in self.x_bar.iter_mut().enumerate() {
                *x_bar = term(k);
            }
        } else {
            for (k, x_bar) in self.x_bar.iter_mut().enumerate() {
                *x_bar += term(k);
            }
        }
    }
}

/// Visits a run in pieces of which every input is a slice: where it lies, or written out if it is
/// stretched. A piece begins at element `start` of the run.
pub(super) fn pieces<P: Pointwise, S: Scalar>(
    inputs: P::Args<&[S]>,
    run: &Run,
    mut visit: impl FnMut(usize, usize, P::Args<&[S]>),
) {
    let strides = &run.strides[..inputs.as_ref().len()];
    if strides.iter().all(|&stride| stride == 1) {
        let inputs = Args::from_fn(|i| &inputs.as_ref()[i][run.offsets[i]..][..run.len]);
        return visit(0, run.len, inputs);
    }
    let written: [_; MAX_OPERANDS] = std::array::from_fn(|i| match strides.get(i) {
        Some(0) => [inputs.as_ref()[i][run.offsets[i]]; PIECE],
        _ => [S::zero(); PIECE],
    });
    for start in (0..run.len).step_by(PIECE) {
        let len = PIECE.min(run.len - start);
        let inputs = Args::from_fn(|i| match strides[i] {
            0 => &written[i][..len],
            _ => &inputs.as_ref()[i][run.offsets[i] + start..][..len],
        });
        visit(start, len, inputs);
    }
}

/// The slices cut to one length where the loop can see it, so that no index in it may be out of
/// bounds.
#[inline(always)]
fn cut<P: Pointwise, S: Scalar>(inputs: P::Args<&[S]>, len: usize) -> P::Args<&[S]> {
    Args::from_fn(|i| &inputs.as_ref()[i][..len])
}

#[inline(always)]
fn element<P: Pointwise, S: Scalar>(inputs: &P::Args<&[S]>, k: usize) -> P::Args<S> {
    Args::from_fn(|i| inputs.as_ref()[i][k])
}
