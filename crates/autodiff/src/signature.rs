//! How a verifier makes inputs for an op it knows nothing about.
//!
//! It draws plain numbers, a [`Draw`], and hands them to [`Op::signature`](crate::Op::signature),
//! which turns them into an instance of the op with the shape and domain of every input: a
//! [`Signature`]. Smaller numbers give smaller instances, so shrinking the numbers shrinks the
//! instance. There is no random generator here; whoever draws brings one.

use crate::Shape;

/// Freely drawn numbers, taken one after the other. When they run out, axes have length 1 and
/// choices fall on the first.
///
/// ```
/// use autodiff::signature::Draw;
///
/// let mut draw = Draw::new(&[2, 3], &[7]);
/// assert_eq!([draw.dim(), draw.dim(), draw.dim()], [2, 3, 1]);
/// assert_eq!([draw.below(5), draw.below(5)], [2, 0]);
/// ```
#[derive(Clone, Debug)]
pub struct Draw<'a> {
    dims: std::slice::Iter<'a, usize>,
    choices: std::slice::Iter<'a, u32>,
}

impl<'a> Draw<'a> {
    /// The draw that hands out these axis lengths and these choices.
    #[must_use]
    pub fn new(dims: &'a [usize], choices: &'a [u32]) -> Self {
        Self {
            dims: dims.iter(),
            choices: choices.iter(),
        }
    }

    /// A free axis length, possibly 0.
    pub fn dim(&mut self) -> usize {
        self.dims.next().copied().unwrap_or(1)
    }

    /// A free choice among `0..n`.
    ///
    /// # Panics
    ///
    /// If `n` is 0.
    #[track_caller]
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "there is nothing to choose from");
        self.choices.next().map_or(0, |&c| c as usize % n)
    }

    /// A free choice between no (first) and yes.
    pub fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    /// A free shape of up to three axes.
    pub fn shape(&mut self) -> Shape {
        let rank = self.below(4);
        self.shape_of_rank(rank)
    }

    /// A free shape of that many axes.
    ///
    /// # Panics
    ///
    /// If `rank` is more than [`MAX_RANK`](crate::MAX_RANK).
    #[track_caller]
    pub fn shape_of_rank(&mut self, rank: usize) -> Shape {
        let axes: Vec<usize> = (0..rank).map(|_| self.dim()).collect();
        Shape::new(&axes)
    }

    /// A shape that stretches to `target`: some axes of it replaced by 1, some leading ones left
    /// out.
    pub fn shape_within(&mut self, target: Shape) -> Shape {
        let left_out = self.below(target.rank() + 1);
        let mut axes = target.dims()[left_out..].to_vec();
        for axis in &mut axes {
            if self.flag() {
                *axis = 1;
            }
        }
        Shape::new(&axes)
    }
}

/// An instance of an op, and the inputs it is meant for.
///
/// ```
/// use autodiff::ops::Matmul;
/// use autodiff::signature::Signature;
///
/// let product = Signature::new(Matmul).input([2, 3]).input([3, 4]);
/// assert_eq!(product.inputs.len(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct Signature<O> {
    /// The op, its own parameters drawn.
    pub op: O,
    /// Its inputs, in order.
    pub inputs: Vec<Input>,
    /// Where it has a value but no derivative, and what its vjp takes for one there.
    pub kinks: Vec<Kink>,
}

/// A point where an op has a value but its derivatives from the two sides differ, and the op's
/// convention there: what the vjp takes for the derivative, and what the rule of the value, run at
/// [`Dual`](crate::Dual), has to give for it too. A dual number's tangent is that of the branch the rule
/// takes: of `x.abs()` at 0 it is 1, and of `a.max(b)` at a tie that of b. For another convention the rule
/// has a branch of its own there, whose value is the same: y₀ + c (x − at) for the derivative c, and
/// a + (b − a) / 2 for half of a tie each.
///
/// The verifier goes there: with all elements at once in an elementwise op and in a layer, and in any
/// other op, for a [`Point`](Kink::Point), with one element, whose derivative it looks at one output
/// at a time. A kink that none of these says, such as a tie of elements of one input, is left
/// undeclared: where a drawn case is on it, whatever lies between the slopes to its two sides is right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kink {
    /// An element of one input at a value, as 0 is for the rectifier.
    Point {
        /// Which input.
        input: usize,
        /// The value.
        at: f64,
        /// What is taken for the derivative.
        derivative: f64,
    },
    /// Elements of two inputs being equal, as for a maximum.
    Tie {
        /// Which inputs.
        inputs: [usize; 2],
        /// What is taken for the derivative with respect to each.
        derivatives: [f64; 2],
    },
    /// An element of W A + b at a value, the three being the op's inputs: a layer with a kink in its
    /// activation, of which the derivative is taken for 0 there.
    Layer {
        /// The value.
        at: f64,
    },
}

/// What one input of an op may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Input {
    /// Its shape.
    pub shape: Shape,
    /// Where the op is differentiable in it.
    pub domain: Domain,
}

impl<O> Signature<O> {
    /// This instance of the op, its inputs yet to be stated.
    #[must_use]
    pub fn new(op: O) -> Self {
        Self {
            op,
            inputs: Vec::new(),
            kinks: Vec::new(),
        }
    }

    /// The next input: of this shape, any real number.
    #[must_use]
    pub fn input(self, shape: impl Into<Shape>) -> Self {
        self.input_in(shape, Domain::REAL)
    }

    /// The next input: of this shape, its elements within `domain`.
    #[must_use]
    pub fn input_in(mut self, shape: impl Into<Shape>, domain: Domain) -> Self {
        self.inputs.push(Input {
            shape: shape.into(),
            domain,
        });
        self
    }

    /// A [`Kink`] of the op.
    #[must_use]
    pub fn kink(mut self, kink: Kink) -> Self {
        self.kinks.push(kink);
        self
    }

    /// The same inputs for what `f` makes of the op.
    #[must_use]
    pub fn map<P>(self, f: impl FnOnce(O) -> P) -> Signature<P> {
        Signature {
            op: f(self.op),
            inputs: self.inputs,
            kinks: self.kinks,
        }
    }
}

/// The real numbers an input may be: an interval, perhaps with a hole.
///
/// ```
/// use autodiff::signature::Domain;
///
/// assert!(Domain::POSITIVE.contains(1e-300) && !Domain::POSITIVE.contains(0.0));
/// assert!(!Domain::REAL.contains(f64::NAN));
/// assert!(Domain::UNIT.contains(1.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Domain {
    /// The lower end.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
    /// Whether the ends belong to the domain. (Infinite ones never do.)
    pub closed: bool,
    /// A point between the ends that does not.
    pub hole: Option<f64>,
    /// What the op is beyond it.
    pub beyond: Beyond,
}

/// What an op is outside an input's domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Beyond {
    /// Undefined: its value there is NaN or infinite, so that a misuse shows.
    #[default]
    Undefined,
    /// As within: the domain says what the input means, as for a probability, and the formula
    /// holds for every number.
    Defined,
}

impl Domain {
    /// Every real number.
    pub const REAL: Self = Self::open(f64::NEG_INFINITY, f64::INFINITY);
    /// x > 0.
    pub const POSITIVE: Self = Self::open(0.0, f64::INFINITY);
    /// x ≠ 0.
    pub const NON_ZERO: Self = Self {
        hole: Some(0.0),
        ..Self::REAL
    };
    /// 0 ≤ x ≤ 1: a probability or a label, the op being defined for every number.
    pub const UNIT: Self = Self {
        beyond: Beyond::Defined,
        ..Self::closed(0.0, 1.0)
    };

    /// lower < x < upper.
    #[must_use]
    pub const fn open(lower: f64, upper: f64) -> Self {
        Self {
            lower,
            upper,
            closed: false,
            hole: None,
            beyond: Beyond::Undefined,
        }
    }

    /// lower ≤ x ≤ upper.
    #[must_use]
    pub const fn closed(lower: f64, upper: f64) -> Self {
        Self {
            closed: true,
            ..Self::open(lower, upper)
        }
    }

    /// Whether the op is differentiable at `x`. False for NaN and infinities.
    #[must_use]
    pub fn contains(&self, x: f64) -> bool {
        let within = (self.lower < x && x < self.upper)
            || (self.closed && (x == self.lower || x == self.upper));
        x.is_finite() && within && self.hole != Some(x)
    }
}
