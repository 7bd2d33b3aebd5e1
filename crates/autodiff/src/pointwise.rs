//! The short form for elementwise ops: two formulas, and everything else exists once, here.

mod loops;

use std::fmt::Debug;

use crate::runs::MAX_OPERANDS;
use crate::shape_error::input_count_error;
use crate::signature::{Domain, Draw, Kink, Signature};
use crate::vectorized::total;
use crate::{Cotangents, Op, Primals, Registered, Scalar, Shape, ShapeError, Var};

/// An op that works element by element: y = f(a, b, …), its inputs stretched to a common shape by
/// NumPy's rule. Write the value and the partial derivatives of one element; broadcasting, the
/// loops and the summing over stretched axes follow.
///
/// ```
/// use autodiff::*;
///
/// /// y = ln(1 + eˣ). Derivative: 1 / (1 + e⁻ˣ).
/// #[derive(Debug, Default)]
/// struct Softplus;
/// register!(Softplus);
///
/// impl Pointwise for Softplus {
///     type Args<T: Copy> = [T; 1];
///
///     fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
///         x.max(S::zero()) + (-x.abs()).exp().ln_1p()
///     }
///
///     fn derivative<S: Scalar>(&self, [x]: [S; 1], _y: S) -> [S; 1] {
///         [S::one() / (S::one() + (-x).exp())]
///     }
/// }
///
/// let tape = Tape::new();
/// let x = tape.variable(Tensor::from([0.0, 1.0]));
/// let y = tape.apply(Softplus, &[x]).sum();
/// assert_eq!(y.backward().wrt(x)[0], 0.5);
/// ```
///
/// An op with parameters also says how to [`draw`](Pointwise::draw) them, so that the verifier does
/// not check it at its default alone:
///
/// ```
/// use autodiff::signature::{Draw, Kink};
/// use autodiff::*;
///
/// /// y = x for x > 0, and slope · x elsewhere.
/// #[derive(Debug, Default)]
/// struct LeakyRelu {
///     slope: f64,
/// }
/// register!(LeakyRelu);
///
/// impl Pointwise for LeakyRelu {
///     type Args<T: Copy> = [T; 1];
///
///     fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
///         if x > S::zero() { x } else { S::constant(self.slope) * x }
///     }
///
///     fn derivative<S: Scalar>(&self, [x]: [S; 1], _y: S) -> [S; 1] {
///         [if x > S::zero() { S::one() } else { S::constant(self.slope) }]
///     }
///
///     fn kinks(&self) -> Vec<Kink> {
///         vec![Kink::Point { input: 0, at: 0.0, derivative: self.slope }]
///     }
///
///     fn draw(draw: &mut Draw<'_>) -> Self {
///         Self { slope: [0.0, 0.01, 0.2, -1.5][draw.below(4)] }
///     }
/// }
///
/// let tape = Tape::new();
/// let x = tape.variable(Tensor::from([-2.0, 3.0]));
/// let y = tape.apply(LeakyRelu { slope: 0.5 }, &[x]);
/// assert_eq!(y.value(), Tensor::from([-1.0, 3.0]));
/// assert_eq!(y.sum().backward().wrt(x)[..], [0.5, 1.0]);
/// ```
pub trait Pointwise: Registered + Debug + Default + Send + Sync + 'static {
    /// `[T; N]`, where N is the number of inputs, at most 4.
    type Args<T: Copy>: Args<T>;

    /// Whether its loops at `f32` and `f64` are compiled for each instruction set that machines may
    /// have. Saying `false` saves compile time, where there are very many ops that need no speed.
    const VECTORIZES: bool = true;

    /// The value for one element of each input. A long one needs `#[inline(always)]` for its loop to
    /// become vector instructions, and `vector_exp` where it would have used `exp`.
    fn eval<S: Scalar>(&self, x: Self::Args<S>) -> S;

    /// The partial derivatives at one element, one for each input; `y` is what [`eval`] gave.
    ///
    /// [`eval`]: Pointwise::eval
    fn derivative<S: Scalar>(&self, x: Self::Args<S>, y: S) -> Self::Args<S>;

    /// Where the op is differentiable in each input: everywhere, unless stated.
    #[must_use]
    fn domain(&self) -> Self::Args<Domain> {
        Args::from_fn(|_| Domain::REAL)
    }

    /// Where it has a value but no derivative: nowhere, unless stated.
    #[must_use]
    fn kinks(&self) -> Vec<Kink> {
        Vec::new()
    }

    /// [`Op::composition`]: none, unless stated.
    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        let _ = x;
        None
    }

    /// The op with its own parameters drawn; an op without any need not say. One that has some and
    /// does not say is refused by the compiler, where a verifier makes an instance of it:
    ///
    /// ```compile_fail,E0080
    /// use autodiff::signature::Draw;
    /// use autodiff::*;
    ///
    /// #[derive(Debug, Default)]
    /// struct Scale {
    ///     factor: f64,
    /// }
    /// register!(Scale);
    ///
    /// impl Pointwise for Scale {
    ///     type Args<T: Copy> = [T; 1];
    ///     fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
    ///         S::constant(self.factor) * x
    ///     }
    ///     fn derivative<S: Scalar>(&self, [_]: [S; 1], _y: S) -> [S; 1] {
    ///         [S::zero()] // right at the default alone
    ///     }
    /// }
    /// let op = Scale::draw(&mut Draw::new(&[], &[])); // what a verifier does
    /// ```
    #[must_use]
    fn draw(draw: &mut Draw<'_>) -> Self {
        const {
            assert!(
                size_of::<Self>() == 0,
                "an op with parameters has to draw them: implement Pointwise::draw"
            );
        }
        let _ = draw;
        Self::default()
    }
}

/// `[T; N]`: one `T` for each of an op's N inputs.
pub trait Args<T: Copy>: Copy + AsRef<[T]> {
    /// The number of inputs.
    const ARITY: usize;

    /// The array with `f(i)` for input `i`.
    fn from_fn(f: impl FnMut(usize) -> T) -> Self;
}

impl<T: Copy, const N: usize> Args<T> for [T; N] {
    const ARITY: usize = {
        assert!(
            0 < N && N <= MAX_OPERANDS,
            "a pointwise op has 1 to 4 inputs"
        );
        N
    };

    #[inline]
    fn from_fn(f: impl FnMut(usize) -> T) -> Self {
        std::array::from_fn(f)
    }
}

impl<P: Pointwise> Op for P {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let arity = <P::Args<Shape> as Args<Shape>>::ARITY;
        if inputs.len() != arity {
            return Err(input_count_error(arity, inputs.len()));
        }
        inputs
            .iter()
            .try_fold(Shape::scalar(), |common, &shape| common.broadcast(shape))
            .ok_or_else(|| ShapeError::new("the shapes do not broadcast"))
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        let inputs: P::Args<&[S]> = Args::from_fn(|i| x.get(i));
        if same_length::<P, S>(inputs, y.len()) {
            return loops::forward(self, inputs, y);
        }
        loops::for_each_piece(x, &mut |piece| {
            let inputs = Args::from_fn(|i| piece.inputs[i]);
            loops::forward(self, inputs, &mut y[piece.start..][..piece.len]);
        });
    }

    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        let inputs: P::Args<&[S]> = Args::from_fn(|i| x.get(i));
        let all_same = same_length::<P, S>(inputs, y.len());
        for i in 0..inputs.as_ref().len() {
            let Some(mut x_bar) = x_bar.get(i) else {
                continue;
            };
            if all_same {
                let (x_bar, is_first) = x_bar.destination();
                loops::backward(self, i, inputs, [y, y_bar], x_bar, is_first);
                continue;
            }
            let x_bar = x_bar.as_mut_slice();
            loops::for_each_piece(x, &mut |piece| {
                let inputs = Args::from_fn(|i| piece.inputs[i]);
                let outputs = [y, y_bar].map(|y| &y[piece.start..][..piece.len]);
                let x_bar = &mut x_bar[piece.offsets[i]..];
                if piece.is_stretched[i] {
                    let terms = &mut [S::zero(); loops::PIECE][..piece.len];
                    loops::backward(self, i, inputs, outputs, terms, true);
                    x_bar[0] += total(terms);
                } else {
                    loops::backward(self, i, inputs, outputs, &mut x_bar[..piece.len], false);
                }
            });
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        let op = P::draw(draw);
        let domain = op.domain();
        let domain = domain.as_ref();
        let shape = draw.shape();
        let pattern = if domain.len() > 1 { draw.below(4) } else { 0 };
        let kinks = op.kinks();
        let mut signature = kinks.into_iter().fold(Signature::new(op), Signature::kink);
        for (i, &within) in domain.iter().enumerate() {
            // Most often all of one shape; else stretched freely, or crossed as in an outer product.
            let shape = match pattern {
                2 => draw.shape_within(shape),
                3 => {
                    let axes = shape.dims().iter().enumerate();
                    let own = axes.map(|(k, &n)| if k % domain.len() == i { n } else { 1 });
                    Shape::new(&own.collect::<Vec<_>>())
                }
                _ => shape,
            };
            signature = signature.input_in(shape, within);
        }
        signature
    }

    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        Pointwise::composition(self, x)
    }
}

/// Whether element `k` of every input belongs to element `k` of the output. Equal sizes are
/// enough: a stretched input has fewer elements, except along axes of length 1, which change
/// nothing.
fn same_length<P: Pointwise, S: Scalar>(inputs: P::Args<&[S]>, len: usize) -> bool {
    inputs.as_ref().iter().all(|input| input.len() == len)
}
