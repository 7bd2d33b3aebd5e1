//! Products with something fused to them, against their steps.

use autodiff::Scalar;
use autodiff::matmul::{
    Activation, Matrix, MatrixMut, affine, matmul, matmul_and_row_sums, matmul_gated,
    matmul_where_positive, reference, row_sums,
};

use super::Product;
use super::stored::{Element, Layout, Stored, assert_same};

/// A, B and C as the product has them.
fn operands<S: Element>(product: &Product) -> [Stored<S>; 3] {
    let Product { layouts, seed, .. } = *product;
    let [m, k, n] = product.size;
    [
        Stored::integers([m, k], layouts[0], seed, S::nan()),
        Stored::integers([k, n], layouts[1], seed ^ 0xb, S::nan()),
        Stored::integers([m, n], layouts[2], seed ^ 0xc, S::constant(0.5)),
    ]
}

/// A B, row by row, added to what is given.
fn plain<S: Element>(a: &Stored<S>, b: &Stored<S>, beta: S, mut c: Vec<S>) -> Vec<S> {
    let ([m, k], n) = (a.size, b.size[1]);
    reference(
        S::one(),
        Matrix::row_major(&a.elements(), m, k),
        Matrix::row_major(&b.elements(), k, n),
        beta,
        MatrixMut::row_major(&mut c, m, n),
    );
    c
}

impl Product {
    /// f(A B + b 1ᵀ) against its three steps.
    pub(crate) fn assert_affine_exact<S: Element>(&self, activation: Activation) {
        let [m, _, n] = self.size;
        let [a, b, mut c] = operands::<S>(self);
        let bias = Stored::integers([m, 1], Layout::ROW_MAJOR, self.seed ^ 0xd, S::nan());
        c.set_elements(&vec![S::nan(); m * n]);

        let mut expected = c.clone();
        let biases = (0..m * n).map(|at| bias.data[at / n]).collect();
        let mut z = plain(&a, &b, S::one(), biases);
        if activation == Activation::Relu {
            z.iter_mut().for_each(|z| *z = z.max(S::zero()));
        }
        expected.set_elements(&z);
        let into = c.matrix_mut();
        affine(a.matrix(), b.matrix(), &bias.data, activation, into);
        assert_same(&c.data, &expected.data, "the layer");
    }

    /// A B where a gate is positive or NaN, against the reference and the condition: C as its own
    /// gate, one that lies as C does, and one that does not. Among the gate's elements are a NaN,
    /// both zeros and infinities.
    pub(crate) fn assert_gated_exact<S: Element>(&self) {
        let [m, _, n] = self.size;
        let [a, b, mut c] = operands::<S>(self);
        let mut elements = c.elements();
        let special = [
            S::nan(),
            S::zero(),
            -S::zero(),
            S::infinity(),
            -S::infinity(),
        ];
        for (at, x) in elements.iter_mut().enumerate().skip(self.seed as usize % 3) {
            if at % 3 == 0 {
                *x = special[at / 3 % special.len()];
            }
        }
        c.set_elements(&elements);

        let mut expected = c.clone();
        let mut product = plain(&a, &b, S::zero(), vec![S::nan(); m * n]);
        for (x, &gate) in product.iter_mut().zip(&elements) {
            if gate <= S::zero() {
                *x = S::zero();
            }
        }
        expected.set_elements(&product);
        let gate = c.clone();
        matmul_where_positive(a.matrix(), b.matrix(), c.matrix_mut());
        assert_same(&c.data, &expected.data, "C is the gate");

        for gate in [gate.matrix(), Matrix::row_major(&elements, m, n)] {
            c.set_elements(&vec![S::nan(); m * n]);
            matmul_gated(a.matrix(), b.matrix(), gate, c.matrix_mut());
            assert_same(&c.data, &expected.data, "another matrix is the gate");
        }
    }

    /// A B + β C and the sums of A's rows, against both alone; and on fractions, bit for bit.
    pub(crate) fn assert_row_sums_exact<S: Element>(&self, add: bool) {
        let [m, _, n] = self.size;
        let beta = S::constant(self.beta);
        let [a, b, mut c] = operands::<S>(self);
        if beta.is_zero() {
            c.set_elements(&vec![S::nan(); m * n]);
        }
        let before = Stored::integers([m, 1], Layout::ROW_MAJOR, self.seed ^ 0xd, S::nan()).data;
        let start = |add: bool| {
            if add {
                before.clone()
            } else {
                vec![S::nan(); m]
            }
        };

        let mut expected = c.clone();
        expected.set_elements(&plain(&a, &b, beta, c.elements()));
        let columns_of_ones = Stored {
            data: vec![S::one(); self.size[1]],
            size: [self.size[1], 1],
            layout: Layout::ROW_MAJOR,
        };
        let factor = if add { S::one() } else { S::zero() };
        let expected_sums = plain(&a, &columns_of_ones, factor, start(add));
        let mut sums = start(add);
        let into = c.matrix_mut();
        matmul_and_row_sums(a.matrix(), b.matrix(), beta, into, &mut sums, add);
        assert_same(&c.data, &expected.data, "the product");
        assert_same(&sums, &expected_sums, "the sums");
    }
}

/// On the way or alone, a row's sum has the same bits, and so has the product.
pub(crate) fn assert_sums_on_the_way_change_no_bit<S: Scalar>([m, k, n]: [usize; 3]) {
    let fractions = |len: usize, by: usize| -> Vec<S> {
        let fraction = |i: usize| S::one() / S::constant((i * by % 97 + 3) as f64);
        (0..len).map(fraction).collect()
    };
    let (a, b) = (fractions(m * k, 31), fractions(n * k, 17));
    let (a_matrix, b_matrix) = (Matrix::row_major(&a, m, k), Matrix::row_major(&b, n, k).t());
    let (mut alone, mut sums_alone) = (vec![S::nan(); m * n], vec![S::nan(); m]);
    let into = MatrixMut::row_major(&mut alone, m, n);
    matmul(S::one(), a_matrix, b_matrix, S::zero(), into);
    row_sums(&a, &mut sums_alone, false);
    let (mut both, mut sums) = (vec![S::nan(); m * n], vec![S::nan(); m]);
    let into = MatrixMut::row_major(&mut both, m, n);
    matmul_and_row_sums(a_matrix, b_matrix, S::zero(), into, &mut sums, false);
    assert_eq!(both, alone, "{m} × {k} × {n}");
    assert_eq!(sums, sums_alone, "{m} × {k} × {n}");
}
