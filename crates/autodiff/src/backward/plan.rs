//! Where the cotangents live during a sweep.

use std::collections::BTreeMap;

use crate::Scalar;
use crate::arena::Arena;
use crate::operands::Home;
use crate::tape::Program;

/// A value's cotangent is alive from its last recorded consumer down to the op that made it, a
/// variable's from its last consumer for good. What is not alive has no room to itself, so a sweep
/// needs about as much memory as is alive at any one time.
pub(super) struct Plan {
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
            homes,
            housing: Housing::new(program, variables, output),
        };
        plan.house(output, program);
        for node in (0..=output).rev() {
            if program.nodes[node].op.is_none() || !plan.homes[node].exists() {
                continue;
            }
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
        if len == 0 {
            // In nobody's midst, where it would part what has elements.
            return 0;
        }
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

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use proptest::prelude::*;

    use super::*;
    use crate::{Tape, Tensor, Var};

    /// Records sums, products and arrays without elements, made of earlier nodes, over variables and
    /// data of a few lengths, and last the sum of everything.
    fn record<'t>(tape: &'t Tape<f64>, choices: &[(u8, u8, u8)]) -> Var<'t, f64> {
        let mut nodes: Vec<Var<'t, f64>> = Vec::new();
        for &(kind, first, second) in choices {
            let leaf = || {
                Tensor::full(
                    [[0, 1, 2, 3, 4, 7, 8, 9, 16, 20, 40][usize::from(second) % 11]],
                    1.0,
                )
            };
            let of = |k: u8, nodes: &[Var<'t, f64>]| nodes[usize::from(k) % nodes.len()];
            nodes.push(match kind % 8 {
                0 | 1 => tape.variable(leaf()),
                2 => tape.data(leaf()),
                _ if nodes.is_empty() => tape.variable(leaf()),
                3 => of(first, &nodes).sum(),
                // Without elements, whatever it is made of.
                4 => {
                    let column = of(first, &nodes).reshape([of(first, &nodes).shape().size(), 1]);
                    let nothing = column.matmul(tape.data(Tensor::full([1, 0], 1.0)));
                    nothing.reshape([0])
                }
                _ => {
                    let (a, b) = (of(first, &nodes), of(second, &nodes));
                    if a.shape().broadcast(b.shape()).is_some() {
                        a + b
                    } else {
                        a * b.sum()
                    }
                }
            });
        }
        let sums = nodes.into_iter().map(Var::sum);
        sums.reduce(|total, sum| total + sum)
            .expect("there is a choice")
    }

    proptest! {
        #[test]
        fn cotangents_that_live_together_have_places_of_their_own(
            choices in prop::collection::vec(any::<(u8, u8, u8)>(), 1..60),
        ) {
            let tape = Tape::new();
            let output = record(&tape, &choices).node();
            let program = tape.program();
            let is_variable = |&n: &usize| program.nodes[n].op.is_none() && program.nodes[n].tracked;
            let variables: Vec<usize> = (0..program.nodes.len()).filter(is_variable).collect();
            let plan = Plan::new(&program, &variables, output);
            let place = |n: usize| -> Range<usize> {
                let start = plan.homes[n].0;
                start..start + program.slots[n].len
            };
            let mut alive: Vec<usize> = Vec::from_iter(plan.homes[output].exists().then_some(output));
            let is_visited =
                |&node: &usize| program.nodes[node].op.is_some() && plan.homes[node].exists();
            for node in (0..=output).rev().filter(is_visited) {
                prop_assert!(alive.contains(&node));
                for &input in program.inputs(node) {
                    if plan.homes[input].exists() && !alive.contains(&input) {
                        alive.push(input);
                    }
                }
                for (k, &a) in alive.iter().enumerate() {
                    prop_assert!(place(a).end <= plan.housing.size());
                    for &b in &alive[k + 1..] {
                        let (a, b) = (place(a), place(b));
                        prop_assert!(a.end <= b.start || b.end <= a.start, "{a:?} and {b:?}");
                    }
                }
                alive.retain(|&n| n != node);
            }
        }
    }

    #[test]
    fn a_network_needs_room_for_one_layer_beside_its_gradient() {
        let tape = Tape::<f64>::new();
        let x = tape.data(Tensor::full([128, 64], 1.0));
        let leaf = |rows, cols| tape.variable(Tensor::full([rows, cols], 0.5));
        let [w1, b1, w2, b2, w3, b3] = [(64, 128), (64, 1), (64, 64), (64, 1), (1, 64), (1, 1)]
            .map(|(rows, cols)| leaf(rows, cols));
        let hidden = w2.linear_relu(w1.linear_relu(x, b1), b2);
        let cost = w3.linear(hidden, b3).sum();
        let program = tape.program();
        let variables = [w1, b1, w2, b2, w3, b3].map(|x| x.node());
        let elements: usize = variables.iter().map(|&n| program.slots[n].len).sum();
        let plan = Plan::new(&program, &variables, cost.node());
        // The second layer's are where the first weights' gradient will be; the first layer's cannot
        // be there too, as that gradient is made of them.
        assert_eq!(plan.housing.size(), elements.next_multiple_of(8) + 64 * 64);
    }
}
