//! `Wide` where numbers end: zeros, infinities, NaN, overflow, subnormals. The model is `f64`.

use autodiff::{Dual, Wide};
use num_traits::Float;
use proptest::prelude::*;

const SPECIAL: [f64; 32] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    2.0,
    -2.0,
    3.0,
    -2.5,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    -f64::MIN_POSITIVE,
    5e-324,
    -5e-324,
    1e-310,
    1e-160,
    -1e-160,
    1e160,
    -1e160,
    709.7,
    710.4,
    711.0,
    -745.0,
    -746.0,
    800.0,
    -800.0,
    1e22,
];

/// NaN for NaN, the same infinity, the same zero; otherwise nearly the same number.
#[track_caller]
fn assert_like(value: Wide, expected: f64, what: &str) {
    let nearest = value.to_f64();
    let like = if expected.is_nan() {
        nearest.is_nan()
    } else if expected == 0.0 || expected.is_infinite() {
        nearest.to_bits() == expected.to_bits()
    } else {
        // One unit of the smallest subnormal, where there is nothing relative.
        (nearest - expected).abs() <= 1e-14 * expected.abs() + 5e-324
    };
    assert!(like, "{what} = {value:?}, and at f64 it is {expected:e}");
    assert!(value.lo().is_finite(), "{what} = {value:?}");
    assert!(
        nearest.is_finite() || value.lo() == 0.0,
        "{what} = {value:?}"
    );
}

macro_rules! unary {
    ($($name:ident)*) => {
        for x in SPECIAL {
            $(assert_like(
                Wide::from(x).$name(),
                Float::$name(x),
                &format!("{}({x:e})", stringify!($name)),
            );)*
        }
    };
}

#[test]
fn functions_of_one_number() {
    unary! {
        abs signum recip sqrt cbrt floor ceil round trunc fract
        exp exp2 exp_m1 ln ln_1p log2 log10
        sin cos tan asin acos atan sinh cosh tanh atanh to_degrees to_radians
    }
    for x in SPECIAL.into_iter().filter(|&x| x.abs() != f64::MAX) {
        // At ±f64::MAX the standard library gives ∞ for what is 710.5.
        assert_like(Wide::from(x).asinh(), x.asinh(), &format!("asinh({x:e})"));
        assert_like(Wide::from(x).acosh(), x.acosh(), &format!("acosh({x:e})"));
    }
    for x in SPECIAL {
        for n in [0, 1, 2, 3, -1, -2, 100] {
            // Not f64::powi, which loses subnormal results to an overflow on the way.
            assert_like(
                Wide::from(x).powi(n),
                x.powf(n.into()),
                &format!("{x:e}^{n}"),
            );
        }
    }
}

#[test]
fn functions_of_two_numbers() {
    for x in SPECIAL {
        for y in SPECIAL {
            let (a, b) = (Wide::from(x), Wide::from(y));
            assert_like(a + b, x + y, &format!("{x:e} + {y:e}"));
            assert_like(a - b, x - y, &format!("{x:e} - {y:e}"));
            assert_like(a * b, x * y, &format!("{x:e} * {y:e}"));
            assert_like(a / b, x / y, &format!("{x:e} / {y:e}"));
            if x != y {
                // Which of 0 and -0 is larger is not specified.
                assert_like(a.max(b), x.max(y), &format!("max({x:e}, {y:e})"));
                assert_like(a.min(b), x.min(y), &format!("min({x:e}, {y:e})"));
            }
            assert_like(a.powf(b), x.powf(y), &format!("powf({x:e}, {y:e})"));
            assert_like(a.hypot(b), x.hypot(y), &format!("hypot({x:e}, {y:e})"));
            assert_like(a.atan2(b), x.atan2(y), &format!("atan2({x:e}, {y:e})"));
            assert_eq!(a.partial_cmp(&b), x.partial_cmp(&y), "{x:e} and {y:e}");
            assert_eq!(a == b, x == y, "{x:e} and {y:e}");
        }
    }
    // Larger quotients leave a remainder of rounding errors.
    for x in SPECIAL
        .into_iter()
        .filter(|x| !(1e9..f64::INFINITY).contains(&x.abs()))
    {
        for y in [3.0, -2.5, 0.0, f64::INFINITY, f64::NAN, 1e160] {
            assert_like(
                Wide::from(x) % Wide::from(y),
                x % y,
                &format!("{x:e} % {y:e}"),
            );
        }
    }
}

#[test]
fn rounding_looks_at_both_words() {
    let below_three = Wide::new(3.0, -1e-20);
    assert_eq!(below_three.floor().to_f64(), 2.0);
    assert_eq!(below_three.trunc().to_f64(), 2.0);
    assert_eq!(below_three.ceil().to_f64(), 3.0);
    assert_eq!((-below_three).floor().to_f64(), -3.0);
    let below_half = Wide::new(0.5, -1e-20);
    assert_eq!(below_half.round().to_f64(), 0.0);
    assert_eq!((-Wide::from(0.5)).round().to_f64(), -1.0);
    let large = Wide::new(2f64.powi(70), 0.75);
    assert_eq!(large.floor(), Wide::from(2f64.powi(70)));
    assert_eq!(large.fract(), Wide::from(0.75));
}

#[test]
fn comparisons_look_at_both_words() {
    let (x, y) = (Wide::new(1.0, 1e-20), Wide::new(1.0, 2e-20));
    assert!(x < y && x != y && x.max(y) == y && x.min(y) == x);
    assert_eq!(Wide::nan().partial_cmp(&Wide::nan()), None);
}

#[test]
fn casts_keep_integers() {
    let count = (1_u64 << 60) + 1;
    let wide: Wide = num_traits::cast(count).unwrap();
    assert_eq!(num_traits::cast::<Wide, u64>(wide), Some(count));
    assert_eq!(num_traits::cast::<f64, Wide>(0.1), Some(Wide::from(0.1)));
    assert_eq!(num_traits::cast::<Wide, i64>(Wide::from(-2.7)), Some(-2));
    assert_eq!(num_traits::cast::<Wide, i64>(Wide::nan()), None);
}

#[test]
fn casts_keep_what_an_integer_cannot() {
    let below_three = Wide::new(3.0, -1e-20);
    assert_eq!(num_traits::cast(below_three), Some(Wide::from(3.0)));
    let below_three = Dual::constant(below_three);
    assert_eq!(
        num_traits::cast::<_, Dual<Wide>>(below_three),
        Some(Dual::constant(Wide::from(3.0)))
    );
    assert_eq!(num_traits::cast::<Wide, u64>(below_three.primal), Some(2));
    let large = Wide::new(2f64.powi(70), 1.0);
    assert_eq!(num_traits::cast(large), Some(large));
    assert_eq!(num_traits::cast(-large), Some(-large));
    let large = Dual::constant(large);
    assert_eq!(num_traits::cast(large), Some(large));
}

#[test]
fn casts_to_integers_have_their_whole_range() {
    fn to<T: num_traits::NumCast + PartialEq>(number: Wide) -> Option<T> {
        let plain: Option<T> = num_traits::cast(number);
        assert!(
            num_traits::cast(Dual::constant(number)) == plain,
            "{number}"
        );
        plain
    }
    let one = Wide::from(1.0);
    let power = |exponent| Wide::from(2f64.powi(exponent));
    assert_eq!(to(power(70)), Some(1_u128 << 70));
    assert_eq!(to(power(70) + one), Some((1_i128 << 70) + 1));
    assert_eq!(to(-power(70) - one), Some(-(1_i128 << 70) - 1));
    assert_eq!(to(power(64) - one), Some(u64::MAX));
    assert_eq!(to::<u64>(power(64)), None);
    assert_eq!(to(power(127) - one), Some(i128::MAX));
    assert_eq!(to::<i128>(power(127)), None);
    assert_eq!(to(-power(127)), Some(i128::MIN));
    assert_eq!(to::<i128>(-power(127) - one), None);
    assert_eq!(to(power(128) - one), Some(u128::MAX));
    assert_eq!(to::<u128>(power(128)), None);
    assert_eq!(to(Wide::from(-0.5)), Some(0_u128));
    assert_eq!(to::<u128>(Wide::from(-1.0)), None);
    assert_eq!(to::<u128>(Wide::nan()), None);
    assert_eq!(to::<u128>(Wide::infinity()), None);
}

#[test]
fn text_may_have_any_number_of_digits() {
    let parsed = |text: &str| text.parse::<Wide>().unwrap();
    let threes = format!("3.{}", "3".repeat(400));
    let error = parsed(&threes) * Wide::from(3.0) - Wide::from(10.0);
    assert!(error.abs() <= Wide::from(10.0 * 2f64.powi(-102)), "{error}");
    assert_eq!(parsed(&format!("-{threes}")), -parsed(&threes));
    let ones = format!("{}e-400", "1".repeat(401));
    assert_eq!(
        parsed(&ones),
        parsed("1.1111111111111111111111111111111111111111")
    );
    assert_eq!(
        parsed(&format!("0.{}1e401", "0".repeat(400))),
        Wide::from(1.0)
    );
    assert_eq!(
        parsed(&format!("1{}e-400", "0".repeat(400))),
        Wide::from(1.0)
    );
    // All digits that they have.
    for exact in [f64::MIN_POSITIVE, 5e-324, 1e-310, 0.1, 1e300] {
        let error = parsed(&format!("{exact:.1100}")) - Wide::from(exact);
        assert!(
            error.to_f64().abs() <= exact * 2f64.powi(-102),
            "{exact:e}: {error}"
        );
    }
    assert_eq!(parsed(&"0".repeat(500)), Wide::from(0.0));
}

proptest! {
    /// Of a number that lies, nearly, half way between two `f64`, the leading word may be the other one.
    #[test]
    fn long_text_is_what_f64_makes_of_it(
        sign in "[+-]?",
        zeros in 0_usize..400,
        whole in "[0-9]{1,500}",
        places in "[0-9]{0,500}",
        exponent in -900_i32..900,
    ) {
        let text = format!("{sign}{}{whole}.{places}e{exponent}", "0".repeat(zeros));
        let expected: f64 = text.parse().unwrap();
        assert_like(text.parse().unwrap(), expected, &text);
        let nearest = text.parse::<Wide>().unwrap().to_f64();
        let unit = 2f64.powi(-52) * expected.abs();
        prop_assert!(
            nearest == expected || (nearest - expected).abs() <= unit.max(5e-324),
            "{text}: {nearest:e}, not {expected:e}"
        );
    }
}

#[test]
fn text_goes_both_ways() {
    for text in [
        "0",
        "1",
        "-1.5",
        "100",
        "0.00123",
        "3.141592653589793238462643383279",
        "1.5e-7",
        "-2.5e300",
        "1.234567890123456789012345678e45",
        "inf",
        "NaN",
    ] {
        let number: Wide = text.parse().unwrap();
        assert_eq!(number.to_string(), text);
    }
    assert_eq!(Wide::PI.to_string(), "3.14159265358979323846264338328");
    assert_eq!(format!("{:.3}", Wide::PI), "3.142");
    assert_eq!(
        Wide::from(0.1).to_string(),
        "0.1000000000000000055511151231258"
    );
    let nines: Wide = "0.99999999999999999999999999999996".parse().unwrap();
    assert_eq!(nines.to_string(), "1");
    assert!("1.2.3".parse::<Wide>().is_err());
    assert!("".parse::<Wide>().is_err());
}
