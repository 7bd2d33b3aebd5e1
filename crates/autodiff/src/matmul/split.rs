//! How a large product is split among threads: which axis of C is cut, and into how large parts.

use std::ops::Range;

use super::blocks::{BLOCK_IN_PLACE, Copied, ROWS_AT_ONCE, copied};
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
    /// The rows or columns of a part, before they are rounded up to whole tiles.
    least: usize,
    most: usize,
    tile: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    Rows,
    Cols,
}

/// So many tiles for each thread that it hardly matters who takes the last one.
const MANY_TILES: usize = 16;

/// So many times the work that is worth a thread for each of them that the smallest parts are worth taking.
const MUCH_WORK: usize = 16;

/// To fewer rows a copy of B is too dear.
const FEW_ROWS: usize = 128;

/// To so many it is nothing.
const MANY_ROWS: usize = 1024;

impl Split {
    /// Of a product for a kernel that is a sweep. At the end of the axis parts are smaller, where a thread that
    /// finds none left waits for the others, unless small ones are too dear.
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
        // to cut.
        let one_for_each = match m >= n {
            true => rows(row_share, row_share),
            false => cols(col_share, col_share),
        };
        match kernel {
            Kernel::InPlace(_) if m >= n => rows(row_share.div_ceil(16), row_share.div_ceil(2)),
            // Parts of a B that is in no cache are large enough to be fetched as such.
            Kernel::InPlace(_) => {
                let block = BLOCK_IN_PLACE / size_of::<S>() / k.max(1);
                let blocks = col_share / (block + 1).max(4 * tile_cols);
                let least = col_share.div_ceil(blocks.clamp(1, 16));
                cols(least, col_share.div_ceil(2).max(least))
            }
            Kernel::Packed(_) => match on_isa!(isa, S, copied::<V>(product)) {
                // A part of the columns copies what no other part does. One of the rows copies all of B.
                Copied::B { .. } if row_share >= 2 * MANY_ROWS => {
                    rows(MANY_ROWS, row_share.div_ceil(2))
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
                // A part of the columns copies all of A, and B as often as there are blocks of rows; one of the
                // rows copies B at least once.
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
        let lengths = [1, 7, 48, 129, 385, 512, 784, 1024, 4100, 50_000];
        let threads = [2, 3, 7, 16, 64];
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
                    let share = split.len.div_ceil(threads);
                    let most = share + share / 4 + split.tile;
                    assert!(longest(split) <= most, "{case}: {} {share}", longest(split));
                }
            }
        }
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
