//! The list of every registered op in the program (feature `verify`).

use std::fmt;

use crate::op::ErasedOp;
use crate::signature::{Draw, Signature};
use crate::{Dual, Op, Registered, Wide};

/// An op at every scalar the verifier runs it at.
pub trait AnyOp:
    ErasedOp<f32> + ErasedOp<f64> + ErasedOp<Wide> + ErasedOp<Dual<f64>> + ErasedOp<Dual<Wide>>
{
}

impl<O: Op> AnyOp for O {}

/// A registered op: its name, where it was registered, and how to make instances of it.
pub struct Registration {
    /// [`Registered::NAME`].
    pub name: &'static str,
    /// The module with its `register!`, the crate's name first.
    pub module: &'static str,
    /// The file with its `register!`.
    pub file: &'static str,
    /// The line of its `register!`.
    pub line: u32,
    signature: fn(&mut Draw<'_>) -> Signature<Box<dyn AnyOp>>,
}

impl Registration {
    /// The entry of `O`.
    #[must_use]
    pub const fn of<O: Op>(module: &'static str, file: &'static str, line: u32) -> Self {
        Self {
            name: <O as Registered>::NAME,
            module,
            file,
            line,
            signature: |draw| O::signature(draw).map(|op| Box::new(op) as Box<dyn AnyOp>),
        }
    }

    /// The name of the crate it is registered in.
    #[must_use]
    pub fn crate_name(&self) -> &'static str {
        self.module.split("::").next().unwrap_or(self.module)
    }

    /// [`Op::signature`] of the op.
    #[must_use]
    pub fn signature(&self, draw: &mut Draw<'_>) -> Signature<Box<dyn AnyOp>> {
        (self.signature)(draw)
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.name, self.file, self.line)
    }
}

inventory::collect!(Registration);

/// Every op that is registered in the program, by name.
///
/// ```
/// assert!(autodiff::registry::registered().iter().any(|op| op.name == "tanh"));
/// ```
#[must_use]
pub fn registered() -> Vec<&'static Registration> {
    let mut ops: Vec<_> = inventory::iter::<Registration>.into_iter().collect();
    ops.sort_by_key(|op| (op.name, op.file, op.line));
    ops
}
