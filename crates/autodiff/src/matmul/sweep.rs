//! The kernel that all products with a long axis end in: C's rows are vectors, a tile of them is
//! kept in registers, and every element of A is broadcast to a vector's lanes.

use num_traits::Zero;

use super::product::{Finish, Place, Start, Update};
use super::simd::Simd;

/// A product whose C has contiguous rows.
///
/// B comes in strips of [`strip`] columns, A in bands of [`band`] rows. Where they are packed, one
/// follows the other: a strip is rows of as many vectors as it has, a band columns of as many
/// elements as it has rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<S> {
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) k: usize,
    pub(super) a: Source<S>,
    pub(super) b: Source<S>,
    pub(super) c: *mut S,
    pub(super) c_row: isize,
    pub(super) update: Update<S>,
}

/// A or B: the matrix, for B one with contiguous rows, or packed bands or strips of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<S> {
    InPlace(Place<*const S>),
    Packed(*const S),
}

/// How many of the rows that are left make the next band: at the end two equal ones, because few
/// rows would not hide the latency of an FMA.
#[inline(always)]
pub(super) fn band<V: Simd>(left: usize) -> usize {
    evenly(left, V::ROWS)
}

/// How many of the columns that are left make the next strip, of `vectors` vectors at most.
#[inline(always)]
pub(super) fn strip<V: Simd>(left: usize, vectors: usize) -> usize {
    left.min(evenly(left.div_ceil(V::LANES), vectors) * V::LANES)
}

/// At most `most` of those that are left, half of them if two parts are enough.
#[inline(always)]
pub(super) fn evenly(left: usize, most: usize) -> usize {
    if left <= most {
        left
    } else {
        most.min(left.div_ceil(2))
    }
}

/// How often [`evenly`] gives `most`, until the last two parts are left.
#[inline(always)]
fn strips_before_the_last_two(left: usize, most: usize) -> usize {
    if left > 2 * most {
        (left - 2 * most).div_ceil(most)
    } else {
        0
    }
}

/// C's tiles band by band, so that a band of A stays in the first cache.
#[inline(always)]
pub(super) unsafe fn sweep<V: Simd>(block: &Block<V::Scalar>) {
    let k = block.k as isize;
    // Wider where a tile of few rows would wait for its own sums.
    let widest = match (block.b, block.rows) {
        (Source::InPlace(_), rows @ 1..=2) => widest::<V>(rows),
        _ => V::VECTORS,
    };
    let mut i = 0;
    while i < block.rows {
        let rows = band::<V>(block.rows - i);
        let (row, a) = (i as isize, block.a);
        let a = match a {
            Source::InPlace(a) => Place {
                at: a.at.wrapping_offset(row * a.row),
                ..a
            },
            Source::Packed(a) => Place {
                at: a.wrapping_offset(row * k),
                row: 1,
                col: rows as isize,
            },
        };
        let mut j = 0;
        while j < block.cols {
            let left = block.cols - j;
            // Strips of the greatest width are taken all at once.
            let same = strips_before_the_last_two(left.div_ceil(V::LANES), widest).max(1);
            let width = strip::<V>(left, widest);
            let vectors = width.div_ceil(V::LANES);
            let (b, b_row, b_strip) = match block.b {
                Source::InPlace(b) => (b.at.wrapping_add(j), b.row, width as isize),
                Source::Packed(b) => (
                    b.wrapping_offset(j as isize * k),
                    (vectors * V::LANES) as isize,
                    width as isize * k,
                ),
            };
            let tile = Tile {
                a,
                b,
                b_row,
                b_strip,
                strips: same,
                c: block.c.wrapping_offset(row * block.c_row).wrapping_add(j),
                last: width - (vectors - 1) * V::LANES,
                start: match block.update.start {
                    Start::Bias(bias) => Start::Bias(bias.wrapping_add(i)),
                    other => other,
                },
            };
            macro_rules! multiply_one_of {
                ($($rows:literal x [$($vectors:literal)*])*) => {
                    match (rows, vectors) {
                        $($(($rows, $vectors) if const { has_tile::<V>($rows, $vectors) } => {
                            multiply::<V, $rows, $vectors>(block, &tile);
                        })*)*
                        _ => unreachable!("bands and strips make no larger tiles"),
                    }
                };
            }
            // SAFETY: the tile is within C; the rest is the caller's.
            unsafe {
                multiply_one_of!(
                    1 x [1 2 3 4 5 6 7 8]
                    2 x [1 2 3 4 5 6]
                    3 x [1 2 3]
                    4 x [1 2 3]
                    5 x [1 2 3]
                    6 x [1 2 3]
                    7 x [1 2 3]
                    8 x [1 2 3]
                );
            }
            j += same * width;
        }
        i += rows;
    }
}

/// The most vectors of a tile of one or two rows: more, where there are registers for them.
#[inline(always)]
const fn widest<V: Simd>(rows: usize) -> usize {
    match (V::ROWS, rows) {
        (8, 1) => 8,
        (8, 2) => 6,
        _ => V::VECTORS,
    }
}

/// Whether such a tile is ever asked for. What this excludes is not compiled.
const fn has_tile<V: Simd>(rows: usize, vectors: usize) -> bool {
    rows <= V::ROWS && (vectors <= V::VECTORS || (rows <= 2 && vectors <= widest::<V>(rows)))
}

/// A tile of C, the band and the strip that it is the product of, or some of equal size side by
/// side. Its last vectors have `last` lanes.
struct Tile<S> {
    a: Place<*const S>,
    b: *const S,
    b_row: isize,
    /// From a strip to the next one.
    b_strip: isize,
    strips: usize,
    c: *mut S,
    last: usize,
    start: Start<S>,
}

/// Inner axes that are longer than this leave the time to fetch C ahead of its use.
const LONG: usize = 32;

/// Tiles of R rows of N vectors.
#[inline(always)]
unsafe fn multiply<V: Simd, const R: usize, const N: usize>(
    block: &Block<V::Scalar>,
    tile: &Tile<V::Scalar>,
) {
    for strip in 0..tile.strips {
        // SAFETY: the caller's: so many strips there are.
        unsafe { multiply_strip::<V, R, N>(block, tile, strip) }
    }
}

#[inline(always)]
unsafe fn multiply_strip<V: Simd, const R: usize, const N: usize>(
    block: &Block<V::Scalar>,
    tile: &Tile<V::Scalar>,
    strip: usize,
) {
    let Tile { mut a, last, .. } = *tile;
    let mut b = tile.b.wrapping_offset(strip as isize * tile.b_strip);
    let c = tile.c.wrapping_add(strip * N * V::LANES);
    // A macro, because a closure does not get the instruction set.
    macro_rules! c {
        ($r:expr, $v:expr) => {
            c.wrapping_offset(($r as isize).wrapping_mul(block.c_row))
                .wrapping_add($v * V::LANES)
        };
    }
    let lanes = |v: usize| if v + 1 < N { V::LANES } else { last };
    // SAFETY: the caller's: the tile is within C, and what Block says is true of A and B.
    unsafe {
        if block.k >= LONG {
            for r in 0..R {
                for v in 0..N {
                    V::prefetch(c!(r, v));
                }
            }
        }
        // One question at a time about the whole tile, here and at the end: the compiler unrolls
        // loops without branches, and the tile stays in the registers.
        let zero = V::splat(V::Scalar::zero());
        let mut x = [[zero; N]; R];
        match tile.start {
            Start::Zero => {}
            Start::Bias(bias) => {
                for r in 0..R {
                    x[r] = [V::splat(*bias.wrapping_add(r)); N];
                }
            }
            Start::C => {
                for r in 0..R {
                    for v in 0..N {
                        x[r][v] = V::load_first(lanes(v), c!(r, v));
                    }
                }
            }
        }
        let mut b_row = [zero; N];
        for _ in 0..block.k {
            for v in 0..N {
                b_row[v] = V::load_first(lanes(v), b.wrapping_add(v * V::LANES));
            }
            for r in 0..R {
                let a = V::splat(*a.at.wrapping_offset((r as isize).wrapping_mul(a.row)));
                for v in 0..N {
                    x[r][v] = V::mul_add(a, b_row[v], x[r][v]);
                }
            }
            a.at = a.at.wrapping_offset(a.col);
            b = b.wrapping_offset(tile.b_row);
        }

        match block.update.finish {
            Finish::Sum => {}
            Finish::Scaled { alpha, beta } => {
                for r in 0..R {
                    for v in 0..N {
                        x[r][v] = V::mul(V::splat(alpha), x[r][v]);
                    }
                }
                if !beta.is_zero() {
                    for r in 0..R {
                        for v in 0..N {
                            let c = V::load_first(lanes(v), c!(r, v));
                            x[r][v] = V::mul_add(V::splat(beta), c, x[r][v]);
                        }
                    }
                }
            }
            Finish::Relu => {
                for r in 0..R {
                    for v in 0..N {
                        x[r][v] = V::where_positive(x[r][v], x[r][v]);
                    }
                }
            }
            Finish::WherePositive => {
                for r in 0..R {
                    for v in 0..N {
                        let c = V::load_first(lanes(v), c!(r, v));
                        x[r][v] = V::where_positive(c, x[r][v]);
                    }
                }
            }
        }
        for r in 0..R {
            for v in 0..N {
                V::store_first(lanes(v), x[r][v], c!(r, v));
            }
        }
    }
}
