//! The kernel that most products end in: C's rows are vectors, a tile of them is kept in registers,
//! and every element of A is broadcast to a vector's lanes.

use std::ops::Range;
use std::ptr;

use num_traits::Zero;

use super::product::{Argument, Finish, LINE, Place, Product, Start, Update, steps};
use super::simd::{Simd, hidden, hidden_at};

/// Where copies of A and B are, of all that a product has of them, or null for the matrix itself, of
/// which B has contiguous rows.
///
/// B comes in strips of [`strip`] columns, A in bands of [`band`] rows. In a copy, one follows the
/// other: a strip is rows of as many vectors as it has, a band columns of as many elements as it
/// has rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packed<S> {
    pub(super) a: *const S,
    pub(super) b: *const S,
    pub(super) distance: Distance,
}

/// What has to be fetched, and how early, while tiles are multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distance {
    /// The rows of B that come next: it is packed, or in a cache. Only tiles of most rows wait for them.
    Near,
    /// The strip after the next one: rows of B, where it lies, are whole pages apart, so that those that
    /// come next are in the same few sets of the first cache, and soon gone again.
    ByPages,
    /// The same for tiles of fewer rows too: B is in no cache.
    InMemory,
}

/// How many of the rows that are left make the next band: at the end two equal ones, because few
/// rows would not hide the latency of an FMA.
#[inline(always)]
pub(super) fn band<V: Simd>(left: usize) -> usize {
    evenly(left, V::ROWS)
}

/// How many of the columns that are left make the next strip, or the next few, of `most` vectors or less.
#[inline(always)]
pub(super) fn strip<V: Simd>(left: usize, most: usize) -> usize {
    left.min(evenly(left.div_ceil(V::LANES), most) * V::LANES)
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

/// C's tiles band by band, so that a band of A stays near.
///
/// # Safety
///
/// As of [`Simd`]; C has contiguous rows, and what [`Packed`] says is true of A and B.
#[inline(always)]
pub(super) unsafe fn sweep<V: Simd>(product: &Product<V::Scalar>, packed: Packed<V::Scalar>) {
    let mut i = 0;
    while i < product.m {
        let rows = band::<V>(product.m - i);
        let mut end = i + rows;
        while end < product.m && band::<V>(product.m - end) == rows {
            end += rows;
        }
        macro_rules! sweep_one_of {
            ($($rows:literal)*) => {
                match rows {
                    $($rows if const { $rows <= V::ROWS } => {
                        V::sweep_bands::<$rows>(product, packed, i..end);
                    })*
                    _ => unreachable!("bands have no more rows"),
                }
            };
        }
        // SAFETY: the caller's.
        unsafe { sweep_one_of!(1 2 3 4 5 6 7 8) }
        i = end;
    }
}

/// Bands of R rows each. A function of its own for every R: what the compiler computes ahead of loops
/// is then for these tiles alone, and once for all of the bands.
///
/// # Safety
///
/// As of [`sweep`]; the rows are C's, as many as whole bands have, and begin where a band does.
#[inline(always)]
pub(super) unsafe fn sweep_bands<V: Simd, const R: usize>(
    product: &Product<V::Scalar>,
    packed: Packed<V::Scalar>,
    rows: Range<usize>,
) {
    for i in rows.step_by(R) {
        // SAFETY: the caller's.
        unsafe { sweep_band::<V, R>(product, packed, i) }
    }
}

/// The tiles of R rows from i on.
///
/// # Safety
///
/// As of [`sweep`]; the rows are C's, and one of its bands.
#[inline(always)]
unsafe fn sweep_band<V: Simd, const R: usize>(
    product: &Product<V::Scalar>,
    packed: Packed<V::Scalar>,
    i: usize,
) {
    let Product { k, n, c, .. } = *product;
    let to_c = steps(i, c.row);
    let a = if packed.a.is_null() {
        Place {
            at: product.a.at.wrapping_offset(steps(i, product.a.row)),
            ..product.a
        }
    } else {
        Place {
            at: packed.a.wrapping_add(i * k),
            row: 1,
            col: R as isize,
        }
    };
    // Wider where a tile of few rows would wait for its own sums.
    let most = match packed.b.is_null() {
        true => widest::<V>(R),
        false => V::VECTORS,
    };
    let mut next_a = match packed.a.is_null() {
        true => {
            // Of a column the last row: where the others end, a line may.
            let ahead = if a.row == 1 { 2 * R - 1 } else { R };
            Place {
                at: a.at.wrapping_offset(steps(ahead, a.row)),
                ..a
            }
        }
        false => Place {
            at: a.at.wrapping_add(R * k),
            row: k as isize,
            col: 1,
        },
    };
    // Of rows that follow each other without a gap, a tile can fetch several, but not past a line from one
    // place to the next.
    if next_a.row == steps(k, next_a.col) {
        let tiles = (n / V::COLS).clamp(1, R);
        let most = const { LINE / (V::AT_ONCE * size_of::<V::Scalar>()) };
        let rows = R.div_ceil(tiles).min(most);
        next_a.row = steps(rows, next_a.row);
        next_a.col = steps(rows, next_a.col);
    }
    // A tile that takes several columns at once fetches the first of them, the next tile the second, and so on.
    // After AT_ONCE tiles all are fetched: later ones fetch them again, or what lies past the last column.
    if V::AT_ONCE > 1 && packed.a.is_null() && a.row == 1 && a.col != 1 {
        next_a.row = a.col;
    }
    let mut tile = Tile {
        k,
        a,
        b: product.b.at,
        b_row: product.b.row,
        c: c.at.wrapping_offset(to_c),
        c_row: c.row,
        last: V::LANES,
        start: match product.update.start {
            Start::Bias(bias) => Start::Bias(bias.wrapping_add(i)),
            Start::Zero => Start::Zero,
        },
        finish: product.update.finish.moved(to_c),
        argument: product.update.argument(),
        update: &product.update,
        next_a,
        fetched: match packed.distance {
            _ if k < LONG => Fetched::Nothing,
            Distance::InMemory => Fetched::Strip,
            // They would wait for more fetches than products.
            _ if R < V::ROWS => Fetched::Nothing,
            Distance::ByPages => Fetched::Strip,
            Distance::Near => Fetched::Rows,
        },
    };
    let mut left = n;
    while left > 0 {
        let vectors = evenly(left.div_ceil(V::LANES), most);
        let mut b_strip = vectors * V::LANES;
        if !packed.b.is_null() {
            tile.b = packed.b.wrapping_add((n - left) * k);
            tile.b_row = b_strip as isize;
            b_strip *= k;
        }
        macro_rules! multiply_one_of {
            ($($vectors:literal)*) => {
                match vectors {
                    $($vectors if const { $vectors <= widest::<V>(R) } => loop {
                        let width = left.min(const { $vectors * V::LANES });
                        tile.last = width - const { ($vectors - 1) * V::LANES };
                        multiply::<V, R, $vectors>(&tile);
                        tile.b = tile.b.wrapping_add(b_strip);
                        tile.next_a.at = tile.next_a.at.wrapping_offset(tile.next_a.row);
                        tile.c = tile.c.wrapping_add(width);
                        tile.finish = tile.finish.moved(width as isize);
                        left -= width;
                        if left <= const { 2 * $vectors * V::LANES } {
                            break; // the last two may be of other widths
                        }
                    },)*
                    _ => unreachable!("strips have no more vectors"),
                }
            };
        }
        // SAFETY: the tile is within C; the rest is the caller's.
        unsafe { multiply_one_of!(1 2 3 4 5 6 7 8) }
    }
}

/// The most vectors of a tile of so many rows, where B is not packed: more than
/// [`VECTORS`](Simd::VECTORS), where there are registers for them.
#[inline(always)]
const fn widest<V: Simd>(rows: usize) -> usize {
    match (V::REGISTERS, rows) {
        (16 | 32, 1) => 8,
        (16 | 32, 2) => 4,
        (16, 3) => 3,
        _ => V::VECTORS,
    }
}

/// What becomes of a tile whose sums x are rows of vectors in memory: f(α x + β C).
///
/// # Safety
///
/// As of [`Simd`]; so many vectors are there, and the tile is within C, and within that of which the
/// marks are.
#[inline(always)]
pub(super) unsafe fn finish<V: Simd>(
    sums: *const V::Vector,
    [rows, vectors]: [usize; 2],
    tile: &Tile<'_, V::Scalar>,
) {
    let Update { alpha, beta, .. } = *tile.update;
    let (bits, bits_row) = match tile.finish {
        // SAFETY: the caller's; tiles begin with one of C's vectors.
        Finish::WhereMarked(marks) => unsafe { (*marks).of_tile(tile.c) },
        _ => (ptr::null(), 0),
    };
    // SAFETY: the caller's.
    unsafe {
        for r in 0..rows {
            for v in 0..vectors {
                let element = steps(r, tile.c_row).wrapping_add((v * V::LANES) as isize);
                let c = tile.c.wrapping_offset(element);
                let lanes = if v + 1 < vectors { V::LANES } else { tile.last };
                let mut x = V::mul(V::splat(alpha), *sums.add(r * vectors + v));
                if !beta.is_zero() {
                    x = V::mul_add(V::splat(beta), V::load_first(lanes, c), x);
                }
                let x = match tile.finish {
                    Finish::Identity => x,
                    Finish::Relu => V::at_least(V::splat(V::Scalar::zero()), x),
                    Finish::WherePositive(gate) => {
                        V::where_positive(V::load_first(lanes, gate.wrapping_offset(element)), x)
                    }
                    Finish::WhereMarked(_) => {
                        V::where_bits(*bits.wrapping_add(r * bits_row + v), x)
                    }
                };
                V::store_first(lanes, x, c);
            }
        }
    }
}

/// A tile of C, the band and the strip that it is the product of. Its last vectors have `last`
/// lanes.
pub(crate) struct Tile<'a, S> {
    k: usize,
    a: Place<*const S>,
    b: *const S,
    b_row: isize,
    c: *mut S,
    c_row: isize,
    last: usize,
    start: Start<S>,
    finish: Finish<S>,
    argument: Argument,
    update: &'a Update<S>,
    /// Where A goes on after this band. While a tile is multiplied, k places of it are fetched, `col` from one
    /// to the next, or every [`AT_ONCE`](Simd::AT_ONCE)-th of them; for the next tile they begin `row`
    /// further on.
    next_a: Place<*const S>,
    fetched: Fetched,
}

/// What is fetched ahead of its use while a tile is multiplied.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fetched {
    Nothing,
    /// C, the rows of B that come next, and of A what `next_a` says.
    Rows,
    /// The same, but of B the strip after the next one.
    Strip,
}

/// Inner axes that are as long as this leave the time to fetch something.
const LONG: usize = 32;

/// How many rows of B are fetched ahead of their use.
const AHEAD: isize = 8;

/// A tile of R rows of N vectors.
///
/// # Safety
///
/// As of [`Simd`]; the tile is within C, and a and b are a band of A and a strip of B, k long, in which
/// each row of the strip has as many elements as the tile.
#[inline(always)]
unsafe fn multiply<V: Simd, const R: usize, const N: usize>(tile: &Tile<'_, V::Scalar>) {
    let Tile {
        k,
        a,
        mut b,
        c,
        last,
        ..
    } = *tile;
    // A macro, because a closure does not get the instruction set.
    macro_rules! at {
        ($c:expr, $r:expr, $v:expr) => {
            $c.wrapping_offset(steps($r, tile.c_row))
                .wrapping_add($v * V::LANES)
        };
    }
    let lanes = |v: usize, last: usize| if v + 1 < N { V::LANES } else { last };
    // One pointer for three rows, and the compiler does not see how far apart they are: it would make a
    // chain of additions of that, an instruction for each row, and short vectors have none to spare.
    let mut a_at = [
        a.at,
        a.at.wrapping_offset(steps(3, a.row)),
        a.at.wrapping_offset(steps(6, a.row)),
    ];
    // A product of few rows has wider tiles, and waits for memory whatever it fetches; others end in a few
    // narrower ones.
    let may_fetch = const { R >= 3 && N == V::VECTORS };
    let fetches = may_fetch && tile.fetched != Fetched::Nothing;
    // SAFETY: the caller's.
    unsafe {
        if fetches {
            for r in 0..R {
                for v in 0..N {
                    V::prefetch(at!(c, r, v));
                }
            }
        }
        // One question at a time about the whole tile, here and at the end: the compiler unrolls
        // loops without branches, and the tile stays in the registers.
        let zero = V::splat(V::Scalar::zero());
        let mut x = [[zero; N]; R];
        if let Start::Bias(bias) = tile.start {
            for r in 0..R {
                x[r] = [V::splat_at(bias.wrapping_add(r)); N];
            }
        }
        let mut b_row = [zero; N];
        let ahead = match tile.fetched {
            Fetched::Strip => const { (2 * N * V::LANES) as isize },
            _ => AHEAD.wrapping_mul(tile.b_row),
        };
        let mut next_a = tile.next_a.at;
        let mut fetches = isize::from(fetches);
        macro_rules! load_b_row {
            ($u:expr, $b_row:expr, $last:expr) => {
                for v in 0..N {
                    let at = b.wrapping_offset(steps($u, $b_row));
                    b_row[v] = V::load_first(lanes(v, $last), at.wrapping_add(v * V::LANES));
                }
            };
        }
        // Asked every time, of what the compiler does not know to be the same: it would make a second loop of
        // every tile, and everybody's first build would wait for them. A row of B that is as long as a line
        // may lie on two, if B is not packed: only the one with its first element is fetched.
        macro_rules! fetch_rows {
            ($count:expr, $b_row:expr) => {
                if may_fetch {
                    fetches = hidden(fetches);
                    if fetches != 0 {
                        let row = b.wrapping_offset(ahead);
                        for u in 0..$count {
                            let row = row.wrapping_offset(steps(u, $b_row));
                            for v in (0..N).step_by(const { LINE.div_ceil(size_of::<V::Vector>()) })
                            {
                                V::prefetch(row.wrapping_add(v * V::LANES));
                            }
                        }
                        V::prefetch_from_afar(next_a);
                        next_a = next_a.wrapping_offset(steps($count, tile.next_a.col));
                    }
                }
            };
        }
        macro_rules! add_products {
            (|$r:ident| $a_at:expr) => {
                for $r in 0..R {
                    let a = V::splat_at($a_at);
                    for v in 0..N {
                        let x = &mut x[$r][v];
                        *x = V::mul_add(a, b_row[v], *x);
                    }
                }
            };
        }
        // Not a loop: there would be one in each of a hundred tiles, for everybody's first build.
        macro_rules! move_along_a {
            ($step:expr) => {
                a_at[0] = hidden_at(a_at[0].wrapping_offset($step));
                if R > 3 {
                    a_at[1] = hidden_at(a_at[1].wrapping_offset($step));
                }
                if R > 6 {
                    a_at[2] = hidden_at(a_at[2].wrapping_offset($step));
                }
            };
        }
        // A tile of whole vectors takes several steps at a time, if rows or columns of A are contiguous: the way to
        // an element is then a part of the instruction that loads it.
        let mut left = k;
        macro_rules! multiply_some {
            (|$u:ident, $r:ident| $a_at:expr, $step:expr) => {
                // Hidden, or multiples of it would be computed for tiles that have no use for them.
                let step_of_b = hidden(tile.b_row);
                for _ in 0..k / V::AT_ONCE {
                    fetch_rows!(V::AT_ONCE, step_of_b);
                    for $u in 0..V::AT_ONCE {
                        load_b_row!($u, step_of_b, V::LANES);
                        add_products!(|$r| $a_at);
                    }
                    move_along_a!($step);
                    b = hidden_at(b.wrapping_offset(steps(V::AT_ONCE, step_of_b)));
                }
                left = k % V::AT_ONCE;
            };
        }
        macro_rules! multiply_one_by_one {
            ($last:expr) => {
                for _ in 0..left {
                    load_b_row!(0, tile.b_row, $last);
                    fetch_rows!(1, tile.b_row);
                    add_products!(|r| a_at[r / 3].wrapping_offset(steps(r % 3, a.row)));
                    move_along_a!(a.col);
                    b = b.wrapping_offset(tile.b_row);
                }
            };
        }
        if const { V::AT_ONCE > 1 && R + 2 >= V::ROWS && N == V::VECTORS } && last == V::LANES {
            // With fewer rows it takes longer to begin with it than a short axis is worth.
            let is_for_some = R == V::ROWS || k >= LONG;
            if is_for_some && a.col == 1 {
                let row = hidden(a.row);
                multiply_some!(
                    |u, r| a_at[r / 3]
                        .wrapping_offset(steps(r % 3, row))
                        .wrapping_add(u),
                    V::AT_ONCE as isize
                );
            } else if is_for_some && a.row == 1 {
                let col = hidden(a.col);
                multiply_some!(
                    |u, r| a_at[0].wrapping_offset(steps(u, col)).wrapping_add(r),
                    steps(V::AT_ONCE, col)
                );
            }
            multiply_one_by_one!(V::LANES);
        } else {
            multiply_one_by_one!(last);
        }

        match tile.argument {
            Argument::Sum => {}
            Argument::SumAndC if const { N == V::VECTORS } => {
                for r in 0..R {
                    for v in 0..N {
                        x[r][v] = V::add(x[r][v], V::load_first(lanes(v, last), at!(c, r, v)));
                    }
                }
            }
            _ => {
                // By way of memory, in a function for tiles of all sizes, which is rarely called: it is
                // not worth one for each of them.
                let sums = x;
                return V::finish(sums.as_ptr().cast(), [R, N], tile);
            }
        }
        match tile.finish {
            // Marks make the argument `Any`: they have been asked.
            Finish::Identity | Finish::WhereMarked(_) => {}
            Finish::Relu => {
                for r in 0..R {
                    for v in 0..N {
                        x[r][v] = V::at_least(zero, x[r][v]);
                    }
                }
            }
            Finish::WherePositive(gate) => {
                for r in 0..R {
                    for v in 0..N {
                        let gate = V::load_first(lanes(v, last), at!(gate, r, v));
                        x[r][v] = V::where_positive(gate, x[r][v]);
                    }
                }
            }
        }
        for r in 0..R {
            for v in 0..N {
                V::store_first(lanes(v, last), x[r][v], at!(c, r, v));
            }
        }
    }
}
