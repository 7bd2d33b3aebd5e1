//! Ops that accept shapes their rules cannot run on.

use autodiff::ops::{Linear, Matmul, Mul, Reshape, SigmoidCrossEntropy};
use autodiff::signature::{Draw, Signature};
use autodiff::{Cotangents, Op, Primals, Registered, Scalar, Shape, ShapeError};

use super::Mutant;
use crate::diagnosis::Diagnosis;

macro_rules! misshapen {
    ($($name:ident of $op:ty: $kind:literal, |$self:pat_param, $inputs:ident| $shape:expr;)+) => {
        $(
            #[derive(Debug)]
            struct $name($op);

            impl Registered for $name {
                const NAME: &'static str = <$op as Registered>::NAME;
            }

            impl Op for $name {
                fn output_shape(&self, $inputs: &[Shape]) -> Result<Shape, ShapeError> {
                    let $self = &self.0;
                    Op::output_shape(&self.0, $inputs).or_else(|refused| $shape.ok_or(refused))
                }

                fn residuals(&self, inputs: &[Shape]) -> usize {
                    Op::residuals(&self.0, inputs)
                }

                fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
                    Op::forward(&self.0, x, y);
                }

                fn vjp<S: Scalar>(
                    &self,
                    x: Primals<'_, S>,
                    y: &[S],
                    y_bar: &mut [S],
                    x_bar: Cotangents<'_, S>,
                ) {
                    Op::vjp(&self.0, x, y, y_bar, x_bar);
                }

                fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
                    <$op as Op>::signature(draw).map(Self)
                }
            }
        )+

        /// The mutants of this file.
        pub(super) fn all() -> Vec<Mutant> {
            vec![$(Mutant::of::<$op, $name>($kind, &[Diagnosis::Shapes])),+]
        }
    };
}

misshapen! {
    MatmulInner of Matmul: "inner axes not compared", |_, inputs| match inputs {
        [a, b] => match (a.dims(), b.dims()) {
            (&[m, _], &[_, n]) => Some(Shape::from([m, n])),
            _ => None,
        },
        _ => None,
    };
    LinearBiases of Linear: "biases not looked at", |_, inputs| match inputs {
        [w, a, _] => match (w.dims(), a.dims()) {
            (&[n_out, n_in], &[rows, m]) if n_in == rows => Some(Shape::from([n_out, m])),
            _ => None,
        },
        _ => None,
    };
    MulLonger of Mul: "shapes that do not broadcast", |_, inputs| match inputs {
        [a, b] if a.rank() == b.rank() => Some(if a.size() > b.size() { *a } else { *b }),
        _ => None,
    };
    ReshapeSize of Reshape: "sizes not compared", |op, inputs| match inputs {
        [_] => Some(op.shape),
        _ => None,
    };
    CrossEntropyLabels of SigmoidCrossEntropy: "labels not compared", |_, inputs| match inputs {
        [_, _] => Some(Shape::scalar()),
        _ => None,
    };
}
