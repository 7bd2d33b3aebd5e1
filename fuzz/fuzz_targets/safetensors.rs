//! Any bytes as a model file.

#![no_main]

use layers::parse_model;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match parse_model::<f64>(bytes) {
        Ok(model) => assert!(model.parameters().iter().all(|p| p.is_finite())),
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
});
