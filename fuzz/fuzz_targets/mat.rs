//! Any bytes as a `.mat` file, and as what is compressed in one: no fuzzer finds a checksum.

#![no_main]

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use layers::MatFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    if let Some((header, inside)) = bytes.split_at_checked(128) {
        read(&compressed(header, inside));
    }
});

fn read(bytes: &[u8]) {
    match MatFile::parse(bytes.to_vec(), "file") {
        Ok(file) => {
            for name in file.names().take(50) {
                if let Err(error) = file.matrix::<f64>(name) {
                    assert!(error.to_string().starts_with("file: "));
                }
            }
            if let Ok(data) = file.dataset::<f64>("X", "y") {
                assert!(data.x().as_slice().iter().all(|x| x.is_finite()));
            }
        }
        Err(error) => assert!(error.to_string().starts_with("file: ")),
    }
}

fn compressed(header: &[u8], inside: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(inside).expect("a vector can be written");
    let compressed = encoder.finish().expect("a vector can be written");
    let length = (compressed.len() as u32).to_le_bytes();
    [header, &[15, 0, 0, 0], &length, &compressed].concat()
}
