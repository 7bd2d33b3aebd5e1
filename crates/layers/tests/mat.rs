//! `.mat` files: those of SciPy and those made by hand come out right, others are refused.

use std::path::{Path, PathBuf};

use autodiff::Tensor;
use layers::{Dataset, MatFile, MatProblem, read_mat};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(golden(name)).unwrap()
}

fn open(name: &str) -> MatFile {
    MatFile::open(golden(name)).unwrap()
}

fn parse(bytes: &[u8]) -> Result<MatFile, MatProblem> {
    MatFile::parse(bytes.to_vec(), "bytes").map_err(|error| error.problem)
}

fn training(bytes: &[u8]) -> Result<Dataset<f64>, MatProblem> {
    parse(bytes)?
        .dataset("X", "y")
        .map_err(|error| error.problem)
}

#[test]
fn the_course_layout_becomes_a_data_set() {
    // make_mat.py has X by rows; a column here is an example.
    let x = Tensor::from([
        [0.125, -0.75, -0.25, 0.25, 0.75, 1.25, 1.75],
        [0.25, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0],
    ]);
    let y = Tensor::from([[0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0]]);
    for file in ["data.mat", "data_v6.mat"] {
        let data = read_mat::<f64>(golden(file), "X", "y").unwrap();
        assert_eq!((data.x(), data.y()), (&x, &y), "{file}");
        let validation = read_mat::<f64>(golden(file), "Xval", "yval").unwrap();
        assert_eq!(validation.y(), &Tensor::from([[1.0, 0.0, 0.0, 1.0]]));
        assert_eq!(validation.x()[[1, 3]], -1.5);
    }
}

#[test]
fn every_numeric_class_is_read() {
    let small = Tensor::from([[-1.0, 2.0, 3.0], [100.0, 5.0, -6.0]]);
    let positive = Tensor::from([[1.0, 2.0, 3.0], [200.0, 5.0, 6.0]]);
    let large = Tensor::from([[-1.0, 2.0, 3.0], [300.0, 5.0, -6.0]]);
    let logical = Tensor::from([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]);
    let expected = [
        ("doubles", large.map(|v: f64| v / 8.0)),
        ("singles", large.map(|v| v / 8.0)),
        ("int8s", small),
        ("uint8s", positive.clone()),
        ("int16s", large.clone()),
        ("uint16s", positive.map(|v| v + 6e4)),
        ("int32s", large.map(|v| v * 1e5)),
        ("uint32s", positive.map(|v| v + 4e9)),
        ("int64s", large.map(|v| v * 1e12)),
        ("uint64s", positive.map(|v| v + 2_f64.powi(52))),
        ("logicals", logical),
        ("empty", Tensor::zeros([0, 3])),
    ];
    for file in ["classes.mat", "classes_v6.mat"] {
        let file = open(file);
        for (name, expected) in &expected {
            assert_eq!(&file.matrix::<f64>(name).unwrap(), expected, "{name}");
        }
    }
}

#[test]
fn every_storage_type_is_read_in_both_byte_orders() {
    let expected = Tensor::from([[1.0, 2.0, 3.0], [100.0, 5.0, 6.0]]);
    for file in ["big_endian.mat", "big_endian_v7.mat", "stored_small.mat"] {
        let file = open(file);
        let names: Vec<_> = file.names().collect();
        assert_eq!(names.len(), 10);
        for name in names {
            assert_eq!(file.matrix::<f64>(name).unwrap(), expected, "{name}");
            assert_eq!(
                file.matrix::<f32>(name).unwrap(),
                expected.map(|v| v as f32)
            );
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    for name in ["data.mat", "data_v6.mat"] {
        let whole = bytes(name);
        let last = |bytes: &[u8]| {
            parse(bytes)?
                .dataset::<f64>("Xval", "yval")
                .map_err(|error| error.problem)
        };
        assert!(last(&whole).is_ok());
        let (mut truncated, mut missing) = (0, 0);
        for length in 0..whole.len() {
            match last(&whole[..length]).unwrap_err() {
                MatProblem::NotMat(_) => assert!(length < 128, "{length}"),
                MatProblem::Truncated { .. } => truncated += 1,
                // Between two variables the file is whole, with fewer of them.
                MatProblem::Missing { .. } => missing += 1,
                problem => panic!("{name}, {length} bytes: {problem}"),
            }
        }
        assert_eq!(missing, 4, "{name}");
        assert_eq!(truncated, whole.len() - 128 - missing, "{name}");
    }
}

#[test]
fn no_bit_of_compressed_data_flips_unnoticed() {
    let whole = bytes("data.mat");
    let data = training(&whole).unwrap();
    let mut refused = 0;
    for bit in 8 * 128..8 * whole.len() {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        match training(&damaged) {
            Ok(read) => assert_eq!(read, data, "bit {bit}"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 8 * 100, "{refused} were refused");
}

/// What is said of a variable of the file with one of each class.
fn refusal(name: &str) -> String {
    let error = open("classes.mat").matrix::<f64>(name).unwrap_err();
    error.problem.to_string()
}

#[test]
fn what_is_no_real_matrix_is_named() {
    let cases = [
        ("complex", "`complex` is complex, and a full matrix"),
        ("text", "`text` is text, and a full matrix"),
        (
            "cell",
            "is a cell array, and a full matrix of real numbers is needed: save cell2mat(…)",
        ),
        ("struct", "is a struct"),
        ("sparse", "save full(…) of it"),
        (
            "cube",
            "`cube` is 2 by 3 by 4, and rows by columns is needed",
        ),
        ("nothing", "has no variable `nothing`: it has `doubles`"),
    ];
    for (name, expected) in cases {
        let message = refusal(name);
        assert!(
            message.contains(expected),
            "{message}\nshould contain\n{expected}"
        );
    }
}

#[test]
fn what_is_no_data_set_is_named() {
    let file = open("data.mat");
    let message = |x: &str, y: &str| file.dataset::<f64>(x, y).unwrap_err().to_string();
    assert!(message("X", "yval").contains("`yval` is 4 by 1, and 7 by 1 is needed"));
    assert!(message("X", "X").contains("`X` is 7 by 2, and 7 by 1 is needed"));
    assert!(message("y", "Xval").contains("`y` has 7 rows"));
    let classes = open("classes.mat");
    let error = classes.dataset::<f64>("empty", "empty").unwrap_err();
    assert!(matches!(error.problem, MatProblem::Shape { .. }), "{error}");
}

#[test]
fn features_that_do_not_fit_the_scalar_and_other_labels_are_refused() {
    let file = parse(&file_of(&[
        matrix("X", 9, [2, 1], &doubles(&[1.0, 1e300])),
        matrix("y", 9, [2, 1], &doubles(&[0.0, 1.0])),
        matrix("z", 9, [2, 1], &doubles(&[0.0, 2.0])),
    ]))
    .unwrap();
    assert!(file.dataset::<f64>("X", "y").is_ok());
    let message = file.dataset::<f32>("X", "y").unwrap_err().to_string();
    assert!(
        message.contains("`X` and `y`: feature 0 of example 1 is inf"),
        "{message}"
    );
    let message = file.dataset::<f64>("X", "z").unwrap_err().to_string();
    assert!(message.contains("the label of example 1 is 2"), "{message}");
}

#[test]
fn other_formats_say_how_to_save() {
    let message = |bytes: &[u8]| parse(bytes).unwrap_err().to_string();
    assert!(message(&bytes("v4.mat")).contains("version 4"));
    let mut hdf5 = b"MATLAB 7.3 MAT-file".to_vec();
    hdf5.resize(512, 0);
    hdf5.extend(b"\x89HDF\r\n\x1a\n");
    assert!(message(&hdf5).contains("save it with -v7"));
    let mut newer = bytes("data.mat");
    newer[125] = 2;
    assert!(message(&newer).contains("version 7.3"));
    newer[125] = 3;
    assert!(message(&newer).contains("its version is unknown"));
    assert!(message(&bytes("circles_test.csv")).contains("is no MATLAB file"));
    assert!(message(b"").contains("shorter than a header"));
    let missing = MatFile::open("no/such/file.mat").unwrap_err().to_string();
    assert!(
        missing.starts_with("no/such/file.mat: cannot be read"),
        "{missing}"
    );
    assert!(
        missing.ends_with("check the path and the permissions"),
        "{missing}"
    );
}

fn word(value: u32) -> [u8; 4] {
    value.to_le_bytes()
}

fn element(kind: u32, bytes: &[u8]) -> Vec<u8> {
    let mut element = [word(kind), word(bytes.len() as u32)].concat();
    element.extend(bytes);
    element.resize(element.len().next_multiple_of(8), 0);
    element
}

/// A matrix of class double whose numbers are an element of this type.
fn matrix(name: &str, storage: u32, [rows, columns]: [u32; 2], numbers: &[u8]) -> Vec<u8> {
    let parts = [
        element(6, &[word(6), word(0)].concat()),
        element(5, &[word(rows), word(columns)].concat()),
        element(1, name.as_bytes()),
        element(storage, numbers),
    ];
    element(14, &parts.concat())
}

fn doubles(values: &[f64]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn compressed(element: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, element).unwrap();
    let bytes = encoder.finish().unwrap();
    [&word(15), &word(bytes.len() as u32), &bytes[..]].concat()
}

fn file_of(elements: &[Vec<u8>]) -> Vec<u8> {
    let mut file = bytes("data.mat")[..128].to_vec();
    file.extend(elements.concat());
    file
}

#[test]
fn what_contradicts_itself_is_damaged() {
    let whole = || matrix("X", 9, [1, 2], &doubles(&[1.0, 2.0]));
    let inside = [&word(15), &word(16), &[0; 16][..]].concat();
    let cases = [
        (
            file_of(&[matrix("X", 9, [1, 3], &doubles(&[1.0, 2.0]))]),
            "another number of numbers",
        ),
        (
            file_of(&[matrix("X", 8, [1, 2], &doubles(&[1.0, 2.0]))]),
            "unknown type",
        ),
        (
            file_of(&[matrix("X", 9, [u32::MAX, 1], &[])]),
            "a dimension is negative",
        ),
        (file_of(&[whole(), whole()]), "two variables of that name"),
        (
            file_of(&[element(9, &doubles(&[1.0]))]),
            "it is no variable",
        ),
        (
            file_of(&[matrix(&"x".repeat(300), 9, [0, 0], &[])]),
            "too long",
        ),
        (file_of(&[element(14, &[])]), "ends before"),
        (
            file_of(&[compressed(&inside)]),
            "what was compressed is no matrix",
        ),
        (
            file_of(&[compressed(&[whole(), vec![0]].concat())]),
            "more bytes come out",
        ),
        (
            file_of(&[compressed(&whole()[..whole().len() - 8])]),
            "ends before",
        ),
    ];
    for (bytes, expected) in cases {
        let message = match parse(&bytes) {
            Ok(file) => file.matrix::<f64>("X").unwrap_err().problem.to_string(),
            Err(problem) => problem.to_string(),
        };
        assert!(
            message.starts_with("is damaged") && message.contains(expected),
            "{message}\nshould contain\n{expected}"
        );
    }
}

#[test]
fn what_is_beyond_a_limit_says_so() {
    let message = |bytes: &[u8]| match parse(bytes) {
        Ok(file) => file.matrix::<f64>("X").unwrap_err().problem.to_string(),
        Err(problem) => problem.to_string(),
    };
    let huge = file_of(&[matrix("X", 9, [1 << 20, 1 << 20], &[])]);
    let expected =
        "the variable `X`, 1048576 by 1048576, is too large: the limit is 67108864 numbers";
    assert!(message(&huge).contains(expected), "{}", message(&huge));
    let empty = matrix("X", 9, [0, 0], &[]);
    let many = file_of(&vec![empty; MatFile::MAX_VARIABLES + 1]);
    assert!(message(&many).contains("the number of variables is too large"));
}

#[test]
fn a_matrix_keeps_the_shape_that_matlab_shows() {
    let file = open("data.mat");
    let shape = |name| file.matrix::<f64>(name).unwrap().shape();
    assert_eq!(shape("X").dims(), [7, 2]);
    assert_eq!(shape("yval").dims(), [4, 1]);
}
