use std::fmt;

use crate::runs::for_each_run;
use crate::signature::{Draw, Signature};
use crate::{
    Cotangents, MAX_RANK, Op, Primals, Scalar, Shape, ShapeError, Var, expect_inputs, register,
};

/// y = x with its axes in another order: [`Var::transpose`] and [`Var::permute`]. Adjoint: x̄ += ȳ
/// with its axes back in place.
#[derive(Clone, Copy)]
pub struct Transpose {
    /// `None` turns the order round. Otherwise axis k of the output is axis `order[k]` of the
    /// input, `rank` of them.
    order: Option<Order>,
}
register!(Transpose);

#[derive(Clone, Copy)]
struct Order {
    axes: [usize; MAX_RANK],
    rank: usize,
}

impl Transpose {
    /// Turns the order of the axes round: the transpose of a matrix.
    #[must_use]
    pub fn reversed() -> Self {
        Self { order: None }
    }

    /// Makes axis k of the output of axis `axes[k]` of the input.
    ///
    /// # Errors
    ///
    /// If `axes` is not an order of 0, 1, 2, …, or there are too many.
    pub fn new(axes: &[usize]) -> Result<Self, ShapeError> {
        let named: Vec<bool> = (0..axes.len()).map(|axis| axes.contains(&axis)).collect();
        if axes.len() > MAX_RANK || named.contains(&false) {
            return Err(ShapeError::new(format!(
                "{axes:?} is not an order of the axes"
            )));
        }
        let mut order = Order {
            axes: [0; MAX_RANK],
            rank: axes.len(),
        };
        order.axes[..axes.len()].copy_from_slice(axes);
        Ok(Self { order: Some(order) })
    }

    /// The output's axes: for each, which axis of the input it is.
    fn axes(&self, rank: usize) -> [usize; MAX_RANK] {
        match self.order {
            Some(order) => order.axes,
            None => std::array::from_fn(|k| (rank.max(1) - 1).saturating_sub(k)),
        }
    }

    /// The output's shape, and the input's strides along the output's axes.
    fn walk(&self, x: Shape) -> (Shape, [usize; MAX_RANK]) {
        let axes = self.axes(x.rank());
        let strides = x.strides_in(x);
        let mut dims = [1; MAX_RANK];
        let mut permuted = [0; MAX_RANK];
        for k in 0..x.rank() {
            dims[k] = x.dims()[axes[k]];
            permuted[k] = strides[axes[k]];
        }
        (Shape::new(&dims[..x.rank()]), permuted)
    }
}

impl Op for Transpose {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let [x] = expect_inputs(inputs)?;
        match self.order {
            Some(order) if order.rank != x.rank() => Err(ShapeError::new(format!(
                "{} axes are put in order, and there are {}",
                order.rank,
                x.rank()
            ))),
            _ => Ok(self.walk(x).0),
        }
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        let (shape, strides) = self.walk(x.shape(0));
        for_each_run(shape, &[strides], &mut |run| {
            for (k, y) in y[run.start..][..run.len].iter_mut().enumerate() {
                *y = x[0][run.offsets[0] + k * run.strides[0]];
            }
        });
    }

    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        _y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        if let Some(mut x_bar) = x_bar.get(0) {
            let (shape, strides) = self.walk(x.shape(0));
            let x_bar = x_bar.as_mut_slice();
            for_each_run(shape, &[strides], &mut |run| {
                for (k, &y_bar) in y_bar[run.start..][..run.len].iter().enumerate() {
                    x_bar[run.offsets[0] + k * run.strides[0]] += y_bar;
                }
            });
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        let shape = draw.shape();
        if !draw.flag() {
            return Signature::new(Self::reversed()).input(shape);
        }
        let mut left: Vec<usize> = (0..shape.rank()).collect();
        let axes: Vec<usize> = (0..shape.rank())
            .map(|_| left.remove(draw.below(left.len())))
            .collect();
        let order = Self::new(&axes).expect("every axis was taken once");
        Signature::new(order).input(shape)
    }
}

impl fmt::Debug for Transpose {
    /// As Rust code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.order {
            None => f.write_str("Transpose::reversed()"),
            Some(order) => write!(
                f,
                "Transpose::new(&{:?}).unwrap()",
                &order.axes[..order.rank]
            ),
        }
    }
}

impl<S: Scalar> Var<'_, S> {
    /// The axes in reverse order: the transpose of a matrix. So is the gradient.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
    /// assert_eq!(x.transpose().value(), Tensor::from([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]));
    /// ```
    #[track_caller]
    #[must_use]
    pub fn transpose(self) -> Self {
        self.tape().apply(Transpose::reversed(), &[self])
    }

    /// The axes in another order: axis k of the output is axis `axes[k]`. The gradient has them
    /// back in place.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::<f64>::zeros([2, 3, 4]));
    /// assert_eq!(x.permute(&[2, 0, 1]).shape().dims(), [4, 2, 3]);
    /// ```
    ///
    /// # Panics
    ///
    /// If `axes` does not name every axis once.
    #[track_caller]
    #[must_use]
    pub fn permute(self, axes: &[usize]) -> Self {
        match Transpose::new(axes) {
            Ok(op) => self.tape().apply(op, &[self]),
            Err(error) => panic!("{}", error.of("transpose", &[self.shape()])),
        }
    }
}
