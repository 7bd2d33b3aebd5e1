//! A program as Rust code, to be pasted where its ops are in scope.

use std::fmt::Write as _;

use autodiff::Tensor;

use super::{Program, Source};

pub(super) fn print(program: &Program) -> String {
    let mut body = String::new();
    for (k, node) in program.nodes.iter().enumerate() {
        let inputs: Vec<String> = node.inputs.iter().map(|&source| name(source)).collect();
        let op = format!("{:?}", node.op);
        let value = format!("x[0].tape().apply({op}, &[{}])", inputs.join(", "));
        let line = if k + 1 == program.nodes.len() {
            value
        } else {
            format!("let v{k} = {value};")
        };
        writeln!(body, "            {line}").expect("a string takes everything");
    }
    let leaves: Vec<String> = program.leaves.iter().map(tensor).collect();
    format!(
        "fn main() {{
    #[allow(unused_imports)]
    use autodiff::{{Axes, Scalar, Shape, Tensor, Var, ops::*}};
    use gradcheck::{{Differentiable, check_function}};

    struct Program;

    impl Differentiable for Program {{
        fn record<'t, S: Scalar>(&self, x: &[Var<'t, S>]) -> Var<'t, S> {{
{body}        }}
    }}

    let x = [
        {},
    ];
    check_function(&Program, &x).unwrap();
}}
",
        leaves.join(",\n        ")
    )
}

fn name(source: Source) -> String {
    match source {
        Source::Leaf(k) => format!("x[{k}]"),
        Source::Node(k) => format!("v{k}"),
    }
}

fn tensor(x: &Tensor<f64>) -> String {
    let dims = x.shape();
    let shape = match dims.dims() {
        [] => "()".to_string(),
        dims => format!("{dims:?}"),
    };
    format!("Tensor::new({shape}, vec!{:?})", x.as_slice())
}
