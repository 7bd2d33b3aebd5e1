//! How many threads there may be, and how large work is shared out among them.

use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

#[cfg(feature = "threads")]
use rayon_core::{ThreadPool, ThreadPoolBuilder};

use super::kernel::Kernel;
use super::native::Native;
use super::product::Product;
use super::split::{Axis, Split};

/// 0: as many as the machine has cores for this process.
static LIMIT: AtomicUsize = AtomicUsize::new(0);

/// Limits the threads that a single product or elementwise op of this process may have; 0, as at
/// first, is as many as there are cores. Without the feature `threads` there is only one, and on a
/// thread of a rayon pool too, or if the system refuses to start others.
///
/// They are a pool of this crate's own, as large as rayon makes one by default, which the first op
/// that is large enough starts, and the thread that asks. It runs nothing of the program but the
/// rules of ops, so that an op waits for no other job, but for the parts of other ops at most.
///
/// This is the one setting of the process rather than of a call: it changes how long an op takes
/// and never a bit of it, so no two users of it can be in each other's way but in speed.
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

/// The most threads that an op called here may have: one on a thread of a rayon pool, where the
/// program is in parts already, and waiting for others could mean running another job that wants
/// the same tape.
#[must_use]
pub fn threads() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    #[cfg(feature = "threads")]
    if rayon_core::current_thread_index().is_some() {
        return 1;
    }
    if cfg!(not(feature = "threads")) {
        return 1;
    }
    match LIMIT.load(Ordering::Relaxed) {
        0 => *CORES.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get)),
        limit => limit,
    }
}

/// Runs all parts, each of them once, on this thread and others, which take the next one whenever
/// they have time: if another process holds their core, this one does their share. At the end it
/// waits until each of the others has begun, if only to find no part left, and their pool runs
/// nothing of the program that they could be waiting for.
///
/// Behind pointers, so that what makes threads is not compiled for every loop there is.
pub(super) fn share_out<P: Send>(
    threads: usize,
    parts: &mut (dyn Iterator<Item = P> + Send),
    run: &(dyn Fn(P) + Sync),
) {
    let threads = threads.min(parts.size_hint().1.unwrap_or(threads));
    if threads <= 1 {
        return parts.for_each(run);
    }
    let parts = Mutex::new(parts);
    let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some(part) = next() {
            run(part);
        }
    };
    #[cfg(feature = "threads")]
    if let Some(pool) = pool() {
        return pool.in_place_scope(|scope| {
            let others = pool.current_num_threads().min(threads - 1);
            (0..others).for_each(|_| scope.spawn(|_| work()));
            work();
        });
    }
    work();
}

/// The other threads, if they can be started.
///
/// Not the pool that the rest of the program has: all of its threads may be waiting for a lock that
/// the caller of an op holds, or be busy for longer than the op takes.
#[cfg(feature = "threads")]
fn pool() -> Option<&'static ThreadPool> {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    POOL.get_or_init(|| ThreadPoolBuilder::new().build().ok())
        .as_ref()
}

/// Runs an elementwise loop, long ones in parts on several threads: `run` gets where a part begins,
/// and the part. It must give an element the same bits whichever part that is in.
#[inline]
pub(crate) fn in_parts<S: Send, F: Fn(usize, &mut [S]) + Sync>(to: &mut [S], run: F) {
    /// Never inlined, so that a loop is compiled once for short ones and long ones.
    #[inline(never)]
    fn call<S, F: Fn(usize, &mut [S])>(run: &F, start: usize, part: &mut [S]) {
        run(start, part);
    }

    if to.len() < 2 * PART {
        call(&run, 0, to);
    } else {
        share_out_long(to, &|start, part| call(&run, start, part));
    }
}

fn share_out_long<S: Send>(to: &mut [S], run: &(dyn Fn(usize, &mut [S]) + Sync)) {
    let threads = threads().min(to.len() / PART);
    let mut parts = to.chunks_mut(PART).enumerate();
    share_out(threads, &mut parts, &|(i, part)| run(i * PART, part));
}

/// Elements that are worth a thread, even where memory is what they wait for.
pub(super) const PART: usize = 1 << 16;

/// Multiplications that are worth a thread: several times as long as it takes to start one.
pub(super) const WORTH_A_THREAD: usize = 1 << 22;

/// Runs a kernel on parts of C, one for each thread, or more where that costs little: the threads take
/// the next one whenever they have time.
///
/// Every element is the same sum in the same order whatever the part it is in, so the result does
/// not depend on their number. That is true of the kernels that end in a
/// [`sweep`](super::sweep), as the kernel and the cuts of the inner axis are the whole product's.
///
/// # Safety
///
/// As of [`Kernel::call`].
pub(super) unsafe fn run<S: Native>(kernel: Kernel, product: &Product<S>) {
    let threads = threads().min(product.multiplications() / WORTH_A_THREAD);
    if threads <= 1 {
        // SAFETY: the caller's.
        return unsafe { kernel.call(product) };
    }
    let product = *product;
    let split = Split::of(kernel, &product, threads);
    let by_rows = move |rows: Range<usize>| product.rows(rows);
    let by_cols = move |cols: Range<usize>| product.cols(cols);
    // SAFETY: the caller's; parts are disjoint.
    let run = move |part: Product<S>| unsafe { kernel.call(&part) };
    let threads = threads.min(split.parts().count());
    match split.axis {
        Axis::Rows => share_out(threads, &mut split.parts().map(by_rows), &run),
        Axis::Cols => share_out(threads, &mut split.parts().map(by_cols), &run),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `f` under a limit, which is the whole process's: no other test has one meanwhile.
    fn with_threads<R>(limit: usize, f: impl FnOnce() -> R) -> R {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        set_threads(limit);
        let result = f();
        set_threads(0);
        result
    }

    /// Two waiting for each other's jobs could come to run one that wants the same tape.
    #[cfg(feature = "threads")]
    #[test]
    fn on_a_thread_of_a_pool_there_is_one() {
        with_threads(2, || {
            assert_eq!(threads(), 2);
            assert_eq!(rayon_core::scope(|_| threads()), 1);
        });
    }

    /// They may want a lock that the caller holds.
    #[cfg(feature = "threads")]
    #[test]
    fn no_job_of_the_program_is_waited_for() {
        use std::sync::{Barrier, mpsc};
        use std::time::Duration;

        let lock = Mutex::new(());
        let workers = rayon_core::current_num_threads();
        let all_wait = Barrier::new(workers + 1);
        let ended = with_threads(2, || {
            let held = lock.lock();
            rayon_core::in_place_scope(|jobs| {
                for _ in 0..workers {
                    jobs.spawn(|_| {
                        all_wait.wait();
                        drop(lock.lock());
                    });
                }
                all_wait.wait();
                let (report, reported) = mpsc::channel();
                thread::scope(|scope| {
                    scope.spawn(move || {
                        in_parts(&mut vec![0; 2 * PART], |_, part| part.fill(1));
                        report.send(()).expect("somebody listens");
                    });
                    let ended = reported.recv_timeout(Duration::from_secs(20));
                    drop(held);
                    ended
                })
            })
        });
        assert_eq!(ended, Ok(()));
    }

    #[test]
    fn every_element_is_in_one_part() {
        for len in [0, 1, 2 * PART - 1, 2 * PART, 5 * PART + 3] {
            for limit in [1, 2, 5] {
                let mut elements = vec![0; len];
                with_threads(limit, || {
                    in_parts(&mut elements, |start, part| {
                        for (k, x) in part.iter_mut().enumerate() {
                            *x += start + k + 1;
                        }
                    });
                });
                assert!(elements.iter().copied().eq(1..=len), "{len}, {limit}");
            }
        }
    }
}
