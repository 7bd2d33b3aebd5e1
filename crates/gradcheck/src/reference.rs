//! The independent witness: central differences at 106 bits.
//!
//! A step h = 2⁻³³ · scale makes x ± h exact in 106 bits. Two step sizes and one Richardson
//! extrapolation leave a truncation error near 2⁻⁶⁶ and a rounding error near 2⁻¹⁰⁴/h, about 1e-20
//! of the value each: against a formula that holds to f64 that is no error at all.
//!
//! Whether there is a slope at all shows in the gap between the right and the left difference
//! quotient. Where the function is smooth it halves with the step (or shrinks more, where the second
//! derivative vanishes); at a kink it does not.

use autodiff::{Tensor, Wide};
use num_traits::{Float as _, Zero as _};

use crate::objective::Objective;
use crate::verdict::{Checked, Finding, Verdict};

/// How well a rule has to agree, relative to what it is about: it leaves room for constants that a
/// rule holds only to the precision of f64. The one tolerance of the verifier, and of no op.
pub(crate) const AGREEMENT: f64 = 1e-13;

/// How much coarser than its own estimate the reference is taken to be.
const SAFETY: f64 = 10.0;

/// A change of the inputs: by how much each element moves for a unit of the parameter.
#[derive(Clone, Debug)]
pub(crate) struct Direction(pub(crate) Vec<Vec<Wide>>);

impl Direction {
    fn none(x: &[Tensor<Wide>]) -> Self {
        Self(
            x.iter()
                .map(|x| vec![Wide::zero(); x.shape().size()])
                .collect(),
        )
    }

    pub(crate) fn along(x: &[Tensor<Wide>], (input, element): Place) -> Self {
        let mut direction = Self::none(x);
        direction.0[input][element] = Wide::from(1.0);
        direction
    }

    pub(crate) fn moved(&self, x: &[Tensor<Wide>], t: Wide) -> Vec<Tensor<Wide>> {
        x.iter()
            .zip(&self.0)
            .map(|(x, v)| Tensor::from_fn(x.shape(), |k| x.as_slice()[k] + t * v[k]))
            .collect()
    }
}

/// How far an objective rose from where it was, and what the rounding error of that is
/// proportional to.
pub(crate) struct Rise {
    pub(crate) by: Wide,
    pub(crate) magnitude: f64,
}

/// What the difference quotients say along a direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slope {
    /// The extrapolated one.
    pub(crate) value: Wide,
    /// How far `value` may be from the derivative.
    pub(crate) error: f64,
    /// The central ones of the two steps, the wider first.
    central: [Wide; 2],
    /// The ones to the left and to the right.
    sides: [Wide; 2],
    pub(crate) is_smooth: bool,
}

/// The slope at 0 from steps h and h/2; `rise(t)` is by how much the objective rises from 0 to t.
/// `None` where it is not finite.
pub(crate) fn slope(rise: impl Fn(Wide) -> Option<Rise>, h: f64) -> Option<Slope> {
    let [h, half] = [Wide::from(h), Wide::from(0.5 * h)];
    let rises = [rise(h)?, rise(-h)?, rise(half)?, rise(-half)?];
    let magnitude = rises.iter().map(|rise| rise.magnitude).fold(0.0, f64::max);
    let [right, left, near_right, near_left] = rises.map(|rise| rise.by);
    let (right, left) = (right / h, -left / h);
    let (near_right, near_left) = (near_right / half, -near_left / half);
    let two = Wide::from(2.0);
    let (far, near) = ((right + left) / two, (near_right + near_left) / two);

    let size = near_right.abs().max(near_left.abs()).to_f64();
    let noise = 4.0 * 2.0_f64.powi(-104) * magnitude / h.to_f64();
    let gap = (right - left).abs().to_f64();
    let near_gap = (near_right - near_left).abs().to_f64();
    let visible = 1e-2 * AGREEMENT * size + 20.0 * noise;
    let is_smooth = if gap.max(near_gap) > visible {
        // By 2, or 8, or 32: the gap is due to the first even derivative that does not vanish.
        let halvings = (gap / near_gap).log2();
        let nearest_odd = 2.0 * ((halvings - 1.0) / 2.0).round() + 1.0;
        (1.0..32.0).contains(&nearest_odd) && (halvings - nearest_odd).abs() < 0.3
    } else {
        gap.is_finite() && near_gap.is_finite()
    };
    Some(Slope {
        value: near + (near - far) / Wide::from(3.0),
        error: (near - far).abs().to_f64() / 3.0 * 2.0_f64.powi(-30) + noise,
        central: [far, near],
        sides: [near_left, near_right],
        is_smooth,
    })
}

impl Slope {
    fn bound(&self) -> f64 {
        AGREEMENT * self.value.abs().to_f64() + SAFETY * self.error
    }

    /// Whether this is the slope, or the distance from it shrinks with the step as a truncation
    /// error does. (It is all there is where the first derivatives vanish, as those of x⁷ at 0.)
    fn confirms(&self, claimed: Wide) -> bool {
        let [far, near] = self.central.map(|slope| (claimed - slope).abs());
        self.is_smooth
            && ((claimed - self.value).abs().to_f64() <= self.bound()
                || near <= Wide::from(0.3) * far)
    }
}

/// Compares the claimed gradient with difference quotients: first many elements at once, and where
/// that does not agree, one by one. Says whether every element has a derivative.
///
/// # Errors
///
/// With the verdict on the first element that cannot be confirmed.
pub(crate) fn compare(point: &impl Objective) -> Checked<bool> {
    let mut all_smooth = true;
    let mut random = crate::random::Random::new(point.seed());
    let scales = scales(point);
    for group in groups(point, &scales) {
        if group.len() < 4 || !group_agrees(point, &scales, &group, &mut random) {
            for element in group {
                all_smooth &= compare_element(point, element)?;
            }
        }
    }
    Ok(all_smooth)
}

/// Input and element.
type Place = (usize, usize);

/// How far each element can be moved for its surroundings to look straight.
fn scales(point: &impl Objective) -> Vec<Vec<f64>> {
    let scale = |input: usize, x: f64| {
        let edge = 0.5 * point.distance_to_edge(input, x);
        let size = if x == 0.0 { 1.0 } else { x.abs() };
        power_of_two_below(size.min(1.0).min(edge))
    };
    let scales = |(input, x): (usize, &Tensor<Wide>)| {
        let values = x.as_slice().iter();
        values.map(|x| scale(input, x.to_f64())).collect()
    };
    point.x().iter().enumerate().map(scales).collect()
}

/// The largest power of two that is not above `x`: steps that are powers of two make x ± h exact.
fn power_of_two_below(x: f64) -> f64 {
    2.0_f64.powi(x.max(f64::MIN_POSITIVE).log2().floor() as i32)
}

/// Elements whose contributions are within four decades of each other: in a sum over more, a large
/// one would hide a small one. Those that claim 0 are a group.
fn groups(point: &impl Objective, scales: &[Vec<f64>]) -> Vec<Vec<Place>> {
    let mut places: Vec<(f64, Place)> = Vec::new();
    for (input, x_bar) in point.x_bar().iter().enumerate() {
        for (element, g) in x_bar.as_slice().iter().enumerate() {
            let contribution = g.abs().to_f64() * scales[input][element];
            places.push((contribution, (input, element)));
        }
    }
    places.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut groups: Vec<Vec<Place>> = Vec::new();
    let mut limit = f64::NEG_INFINITY;
    for (contribution, place) in places {
        if contribution > limit {
            limit = 1e4 * contribution;
            groups.push(Vec::new());
        }
        groups.last_mut().expect("one was just begun").push(place);
    }
    groups
}

/// Whether the slope along a random direction, in which every element of the group contributes
/// about as much, is the claimed one. A `false` settles nothing.
fn group_agrees(
    point: &impl Objective,
    scales: &[Vec<f64>],
    group: &[Place],
    random: &mut crate::random::Random,
) -> bool {
    let claim = |(input, element): Place| point.x_bar()[input].as_slice()[element];
    let contribution = |place: Place| claim(place).abs().to_f64() * scales[place.0][place.1];
    let smallest = group
        .iter()
        .map(|&place| contribution(place))
        .fold(f64::INFINITY, f64::min);
    let mut direction = Direction::none(point.x());
    let (mut claimed, mut size) = (Wide::zero(), 0.0);
    for &place in group {
        let leveled = match contribution(place) {
            0.0 => 1.0,
            contribution => smallest / contribution,
        };
        let step = Wide::from(scales[place.0][place.1] * leveled * random.signed());
        direction.0[place.0][place.1] = step;
        claimed += claim(place) * step;
        size += (claim(place) * step).abs().to_f64();
    }
    let Some(slope) = slope(point.rise(&direction), 2.0_f64.powi(-34)) else {
        return false;
    };
    let each = AGREEMENT * size / group.len() as f64;
    let bound = each + SAFETY * slope.error;
    let sharp = bound <= 1e-9 * size || size == 0.0;
    let tangent_agrees = || {
        let bound = each + cancelled(point, 1.0);
        let agrees = |tangent: Wide| (claimed - tangent).abs().to_f64() <= bound;
        point.tangent(&direction).is_none_or(agrees)
    };
    slope.is_smooth && sharp && (claimed - slope.value).abs().to_f64() <= bound && tangent_agrees()
}

/// What dual numbers leave of terms that cancel: the digits of 106 bits, less 24 bits of cancellation.
pub(crate) const LEFT_BY_CANCELLATION: f64 = 1.0 / (1_u128 << 80) as f64;

/// What a derivative by dual numbers loses where large terms cancel, for a step that is made for this
/// scale.
fn cancelled(point: &impl Objective, scale: f64) -> f64 {
    LEFT_BY_CANCELLATION * point.magnitude().to_f64() / scale
}

/// Compares one element of the claimed gradient. Says whether it has a derivative.
///
/// Steps are tried from the scale of the surroundings down, so that a kink or a tie close by is
/// stepped under. A right gradient is confirmed by one of them, a wrong one by none.
///
/// # Errors
///
/// With the verdict, if it cannot be confirmed.
pub(crate) fn compare_element(point: &impl Objective, (input, element): Place) -> Checked<bool> {
    let claimed = point.x_bar()[input].as_slice()[element];
    let slopes = element_slopes(point, (input, element));
    let finding = |expected: Wide, bound: f64, what: &str| {
        Finding {
            input: Some(input),
            element: Some(element),
            expected: expected.to_f64(),
            bound,
            got: claimed.to_f64(),
            ..Finding::of(what)
        }
        .fail()
    };
    let tangent = || point.tangent(&Direction::along(point.x(), (input, element)));
    let x = point.x()[input].as_slice()[element].abs().to_f64();
    let lost = cancelled(point, if x == 0.0 { 1.0 } else { x.min(1.0) });
    let tangent_bound = |tangent: Wide| AGREEMENT * tangent.abs().to_f64() + lost;
    let tangent_agrees =
        |tangent: Wide| (claimed - tangent).abs().to_f64() <= tangent_bound(tangent);
    let mut coarse = false;
    let mut best: Option<Slope> = None;
    let mut finest = None;
    for (slope, scale) in slopes {
        if slope.confirms(claimed) {
            let size = slope.value.abs().max(claimed.abs()).to_f64();
            let negligible = 1e-12 * point.magnitude().to_f64() / scale;
            if slope.bound() <= (1e-6 * size).max(negligible) {
                return match tangent() {
                    Some(tangent) if !tangent_agrees(tangent) => {
                        let bound = tangent_bound(tangent);
                        Err(finding(tangent, bound, "it is not what dual numbers give"))
                    }
                    _ => Ok(true),
                };
            }
            coarse = true;
        }
        if slope.is_smooth && best.is_none_or(|best| slope.error < best.error) {
            best = Some(slope);
        }
        finest = Some(slope);
    }
    match (finest, best) {
        (None, _) => Err(Verdict::Inconclusive("the value is not finite nearby")),
        _ if coarse => Err(Verdict::Inconclusive("the differences are too coarse here")),
        (Some(finest), Some(best)) if finest.is_smooth => {
            // Only a sharp witness excuses: beside a huge element the dual numbers' bound is wide.
            let excuses = |tangent: Wide| {
                let size = tangent.abs().max(claimed.abs()).to_f64();
                let sharp = tangent_bound(tangent) <= 1e-6 * size;
                let strict = AGREEMENT * tangent.abs().to_f64();
                (sharp && tangent_agrees(tangent)) || (claimed - tangent).abs().to_f64() <= strict
            };
            if tangent().is_some_and(excuses) {
                let what = "the differences contradict the dual numbers, which confirm it";
                return Err(Verdict::Inconclusive(what));
            }
            let what = "it is not the derivative";
            Err(finding(best.value, best.bound(), what))
        }
        (Some(finest), _) => {
            let [left, right] = finest.sides;
            let [low, high] = [left.min(right), left.max(right)];
            let slack = 1e-9 * low.abs().max(high.abs()).to_f64() + SAFETY * finest.error;
            if (low - claimed).to_f64() <= slack && (claimed - high).to_f64() <= slack {
                return Ok(false);
            }
            let nearest = if claimed < low { low } else { high };
            let what = "the slopes to the left and right differ (a kink, or lost digits), \
                        and it is not between them";
            Err(finding(nearest, slack, what))
        }
    }
}

/// The slopes for one element, from the widest steps to the finest, each with the scale its step
/// was made for.
fn element_slopes<'p>(
    point: &'p impl Objective,
    (input, element): Place,
) -> impl Iterator<Item = (Slope, f64)> + 'p {
    let x = point.x()[input].as_slice()[element].to_f64();
    let wide = 1.0_f64.min(0.5 * point.distance_to_edge(input, x));
    let narrow = if x == 0.0 { wide } else { x.abs().min(wide) };
    let scales = if narrow < wide {
        vec![wide, narrow]
    } else {
        vec![wide]
    };
    let direction = Direction::along(point.x(), (input, element));
    [-33, -43, -53]
        .into_iter()
        .flat_map(move |fineness| {
            scales
                .clone()
                .into_iter()
                .map(move |scale| (fineness, scale))
        })
        .filter_map(move |(fineness, scale)| {
            let h = power_of_two_below(scale) * 2.0_f64.powi(fineness);
            Some((slope(point.rise(&direction), h)?, scale))
        })
}
