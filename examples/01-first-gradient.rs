//! The smallest tape: two variables, an expression, its gradient.
//!
//! `cargo run --example 01-first-gradient`

use gradproof::autodiff::Tape;

fn main() {
    let tape = Tape::<f64>::new();
    let (x, y) = (tape.variable(3.0), tape.variable(2.0));
    let z = x * y + (x / y).ln();
    let gradients = z.backward();

    println!("z     = x y + ln(x / y) = {}", z.item());
    println!("dz/dx = y + 1/x         = {}", gradients.wrt(x).item());
    println!("dz/dy = x - 1/y         = {}", gradients.wrt(y).item());
}
