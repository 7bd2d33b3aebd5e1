//! The example of part 1 as a process: stopped by Ctrl-C and killed without warning, it leaves
//! checkpoints that are whole, and resumed it ends in the numbers of a run that nobody touched.
#![cfg(unix)]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use gradproof::layers::{NumpyRandom, load_checkpoint};
use serde_json::Value;
use tempfile::TempDir;

const SIGINT: i32 = 2;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

/// The example, built if a test is run alone; cargo says where it is.
fn example() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--example", "02-initialization"]);
    cargo.arg("--message-format=json-render-diagnostics");
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let messages = String::from_utf8(output.stdout).unwrap();
    let mut paths = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let of_example = message["target"]["kind"][0] == "example";
        Some(
            message["executable"]
                .as_str()
                .filter(|_| of_example)?
                .into(),
        )
    });
    paths.next().unwrap_or_else(|| {
        panic!("no example: {}", String::from_utf8_lossy(&output.stderr));
    })
}

/// One directory for the checkpoints, the plots, and the numbers.
struct Study {
    example: PathBuf,
    directory: TempDir,
}

impl Study {
    fn new(example: &Path) -> Self {
        Self {
            example: example.to_path_buf(),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn command(&self, options: &[&str]) -> Command {
        let mut command = Command::new(&self.example);
        let directory = self.directory.path();
        command.args(["--iterations", "12000", "--json"]);
        command.arg(directory.join("numbers.json"));
        command.arg("--plots").arg(directory.join("plots"));
        command.args(options);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    fn resumable(&self, options: &[&str]) -> Command {
        let mut command = self.command(options);
        command.arg("--checkpoint").arg(self.checkpoints());
        command
    }

    fn checkpoints(&self) -> PathBuf {
        self.directory.path().join("checkpoints")
    }

    /// The steps of every run's checkpoint, each of which must be whole.
    fn saved(&self) -> Vec<(String, usize)> {
        let Ok(files) = fs::read_dir(self.checkpoints()) else {
            return Vec::new();
        };
        let paths = files.map(|file| file.unwrap().path());
        // What a killed process was about to write has a hidden name of its own.
        let checkpoints = paths.filter(|path| path.extension().unwrap() == "safetensors");
        checkpoints
            .map(|path| {
                let checkpoint = load_checkpoint::<f64>(&path).unwrap();
                let name = path.file_stem().unwrap().to_str().unwrap().to_string();
                (name, checkpoint.history().steps())
            })
            .collect()
    }

    /// The numbers that were written, without the times.
    fn numbers(&self) -> String {
        let text = fs::read_to_string(self.directory.path().join("numbers.json")).unwrap();
        let mut numbers: Value = serde_json::from_str(&text).unwrap();
        let runs = numbers["runs"].as_array_mut().unwrap();
        assert_eq!(runs.len(), 3);
        for run in runs {
            run.as_object_mut().unwrap().remove("seconds").unwrap();
        }
        numbers.to_string()
    }

    /// Ends a run once it has saved something that was not there before.
    fn interrupt_after_a_save(&self, options: &[&str], signal: i32) -> (ExitStatus, String) {
        let before = self.saved();
        let mut child = self.resumable(options).spawn().unwrap();
        let start = Instant::now();
        while self.saved() == before {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "nothing was saved"
            );
            assert_eq!(child.try_wait().unwrap(), None, "the run ended by itself");
            sleep(Duration::from_millis(5));
        }
        send(signal, &child);
        end(child)
    }
}

fn send(signal: i32, child: &Child) {
    let [signal, child] = [format!("-{signal}"), child.id().to_string()];
    let sent = Command::new("kill").args([signal, child]).status().unwrap();
    assert!(sent.success());
}

fn end(child: Child) -> (ExitStatus, String) {
    let output = child.wait_with_output().unwrap();
    (output.status, String::from_utf8(output.stderr).unwrap())
}

/// What is left to be said after an end that was asked for.
fn assert_says_how_to_resume((status, stderr): &(ExitStatus, String)) {
    assert_eq!(status.code(), Some(130), "{stderr}");
    let last = stderr.lines().last().unwrap();
    assert!(
        last.starts_with("interrupted, and saved before step"),
        "{stderr}"
    );
    assert!(last.contains("--resume"), "{stderr}");
}

#[test]
fn runs_that_are_interrupted_and_killed_end_in_the_same_numbers() {
    let example = example();
    let untouched = Study::new(&example);
    let start = Instant::now();
    let (status, stderr) = end(untouched.command(&[]).spawn().unwrap());
    let whole = start.elapsed();
    assert!(status.success(), "{stderr}");
    let study = Study::new(&example);

    assert_says_how_to_resume(&study.interrupt_after_a_save(&[], SIGINT));
    assert_says_how_to_resume(&study.interrupt_after_a_save(&["--resume"], SIGTERM));
    let (status, _) = study.interrupt_after_a_save(&["--resume"], SIGKILL);
    assert_eq!(status.signal(), Some(SIGKILL));

    // At any moment: before there is a checkpoint, in the middle of one, in the plots.
    let mut random = NumpyRandom::seed(20);
    for signal in [SIGKILL, SIGKILL, SIGINT, SIGKILL, SIGKILL] {
        let before = study.saved();
        let mut child = study.resumable(&["--resume"]).spawn().unwrap();
        sleep(whole.mul_f64(0.5 * random.random_sample()));
        if child.try_wait().unwrap().is_none() {
            send(signal, &child);
        }
        let (status, stderr) = end(child);
        let expected = status.success() || status.code() == Some(130);
        assert!(expected || status.signal() == Some(signal), "{stderr}");
        for (name, steps) in before {
            let now = study.saved().into_iter().find(|(now, _)| *now == name);
            assert!(
                now.is_some_and(|(_, now)| now >= steps),
                "{name} lost steps"
            );
        }
    }

    let (status, stderr) = end(study.resumable(&["--resume"]).spawn().unwrap());
    assert!(status.success(), "{stderr}");
    assert_eq!(study.numbers(), untouched.numbers());

    // And what is left there is not taken for another run.
    for (options, expected) in [
        (
            ["--resume", "--seed", "4"],
            "random.safetensors: the checkpoint is of a run whose initial model",
        ),
        (["--resume", "--iterations", "5"], "ask for at least"),
    ] {
        let (status, stderr) = end(study.resumable(&options).spawn().unwrap());
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
    assert_eq!(study.numbers(), untouched.numbers());
}

#[test]
fn options_that_make_no_sense_are_refused_before_the_work() {
    let example = example();
    let study = Study::new(&example);
    let (status, stderr) = end(study.command(&["--resume"]).spawn().unwrap());
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("--resume wants --checkpoint DIR"),
        "{stderr}"
    );
    let occupied = study.directory.path().join("file");
    fs::write(&occupied, "").unwrap();
    let mut command = study.command(&["--checkpoint"]);
    let (status, stderr) = end(command.arg(&occupied).spawn().unwrap());
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("error: --checkpoint "), "{stderr}");
}

/// As `| head` does before anything is printed.
#[test]
fn a_reader_that_leaves_ends_the_run_quietly() {
    let study = Study::new(&example());
    let mut child = study.command(&[]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let (status, stderr) = end(child);
    assert!(status.success(), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}
