//! Any op with its rules tampered with, at every scalar.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use autodiff::registry::AnyOp;
use autodiff::{
    Cotangents, Dual, ErasedOp, Primals, Scalar, Shape, ShapeError, Tensor, Var, Wide, direct,
};

use super::corruption::{Corruption, Tampered};

/// An op and what is done to it.
pub(super) struct Corrupted {
    pub(super) op: Arc<dyn AnyOp>,
    pub(super) inputs: usize,
    pub(super) tampered: Tampered,
    pub(super) corruption: Corruption,
    /// How often the vjp was called.
    pub(super) calls: AtomicUsize,
}

/// What a vjp is called with, as tensors.
pub(super) struct Call<'a, S: Scalar> {
    pub(super) op: &'a dyn ErasedOp<S>,
    pub(super) x: Vec<Tensor<S>>,
    pub(super) y: Tensor<S>,
    pub(super) y_bar: Tensor<S>,
    pub(super) wanted: Vec<bool>,
    /// How many calls there were before.
    pub(super) before: usize,
}

/// What the vjp contributes to each input, wanted or not.
pub(super) type Contributions<S> = Vec<Tensor<S>>;

impl<S: Scalar> Call<'_, S> {
    /// What the op's own rule contributes for this cotangent.
    pub(super) fn vjp(&self, y_bar: &Tensor<S>) -> Contributions<S> {
        self.vjp_from(&self.x, &self.y, y_bar)
    }

    /// What it contributes from these inputs and this value.
    pub(super) fn vjp_from(
        &self,
        x: &[Tensor<S>],
        y: &Tensor<S>,
        y_bar: &Tensor<S>,
    ) -> Contributions<S> {
        let x_bar = direct::vjp(self.op, x, y, y_bar, &vec![true; x.len()]);
        x_bar.into_iter().flatten().collect()
    }

    /// What it contributes at other inputs, from their own value.
    pub(super) fn vjp_at(&self, x: &[Tensor<S>]) -> Contributions<S> {
        match direct::forward(self.op, x) {
            Ok(y) => self.vjp_from(x, &y, &self.y_bar),
            Err(_) => self.vjp(&self.y_bar),
        }
    }
}

impl Corrupted {
    fn spoil<S: Scalar>(
        &self,
        op: &dyn ErasedOp<S>,
        x: Primals<'_, S>,
        y: &[S],
        y_bar: &[S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        let x: Vec<Tensor<S>> = (0..self.inputs)
            .map(|i| Tensor::new(x.shape(i), x[i].to_vec()))
            .collect();
        let shapes: Vec<Shape> = x.iter().map(Tensor::shape).collect();
        let shape = op.output_shape(&shapes).expect("it was recorded");
        let call = Call {
            op,
            x,
            y: Tensor::new(shape, y[..shape.size()].to_vec()),
            y_bar: Tensor::new(shape, y_bar.to_vec()),
            wanted: (0..self.inputs).map(|i| x_bar.get(i).is_some()).collect(),
            before: self.calls.fetch_add(1, Ordering::Relaxed),
        };
        let contributions = self.corruption.contributions(&call, &self.tampered);
        for (i, contribution) in contributions.iter().enumerate() {
            if let Some(mut x_bar) = x_bar.get(i) {
                let contribution = contribution.as_slice();
                match self.corruption {
                    Corruption::Overwrites => x_bar.as_mut_slice().copy_from_slice(contribution),
                    Corruption::AccumulatesTwice => {
                        for (x_bar, &c) in x_bar.as_mut_slice().iter_mut().zip(contribution) {
                            *x_bar = *x_bar + *x_bar + c;
                        }
                    }
                    _ => x_bar.add(|k| contribution[k]),
                }
            }
        }
    }
}

/// The number of elements of the output, without residuals.
fn size_of_output<S: Scalar>(op: &dyn ErasedOp<S>, x: Primals<'_, S>) -> usize {
    let shapes: Vec<Shape> = (0..x.len()).map(|i| x.shape(i)).collect();
    op.output_shape(&shapes).expect("it was recorded").size()
}

macro_rules! corrupted_at {
    ($($scalar:ty),+) => {$(
        impl ErasedOp<$scalar> for Corrupted {
            fn name(&self) -> &'static str {
                ErasedOp::<$scalar>::name(&*self.op)
            }

            fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
                ErasedOp::<$scalar>::output_shape(&*self.op, inputs)
            }

            fn residuals(&self, inputs: &[Shape]) -> usize {
                ErasedOp::<$scalar>::residuals(&*self.op, inputs)
            }

            fn forward(&self, x: Primals<'_, $scalar>, y: &mut [$scalar]) {
                let output = size_of_output::<$scalar>(&*self.op, x);
                let unwritten = match self.corruption {
                    Corruption::LastUnwritten => output,
                    Corruption::LastResidualUnwritten if y.len() > output => y.len(),
                    _ => 0,
                };
                let unwritten = unwritten.checked_sub(1).map(|last| (last, y[last]));
                self.op.forward(x, y);
                if let Some((last, kept)) = unwritten {
                    y[last] = kept;
                }
            }

            fn vjp(
                &self,
                x: Primals<'_, $scalar>,
                y: &[$scalar],
                y_bar: &mut [$scalar],
                x_bar: Cotangents<'_, $scalar>,
            ) {
                if self.corruption == Corruption::LastResidualUnwritten {
                    // Others call the rule anew, with residuals of its own.
                    return self.op.vjp(x, y, y_bar, x_bar);
                }
                self.spoil::<$scalar>(&*self.op, x, y, y_bar, x_bar);
            }

            /// A spoiled rule promises nothing.
            fn rectifies(&self) -> bool {
                false
            }

            fn composition<'t>(&self, x: &[Var<'t, $scalar>]) -> Option<Var<'t, $scalar>> {
                self.op.composition(x)
            }
        }
    )+};
}

corrupted_at!(f32, f64, Wide, Dual<f64>, Dual<Wide>);

impl AnyOp for Corrupted {}

impl fmt::Debug for Corrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.op, self.corruption.name())
    }
}
