//! The tape: a program over one arena of values, and data that is shared, recorded once and replayed.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::arena::Arena;
use crate::op::ErasedOp;
use crate::operands::{Cotangents, Primals, Slot};
use crate::{Op, Scalar, Shape, ShapeError, Tensor, Var, View};

/// A recorded program: leaves, and ops over what came before them.
///
/// Recording an op computes its value at once. Because the inputs of an op always precede it, the
/// record order is an order of evaluation, and the reverse of it is an order for the sweep.
///
/// A training step does not record again. It sets the leaves that changed and **replays**: the
/// same program on the new values, without an allocation. Only large products and loops have some:
/// what other threads are to do is handed to them in boxes, and a workspace of more than 4 MiB is
/// not kept from one product to the next.
///
/// ```
/// use autodiff::{Tape, Tensor};
///
/// let tape = Tape::new();
/// let x = tape.variable(Tensor::from([1.0, 2.0]));
/// let y = (x * x).sum();
/// let mut gradients = y.backward();
/// assert_eq!(gradients.wrt(x)[..], [2.0, 4.0]);
///
/// tape.set(x, &[5.0, 6.0]);
/// tape.replay();
/// gradients.replay();
/// assert_eq!(y.item(), 61.0);
/// assert_eq!(gradients.wrt(x)[..], [10.0, 12.0]);
/// ```
pub struct Tape<S> {
    program: RefCell<Program<S>>,
    /// How often it was replayed, for gradients to know what they belong to.
    replays: Cell<u64>,
}

const IN_UPDATE: &str = "the closure of `update` must not use the tape";

/// The tape without the cell around it.
pub(crate) struct Program<S> {
    pub(crate) values: Arena<S>,
    /// Values of leaves that are not in the arena.
    shared: Vec<Arc<Tensor<S>>>,
    pub(crate) nodes: Vec<Node<S>>,
    /// Where the value of each node is.
    pub(crate) slots: Vec<Slot>,
    /// The inputs of all nodes, one after the other.
    inputs: Vec<usize>,
    /// Kept from one record to the next.
    input_shapes: Vec<Shape>,
    /// A leaf was set after the last replay: computed values do not belong to it.
    stale: bool,
}

pub(crate) struct Node<S> {
    /// `None` for a leaf.
    pub(crate) op: Option<Box<dyn ErasedOp<S>>>,
    first_input: usize,
    /// Not a `usize`, which would make every node longer.
    input_count: u32,
    /// Whether a variable is among what it depends on.
    pub(crate) tracked: bool,
    /// How many numbers the op keeps behind its output.
    residuals: usize,
}

impl<S: Scalar> Node<S> {
    /// Its inputs, out of those of all nodes.
    fn inputs<'a>(&self, of_all: &'a [usize]) -> &'a [usize] {
        &of_all[self.first_input..][..self.input_count as usize]
    }

    /// Writes its value to the place of its output, from what all nodes before it have; a leaf's is
    /// there. The node need not be on the tape yet.
    fn compute(
        &self,
        output: Slot,
        values: &mut [S],
        shared: &[Arc<Tensor<S>>],
        slots: &[Slot],
        inputs: &[usize],
    ) {
        let Some(op) = &self.op else { return };
        // Inputs precede the output, so this split separates what is read from what is written.
        let (before, rest) = values.split_at_mut(output.offset);
        let inputs = Primals {
            values: before,
            shared,
            slots,
            inputs: self.inputs(inputs),
        };
        op.forward(inputs, &mut rest[..output.len + self.residuals]);
    }
}

impl<S: Scalar> Tape<S> {
    /// An empty tape.
    #[must_use]
    pub fn new() -> Self {
        Self {
            program: RefCell::new(Program {
                values: Arena::new(),
                shared: Vec::new(),
                nodes: Vec::new(),
                slots: Vec::new(),
                inputs: Vec::new(),
                input_shapes: Vec::new(),
                stale: false,
            }),
            replays: Cell::new(0),
        }
    }

    /// A leaf that gradients can be taken with respect to.
    #[track_caller]
    pub fn variable(&self, value: impl Into<Tensor<S>>) -> Var<'_, S> {
        self.leaf(&value.into(), true)
    }

    /// A leaf that no gradient is wanted of: data, labels, noise. Its cotangent is never computed.
    #[track_caller]
    pub fn data(&self, value: impl Into<Tensor<S>>) -> Var<'_, S> {
        self.leaf(&value.into(), false)
    }

    /// [`data`](Tape::data) that is not copied: the tape reads it where it is, and holds on to it.
    /// For a data set that is large, and used elsewhere.
    ///
    /// Nobody sees the tape write to it: a first [`set`](Tape::set) or [`update`](Tape::update)
    /// copies it, if others hold it too. Where it begins is the caller's affair, so a small array is
    /// faster on the tape, where it begins with a line of the cache.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use autodiff::{Tape, Tensor};
    ///
    /// let examples = Arc::new(Tensor::from([1.0, 2.0, 3.0]));
    /// let tape = Tape::new();
    /// let x = tape.shared_data(Arc::clone(&examples));
    /// let total = x.sum();
    /// assert_eq!(total.item(), 6.0);
    ///
    /// tape.update(x, |x| x[0] = 4.0);
    /// tape.replay();
    /// assert_eq!((total.item(), examples[[0]]), (9.0, 1.0));
    /// ```
    #[track_caller]
    pub fn shared_data(&self, value: Arc<Tensor<S>>) -> Var<'_, S> {
        let mut program = self.program_mut();
        let slot = Slot::shared(program.shared.len(), value.shape());
        program.shared.push(value);
        Var::new(self, program.push_leaf(false, slot))
    }

    #[track_caller]
    fn leaf(&self, value: &Tensor<S>, tracked: bool) -> Var<'_, S> {
        let mut program = self.program_mut();
        let mut slot = program.next_slot(value.shape());
        if tracked {
            // Variables without gaps between them are changed in one pass.
            slot.offset = program.values.len();
        }
        program.values.resize(slot.offset + slot.len);
        program.values[slot.range()].copy_from_slice(value.as_slice());
        Var::new(self, program.push_leaf(tracked, slot))
    }

    /// Records an op on these inputs, and computes its value. Named functions and operators are
    /// this with a panic for the error: see [`apply`](Tape::apply).
    ///
    /// # Errors
    ///
    /// If the op refuses the inputs' shapes.
    ///
    /// # Panics
    ///
    /// If an input is of another tape, or leaves were set and not yet replayed.
    #[track_caller]
    pub fn record(&self, op: impl Op, inputs: &[Var<'_, S>]) -> Result<Var<'_, S>, ShapeError> {
        self.record_erased(Box::new(op), inputs)
    }

    /// [`record`](Tape::record) for an op out of the registry.
    ///
    /// # Errors
    ///
    /// As `record`.
    ///
    /// # Panics
    ///
    /// As `record`.
    #[track_caller]
    pub fn record_erased(
        &self,
        op: Box<dyn ErasedOp<S>>,
        inputs: &[Var<'_, S>],
    ) -> Result<Var<'_, S>, ShapeError> {
        assert!(
            inputs.iter().all(|input| std::ptr::eq(input.tape(), self)),
            "{}: an input was recorded on another tape",
            op.name()
        );
        let program = &mut *self.program_mut();
        program.assert_fresh();
        let (output, residuals) = program.output_slot(&*op, inputs)?;
        let tracked = inputs.iter().any(|x| program.nodes[x.node()].tracked);
        let first_input = program.inputs.len();
        program.inputs.extend(inputs.iter().map(|x| x.node()));
        program
            .values
            .resize(output.offset + output.len + residuals);
        let node = Node {
            op: Some(op),
            first_input,
            input_count: u32::try_from(inputs.len()).expect("an op has fewer than 2³² inputs"),
            residuals,
            tracked,
        };
        // Before it is on the tape: a rule that panics leaves no node behind to panic again.
        node.compute(
            output,
            &mut program.values,
            &program.shared,
            &program.slots,
            &program.inputs,
        );
        Ok(Var::new(self, program.push(node, output)))
    }

    /// Records an op on these inputs, and computes its value: what named functions are made of.
    ///
    /// ```
    /// use autodiff::{Scalar, Tape, Tensor, Var, ops};
    ///
    /// #[track_caller]
    /// fn product<'t, S: Scalar>(a: Var<'t, S>, b: Var<'t, S>) -> Var<'t, S> {
    ///     a.tape().apply(ops::Matmul, &[a, b])
    /// }
    ///
    /// let tape = Tape::new();
    /// let a = tape.variable(Tensor::from([[1.0, 2.0]]));
    /// assert_eq!(product(a, a.transpose()).item(), 5.0);
    /// ```
    ///
    /// # Panics
    ///
    /// With the text of the [`ShapeError`], at the caller's line if the calling function is
    /// `#[track_caller]`; and as [`record`](Tape::record).
    #[track_caller]
    pub fn apply(&self, op: impl Op, inputs: &[Var<'_, S>]) -> Var<'_, S> {
        match self.record(op, inputs) {
            Ok(output) => output,
            Err(error) => panic!("{error}"),
        }
    }

    /// Gives a leaf a new value. What was computed from the old one can be read again after
    /// [`replay`](Tape::replay).
    ///
    /// # Panics
    ///
    /// If `leaf` is the output of an op, was recorded on another tape, or has another shape.
    #[track_caller]
    pub fn set<'a>(&self, leaf: Var<'_, S>, value: impl Into<View<'a, S>>) {
        let value = value.into();
        let shape = leaf.shape();
        assert!(
            shape == value.shape(),
            "set: the leaf has shape {shape}, and the value {}",
            value.shape()
        );
        let Some(array) = self.leaf_slot(leaf).array() else {
            return self.update(leaf, |values| values.copy_from_slice(&value));
        };
        let mut program = self.program_mut();
        program.stale = true;
        match Arc::get_mut(&mut program.shared[array]) {
            Some(own) => own.as_mut_slice().copy_from_slice(&value),
            // Not a copy of what is to be overwritten.
            None => program.shared[array] = Arc::new(value.to_tensor()),
        }
    }

    /// Changes the elements of a leaf where they lie, row by row: a step of an optimizer.
    ///
    /// # Panics
    ///
    /// If `leaf` is the output of an op or was recorded on another tape, or if `change` uses this
    /// one.
    #[track_caller]
    pub fn update(&self, leaf: Var<'_, S>, change: impl FnOnce(&mut [S])) {
        let slot = self.leaf_slot(leaf);
        match slot.array() {
            None => self.change(slot.range(), change),
            Some(array) => {
                let mut program = self.program_mut();
                program.stale = true;
                change(Arc::make_mut(&mut program.shared[array]).as_mut_slice());
            }
        }
    }

    #[track_caller]
    fn leaf_slot(&self, leaf: Var<'_, S>) -> Slot {
        assert!(
            std::ptr::eq(leaf.tape(), self),
            "the leaf was recorded on another tape"
        );
        let program = self.program();
        assert!(
            program.nodes[leaf.node()].op.is_none(),
            "only leaves can be set, and this is the output of an op"
        );
        program.slots[leaf.node()]
    }

    /// Changes values of leaves, all of them in `place`.
    #[track_caller]
    pub(crate) fn change(&self, place: Range<usize>, change: impl FnOnce(&mut [S])) {
        let mut program = self.program_mut();
        program.stale = true;
        change(&mut program.values[place]);
    }

    /// Runs the recorded program again on the leaves as they are now.
    ///
    /// Gradients that were taken before stay those of the values before, until
    /// [`Gradients::replay`](crate::Gradients::replay): they can be read, as a line search does,
    /// and make no [`update`](crate::Gradients::update).
    /// [`is_current`](crate::Gradients::is_current) asks which they are.
    #[track_caller]
    pub fn replay(&self) {
        let mut program = self.program_mut();
        self.replays.set(self.replays.get() + 1);
        // Until the last rule is through: one that panics leaves values of two programs.
        program.stale = true;
        program.replay();
        program.stale = false;
    }

    /// How often it was replayed.
    pub(crate) fn replays(&self) -> u64 {
        self.replays.get()
    }

    /// Makes room for so many more elements of values and [residuals](Op::residuals), in up to 64
    /// arrays, of which those that are not variables begin on a line of the cache, so that recording
    /// them neither copies those that are there nor takes more memory than they need.
    ///
    /// ```
    /// use autodiff::{Tape, Tensor};
    ///
    /// let tape = Tape::new();
    /// tape.reserve(2 * 1000);
    /// let x = tape.data(Tensor::full([1000], 0.5));
    /// assert_eq!(x.exp().shape(), x.shape());
    /// ```
    #[track_caller]
    pub fn reserve(&self, elements: usize) {
        let values = &mut self.program_mut().values;
        values.reserve_exact(elements + 64 * Arena::<S>::LINE);
    }

    /// Forgets the program and keeps the memory, for recording another one.
    ///
    /// ```
    /// use autodiff::Tape;
    ///
    /// let mut tape = Tape::new();
    /// for step in 0..3 {
    ///     tape.clear();
    ///     let x = tape.variable(f64::from(step));
    ///     assert_eq!((x * x).backward().wrt(x).item(), 2.0 * f64::from(step));
    /// }
    /// ```
    pub fn clear(&mut self) {
        let program = self.program.get_mut();
        program.values.clear();
        program.shared.clear();
        program.nodes.clear();
        program.slots.clear();
        program.inputs.clear();
        program.stale = false;
    }

    /// The number of leaves and ops.
    #[track_caller]
    #[must_use]
    pub fn len(&self) -> usize {
        self.program().nodes.len()
    }

    /// Whether nothing is recorded.
    #[track_caller]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Before a scalar operand becomes a leaf, so that a refused op leaves none behind.
    #[track_caller]
    pub(crate) fn assert_fresh(&self) {
        self.program().assert_fresh();
    }

    #[track_caller]
    pub(crate) fn program(&self) -> Ref<'_, Program<S>> {
        match self.program.try_borrow() {
            Ok(program) => program,
            Err(_) => panic!("{IN_UPDATE}"),
        }
    }

    #[track_caller]
    fn program_mut(&self) -> RefMut<'_, Program<S>> {
        match self.program.try_borrow_mut() {
            Ok(program) => program,
            Err(_) => panic!("{IN_UPDATE}"),
        }
    }
}

impl<S: Scalar> Program<S> {
    /// The inputs of a node.
    pub(crate) fn inputs(&self, node: usize) -> &[usize] {
        self.nodes[node].inputs(&self.inputs)
    }

    /// Runs the vjp of a node, a leaf having none.
    pub(crate) fn vjp(&self, node: usize, y_bar: &mut [S], x_bar: Cotangents<'_, S>) {
        let Some(op) = &self.nodes[node].op else {
            return;
        };
        let x = Primals {
            values: &self.values,
            shared: &self.shared,
            slots: &self.slots,
            inputs: self.inputs(node),
        };
        let Slot { offset, len, .. } = self.slots[node];
        let y = &self.values[offset..][..len + self.nodes[node].residuals];
        op.vjp(x, y, y_bar, x_bar);
    }

    /// The value of a leaf, or of an op's output.
    #[track_caller]
    pub(crate) fn value(&self, node: usize) -> View<'_, S> {
        if self.nodes[node].op.is_some() {
            self.assert_fresh();
        }
        let slot = &self.slots[node];
        View::of_size(slot.shape, slot.value(&self.values, &self.shared))
    }

    /// Reading a value that belongs to leaves of the past would be a silent mistake.
    #[track_caller]
    pub(crate) fn assert_fresh(&self) {
        assert!(
            !self.stale,
            "a leaf was set since the program was last run: replay() the tape first"
        );
    }

    fn next_slot(&self, shape: Shape) -> Slot {
        let len = shape.size();
        Slot {
            offset: Arena::<S>::aligned(self.values.len(), len),
            len,
            shape,
        }
    }

    /// The slot for what an op makes of these inputs, and how many numbers are to be kept behind it.
    fn output_slot(
        &mut self,
        op: &dyn ErasedOp<S>,
        inputs: &[Var<'_, S>],
    ) -> Result<(Slot, usize), ShapeError> {
        let shapes = inputs.iter().map(|x| self.slots[x.node()].shape);
        self.input_shapes.clear();
        self.input_shapes.extend(shapes);
        let mut slot = self.next_slot(op.output_shape(&self.input_shapes)?);
        let residuals = op.residuals(&self.input_shapes);
        if residuals > slot.len {
            // Of the two it is the longer one that begins with a line.
            slot.offset = Arena::<S>::aligned(self.values.len() + slot.len, residuals) - slot.len;
        }
        Ok((slot, residuals))
    }

    fn push_leaf(&mut self, tracked: bool, slot: Slot) -> usize {
        let node = Node {
            op: None,
            first_input: 0,
            input_count: 0,
            residuals: 0,
            tracked,
        };
        self.push(node, slot)
    }

    fn push(&mut self, node: Node<S>, slot: Slot) -> usize {
        self.nodes.push(node);
        self.slots.push(slot);
        self.nodes.len() - 1
    }

    fn replay(&mut self) {
        let Self {
            values,
            shared,
            nodes,
            slots,
            inputs,
            ..
        } = self;
        for (node, &output) in nodes.iter().zip(&*slots) {
            node.compute(output, values, shared, slots, inputs);
        }
    }
}

impl<S: Scalar> Default for Tape<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Scalar> fmt::Debug for Tape<S> {
    /// The program, a line a node.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = self.program();
        for (k, node) in program.nodes.iter().enumerate() {
            let shape = program.slots[k].shape;
            match &node.op {
                None if node.tracked => writeln!(f, "%{k} = variable {shape}")?,
                None => writeln!(f, "%{k} = data {shape}")?,
                Some(op) => {
                    write!(f, "%{k} = {op:?}")?;
                    for input in program.inputs(k) {
                        write!(f, " %{input}")?;
                    }
                    writeln!(f, " {shape}")?;
                }
            }
        }
        Ok(())
    }
}
