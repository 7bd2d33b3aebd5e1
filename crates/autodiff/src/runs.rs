//! Walking several arrays together, run by run: the one place that knows how to broadcast.

use crate::vectorized::{total, update};
use crate::{MAX_RANK, Scalar, Shape};

/// The most arrays that are walked together.
pub(crate) const MAX_OPERANDS: usize = 4;

/// A stretch of `len` consecutive elements of the walked shape. Operand `i` has its elements at
/// `offsets[i] + k · strides[i]`.
#[derive(Debug)]
pub(crate) struct Run {
    /// The row-major position of the first element in the walked shape.
    pub(crate) start: usize,
    pub(crate) len: usize,
    pub(crate) offsets: [usize; MAX_OPERANDS],
    /// Of operands that are stretched and not permuted, each is 0 or 1.
    pub(crate) strides: [usize; MAX_OPERANDS],
}

/// Visits every element of `shape`, in row-major order, in runs as long as the operands' strides
/// allow. (The visitor is `dyn`, so that this is compiled once and not for every op and scalar.)
pub(crate) fn for_each_run(
    shape: Shape,
    strides: &[[usize; MAX_RANK]],
    visit: &mut dyn FnMut(&Run),
) {
    let size = shape.size();
    if size == 0 {
        return;
    }
    let (dims, strides) = collapsed(shape, strides);
    let inner = dims.len - 1;
    let mut index = [0; MAX_RANK];
    let mut run = Run {
        start: 0,
        len: dims.axes[inner],
        offsets: [0; MAX_OPERANDS],
        strides: strides.map(|of_operand| of_operand[inner]),
    };
    loop {
        visit(&run);
        run.start += run.len;
        if run.start == size {
            return;
        }
        // The odometer: the innermost outer axis that has not reached its end moves on.
        let mut axis = inner;
        loop {
            axis -= 1;
            index[axis] += 1;
            if index[axis] < dims.axes[axis] {
                break;
            }
            index[axis] = 0;
            for (offset, of_operand) in run.offsets.iter_mut().zip(&strides) {
                *offset -= (dims.axes[axis] - 1) * of_operand[axis];
            }
        }
        for (offset, of_operand) in run.offsets.iter_mut().zip(&strides) {
            *offset += of_operand[axis];
        }
    }
}

struct Dims {
    axes: [usize; MAX_RANK],
    len: usize,
}

/// The same walk with neighbouring axes merged wherever every operand steps through them evenly,
/// and with at least one axis.
fn collapsed(
    shape: Shape,
    strides: &[[usize; MAX_RANK]],
) -> (Dims, [[usize; MAX_RANK]; MAX_OPERANDS]) {
    let mut dims = Dims {
        axes: [1; MAX_RANK],
        len: 1,
    };
    let mut merged = [[0; MAX_RANK]; MAX_OPERANDS];
    for (axis, &n) in shape.dims().iter().enumerate() {
        if n == 1 {
            continue;
        }
        let last = dims.len - 1;
        let empty = dims.axes[last] == 1;
        let even = strides
            .iter()
            .zip(&merged)
            .all(|(old, new)| new[last] == n * old[axis]);
        let target = if empty || even { last } else { last + 1 };
        dims.axes[target] = if target == last {
            dims.axes[last] * n
        } else {
            n
        };
        dims.len = target + 1;
        for (old, new) in strides.iter().zip(&mut merged) {
            new[target] = old[axis];
        }
    }
    (dims, merged)
}

/// y ← x, stretched from its shape to `target`.
pub(crate) fn stretch<S: Scalar>(x: &[S], shape: Shape, target: Shape, y: &mut [S]) {
    for_each_run(target, &[shape.strides_in(target)], &mut |run| {
        let (x, y) = (&x[run.offsets[0]..], &mut y[run.start..][..run.len]);
        if run.strides[0] == 0 {
            y.fill(x[0]);
        } else {
            y.copy_from_slice(&x[..run.len]);
        }
    });
}

/// y += the elements of x, of shape `shape`, summed over every axis that `target` is stretched
/// along: the transpose of [`stretch`].
pub(crate) fn reduce<S: Scalar>(x: &[S], shape: Shape, target: Shape, y: &mut [S]) {
    for_each_run(shape, &[target.strides_in(shape)], &mut |run| {
        let (x, y) = (&x[run.start..][..run.len], &mut y[run.offsets[0]..]);
        if run.strides[0] == 0 {
            y[0] += total(x);
        } else {
            update(&mut y[..x.len()], [x], |y, [x]| y + x);
        }
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Where element `k` of `target` is in an array of shape `shape`, by division.
    fn position(mut k: usize, shape: Shape, target: Shape) -> usize {
        let strides = shape.strides_in(target);
        let mut position = 0;
        for axis in (0..target.rank()).rev() {
            position += k % target.dims()[axis] * strides[axis];
            k /= target.dims()[axis];
        }
        position
    }

    fn target_and_stretched() -> impl Strategy<Value = (Shape, Shape)> {
        (
            prop::collection::vec(0_usize..4, 0..=MAX_RANK),
            any::<[bool; MAX_RANK]>(),
            0..=MAX_RANK,
        )
            .prop_map(|(axes, stretched, left_out)| {
                let within: Vec<usize> = axes
                    .iter()
                    .zip(stretched)
                    .skip(left_out)
                    .map(|(&n, one)| if one { 1 } else { n })
                    .collect();
                (Shape::new(&axes), Shape::new(&within))
            })
    }

    proptest! {
        #[test]
        fn every_element_is_visited_once_in_order((target, within) in target_and_stretched()) {
            let mut visited = Vec::new();
            for_each_run(target, &[within.strides_in(target)], &mut |run| {
                assert_eq!(run.start, visited.len());
                visited.extend((0..run.len).map(|k| run.offsets[0] + k * run.strides[0]));
            });
            let expected: Vec<usize> =
                (0..target.size()).map(|k| position(k, within, target)).collect();
            prop_assert_eq!(visited, expected);
        }

        #[test]
        fn reduce_is_the_transpose_of_stretch((target, within) in target_and_stretched()) {
            // Integers, so that ⟨stretch(x), z⟩ = ⟨x, reduce(z)⟩ holds without rounding.
            let x: Vec<f64> = (0..within.size()).map(|k| k as f64 + 1.0).collect();
            let z: Vec<f64> = (0..target.size()).map(|k| (k % 7) as f64 - 2.0).collect();
            let mut stretched = vec![f64::NAN; target.size()];
            stretch(&x, within, target, &mut stretched);
            let mut reduced = vec![0.0; within.size()];
            reduce(&z, target, within, &mut reduced);
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            prop_assert_eq!(dot(&stretched, &z), dot(&x, &reduced));
        }
    }
}
