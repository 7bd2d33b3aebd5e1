//! Ops that we do not have and others shipped wrong: right here, and their published mutants.

use autodiff::signature::{Domain, Draw, Signature};
use autodiff::{
    Cotangents, Op, Pointwise, Primals, Registered, Scalar, Shape, ShapeError, expect_inputs,
};

use super::Mutant;
use super::macros::wrong_derivatives;
use crate::diagnosis::Diagnosis::{
    Arithmetic, Domain as OutOfDomain, Factor, NotFinite, Sign, WrongOperand,
};
use crate::diagnosis::Factor::Number;

macro_rules! named {
    ($($op:ident = $name:literal),+) => {$(
        impl Registered for $op {
            const NAME: &'static str = $name;
        }
    )+};
}

named!(
    Acosh = "acosh",
    Elu = "elu",
    Hypot = "hypot",
    Logaddexp = "logaddexp"
);
named!(Prod = "prod", ProdByDivision = "prod");

/// y = arcosh x, x > 1.
#[derive(Debug, Default)]
pub(super) struct Acosh;

impl Pointwise for Acosh {
    type Args<T: Copy> = [T; 1];
    const VECTORIZES: bool = false;

    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        let above = x - S::one();
        (above + (above * (x + S::one())).sqrt()).ln_1p()
    }

    fn derivative<S: Scalar>(&self, [x]: [S; 1], _: S) -> [S; 1] {
        let one = S::one();
        // Two roots: (x − 1)(x + 1) is positive again below −1, and overflows. (1/√(x² − 1) is no
        // mutant: what it loses close to 1 is what rounding x costs there.)
        [((x - one).sqrt() * (x + one).sqrt()).recip()]
    }

    fn domain(&self) -> [Domain; 1] {
        [Domain::open(1.0, f64::INFINITY)]
    }
}

/// y = x for x > 0, eˣ − 1 below.
#[derive(Debug, Default)]
pub(super) struct Elu;

impl Pointwise for Elu {
    type Args<T: Copy> = [T; 1];
    const VECTORIZES: bool = false;

    fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
        if x > S::zero() { x } else { x.exp_m1() }
    }

    fn derivative<S: Scalar>(&self, [x]: [S; 1], _: S) -> [S; 1] {
        [if x > S::zero() { S::one() } else { x.exp() }]
    }
}

/// y = √(a² + b²), b ≠ 0.
#[derive(Debug, Default)]
pub(super) struct Hypot;

impl Pointwise for Hypot {
    type Args<T: Copy> = [T; 2];
    const VECTORIZES: bool = false;

    fn eval<S: Scalar>(&self, [a, b]: [S; 2]) -> S {
        a.hypot(b)
    }

    fn derivative<S: Scalar>(&self, [a, b]: [S; 2], y: S) -> [S; 2] {
        [a / y, b / y]
    }

    fn domain(&self) -> [Domain; 2] {
        let positive = Domain {
            beyond: autodiff::signature::Beyond::Defined,
            ..Domain::POSITIVE
        };
        [Domain::REAL, positive]
    }
}

/// y = ln(eᵃ + eᵇ).
#[derive(Debug, Default)]
pub(super) struct Logaddexp;

impl Pointwise for Logaddexp {
    type Args<T: Copy> = [T; 2];
    const VECTORIZES: bool = false;

    fn eval<S: Scalar>(&self, [a, b]: [S; 2]) -> S {
        let (large, small) = if a > b { (a, b) } else { (b, a) };
        large + (small - large).exp().ln_1p()
    }

    fn derivative<S: Scalar>(&self, [a, b]: [S; 2], _: S) -> [S; 2] {
        let (of_a, of_b) = autodiff::ops::logistic(a - b);
        [of_a, of_b]
    }
}

fn number<S: Scalar>(value: f64) -> S {
    S::constant(value)
}

mod derivatives {
    use super::{
        Acosh, Arithmetic, Elu, Factor, Hypot, Logaddexp, Mutant, NotFinite, Number, OutOfDomain,
        Scalar, Sign, WrongOperand, number, wrong_derivatives,
    };

    wrong_derivatives! {
        EluMasked of Elu: "mask · eˣ, infinite for large x", [NotFinite], |_, [x], _| {
            let mask = |of: bool| if of { S::one() } else { S::zero() };
            [mask(x > S::zero()) + mask(x <= S::zero()) * x.exp()]
        };
        EluOutput of Elu: "y for y + 1", [], |_, [x], y| [if x > S::zero() { S::one() } else { y }];
        EluOpen of Elu: "1 everywhere", [], |_, _, _| [S::one()];
        EluClosed of Elu: "0 below 0", [],
            |_, [x], _| [if x > S::zero() { S::one() } else { S::zero() }];
        HypotSwapped of Hypot: "partials swapped", [WrongOperand], |_, [a, b], y| [b / y, a / y];
        HypotUndivided of Hypot: "not divided", [], |_, [a, b], _| [a, b];
        HypotDoubled of Hypot: "2a/y", [Factor(Number(2.0))],
            |_, [a, b], y| [number::<S>(2.0) * a / y, number::<S>(2.0) * b / y];
        LogaddexpTie of Logaddexp: "(1, 0) at a tie", [], |op, [a, b], y| {
            if a == b { [S::one(), S::zero()] } else { op.derivative([a, b], y) }
        };
        LogaddexpBase of Logaddexp: "for another base", [Factor(Number(std::f64::consts::LN_2))],
            |op, x, y| op.derivative(x, y).map(|v| v * number(std::f64::consts::LN_2));
        LogaddexpSwapped of Logaddexp: "partials swapped", [WrongOperand], |op, x, y| {
            let [a, b] = op.derivative(x, y);
            [b, a]
        };
        LogaddexpNaive of Logaddexp: "eᵃ/(eᵃ + eᵇ)", [NotFinite, Arithmetic],
            |_, [a, b], _| [a.exp() / (a.exp() + b.exp()), b.exp() / (a.exp() + b.exp())];
        AcoshAsAsinh of Acosh: "1/√(x² + 1)", [],
            |_, [x], _| [(x * x + S::one()).sqrt().recip()];
        AcoshSign of Acosh: "−1/√(x² − 1)", [Sign], |op, x, y| op.derivative(x, y).map(|v| -v);
        AcoshSilent of Acosh: "finite outside the domain", [OutOfDomain], |_, [x], _| {
            let one = S::one();
            [((x - one).abs().sqrt() * (x + one).abs().sqrt()).recip()]
        };
    }
}

/// y = x₀ x₁ … of all elements. Adjoint: each gets ȳ times the product of the others.
#[derive(Debug, Default)]
pub(super) struct Prod;

fn product<S: Scalar>(x: &[S]) -> S {
    x.iter().fold(S::one(), |product, &v| product * v)
}

impl Op for Prod {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let [_] = expect_inputs(inputs)?;
        Ok(Shape::scalar())
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        y[0] = product(&x[0]);
    }

    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        _: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        if let Some(mut x_bar) = x_bar.get(0) {
            let x = &x[0];
            x_bar.add(|k| y_bar[0] * product(&x[..k]) * product(&x[k + 1..]));
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        Signature::new(Self).input(draw.dim().min(4))
    }
}

/// By dividing through x: NaN where there is a zero.
#[derive(Debug, Default)]
struct ProdByDivision(Prod);

impl Op for ProdByDivision {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        self.0.output_shape(inputs)
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        self.0.forward(x, y);
    }

    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        if let Some(mut x_bar) = x_bar.get(0) {
            x_bar.add(|k| y_bar[0] * y[0] / x[0][k]);
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        Prod::signature(draw).map(Self)
    }
}

/// The mutants of this file.
pub(super) fn all() -> Vec<Mutant> {
    let prod = Mutant::of::<Prod, ProdByDivision>("by dividing", &[NotFinite]);
    derivatives::all().into_iter().chain([prod]).collect()
}
