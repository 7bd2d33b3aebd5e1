//! The readers, and good files for each.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use flate2::{Compression, write::ZlibEncoder};
use layers::{
    MatFile, Mlp, NumpyRandom, Step, Training, Xavier, make_circles, parse_checkpoint, parse_model,
    read_csv_from, save_checkpoint, save_model, write_csv,
};

use crate::mutate::Mutator;

/// A reader under test.
pub(crate) struct Reader {
    pub(crate) name: &'static str,
    /// Files that it accepts.
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
    /// A file made of them.
    pub(crate) mutated: fn(&mut Mutator, &[Vec<u8>]) -> Vec<u8>,
    /// Reads a file, every message of an error included, and says whether it was accepted.
    pub(crate) read: fn(&[u8]) -> bool,
    /// How many bytes of memory a file of so many bytes may take at one time.
    pub(crate) memory: fn(u64) -> u64,
}

pub(crate) const CSV: Reader = Reader {
    name: "csv",
    seeds: || {
        let circles = make_circles(20, 0.05, 0.8, &mut NumpyRandom::seed(1)).unwrap();
        vec![
            b"x1,x2,label\n1,-2.5,0\r\n\"3\",4e2,1\n5,6,1\n".to_vec(),
            b"\xef\xbb\xbf\"a \"\"quoted\"\" name\", b ,label\n\n0.1, 2 ,1\n-3,1e-7,0".to_vec(),
            written(|path| write_csv(path, &circles).unwrap()),
        ]
    },
    mutated: |mutator, seeds| mutator.file(seeds),
    read: |file| accepted(read_csv_from::<f64>(file, "file")),
    // A column's name may be one byte, and takes a `String` and its place.
    memory: |length| 64 * length + (64 << 10),
};

pub(crate) const MAT: Reader = Reader {
    name: "mat",
    seeds: || {
        let names = [
            "data",
            "data_v6",
            "classes",
            "classes_v6",
            "big_endian",
            "stored_small",
        ];
        names
            .iter()
            .map(|name| golden(&format!("{name}.mat")))
            .collect()
    },
    mutated: mutated_mat,
    read: read_mat,
    // A byte becomes a number of 8 in a vector that doubles. Inflating has tables of its own, and
    // makes up to 1032 bytes of one, which files as short as these cannot make use of.
    memory: |length| 64 * length + (1 << 20),
};

pub(crate) const CHECKPOINT: Reader = Reader {
    name: "checkpoint",
    seeds: || {
        let mut model = Mlp::<f64>::new(&[2, 3, 1], &Xavier, &mut NumpyRandom::seed(1)).unwrap();
        let circles = make_circles(20, 0.05, 0.8, &mut NumpyRandom::seed(1)).unwrap();
        let training = Training {
            iterations: 5,
            cost_every: 2,
            ..Training::default()
        };
        let mut files = Vec::new();
        let save = |step: &Step<'_, f64>| {
            let checkpoint = step.checkpoint().unwrap().with_notes(vec![0.5, 2.0]);
            files.push(written(|path| save_checkpoint(path, &checkpoint).unwrap()));
            ControlFlow::Continue(())
        };
        model.fit(&circles, &training, save).unwrap();
        files
    },
    mutated: mutated_safetensors,
    read: |file| accepted(parse_checkpoint::<f64>(file)),
    memory: |length| 64 * length + (64 << 10),
};

pub(crate) const SAFETENSORS: Reader = Reader {
    name: "safetensors",
    seeds: || {
        let mut random = NumpyRandom::seed(1);
        let model = Mlp::<f64>::new(&[2, 3, 1], &Xavier, &mut random).unwrap();
        let single = model.cast::<f32>().unwrap();
        vec![
            written(|path| save_model(path, &model).unwrap()),
            written(|path| save_model(path, &single).unwrap()),
        ]
    },
    mutated: mutated_safetensors,
    read: |file| accepted(parse_model::<f64>(file)),
    memory: |length| 64 * length + (64 << 10),
};

fn accepted<T, E: std::fmt::Display>(result: Result<T, E>) -> bool {
    match result {
        Ok(_) => true,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    std::fs::read(folder.join(name)).unwrap()
}

fn written(write: impl FnOnce(&Path)) -> Vec<u8> {
    let path = std::env::temp_dir().join(format!(
        "gradproof-hostile-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    write(&path);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    bytes
}

/// Reads all variables; accepted if one of them is a matrix.
fn read_mat(bytes: &[u8]) -> bool {
    let Ok(file) = MatFile::parse(bytes.to_vec(), "file") else {
        return accepted(MatFile::parse(bytes.to_vec(), "file"));
    };
    accepted(file.dataset::<f64>("X", "y"));
    let names: Vec<&str> = file.names().collect();
    let matrices = names
        .into_iter()
        .map(|name| accepted(file.matrix::<f64>(name)));
    matrices.fold(false, |any, matrix| any | matrix)
}

/// A checksum keeps nearly every mutation of compressed bytes from being looked at, so that in half
/// of the files what is compressed is mutated instead.
fn mutated_mat(mutator: &mut Mutator, seeds: &[Vec<u8>]) -> Vec<u8> {
    let file = mutator.file(seeds);
    if mutator.below(2) == 0 || file.len() < 128 {
        return file;
    }
    let (header, inside) = file.split_at(128);
    let compressed = deflated(inside);
    let length = (compressed.len() as u32).to_le_bytes();
    [header, &[15, 0, 0, 0], &length, &compressed].concat()
}

pub(crate) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The first 8 bytes say how long the names and shapes after them are: in half of the files they
/// are mutated with a length that is right.
fn mutated_safetensors(mutator: &mut Mutator, seeds: &[Vec<u8>]) -> Vec<u8> {
    if mutator.below(2) == 0 {
        return mutator.file(seeds);
    }
    let seed = &seeds[mutator.below(seeds.len())];
    let header = u64::from_le_bytes(seed[..8].try_into().unwrap()) as usize;
    let (header, numbers) = seed[8..].split_at(header);
    let header = mutator.file(&[header.to_vec()]);
    [&(header.len() as u64).to_le_bytes(), &header[..], numbers].concat()
}
