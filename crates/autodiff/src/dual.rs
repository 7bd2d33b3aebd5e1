//! Forward mode: numbers that carry a derivative along.

mod float;

use std::cmp::Ordering;
use std::fmt;
use std::iter::Sum;
use std::ops::{
    Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign,
};

use num_traits::Zero;

use crate::Scalar;

/// A value and its derivative in one direction: primal + tangent ε with ε² = 0.
///
/// Any rule written for a [`Scalar`] runs at `Dual` and then yields its jvp; at `Dual<Dual<S>>` it
/// yields second derivatives.
///
/// ```
/// use autodiff::Dual;
/// use autodiff::num_traits::Float; // has `sin` and the like
///
/// let x = Dual::variable(3.0);
/// let y = x * x + x.sin();
/// assert_eq!(y.tangent, 6.0 + 3.0.cos());
///
/// // d²/dx² x³ = 6x: an inner variable inside an outer one.
/// let x = Dual::variable(Dual::variable(2.0));
/// assert_eq!((x * x * x).tangent.tangent, 12.0);
/// ```
///
/// # Comparisons
///
/// `==`, `<`, `is_zero`, `is_nan` and the like look at the primal only. So a program takes the same
/// branches at dual numbers as at plain ones, and its tangent is that of the branch it takes. At a
/// kink this decides: `max`, `min` and `abs` have the tangents of `if a > b { a } else { b }`,
/// `if a < b { a } else { b }` and `if a < 0 { -a } else { a }`.
///
/// # Zero tangents
///
/// A tangent that is zero stays zero, even where the derivative is infinite or NaN: √x at 0, 1/x at
/// 0, or ∞ · x, for an x that does not move. Otherwise a constant would turn the derivative with
/// respect to everything else into 0 · ∞ = NaN. A tangent that is not zero meets the infinity, so
/// √x at 0 has derivative ∞. In a nested dual number a tangent counts as zero when all of its
/// parts are ([`Scalar::is_constant_zero`]), so second derivatives are not lost.
///
/// # NaN
///
/// A function of one number that has no value, as ln x below 0, has no derivative either: if x moves,
/// the tangent is NaN where the primal is.
///
/// # Error bounds
///
/// A function's derivative is right to 16 units (of 2⁻⁵³ at `f64`, of 2⁻¹⁰⁶ at `Wide`) relative to
/// itself, wherever nothing overflows; that of `powf` to twice as much beyond the bound of the
/// scalar's own `powf`. A test asserts it, against closed forms in
/// arbitrary precision at 10,000 points per function.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dual<S> {
    /// The value.
    pub primal: S,
    /// Its derivative in the direction that the variables were given.
    pub tangent: S,
}

/// `derivative` · `tangent`, where a zero tangent wins over any derivative.
#[inline]
fn along<S: Scalar>(tangent: S, derivative: S) -> S {
    if tangent.is_constant_zero() {
        S::zero()
    } else {
        tangent * derivative
    }
}

impl<S: Scalar> Dual<S> {
    /// primal + tangent ε.
    #[must_use]
    pub const fn new(primal: S, tangent: S) -> Self {
        Self { primal, tangent }
    }

    /// What is differentiated with respect to: tangent 1.
    #[must_use]
    pub fn variable(primal: S) -> Self {
        Self::new(primal, S::one())
    }

    /// What does not move: tangent 0.
    #[must_use]
    pub fn constant(primal: S) -> Self {
        Self::new(primal, S::zero())
    }

    /// f(self) from f and f′ at the primal. Where f is NaN so is f′, whatever its formula gives
    /// there.
    #[inline]
    fn chain(self, primal: S, derivative: S) -> Self {
        let derivative = if primal.is_nan() { primal } else { derivative };
        Self::new(primal, along(self.tangent, derivative))
    }

    /// f(self, other) from f and its two partial derivatives at the primals.
    #[inline]
    fn chain2(self, other: Self, primal: S, by_self: S, by_other: S) -> Self {
        let tangent = along(self.tangent, by_self) + along(other.tangent, by_other);
        Self::new(primal, tangent)
    }
}

impl<S: Scalar> Scalar for Dual<S> {
    fn constant(value: f64) -> Self {
        Self::constant(S::constant(value))
    }

    fn is_constant_zero(self) -> bool {
        self.primal.is_constant_zero() && self.tangent.is_constant_zero()
    }
}

impl<S: Scalar> PartialEq for Dual<S> {
    fn eq(&self, other: &Self) -> bool {
        self.primal == other.primal
    }
}

impl<S: Scalar> PartialOrd for Dual<S> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.primal.partial_cmp(&other.primal)
    }
}

impl<S: Scalar> fmt::Display for Dual<S> {
    /// `(primal + tangent ε)`; a precision applies to both.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        fmt::Display::fmt(&self.primal, f)?;
        f.write_str(" + ")?;
        fmt::Display::fmt(&self.tangent, f)?;
        f.write_str(" ε)")
    }
}

impl<S: Scalar> Neg for Dual<S> {
    type Output = Self;

    #[inline]
    fn neg(self) -> Self {
        Self::new(-self.primal, -self.tangent)
    }
}

impl<S: Scalar> Add for Dual<S> {
    type Output = Self;

    #[inline]
    fn add(self, other: Self) -> Self {
        Self::new(self.primal + other.primal, self.tangent + other.tangent)
    }
}

impl<S: Scalar> Sub for Dual<S> {
    type Output = Self;

    #[inline]
    fn sub(self, other: Self) -> Self {
        Self::new(self.primal - other.primal, self.tangent - other.tangent)
    }
}

impl<S: Scalar> Mul for Dual<S> {
    type Output = Self;

    #[inline]
    fn mul(self, other: Self) -> Self {
        self.chain2(other, self.primal * other.primal, other.primal, self.primal)
    }
}

impl<S: Scalar> Div for Dual<S> {
    type Output = Self;

    /// With q = x/y: q̇ = (ẋ − q ẏ) / y.
    #[inline]
    fn div(self, other: Self) -> Self {
        let quotient = self.primal / other.primal;
        let moved = self.tangent - along(other.tangent, quotient);
        let tangent = if moved.is_constant_zero() {
            moved
        } else {
            moved / other.primal
        };
        Self::new(quotient, tangent)
    }
}

impl<S: Scalar> Rem for Dual<S> {
    type Output = Self;

    /// The whole quotient is constant between its jumps.
    fn rem(self, other: Self) -> Self {
        let rest = self.primal % other.primal;
        let whole = ((self.primal - rest) / other.primal).round();
        self.chain2(other, rest, S::one(), -whole)
    }
}

macro_rules! assignment {
    ($($trait:ident $method:ident $operator:tt)*) => {$(
        impl<S: Scalar> $trait for Dual<S> {
            #[inline]
            fn $method(&mut self, other: Self) {
                *self = *self $operator other;
            }
        }
    )*};
}

assignment! {
    AddAssign add_assign +
    SubAssign sub_assign -
    MulAssign mul_assign *
    DivAssign div_assign /
    RemAssign rem_assign %
}

impl<S: Scalar> Sum for Dual<S> {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::zero(), Add::add)
    }
}
