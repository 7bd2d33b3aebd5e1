//! `Dual` against closed forms of the derivatives in arbitrary precision, 10,000 points per function,
//! at `f64` and at `Wide`; second derivatives of nested dual numbers; and the points where a
//! derivative is infinite, jumps, or is nobody's business because the argument is a constant.

mod reference;

use autodiff::{Dual, Scalar, Wide};
use num_traits::Float;
use reference::{POINTS, Points, Real, error};

/// A scalar that the reference can read, and the bits that its bounds are relative to.
trait Checked: Scalar + Into<Real> {
    const BITS: i32;
    fn near(x: f64, points: &mut Points) -> Self;
}

impl Checked for f64 {
    const BITS: i32 = 53;
    fn near(x: f64, _: &mut Points) -> Self {
        x
    }
}

impl Checked for Wide {
    const BITS: i32 = 106;
    fn near(x: f64, points: &mut Points) -> Self {
        points.widened(x)
    }
}

/// Asserts that tangents are within `bound` units of 2⁻⁵³ or 2⁻¹⁰⁶ of the exact derivative.
macro_rules! check {
    ($name:literal, $bound:expr, $points:expr, $ours:expr, $exact:expr) => {{
        check_at::<f64>($name, $bound, $points, $ours, $exact);
        check_at::<Wide>($name, $bound, $points, $ours, $exact);
    }};
}

fn check_at<S: Checked>(
    name: &str,
    bound: f64,
    points: impl Fn(&mut Points) -> f64,
    ours: impl Fn(Dual<S>) -> Dual<S>,
    exact: impl Fn(Real) -> Real,
) {
    let mut source = Points::new();
    let mut worst = 0.0_f64;
    for _ in 0..POINTS {
        let x = points(&mut source);
        let x = S::near(x, &mut source);
        let y = ours(Dual::new(x, S::constant(2.0)));
        let error = error(y.tangent.into(), &(exact(x.into()) * 2.0), S::BITS);
        assert!(
            error <= bound,
            "{name}′({x}) = {}/2, wrong by {error}",
            y.tangent
        );
        worst = worst.max(error);
    }
    println!("{name}′ at {} bits: {worst:.2}", S::BITS);
}

fn positive(points: &mut Points) -> f64 {
    points.decades(-60.0, 60.0)
}

fn any(points: &mut Points) -> f64 {
    let size = positive(points);
    points.signed(size)
}

/// Either sign, half of them spread evenly and half over all small magnitudes.
fn up_to(limit: f64) -> impl Fn(&mut Points) -> f64 {
    move |points| {
        let size = if points.uniform(0.0, 1.0) < 0.5 {
            points.uniform(0.0, limit)
        } else {
            points.decades(-40.0, 0.0) * limit
        };
        points.signed(size)
    }
}

fn one_minus_square(x: Real) -> Real {
    (Real::from(1.0) - x.clone()) * (x + 1.0)
}

/// d/dx at a second argument that is held.
fn held<S: Scalar>(x: f64) -> Dual<S> {
    Dual::constant(S::constant(x))
}

#[test]
fn algebra() {
    check!("x x", 4.0, any, |x| x * x, |x| x * 2.0);
    check!(
        "x / (1 + x²)",
        40.0,
        positive_below_one,
        |x| x / (held(1.0) + x * x),
        |x| {
            let square = x.square();
            (Real::from(1.0) - square.clone()) / (square + 1.0).square()
        }
    );
    check!("recip", 8.0, any, Float::recip, |x| -x.square().recip());
    check!("sqrt", 8.0, positive, Float::sqrt, |x| (x.sqrt() * 2.0)
        .recip());
    check!("cbrt", 16.0, any, Float::cbrt, |x| (x.cbrt().square()
        * 3.0)
        .recip());
    check!("powi 5", 24.0, any_moderate, |x| x.powi(5), |x| x
        .square()
        .square()
        * 5.0);
    check!("powi -3", 40.0, any_moderate, |x| x.powi(-3), |x| {
        -(x.square().square().recip() * 3.0)
    });
    check!("hypot 3", 16.0, any_moderate, |x| x.hypot(held(3.0)), |x| {
        x.clone() / (x.square() + 9.0).sqrt()
    });
    check!("x % 3", 0.0, up_to(1e6), |x| x % held(3.0), |_| Real::from(
        1.0
    ));
}

fn positive_below_one(points: &mut Points) -> f64 {
    points.uniform(0.0, 0.9)
}

fn any_moderate(points: &mut Points) -> f64 {
    let size = points.decades(-20.0, 20.0);
    points.signed(size)
}

#[test]
fn exponentials() {
    check!("exp", 8.0, up_to(500.0), Float::exp, Real::exp);
    check!("exp_m1", 8.0, up_to(500.0), Float::exp_m1, Real::exp);
    check!("exp2", 16.0, up_to(700.0), Float::exp2, |x| {
        let ln_2 = Real::from(2.0).ln();
        (x * ln_2.clone()).exp() * ln_2
    });
    check!("sinh", 8.0, up_to(500.0), Float::sinh, Real::cosh);
    check!("cosh", 8.0, up_to(500.0), Float::cosh, Real::sinh);
    check!("tanh", 16.0, up_to(250.0), Float::tanh, |x| x
        .cosh()
        .square()
        .recip());
}

#[test]
fn logarithms() {
    check!("ln", 8.0, positive, Float::ln, Real::recip);
    check!("log2", 24.0, positive, Float::log2, |x| (x * Real::from(
        2.0
    )
    .ln())
    .recip());
    check!("log10", 24.0, positive, Float::log10, |x| (x * Real::from(
        10.0
    )
    .ln())
    .recip());
    let above_minus_one = |points: &mut Points| points.decades(-15.0, 60.0) - 1.0;
    check!("ln_1p", 20.0, above_minus_one, Float::ln_1p, |x| (x + 1.0)
        .recip());
    check!("asinh", 20.0, any, Float::asinh, |x| (x.square() + 1.0)
        .sqrt()
        .recip());
    let above_one = |points: &mut Points| 1.0 + points.decades(-15.0, 60.0);
    check!("acosh", 40.0, above_one, Float::acosh, |x| {
        (-one_minus_square(x)).sqrt().recip()
    });
    check!("atanh", 40.0, up_to(1.0), Float::atanh, |x| {
        one_minus_square(x).recip()
    });
}

#[test]
fn circular() {
    check!("sin", 8.0, up_to(1e9), Float::sin, Real::cos);
    check!("cos", 8.0, up_to(1e9), Float::cos, |x| -x.sin());
    check!("tan", 24.0, up_to(10.0), Float::tan, |x| x
        .cos()
        .square()
        .recip());
    check!("asin", 40.0, up_to(1.0), Float::asin, |x| one_minus_square(
        x
    )
    .sqrt()
    .recip());
    check!("acos", 40.0, up_to(1.0), Float::acos, |x| {
        -one_minus_square(x).sqrt().recip()
    });
    check!("atan", 24.0, any, Float::atan, |x| (x.square() + 1.0)
        .recip());
    check!(
        "atan2(x, 3)",
        24.0,
        any_moderate,
        |x| x.atan2(held(3.0)),
        |x| { (x.square() + 9.0).recip() * 3.0 }
    );
    check!(
        "atan2(3, x)",
        24.0,
        any_moderate,
        |x| held(3.0).atan2(x),
        |x| { -((x.square() + 9.0).recip() * 3.0) }
    );
}

#[test]
fn powers() {
    // The bounds are what `powf` itself loses at Wide: |y ln x| up to 60 here.
    let base = |points: &mut Points| points.decades(-10.0, 10.0);
    check!("x^2.6", 600.0, base, |x| x.powf(held(2.6)), |x| {
        x.pow(Real::from(2.6 - 1.0 + (1.6 - (2.6 - 1.0)))) * 2.6
    });
    check!("1.7^x", 900.0, up_to(100.0), |x| held(1.7).powf(x), |x| {
        Real::from(1.7).pow(x) * Real::from(1.7).ln()
    });
}
