//! Elementwise loops, long ones on several threads, and sums, on one: in the vector instructions of
//! the machine that runs them.

use crate::Scalar;
use crate::matmul::{Loop, in_parts, vectorized};

/// `to[k]` ← f(`from[0][k]`, …): a loop that becomes vector instructions, the widest that the
/// machine has, a long one on several threads.
///
/// f is copied, with what it captures, to where the loop is: behind a reference it would be read
/// again for every element.
///
/// The compiler leaves a long closure a call, which keeps the loop scalar: it then needs the
/// attribute `#[inline(always)]`, and so do the functions it calls.
///
/// ```
/// use autodiff::{Scalar, assign};
///
/// let (x, y) = ([0.0, 1.0], [2.0, 3.0]);
/// let mut z = [0.0; 2];
/// assign(&mut z, [&x, &y], #[inline(always)] |[x, y]| x.vector_exp() * y);
/// assert_eq!(z[0], 2.0);
/// ```
///
/// # Panics
///
/// If a slice of `from` is shorter than `to`.
#[inline]
#[track_caller]
pub fn assign<S: Scalar, const N: usize>(
    to: &mut [S],
    from: [&[S]; N],
    f: impl Fn([S; N]) -> S + Copy + Sync,
) {
    in_parts(to, |start, to| {
        let from = from.map(|x| &x[start..]);
        vectorized::<S, _>(Assign { to, from, f });
    });
}

/// `to[k]` ← f(`to[k]`, [`from[0][k]`, …]): [`assign`] where what was there counts, as in a step of
/// an optimizer.
///
/// ```
/// let (mut w, gradient) = ([1.0, 2.0], [0.5, -0.5]);
/// autodiff::update(&mut w, [&gradient], |w, [g]| w - 0.1 * g);
/// assert_eq!(w, [0.95, 2.05]);
/// ```
///
/// # Panics
///
/// If a slice of `from` is shorter than `to`.
#[inline]
#[track_caller]
pub fn update<S: Scalar, const N: usize>(
    to: &mut [S],
    from: [&[S]; N],
    f: impl Fn(S, [S; N]) -> S + Copy + Sync,
) {
    in_parts(to, |start, to| {
        let from = from.map(|x| &x[start..]);
        vectorized::<S, _>(Update { to, from, f });
    });
}

struct Assign<'a, S, F, const N: usize> {
    to: &'a mut [S],
    from: [&'a [S]; N],
    f: F,
}

impl<S: Scalar, F: Fn([S; N]) -> S, const N: usize> Loop for Assign<'_, S, F, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        // Cut here, where the loop is: an index that may be out of bounds would keep it scalar.
        let from = self.from.map(|x| &x[..self.to.len()]);
        for (k, to) in self.to.iter_mut().enumerate() {
            *to = (self.f)(from.map(|x| x[k]));
        }
    }
}

struct Update<'a, S, F, const N: usize> {
    to: &'a mut [S],
    from: [&'a [S]; N],
    f: F,
}

impl<S: Scalar, F: Fn(S, [S; N]) -> S, const N: usize> Loop for Update<'_, S, F, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let from = self.from.map(|x| &x[..self.to.len()]);
        for (k, to) in self.to.iter_mut().enumerate() {
            *to = (self.f)(*to, from.map(|x| x[k]));
        }
    }
}

/// Σ f(`from[0][k]`, …), in eight interleaved partial sums: faster than one running sum, whose
/// every addition waits for the last, and its rounding error is smaller. What the ops sum with. Of
/// a long f the same is true as for [`assign`].
///
/// ```
/// let (x, y) = ([1.0, 2.0, 3.0], [1.0, 0.0, 2.0]);
/// assert_eq!(autodiff::sum([&x, &y], |[x, y]| x * y), 7.0);
/// ```
///
/// # Panics
///
/// If the slices differ in length.
#[inline]
#[track_caller]
pub fn sum<S: Scalar, const N: usize>(from: [&[S]; N], f: impl Fn([S; N]) -> S) -> S {
    let len = from.first().map_or(0, |x| x.len());
    assert!(
        from.iter().all(|x| x.len() == len),
        "sum: the slices differ in length"
    );
    vectorized::<S, _>(Sum { from, f })
}

struct Sum<'a, S, F, const N: usize> {
    from: [&'a [S]; N],
    f: F,
}

/// The partial sums.
const LANES: usize = 8;

/// How many terms are computed before they are added: a whole number of every machine's vectors,
/// and enough that setting out for a loop does not count.
const TERMS: usize = 256;

impl<S: Scalar, F: Fn([S; N]) -> S, const N: usize> Loop for Sum<'_, S, F, N> {
    type Output = S;

    #[inline(always)]
    fn run(self) -> S {
        let len = self.from.first().map_or(0, |x| x.len());
        let (mut lanes, mut terms) = ([S::zero(); LANES], [S::zero(); TERMS]);
        for start in (0..len).step_by(TERMS) {
            let count = TERMS.min(len - start);
            let from = self.from.map(|x| &x[start..][..count]);
            for (k, term) in terms[..count].iter_mut().enumerate() {
                *term = (self.f)(from.map(|x| x[k]));
            }
            // What an earlier round left behind the terms would be added once more.
            let end = count.next_multiple_of(LANES);
            terms[count..end].fill(S::zero());
            add_to(&mut lanes, terms[..end].as_chunks().0);
        }
        added(lanes)
    }
}

/// Σ `x[k]`: [`sum`] of what is already there.
#[inline]
pub(crate) fn total<S: Scalar>(x: &[S]) -> S {
    vectorized::<S, _>(Total { x })
}

struct Total<'a, S> {
    x: &'a [S],
}

impl<S: Scalar> Loop for Total<'_, S> {
    type Output = S;

    #[inline(always)]
    fn run(self) -> S {
        let mut lanes = [S::zero(); LANES];
        let (whole, rest) = self.x.as_chunks::<LANES>();
        add_to(&mut lanes, whole);
        for (lane, &term) in lanes.iter_mut().zip(rest) {
            *lane += term;
        }
        added(lanes)
    }
}

#[inline(always)]
fn add_to<S: Scalar>(lanes: &mut [S; LANES], terms: &[[S; LANES]]) {
    for eight in terms {
        for (lane, &term) in lanes.iter_mut().zip(eight) {
            *lane += term;
        }
    }
}

#[inline(always)]
fn added<S: Scalar>([a, b, c, d, e, f, g, h]: [S; LANES]) -> S {
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sum_adds_every_term_once() {
        for n in 0..200 {
            let x: Vec<f64> = (0..n).map(f64::from).collect();
            assert_eq!(sum([&x], |[x]| x), f64::from(n * (n - 1) / 2));
            assert_eq!(total(&x), sum([&x], |[x]| x));
        }
    }
}
