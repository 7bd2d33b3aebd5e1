//! `Dual` against closed forms of the derivatives in arbitrary precision, at 10,000 points per
//! function and at two scalars; second derivatives; and constants where a derivative is infinite.

mod reference;

use autodiff::{Dual, Scalar, Wide};
use num_traits::{Float, One, Zero};
use reference::{POINTS, Points, Real, error};

/// The documented bound, in units of 2⁻⁵³ at `f64` and of 2⁻¹⁰⁶ at `Wide`.
const BOUND: f64 = 16.0;

fn assert_near<S: Scalar + Into<Real>>(
    name: &str,
    bound: f64,
    bits: i32,
    y: Dual<S>,
    exact: &Real,
) -> f64 {
    let error = error(y.tangent.into(), exact, bits);
    assert!(error <= bound, "{name}: {y} is wrong by {error}");
    error
}

/// Compares tangents in direction 2 with twice `exact`, at both scalars.
macro_rules! check {
    ($name:expr, $points:expr, $ours:expr, $exact:expr) => {
        check!($name, BOUND, $points, $ours, $exact)
    };
    // Wide's powf has a bound of its own.
    ($name:expr, $wide_bound:expr, $points:expr, $ours:expr, $exact:expr) => {{
        let mut source = Points::new();
        let (mut worst, mut worst_wide) = (0.0_f64, 0.0_f64);
        let ours: fn(Dual<f64>) -> Dual<f64> = $ours;
        let ours_wide: fn(Dual<Wide>) -> Dual<Wide> = $ours;
        for _ in 0..POINTS {
            let x: f64 = $points(&mut source);
            let exact: Real = $exact(Real::from(x)) * 2.0;
            let y = ours(Dual::new(x, 2.0));
            let wide = ours_wide(Dual::new(x.into(), Wide::from(2.0)));
            worst = worst.max(assert_near($name, BOUND, 53, y, &exact));
            worst_wide = worst_wide.max(assert_near($name, $wide_bound, 106, wide, &exact));
        }
        println!("{}′: {worst:.2} at f64, {worst_wide:.2} at Wide", $name);
    }};
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

fn unit(points: &mut Points) -> f64 {
    points.uniform(0.0, 1.0)
}

fn one_minus_square(x: Real) -> Real {
    (Real::from(1.0) - x.clone()) * (x + 1.0)
}

/// An argument that is held.
fn held<S: Scalar>(x: f64) -> Dual<S> {
    Dual::constant(S::constant(x))
}

#[test]
fn algebra() {
    check!("x x", any, |x| x * x, |x: Real| x * 2.0);
    check!("3 / x", any, |x| held(3.0) / x, |x: Real| -x
        .square()
        .recip()
        * 3.0);
    check!("x / (3 + x)", unit, |x| x / (held(3.0) + x), |x: Real| {
        (x + 3.0).square().recip() * 3.0
    });
    check!("recip", any, |x| x.recip(), |x: Real| -x.square().recip());
    check!("mul_add", any, |x| x.mul_add(x, held(1.0)), |x: Real| x
        * 2.0);
    check!("x % 3", up_to(1e6), |x| x % held(3.0), |_| Real::from(1.0));
    check!("sqrt", positive, |x| x.sqrt(), |x: Real| (x.sqrt() * 2.0)
        .recip());
    check!("cbrt", any, |x| x.cbrt(), |x: Real| (x.cbrt().square()
        * 3.0)
        .recip());
    check!("hypot(x, 3)", any, |x| x.hypot(held(3.0)), |x: Real| {
        x.clone() / (x.square() + 9.0).sqrt()
    });
    let moderate = |points: &mut Points| points.decades(-20.0, 20.0);
    check!("x⁵", moderate, |x| x.powi(5), |x: Real| x
        .square()
        .square()
        * 5.0);
    check!("x⁻³", moderate, |x| x.powi(-3), |x: Real| {
        -x.square().square().recip() * 3.0
    });
}

#[test]
fn exponentials() {
    check!("exp", up_to(500.0), |x| x.exp(), Real::exp);
    check!("exp_m1", up_to(500.0), |x| x.exp_m1(), Real::exp);
    check!("exp2", up_to(700.0), |x| x.exp2(), |x: Real| {
        let ln_2 = Real::from(2.0).ln();
        (x * ln_2.clone()).exp() * ln_2
    });
    check!("sinh", up_to(500.0), |x| x.sinh(), Real::cosh);
    check!("cosh", up_to(500.0), |x| x.cosh(), Real::sinh);
    check!("tanh", up_to(250.0), |x| x.tanh(), |x: Real| x
        .cosh()
        .square()
        .recip());
}

#[test]
fn logarithms() {
    check!("ln", positive, |x| x.ln(), Real::recip);
    check!("log2", positive, |x| x.log2(), |x: Real| (x * Real::from(
        2.0
    )
    .ln())
    .recip());
    check!("log10", positive, |x| x.log10(), |x: Real| (x
        * Real::from(10.0).ln())
    .recip());
    let above_minus_one = |points: &mut Points| points.decades(-15.0, 60.0) - 1.0;
    check!("ln_1p", above_minus_one, |x| x.ln_1p(), |x: Real| (x + 1.0)
        .recip());
    check!("asinh", any, |x| x.asinh(), |x: Real| (x.square() + 1.0)
        .sqrt()
        .recip());
    let above_one = |points: &mut Points| 1.0 + points.decades(-15.0, 60.0);
    check!("acosh", above_one, |x| x.acosh(), |x| (-one_minus_square(
        x
    ))
    .sqrt()
    .recip());
    check!("atanh", up_to(1.0), |x| x.atanh(), |x| one_minus_square(x)
        .recip());
}

#[test]
fn circular() {
    check!("sin", up_to(1e9), |x| x.sin(), Real::cos);
    check!("cos", up_to(1e9), |x| x.cos(), |x: Real| -x.sin());
    check!("tan", up_to(10.0), |x| x.tan(), |x: Real| x
        .cos()
        .square()
        .recip());
    check!("asin", up_to(1.0), |x| x.asin(), |x| one_minus_square(x)
        .sqrt()
        .recip());
    check!("acos", up_to(1.0), |x| x.acos(), |x| -one_minus_square(x)
        .sqrt()
        .recip());
    check!("atan", any, |x| x.atan(), |x: Real| (x.square() + 1.0)
        .recip());
    check!("atan2(x, 3)", any, |x| x.atan2(held(3.0)), |x: Real| {
        (x.square() + 9.0).recip() * 3.0
    });
    check!("atan2(3, x)", any, |x| held(3.0).atan2(x), |x: Real| {
        -(x.square() + 9.0).recip() * 3.0
    });
}

#[test]
fn powers() {
    // 42 + 8 |y ln x|, for |y ln x| up to 58.
    let base = |points: &mut Points| points.decades(-10.0, 10.0);
    check!("x^2.5", 506.0, base, |x| x.powf(held(2.5)), |x: Real| {
        x.clone() * x.sqrt() * 2.5
    });
    check!(
        "2^x",
        506.0,
        up_to(80.0),
        |x| held(2.0).powf(x),
        |x: Real| { Real::from(2.0).pow(x) * Real::from(2.0).ln() }
    );
}

/// f″ at x, by an inner variable inside an outer one.
fn second(x: f64, f: fn(Dual<Dual<f64>>) -> Dual<Dual<f64>>) -> f64 {
    f(Dual::variable(Dual::variable(x))).tangent.tangent
}

#[test]
fn second_derivatives() {
    let mut points = Points::new();
    for _ in 0..POINTS {
        let x = points.uniform(0.1, 3.0);
        let tanh = x.tanh();
        for (name, ours, exact) in [
            ("x⁴", second(x, |x| x.powi(4)), 12.0 * x * x),
            ("1/x", second(x, |x| Dual::one() / x), 2.0 / (x * x * x)),
            ("exp", second(x, Float::exp), x.exp()),
            ("ln", second(x, Float::ln), -1.0 / (x * x)),
            ("sin", second(x, Float::sin), -x.sin()),
            ("sqrt", second(x, Float::sqrt), -0.25 / (x * x.sqrt())),
            (
                "tanh",
                second(x, Float::tanh),
                -2.0 * tanh * (1.0 - tanh * tanh),
            ),
            (
                "atan",
                second(x, Float::atan),
                -2.0 * x / (1.0 + x * x).powi(2),
            ),
            (
                "xˣ",
                second(x, |x| x.powf(x)),
                x.powf(x) * ((x.ln() + 1.0).powi(2) + 1.0 / x),
            ),
            (
                "hypot",
                second(x, |x| x.hypot(Dual::one())),
                1.0 / x.hypot(1.0).powi(3),
            ),
        ] {
            // The closed forms round as well, and 1 − tanh² cancels.
            assert!(
                (ours - exact).abs() <= 1e-13 * exact.abs(),
                "{name}″({x}) = {ours}, not {exact}"
            );
        }
    }
    assert_eq!(second(0.0, Float::tanh), 0.0);
    assert_eq!(second(0.0, |x| x.powi(2)), 2.0);
    assert_eq!(second(0.0, |x| x * x), 2.0);
    assert_eq!(second(1e3, Float::tanh), 0.0);
}

#[test]
fn constants_do_not_move() {
    let still = Dual::constant;
    let answers = [
        still(0.0).sqrt(),
        still(0.0).cbrt(),
        still(0.0).ln(),
        still(0.0).recip(),
        still(0.0) / still(0.0),
        still(0.0).powf(still(0.5)),
        still(0.0).powf(still(0.0)),
        still(0.0).powi(-1),
        still(0.0).powi(i32::MIN),
        still(0.0).hypot(still(0.0)),
        still(0.0).atan2(still(0.0)),
        still(1.0).asin(),
        still(1.0).acosh(),
        still(1.0).atanh(),
        still(800.0).exp(),
        still(f64::INFINITY) * still(2.0),
        still(f64::INFINITY).mul_add(still(2.0), still(1.0)),
        still(-1.0).ln(),
    ];
    for y in answers {
        assert_eq!(y.tangent, 0.0, "{y}");
    }
    // A constant factor of 0 · ∞ leaves the other factor's part alone.
    assert_eq!((Dual::variable(f64::INFINITY) * still(2.0)).tangent, 2.0);
    assert_eq!(Dual::variable(0.0).powi(0).tangent, 0.0);
    assert_eq!(Dual::variable(0.0).powf(still(0.0)).tangent, 0.0);
    assert_eq!(Dual::variable(0.0).powf(still(1.0)).tangent, 1.0);
    assert_eq!(Dual::variable(0.0).powf(still(2.0)).tangent, 0.0);
    assert_eq!(still(0.0).powf(Dual::variable(2.0)).tangent, 0.0);
    assert_eq!(Dual::variable(-2.0).powf(still(3.0)).tangent, 12.0);
}

#[test]
fn infinite_derivatives_are_seen() {
    let zero = Dual::variable(0.0);
    for y in [
        zero.sqrt(),
        zero.cbrt(),
        zero.ln(),
        zero.powf(Dual::constant(0.5)),
    ] {
        assert_eq!(y.tangent, f64::INFINITY);
    }
    // The tangent's primal is 0, but the tangent is not: √x moves in the second direction.
    let x = Dual::new(Dual::constant(0.0), Dual::new(0.0, 1.0));
    assert!(!x.tangent.is_constant_zero() && x.tangent.is_zero());
    assert!(!(x.sqrt().tangent.tangent.is_finite()));
}

/// A NaN must not pass for a number, in whichever part it is looked for.
#[test]
fn a_primal_that_is_nan_has_a_tangent_that_is_nan() {
    macro_rules! check {
        ($scalar:ty: $($name:ident)*) => {
            for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -3.0, -1.5, 0.0, 1.5, 3.0] {
                let x = Dual::<$scalar>::variable(Scalar::constant(x));
                $(
                    let y = x.$name();
                    assert!(
                        y.tangent.is_nan() || !y.primal.is_nan(),
                        "{}({x}) = {y}", stringify!($name)
                    );
                    let still = Dual::constant(x.primal).$name();
                    assert!(still.tangent.is_constant_zero(), "{}", stringify!($name));
                )*
                for n in [0, 1, 2, 3, -1, -2, i32::MIN] {
                    let y = x.powi(n);
                    assert!(y.tangent.is_nan() || !y.primal.is_nan(), "{x}^{n} = {y}");
                }
                for y in [x.sin_cos().0, x.sin_cos().1] {
                    assert!(y.tangent.is_nan() || !y.primal.is_nan(), "sin_cos({x}): {y}");
                }
            }
        };
    }
    macro_rules! check_all {
        ($($scalar:ty)*) => {
            $(check! {
                $scalar: floor ceil round trunc signum fract abs recip sqrt cbrt exp exp2 exp_m1 ln
                ln_1p log2 log10 to_degrees to_radians sin cos tan asin acos atan sinh cosh tanh
                asinh acosh atanh vector_exp vector_ln vector_ln_1p vector_tanh
            })*
        };
    }
    check_all!(f64 Wide Dual<f64>);
    assert!(Dual::variable(-1.0).ln().tangent.is_nan());
}

#[test]
fn kinks_follow_the_branch() {
    let (a, b) = (Dual::new(1.0, 2.0), Dual::new(1.0, 3.0));
    let branch = |take_first: bool| if take_first { a } else { b };
    assert_eq!(a.max(b).tangent, branch(a > b).tangent);
    assert_eq!(a.min(b).tangent, branch(a < b).tangent);
    assert_eq!(Dual::variable(0.0).abs().tangent, 1.0);
    assert_eq!(Dual::variable(-0.0).abs().tangent, 1.0);
    assert_eq!(Dual::variable(-1.0).abs().tangent, -1.0);
    assert_eq!(Dual::variable(0.0).max(Dual::zero()).tangent, 0.0);
    assert_eq!(Dual::variable(0.0).hypot(Dual::zero()).tangent, 0.0);
    assert_eq!(Dual::constant(f64::NAN).max(a).tangent, 2.0);
    assert_eq!(a.max(Dual::constant(f64::NAN)).tangent, 2.0);
    for step in [
        Float::floor,
        Float::ceil,
        Float::round,
        Float::trunc,
        Float::signum,
    ] {
        let step: fn(Dual<f64>) -> Dual<f64> = step;
        assert_eq!(step(Dual::variable(1.5)).tangent, 0.0);
    }
    assert_eq!(Dual::variable(1.5).fract().tangent, 1.0);
    assert_eq!(
        Dual::variable(1.5).clamp(Dual::zero(), Dual::one()).tangent,
        0.0
    );
}

#[test]
fn text_shows_both_parts() {
    assert_eq!(Dual::new(2.0, 0.5).to_string(), "(2 + 0.5 ε)");
    assert_eq!(format!("{:.1}", Dual::variable(2.0)), "(2.0 + 1.0 ε)");
    let nested = Dual::variable(Dual::variable(2.0));
    assert_eq!(nested.to_string(), "((2 + 1 ε) + (1 + 0 ε) ε)");
}
