//! How many threads a large product may have, and how it is shared out among them.

use std::num::NonZero;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::kernel::Kernel;
use super::native::Native;
use super::product::{Product, parts};

/// 0: as many as the machine has cores for this process.
static LIMIT: AtomicUsize = AtomicUsize::new(0);

/// Limits the threads that a single product of this process may have; 0, as at first, is as many
/// as there are cores.
///
/// This is the one setting of the process rather than of a call: it changes how long a product
/// takes and never a bit of it, so no two users of it can be in each other's way but in speed.
///
/// ```
/// use autodiff::matmul;
///
/// matmul::set_threads(1);
/// assert_eq!(matmul::threads(), 1);
/// ```
pub fn set_threads(limit: usize) {
    LIMIT.store(limit, Ordering::Relaxed);
}

/// The most threads that a product may have.
#[must_use]
pub fn threads() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    match LIMIT.load(Ordering::Relaxed) {
        0 => *CORES.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get)),
        limit => limit,
    }
}

/// Multiplications that are worth a thread: several times as long as it takes to start one.
const WORTH_A_THREAD: usize = 1 << 22;

/// Runs a kernel on parts of C, one for each thread.
///
/// Every element is the same sum in the same order whatever the part it is in, so the result does
/// not depend on their number. That is true of the kernels that end in a
/// [`sweep`](super::sweep), as the kernel and the cuts of the inner axis are the whole product's.
///
/// # Safety
///
/// As of [`Kernel::run`].
pub(super) unsafe fn run<S: Native>(kernel: Kernel, product: &Product<S>) {
    let Product { m, k, n, .. } = *product;
    let threads = threads().min(m * k * n / WORTH_A_THREAD);
    if threads <= 1 {
        // SAFETY: the caller's.
        return unsafe { kernel.run(product) };
    }
    // A part of the rows copies all of B and a part of the columns all of A, so the longer axis is
    // the one to cut, at the edge of a tile.
    let share = |len: usize, tile: usize| {
        let part = len.div_ceil(threads).next_multiple_of(tile);
        parts(len, move |left| left.min(part))
    };
    let by_rows = |rows: Range<usize>| product.rows(rows);
    let by_cols = |cols: Range<usize>| product.cols(cols);
    thread::scope(|scope| {
        // SAFETY: the caller's; parts are disjoint, and the scope ends before this function does.
        let run = |part: Product<S>| unsafe { kernel.run(&part) };
        let run_all = |parts: &mut dyn Iterator<Item = Product<S>>| {
            let first = parts.next();
            for part in parts {
                scope.spawn(move || {
                    let part = part;
                    run(part);
                });
            }
            first.into_iter().for_each(run);
        };
        if m >= n {
            run_all(&mut share(m, ROWS).map(by_rows));
        } else {
            run_all(&mut share(n, COLS).map(by_cols));
        }
    });
}

/// Multiples of every tile's rows and columns.
const ROWS: usize = 8;
const COLS: usize = 48;
