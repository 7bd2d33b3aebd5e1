//! What NumPy and scikit-learn gave, to every bit.

use std::path::Path;

use autodiff::Tensor;

/// The matrices of a file of blocks `NAME ROWS COLS`, each followed by its rows.
pub(crate) fn matrices(file: &str) -> Vec<(String, Tensor<f64>)> {
    let text = read(file);
    let mut words = text.split_whitespace();
    let mut matrices = Vec::new();
    while let Some(name) = words.next() {
        let mut length = || words.next().unwrap().parse::<usize>().unwrap();
        let shape = [length(), length()];
        let elements = Tensor::from_fn(shape, |_| words.next().unwrap().parse().unwrap());
        matrices.push((name.to_owned(), elements));
    }
    matrices
}

/// A file of this directory.
pub(crate) fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    std::fs::read_to_string(path.join(file)).unwrap()
}

/// What must be equal where "bit for bit" is claimed: -0 is not 0 here.
pub(crate) fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}
