//! Checks gradients that were written by hand, and says where and why they are wrong.
//!
//! | what there is | what checks it |
//! |---|---|
//! | a cost of a slice of parameters, and its gradient | [`check_gradient`] |
//! | a function of several arrays with any output, and its vector-Jacobian product | [`check_vjp`] |
//! | a function that records ops on the tape | [`check_function`] |
//! | all ops of a crate, or one op | [`check_ops!`], [`check_op`] |
//! | ops that only fail together | [`programs`] |
//!
//! The first two take closures, whatever is in them; the others take what is generic over its
//! scalar, and see further.
//!
//! # The main decision: two questions
//!
//! "Is this gradient right?" is two questions that are usually asked as one. **Is the formula
//! right?** The rule is generic over its scalar, so it is run at 106 bits and compared with
//! central differences of its own forward rule at 106 bits. There a step of 2⁻³³ leaves an error
//! near 1e-20, and what differs by more than 1e-13 is no rounding. **Is the arithmetic stable?**
//! The rule is run at f64 and at f32 and compared with itself at 106 bits, within what the
//! condition of the gradient at that very point explains. Neither question needs a tolerance that
//! somebody chooses, and no op has one.
//!
//! What is given up: the rule has to be generic. For a function that is not, differences in its
//! own precision have to do, and their own error estimate is the bound.
//!
//! A check has three verdicts. A case that cannot tell is *inconclusive*, and a check of which
//! more than half of the cases are inconclusive fails: nothing passes because nothing was looked
//! at. NaN never passes.
//!
//! # A worked example
//!
//! An op goes in a file of its own, with [`register!`](autodiff::register):
//!
//! ```standalone_crate
//! use autodiff::{Pointwise, Scalar, register};
//!
//! /// y = ln(1 + eˣ). Derivative: σ(x).
//! #[derive(Debug, Default)]
//! struct Softplus;
//! register!(Softplus);
//!
//! impl Pointwise for Softplus {
//!     type Args<T: Copy> = [T; 1];
//!
//!     fn eval<S: Scalar>(&self, [x]: [S; 1]) -> S {
//!         (S::one() + x.exp()).ln()
//!     }
//!
//!     fn derivative<S: Scalar>(&self, [_x]: [S; 1], y: S) -> [S; 1] {
//!         [S::one() / (S::one() + (-y).exp())] // and here is the mistake
//!     }
//! }
//! ```
//!
//! One line in `tests/ops.rs`, [`check_ops!`], makes `cargo test` check it, with this result. (So does
//! [`check_op`], called in a test of one's own, which stops at the first check that fails, and knows the
//! environment of `again` alone.)
//!
//! ```text
//! softplus formula: it is not the derivative
//!   where      input 0, element 0
//!   expected   0.7310585786300049 ± 7.3e-14
//!   got        0.7880584423829146
//!   looks like the derivative is taken at the output, not the input
//!   op         Softplus (src/softplus.rs:6)
//!   input 0    [1.0] of shape []
//!   cotangent  [1.0] of shape []
//!   again      PROPTEST_RNG_SEED=1 PROPTEST_CASES=256 cargo test -p softplus --test ops -- --exact softplus::formula
//! ```
//!
//! The case was shrunk to one element; at 1 the derivative is σ(1) = 0.731, and the rule says
//! σ(y): it was to be σ(x). With that mended, a second check still fails:
//!
//! ```text
//! softplus arithmetic: at f64 the value loses digits that the point does not cost
//!   where      the output, element 0
//!   expected   1.879528816537317e-12 ± 1.4e-24
//!   got        1.8796075806886234e-12
//!   looks like the formula is right; its arithmetic cancels or overflows
//!   op         Softplus (src/softplus.rs:6)
//!   input 0    [-27.0] of shape []
//! ```
//!
//! The formula is right and its arithmetic is not: 1 + eˣ drops the digits of a small eˣ, and for
//! a large x it overflows. x + ln(1 + e⁻ˣ) above 0 and ln(1 + eˣ) below, both by `ln_1p`, pass.
//! `examples/04-your-own-op` is this page as a program.

mod case;
mod checks;
mod closure;
mod diagnosis;
mod function;
mod gradient_report;
mod hard_points;
mod harness;
mod judgement;
mod model;
pub mod mutants;
mod objective;
mod panics;
mod point;
pub mod programs;
mod random;
mod real;
mod reference;
mod relative_difference;
mod report;
mod ridders;
mod run;
mod shrink;
mod verdict;
mod vjp;

pub use case::{Drawn, Instance, Subject};
pub use checks::Check;
pub use diagnosis::{Count, Diagnosis, Factor};
pub use function::{Confirmed, Differentiable, FunctionReport, check_function};
pub use gradient_report::{Block, GradientReport, Outcome};
pub use hard_points::{HardPoint, hard_points};
#[doc(hidden)]
pub use harness::TestBinary;
pub use model::check_gradient;
pub use real::Real;
pub use relative_difference::{central_differences, relative_difference};
pub use report::{Report, Values};
pub use run::{Settings, Tally, check_op, run};
pub use verdict::{Finding, Verdict};
pub use vjp::check_vjp;
