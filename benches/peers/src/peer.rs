//! What a library has to do to be compared.

/// A network, its data and its gradient descent in some library.
pub(crate) trait Peer {
    /// Does a number of steps, at least one, and returns the cost that the last of them began with.
    fn train(&mut self, steps: usize) -> f64;
}

/// The scalars that all libraries have.
pub(crate) trait Real:
    gradproof::autodiff::Scalar
    + autograd::Float
    + burn::tensor::Element
    + candle_core::WithDType
    + crate::dfdx::Trains
    + faer::traits::ComplexField
    + nalgebra::RealField
{
    /// Its value, named apart from the conversions of those traits.
    fn as_double(self) -> f64;
}

impl Real for f32 {
    fn as_double(self) -> f64 {
        self.into()
    }
}

impl Real for f64 {
    fn as_double(self) -> f64 {
        self
    }
}
