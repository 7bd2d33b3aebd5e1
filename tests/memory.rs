//! What a tape holds: no stack however deep the program, no more memory after 10⁵ steps than after
//! 10, little beside values and gradients, and a peak that is known.
//!
//! Memory is counted on the thread that a test runs on, so products have one thread here: what
//! others allocate to pack their operands is left out.

use allocation_counter::{AllocationInfo, measure};
use gradproof::autodiff::{Gradients, Tape, Tensor, Var, matmul};
use gradproof::layers::{
    Dataset, HandWritten, He, Mlp, NumpyRandom, Pass, Regularization, Taped, make_circles,
};

/// How many times the values a tape holds may have: they are in a vector that grows by doubling, and
/// may be half empty.
const ROOM: usize = 2;

/// What a node takes beside its value and its gradient, in bytes: what is known of it, of each of
/// its inputs, and of the sweep over it, in vectors that may be half empty too.
const NODE: usize = 256;

/// The peak of 1024-1024-1024-1 on 512 examples in f64, in MiB, from making the pass to the end of a
/// step, with what the thread keeps to pack operands in; the model and the data are there before.
const PEAK_BY_TAPE: f64 = 45.0;
const PEAK_BY_HAND: f64 = 41.5;

/// What `make` gives, and the memory that it took.
fn measured<T>(make: impl FnOnce() -> T) -> (T, AllocationInfo) {
    let mut made = None;
    let memory = measure(|| made = Some(make()));
    (made.expect("it was made"), memory)
}

/// x cⁿ, a node a product.
fn chain<'t>(x: Var<'t, f64>, c: f64, n: usize) -> Var<'t, f64> {
    let c = x.tape().data(c);
    (0..n).fold(x, |product, _| product * c)
}

#[test]
fn a_chain_of_a_million_ops_needs_no_stack() {
    const LINKS: usize = 1_000_000;
    const STACK: usize = 256 << 10;
    let c = 1.0 + 1e-6;
    let on_a_small_stack = move || {
        let tape = Tape::new();
        let x = tape.variable(1.5);
        let y = chain(x, c, LINKS);
        let mut gradients = y.backward();
        let power = (LINKS as f64 * (c - 1.0).ln_1p()).exp();
        // Every product is off by ε/2 at most, so all of them by half of this; the reference is off
        // by a few ε.
        let bound = LINKS as f64 * f64::EPSILON;
        for at in [1.5, -0.25] {
            tape.set(x, &Tensor::from(at));
            tape.replay();
            gradients.replay();
            assert!((y.item() / (at * power) - 1.0).abs() < bound);
            assert!((gradients.wrt(x).item() / power - 1.0).abs() < bound);
        }
    };
    let thread = std::thread::Builder::new().stack_size(STACK);
    thread.spawn(on_a_small_stack).unwrap().join().unwrap();
}

#[test]
fn memory_is_flat_over_a_hundred_thousand_steps() {
    let data = make_circles(16, 0.05, 0.8, &mut NumpyRandom::seed(1)).unwrap();
    let model = Mlp::new(&[2, 4, 1], &He, &mut NumpyRandom::seed(3)).unwrap();
    let tape = Tape::new();
    let mut taped = Taped::record(&tape, &model, &data, &Regularization::default());
    let mut hand = HandWritten::new(&model, &data, &Regularization::default());
    let passes: [(&str, &mut dyn Pass<f64>); 2] = [("tape", &mut taped), ("hand", &mut hand)];
    for (name, pass) in passes {
        let mut descend = |steps| {
            for _ in 0..steps {
                pass.evaluate();
                pass.descend(0.01);
            }
            pass.evaluate()
        };
        let (early, mut late) = (descend(10), f64::NAN);
        // Counted from here: no allocation, so neither the peak nor what is held can change.
        let memory = measure(|| late = descend(100_000 - 10));
        assert_eq!(memory, AllocationInfo::default(), "{name}");
        assert!(late < early, "{name}: {late} is not below {early}");
    }
}

/// Records 64-128-128-1 on 256 examples, and notes how many elements every node has.
fn network<'t>(tape: &'t Tape<f64>, nodes: &mut Vec<Node>) -> Gradients<'t, f64> {
    const EXAMPLES: usize = 256;
    let filled = |shape: [usize; 2]| Tensor::from_fn(shape, |k| (k % 7) as f64 * 0.1 - 0.3);
    let mut note = |is_variable, x: Var<'t, f64>| {
        let elements = x.shape().size();
        nodes.push(Node {
            is_variable,
            elements,
        });
        x
    };
    let mut a = note(false, tape.data(filled([64, EXAMPLES])));
    let y = note(false, tape.data(Tensor::zeros([1, EXAMPLES])));
    for n in [[64, 128], [128, 128], [128, 1]] {
        let w = note(true, tape.variable(filled([n[1], n[0]])));
        let b = note(true, tape.variable(filled([n[1], 1])));
        a = note(false, w.linear(a, b));
        if n[1] > 1 {
            a = note(false, a.relu());
        }
    }
    note(false, a.sigmoid_cross_entropy(y)).backward()
}

struct Node {
    is_variable: bool,
    elements: usize,
}

#[test]
fn a_tape_holds_little_beside_values_and_gradients() {
    matmul::set_threads(1);
    let (tape, mut nodes) = (Tape::new(), Vec::with_capacity(64));
    let (_gradients, memory) = measured(|| network(&tape, &mut nodes));
    assert_eq!(nodes.len(), tape.len());
    let (variables, others): (Vec<&Node>, Vec<&Node>) =
        nodes.iter().partition(|node| node.is_variable);
    let elements = |nodes: &[&Node]| nodes.iter().map(|node| node.elements).sum::<usize>();
    let values = elements(&variables) + elements(&others);
    // Of the others, no more than the cotangents of an op's output and of its input live together.
    let passing = 2 * others.iter().map(|node| node.elements).max().unwrap_or(0);
    let gradients = elements(&variables) + passing;
    assert_little_beside("network", &memory, [values, gradients], nodes.len());

    let tape = Tape::new();
    let n = 1 << 16;
    let (_gradients, memory) = measured(|| chain(tape.variable(1.0), 1.0, n).backward());
    assert_little_beside("chain", &memory, [tape.len(), 1 + 2], tape.len());
}

fn assert_little_beside(
    name: &str,
    memory: &AllocationInfo,
    [values, gradients]: [usize; 2],
    nodes: usize,
) {
    let held = memory.bytes_current as usize;
    let allowed = (ROOM * values + gradients) * size_of::<f64>() + NODE * nodes;
    println!(
        "{name}: {held} bytes of {allowed}; {nodes} nodes, {values} values, {gradients} of gradients"
    );
    assert!(held <= allowed, "{name}: {held} bytes, {allowed} allowed");
}

/// 1024-1024-1024-1 on 512 examples.
fn large() -> (Mlp<f64>, Dataset<f64>) {
    let mut random = NumpyRandom::seed(1);
    let model = Mlp::new(&[1024, 1024, 1024, 1], &He, &mut random).unwrap();
    let x = Tensor::from_fn([1024, 512], |_| random.normal(0.0, 1.0));
    let y = Tensor::from_fn([1, 512], |k| f64::from(k % 2 == 0));
    (model, Dataset::new(x, y).unwrap())
}

#[test]
fn the_peak_of_a_large_step_is_known() {
    matmul::set_threads(1);
    let (model, data) = large();
    let nothing = Regularization::default();
    let tape = || {
        let tape = Tape::new();
        peak("tape", || Taped::record(&tape, &model, &data, &nothing))
    };
    let hand = || peak("hand", || HandWritten::new(&model, &data, &nothing));
    // Each on a thread that has packed nothing yet.
    let [by_tape, by_hand] = std::thread::scope(|scope| {
        [scope.spawn(tape), scope.spawn(hand)].map(|thread| thread.join().unwrap())
    });
    assert!(by_tape <= PEAK_BY_TAPE);
    assert!(by_hand <= PEAK_BY_HAND);
}

/// The largest number of MiB that making a pass, and a step by it, hold at a time.
fn peak<P: Pass<f64>>(name: &str, make: impl FnOnce() -> P) -> f64 {
    let step = |pass: &mut P| {
        assert!(pass.evaluate().is_finite());
        pass.descend(1e-6);
    };
    let (mut pass, memory) = measured(|| {
        let mut pass = make();
        step(&mut pass);
        pass
    });
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let peak = mebibytes(memory.bytes_max);
    println!("{name}: {peak:.2} MiB at most");
    let memory = measure(|| step(&mut pass));
    let (more, count) = (mebibytes(memory.bytes_max), memory.count_total);
    println!("{name}: another step holds {more:.2} MiB more, in {count} allocations");
    assert_eq!(count, 0, "{name}");
    peak
}
