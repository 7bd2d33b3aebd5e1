//! Loops in the vector instructions of the machine that runs them.
//!
//! A program that is built for every x86-64 machine may use two lanes of `f64`, unless a function
//! is compiled for more and called only where there is more. That is all this does: a [`Loop`] is
//! inlined into such functions, and the compiler vectorizes it in each. It is here because the
//! kernels know the machine: the crate `pulp` does it too, and would find out a second time.
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
        // SAFETY: the machine has its best one.
        unsafe { run_on(Isa::best(), task) }
    } else {
        task.run()
    }
}

/// # Safety
///
/// The machine has the instruction set.
#[inline]
unsafe fn run_on<L: Loop>(isa: Isa, task: L) -> L::Output {
    match isa {
        Isa::Portable => task.run(),
        // SAFETY: the caller's.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { with_avx2(task) },
        // SAFETY: the caller's.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { with_avx512(task) },
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

#[cfg(test)]
mod tests {
    use super::*;

    struct Functions<'a, S> {
        x: &'a [S],
        y: &'a mut [S],
    }

    impl<S: Scalar> Loop for Functions<'_, S> {
        type Output = ();

        #[inline(always)]
        fn run(self) {
            let x = &self.x[..self.y.len()];
            for (k, y) in self.y.iter_mut().enumerate() {
                let logarithms = x[k].abs().vector_ln() * x[k].abs().vector_ln_1p();
                *y = x[k].vector_exp() * x[k].vector_tanh() + logarithms;
            }
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        fn check<S: Scalar>() {
            let x: Vec<S> = (0..77)
                .map(|k| S::constant(f64::from(k) / 7.0 - 4.2))
                .collect();
            let on = |isa| {
                let mut y = vec![S::zero(); x.len()];
                // SAFETY: it is one of those that are available.
                unsafe { run_on(isa, Functions { x: &x, y: &mut y }) };
                y
            };
            let portable = on(Isa::Portable);
            assert!(portable.iter().all(|y| y.is_finite()));
            for isa in Isa::available() {
                assert_eq!(on(isa), portable, "{isa:?}");
            }
        }
        check::<f64>();
        check::<f32>();
    }
}
