//! Matrices in any layout a slice can have them in.

use autodiff::matmul::{Matrix, MatrixMut};
use autodiff::{Dual, Scalar};

/// What a matrix of the tests is made of. `==` asks for the primal of a dual number alone.
pub(crate) trait Element: Scalar {
    fn new(primal: f64, tangent: f64) -> Self;

    /// The primal and the tangent.
    fn parts(self) -> [f64; 2];
}

macro_rules! element {
    ($scalar:ty) => {
        impl Element for $scalar {
            fn new(primal: f64, _: f64) -> Self {
                Self::constant(primal)
            }

            fn parts(self) -> [f64; 2] {
                [self.into(), 0.0]
            }
        }
    };
}

element!(f32);
element!(f64);

impl Element for Dual<f64> {
    fn new(primal: f64, tangent: f64) -> Self {
        Self { primal, tangent }
    }

    fn parts(self) -> [f64; 2] {
        [self.primal, self.tangent]
    }
}

/// That both are the same, tangents too.
#[track_caller]
pub(crate) fn assert_same<S: Element>(found: &[S], expected: &[S], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (x, y)) in found.iter().zip(expected).enumerate() {
        assert_eq!(x.parts(), y.parts(), "{what}, element {at}");
    }
}

/// How a rows × cols matrix lies in its slice: row by row, or column by column if transposed, with
/// elements `step` apart, `gap` more between two rows, and `tail` unused places at the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) transposed: bool,
    pub(crate) step: usize,
    pub(crate) gap: usize,
    pub(crate) tail: usize,
}

/// A slice, and where the matrix lies in it. The arithmetic of offsets is this file's own.
#[derive(Clone, Debug)]
pub(crate) struct Stored<S> {
    pub(crate) data: Vec<S>,
    pub(crate) size: [usize; 2],
    pub(crate) layout: Layout,
}

impl Layout {
    pub(crate) const ROW_MAJOR: Self = Self {
        transposed: false,
        step: 1,
        gap: 0,
        tail: 0,
    };

    /// The places of the elements, row by row.
    fn places(self, [rows, cols]: [usize; 2]) -> Vec<usize> {
        let elements = (0..rows).flat_map(|i| (0..cols).map(move |j| (i, j)));
        elements
            .map(|(i, j)| match self.transposed {
                false => i * (cols * self.step + self.gap) + j * self.step,
                true => j * (rows * self.step + self.gap) + i * self.step,
            })
            .collect()
    }
}

impl<S: Element> Stored<S> {
    /// Integers from −9 to 9, so that products and sums are exact and their order does not matter, with
    /// tangents like that; `unused` between them, and nothing behind the last one but the tail: what reads or writes
    /// past that leaves the allocation.
    pub(crate) fn integers(size: [usize; 2], layout: Layout, seed: u32, unused: S) -> Self {
        let places = layout.places(size);
        let len = places.iter().max().map_or(0, |last| last + 1) + layout.tail;
        let mut data = vec![unused; len];
        for (k, place) in (seed..).zip(places) {
            let integer = k.wrapping_mul(2_654_435_761) >> 16;
            let [primal, tangent] = [integer, integer / 19].map(|x| f64::from(x % 19) - 9.0);
            data[place] = S::new(primal, tangent);
        }
        Self { data, size, layout }
    }

    /// The elements, row by row.
    pub(crate) fn elements(&self) -> Vec<S> {
        let places = self.layout.places(self.size).into_iter();
        places.map(|place| self.data[place]).collect()
    }

    pub(crate) fn set_elements(&mut self, elements: &[S]) {
        for (place, &element) in self.layout.places(self.size).into_iter().zip(elements) {
            self.data[place] = element;
        }
    }

    pub(crate) fn matrix(&self) -> Matrix<'_, S> {
        let ([rows, cols], Layout { step, gap, .. }) = (self.size, self.layout);
        if self.layout.transposed {
            Matrix::strided(&self.data, cols, rows, rows * step + gap, step).t()
        } else {
            Matrix::strided(&self.data, rows, cols, cols * step + gap, step)
        }
    }

    pub(crate) fn matrix_mut(&mut self) -> MatrixMut<'_, S> {
        let ([rows, cols], Layout { step, gap, .. }) = (self.size, self.layout);
        if self.layout.transposed {
            MatrixMut::strided(&mut self.data, cols, rows, rows * step + gap, step).t()
        } else {
            MatrixMut::strided(&mut self.data, rows, cols, cols * step + gap, step)
        }
    }
}
