use crate::{Pointwise, Scalar, Var, register};

/// y = σ(x) = 1 / (1 + e⁻ˣ): [`Var::sigmoid`]. Adjoint: x̄ += ȳ σ(x) σ(−x).
///
/// The familiar y (1 − y) loses every digit where y is close to 1; σ(x) σ(−x) does not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sigmoid;
register!(Sigmoid);

impl Pointwise for Sigmoid {
    type Args<T: Copy> = [T; 1];

    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        logistic(x).0
    }

    fn derivative<S: Scalar>(&self, [x]: [S; 1], _y: S) -> [S; 1] {
        let (y, complement) = logistic(x);
        [y * complement]
    }

    fn composition<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Option<Var<'t, S>> {
        Some(((-x[0]).exp() + S::one()).powi(-1))
    }
}

/// σ(x) and its complement 1 − σ(x) = σ(−x), each to full relative precision: only e^(−|x|) is
/// ever formed, so nothing overflows.
///
/// ```
/// let (y, complement) = autodiff::ops::logistic(40.0_f64);
/// assert_eq!(y, 1.0);
/// assert_eq!(complement, (-40.0_f64).exp());
/// ```
#[inline(always)]
pub fn logistic<S: Scalar>(x: S) -> (S, S) {
    let positive = x > S::zero();
    let s = (if positive { -x } else { x }).vector_exp();
    let large = (S::one() + s).recip();
    let small = s * large;
    if positive {
        (large, small)
    } else {
        (small, large)
    }
}

impl<S: Scalar> Var<'_, S> {
    /// The logistic function of every element; its derivative is σ(x) σ(−x).
    ///
    /// ```
    /// let tape = autodiff::Tape::new();
    /// let x = tape.variable(0.0);
    /// let y = x.sigmoid();
    /// assert_eq!(y.item(), 0.5);
    /// assert_eq!(y.backward().wrt(x).item(), 0.25);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn sigmoid(self) -> Self {
        self.tape().apply(Sigmoid, &[self])
    }
}
