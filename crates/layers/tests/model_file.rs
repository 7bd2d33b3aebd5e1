//! Model files: what is written comes back, and what is no model is refused by name.

use std::fs;

use autodiff::{Scalar, Tensor};
use layers::{
    He, Mlp, ModelFileProblem, Normal, NumpyRandom, load_model, make_circles, parse_model,
    save_model,
};
use proptest::prelude::*;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

fn network<S: Scalar>() -> Mlp<S> {
    Mlp::new(
        &[2, 10, 5, 1],
        &Normal { scale: 10.0 },
        &mut NumpyRandom::seed(3),
    )
    .unwrap()
}

fn bytes_of(model: &Mlp<f64>) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    save_model(&path, model).unwrap();
    fs::read(path).unwrap()
}

type Described<'a> = (&'a str, &'a [usize]);

/// A safetensors file of f64 tensors of these names and shapes, all elements 0.5.
fn file(tensors: &[Described<'_>]) -> Vec<u8> {
    let data: Vec<u8> = (0..1000).flat_map(|_| 0.5_f64.to_le_bytes()).collect();
    let views = tensors.iter().map(|(name, shape)| {
        let size = 8 * shape.iter().product::<usize>();
        let view = TensorView::new(Dtype::F64, shape.to_vec(), &data[..size]).unwrap();
        (*name, view)
    });
    safetensors::serialize(views, None).unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    parse_model::<f64>(bytes).unwrap_err().to_string()
}

#[test]
fn both_precisions_come_back_bit_for_bit() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    save_model(&path, &network::<f64>()).unwrap();
    assert_eq!(load_model::<f64>(&path).unwrap(), network());
    save_model(&path, &network::<f32>()).unwrap();
    assert_eq!(load_model::<f32>(&path).unwrap(), network());
    // A file of the one can be read as the other.
    assert_eq!(
        load_model::<f64>(&path).unwrap().cast::<f32>().unwrap(),
        network()
    );
}

#[test]
fn a_saved_model_predicts_what_it_did() {
    let data = make_circles(100, 0.05, 0.8, &mut NumpyRandom::seed(2)).unwrap();
    let model = network::<f64>();
    let loaded: Mlp<f64> = parse_model(&bytes_of(&model)).unwrap();
    assert_eq!(
        loaded.predict_proba(data.x()),
        model.predict_proba(data.x())
    );
}

#[test]
fn every_truncation_is_refused() {
    let whole = bytes_of(&network());
    for length in 0..whole.len() {
        let problem = parse_model::<f64>(&whole[..length]).unwrap_err();
        assert!(
            matches!(problem, ModelFileProblem::Format(_)),
            "{length} bytes: {problem}"
        );
    }
}

#[test]
fn foreign_files_are_refused_with_the_tensor_that_is_wrong() {
    let w1: Described<'_> = ("W1", &[1, 2]);
    let b1: Described<'_> = ("b1", &[1, 1]);
    assert!(parse_model::<f64>(&file(&[w1, b1])).is_ok());
    let cases: [(&[Described<'_>], &str); 7] = [
        (&[], "no tensor \"W1\""),
        (&[w1], "no tensor \"b1\""),
        (&[("weight", &[1, 2]), ("bias", &[1])], "no tensor \"W1\""),
        (
            &[("W1", &[2]), b1],
            "\"W1\" has shape [2], and (n_out, n_in) would fit",
        ),
        (
            &[w1, ("b1", &[1])],
            "\"b1\" has shape [1], and (1, 1) would fit",
        ),
        (&[w1, b1, ("extra", &[1])], "\"extra\" does not belong"),
        (
            &[w1, b1, ("W2", &[1, 3]), ("b2", &[1, 1])],
            "\"W2\" has shape [1, 3], and (n_out, 1) would fit",
        ),
    ];
    for (tensors, expected) in cases {
        let message = refusal(&file(tensors));
        assert!(
            message.contains(expected),
            "{message}\nshould contain\n{expected}"
        );
    }
    assert!(
        refusal(b"PK\x03\x04 something else entirely").contains("not a whole safetensors file")
    );
    assert!(
        refusal(&file(&[("W1", &[3, 2]), ("b1", &[3, 1])])).contains("not the sizes of a network")
    );
    assert!(
        refusal(&file(&[("W1", &[1, 0]), ("b1", &[1, 1])])).contains("not the sizes of a network")
    );
}

#[test]
fn parameters_that_are_not_finite_are_refused() {
    let model = Mlp::from_parameters(&[1, 1], vec![1.0, 2.0]).unwrap();
    let mut bytes = bytes_of(&model);
    let end = bytes.len();
    bytes[end - 8..].copy_from_slice(&f64::NAN.to_le_bytes());
    assert!(
        refusal(&bytes).contains("parameter 1 is NaN"),
        "{}",
        refusal(&bytes)
    );
    // Finite as written, infinite as read.
    bytes[end - 8..].copy_from_slice(&1e300_f64.to_le_bytes());
    assert!(parse_model::<f64>(&bytes).is_ok());
    assert!(parse_model::<f32>(&bytes).is_err());
}

#[test]
fn other_number_formats_are_refused() {
    let view = TensorView::new(Dtype::I64, vec![1, 1], &[0; 8]).unwrap();
    let bytes = safetensors::serialize([("W1", view.clone()), ("b1", view)], None).unwrap();
    assert!(refusal(&bytes).contains("\"W1\" is stored as I64"));
}

#[test]
fn a_failed_save_leaves_the_old_file() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing/model.safetensors");
    let error = save_model(&missing, &network::<f64>()).unwrap_err();
    assert!(error.to_string().contains("missing"), "{error}");
    let error = load_model::<f64>(&missing).unwrap_err();
    assert!(error.to_string().contains("check the path"), "{error}");

    let path = directory.path().join("model.safetensors");
    save_model(&path, &network::<f64>()).unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let other = Mlp::<f64>::new(&[2, 1], &He, &mut NumpyRandom::seed(1)).unwrap();
    save_model(&path, &other).unwrap_err();
    assert_eq!(load_model::<f64>(&path).unwrap(), network());
}

proptest! {
    #[test]
    fn damaged_bytes_never_panic(
        place in 0_usize..600,
        replacement in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut bytes = bytes_of(&Mlp::from_parameters(&[2, 1], vec![1.0, 2.0, 3.0]).unwrap());
        let place = place % bytes.len();
        let end = (place + replacement.len()).min(bytes.len());
        bytes.splice(place..end, replacement);
        if let Ok(model) = parse_model::<f64>(&bytes) {
            let x = Tensor::zeros([model.sizes()[0], 1]);
            prop_assert!(!model.predict_proba(&x).item().is_nan());
        }
    }
}
