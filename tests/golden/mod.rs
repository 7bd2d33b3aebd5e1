//! Reads the golden files of blocks `NAME ROWS COLS`, each followed by its rows.

use gradproof::autodiff::Tensor;

/// The matrix of that name.
pub(crate) fn block(text: &str, name: &str) -> Tensor<f64> {
    let mut lines = text
        .lines()
        .skip_while(|line| line.split(' ').next() != Some(name));
    let mut header = lines.next().expect("the block is there").split(' ').skip(1);
    let [rows, columns] = [(); 2].map(|()| header.next().unwrap().parse().unwrap());
    let numbers = lines
        .take(rows)
        .flat_map(|row| row.split(' ').map(|number| number.parse().unwrap()));
    Tensor::new([rows, columns], numbers.collect())
}
