//! Any bytes as comma separated values.

#![no_main]

use layers::read_csv_from;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match read_csv_from::<f64>(bytes, "file") {
        Ok(data) => assert!(data.x().as_slice().iter().all(|x| x.is_finite())),
        Err(error) => assert!(error.to_string().starts_with("file: ")),
    }
});
