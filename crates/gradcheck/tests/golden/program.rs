fn main() {
    #[allow(unused_imports)]
    use autodiff::{Axes, Scalar, Shape, Tensor, Var, ops::*};
    use gradcheck::{Differentiable, check_function};

    struct Program;

    impl Differentiable for Program {
        fn record<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Var<'t, S> {
            let v0 = x[0].tape().apply(OverwritingSquare, &[x[0]]);
            x[0].tape().apply(Add, &[x[0], v0])
        }
    }

    let x = [
        Tensor::new((), vec![1.0]),
    ];
    check_function(&Program, &x).unwrap();
}
