//! What a person is told of a program that failed.

use std::fmt;

use serde::Serialize;

use crate::checks::Check;
use crate::verdict::Finding;

/// A random program whose gradient is wrong, as small as it could be made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProgramReport {
    /// What was found.
    pub finding: Finding,
    /// The op that is to blame, if one of them fails a check of its own at the values it has here.
    pub guilty: Option<Guilty>,
    /// The number of ops.
    pub size: usize,
    /// The program as Rust code that fails when pasted where its ops are in scope:
    /// [`programs`](crate::programs) says what else it needs.
    pub code: String,
    /// What to set to see it again, as in a [`Report`](crate::Report).
    pub reproduce: String,
}

/// The op that is to blame.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Guilty {
    /// Its name.
    pub op: String,
    /// Where it is registered.
    pub place: String,
    /// The check of its own that it fails.
    pub check: Check,
}

impl fmt::Display for ProgramReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "a program of {} ops: {}", self.size, self.finding)?;
        if let Some(Guilty { op, place, check }) = &self.guilty {
            writeln!(f, "  guilty     {op} ({place}), which fails {op}::{check}")?;
        }
        writeln!(f, "  again      {}", self.reproduce)?;
        write!(f, "\n{}", self.code)
    }
}

impl std::error::Error for ProgramReport {}
