//! Small files that claim much, or inflate to much.

use std::time::{Duration, Instant};

use layers::{MatFile, MatProblem, parse_model};

use crate::readers::deflated;

const MEBIBYTE: u64 = 1 << 20;

/// What reading a matrix `X` of such a file says, and how much memory it takes.
fn read(file: Vec<u8>) -> (Option<MatProblem>, u64) {
    let mut problem = None;
    let memory = allocation_counter::measure(|| {
        problem = MatFile::parse(file, "bomb")
            .and_then(|file| file.matrix::<f64>("X"))
            .err();
    });
    (problem.map(|error| error.problem), memory.bytes_max)
}

/// A compressed matrix X of bytes with this shape, and zeros for the bytes.
fn zeros(rows: u32, columns: u32, stated: u32, present: usize) -> Vec<u8> {
    let words = [
        6,
        8,
        9,
        0,
        5,
        8,
        rows,
        columns,
        1 | 1 << 16,
        u32::from(b'X'),
        2,
        stated,
    ];
    let mut body: Vec<u8> = words
        .iter()
        .flat_map(|word: &u32| word.to_le_bytes())
        .collect();
    body.resize(body.len() + present, 0);
    let tag = [14, 48 + stated.next_multiple_of(8)];
    let mut whole: Vec<u8> = tag
        .iter()
        .flat_map(|word: &u32| word.to_le_bytes())
        .collect();
    whole.extend(body);
    let compressed = deflated(&whole);
    let mut file = b"MATLAB 5.0 MAT-file".to_vec();
    file.resize(124, b' ');
    file.extend(b"\x00\x01IM");
    file.extend([[15, 0, 0, 0], (compressed.len() as u32).to_le_bytes()].concat());
    file.extend(compressed);
    file
}

#[test]
fn zeros_that_are_all_there_are_read() {
    let file = zeros(1 << 10, 1 << 10, 1 << 20, 1 << 20);
    assert!(file.len() < 5000);
    let (problem, peak) = read(file);
    assert!(problem.is_none(), "{problem:?}");
    // The numbers twice, since a matrix is transposed, and a vector that grew to hold them.
    assert!(peak < 8 * MEBIBYTE * 4, "{peak}");
}

#[test]
fn a_claim_without_bytes_takes_no_memory() {
    for (rows, columns, stated) in [(1 << 13, 1 << 13, 1 << 26), (1, 1 << 26, 1 << 26)] {
        let (problem, peak) = read(zeros(rows, columns, stated, 64));
        assert!(
            matches!(problem, Some(MatProblem::Corrupt { .. })),
            "{problem:?}"
        );
        assert!(peak < MEBIBYTE, "{peak}");
    }
}

#[test]
fn a_claim_beyond_the_limit_takes_no_memory() {
    let (problem, peak) = read(zeros(1 << 16, 1 << 16, u32::MAX - 64, 1 << 24));
    assert!(
        matches!(problem, Some(MatProblem::TooLarge { .. })),
        "{problem:?}"
    );
    assert!(peak < MEBIBYTE, "{peak}");
}

#[test]
fn bytes_beyond_the_claim_are_not_inflated() {
    let file = zeros(1, 8, 8, 1 << 26);
    assert!(file.len() > 60_000);
    let (problem, peak) = read(file);
    assert!(
        matches!(problem, Some(MatProblem::Corrupt { .. })),
        "{problem:?}"
    );
    assert!(peak < MEBIBYTE, "{peak}");
}

/// Where every name was looked for among all others, half as many took 4 seconds, and these would
/// take 16. What is left of the limit is for a busy machine.
#[test]
fn a_model_file_of_very_many_layers_takes_no_time() {
    let layers = 60_000;
    let tensors: Vec<String> = (0..2 * layers)
        .map(|k| {
            let (letter, layer) = (["W", "b"][k % 2], k / 2 + 1);
            let offsets = [8 * k, 8 * k + 8];
            format!(
                r#""{letter}{layer}":{{"dtype":"F64","shape":[1,1],"data_offsets":{offsets:?}}}"#
            )
        })
        .collect();
    let header = format!("{{{}}}", tensors.join(","));
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.bytes());
    file.resize(file.len() + 16 * layers, 0);
    let start = Instant::now();
    assert_eq!(parse_model::<f64>(&file).unwrap().depth(), layers);
    let time = start.elapsed();
    assert!(time < Duration::from_secs(8), "{time:?}");
}
