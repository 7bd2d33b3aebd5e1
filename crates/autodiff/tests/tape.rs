//! The tape and the sweep: record, replay, fan-out, and what they refuse.

use std::panic::{AssertUnwindSafe, catch_unwind};

use autodiff::matmul::Matrix;
use autodiff::signature::{Draw, Signature};
use autodiff::{
    Cotangents, Dual, Op, Primals, Scalar, Shape, ShapeError, Tape, Tensor, Var, direct, ops,
    register,
};

/// The message and the line of the panic that `f` ends in.
fn panic_of(f: impl FnOnce()) -> (String, String) {
    use std::sync::{Arc, Mutex};
    let place = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&place);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        *seen.lock().unwrap() = info.location().unwrap().to_string();
    }));
    let payload = catch_unwind(AssertUnwindSafe(f));
    std::panic::set_hook(hook);
    let payload = payload.expect_err("it should have panicked");
    let message = payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string))
        .unwrap();
    let place = place.lock().unwrap().clone();
    (message, place)
}

/// All panics in one test: the hook is the process's.
#[test]
fn mistakes_are_named_at_the_callers_line() {
    let tape = Tape::<f64>::new();
    let a = tape.variable(Tensor::zeros([2, 3]));
    let b = tape.variable(Tensor::zeros([4, 5]));
    let column = tape.variable(Tensor::zeros([2, 1]));
    let foreign_tape = Tape::new();
    let foreign = foreign_tape.variable(Tensor::zeros([2, 3]));
    let stale_tape = Tape::new();
    let leaf = stale_tape.variable(1.0);
    let computed = leaf.exp();
    stale_tape.set(leaf, &Tensor::from(2.0));
    let replayed_tape = Tape::new();
    let square = replayed_tape.variable(1.0).powi(2);
    let old_gradients = square.backward();
    replayed_tape.replay();
    let mut gradients = (a * a).backward_from(&Tensor::zeros([2, 3]));

    // (expected, the line the mistake begins on, the mistake)
    macro_rules! mistake {
        ($expected:literal, $mistake:expr) => {
            (
                $expected,
                line!(),
                Box::new(|| _ = $mistake) as Box<dyn FnOnce()>,
            )
        };
    }
    let zeros = |rows, columns| Tensor::zeros([rows, columns]);
    let mistakes = [
        mistake!(
            "add of (2, 3) and (4, 5): the shapes do not broadcast",
            a + b
        ),
        mistake!(
            "mul of (2, 3) and (4, 5): the shapes do not broadcast",
            a * b
        ),
        mistake!(
            "matmul of (2, 3) and (4, 5): the inner axes, 3 and 4, differ",
            a.matmul(b)
        ),
        mistake!(
            "linear of (2, 3) and (4, 5) and (2, 1): the weights are for 3 features, and there are 4",
            a.linear(b, column)
        ),
        mistake!(
            "sigmoid_cross_entropy of (2, 3) and (4, 5): logits and labels differ in shape",
            a.sigmoid_cross_entropy(b)
        ),
        mistake!(
            "reshape of (2, 3): 6 elements do not fill (4,)",
            a.reshape([4])
        ),
        mistake!(
            "broadcast_to of (2, 3): it does not stretch to (2, 4)",
            a.broadcast_to([2, 4])
        ),
        mistake!("sum of (2, 3): axis 2 does not exist", a.sum_over(2)),
        mistake!("mean of (2, 3): axis 0 is named twice", a.mean_over([0, 0])),
        mistake!(
            "transpose of (2, 3): [0, 2] is not an order of the axes",
            a.permute(&[0, 2])
        ),
        mistake!(
            "backward wants an output of one element, and its shape is (2, 3)",
            a.backward()
        ),
        mistake!(
            "backward_from: the output has shape (2, 3), and the cotangent (3, 2)",
            a.backward_from(&zeros(3, 2))
        ),
        mistake!(
            "replay_from: the output has shape (2, 3), and the cotangent (3, 2)",
            gradients.replay_from(&zeros(3, 2))
        ),
        mistake!(
            "the tape was replayed since: replay() these gradients first",
            old_gradients.update(|_, _| ())
        ),
        mistake!(
            "add a variable of zeros to it",
            old_gradients.wrt(square).len()
        ),
        mistake!(
            "relu of (2, 3) and (2, 3): it takes 1 input, and 2 were given",
            tape.apply(ops::Relu, &[a, a])
        ),
        mistake!(
            "matmul of (2, 3): it takes 2 inputs, and 1 was given",
            tape.apply(ops::Matmul, &[a])
        ),
        mistake!(
            "set: the leaf has shape (2, 3), and the value (3, 2)",
            tape.set(a, &zeros(3, 2))
        ),
        mistake!("only leaves can be set", tape.set(a.exp(), &zeros(2, 3))),
        mistake!("an input was recorded on another tape", a + foreign),
        mistake!("a leaf was set since", computed.value()),
        mistake!("a leaf was set since", computed.backward()),
        mistake!("a leaf was set since", computed.exp()),
        mistake!("must not use the tape", tape.update(a, |_| _ = b.value())),
        mistake!(
            "item() wants one element, and the shape is (2, 3)",
            a.item()
        ),
    ];
    for (expected, line, mistake) in mistakes {
        let (message, place) = panic_of(mistake);
        assert!(
            message.contains(expected),
            "{message}\nshould contain\n{expected}"
        );
        let at_the_mistake =
            (line..line + 4).any(|line| place.contains(&format!("tests/tape.rs:{line}:")));
        assert!(at_the_mistake, "{message}\nwas reported at {place}");
    }
}

#[test]
fn a_refused_op_leaves_the_tape_as_it_was() {
    let tape = Tape::<f64>::new();
    let a = tape.variable(Tensor::zeros([2, 3]));
    assert!(tape.record(ops::Matmul, &[a, a]).is_err());
    assert!(tape.record(ops::Matmul, &[a]).is_err());
    assert_eq!(tape.len(), 1);
    assert_eq!((a + a).value(), Tensor::zeros([2, 3]));
}

#[test]
fn contributions_of_all_consumers_add_up() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(3.0);
    // The same input twice; a diamond; a dead branch.
    let square = x * x;
    let dead = square.exp();
    let y = square * x + square - 2.0 * x;
    let gradients = y.backward();
    assert_eq!(gradients.wrt(x).item(), 3.0 * 9.0 + 6.0 - 2.0);
    assert_eq!(dead.backward().wrt(x).item(), 6.0 * 9.0_f64.exp());
}

/// A product may leave out what the rule of a layer would set to 0, which is for the rule to know:
/// whoever else uses the layer's output, before the product or after it, and however many.
#[test]
fn a_rectified_cotangent_is_what_a_rule_makes_of_the_whole_one() {
    let weights = |rows: usize, cols: usize| {
        Tensor::from_fn([rows, cols], |k| (k * 5 % 7) as f64 - 3.0) // whole, so that sums are exact
    };
    for consumers in 1..16_u32 {
        let gradients = |fused: bool| {
            let tape = Tape::<f64>::new();
            let x = tape.variable(weights(3, 5));
            let [w, v] = [weights(4, 3), weights(2, 4)].map(|w| tape.variable(w));
            let [b, c] = [weights(4, 1), weights(2, 1)].map(|b| tape.variable(b));
            let hidden = match fused {
                true => w.linear_relu(x, b),
                false => (w.matmul(x) + b).relu(),
            };
            assert!(hidden.value().as_slice().contains(&0.0));
            let with = |bit: u32| consumers >> bit & 1 == 1;
            let mut cost = tape.data(0.0) * x.sum();
            if with(0) {
                cost = cost + (hidden * hidden).sum();
            }
            if with(1) {
                cost = cost + v.linear(hidden, c).sum();
            }
            if with(2) {
                cost = cost + v.linear_relu(hidden, c).sum();
            }
            if with(3) {
                cost = cost + (hidden * 3.0).sum();
            }
            let mut gradients = cost.backward();
            gradients.replay();
            [x, w, b, v, c].map(|x| gradients.wrt(x).to_tensor())
        };
        assert_eq!(gradients(true), gradients(false), "consumers {consumers:b}");
    }
}

/// y = c A B, whose c is a factor of the adjoint's products.
#[derive(Clone, Copy, Debug)]
struct ScaledProduct;
register!(ScaledProduct);

impl Op for ScaledProduct {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        ops::Matmul.output_shape(&inputs[1..])
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        let [c, a, b] = x.views();
        y[0] = c[0] * a[0] * b[0];
    }

    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        _y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        let [c, a, b] = x.views();
        let matrix = |x| Matrix::row_major(x, 1, 1);
        if let Some(mut a_bar) = x_bar.get(1) {
            a_bar.add_matmul(c[0], matrix(y_bar), matrix(&b));
        }
        if let Some(mut b_bar) = x_bar.get(2) {
            b_bar.add_matmul(c[0], matrix(&a), matrix(y_bar));
        }
    }

    fn signature(_draw: &mut Draw<'_>) -> Signature<Self> {
        Signature::new(Self)
            .input([1, 1])
            .input([1, 1])
            .input([1, 1])
    }
}

/// A dual number that is 1 has a tangent all the same.
#[test]
fn a_factor_of_one_keeps_its_tangent_before_a_rectifier() {
    let tape = Tape::<Dual<f64>>::new();
    let matrix = |primal: f64| Tensor::full([1, 1], Dual::new(primal, 0.0));
    let w = tape.variable(matrix(2.0));
    let hidden = w.linear_relu(tape.data(matrix(3.0)), tape.data(matrix(0.0)));
    let c = tape.data(Tensor::full([1, 1], Dual::new(1.0, 1.0)));
    let y = tape.apply(ScaledProduct, &[c, hidden, tape.data(matrix(5.0))]);
    // y = c w 3 · 5, so dy/dw is 15 c, and its derivative by c is 15.
    let slope = y.backward().wrt(w)[0];
    assert_eq!((slope.primal, slope.tangent), (15.0, 15.0));
}

/// y = x³ of every element. Adjoint: x̄ += 3 x² ȳ, of which forward keeps 3 x².
#[derive(Clone, Copy, Debug)]
struct KeptCube;
register!(KeptCube);

impl Op for KeptCube {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        Ok(inputs[0])
    }

    fn residuals(&self, inputs: &[Shape]) -> usize {
        inputs[0].size()
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        let (y, slopes) = y.split_at_mut(x[0].len());
        for (k, &x) in x[0].iter().enumerate() {
            y[k] = x * x * x;
            slopes[k] = S::constant(3.0) * x * x;
        }
    }

    fn vjp<S: Scalar>(
        &self,
        _x: Primals<'_, S>,
        y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        let (_, slopes) = y.split_at(y_bar.len());
        if let Some(mut x_bar) = x_bar.get(0) {
            x_bar.add(|k| y_bar[k] * slopes[k]);
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        Signature::new(Self).input(draw.shape())
    }
}

#[test]
fn residuals_are_behind_the_output_of_their_own_node() {
    for n in [1, 3, 8, 100] {
        let x = Tensor::<f64>::from_fn([n], |k| (k % 8) as f64 - 1.5);
        let mut tape = Tape::new();
        for _ in 0..2 {
            tape.clear();
            let leaf = tape.variable(x.clone());
            let inner = tape.apply(KeptCube, &[leaf]);
            let after = tape.variable(Tensor::full([n], 2.0));
            let outer = tape.apply(KeptCube, &[inner * after]);
            let mut gradients = outer.sum().backward();
            for scale in [1.0, -0.5] {
                tape.set(leaf, &x.map(|x| scale * x));
                tape.replay();
                gradients.replay();
                for k in 0..n {
                    let x = scale * x[[k]];
                    // y = 8 x⁹, all of it exact in binary.
                    assert_eq!(outer.value()[[k]], 8.0 * x.powi(9));
                    assert_eq!(gradients.wrt(leaf)[k], 72.0 * x.powi(8));
                    assert_eq!(gradients.wrt(after)[k], 12.0 * x.powi(9));
                }
                let values = outer.value();
                assert_eq!(values.shape(), x.shape());
            }
        }
        let inputs = [x.clone()];
        let y = direct::forward(&KeptCube, &inputs).unwrap();
        assert_eq!(y, x.map(|x| x * x * x));
        let y_bar = Tensor::full([n], 2.0);
        let x_bar = direct::vjp(&KeptCube, &inputs, &y, &y_bar, &[true]);
        assert_eq!(x_bar, [Some(x.map(|x| 6.0 * x * x))]);
    }
}

#[test]
fn gradients_do_not_disturb_each_other() {
    let tape = Tape::<f64>::new();
    let (x, y) = (tape.variable(2.0), tape.variable(5.0));
    let (product, sum) = (x * y, x + y);
    let of_product = product.backward();
    let of_sum = sum.backward();
    let again = product.backward();
    for gradients in [&of_product, &again] {
        assert_eq!(gradients.wrt(x).item(), 5.0);
        assert_eq!(gradients.wrt(y).item(), 2.0);
    }
    assert_eq!(of_sum.wrt(x).item(), 1.0);
    // A leaf is an output like any other.
    let of_leaf = x.backward();
    assert_eq!([of_leaf.wrt(x).item(), of_leaf.wrt(y).item()], [1.0, 0.0]);
}

/// y = x, and a panic for a negative x.
#[derive(Clone, Copy, Debug)]
struct Panicking;
register!(Panicking);

impl Op for Panicking {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        Ok(inputs[0])
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        assert!(x[0].iter().all(|&x| x >= S::zero()), "negative");
        y.copy_from_slice(&x[0]);
    }

    fn vjp<S: Scalar>(
        &self,
        _x: Primals<'_, S>,
        _y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        if let Some(mut x_bar) = x_bar.get(0) {
            x_bar.add(|k| y_bar[k]);
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        Signature::new(Self).input(draw.shape())
    }
}

#[test]
fn an_op_that_panics_is_not_recorded() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(Tensor::from([3.0, -2.0]));
    let attempt = AssertUnwindSafe(|| _ = tape.apply(Panicking, &[x]));
    assert!(catch_unwind(attempt).is_err());
    assert_eq!(tape.len(), 1);
    tape.replay();
    let y = x * x;
    assert_eq!(y.value(), Tensor::from([9.0, 4.0]));
    assert_eq!(y.sum().backward().wrt(x)[..], [6.0, -4.0]);
}

#[test]
fn a_replay_that_panics_is_none_and_the_next_one_is() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(2.0);
    let y = tape.apply(Panicking, &[x]) * x;
    tape.set(x, &Tensor::from(-3.0));
    assert!(catch_unwind(AssertUnwindSafe(|| tape.replay())).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| y.item())).is_err());
    tape.set(x, &Tensor::from(3.0));
    tape.replay();
    assert_eq!(y.item(), 9.0);
}

/// Gradients of the past may be read, as a line search does, but make no step.
#[test]
fn gradients_know_whether_the_tape_was_replayed_since() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(3.0);
    let y = x * x;
    let mut gradients = y.backward();
    gradients.update(|x, _| x[0] = 5.0);
    gradients.update(|x, _| x[0] += 1.0);
    assert!(gradients.is_current(), "of the values before the step");
    tape.replay();
    assert!(!gradients.is_current());
    assert_eq!(gradients.wrt(x).item(), 6.0);
    let (of_another, again) = (x.exp().backward(), y.backward());
    assert!(of_another.is_current() && again.is_current() && !gradients.is_current());
    gradients.replay();
    assert!(gradients.is_current());
    gradients.update(|x, gradient| x[0] -= gradient[0]);
    assert_eq!(x.item(), -6.0);
}

#[test]
fn an_output_that_depends_on_no_variable_has_zero_gradients() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(2.0);
    let constant = tape.data(3.0).exp();
    assert_eq!(constant.backward().wrt(x).item(), 0.0);
}

#[test]
fn a_second_sweep_forgets_the_first() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(Tensor::from([1.0, 2.0]));
    let y = x.exp();
    let mut gradients = y.backward_from(&Tensor::from([1.0, 1.0]));
    gradients.replay_from(&Tensor::from([0.0, 2.0]));
    assert_eq!(gradients.wrt(x)[..], [0.0, 2.0 * 2.0_f64.exp()]);
    gradients.replay();
    assert_eq!(gradients.wrt(x)[..], [0.0, 2.0 * 2.0_f64.exp()]);
}

#[test]
fn an_update_may_read_gradients() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(Tensor::from([1.0, 2.0]));
    let gradients = (x * x).sum().backward();
    tape.update(x, |x_values| {
        for (value, g) in x_values.iter_mut().zip(gradients.wrt(x).iter()) {
            *value -= g;
        }
    });
    assert_eq!(x.value(), Tensor::from([-1.0, -2.0]));
}

#[test]
fn a_replay_is_a_new_recording() {
    fn program<'t>(x: Var<'t, f64>, w: Var<'t, f64>) -> Var<'t, f64> {
        let h = w.matmul(x).tanh();
        (h.max(-0.5 * h) + w.sum_over(1).reshape([2, 1]) / (2.0 + x * x).mean()).sum()
    }
    let (x0, w0) = (Tensor::from([[0.3, 0.4]]), Tensor::from([[1.0], [-2.0]]));
    let (x1, w1) = (Tensor::from([[-1.5, 0.7]]), Tensor::from([[0.1], [3.0]]));

    let replayed = Tape::new();
    let (x, w) = (replayed.variable(x0), replayed.variable(w0));
    let y = program(x, w);
    let mut gradients = y.backward();
    replayed.set(x, &x1);
    replayed.set(w, &w1);
    replayed.replay();
    gradients.replay();

    let recorded = Tape::new();
    let (x_new, w_new) = (recorded.variable(x1), recorded.variable(w1));
    let y_new = program(x_new, w_new);
    let gradients_new = y_new.backward();
    assert_eq!(y.value(), y_new.value());
    assert_eq!(gradients.wrt(x), gradients_new.wrt(x_new));
    assert_eq!(gradients.wrt(w), gradients_new.wrt(w_new));
}

#[test]
fn four_axes_and_none_and_empty_ones_work() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(Tensor::from_fn([2, 1, 3, 2], |k| k as f64));
    let y = tape.variable(Tensor::from_fn([5, 1, 1], |k| k as f64));
    let z = (x * y).sum_over([0, 2]);
    assert_eq!(z.shape().dims(), [5, 2]);
    let gradients = z.sum().backward();
    assert_eq!(gradients.wrt(x)[..], [10.0; 12]);
    assert_eq!(gradients.wrt(y)[..], [66.0; 5]);

    let empty = tape.variable(Tensor::zeros([0, 3]));
    let total = empty.exp().sum();
    assert_eq!(total.item(), 0.0);
    assert_eq!(total.backward().wrt(empty).shape().dims(), [0, 3]);
    let product = empty.transpose().matmul(empty);
    assert_eq!(product.value(), Tensor::zeros([3, 3]));
}

#[test]
fn a_long_chain_needs_no_deep_stack() {
    let deep = std::thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(|| {
            let tape = Tape::<f64>::new();
            let x = tape.variable(1.0);
            let one = tape.data(1.0);
            let end = (0..1_000_000).fold(x, |y, _| y * one);
            end.backward().wrt(x).item()
        });
    assert_eq!(deep.unwrap().join().unwrap(), 1.0);
}

#[test]
fn a_tape_prints_its_program() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(Tensor::from([1.0, 2.0]));
    let _ = x.powi(2).sum();
    assert_eq!(
        format!("{tape:?}"),
        "%0 = variable (2,)\n\
         %1 = Powi { exponent: 2 } %0 (2,)\n\
         %2 = Sum { axes: Axes::ALL } %1 ()\n"
    );
}
