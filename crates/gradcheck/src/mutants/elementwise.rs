//! Wrong derivatives of our elementwise ops, most of them once shipped by somebody.

use autodiff::Scalar;
use autodiff::ops::{
    Abs, Add, Div, Exp, Ln, Max, Min, Mul, Neg, Powi, Relu, Sigmoid, Sqrt, Sub, Tanh, logistic,
};

use super::Mutant;
use super::macros::wrong_derivatives;
use crate::diagnosis::Diagnosis::{
    Arithmetic, DerivativeAtOutput, Domain, Factor, InputForOutput, KinkBranch, Mask, Missing,
    NotFinite, Sign, WrongOperand,
};
use crate::diagnosis::Factor::Number;

fn number<S: Scalar>(value: f64) -> S {
    S::constant(value)
}

fn one_if<S: Scalar>(condition: bool) -> S {
    if condition { S::one() } else { S::zero() }
}

wrong_derivatives! {
    AddOfOne of Add: "only the left operand", [Missing], |_, _, _| [S::one(), S::zero()];
    AddAsSub of Add: "right operand subtracted", [Sign], |_, _, _| [S::one(), -S::one()];
    AddAsMean of Add: "each operand gets half", [Factor(Number(0.5))], |_, _, _| [number(0.5); 2];
    SubAsAdd of Sub: "right operand added", [Sign], |_, _, _| [S::one(); 2];
    SubTurned of Sub: "operands exchanged", [Sign], |_, _, _| [-S::one(), S::one()];
    SubOfNone of Sub: "right operand missing", [Missing], |_, _, _| [S::one(), S::zero()];
    MulDropped of Mul: "chain dropped", [], |_, _, _| [S::one(); 2];
    MulOwn of Mul: "own value for the other's", [WrongOperand], |_, [a, b], _| [a, b];
    MulLeft of Mul: "left operand for both", [WrongOperand], |_, [a, _], _| [a, a];
    MulDetached of Mul: "right without second derivatives", [],
        |_, [a, b], _| [detached(b), detached(a)];
    ExpDetached of Exp: "right without second derivatives", [], |_, _, y| [detached(y)];
    MulOutput of Mul: "product for the factor", [], |_, _, y| [y, y];
    DivSign of Div: "+a/b²", [Sign], |_, [_, b], y| [b.recip(), y / b];
    DivTermwise of Div: "a'/b + a/b'", [], |_, [a, b], _| [b.recip(), a];
    DivLinear of Div: "-a/b", [], |_, [_, b], y| [b.recip(), -y];
    DivCubed of Div: "-a/b³", [], |_, [_, b], y| [b.recip(), -y / (b * b)];
    DivNumerator of Div: "b for 1/b", [], |_, [_, b], y| [b, -y / b];
    DivDropped of Div: "numerator forgotten", [], |_, [_, b], _| [b.recip(), -b.recip() / b];
    NegAsIdentity of Neg: "sign forgotten", [Sign], |_, _, _| [S::one()];
    ExpAtOutput of Exp: "derivative at the output", [DerivativeAtOutput], |_, _, y| [y.exp()];
    ExpOfInput of Exp: "input for the output", [InputForOutput], |_, [x], _| [x];
    ExpAsPower of Exp: "x eˣ⁻¹", [], |_, [x], y| [x * y / number(1.0_f64.exp())];
    ExpPlain of Exp: "1", [], |_, _, _| [S::one()];
    LnSilent of Ln: "finite outside the domain", [Domain], |_, [x], _| [x.recip()];
    LnOfSize of Ln: "1/|x|", [Domain], |_, [x], _| [x.abs().recip()];
    LnOutput of Ln: "output for the input", [DerivativeAtOutput], |_, _, y| [y.recip()];
    LnBinary of Ln: "that of log₂", [Factor(Number(std::f64::consts::LOG2_E))],
        |_, [x], _| [one_over(x) / number(std::f64::consts::LN_2)];
    LnSquared of Ln: "1/x²", [], |_, [x], _| [one_over(x) / x];
    LnSmoothed of Ln: "an epsilon in the denominator", [], |_, [x], _| [one_over(x + number(1e-8))];
    SqrtInverse of Sqrt: "1/x", [], |_, [x], _| [x.recip()];
    SqrtOfInput of Sqrt: "½/x", [InputForOutput], |_, [x], _| [number::<S>(0.5) / x];
    SqrtDoubled of Sqrt: "1/√x", [Factor(Number(2.0))], |_, _, y| [y.recip()];
    SqrtSmoothed of Sqrt: "an epsilon in the denominator", [],
        |_, _, y| [number::<S>(0.5) / (y + number(1e-8))];
    SqrtMultiplied of Sqrt: "½√x", [], |_, _, y| [number::<S>(0.5) * y];
    SqrtAtOutput of Sqrt: "derivative at the output", [DerivativeAtOutput],
        |_, _, y| [number::<S>(0.5) / y.sqrt()];
    TanhCancelling of Tanh: "1 − y²", [Arithmetic], |_, _, y| [S::one() - y * y];
    TanhLinear of Tanh: "1 − y", [], |_, _, y| [S::one() - y];
    TanhPlus of Tanh: "1 + y²", [], |_, _, y| [S::one() + y * y];
    TanhOfInput of Tanh: "1 − x²", [InputForOutput], |_, [x], _| [S::one() - x * x];
    TanhAtOutput of Tanh: "derivative at the output", [DerivativeAtOutput],
        |_, _, y| [y.cosh().recip().powi(2)];
    SigmoidCancelling of Sigmoid: "y (1 − y)", [Arithmetic], |_, _, y| [y * (S::one() - y)];
    SigmoidOfInput of Sigmoid: "x (1 − x)", [InputForOutput], |_, [x], _| [x * (S::one() - x)];
    SigmoidPlus of Sigmoid: "y (1 + y)", [], |_, _, y| [y * (S::one() + y)];
    SigmoidSquared of Sigmoid: "y²", [], |_, _, y| [y * y];
    SigmoidSign of Sigmoid: "y (y − 1)", [Sign], |_, [x], _| {
        let (y, complement) = logistic(x);
        [-y * complement]
    };
    SigmoidAtOutput of Sigmoid: "derivative at the output", [DerivativeAtOutput], |_, _, y| {
        let (y, complement) = logistic(y);
        [y * complement]
    };
    SigmoidAsTanh of Sigmoid: "1 − y²", [], |_, _, y| [S::one() - y * y];
    AbsByDivision of Abs: "x/|x|", [NotFinite], |_, [x], y| [x / y];
    AbsSigned of Abs: "1 at 0", [KinkBranch],
        |_, [x], _| [if x >= S::zero() { S::one() } else { -S::one() }];
    AbsNegative of Abs: "−1 at 0", [KinkBranch],
        |_, [x], _| [if x > S::zero() { S::one() } else { -S::one() }];
    AbsAsIdentity of Abs: "1", [DerivativeAtOutput], |_, _, _| [S::one()];
    AbsTurned of Abs: "−sign x", [Sign], |op, [x], y| {
        let [slope] = op.derivative([x], y);
        [-slope]
    };
    ReluAtZero of Relu: "1 at 0", [KinkBranch], |_, [x], _| [one_if(x >= S::zero())];
    ReluMiddle of Relu: "½ at 0", [KinkBranch], |_, [x], _| {
        [if x == S::zero() { number(0.5) } else { one_if(x > S::zero()) }]
    };
    ReluSmooth of Relu: "x/x at positive x", [NotFinite, Arithmetic], |_, [x], y| [y / x];
    ReluOther of Relu: "the other side", [Mask], |_, [x], _| [one_if(x <= S::zero())];
    ReluLeaky of Relu: "leaky below 0", [],
        |_, [x], _| [if x > S::zero() { S::one() } else { number(0.01) }];
    ReluOpen of Relu: "1 everywhere", [Mask], |_, _, _| [S::one()];
    ReluShifted of Relu: "the mask of x > 1", [Mask], |_, [x], _| [one_if(x > S::one())];
    ReluSize of Relu: "the mask of |x| > 0", [Mask, InputForOutput], |_, [x], _| [one_if(x != S::zero())];
    ReluValue of Relu: "value for the mask", [], |_, _, y| [y];
    MaxBoth of Max: "both get g at ties", [KinkBranch],
        |_, [a, b], _| [one_if(a >= b), one_if(b >= a)];
    MaxLeft of Max: "the left one at ties", [KinkBranch],
        |_, [a, b], _| [one_if(a >= b), one_if(b > a)];
    MaxRight of Max: "the right one at ties", [KinkBranch],
        |_, [a, b], _| [one_if(a > b), one_if(b >= a)];
    MaxNeither of Max: "neither at ties", [KinkBranch],
        |_, [a, b], _| [one_if(a > b), one_if(b > a)];
    MaxSign of Max: "right operand subtracted", [Sign], |_, [a, b], _| {
        let [left, right] = larger(a, b);
        [left, -right]
    };
    MaxAsMin of Max: "that of the minimum", [Mask, WrongOperand], |_, [a, b], _| larger(-a, -b);
    MaxHalf of Max: "each gets half", [], |_, _, _| [number(0.5); 2];
    MinBoth of Min: "both get g at ties", [KinkBranch],
        |_, [a, b], _| [one_if(a <= b), one_if(b <= a)];
    MinLeft of Min: "the left one at ties", [KinkBranch],
        |_, [a, b], _| [one_if(a <= b), one_if(b < a)];
    MinRight of Min: "the right one at ties", [KinkBranch],
        |_, [a, b], _| [one_if(a < b), one_if(b <= a)];
    MinSign of Min: "right operand subtracted", [Sign], |_, [a, b], _| {
        let [left, right] = larger(-a, -b);
        [left, -right]
    };
    MinAsMax of Min: "that of the maximum", [Mask, WrongOperand], |_, [a, b], _| larger(a, b);
    PowiByLogarithm of Powi: "y n / x, at 0 as well", [NotFinite],
        |powi, [x], y| [y * number(f64::from(powi.exponent)) / x];
    PowiUnlowered of Powi: "n xⁿ", [],
        |powi, [x], y| [y * number(f64::from(powi.exponent)) + S::zero() * x];
    PowiUnscaled of Powi: "xⁿ⁻¹", [], |powi, [x], _| [match powi.exponent {
        0 => S::zero(),
        n => x.powi(n - 1),
    }];
    PowiSize of Powi: "that of |x|ⁿ", [], |powi, [x], _| [match powi.exponent {
        0 => S::zero(),
        n => number::<S>(f64::from(n)) * x.abs().powi(n - 1),
    }];
    PowiOffByOne of Powi: "(n − 1) xⁿ⁻¹", [], |powi, [x], _| [match powi.exponent {
        0 => S::zero(),
        n => number::<S>(f64::from(n - 1)) * x.powi(n - 1),
    }];
}

/// The number without what it depends on.
fn detached<S: Scalar>(x: S) -> S {
    number(x.to_f64().unwrap_or(f64::NAN))
}

fn one_over<S: Scalar>(x: S) -> S {
    if x < S::zero() { S::nan() } else { x.recip() }
}

fn larger<S: Scalar>(a: S, b: S) -> [S; 2] {
    if a == b {
        [number(0.5); 2]
    } else {
        [one_if(a > b), one_if(b > a)]
    }
}
