use std::io::{self, Read};

use autodiff::Tensor;
use layers::{CsvProblem, Dataset, read_csv, read_csv_from, write_csv};

use crate::golden::read;

fn parse(text: &str) -> Dataset<f64> {
    read_csv_from(text.as_bytes(), "data.csv").unwrap()
}

#[track_caller]
fn assert_message(text: impl AsRef<[u8]>, expected: &str) {
    let error = read_csv_from::<f64>(text.as_ref(), "data.csv").unwrap_err();
    assert_eq!(error.to_string(), format!("data.csv: {expected}"));
}

#[test]
fn the_examples_are_columns() {
    let data = parse("x1,x2,label\n1,2,0\n3,4,1\n5,6,1\n");
    assert_eq!(*data.x(), Tensor::from([[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]));
    assert_eq!(*data.y(), Tensor::from([[0.0, 1.0, 1.0]]));
}

#[test]
fn files_of_other_programs_are_read() {
    let data = parse("x1,x2,label\n1,-2e3,0\n.5,4,1\n");
    for text in [
        "x1,x2,label\n1,-2e3,0\n.5,4,1",
        "x1,x2,label\r\n1,-2e3,0\r\n.5,4,1\r\n\r\n",
        "\n\nx1,x2,label\n\n  \n1,-2e3,0\n\n.5,4,1\n\n\n",
        "\u{feff}x1,x2,label\n1,-2e3,0\n.5,4,1\n",
        " x1 , x2 , label \r\n 1, -2e3 , 0\n.5,4,1.0\n",
        "\"x, 1\",\"x2\",\"label\"\r\n\"1\",\"-2e3\",0\n.5,4,\"1\"",
    ] {
        assert_eq!(parse(text), data, "{text:?}");
    }
}

#[test]
fn a_header_is_required() {
    let empty = "is empty: the first line has to name the columns, as in `x1,x2,label`, and every \
                 other line to hold an example";
    assert_message("", empty);
    assert_message("\r\n\n  \n", empty);
    let missing = "these are numbers, and the first line has to name the columns: put a line such \
                   as `x1,x2,label` before it";
    assert_message("1.0,2.0,0\n", &format!("line 1: {missing}"));
    assert_message("\r\n\r\n1.0,nan,0\n", &format!("line 3: {missing}"));
    let last = "and it has to be `label` (columns are separated by commas)";
    assert_message(
        "x1,Label\n",
        &format!("line 1: the last column is named \"Label\", {last}"),
    );
    assert_message(
        "x;label\n",
        &format!("line 1: the last column is named \"x;label\", {last}"),
    );
    assert_message(
        "label\n1\n",
        "line 1: there is no column of features before `label`",
    );
    assert_message(
        "x1,label\n",
        "has a header and no examples: add a line for each",
    );
}

#[test]
fn a_field_that_is_wrong_is_named() {
    assert_message(
        "x1,x2,label\n1,2,0\n1,abc,0\n",
        "line 3, column 2 (x2): \"abc\" is not a number",
    );
    assert_message(
        "x1,label\n,0\n",
        "line 2, column 1 (x1): \"\" is not a number",
    );
    for field in ["nan", "inf", "-infinity", "1e999"] {
        assert_message(
            format!("x1,label\n{field},0\n"),
            &format!("line 2, column 1 (x1): {field:?} is not a finite number of type f64"),
        );
    }
    for field in ["2", "-1", "0.5", "1e-300"] {
        assert_message(
            format!("x1,label\n7,{field}\n"),
            &format!("line 2, column 2 (label): the label is {field:?}, and it has to be 0 or 1"),
        );
    }
    assert_message(
        "a,label\n1,cat\n",
        "line 2, column 2 (label): \"cat\" is not a number",
    );
    assert_message(
        "a,b,label\n1,2,0\n1,0\n",
        "line 3: 2 fields, where the header names 3 columns",
    );
    assert_message(
        "a,label\n1,2,0\n",
        "line 2: 3 fields, where the header names 2 columns",
    );
    let not_utf8 = "the text is not UTF-8: save the file in that encoding";
    assert_message(
        b"a,label\n\xff,0\n",
        &format!("line 2, column 1 (a): {not_utf8}"),
    );
    assert_message(b"a,\xff,label\n", &format!("line 1, column 2: {not_utf8}"));
}

/// The reader's crate miscounts lines after Windows line ends, after blank lines and at the end.
#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let wrong = |line| format!("line {line}, column 1 (a): \"x\" is not a number");
    assert_message("a,label\r\n1,0\r\nx,0\r\n", &wrong(3));
    assert_message("a,label\r\n1,0\r\nx,0", &wrong(3));
    assert_message("a,label\n\n\n1,0\n\nx,0\n", &wrong(6));
    assert_message("a,label\r\n\r\n1,0\r\n\r\n\r\nx,0", &wrong(6));
    assert_message("\"a\",label\n\"1\",0\n\"x\",0", &wrong(3));
    // Beyond the reader's buffer.
    assert_message(
        format!("a,label\r\n{}x,0", "1,0\r\n".repeat(50_000)),
        &wrong(50_002),
    );
}

#[test]
fn a_number_beyond_f32_is_caught_at_f32() {
    let text = "a,label\n1e39,0\n";
    assert_eq!(parse(text).x()[[0, 0]], 1e39);
    let error = read_csv_from::<f32>(text.as_bytes(), "data.csv").unwrap_err();
    let text = error.to_string();
    assert!(
        text.ends_with("(a): \"1e39\" is not a finite number of type f32"),
        "{text}"
    );
}

#[test]
fn a_message_does_not_repeat_a_whole_file() {
    let text = format!("a,label\n\"{}", "é\n".repeat(1_000_000));
    let error = read_csv_from::<f64>(text.as_bytes(), "data.csv").unwrap_err();
    assert!(error.to_string().len() < 300, "{error}");
    let text = format!("{},label\n\x1b[2J,0", "é".repeat(1000));
    let error = read_csv_from::<f64>(text.as_bytes(), "data.csv").unwrap_err();
    assert!(error.to_string().len() < 300, "{error}");
    assert!(!error.to_string().contains('\x1b'), "{error}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = read_csv::<f64>("no/such/file.csv").unwrap_err();
    assert!(matches!(&error.problem, CsvProblem::Io(io) if io.kind() == io::ErrorKind::NotFound));
    assert!(
        error
            .to_string()
            .starts_with("no/such/file.csv: cannot be read: ")
    );

    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("unplugged"))
        }
    }
    let source = "a,label\n1,0\n".as_bytes().chain(Broken);
    let error = read_csv_from::<f64>(source, "disk").unwrap_err();
    assert_eq!(error.to_string(), "disk: cannot be read: unplugged");
}

#[test]
fn the_circles_come_back_from_their_file() {
    let file = "circles_train.csv";
    let data = parse(&read(file));
    assert_eq!((data.features(), data.examples()), (2, 300));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(file);
    write_csv(&path, &data).unwrap();
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .starts_with("x1,x2,label\n-0.0774")
    );
    assert_eq!(read_csv::<f64>(&path).unwrap(), data);
}
