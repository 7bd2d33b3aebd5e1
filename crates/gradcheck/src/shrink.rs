//! How cases are drawn for proptest, and how they shrink: first the axes and choices, then the
//! elements, towards 0, 1 and short decimals.

use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::case::Drawn;

/// The strategy of [`Drawn`] numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cases;

impl Strategy for Cases {
    type Tree = Shrinking;
    type Value = Drawn;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let seed = proptest::num::u64::ANY.new_tree(runner)?.current();
        Ok(Shrinking::from(Drawn::from_seed(seed)))
    }
}

/// A case on its way to a smaller one.
///
/// Every move makes one number simpler. A move that keeps the failure is taken; one that does not
/// is undone, and the next one tried, until a whole round of moves has changed nothing.
#[derive(Clone, Debug)]
pub(crate) struct Shrinking {
    /// The simplest case known to fail.
    failing: Drawn,
    /// The one being tried.
    current: Drawn,
    next_move: usize,
    changed: bool,
}

impl From<Drawn> for Shrinking {
    fn from(drawn: Drawn) -> Self {
        Self {
            failing: drawn.clone(),
            current: drawn,
            next_move: 0,
            changed: false,
        }
    }
}

impl Shrinking {
    /// Tries the next move that changes something. False when a round has changed nothing.
    fn advance(&mut self) -> bool {
        loop {
            if self.next_move == MOVES {
                if !self.changed {
                    self.current = self.failing.clone();
                    return false;
                }
                self.next_move = 0;
                self.changed = false;
            }
            self.next_move += 1;
            if let Some(simpler) = simplified(&self.failing, self.next_move - 1) {
                self.current = simpler;
                return true;
            }
        }
    }
}

impl ValueTree for Shrinking {
    type Value = Drawn;

    fn current(&self) -> Drawn {
        self.current.clone()
    }

    /// The current case fails: go on from it.
    fn simplify(&mut self) -> bool {
        if self.current != self.failing {
            self.failing = self.current.clone();
            self.changed = true;
        }
        self.advance()
    }

    /// The current case passes: back, and on with the next move.
    fn complicate(&mut self) -> bool {
        self.advance()
    }
}

/// The moves, the boldest first: what cuts a case down to one element, then what empties a part
/// of it, then single numbers.
#[derive(Clone, Copy, Debug)]
enum Move {
    /// One element, the `k`-th, is all there is.
    OnlyElement(usize),
    /// The values from the `k`-th on are 1.
    Blank(usize),
    /// An axis gets the length 1, 0, 2, or one less.
    Dim(usize, usize),
    /// A choice becomes the first, the second, or half.
    Choice(usize, usize),
    /// A value becomes 1, 2, an integer, or a short decimal.
    Value(usize, usize),
}

const ELEMENTS: usize = Drawn::VALUES / Drawn::LANES;
const BLANKS: usize = 8;
const PER_DIM: usize = 4;
const PER_CHOICE: usize = 3;
const PER_VALUE: usize = 5;
const MOVES: usize = ELEMENTS
    + BLANKS
    + Drawn::DIMS * PER_DIM
    + Drawn::CHOICES * PER_CHOICE
    + Drawn::VALUES * PER_VALUE;

impl Move {
    fn of(mut number: usize) -> Self {
        let mut is_among = |count: usize| {
            let among = number < count;
            if !among {
                number -= count;
            }
            among
        };
        if is_among(ELEMENTS) {
            Self::OnlyElement(number)
        } else if is_among(BLANKS) {
            Self::Blank(Drawn::VALUES >> (BLANKS - number))
        } else if is_among(Drawn::DIMS * PER_DIM) {
            Self::Dim(number / PER_DIM, number % PER_DIM)
        } else if is_among(Drawn::CHOICES * PER_CHOICE) {
            Self::Choice(number / PER_CHOICE, number % PER_CHOICE)
        } else {
            Self::Value(number / PER_VALUE, number % PER_VALUE)
        }
    }
}

/// The case after a move, `None` if the move makes nothing simpler.
fn simplified(drawn: &Drawn, number: usize) -> Option<Drawn> {
    let mut simpler = drawn.clone();
    match Move::of(number) {
        Move::OnlyElement(k) => {
            if drawn.dims.iter().all(|&n| n <= 1) {
                return None;
            }
            simpler.dims.fill(1);
            simpler.values.rotate_left(k * Drawn::LANES);
        }
        Move::Blank(from) => {
            if drawn.values[from..].iter().all(|&v| v == 1.0) {
                return None;
            }
            simpler.values[from..].fill(1.0);
        }
        Move::Dim(which, target) => {
            let n = &mut simpler.dims[which];
            let target = [1, 0, 2, n.saturating_sub(1)][target];
            // An empty array has nothing to show, so 0 is the last thing to try, and only from 1.
            if target >= *n || (target == 0 && *n > 1) {
                return None;
            }
            *n = target;
        }
        Move::Choice(which, target) => {
            let choice = &mut simpler.choices[which];
            let target = [0, 1, *choice / 2][target];
            if target >= *choice {
                return None;
            }
            *choice = target;
        }
        Move::Value(which, target) => {
            let value = &mut simpler.values[which];
            let target = match target {
                0 => 1.0,
                1 => 2.0,
                2 => value.trunc(),
                3 => (*value * 10.0).round() / 10.0,
                _ => (*value * 1000.0).round() / 1000.0,
            };
            if complexity(target) >= complexity(*value) {
                return None;
            }
            *value = target;
        }
    }
    Some(simpler)
}

/// How hard a number is to read: the length of its decimals, and then its size.
fn complexity(value: f64) -> (usize, u64) {
    let text = format!("{value}");
    let rank = match value {
        1.0 => 0,
        2.0 => 1,
        _ => 2 + text.len(),
    };
    (rank, value.abs().to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the protocol to its end with a test that fails wherever `fails` says.
    fn shrink(drawn: Drawn, fails: impl Fn(&Drawn) -> bool) -> Drawn {
        assert!(fails(&drawn));
        let mut tree = Shrinking::from(drawn);
        let mut more = tree.simplify();
        while more {
            more = if fails(&tree.current()) {
                tree.simplify()
            } else {
                tree.complicate()
            };
        }
        tree.failing
    }

    #[test]
    fn what_does_not_matter_becomes_simple() {
        for seed in 0..50 {
            let shrunk = shrink(Drawn::from_seed(seed), |_| true);
            assert!(shrunk.dims.iter().all(|&n| n == 0), "{shrunk:?}");
            assert!(shrunk.choices.iter().all(|&c| c == 0), "{shrunk:?}");
            assert!(shrunk.values.iter().all(|&v| v == 1.0), "{shrunk:?}");
        }
    }

    #[test]
    fn what_matters_stays() {
        let fails = |drawn: &Drawn| drawn.dims[1] >= 2 && drawn.values[3] < -0.25;
        let failing = (0..).map(Drawn::from_seed).find(fails).unwrap();
        let shrunk = shrink(failing, fails);
        assert_eq!(shrunk.dims[1], 2);
        assert!(complexity(shrunk.values[3]).0 <= 6, "{}", shrunk.values[3]);
        assert!(fails(&shrunk));
    }
}
