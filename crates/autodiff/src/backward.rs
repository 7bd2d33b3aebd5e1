//! The reverse sweep, which knows no op, and the gradients it leaves.

use std::fmt;

use crate::operands::{Cotangents, Home, Slot};
use crate::tape::{Node, Program};
use crate::{Scalar, Tape, Tensor, Var, View};

/// The gradients of one output with respect to the variables of its tape.
///
/// They belong to the values the tape had at the last sweep. After a [`Tape::replay`],
/// [`replay`](Gradients::replay) sweeps again, without an allocation.
///
/// ```
/// use autodiff::{Tape, Tensor};
///
/// let tape = Tape::new();
/// let (x, unused) = (tape.variable(3.0), tape.variable(4.0));
/// let gradients = (x * x).backward();
/// assert_eq!(gradients.wrt(x).item(), 6.0);
/// assert_eq!(gradients.wrt(unused).item(), 0.0);
/// ```
pub struct Gradients<'t, S> {
    tape: &'t Tape<S>,
    output: usize,
    seed: Vec<S>,
    /// The ops to visit, last recorded first.
    order: Vec<usize>,
    /// Where each node's cotangent lives: a variable's in buffer 0, for good; an op's output in
    /// one of the others, only until the op was visited.
    homes: Vec<Home>,
    /// The variables, in record order.
    variables: Vec<Slot>,
    buffers: Vec<Vec<S>>,
    /// Whether a node's cotangent has been written in this sweep.
    written: Vec<bool>,
}

const VARIABLES: usize = 0;

impl<'t, S: Scalar> Gradients<'t, S> {
    #[track_caller]
    pub(crate) fn new(output: Var<'t, S>, seed: Tensor<S>) -> Self {
        let program = output.tape().program();
        let is_variable = |node: &&Node<S>| node.op.is_none() && node.tracked;
        let variables = program.nodes.iter().filter(is_variable);
        let variables = variables.map(|node| node.output).collect();
        let mut plan = Plan::of_variables(&program);
        plan.visit_from(output.node(), &program);
        let mut gradients = Self {
            tape: output.tape(),
            output: output.node(),
            seed: seed.into_vec(),
            order: plan.order,
            buffers: plan.sizes.iter().map(|&n| vec![S::zero(); n]).collect(),
            written: vec![false; plan.homes.len()],
            homes: plan.homes,
            variables,
        };
        drop(program);
        gradients.replay();
        gradients
    }

    /// The gradient with respect to a variable, of its shape: zero if the output does not depend
    /// on it.
    ///
    /// # Panics
    ///
    /// If `x` is not a variable of the same tape, or was recorded after these gradients were
    /// first taken.
    #[track_caller]
    #[must_use]
    pub fn wrt(&self, x: Var<'_, S>) -> View<'_, S> {
        assert!(
            std::ptr::eq(x.tape(), self.tape),
            "wrt: the variable was recorded on another tape"
        );
        // Without the tape, so that a step of an optimizer can read gradients while it updates.
        match self
            .variables
            .binary_search_by_key(&x.node(), |slot| slot.node)
        {
            Ok(found) => {
                let Slot {
                    node, len, shape, ..
                } = self.variables[found];
                View::new(
                    shape,
                    &self.buffers[VARIABLES][self.homes[node].offset..][..len],
                )
            }
            Err(_) if x.node() >= self.homes.len() => {
                panic!("wrt: the variable was recorded after these gradients were taken")
            }
            Err(_) => panic!(
                "wrt: gradients are kept of leaves recorded with `variable`, not of data or computed values"
            ),
        }
    }

    /// Sweeps again over the values the tape has now.
    ///
    /// # Panics
    ///
    /// If leaves were set and the tape not replayed.
    #[track_caller]
    pub fn replay(&mut self) {
        let program = self.tape.program();
        program.assert_fresh();
        self.written.fill(false);
        self.seed_output();
        for &node in &self.order {
            if self.written[node] {
                let home = self.homes[node];
                // Out of the pool for the moment, so that the rest can be lent to the rule.
                let y_bar = std::mem::take(&mut self.buffers[home.buffer]);
                let cotangents = Cotangents {
                    buffers: &mut self.buffers,
                    homes: &self.homes,
                    written: &mut self.written,
                    slots: program.inputs(node),
                };
                program.vjp(node, &y_bar, cotangents);
                self.buffers[home.buffer] = y_bar;
            }
        }
        self.zero_what_was_not_reached();
    }

    /// [`replay`](Gradients::replay), with another cotangent of the output.
    ///
    /// # Panics
    ///
    /// If its shape is not the output's; and as `replay`.
    #[track_caller]
    pub fn replay_from<'a>(&mut self, cotangent: impl Into<View<'a, S>>) {
        let cotangent = cotangent.into();
        assert_cotangent_fits(self.tape.program().slot(self.output).shape, cotangent);
        self.seed.copy_from_slice(&cotangent);
        self.replay();
    }

    fn seed_output(&mut self) {
        let home = self.homes[self.output];
        if home.exists() {
            self.buffers[home.buffer][home.offset..][..self.seed.len()].copy_from_slice(&self.seed);
            self.written[self.output] = true;
        }
    }

    fn zero_what_was_not_reached(&mut self) {
        for slot in &self.variables {
            if !self.written[slot.node] {
                self.buffers[VARIABLES][self.homes[slot.node].offset..][..slot.len].fill(S::zero());
            }
        }
    }
}

#[track_caller]
pub(crate) fn assert_cotangent_fits<S: Scalar>(output: crate::Shape, cotangent: View<'_, S>) {
    assert!(
        output == cotangent.shape(),
        "backward_from: the output has shape {output}, and the cotangent {}",
        cotangent.shape()
    );
}

/// Which ops a sweep visits, and where the cotangents live meanwhile.
///
/// A value's cotangent is alive from its last recorded consumer down to the op that made it. A
/// buffer that fell free is used again, so a sweep needs about as much memory as the largest
/// values that are alive together, not as all of them.
struct Plan {
    order: Vec<usize>,
    homes: Vec<Home>,
    /// The size of each buffer.
    sizes: Vec<usize>,
    free: Vec<usize>,
}

impl Plan {
    /// Every variable at home in buffer 0, in record order.
    fn of_variables<S: Scalar>(program: &Program<S>) -> Self {
        let mut size = 0;
        let homes = program
            .nodes
            .iter()
            .map(|node| {
                if node.op.is_some() || !node.tracked {
                    return Home::NONE;
                }
                let offset = size;
                size += node.output.len;
                Home {
                    buffer: VARIABLES,
                    offset,
                }
            })
            .collect();
        Self {
            order: Vec::new(),
            homes,
            sizes: vec![size],
            free: Vec::new(),
        }
    }

    fn visit_from<S: Scalar>(&mut self, output: usize, program: &Program<S>) {
        self.house(output, program);
        for node in (0..=output).rev() {
            if program.nodes[node].op.is_none() || !self.homes[node].exists() {
                continue;
            }
            self.order.push(node);
            for input in program.inputs(node) {
                self.house(input.node, program);
            }
            self.free.push(self.homes[node].buffer);
        }
    }

    /// Finds the smallest free buffer that is large enough, or enlarges the largest, or opens one.
    fn house<S: Scalar>(&mut self, node: usize, program: &Program<S>) {
        if !program.nodes[node].tracked || self.homes[node].exists() {
            return;
        }
        let len = program.slot(node).len;
        self.free.sort_unstable_by_key(|&buffer| self.sizes[buffer]);
        let fitting = self
            .free
            .partition_point(|&buffer| self.sizes[buffer] < len);
        let buffer = if self.free.is_empty() {
            self.sizes.push(len);
            self.sizes.len() - 1
        } else {
            self.free.remove(fitting.min(self.free.len() - 1))
        };
        self.sizes[buffer] = self.sizes[buffer].max(len);
        self.homes[node] = Home { buffer, offset: 0 };
    }
}

impl<S: Scalar> fmt::Debug for Gradients<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gradients of %{} wrt", self.output)?;
        for slot in &self.variables {
            write!(f, " %{}", slot.node)?;
        }
        Ok(())
    }
}
