//! Calling an op's rules without a tape: what a verifier, or a test of an op, does.

use crate::op::ErasedOp;
use crate::operands::{Content, Cotangents, Home, Primals, Slot};
use crate::{Scalar, Shape, ShapeError, Tensor};

/// The value of an op.
///
/// # Errors
///
/// If the op refuses the inputs' shapes.
///
/// ```
/// use autodiff::{Tensor, direct, ops};
///
/// let x = Tensor::from([1.0, 4.0]);
/// assert_eq!(direct::forward(&ops::Sqrt, &[x])?, Tensor::from([1.0, 2.0]));
/// # Ok::<(), autodiff::ShapeError>(())
/// ```
pub fn forward<S: Scalar>(
    op: &dyn ErasedOp<S>,
    inputs: &[Tensor<S>],
) -> Result<Tensor<S>, ShapeError> {
    // NaN, so that an element the rule forgets to write is seen.
    forward_over(op, inputs, S::nan())
}

/// [`forward`] into memory that holds `before`, of which nothing must be left: the forward rule
/// writes every element and reads none.
///
/// # Errors
///
/// If the op refuses the inputs' shapes.
pub fn forward_over<S: Scalar>(
    op: &dyn ErasedOp<S>,
    inputs: &[Tensor<S>],
    before: S,
) -> Result<Tensor<S>, ShapeError> {
    let shapes: Vec<Shape> = inputs.iter().map(Tensor::shape).collect();
    let shape = op.output_shape(&shapes)?;
    let mut y = vec![before; shape.size() + op.residuals(&shapes)];
    op.forward(Arguments::new(inputs).primals(), &mut y);
    y.truncate(shape.size());
    Ok(Tensor::new(shape, y))
}

/// The contribution of an op to the cotangents of its inputs, `None` for those that are not
/// `wanted`. `y` is what [`forward`] gave for the same inputs; [residuals](crate::Op::residuals) are
/// computed again.
///
/// ```
/// use autodiff::{Tensor, direct, ops};
///
/// let (x, y) = (Tensor::from([1.0, 4.0]), Tensor::from([1.0, 2.0]));
/// let y_bar = Tensor::from([1.0, 8.0]);
/// let x_bar = direct::vjp(&ops::Sqrt, &[x], &y, &y_bar, &[true]);
/// assert_eq!(x_bar, [Some(Tensor::from([0.5, 2.0]))]);
/// ```
///
/// # Panics
///
/// If there is not one `wanted` for each input, or `y` and `y_bar` differ in shape.
#[track_caller]
#[must_use]
pub fn vjp<S: Scalar>(
    op: &dyn ErasedOp<S>,
    inputs: &[Tensor<S>],
    y: &Tensor<S>,
    y_bar: &Tensor<S>,
    wanted: &[bool],
) -> Vec<Option<Tensor<S>>> {
    assert_eq!(inputs.len(), wanted.len(), "one `wanted` for each input");
    let cotangent = |(x, &wanted): (&Tensor<S>, &bool)| wanted.then(|| Tensor::zeros(x.shape()));
    let mut x_bar: Vec<_> = inputs.iter().zip(wanted).map(cotangent).collect();
    run_vjp(op, inputs, y, y_bar, &mut x_bar, Content::Nothing);
    x_bar
}

/// Adds the contribution of an op to cotangents that other consumers have added to before: what
/// [`vjp`] gives, plus what is there.
///
/// ```
/// use autodiff::{Tensor, direct, ops};
///
/// let (x, y) = (Tensor::from([1.0, 4.0]), Tensor::from([1.0, 2.0]));
/// let y_bar = Tensor::from([1.0, 8.0]);
/// let mut x_bar = [Some(Tensor::from([10.0, 20.0]))];
/// direct::add_vjp(&ops::Sqrt, &[x], &y, &y_bar, &mut x_bar);
/// assert_eq!(x_bar, [Some(Tensor::from([10.5, 22.0]))]);
/// ```
///
/// # Panics
///
/// If there is not one cotangent (or `None`) for each input, of its shape, or `y` and `y_bar` differ in
/// shape.
#[track_caller]
pub fn add_vjp<S: Scalar>(
    op: &dyn ErasedOp<S>,
    inputs: &[Tensor<S>],
    y: &Tensor<S>,
    y_bar: &Tensor<S>,
    x_bar: &mut [Option<Tensor<S>>],
) {
    run_vjp(op, inputs, y, y_bar, x_bar, Content::Sum);
}

#[track_caller]
fn run_vjp<S: Scalar>(
    op: &dyn ErasedOp<S>,
    inputs: &[Tensor<S>],
    y: &Tensor<S>,
    y_bar: &Tensor<S>,
    x_bar: &mut [Option<Tensor<S>>],
    content: Content,
) {
    let shapes = |x: &Option<Tensor<S>>| x.as_ref().map(Tensor::shape);
    assert!(
        inputs.len() == x_bar.len()
            && inputs
                .iter()
                .zip(&*x_bar)
                .all(|(x, x_bar)| shapes(x_bar).is_none_or(|s| s == x.shape())),
        "one cotangent of its shape for each input"
    );
    assert_eq!(y.shape(), y_bar.shape(), "the cotangent is of y's shape");
    let arguments = Arguments::new(inputs);
    let mut cotangents = Vec::new();
    let mut home = |x_bar: &Option<Tensor<S>>| match x_bar {
        None => Home::NONE,
        Some(x_bar) => {
            let home = Home(cotangents.len());
            cotangents.extend_from_slice(x_bar.as_slice());
            home
        }
    };
    let homes: Vec<Home> = x_bar.iter().map(&mut home).collect();
    let shapes: Vec<Shape> = inputs.iter().map(Tensor::shape).collect();
    let mut kept = y.as_slice().to_vec();
    let residuals = op.residuals(&shapes);
    if residuals > 0 {
        // NaN, so that one the rule forgets to write is seen.
        kept.resize(y.shape().size() + residuals, S::nan());
        op.forward(arguments.primals(), &mut kept);
        kept[..y.shape().size()].copy_from_slice(y.as_slice());
    }
    op.vjp(
        arguments.primals(),
        &kept,
        &mut y_bar.as_slice().to_vec(),
        Cotangents {
            after_from: cotangents.len(),
            before: &mut cotangents,
            after: &mut [],
            homes: &homes,
            contents: &mut vec![content; inputs.len()],
            // Nobody knows what computed the inputs.
            rectify: &vec![false; inputs.len()],
            is_rectified: false,
            values: &arguments.values,
            slots: &arguments.slots,
            inputs: &arguments.inputs,
        },
    );
    for ((x_bar, home), x) in x_bar.iter_mut().zip(homes).zip(inputs) {
        if let Some(x_bar) = x_bar {
            let elements = &cotangents[home.0..][..x.shape().size()];
            *x_bar = Tensor::new(x.shape(), elements.to_vec());
        }
    }
}

/// Inputs, laid out as on a tape.
struct Arguments<S> {
    values: Vec<S>,
    slots: Vec<Slot>,
    /// Each of them is a node.
    inputs: Vec<usize>,
}

impl<S: Scalar> Arguments<S> {
    fn new(inputs: &[Tensor<S>]) -> Self {
        let mut values = Vec::new();
        let slots = inputs
            .iter()
            .map(|x| {
                let offset = values.len();
                values.extend_from_slice(x.as_slice());
                Slot {
                    offset,
                    len: x.shape().size(),
                    shape: x.shape(),
                }
            })
            .collect();
        Self {
            values,
            slots,
            inputs: (0..inputs.len()).collect(),
        }
    }

    fn primals(&self) -> Primals<'_, S> {
        Primals {
            values: &self.values,
            shared: &[],
            slots: &self.slots,
            inputs: &self.inputs,
        }
    }
}
