//! The loops of elementwise ops: over slices of equal length, which is what the compiler makes
//! vector instructions of, whatever is stretched.

use super::{Args, Pointwise};
use crate::matmul::{self, Loop};
use crate::runs::{MAX_OPERANDS, for_each_run};
use crate::{MAX_RANK, Primals, Scalar, Shape};

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
    let inputs = inputs.as_ref();
    matmul::in_parts(y, |start, y| {
        let inputs = cut::<P, S>(inputs, start, y.len());
        vectorized::<P, S, _>(Forward { op, inputs, y });
    });
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
        let inputs = cut::<P, S>(self.inputs.as_ref(), 0, self.y.len());
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
    let inputs = inputs.as_ref();
    macro_rules! with_respect_to {
        ($($i:literal)*) => {
            match i {
                // The condition keeps inputs that the op does not have from being compiled.
                $($i if const { <P::Args<S> as Args<S>>::ARITY > $i } => {
                    matmul::in_parts(x_bar, |start, x_bar| {
                        let inputs = cut::<P, S>(inputs, start, x_bar.len());
                        let (y, y_bar) = (&y[start..], &y_bar[start..]);
                        vectorized::<P, S, _>(Backward::<'_, '_, P, S, $i> {
                            op, inputs, y, y_bar, x_bar, is_first,
                        });
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
        let inputs = cut::<P, S>(self.inputs.as_ref(), 0, len);
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

/// A stretch of the output of which every input is a slice, where it lies or written out.
pub(super) struct Piece<'a, S> {
    /// Where it begins in the output.
    pub(super) start: usize,
    pub(super) len: usize,
    pub(super) inputs: [&'a [S]; MAX_OPERANDS],
    /// Where it begins in each input, and whether that stays there: it is stretched.
    pub(super) offsets: [usize; MAX_OPERANDS],
    pub(super) is_stretched: [bool; MAX_OPERANDS],
}

/// Visits the output of inputs that are not all of its shape, in pieces. (Like `for_each_run`, it
/// is compiled once for a scalar, and not for every op.)
pub(super) fn for_each_piece<S: Scalar>(x: Primals<'_, S>, visit: &mut dyn FnMut(&Piece<'_, S>)) {
    let arity = x.len();
    let shape = (0..arity).fold(Shape::scalar(), |common, i| {
        common
            .broadcast(x.shape(i))
            .expect("output_shape refused what does not broadcast")
    });
    let mut strides = [[0; MAX_RANK]; MAX_OPERANDS];
    for (i, strides) in strides[..arity].iter_mut().enumerate() {
        *strides = x.shape(i).strides_in(shape);
    }
    for_each_run(shape, &strides[..arity], &mut |run| {
        let is_stretched = run.strides.map(|stride| stride == 0);
        let mut written = [[S::zero(); PIECE]; MAX_OPERANDS];
        for i in (0..arity).filter(|&i| is_stretched[i]) {
            written[i] = [x.get(i)[run.offsets[i]]; PIECE];
        }
        let whole = is_stretched[..arity].iter().all(|&stretched| !stretched);
        let step = if whole { run.len } else { PIECE };
        for start in (0..run.len).step_by(step) {
            let len = step.min(run.len - start);
            let mut piece = Piece {
                start: run.start + start,
                len,
                inputs: [&[]; MAX_OPERANDS],
                offsets: run.offsets,
                is_stretched,
            };
            for i in 0..arity {
                if is_stretched[i] {
                    piece.inputs[i] = &written[i][..len];
                } else {
                    piece.offsets[i] += start;
                    piece.inputs[i] = &x.get(i)[piece.offsets[i]..][..len];
                }
            }
            visit(&piece);
        }
    });
}

/// The slices cut to one length where the loop can see it, so that no index in it may be out of
/// bounds.
#[inline(always)]
fn cut<'x, P: Pointwise, S: Scalar>(
    inputs: &[&'x [S]],
    start: usize,
    len: usize,
) -> P::Args<&'x [S]> {
    Args::from_fn(|i| &inputs[i][start..][..len])
}

#[inline(always)]
fn element<P: Pointwise, S: Scalar>(inputs: &P::Args<&[S]>, k: usize) -> P::Args<S> {
    Args::from_fn(|i| inputs.as_ref()[i][k])
}
