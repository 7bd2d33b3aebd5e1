//! The rules' own exp, ln, ln(1 + x) and tanh at f64 and f32 against arbitrary precision: the
//! errors that the documentation states, at 10,000 points of every kind of argument.

mod reference;

use autodiff::Scalar;
use reference::{POINTS, Points, Real, error};

/// Asserts a bound on the relative error in units of 2⁻⁵³ at `f64`, and of 2⁻²⁴ at `f32`.
fn check(
    name: &str,
    [bound, single_bound]: [f64; 2],
    points: impl Fn(&mut Points) -> f64,
    ours: fn(f64) -> f64,
    single: fn(f32) -> f32,
    exact: fn(Real) -> Real,
) {
    let mut source = Points::new();
    let (mut worst, mut single_worst, mut compared) = (0.0_f64, 0.0_f64, 0);
    for _ in 0..POINTS {
        let x = points(&mut source);
        let exactly = exact(x.into());
        if exactly.to_f64().is_normal() {
            let y = ours(x);
            let error = error(y.into(), &exactly, 53);
            assert!(error <= bound, "{name}({x}) = {y}: {error} units");
            worst = worst.max(error);
            compared += 1;
        }
        let x = x as f32;
        let exactly = exact(f64::from(x).into());
        if (exactly.to_f64() as f32).is_normal() {
            let y = single(x);
            let error = error(f64::from(y).into(), &exactly, 24);
            assert!(
                error <= single_bound,
                "{name}({x}_f32) = {y}: {error} units"
            );
            single_worst = single_worst.max(error);
            compared += 1;
        }
    }
    assert!(
        compared > POINTS / 2,
        "only {compared} results are normal numbers"
    );
    println!("{name}: {worst:.3} units at f64, {single_worst:.3} at f32");
}

fn small_or(limit: f64) -> impl Fn(&mut Points) -> f64 {
    move |points| {
        let size = if points.uniform(0.0, 1.0) < 0.5 {
            points.uniform(0.0, limit)
        } else {
            points.decades(-20.0, 0.0) * limit
        };
        points.signed(size)
    }
}

#[test]
fn exp_is_within_its_bound() {
    for limit in [1.0, 88.0, 745.0] {
        let points = small_or(limit);
        check(
            "exp",
            [1.4, 1.01],
            points,
            f64::vector_exp,
            f32::vector_exp,
            Real::exp,
        );
    }
}

#[test]
fn tanh_is_within_its_bound() {
    for limit in [0.4, 1.0, 25.0] {
        let points = small_or(limit);
        check(
            "tanh",
            [3.0, 1.01],
            points,
            f64::vector_tanh,
            f32::vector_tanh,
            Real::tanh,
        );
    }
}

#[test]
fn ln_is_within_its_bound() {
    let sizes = |points: &mut Points| points.decades(-307.0, 308.0);
    let around_one = |points: &mut Points| {
        let distance = points.decades(-15.0, -0.3);
        1.0 + points.signed(distance)
    };
    check(
        "ln",
        [1.3, 1.01],
        sizes,
        f64::vector_ln,
        f32::vector_ln,
        Real::ln,
    );
    check(
        "ln",
        [1.3, 1.01],
        around_one,
        f64::vector_ln,
        f32::vector_ln,
        Real::ln,
    );
}

#[test]
fn ln_1p_is_within_its_bound() {
    let of = |points: fn(&mut Points) -> f64| {
        let bounds = [1.3, 1.01];
        check(
            "ln_1p",
            bounds,
            points,
            f64::vector_ln_1p,
            f32::vector_ln_1p,
            Real::ln_1p,
        );
    };
    of(|points| points.uniform(0.0, 1.0));
    of(|points| points.decades(-20.0, 300.0));
    of(|points| -points.decades(-20.0, -0.001));
}

#[test]
fn the_ends_are_those_of_the_standard_library() {
    let ends = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        2.0,
        -2.0,
        5e-324,
        -5e-324,
        1e-310,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::MIN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        -f64::NAN,
        709.7,
        709.9,
        710.5,
        -708.5,
        -745.1,
        -745.2,
        -746.5,
        1e5,
        -1e5,
    ];
    type Pair = (&'static str, fn(f64) -> f64, fn(f64) -> f64);
    let pairs: [Pair; 4] = [
        ("exp", f64::vector_exp, f64::exp),
        ("ln", f64::vector_ln, f64::ln),
        ("ln_1p", f64::vector_ln_1p, f64::ln_1p),
        ("tanh", f64::vector_tanh, f64::tanh),
    ];
    for (name, ours, theirs) in pairs {
        for x in ends {
            let (ours, theirs) = (ours(x), theirs(x));
            let near = theirs.is_finite()
                && (ours - theirs).abs() <= 4.0 * f64::EPSILON * theirs.abs() + 5e-324;
            let same = ours == theirs && ours.is_sign_negative() == theirs.is_sign_negative();
            assert!(
                same || near && ours != 0.0 || ours.is_nan() && theirs.is_nan(),
                "{name}({x}) = {ours}, not {theirs}"
            );
        }
    }
}
