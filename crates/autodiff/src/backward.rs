//! The reverse sweep, which knows no op, and the gradients it leaves.

mod plan;

use std::fmt;

use plan::Plan;

use crate::arena::Arena;
use crate::operands::{Content, Cotangents, Home, Slot};
use crate::tape::Node;
use crate::{Scalar, Shape, Tape, Tensor, Var, View};

/// The gradients of one output with respect to the variables of its tape.
///
/// They belong to the values the tape had at the last sweep. After a [`Tape::replay`],
/// [`replay`](Gradients::replay) sweeps again, and allocates as little;
/// [`is_current`](Gradients::is_current) tells whether that was done.
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
    /// How often the tape had been replayed at the last sweep.
    replays: u64,
    output: usize,
    seed: Vec<S>,
    homes: Vec<Home>,
    /// The variables and where their values are, in record order.
    variables: Vec<(usize, Slot)>,
    /// The variables' cotangents, in record order, and then room for those of computed values,
    /// which also live among the variables' until these come to be written.
    cotangents: Arena<S>,
    /// Of every node's cotangent, in this sweep.
    contents: Vec<Content>,
    /// Whether the op that computed a node rectifies.
    rectify: Vec<bool>,
}

impl<'t, S: Scalar> Gradients<'t, S> {
    #[track_caller]
    pub(crate) fn new(output: Var<'t, S>, seed: Tensor<S>) -> Self {
        let program = output.tape().program();
        let is_variable = |&(_, node): &(usize, &Node<S>)| node.op.is_none() && node.tracked;
        let variables = program.nodes.iter().enumerate().filter(is_variable);
        let variables: Vec<usize> = variables.map(|(node, _)| node).collect();
        let plan = Plan::new(&program, &variables, output.node());
        let slot = |node| (node, program.slots[node]);
        // Of matrices, which is what products contribute to, and what the verifier looks at.
        let rectifies = |(node, slot): (&Node<S>, &Slot)| {
            slot.shape.rank() == 2 && node.op.as_ref().is_some_and(|op| op.rectifies())
        };
        let variables = variables.into_iter().map(slot).collect();
        let mut gradients = Self {
            tape: output.tape(),
            replays: output.tape().replays(),
            output: output.node(),
            seed: seed.into_vec(),
            cotangents: Arena::zeros(plan.housing.size()),
            contents: vec![Content::Nothing; plan.homes.len()],
            rectify: program
                .nodes
                .iter()
                .zip(&program.slots)
                .map(rectifies)
                .collect(),
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
    /// Of a computed value no gradient is kept. Add a variable of zeros to it, and use the sum in its
    /// place: the variable's gradient is the cotangent of both.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::from([1.0, 2.0]));
    /// let probe = tape.variable(Tensor::zeros(x.shape()));
    /// let square = x * x + probe;
    /// assert_eq!((square * square).sum().backward().wrt(probe)[..], [2.0, 8.0]);
    /// ```
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
            .binary_search_by_key(&x.node(), |&(node, _)| node)
        {
            Ok(found) => {
                let (node, Slot { len, shape, .. }) = self.variables[found];
                View::new(shape, &self.cotangents[self.homes[node].0..][..len])
            }
            Err(_) if x.node() >= self.homes.len() => {
                panic!("wrt: the variable was recorded after these gradients were taken")
            }
            Err(_) => panic!(
                "wrt: gradients are kept of leaves recorded with `variable`, not of data or computed \
                 values: for the cotangent of a computed one, add a variable of zeros to it"
            ),
        }
    }

    /// Whether the tape was not replayed since the last sweep. Leaves may have been set: gradients
    /// stay current while they [`update`](Gradients::update) them.
    ///
    /// ```
    /// use autodiff::Tape;
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(3.0);
    /// let mut gradients = (x * x).backward();
    /// gradients.update(|x, gradient| x[0] -= 0.5 * gradient[0]);
    /// assert!(gradients.is_current());
    /// tape.replay();
    /// assert!(!gradients.is_current());
    /// gradients.replay();
    /// assert!(gradients.is_current());
    /// ```
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.replays == self.tape.replays()
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
        self.contents.fill(Content::Nothing);
        self.seed_output();
        for node in (0..=self.output).rev() {
            // A leaf's stays where it is.
            if self.contents[node] != Content::Nothing && program.nodes[node].op.is_some() {
                let home = self.homes[node].0;
                let (before, rest) = self.cotangents.split_at_mut(home);
                let (y_bar, after) = rest.split_at_mut(program.slots[node].len);
                let cotangents = Cotangents {
                    before,
                    after_from: home + y_bar.len(),
                    after,
                    homes: &self.homes,
                    is_rectified: self.contents[node] == Content::Rectified,
                    contents: &mut self.contents,
                    rectify: &self.rectify,
                    values: &program.values,
                    slots: &program.slots,
                    inputs: program.inputs(node),
                };
                program.vjp(node, y_bar, cotangents);
            }
        }
        self.zero_what_was_not_reached();
        self.replays = self.tape.replays();
    }

    /// [`replay`](Gradients::replay), with another cotangent of the output.
    ///
    /// # Panics
    ///
    /// If its shape is not the output's; and as `replay`.
    #[track_caller]
    pub fn replay_from<'a>(&mut self, cotangent: impl Into<View<'a, S>>) {
        let cotangent = cotangent.into();
        let shape = self.tape.program().slots[self.output].shape;
        assert_cotangent_fits("replay_from", shape, cotangent);
        self.seed.copy_from_slice(&cotangent);
        self.replay();
    }

    /// Changes all variables of the tape by their gradients: a step of an optimizer. `change` is
    /// given the elements of both, in record order: those of variables that were recorded one
    /// directly after the other at once, so that it is a single pass over the parameters of a
    /// network.
    ///
    /// What was computed from them can be read again after [`Tape::replay`].
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// let (w, b) = (tape.variable(Tensor::from([2.0, 3.0])), tape.variable(1.0));
    /// let gradients = (w * b).sum().backward();
    /// gradients.update(|values, gradients| {
    ///     assert_eq!(gradients, [1.0, 1.0, 5.0]);
    ///     for (value, gradient) in values.iter_mut().zip(gradients) {
    ///         *value -= 0.5 * gradient;
    ///     }
    /// });
    /// assert_eq!(w.value(), Tensor::from([1.5, 2.5]));
    /// ```
    ///
    /// # Panics
    ///
    /// If the tape was replayed after the last sweep, so that the step would be one by gradients of
    /// the past; or if `change` uses the tape.
    #[track_caller]
    pub fn update(&self, mut change: impl FnMut(&mut [S], &[S])) {
        assert!(
            self.is_current(),
            "update: the tape was replayed since: replay() these gradients first"
        );
        let mut rest = self.variables.as_slice();
        while let Some(&(node, first)) = rest.first() {
            let pairs = rest.windows(2);
            let neighbours = pairs.take_while(|pair| pair[0].1.range().end == pair[1].1.offset);
            let (run, others) = rest.split_at(1 + neighbours.count());
            let len = run.iter().map(|(_, slot)| slot.len).sum();
            let gradients = &self.cotangents[self.homes[node].0..][..len];
            self.tape
                .change(first.offset..first.offset + len, |values| {
                    change(values, gradients)
                });
            rest = others;
        }
    }

    fn seed_output(&mut self) {
        let home = self.homes[self.output];
        if home.exists() {
            self.cotangents[home.0..][..self.seed.len()].copy_from_slice(&self.seed);
            self.contents[self.output] = Content::Sum;
        }
    }

    fn zero_what_was_not_reached(&mut self) {
        for &(node, slot) in &self.variables {
            if self.contents[node] == Content::Nothing {
                self.cotangents[self.homes[node].0..][..slot.len].fill(S::zero());
            }
        }
    }
}

#[track_caller]
pub(crate) fn assert_cotangent_fits<S: Scalar>(
    caller: &str,
    output: Shape,
    cotangent: View<'_, S>,
) {
    assert!(
        output == cotangent.shape(),
        "{caller}: the output has shape {output}, and the cotangent {}",
        cotangent.shape()
    );
}

impl<S: Scalar> fmt::Debug for Gradients<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gradients of %{} wrt", self.output)?;
        for (node, _) in &self.variables {
            write!(f, " %{node}")?;
        }
        Ok(())
    }
}
