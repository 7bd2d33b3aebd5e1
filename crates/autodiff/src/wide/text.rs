//! Decimal text, both ways.

use std::fmt;
use std::str::FromStr;

use num_traits::{Float, ParseFloatError};

use super::Wide;

/// As many as every number has: 10⁻³¹ is above the 2⁻¹⁰⁶ that it is known to.
const DIGITS: usize = 31;

/// As many as an integer of 127 bits has room for: what is left out is below 10⁻³⁷ of the number.
const PARSED_DIGITS: usize = 38;

/// 10^power, exact up to 10⁴⁵.
fn power_of_ten(power: i32) -> Wide {
    Wide::exact(10.0).powi(power)
}

/// x · 10^power, where the power alone may overflow or underflow.
fn shifted(x: Wide, power: i32) -> Wide {
    let step = |x: Wide, power: i32| {
        if power < 0 {
            x / power_of_ten(-power)
        } else {
            x * power_of_ten(power)
        }
    };
    step(step(x, power / 2), power - power / 2)
}

/// The decimal digits of a positive finite number, rounded, and the power of ten of the first.
fn digits(x: Wide) -> (Vec<u8>, i32) {
    let mut power = x.hi.log10().floor() as i32;
    let mut rest = shifted(x, -power);
    let ten = Wide::exact(10.0);
    if rest >= ten {
        (rest, power) = (rest / ten, power + 1);
    } else if rest < Wide::ONE {
        (rest, power) = (rest * ten, power - 1);
    }
    let mut digits = Vec::with_capacity(DIGITS);
    for _ in 0..DIGITS {
        let digit = rest.floor();
        digits.push(digit.hi as u8);
        rest = (rest - digit) * ten;
    }
    if rest >= Wide::exact(5.0) {
        let nines = digits.iter().rev().take_while(|&&digit| digit == 9).count();
        digits.truncate(DIGITS - nines);
        match digits.last_mut() {
            Some(last) => *last += 1,
            None => (digits, power) = (vec![1], power + 1),
        }
    }
    while digits.len() > 1 && digits.last() == Some(&0) {
        digits.pop();
    }
    (digits, power)
}

impl fmt::Display for Wide {
    /// Up to 31 significant digits, without trailing zeros. With a precision (`{:.3}`), as the
    /// nearest `f64`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.precision().is_some() || !self.is_finite() || self.hi == 0.0 {
            return fmt::Display::fmt(&self.hi, f);
        }
        let (digits, power) = digits(self.abs());
        let digits: String = digits
            .iter()
            .map(|&digit| char::from(b'0' + digit))
            .collect();
        let text = match usize::try_from(power) {
            Ok(power) if power < digits.len() - 1 => {
                format!("{}.{}", &digits[..=power], &digits[power + 1..])
            }
            Ok(power) if power < DIGITS => format!("{digits:0<width$}", width = power + 1),
            Err(_) if power >= -5 => {
                let zeros = "0".repeat(power.unsigned_abs() as usize - 1);
                format!("0.{zeros}{digits}")
            }
            _ if digits.len() == 1 => format!("{digits}e{power}"),
            _ => format!("{}.{}e{power}", &digits[..1], &digits[1..]),
        };
        f.pad_integral(self.is_sign_positive(), "", &text)
    }
}

impl FromStr for Wide {
    type Err = ParseFloatError;

    /// What `f64` parses, with any number of digits, to about 2⁻¹⁰² relative; exact for up to 31
    /// digits with a small exponent.
    ///
    /// ```
    /// use autodiff::Wide;
    ///
    /// let tenth: Wide = "0.1".parse()?;
    /// assert_eq!(tenth, Wide::from(1.0) / Wide::from(10.0));
    /// # Ok::<(), num_traits::ParseFloatError>(())
    /// ```
    fn from_str(text: &str) -> Result<Self, ParseFloatError> {
        // Decides what is well formed, and what is infinite or zero.
        let nearest = <f64 as num_traits::Num>::from_str_radix(text, 10)?;
        if !nearest.is_finite() || nearest == 0.0 {
            return Ok(Self::exact(nearest));
        }
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i64 = exponent.parse().unwrap_or(0);
        let (whole, places) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = whole.bytes().chain(places.bytes());
        let significant = digits
            .filter(u8::is_ascii_digit)
            .skip_while(|&digit| digit == b'0');
        let left_out = significant.clone().count().saturating_sub(PARSED_DIGITS);
        let leading = significant
            .take(PARSED_DIGITS)
            .fold(0_i128, |leading, digit| {
                leading * 10 + i128::from(digit - b'0')
            });
        let leading: Self = num_traits::cast(leading).expect("a Wide is near every integer");
        let power = exponent - places.len() as i64 + left_out as i64;
        let size = shifted(leading, power as i32);
        Ok(if nearest < 0.0 { -size } else { size })
    }
}
