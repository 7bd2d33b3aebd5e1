//! Checkpoints: a run that is taken up again ends as one that was never interrupted, and a file
//! that is none, or of another run, is refused by name.

use std::collections::HashMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::LazyLock;

use autodiff::{Dual, Scalar, Tensor};
use layers::{
    Checkpoint, CheckpointProblem, Dataset, Dropout, GradientBy, He, History, MiniBatches, Mlp,
    Noise, NumpyRandom, Regularization, Step, Training, TrainingError, load_checkpoint,
    make_circles, parse_checkpoint, save_checkpoint, save_model,
};
use proptest::prelude::*;
use safetensors::SafeTensors;

fn circles<S: Scalar>(n: usize, seed: u32) -> Dataset<S> {
    let data = make_circles(n, 0.05, 0.8, &mut NumpyRandom::seed(seed)).unwrap();
    data.cast().unwrap()
}

fn network<S: Scalar>(seed: u32) -> Mlp<S> {
    Mlp::new(&[2, 5, 3, 1], &He, &mut NumpyRandom::seed(seed)).unwrap()
}

/// Everything at once: λ, dropout, mini-batches with a smaller last one.
fn training() -> Training {
    Training {
        iterations: 30,
        learning_rate: 0.1,
        cost_every: 4,
        gradient: GradientBy::Tape,
        regularization: Regularization {
            l2: 0.7,
            dropout: Dropout::new(0.8).unwrap(),
            ..Regularization::default()
        },
        batches: Some(MiniBatches { size: 8, seed: 1 }),
    }
}

/// Trains from the beginning or from a checkpoint, to the end or until a step.
fn part<S: Scalar>(
    data: &Dataset<S>,
    training: &Training,
    from: Option<&Checkpoint<S>>,
    until: usize,
) -> (Mlp<S>, History<S>, Option<Checkpoint<S>>) {
    let mut model = network(3);
    let mut made = None;
    let observer = |step: &Step<'_, S>| {
        if step.iteration < until {
            return ControlFlow::Continue(());
        }
        made = Some(step.checkpoint().unwrap());
        ControlFlow::Break(())
    };
    let history = match from {
        None => model.fit(data, training, observer),
        Some(checkpoint) => model.fit_from(checkpoint, data, training, observer),
    };
    (model, history.unwrap(), made)
}

/// The checkpoint as it comes back from a file.
fn filed<S: Scalar>(checkpoint: &Checkpoint<S>, directory: &Path) -> Checkpoint<S> {
    let path = directory.join("run.safetensors");
    save_checkpoint(&path, checkpoint).unwrap();
    load_checkpoint(&path).unwrap()
}

fn bytes_of(checkpoint: &Checkpoint<f64>) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.safetensors");
    save_checkpoint(&path, checkpoint).unwrap();
    fs::read(path).unwrap()
}

/// After ten steps of [`training`].
fn checkpoint() -> Checkpoint<f64> {
    part(&circles(20, 1), &training(), None, 10).2.unwrap()
}

fn assert_resumes<S: Scalar>(
    data: &Dataset<S>,
    training: &Training,
    interruptions: [usize; 2],
) -> Result<(), TestCaseError> {
    let (model, history, _) = part(data, training, None, usize::MAX);
    let directory = tempfile::tempdir().unwrap();
    let mut last: Option<Checkpoint<S>> = None;
    for at in interruptions {
        let (stopped, so_far, made) = part(data, training, last.as_ref(), at);
        let made = made.unwrap();
        prop_assert_eq!((made.model(), made.history().steps()), (&stopped, at));
        prop_assert_eq!(so_far.steps(), at);
        let back = filed(&made, directory.path());
        prop_assert_eq!(&back, &made);
        last = Some(back);
    }
    let (resumed, resumed_history, _) = part(data, training, last.as_ref(), usize::MAX);
    let bits = |model: &Mlp<S>| -> Vec<u64> {
        let parameters = model.parameters().iter();
        parameters.map(|p| p.to_f64().unwrap().to_bits()).collect()
    };
    prop_assert_eq!(bits(&resumed), bits(&model));
    prop_assert_eq!(resumed_history, history);
    Ok(())
}

fn regularization() -> impl Strategy<Value = Regularization> {
    let noise = prop_oneof![
        any::<u32>().prop_map(Noise::Fresh),
        any::<u32>().prop_map(Noise::Repeated)
    ];
    let (l2, keep_prob) = (
        prop_oneof![Just(0.0), Just(0.7)],
        prop_oneof![Just(1.0), Just(0.8)],
    );
    (l2, any::<bool>(), keep_prob, noise).prop_map(|(l2, l2_on_biases, keep_prob, noise)| {
        Regularization {
            l2,
            l2_on_biases,
            dropout: Dropout::new(keep_prob).unwrap(),
            noise,
        }
    })
}

static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| bytes_of(&checkpoint()));

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn damaged_bytes_never_panic(
        place in any::<prop::sample::Index>(),
        replacement in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut bytes = WHOLE.clone();
        let place = place.index(bytes.len());
        let end = (place + replacement.len()).min(bytes.len());
        bytes.splice(place..end, replacement);
        if let Ok(read) = parse_checkpoint::<f64>(&bytes) {
            // What still reads as one can be asked to go on, and does or says why not.
            let (data, mut model) = (circles(20, 1), network(3));
            match model.fit_from(&read, &data, &training(), ()) {
                Ok(history) => prop_assert_eq!(history.steps(), 30),
                Err(_) => prop_assert_eq!(model, network(3)),
            }
        }
    }
}

proptest! {
    // Every case writes files, to the disk.
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_run_interrupted_twice_ends_as_one_that_was_not(
        regularization in regularization(),
        by_hand in any::<bool>(),
        batches in prop::option::of((1_usize..=20, any::<u32>())),
        cost_every in 0_usize..=7,
        interruptions in prop::array::uniform2(0_usize..40),
    ) {
        let training = Training {
            iterations: 40,
            learning_rate: 0.1,
            cost_every,
            gradient: if by_hand { GradientBy::Hand } else { GradientBy::Tape },
            regularization,
            batches: batches.map(|(size, seed)| MiniBatches { size, seed }),
        };
        let [a, b] = interruptions;
        assert_resumes::<f64>(&circles(20, 1), &training, [a.min(b), a.max(b)])?;
        assert_resumes::<f32>(&circles(20, 1), &training, [a.min(b), a.max(b)])?;
    }
}

#[test]
fn every_truncation_is_refused() {
    let whole = bytes_of(&checkpoint());
    for length in 0..whole.len() {
        let problem = parse_checkpoint::<f64>(&whole[..length]).unwrap_err();
        assert!(
            matches!(problem, CheckpointProblem::Format(_)),
            "{length} bytes: {problem}"
        );
    }
}

#[test]
fn another_run_is_refused_with_what_differs() {
    let (checkpoint, data) = (checkpoint(), circles(20, 1));
    let same = training();
    let other = |change: fn(&mut Training)| {
        let mut training = same;
        change(&mut training);
        training
    };
    let cases = [
        (
            "learning_rate was 0.1, and here it is 0.2",
            other(|t| t.learning_rate = 0.2),
        ),
        (
            "cost_every was 4, and here it is 5",
            other(|t| t.cost_every = 5),
        ),
        (
            "gradient was Tape, and here it is Hand",
            other(|t| t.gradient = GradientBy::Hand),
        ),
        (
            "l2 was 0.7, and here it is 0.0",
            other(|t| t.regularization.l2 = 0.0),
        ),
        (
            "l2_on_biases was false, and here it is true",
            other(|t| t.regularization.l2_on_biases = true),
        ),
        (
            "keep_prob was 0.8, and here it is 1.0",
            other(|t| t.regularization.dropout = Dropout::default()),
        ),
        (
            "noise was Fresh(0), and here it is Repeated(1)",
            other(|t| t.regularization.noise = Noise::Repeated(1)),
        ),
        (
            "batches was 8 examples from seed 1, and here it is none",
            other(|t| t.batches = None),
        ),
    ];
    let refusal = |data: &Dataset<f64>, mut model: Mlp<f64>, training: &Training| {
        let before = model.clone();
        let error = model.fit_from(&checkpoint, data, training, ()).unwrap_err();
        assert_eq!(model, before);
        assert!(matches!(error, TrainingError::OtherRun { .. }), "{error}");
        assert!(error.to_string().contains("or start without"), "{error}");
        error.to_string()
    };
    for (expected, training) in cases {
        let message = refusal(&data, network(3), &training);
        assert!(message.contains(expected), "{message}");
    }
    let message = refusal(&circles(20, 2), network(3), &same);
    assert!(
        message.contains("data was 20 examples with hash"),
        "{message}"
    );
    let message = refusal(&data, network(4), &same);
    assert!(
        message.contains("initial model was one with hash"),
        "{message}"
    );
    let wider = Mlp::new(&[2, 6, 3, 1], &He, &mut NumpyRandom::seed(3)).unwrap();
    let message = refusal(&data, wider, &same);
    assert!(
        message.contains("sizes was [2, 5, 3, 1], and here it is [2, 6, 3, 1]"),
        "{message}"
    );
}

#[test]
fn only_the_number_of_iterations_may_change_and_only_upwards() {
    let (checkpoint, data) = (checkpoint(), circles(20, 1));
    let longer = Training {
        iterations: 50,
        ..training()
    };
    let (whole, history, _) = part(&data, &longer, None, usize::MAX);
    let (resumed, resumed_history, _) = part(&data, &longer, Some(&checkpoint), usize::MAX);
    assert_eq!((resumed, resumed_history), (whole, history));

    let as_long = Training {
        iterations: 10,
        ..training()
    };
    let (there, history, _) = part(&data, &as_long, Some(&checkpoint), usize::MAX);
    assert_eq!(
        (&there, &history),
        (checkpoint.model(), checkpoint.history())
    );
    let shorter = Training {
        iterations: 9,
        ..training()
    };
    let error = network(3)
        .fit_from(&checkpoint, &data, &shorter, ())
        .unwrap_err();
    assert_eq!(
        error,
        TrainingError::CheckpointAhead {
            steps: 10,
            iterations: 9
        }
    );
}

#[test]
fn notes_come_back_bit_for_bit() {
    let notes = vec![f64::INFINITY, 0.1, -0.0, f64::MIN_POSITIVE, f64::NAN];
    let directory = tempfile::tempdir().unwrap();
    let back = filed(&checkpoint().with_notes(notes.clone()), directory.path());
    let bits = |notes: &[f64]| notes.iter().map(|note| note.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(back.notes()), bits(&notes));
}

/// The same file with other entries beside its tensors.
fn with_entries(bytes: &[u8], change: impl FnOnce(&mut HashMap<String, String>)) -> Vec<u8> {
    let file = SafeTensors::deserialize(bytes).unwrap();
    let (_, header) = SafeTensors::read_metadata(bytes).unwrap();
    let mut entries = header.metadata().clone().unwrap();
    change(&mut entries);
    safetensors::serialize(file.tensors(), Some(entries)).unwrap()
}

#[test]
fn foreign_files_are_refused_with_what_is_wrong() {
    let refusal = |bytes: &[u8]| parse_checkpoint::<f64>(bytes).unwrap_err().to_string();
    assert!(refusal(b"PK\x03\x04 something else").contains("not a whole safetensors file"));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    save_model(&path, &network::<f64>(3)).unwrap();
    let error = load_checkpoint::<f64>(&path).unwrap_err().to_string();
    assert!(
        error.contains("model.safetensors: ") && error.contains("is no checkpoint"),
        "{error}"
    );
    let error = load_checkpoint::<f64>(directory.path().join("none")).unwrap_err();
    assert!(error.to_string().contains("check the path"), "{error}");

    let bytes = bytes_of(&checkpoint());
    let problem = parse_checkpoint::<f32>(&bytes).unwrap_err();
    assert!(
        matches!(problem, CheckpointProblem::Scalar { .. }),
        "{problem}"
    );
    assert!(
        problem
            .to_string()
            .contains("made at f64, and is to go on at f32"),
        "{problem}"
    );
    for (entry, value, expected) in [
        (
            "gradproof",
            "checkpoint 2",
            "is no checkpoint that this version can read",
        ),
        ("steps", "-1", "\"steps\" is damaged"),
        ("steps", "18446744073709551616", "\"steps\" is damaged"),
        ("steps", "18446744073709551615", "\"costs\" is damaged"),
        ("run.cost_every", "", "\"cost_every\" is damaged"),
        ("run.cost_every", "1", "\"costs\" is damaged"),
        ("run.cost_every", "0", "\"costs\" is damaged"),
    ] {
        let changed = with_entries(&bytes, |entries| {
            entries.insert(entry.to_string(), value.to_string());
        });
        let message = refusal(&changed);
        assert!(message.contains(expected), "{entry} {value}: {message}");
    }
    let without = with_entries(&bytes, |entries| {
        entries.remove("run.scalar");
    });
    assert!(refusal(&without).contains("\"scalar\" is damaged"));
    // A setting that this version does not know.
    let newer = with_entries(&bytes, |entries| {
        entries.insert("run.momentum".to_string(), "0.9".to_string());
    });
    let newer = parse_checkpoint::<f64>(&newer).unwrap();
    let error = network(3)
        .fit_from(&newer, &circles(20, 1), &training(), ())
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("momentum was 0.9, and here it is not known"),
        "{error}"
    );
}

#[test]
fn a_failed_save_leaves_the_old_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.safetensors");
    save_checkpoint(&path, &checkpoint()).unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let later = part::<f64>(&circles(20, 1), &training(), None, 20);
    let later = later.2.unwrap();
    save_checkpoint(&path, &later).unwrap_err();
    assert_eq!(load_checkpoint::<f64>(&path).unwrap(), checkpoint());
}

#[test]
fn a_scalar_that_a_file_would_round_is_refused() {
    let x = Tensor::from([[0.5, -1.0], [1.0, 2.0]]);
    let data = Dataset::new(x, Tensor::from([[0.0, 1.0]])).unwrap();
    let (model, history, made) = part::<Dual<f64>>(&data.cast().unwrap(), &plain(), None, 3);
    let made = made.unwrap();
    // In memory it is as good as any.
    let resumed = part(&data.cast().unwrap(), &plain(), Some(&made), usize::MAX);
    let whole = part(&data.cast().unwrap(), &plain(), None, usize::MAX);
    assert_eq!((resumed.0, resumed.1), (whole.0, whole.1));
    assert_eq!(
        (made.model(), made.history().steps()),
        (&model, history.steps())
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.safetensors");
    let error = save_checkpoint(&path, &made).unwrap_err();
    assert!(error.to_string().contains("keeps f32 and f64"), "{error}");
    assert!(!path.exists());
}

fn plain() -> Training {
    Training {
        iterations: 10,
        ..Training::default()
    }
}
