//! `Wide` against arbitrary precision: its documented error bounds, at 10,000 points per function.

mod reference;

use autodiff::Wide;
use num_traits::Float;
use reference::{POINTS, Points, Real, error};

/// Asserts the bound, in units of 2⁻¹⁰⁶ of the result, for a function of two arguments.
fn check2(
    name: &str,
    bound: impl Fn(Wide, Wide) -> f64,
    points: impl Fn(&mut Points) -> (f64, f64),
    ours: impl Fn(Wide, Wide) -> Wide,
    exact: impl Fn(Real, Real) -> Real,
) {
    let mut source = Points::new();
    let (mut worst, mut closest) = (0.0_f64, 0.0_f64);
    for _ in 0..POINTS {
        let (x, y) = points(&mut source);
        let (x, y) = (source.widened(x), source.widened(y));
        let value = ours(x, y);
        let exact = exact(x.into(), y.into());
        let error = error(value.into(), &exact, 106) / bound(x, y);
        assert!(
            error <= 1.0,
            "{name}({x}, {y}) = {value}: {error} times the bound"
        );
        closest = closest.max(error);
        worst = worst.max(error * bound(x, y));
    }
    println!("{name}: {worst:.2}, {closest:.2} of the bound");
}

/// As [`check2`], for one argument and a constant bound.
fn check(
    name: &str,
    bound: f64,
    points: impl Fn(&mut Points) -> f64,
    ours: impl Fn(Wide) -> Wide,
    exact: impl Fn(Real) -> Real,
) {
    check2(
        name,
        |_, _| bound,
        |source| (points(source), 1.0),
        |x, _| ours(x),
        |x, _| exact(x),
    );
}

/// Every size that leaves room for squares, either sign.
fn any(points: &mut Points) -> f64 {
    let size = points.decades(-130.0, 130.0);
    points.signed(size)
}

/// Small ones that only relative accuracy gets right, up to `limit`, either sign.
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

/// Positive ones of every size; half of them around 1, some as near as 1e-20.
fn around_one(points: &mut Points) -> f64 {
    if points.uniform(0.0, 1.0) < 0.5 {
        points.decades(-270.0, 300.0)
    } else {
        let distance = points.decades(-16.0, -0.1);
        1.0 + points.signed(distance)
    }
}

#[test]
fn arithmetic() {
    let pair = |points: &mut Points| (any(points), any(points));
    // Sums cancel to every degree.
    let close = |points: &mut Points| {
        let x = any(points);
        let distance = points.decades(-17.0, 1.0);
        (x, -x * (1.0 + points.signed(distance)))
    };
    check2("+", |_, _| 3.0, close, |x, y| x + y, |x, y| x + y);
    check2("-", |_, _| 3.0, pair, |x, y| x - y, |x, y| x - y);
    check2("*", |_, _| 5.0, pair, |x, y| x * y, |x, y| x * y);
    check2("/", |_, _| 15.0, pair, |x, y| x / y, |x, y| x / y);
    let near = |points: &mut Points| {
        let y = any(points);
        (y * points.uniform(-1e6, 1e6), y)
    };
    check2(
        "%",
        |x, y| 8.0 * (x / (x % y)).to_f64().abs(),
        near,
        |x, y| x % y,
        |x, y| {
            let quotient = x.clone() / y.clone();
            x - Real::from(quotient.to_f64().trunc()) * y
        },
    );
}

#[test]
fn roots() {
    let positive = |points: &mut Points| points.decades(-260.0, 300.0);
    check("sqrt", 4.0, positive, Wide::sqrt, Real::sqrt);
    check("cbrt", 6.0, any, Wide::cbrt, Real::cbrt);
    check("recip", 15.0, any, Wide::recip, Real::recip);
    check2(
        "hypot",
        |_, _| 6.0,
        |points| {
            let x = points.decades(-250.0, 300.0);
            (x, x * points.decades(-5.0, 5.0))
        },
        Wide::hypot,
        |x, y| (x.square() + y.square()).sqrt(),
    );
}

#[test]
fn exponentials() {
    check("exp", 6.0, up_to(600.0), Wide::exp, Real::exp);
    check("exp_m1", 8.0, up_to(600.0), Wide::exp_m1, Real::exp_m1);
    check("exp2", 6.0, up_to(880.0), Wide::exp2, |x| {
        (x * Real::from(2.0).ln()).exp()
    });
    check("sinh", 8.0, up_to(600.0), Wide::sinh, Real::sinh);
    check("cosh", 6.0, up_to(600.0), Wide::cosh, Real::cosh);
    check("tanh", 12.0, up_to(60.0), Wide::tanh, Real::tanh);
}

#[test]
fn logarithms() {
    check("ln", 8.0, around_one, Wide::ln, Real::ln);
    check("log2", 8.0, around_one, Wide::log2, Real::log2);
    check("log10", 8.0, around_one, Wide::log10, Real::log10);
    let above_minus_one = |points: &mut Points| points.decades(-15.0, 300.0) - 1.0;
    check("ln_1p", 8.0, above_minus_one, Wide::ln_1p, Real::ln_1p);
    check("ln_1p", 8.0, up_to(0.9), Wide::ln_1p, Real::ln_1p);
    check("asinh", 8.0, any, Wide::asinh, Real::asinh);
    let above_one = |points: &mut Points| 1.0 + points.decades(-15.0, 200.0);
    check("acosh", 8.0, above_one, Wide::acosh, Real::acosh);
    check("atanh", 12.0, up_to(1.0), Wide::atanh, Real::atanh);
}

#[test]
fn powers() {
    check2(
        "powi",
        |_, n| 5.0 * n.to_f64().abs() + 15.0,
        |points| {
            let x = points.decades(-3.0, 3.0);
            (points.signed(x), points.uniform(-80.0, 80.0).round())
        },
        |x, n| x.powi(n.to_f64() as i32),
        |x, n| {
            let n = n.to_f64().round();
            let size = (0..n.abs() as i32).fold(Real::from(1.0), |power, _| power * x.clone());
            if n < 0.0 { size.recip() } else { size }
        },
    );
    check2(
        "powf",
        |x, y| 10.0 + 8.0 * (y * x.ln()).to_f64().abs(),
        |points| {
            let x = around_one(points);
            (x, points.uniform(-600.0, 600.0) / x.ln().abs().max(1.0))
        },
        Wide::powf,
        Real::pow,
    );
}

#[test]
fn circular() {
    check("sin", 8.0, up_to(10.0), Wide::sin, Real::sin);
    check("cos", 8.0, up_to(10.0), Wide::cos, Real::cos);
    check("tan", 12.0, up_to(10.0), Wide::tan, Real::tan);
    check("sin", 8.0, up_to(1e9), Wide::sin, Real::sin);
    check("cos", 8.0, up_to(1e9), Wide::cos, Real::cos);
    check("sin", 8.0, any, Wide::sin, Real::sin);
    // The f64 nearest to a multiple of π/2, and Wides around it.
    let near_zeros = |points: &mut Points| {
        let size = points.decades(0.0, 15.0);
        size.round() * std::f64::consts::FRAC_PI_2
    };
    check("sin", 8.0, near_zeros, Wide::sin, Real::sin);
    check("cos", 8.0, near_zeros, Wide::cos, Real::cos);
}

#[test]
fn inverse_circular() {
    check("asin", 8.0, up_to(1.0), Wide::asin, Real::asin);
    check("acos", 8.0, up_to(1.0), Wide::acos, Real::acos);
    check("atan", 8.0, any, Wide::atan, Real::atan);
    check2(
        "atan2",
        |_, _| 8.0,
        |points| {
            let x = any(points);
            let ratio = points.decades(-20.0, 20.0);
            (x, x * points.signed(ratio))
        },
        Wide::atan2,
        |y, x| {
            let turn = if !x.is_negative() {
                Real::from(0.0)
            } else if y.is_negative() {
                -Real::from(1.0).atan() * 4.0
            } else {
                Real::from(1.0).atan() * 4.0
            };
            (y / x).atan() + turn
        },
    );
}
