//! Which ops a sweep visits, and where the cotangents live meanwhile.

use std::collections::BTreeMap;

use crate::Scalar;
use crate::arena::Arena;
use crate::operands::Home;
use crate::tape::Program;

/// A value's cotangent is alive from its last recorded consumer down to the op that made it, a
/// variable's from its last consumer for good. What is not alive has no room to itself, so a sweep
/// needs about as much memory as is alive at any one time.
pub(super) struct Plan {
    /// The ops to visit, last recorded first.
    pub(super) order: Vec<usize>,
    pub(super) homes: Vec<Home>,
    pub(super) housing: Housing,
}

impl Plan {
    pub(super) fn new<S: Scalar>(program: &Program<S>, variables: &[usize], output: usize) -> Self {
        let mut homes = vec![Home::NONE; program.nodes.len()];
        let mut end = 0;
        for &variable in variables {
            homes[variable] = Home(end);
            end += program.slots[variable].len;
        }
        let mut plan = Self {
            order: Vec::new(),
            homes,
            housing: Housing::new(program, variables, output),
        };
        plan.house(output, program);
        for node in (0..=output).rev() {
            if program.nodes[node].op.is_none() || !plan.homes[node].exists() {
                continue;
            }
            plan.order.push(node);
            for &input in program.inputs(node) {
                plan.house(input, program);
            }
            plan.housing
                .free(plan.homes[node].0, program.slots[node].len);
        }
        plan
    }

    fn house<S: Scalar>(&mut self, node: usize, program: &Program<S>) {
        if program.nodes[node].tracked && !self.homes[node].exists() {
            self.homes[node] = Home(self.housing.take::<S>(node, program.slots[node].len));
        }
    }
}

/// What is free at some moment of the sweep.
pub(super) struct Housing {
    /// Where a stretch of free places begins, and where it ends. No two of them touch, but at
    /// `own`.
    free: BTreeMap<usize, usize>,
    /// From here on there is no variable.
    own: usize,
    /// Where the places end that were ever taken.
    size: usize,
    /// For each variable, where it ends, and the last op that consumes it or one before it.
    consumers: Vec<(usize, usize)>,
}

impl Housing {
    fn new<S: Scalar>(program: &Program<S>, variables: &[usize], output: usize) -> Self {
        let mut last_consumer = vec![0; program.nodes.len()];
        for node in 0..=output {
            for &input in program.inputs(node) {
                last_consumer[input] = node;
            }
        }
        let mut consumers = Vec::with_capacity(variables.len());
        let (mut end, mut last) = (0, 0);
        for &variable in variables {
            end += program.slots[variable].len;
            last = last.max(last_consumer[variable]);
            consumers.push((end, last));
        }
        let mut free = BTreeMap::from([(end, usize::MAX)]);
        if end > 0 {
            free.insert(0, end);
        }
        Self {
            free,
            own: end,
            size: end,
            consumers,
        }
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The first `len` free places for the cotangent of a node, among those of variables only
    /// where nothing is written to them before the node was visited.
    fn take<S: Scalar>(&mut self, node: usize, len: usize) -> usize {
        let unwritten = self.consumers.partition_point(|&(_, last)| last < node);
        let unwritten = unwritten.checked_sub(1).map_or(0, |k| self.consumers[k].0);
        let place = |(&start, &end): (&usize, &usize)| {
            let place = Arena::<S>::aligned(start, len);
            let limit = if start < self.own {
                end.min(unwritten)
            } else {
                end
            };
            (place + len <= limit).then_some((start, place, end))
        };
        let (start, place, end) = self
            .free
            .iter()
            .find_map(place)
            .expect("the last stretch has no end");
        self.free.remove(&start);
        if start < place {
            self.free.insert(start, place);
        }
        if place + len < end {
            self.free.insert(place + len, end);
        }
        self.size = self.size.max(place + len);
        place
    }

    fn free(&mut self, start: usize, len: usize) {
        let (mut start, mut end) = (start, start + len);
        if start == end {
            return;
        }
        if let Some((&before, &touching)) = self.free.range(..start).next_back()
            && touching == start
            && start != self.own
        {
            self.free.remove(&before);
            start = before;
        }
        if end != self.own
            && let Some(after) = self.free.remove(&end)
        {
            end = after;
        }
        self.free.insert(start, end);
    }
}
