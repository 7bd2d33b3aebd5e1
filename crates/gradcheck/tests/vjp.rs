//! `check_vjp` on functions that are nothing but closures: what it finds, and that it calls nothing
//! wrong that is right.

use std::cell::Cell;

use autodiff::{Tensor, View, Wide};
use gradcheck::{GradientReport, Outcome, Real, check_gradient, check_vjp, hard_points};
use num_traits::Float;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Checks a function of one number, taken elementwise, with a claimed derivative.
fn elementwise<S: Real>(
    f: impl Fn(S) -> S,
    derivative: impl Fn(S) -> S,
    x: &Tensor<S>,
) -> GradientReport {
    let vjp = |x: &[View<'_, S>], y_bar: &[S]| {
        let terms = x[0].iter().zip(y_bar);
        vec![terms.map(|(&x, &y_bar)| y_bar * derivative(x)).collect()]
    };
    let f = |x: &[View<'_, S>]| x[0].iter().map(|&x| f(x)).collect();
    check_vjp(f, vjp, &[x.view()])
}

/// A smooth function of one number, and its derivative.
fn smooth<S: Real>(kind: usize, x: S) -> [S; 2] {
    let (one, two) = (S::one(), S::constant(2.0));
    let bell = one / (one + x * x);
    match kind % 9 {
        0 => [x.sin(), x.cos()],
        1 => [x.exp(), x.exp()],
        2 => [x.tanh(), one - x.tanh() * x.tanh()],
        3 => [x * x * x, S::constant(3.0) * x * x],
        4 => [(x * x + one).ln(), two * x * bell],
        5 => [bell, -two * x * bell * bell],
        6 => [(-x * x).exp(), -two * x * (-x * x).exp()],
        7 => {
            let seven = S::constant(7.0);
            [(seven * x).cos(), -seven * (seven * x).sin()]
        }
        _ => [(x * x + one).sqrt(), x / (x * x + one).sqrt()],
    }
}

/// yᵢ = g(sᵢ bᵢ) + sᵢ with sᵢ = Σⱼ cᵢⱼ h(aⱼ): inputs a and b, random coefficients c.
struct Layered<S> {
    c: Vec<S>,
    g: usize,
    h: usize,
}

impl<S: Real> Layered<S> {
    fn sums(&self, a: &[S]) -> Vec<S> {
        let dot = |row: &[S]| {
            row.iter()
                .zip(a)
                .map(|(&c, &a)| c * smooth(self.h, a)[0])
                .sum()
        };
        self.c.chunks(a.len()).map(dot).collect()
    }

    fn value(&self, a: &[S], b: &[S]) -> Vec<S> {
        let terms = self.sums(a).into_iter().zip(b);
        terms.map(|(s, &b)| smooth(self.g, s * b)[0] + s).collect()
    }

    fn vjp(&self, a: &[S], b: &[S], y_bar: &[S]) -> Vec<Vec<S>> {
        let (mut a_bar, mut b_bar) = (vec![S::zero(); a.len()], Vec::new());
        for (i, (s, &b)) in self.sums(a).into_iter().zip(b).enumerate() {
            let slope = smooth(self.g, s * b)[1];
            b_bar.push(y_bar[i] * slope * s);
            let s_bar = y_bar[i] * (slope * b + S::one());
            let row = &self.c[i * a.len()..];
            for ((a_bar, &c), &a) in a_bar.iter_mut().zip(row).zip(a) {
                *a_bar += s_bar * c * smooth(self.h, a)[1];
            }
        }
        vec![a_bar, b_bar]
    }
}

/// How many random functions pass, fail and are inconclusive, with the same change to every vjp.
fn outcomes<S: Real>(cases: u64, change: impl Fn(&mut Vec<Vec<S>>)) -> [u64; 3] {
    let mut counts = [0; 3];
    for seed in 0..cases {
        let mut random = StdRng::seed_from_u64(seed);
        let mut number = || {
            let size = 10.0_f64.powf(random.random_range(-2.0..0.3));
            S::constant(if random.random() { size } else { -size })
        };
        let a = Tensor::from_fn([2], |_| number());
        let b = Tensor::from_fn([2], |_| number());
        let c = (0..4).map(|_| number()).collect();
        let function = Layered {
            c,
            g: seed as usize,
            h: (seed / 9) as usize,
        };
        let vjp = |x: &[View<'_, S>], y_bar: &[S]| {
            let mut x_bar = function.vjp(&x[0], &x[1], y_bar);
            change(&mut x_bar);
            x_bar
        };
        let f = |x: &[View<'_, S>]| function.value(&x[0], &x[1]);
        let report = check_vjp(f, vjp, &[a.view(), b.view()]);
        counts[report.outcome as usize] += 1;
    }
    counts
}

#[test]
fn no_smooth_function_is_called_wrong() {
    let [pass, fail, inconclusive] = outcomes::<f64>(10_000, |_| {});
    println!("f64: {pass} pass, {fail} fail, {inconclusive} inconclusive");
    let [pass32, fail32, inconclusive32] = outcomes::<f32>(10_000, |_| {});
    println!("f32: {pass32} pass, {fail32} fail, {inconclusive32} inconclusive");
    assert!(fail == 0 && inconclusive < 300);
    assert!(fail32 == 0 && inconclusive32 < 1000);
}

#[test]
fn small_relative_errors_are_found() {
    fn found<S: Real>(error: f64) -> f64 {
        let [_, fail, _] = outcomes::<S>(900, |x_bar| {
            x_bar[0][1] *= S::one() + S::constant(error);
        });
        fail as f64 / 900.0
    }
    // What the page of `check_vjp` says.
    fn assert_found<S: Real>(error: f64, least: f64) {
        let found = found::<S>(error);
        println!("{error:e} in {found:.3} of the cases");
        assert!(found >= least, "{error:e} in {found} of the cases");
    }
    for (error, least) in [(1e-8, 0.99), (1e-9, 0.98), (1e-10, 0.9), (1e-11, 0.7)] {
        assert_found::<f64>(error, least);
    }
    for (error, least) in [(1e-1, 0.9), (1e-2, 0.8), (1e-3, 0.5)] {
        assert_found::<f32>(error, least);
    }
}

#[test]
fn at_106_bits_it_finds_what_f64_cannot() {
    let x = Tensor::from([0.3, 2.0]).map(Wide::from);
    elementwise(Wide::sin, Wide::cos, &x).assert_passes();
    let off = Wide::from(1.0) + Wide::from(1e-12);
    let report = elementwise(Wide::sin, |x: Wide| x.cos() * off, &x);
    assert_eq!(report.findings.len(), 2, "{report}");
}

#[test]
fn one_element_of_1024_and_one_beside_a_much_larger_one() {
    let x = Tensor::from_fn([1024], |k| 0.1 + (k as f64) * 1e-3);
    elementwise(f64::sin, f64::cos, &x).assert_passes();
    let at = x.as_slice()[700];
    let slightly_off = |x: f64| x.cos() * if x == at { 1.0 + 1e-9 } else { 1.0 };
    let report = elementwise(f64::sin, slightly_off, &x);
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].element, Some(700), "{report}");

    // Outputs of their own. In one sum, only 106 bits see the small one: there a cost at `Wide`.
    let x = Tensor::from([1e9, 1e-9]);
    let dropped = |x: f64| if x < 1.0 { 0.0 } else { 2.0 * x };
    elementwise(|x: f64| x * x, |x| 2.0 * x, &x).assert_passes();
    let report = elementwise(|x: f64| x * x, dropped, &x);
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].element, Some(1), "{report}");

    let sum = |x: &[Wide]| x[0] * x[0] + x[1] * x[1];
    check_gradient(sum, &[1e9, 1e-9], &[2e9, 2e-9]).assert_passes();
    let report = check_gradient(sum, &[1e9, 1e-9], &[2e9, 0.0]);
    assert_eq!(report.findings.len(), 1, "{report}");
    assert_eq!(report.findings[0].element, Some(1), "{report}");
}

#[test]
fn hard_points_are_not_called_wrong() {
    let mut passed = 0;
    for point in hard_points() {
        let report = check_gradient(point.at_f64, &point.x, &point.gradient);
        println!("{}: {report}", point.name);
        assert_ne!(report.outcome, Outcome::Fail, "{}: {report}", point.name);
        passed += usize::from(report.passes());

        let x = Tensor::new([point.x.len()], point.x.clone());
        let f = |x: &[View<'_, f64>]| vec![(point.at_f64)(&x[0])];
        let vjp = |_: &[View<'_, f64>], y_bar: &[f64]| {
            vec![point.gradient.iter().map(|g| g * y_bar[0]).collect()]
        };
        let by_vjp = check_vjp(f, vjp, &[x.view()]).outcome;
        assert_eq!(by_vjp, report.outcome, "{}", point.name);

        let exact = check_gradient(point.at_wide, &point.x, &point.gradient);
        assert!(exact.passes(), "{}: {exact}", point.name);
    }
    println!("{passed} of 12 pass at f64");
    assert!(passed >= 10);
}

#[test]
fn at_a_kink_anything_between_the_slopes_is_right() {
    let x = Tensor::from([0.0]);
    let outcome = |derivative: f64| elementwise(f64::abs, |_| derivative, &x).outcome;
    for between in [-1.0, -0.5, 0.0, 1.0] {
        assert_eq!(outcome(between), Outcome::Pass, "{between}");
    }
    for beyond in [-1.01, 1.001, 2.0] {
        assert_eq!(outcome(beyond), Outcome::Fail, "{beyond}");
    }
}

/// A kink on top of a constant: the larger that is, the less of the finest differences is left.
#[test]
fn a_large_value_hides_no_kink() {
    fn check<S: Real>(offset: f64, size: f64) {
        let f = |x: S| S::constant(offset) + S::constant(size) * x.abs();
        let outcome = |slope: f64| {
            let x = Tensor::from([S::zero()]);
            elementwise(f, |_| S::constant(size * slope), &x).outcome
        };
        for between in [-1.0, 0.3, 1.0] {
            assert_eq!(outcome(between), Outcome::Pass, "{offset}: {between}");
        }
        for beyond in [-1.3, 1.3, 2.4] {
            assert_eq!(outcome(beyond), Outcome::Fail, "{offset}: {beyond}");
        }
    }
    for (offset, size) in [(1e4, 1.0), (1e5, 1.0), (0.7, 1e-5)] {
        check::<f64>(offset, size);
    }
    check::<f32>(10.0, 1.0);
    check::<Wide>(1e20, 1.0);
    let buried = |x: f64| 1e16 + x.abs();
    for slope in [1.0, 3.0] {
        let report = elementwise(buried, |_| slope, &Tensor::from([0.0]));
        assert_eq!(report.outcome, Outcome::Inconclusive, "{report}");
    }
}

#[test]
fn a_kink_of_a_curve_is_told_too() {
    let f = |x: f64| x.abs() + x.exp();
    let outcome = |slope: f64| elementwise(f, |_| slope, &Tensor::from([0.0])).outcome;
    for between in [0.0, 1.0, 2.0] {
        assert_eq!(outcome(between), Outcome::Pass, "{between}");
    }
    for beyond in [-1e-3, 2.001] {
        assert_eq!(outcome(beyond), Outcome::Fail, "{beyond}");
    }
}

#[test]
fn what_the_value_hides_is_said_to_be_hidden() {
    let x = Tensor::from([1.0]);
    for slope in [-5e-9, 0.0, 1e-9] {
        let report = elementwise(|x| 1e6 + 1e-9 * x, |_| slope, &x);
        assert_eq!(report.outcome, Outcome::Inconclusive, "{report}");
    }
    let cost = |p: &[f64]| 1e6 + 1e-9 * p[0] + p[1] + 0.0 * p[2];
    let report = check_gradient(cost, &[1.0, 1.0, 1.0], &[1e-9, 1.0, 0.0]);
    assert!(report.passes(), "{report}");
    assert_eq!(report.faint, 1, "{report}");
    assert!(1e-9 < report.faint_bound && report.faint_bound < 1e-7);
    assert!(report.resolution < 1e-7);
    let only = format!("of each but 1, known to ±{:.1e} only", report.faint_bound);
    assert!(report.to_string().contains(&only), "{report}");
}

/// Where the slope is about 0 and the value is not flat, there is nothing that is hidden.
#[test]
fn a_gradient_at_a_stationary_point_is_told() {
    let at = std::f64::consts::PI;
    let report = check_gradient(|p: &[f64]| p[0].cos(), &[at], &[-at.sin()]);
    assert!(report.passes() && report.faint == 1, "{report}");
    let report = check_gradient(|p: &[f64]| p[0].cos(), &[at], &[1e-3]);
    assert_eq!(report.outcome, Outcome::Fail, "{report}");
}

#[test]
fn what_is_between_the_slopes_of_a_kink_has_no_error() {
    let x = Tensor::from([0.0, 2.0]);
    for slope in [-0.5, 1e-16, 0.0] {
        let derivative = |x: f64| if x == 0.0 { slope } else { 1.0 };
        let report = elementwise(f64::abs, derivative, &x);
        assert!(report.passes(), "{report}");
        assert_eq!((report.kinks, report.faint), (1, 0), "{report}");
        assert!(report.to_string().contains("1 at a kink"), "{report}");
    }
}

#[test]
fn what_is_not_finite_is_not_blamed_on_its_neighbours() {
    let x = Tensor::from([0.0, 4.0]);
    let report = elementwise(f64::sqrt, |x: f64| 0.5 / x.sqrt(), &x);
    assert_eq!(report.outcome, Outcome::Fail);
    assert_eq!(report.findings[0].element, Some(0), "{report}");
}

/// What is lost to the smallest numbers is not lost to a nonlinear rule.
#[test]
fn a_gradient_that_underflows_is_not_called_wrong() {
    fn check<S: Real>(x: f64) {
        let x = Tensor::from([S::constant(x)]);
        let report = elementwise(S::exp, S::exp, &x);
        assert_ne!(report.outcome, Outcome::Fail, "{report}");
    }
    for x in [-735.0, -740.0, -744.0] {
        check::<f64>(x);
    }
    check::<f32>(-100.0);
    check::<Wide>(-690.0);
    check::<Wide>(-705.0);
}

#[test]
fn a_number_below_the_normal_ones_has_steps_around_it() {
    fn check<S: Real>(x: f64) {
        let x = Tensor::from([S::constant(x)]);
        elementwise(|x: S| x * S::constant(3.0), |_| S::constant(3.0), &x).assert_passes();
        let report = elementwise(|x: S| x * S::constant(3.0), |_| S::constant(2.0), &x);
        assert_eq!(report.outcome, Outcome::Fail, "{report}");
    }
    for x in [1e-315, -5e-324] {
        check::<f64>(x);
    }
    check::<f32>(1e-42);
    check::<Wide>(1e-310);
}

#[test]
fn nothing_passes_because_there_is_nothing() {
    let says = |report: GradientReport| {
        assert_eq!(report.outcome, Outcome::Inconclusive, "{report}");
        assert!(report.to_string().contains("there is nothing to check"));
    };
    says(check_gradient(|p: &[f64]| p[0], &[], &[]));
    says(check_gradient(|_: &[Wide]| Wide::from(1.0), &[], &[]));
    says(check_vjp(
        |_: &[View<'_, f64>]| vec![1.0],
        |_, _| vec![],
        &[],
    ));
    let none = Tensor::<f64>::zeros([0, 3]);
    says(elementwise(|x: f64| x, |_| 1.0, &none));
    let x = Tensor::from([1.0, 2.0]);
    let no_output = |_: &[View<'_, f64>]| vec![];
    says(check_vjp(no_output, |_, _| vec![vec![0.0; 2]], &[x.view()]));
}

#[test]
fn nothing_undefined_passes() {
    let x = Tensor::from([0.5]);
    for factor in [1.0, 7.0] {
        let derivative = |x: f64| factor / (x * x - 1.0).sqrt();
        let report = elementwise(f64::acosh, derivative, &x);
        assert_eq!(report.outcome, Outcome::Inconclusive, "{report}");
    }
    for not_finite in [f64::NAN, f64::INFINITY] {
        let report = elementwise(f64::sin, |_| not_finite, &x);
        assert_eq!(report.outcome, Outcome::Fail, "{report}");
    }
    let at_an_edge = elementwise(f64::sqrt, |_| 1.0, &Tensor::from([0.0]));
    assert_eq!(at_an_edge.outcome, Outcome::Inconclusive);
    let noise = Cell::new(0.0);
    let fresh = |x: f64| {
        noise.set(noise.get() + 0.1);
        x * noise.get()
    };
    assert_eq!(
        elementwise(fresh, |_| 1.0, &x).outcome,
        Outcome::Inconclusive
    );
    let hash = |x: f64| (x.to_bits().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64;
    assert_eq!(
        elementwise(hash, |_| 0.0, &x).outcome,
        Outcome::Inconclusive
    );
}

#[test]
fn a_vjp_is_linear_pure_and_of_the_right_shape() {
    type Vjp<'a> = &'a dyn Fn(&[View<'_, f64>], &[f64]) -> Vec<Vec<f64>>;
    let x = Tensor::from([0.5, 2.0]);
    let f = |x: &[View<'_, f64>]| x[0].iter().map(|x| x * x).collect();
    let says = |vjp: Vjp<'_>| {
        let report = check_vjp(f, vjp, &[x.view()]);
        assert_eq!(report.outcome, Outcome::Fail);
        report.findings[0].what.clone()
    };
    let right = |x: &[View<'_, f64>], y_bar: &[f64]| -> Vec<f64> {
        x[0].iter()
            .zip(y_bar)
            .map(|(x, y_bar)| 2.0 * x * y_bar)
            .collect()
    };
    assert_eq!(says(&|_, _| vec![]), "it gives 0 arrays for 1 inputs");
    assert!(says(&|_, _| vec![vec![0.0]]).contains("1 elements for a shape (2"));
    let ignoring = says(&|x, _| vec![right(x, &[1.0, 1.0])]);
    assert_eq!(ignoring, "for a cotangent of 0 it is not 0");
    let squaring = says(&|x, y_bar| vec![right(x, &[y_bar[0] * y_bar[0], y_bar[1]])]);
    assert_eq!(squaring, "it is not linear in the cotangent");
    let forgetful = says(&|x, y_bar| match y_bar == [0.0, 0.0] {
        true => vec![],
        false => vec![right(x, y_bar)],
    });
    assert_eq!(forgetful, "it gives 0 arrays for 1 inputs");
    let calls = Cell::new(0);
    let shrinking = says(&|x, y_bar| {
        calls.set(calls.get() + 1);
        match calls.get() {
            ..4 => vec![right(x, y_bar)],
            _ => vec![vec![]],
        }
    });
    assert_eq!(shrinking, "it has 0 elements for a shape (2,)");
    let calls = Cell::new(0.0);
    let remembering = says(&|x, y_bar| {
        calls.set(calls.get() + 1.0);
        vec![right(x, y_bar).iter().map(|g| g + calls.get()).collect()]
    });
    assert_eq!(remembering, "a second call gives something else");
}

#[test]
fn nothing_is_one_time_too_large() {
    let x = Tensor::from([1.0, 2.0]).map(Wide::from);
    let off = Wide::from(1.0) - Wide::from(1.5e-13);
    let report = elementwise(Wide::exp, |x: Wide| x.exp() * off, &x);
    assert_eq!(report.outcome, Outcome::Fail);
    assert_ne!(report.blocks[0].factor, Some(1.0));
    assert!(!report.to_string().contains(" 1 times"), "{report}");
}

#[test]
fn a_report_is_data_too() {
    let x = Tensor::from([0.5, 2.0]);
    let report = elementwise(f64::sin, |x: f64| -x.cos(), &x);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["outcome"], "fail");
    assert_eq!(json["blocks"][0]["factor"], -1.0);
    assert_eq!(json["findings"].as_array().unwrap().len(), 2);
    let text = report.to_string();
    assert!(
        text.contains("input 0: all 2 are of the wrong sign"),
        "{text}"
    );
    assert!(report.text(true).contains("\u{1b}["));
}
