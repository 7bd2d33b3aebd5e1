//! Loops in the vector instructions of the machine that runs them.
//!
//! A program that is built for every x86-64 machine may use two lanes of `f64`, unless a function
//! is compiled for more and called only where there is more. That is all this does: a [`Loop`] is
//! inlined into such functions, and the compiler vectorizes it in each. It is here because the
//! kernels know the machine. (The crate `pulp` does it too, and takes longer to build than all of
//! this one.)
//!
//! The same operations are done in the same order whatever the width, and none is fused, so every
//! instruction set gives the same bits.

use super::kernel::Isa;
use crate::Scalar;

/// Work that is inlined where it is run.
pub(crate) trait Loop {
    type Output;

    /// Has to be `#[inline(always)]`, as what it calls should be.
    fn run(self) -> Self::Output;
}

/// Runs a loop over elements of `S`.
#[inline]
pub(crate) fn vectorized<S: Scalar, L: Loop>(task: L) -> L::Output {
    // Only such a condition keeps what is never run from being compiled, for every op and scalar.
    if const { S::VECTORIZES } {
        match Isa::best() {
            Isa::Portable => task.run(),
            // SAFETY: the machine has what it is compiled for.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => unsafe { with_avx2(task) },
            // SAFETY: the machine has what it is compiled for.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => unsafe { with_avx512(task) },
        }
    } else {
        task.run()
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn with_avx512<L: Loop>(task: L) -> L::Output {
    task.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_avx2<L: Loop>(task: L) -> L::Output {
    task.run()
}
