//! Whether two ops can be told apart at all.

use autodiff::signature::Beyond;
use autodiff::{Dual, ErasedOp, Scalar, Shape, Tensor, Wide, direct};
use num_traits::Float as _;

use crate::case::{Drawn, Instance, Subject};
use crate::random::Random;

/// Whether they agree in everything that can be observed, in this many drawn cases.
pub(super) fn agree(right: &Subject, wrong: &Subject, cases: u64) -> bool {
    (0..cases).map(Drawn::from_seed).all(|drawn| {
        let instances = || [right.instance(&drawn), wrong.instance(&drawn)];
        variants(&right.instance(&drawn)).into_iter().all(|inputs| {
            // Fresh ones, so that one that remembers is as new as it is to a check.
            let [a, b] = instances();
            let [a, b] = [a.at(inputs.clone()), b.at(inputs)];
            agree_on_shapes(&a, &b)
                && agree_at::<f64>(&a, &b, &*a.op, &*b.op, |a, b| a == b)
                && agree_at::<f32>(&a, &b, &*a.op, &*b.op, |a, b| a == b)
                && agree_at::<Wide>(&a, &b, &*a.op, &*b.op, |a, b| a == b)
                && agree_at::<Dual<f64>>(&a, &b, &*a.op, &*b.op, |a, b| {
                    a == b && same(a.tangent, b.tangent, |a, b| a == b)
                })
        })
    })
}

/// Whether the vjps agree at 106 bits but for rounding, in this many drawn cases: a right rule at another
/// point may be the same function, as that of the logarithm of a softmax is at its own output.
pub(super) fn agree_but_for_rounding(right: &Subject, wrong: &Subject, cases: u64) -> bool {
    (0..cases).map(Drawn::from_seed).all(|drawn| {
        let instances = [right, wrong].map(|subject| subject.instance(&drawn));
        let x = instances[0].inputs_at::<Wide>();
        let ops = instances.each_ref().map(|instance| &*instance.op);
        let (Ok(y), Some(y_bar)) = (
            direct::forward(ops[0] as &dyn ErasedOp<Wide>, &x),
            &instances[0].cotangent,
        ) else {
            return false; // nothing was compared
        };
        let y_bar = y_bar.map(Wide::from);
        let wanted = vec![true; x.len()];
        let [a, b] = ops.map(|op| direct::vjp(op as &dyn ErasedOp<Wide>, &x, &y, &y_bar, &wanted));
        let elements = |x_bar: Vec<Option<Tensor<Wide>>>| {
            let each = x_bar.into_iter().flatten();
            each.flat_map(|x_bar| x_bar.as_slice().to_vec())
        };
        let size: Wide = y_bar.as_slice().iter().map(|g| g.abs()).sum();
        elements(a).zip(elements(b)).all(|(a, b)| {
            let [of_each, of_all] = [-90, -100].map(|bits| Wide::from(2.0_f64.powi(bits)));
            (a - b).abs() <= of_each * a.abs() + of_all * size
        })
    })
}

/// The drawn inputs, and the same on each kink and beyond each edge of a domain.
fn variants(instance: &Instance) -> Vec<Vec<Tensor<f64>>> {
    let inputs = &instance.inputs;
    let mut all = vec![inputs.clone()];
    let on_kinks = instance.kinks.iter().filter_map(|&kink| instance.on(kink));
    all.extend(on_kinks.map(|on_kink| on_kink.inputs));
    for (input, domain) in instance.domains.iter().enumerate() {
        let edges = [domain.lower - 0.5, domain.upper + 0.5].map(Some);
        for outside in edges.into_iter().chain([domain.hole]).flatten() {
            let mut beyond = inputs.clone();
            if let (true, Beyond::Undefined, Some(element)) = (
                outside.is_finite(),
                domain.beyond,
                beyond[input].as_mut_slice().first_mut(),
            ) {
                *element = outside;
                all.push(beyond);
            }
        }
    }
    all
}

fn agree_on_shapes(a: &Instance, b: &Instance) -> bool {
    let shapes: Vec<Shape> = a.inputs.iter().map(Tensor::shape).collect();
    let (a, b): (&dyn ErasedOp<f64>, &dyn ErasedOp<f64>) = (&*a.op, &*b.op);
    crate::checks::changed_shapes(&shapes)
        .iter()
        .all(|shapes| a.output_shape(shapes).ok() == b.output_shape(shapes).ok())
}

fn agree_at<S: Scalar>(
    a: &Instance,
    b: &Instance,
    a_op: &dyn ErasedOp<S>,
    b_op: &dyn ErasedOp<S>,
    equal: fn(S, S) -> bool,
) -> bool {
    let x = a.inputs_at::<S>();
    for before in [S::nan(), S::constant(7.0)] {
        let values = [a_op, b_op].map(|op| direct::forward_over(op, &x, before).ok());
        match values {
            [Some(a), Some(b)] if all_same(&a, &b, equal) => {}
            [None, None] => return true,
            _ => return false,
        }
    }
    let (Ok(y), Some(y_bar)) = (direct::forward(a_op, &x), &b.cotangent) else {
        return true;
    };
    let y_bar = y_bar.map(S::constant);
    let mut random = Random::new(a.seed);
    let before: Vec<Tensor<S>> = x
        .iter()
        .map(|x| x.map(|_| S::constant(random.signed())))
        .collect();
    let alike = |wanted: usize, add: bool| {
        let [a, b] = [a_op, b_op].map(|op| {
            let given = |(i, before): (usize, &Tensor<S>)| {
                (wanted >> i & 1 == 1).then(|| {
                    if add {
                        before.clone()
                    } else {
                        Tensor::zeros(before.shape())
                    }
                })
            };
            let mut x_bar: Vec<_> = before.iter().enumerate().map(given).collect();
            if add {
                direct::add_vjp(op, &x, &y, &y_bar, &mut x_bar);
                return x_bar;
            }
            let wanted: Vec<bool> = x_bar.iter().map(Option::is_some).collect();
            direct::vjp(op, &x, &y, &y_bar, &wanted)
        });
        a.iter().zip(&b).all(|pair| match pair {
            (Some(a), Some(b)) => all_same(a, b, equal),
            (None, None) => true,
            _ => false,
        })
    };
    (0..1_usize << x.len()).all(|wanted| alike(wanted, false) && alike(wanted, true))
}

fn all_same<S: Scalar>(a: &Tensor<S>, b: &Tensor<S>, equal: fn(S, S) -> bool) -> bool {
    a.shape() == b.shape()
        && a.as_slice()
            .iter()
            .zip(b.as_slice())
            .all(|(&a, &b)| same(a, b, equal))
}

fn same<S: Scalar>(a: S, b: S, equal: fn(S, S) -> bool) -> bool {
    equal(a, b) || (a.is_nan() && b.is_nan())
}
