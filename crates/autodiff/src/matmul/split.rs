//! How a large product is split among threads: which axis of C is cut, and into how large parts.

use std::ops::Range;

use super::blocks::{BLOCK_IN_PLACE, Copied, ROWS_AT_ONCE, THIRD_CACHE, copied};
use super::kernel::{Isa, Kernel, on_isa};
use super::native::Native;
use super::product::{Product, parts};
use super::simd::Simd;
use super::threads::WORTH_A_THREAD;

/// Parts of an axis of C, for threads that take the next one whenever they have time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Split {
    pub(super) axis: Axis,
    len: usize,
    threads: usize,
    /// The smallest and the largest part, in rows or columns, before they are rounded up to whole tiles.
    least: usize,
    most: usize,
    tile: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    Rows,
    Cols,
}

/// With so many tiles for each thread, it hardly matters which thread takes the last one.
const MANY_TILES: usize = 16;

/// If each thread has so many times [`WORTH_A_THREAD`] to do, small parts are worth the time to hand them out.
const MUCH_WORK: usize = 16;

/// A part of fewer rows uses its copy of B too seldom to repay it.
const FEW_ROWS: usize = 128;

/// A part of so many rows repays its copy of B many times.
const MANY_ROWS: usize = 1024;

impl Split {
    /// How to split a product for a kernel that is a sweep. Parts get smaller towards the end of the axis, so that
    /// a thread that finds none left waits only for small ones, except where small parts would copy too much.
    pub(super) fn of<S: Native>(kernel: Kernel, product: &Product<S>, threads: usize) -> Self {
        let (Kernel::InPlace(isa) | Kernel::Strips(isa) | Kernel::Packed(isa)) = kernel else {
            unreachable!("{kernel:?} is not for parts")
        };
        let Product { m, k, n, .. } = *product;
        let tile_rows = on_isa!(isa, S, <V>::ROWS);
        let tile_cols = on_isa!(isa, S, <V>::COLS);
        let rows = |least, most| Self {
            axis: Axis::Rows,
            len: m,
            threads,
            least,
            most,
            tile: tile_rows,
        };
        let cols = |least, most| Self {
            axis: Axis::Cols,
            len: n,
            threads,
            least,
            most,
            tile: tile_cols,
        };
        let [row_share, col_share] = [m, n].map(|len| len.div_ceil(threads));
        // A part of the rows reads all of B and a part of the columns reads all of A, so the longer axis is the one
        // to cut, unless whole tiles of it leave one thread much more than the other axis would.
        let of_rows = row_share
            .next_multiple_of(tile_rows)
            .min(m)
            .saturating_mul(n);
        let of_cols = col_share
            .next_multiple_of(tile_cols)
            .min(n)
            .saturating_mul(m);
        let is_by_rows = match m >= n {
            true => of_rows <= of_cols.saturating_add(of_cols / 4),
            false => of_cols > of_rows.saturating_add(of_rows / 4),
        };
        let one_for_each = match is_by_rows {
            true => rows(row_share, row_share),
            false => cols(col_share, col_share),
        };
        match kernel {
            Kernel::InPlace(_) if is_by_rows => rows(row_share.div_ceil(16), row_share.div_ceil(2)),
            Kernel::InPlace(_) => {
                // Of a B that is in no cache, only parts larger than a block are fetched as such.
                let b = k.saturating_mul(product.b.row.unsigned_abs());
                let block = match b > THIRD_CACHE / size_of::<S>() {
                    true => BLOCK_IN_PLACE / size_of::<S>() / k + 1,
                    false => 0,
                };
                let count = col_share / block.max(4 * tile_cols);
                let least = col_share.div_ceil(count.clamp(1, 16));
                cols(least, col_share.div_ceil(2).max(least))
            }
            Kernel::Packed(_) => match on_isa!(isa, S, copied::<V>(product)) {
                // A part of the columns copies what no other part does. One of the rows copies all of B.
                Copied::B { .. } if row_share >= 2 * MANY_ROWS => {
                    let part = row_share.div_ceil(row_share / MANY_ROWS);
                    rows(part, part)
                }
                Copied::B { at_once }
                    if n >= MANY_TILES * threads * tile_cols
                        && product.multiplications() / threads >= MUCH_WORK * WORTH_A_THREAD =>
                {
                    let least = at_once.div_ceil(4).min(n / (MANY_TILES * threads));
                    cols(least, at_once)
                }
                Copied::B { .. } if row_share < FEW_ROWS && n >= 4 * threads * tile_cols => {
                    cols(col_share, col_share)
                }
                // Cut by columns, every part copies all of A: (threads − 1) m k elements more than once. Cut by rows,
                // every part copies all of B: `copies` k n elements more.
                Copied::Both => {
                    let blocks = row_share.div_ceil(ROWS_AT_ONCE);
                    let copies = threads * blocks - m.div_ceil(ROWS_AT_ONCE);
                    match copies.saturating_mul(n) <= (threads - 1).saturating_mul(m) {
                        true => {
                            let part = row_share.div_ceil(blocks);
                            rows(part, part)
                        }
                        false => one_for_each,
                    }
                }
                Copied::B { .. } => one_for_each,
            },
            // Every part of the rows copies all of B.
            _ => one_for_each,
        }
    }

    /// The parts, which begin where a tile does.
    pub(super) fn parts(self) -> impl Iterator<Item = Range<usize>> {
        parts(self.len, move |left| {
            let part = (left / (2 * self.threads)).clamp(self.least, self.most);
            left.min(part.next_multiple_of(self.tile))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;
    use crate::matmul::product::{Place, Update};

    /// Of matrices that nothing reads, A by rows or by neither, B by rows.
    fn product<S: Native>([m, k, n]: [usize; 3], a_col: isize) -> Product<S> {
        let place = |row: usize, col| Place {
            at: ptr::null(),
            row: row as isize,
            col,
        };
        Product {
            m,
            k,
            n,
            a: place(2 * k, a_col),
            b: place(n, 1),
            c: Place {
                at: ptr::null_mut(),
                row: n as isize,
                col: 1,
            },
            update: Update::scaled(S::one(), S::zero()),
        }
    }

    /// What the busiest thread has to do, of `split.len`.
    fn longest(split: Split) -> usize {
        let mut threads = vec![0; split.threads];
        for part in split.parts() {
            *threads.iter_mut().min().expect("some threads") += part.len();
        }
        threads.into_iter().max().expect("some threads")
    }

    fn check<S: Native>(isa: Isa) {
        let lengths = [
            1, 7, 48, 129, 385, 512, 784, 1024, 1030, 4100, 9380, 17_528, 50_000,
        ];
        let threads = [2, 3, 4, 7, 8, 16, 64];
        let kernels = [Kernel::InPlace, Kernel::Strips, Kernel::Packed].map(|kernel| kernel(isa));
        for (m, n) in lengths.iter().flat_map(|&m| lengths.map(|n| (m, n))) {
            for (k, a_col) in [1, 64, 784, 9000].iter().flat_map(|&k| [(k, 1), (k, 2)]) {
                let product = product::<S>([m, k, n], a_col);
                let work = product.multiplications() / WORTH_A_THREAD;
                let threads = threads.into_iter().filter(|&threads| threads <= work);
                for (kernel, threads) in threads.flat_map(|t| kernels.map(|k| (k, t))) {
                    let split = Split::of(kernel, &product, threads);
                    let case = format!("{kernel:?} {m} × {k} × {n}, {split:?}");
                    let mut end = 0;
                    for part in split.parts() {
                        assert!(part.start == end && !part.is_empty(), "{case}");
                        assert!(part.start.is_multiple_of(split.tile), "{case}");
                        assert!(
                            part.len() <= split.most.next_multiple_of(split.tile),
                            "{case}"
                        );
                        end = part.end;
                    }
                    assert_eq!(end, split.len, "{case}");
                    let even = split.len.div_ceil(threads).next_multiple_of(split.tile);
                    let longest = longest(split);
                    assert!(longest <= even + even / 4, "{case}: {longest} of {even}");
                }
            }
        }
    }

    /// In whole tiles of 48 columns two threads in three would have none.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn the_axis_that_is_cut_has_a_part_for_every_thread() {
        let product = product::<f32>([1000, 1000, 1030], 1);
        let split = Split::of(Kernel::Packed(Isa::Avx512), &product, 64);
        assert_eq!(split.axis, Axis::Rows);
    }

    #[test]
    fn parts_are_whole_tiles_and_no_thread_has_much_more_than_its_share() {
        for isa in [
            Isa::Portable,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512,
        ] {
            check::<f32>(isa);
            check::<f64>(isa);
        }
    }
}
