//! What a gradient can be checked of: an op at a point, or a whole function.

use autodiff::{Tensor, Wide};

use crate::reference::{Direction, Rise};

/// A real function of several arrays, at a point, with the gradient that is claimed there.
pub(crate) trait Objective {
    /// The point.
    fn x(&self) -> &[Tensor<Wide>];

    /// The claim.
    fn x_bar(&self) -> &[Tensor<Wide>];

    /// By how much the function rises when the point moves by t along `direction`; `None` where
    /// it is not finite.
    fn rise<'a>(&'a self, direction: &'a Direction) -> impl Fn(Wide) -> Option<Rise> + 'a;

    /// The derivative along `direction` by dual numbers, if they are asked to bear witness too.
    fn tangent(&self, direction: &Direction) -> Option<Wide> {
        let _ = direction;
        None
    }

    /// What the rounding error of the function is proportional to.
    fn magnitude(&self) -> Wide;

    /// How far an element may be moved before the function ends.
    fn distance_to_edge(&self, input: usize, x: f64) -> f64 {
        let _ = (input, x);
        f64::INFINITY
    }

    /// What random directions are drawn from.
    fn seed(&self) -> u64;
}
