//! That ops of unusual signatures are not convicted of them.

use autodiff::signature::{Draw, Kink, Signature};
use autodiff::{
    Cotangents, Op, Primals, Registered, Scalar, Shape, ShapeError, expect_inputs, register,
};
use gradcheck::{Check, Report, Settings, Subject, check_op, run};

fn settings() -> Settings {
    Settings {
        cases: 64,
        seed: 1,
        regressions: None,
    }
}

fn report_of<O: Op>(check: Check) -> Report {
    *run(&Subject::of::<O>(), check, &settings()).unwrap_err()
}

/// (1, 2, 3), of no inputs.
#[derive(Debug)]
struct Constant;
register!(Constant);

impl Op for Constant {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let [] = expect_inputs(inputs)?;
        Ok(Shape::from([3]))
    }

    fn forward<S: Scalar>(&self, _x: Primals<'_, S>, y: &mut [S]) {
        y.copy_from_slice(&[1.0, 2.0, 3.0].map(S::constant));
    }

    fn vjp<S: Scalar>(
        &self,
        _x: Primals<'_, S>,
        _y: &[S],
        _y_bar: &mut [S],
        _x_bar: Cotangents<'_, S>,
    ) {
    }

    fn signature(_draw: &mut Draw<'_>) -> Signature<Self> {
        Signature::new(Self)
    }
}

#[test]
fn an_op_without_inputs_has_shapes_that_fit() {
    run(&Subject::of::<Constant>(), Check::Shapes, &settings()).unwrap();
}

/// y = Σ |x| over the first axis: a kink at 0 in an op that is not elementwise. Claims half of
/// `TWICE` there.
#[derive(Debug)]
struct SumOfSizes<const TWICE: i8>;

impl<const TWICE: i8> Registered for SumOfSizes<TWICE> {
    const NAME: &'static str = "sum_of_sizes";
}

impl<const TWICE: i8> Op for SumOfSizes<TWICE> {
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let [x] = expect_inputs(inputs)?;
        match x.dims() {
            [_, n] => Ok(Shape::from([*n])),
            _ => Err(ShapeError::new("it takes a matrix")),
        }
    }

    fn forward<S: Scalar>(&self, x: Primals<'_, S>, y: &mut [S]) {
        let n = y.len();
        for (j, y) in y.iter_mut().enumerate() {
            *y = x[0].iter().skip(j).step_by(n).map(|x| x.abs()).sum();
        }
    }

    fn vjp<S: Scalar>(
        &self,
        x: Primals<'_, S>,
        _y: &[S],
        y_bar: &mut [S],
        mut x_bar: Cotangents<'_, S>,
    ) {
        let slope = |x: S| match x {
            x if x == S::zero() => S::constant(0.5 * f64::from(TWICE)),
            x => x.signum(),
        };
        if let Some(mut x_bar) = x_bar.get(0) {
            x_bar.add(|k| y_bar[k % y_bar.len()] * slope(x[0][k]));
        }
    }

    fn signature(draw: &mut Draw<'_>) -> Signature<Self> {
        let kink = Kink::Point {
            input: 0,
            at: 0.0,
            derivative: 0.5,
        };
        Signature::new(Self).input(draw.shape_of_rank(2)).kink(kink)
    }
}

#[test]
fn a_kink_of_an_op_that_is_not_elementwise_is_looked_at() {
    let tally = run(&Subject::of::<SumOfSizes<1>>(), Check::Kinks, &settings()).unwrap();
    assert_eq!(tally.inconclusive(), 0, "{tally:?}");
    check_op::<SumOfSizes<1>>();

    let what = report_of::<SumOfSizes<0>>(Check::Kinks).finding.what;
    assert!(what.contains("not the declared convention"), "{what}");
    let what = report_of::<SumOfSizes<3>>(Check::Kinks).finding.what;
    assert!(what.contains("it is not between them"), "{what}");
}
