//! The elements that a reduction over some axes makes one of, in groups of several such sums at a time.

use std::ops::Range;

use super::Axes;
use crate::matmul::{Loop, vectorized};
use crate::runs::for_each_run;
use crate::{MAX_RANK, Scalar, Shape, sum};

/// The most sums of a group: what a rule keeps of each of them fits on the stack.
pub(super) const MOST: usize = 256;

/// Visits the sums over these axes, each in one group.
pub(super) fn for_each_group(shape: Shape, axes: Axes, visit: &mut dyn FnMut(&Group<'_>)) {
    let strides = shape.strides_in(shape);
    let terms = axes.complement(shape);
    let (mut runs, mut only) = (0, None);
    for_each_run(terms, &[strides], &mut |run| {
        runs += 1;
        only = (runs == 1).then_some((run.len, run.strides[0]));
    });
    for_each_run(axes.squeezed(shape), &[strides], &mut |run| {
        let groups = match run.strides[0] {
            1 => run.len.div_ceil(MOST),
            _ => run.len,
        };
        let mut k = 0;
        for left in (1..=groups).rev() {
            let count = (run.len - k).div_ceil(left);
            visit(&Group {
                terms,
                strides: &strides,
                only,
                first: run.offsets[0] + k * run.strides[0],
                sums: run.start + k..run.start + k + count,
            });
            k += count;
        }
    });
}

/// Sums whose first terms are neighbours, and so are their second ones, and so on; or one sum.
pub(super) struct Group<'a> {
    /// The shape of one sum's terms.
    terms: Shape,
    strides: &'a [usize; MAX_RANK],
    /// How many terms there are and how far apart, if that is the same for all: found out once for all groups.
    only: Option<(usize, usize)>,
    /// Where the first term of the first sum is.
    first: usize,
    /// Which of all sums they are.
    pub(super) sums: Range<usize>,
}

impl Group<'_> {
    /// Visits neighbouring elements: one of each sum, or, of a single sum, as many as follow each other.
    pub(super) fn for_each_range(&self, visit: &mut dyn FnMut(Range<usize>)) {
        let count = self.sums.len();
        let mut of_run = |first: usize, len: usize, stride: usize| {
            if count == 1 && stride == 1 {
                return visit(first..first + len);
            }
            for k in 0..len {
                let at = first + k * stride;
                visit(at..at + count);
            }
        };
        match self.only {
            Some((len, stride)) => of_run(self.first, len, stride),
            None => for_each_run(self.terms, &[*self.strides], &mut |run| {
                of_run(self.first + run.offsets[0], run.len, run.strides[0]);
            }),
        }
    }

    /// The largest element of each sum, −∞ if there are none. A NaN is none.
    pub(super) fn largest<S: Scalar>(&self, x: &[S], largest: &mut [S]) {
        largest.fill(S::neg_infinity());
        self.for_each_range(&mut |range| match &mut *largest {
            [largest] => *largest = larger(*largest, maximum(&x[range])),
            _ => each(largest, [&x[range]], [], |m, [x], []| larger(m, x)),
        });
    }

    /// Adds f(x, …) of all elements to their sums, where f is told what else is known of the sum.
    pub(super) fn add<S: Scalar, const N: usize, const M: usize>(
        &self,
        sums: &mut [S],
        from: [&[S]; N],
        of: [&[S]; M],
        f: impl Fn([S; N], [S; M]) -> S + Copy,
    ) {
        self.for_each_range(&mut |range| add_range(sums, from.map(|x| &x[range.clone()]), of, f));
    }

    /// `chosen` ← the element of `from` at an x of that `value`, of each sum; what was there, if there is none.
    pub(super) fn choose<S: Scalar>(&self, chosen: &mut [S], from: &[S], x: &[S], value: &[S]) {
        self.for_each_range(&mut |range| {
            let (from, x) = (&from[range.clone()], &x[range]);
            match (&mut *chosen, value) {
                ([chosen], &[value]) => {
                    if let Some(k) = x.iter().position(|&x| x == value) {
                        *chosen = from[k];
                    }
                }
                _ => each(chosen, [from, x], [value], |chosen, [from, x], [value]| {
                    if x == value { from } else { chosen }
                }),
            }
        });
    }

    /// `to` ← f(`to`, x, …) for all elements, where f is told what is known of their sum.
    pub(super) fn update<S: Scalar, const N: usize, const M: usize>(
        &self,
        to: &mut [S],
        from: [&[S]; N],
        of: [&[S]; M],
        f: impl Fn(S, [S; N], [S; M]) -> S + Copy,
    ) {
        self.for_each_range(&mut |range| {
            update_range(
                &mut to[range.clone()],
                from.map(|x| &x[range.clone()]),
                of,
                f,
            );
        });
    }
}

/// So few terms are added before [`sum`] has begun.
const FEW: usize = 32;

/// Of one [range](Group::for_each_range): adds f(x, …) to the sums.
pub(super) fn add_range<S: Scalar, const N: usize, const M: usize>(
    sums: &mut [S],
    from: [&[S]; N],
    of: [&[S]; M],
    f: impl Fn([S; N], [S; M]) -> S + Copy,
) {
    if let [one] = sums {
        let of = of.map(|of| of[0]);
        let len = from.first().map_or(0, |x| x.len());
        if len <= FEW {
            for k in 0..len {
                *one += f(from.map(|x| x[k]), of);
            }
            return;
        }
        *one += sum(
            from,
            #[inline(always)]
            |x| f(x, of),
        );
    } else {
        each(
            sums,
            from,
            of,
            #[inline(always)]
            |sum, x, of| sum + f(x, of),
        );
    }
}

/// Of one [range](Group::for_each_range): `to` ← f(`to`, x, …).
pub(super) fn update_range<S: Scalar, const N: usize, const M: usize>(
    to: &mut [S],
    from: [&[S]; N],
    of: [&[S]; M],
    f: impl Fn(S, [S; N], [S; M]) -> S + Copy,
) {
    if of.iter().all(|of| of.len() == 1) {
        let of = of.map(|of| of[0]);
        each(
            to,
            from,
            [],
            #[inline(always)]
            |to, x, []| f(to, x, of),
        );
    } else {
        each(to, from, of, f);
    }
}

#[inline(always)]
fn larger<S: Scalar>(m: S, x: S) -> S {
    if x > m { x } else { m }
}

/// The largest element, −∞ if there is none.
fn maximum<S: Scalar>(x: &[S]) -> S {
    vectorized::<S, _>(Maximum { x })
}

struct Maximum<'a, S> {
    x: &'a [S],
}

impl<S: Scalar> Loop for Maximum<'_, S> {
    type Output = S;

    /// In lanes, each of which would wait for the last comparison.
    #[inline(always)]
    fn run(self) -> S {
        let (whole, rest) = self.x.as_chunks::<8>();
        let mut lanes = [S::neg_infinity(); 8];
        for x in whole {
            for (m, &x) in lanes.iter_mut().zip(x) {
                *m = larger(*m, x);
            }
        }
        let all = lanes.iter().chain(rest).copied();
        all.fold(S::neg_infinity(), larger)
    }
}

/// `to[k]` ← f(`to[k]`, [`from[0][k]`, …], [`of[0][k]`, …]), in the machine's vector instructions.
fn each<S: Scalar, const N: usize, const M: usize>(
    to: &mut [S],
    from: [&[S]; N],
    of: [&[S]; M],
    f: impl Fn(S, [S; N], [S; M]) -> S + Copy,
) {
    vectorized::<S, _>(Each { to, from, of, f });
}

struct Each<'a, S, F, const N: usize, const M: usize> {
    to: &'a mut [S],
    from: [&'a [S]; N],
    of: [&'a [S]; M],
    f: F,
}

impl<S: Scalar, F, const N: usize, const M: usize> Loop for Each<'_, S, F, N, M>
where
    F: Fn(S, [S; N], [S; M]) -> S,
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let from = self.from.map(|x| &x[..self.to.len()]);
        let of = self.of.map(|x| &x[..self.to.len()]);
        for (k, to) in self.to.iter_mut().enumerate() {
            *to = (self.f)(*to, from.map(|x| x[k]), of.map(|x| x[k]));
        }
    }
}
