//! Any bytes as a checkpoint.

#![no_main]

use layers::parse_checkpoint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match parse_checkpoint::<f64>(bytes) {
        Ok(checkpoint) => assert!(checkpoint.history().costs().iter().all(|c| c.is_finite())),
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
});
