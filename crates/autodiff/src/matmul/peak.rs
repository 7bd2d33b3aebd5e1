//! What the machine allows: multiply-adds that never leave the registers.

use num_traits::{One, Zero};

use super::simd::{MAX_LANES, Simd};

/// As many chains as hide the latency of an FMA, and fit in the registers of every instruction set.
const CHAINS: usize = 12;

/// Advances every chain `rounds` times. Returns the number of operations, a multiply-add being two.
/// The sum of the chains goes to `black_box`, so that they have to be computed.
#[inline(always)]
pub(super) unsafe fn peak<V: Simd>(rounds: usize) -> usize {
    let mut lanes = [V::Scalar::zero(); MAX_LANES];
    // SAFETY: the caller's; a vector fits in the lanes.
    unsafe {
        let one = V::splat(V::Scalar::one());
        let mut chains = [one; CHAINS];
        for _ in 0..rounds {
            for chain in &mut chains {
                *chain = V::mul_add(*chain, one, one);
            }
        }
        let mut total = chains[0];
        for chain in &chains[1..] {
            total = V::add(total, *chain);
        }
        V::store(total, lanes.as_mut_ptr());
    }
    std::hint::black_box(lanes);
    2 * rounds * CHAINS * V::LANES
}
