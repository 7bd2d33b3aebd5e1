//! What the larger examples share: their options, and how they show progress.

mod checkpoints;

use std::error::Error;
use std::fmt::Display;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

pub(crate) use checkpoints::{Checkpoints, Interrupted};
use indicatif::{ProgressBar, ProgressStyle};
use lexopt::Arg::{Long, Short};

/// What can be asked of an example.
#[derive(Debug)]
pub(crate) struct Options {
    /// `--json FILE`: write every number there.
    pub(crate) json: Option<PathBuf>,
    /// `--plots DIR`: write the plots there.
    pub(crate) plots: PathBuf,
    /// `--iterations N`: how many steps to train.
    pub(crate) iterations: usize,
    /// `--seed N`: what the weights are drawn from.
    pub(crate) seed: u32,
    /// `--checkpoint DIR` and `--resume`: what survives an interruption.
    pub(crate) checkpoints: Checkpoints,
}

impl Options {
    /// Reads the command line over these defaults; `None` if help was asked for, and given.
    ///
    /// # Errors
    ///
    /// A line that says what is wrong with it.
    pub(crate) fn parse(
        example: &str,
        iterations: usize,
        seed: u32,
    ) -> Result<Option<Self>, Box<dyn Error>> {
        let mut options = Self {
            json: None,
            plots: default_plots(example),
            iterations,
            seed,
            checkpoints: Checkpoints::default(),
        };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("json") => options.json = Some(arguments.value()?.into()),
                Long("plots") => options.plots = arguments.value()?.into(),
                Long("iterations") => {
                    options.iterations = number(&mut arguments, "--iterations", 1..=usize::MAX)?;
                }
                Long("seed") => options.seed = number(&mut arguments, "--seed", 0..=u32::MAX)?,
                Long("checkpoint") => {
                    options.checkpoints.directory = Some(arguments.value()?.into());
                }
                Long("resume") => options.checkpoints.resume = true,
                Long("help") | Short('h') => {
                    println!(
                        "{example}\n\n\
                         --json FILE      write every number to FILE\n\
                         --plots DIR      write the plots to DIR [{}]\n\
                         --iterations N   train for N steps [{iterations}]\n\
                         --seed N         draw the weights from seed N [{seed}]\n\
                         --checkpoint DIR save every run in DIR, now and then and on Ctrl-C\n\
                         --resume         go on from what is saved in DIR",
                        options.plots.display()
                    );
                    return Ok(None);
                }
                other => {
                    return Err(format!("{}; --help lists the options", other.unexpected()).into());
                }
            }
        }
        options.check()?;
        options.checkpoints.prepare()?;
        Ok(Some(options))
    }

    /// Before the work begins, so that it is not done for nothing.
    fn check(&self) -> Result<(), Box<dyn Error>> {
        let parent = |path: &Path| match path.parent() {
            Some(parent) if parent != Path::new("") => parent.to_path_buf(),
            _ => PathBuf::from("."),
        };
        if let Some(json) = &self.json
            && (json.as_os_str().is_empty() || json.is_dir() || !parent(json).is_dir())
        {
            return Err(format!(
                "--json wants a file in a directory that exists, and got {json:?}"
            )
            .into());
        }
        if self.plots.as_os_str().is_empty() {
            return Err("--plots wants a directory, and got nothing".into());
        }
        std::fs::create_dir_all(&self.plots)
            .map_err(|error| format!("--plots {}: {error}", self.plots.display()).into())
    }
}

/// Beside cargo's own output, wherever the example is started from.
fn default_plots(example: &str) -> PathBuf {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
    root.join("target/plots").join(example)
}

fn number<N: FromStr + PartialOrd + Display>(
    arguments: &mut lexopt::Parser,
    option: &str,
    range: std::ops::RangeInclusive<N>,
) -> Result<N, String> {
    let text = arguments.value().map_err(|error| error.to_string())?;
    let parsed = text.to_str().and_then(|text| text.parse().ok());
    parsed.filter(|n| range.contains(n)).ok_or_else(|| {
        format!(
            "{option} wants a whole number from {} to {}, and got {text:?}",
            range.start(),
            range.end()
        )
    })
}

/// Runs an example: an error becomes one line on the standard error and a non-zero exit.
pub(crate) fn run(example: impl FnOnce() -> Result<(), Box<dyn Error>>) -> ExitCode {
    match example() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Interrupted>() => {
            eprintln!("{error}");
            ExitCode::from(Interrupted::EXIT_CODE)
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A bar on a terminal, a plain line elsewhere; both on the standard error.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    stride: usize,
}

impl Progress {
    /// Announces work of `steps` steps.
    pub(crate) fn new(name: &str, steps: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            eprintln!("{name}: {steps} iterations");
        }
        let style = ProgressStyle::with_template("{prefix:>8} {bar:40} {pos}/{len} {eta}")
            .expect("the template is right");
        let bar = ProgressBar::new(steps as u64).with_style(style);
        bar.set_prefix(name.to_string());
        Self {
            bar,
            stride: (steps / 200).max(1),
        }
    }

    /// Shows that step `k` is reached. Most calls do nothing, so that a bar costs no time.
    pub(crate) fn reach(&self, k: usize) {
        if k.is_multiple_of(self.stride) {
            self.bar.set_position(k as u64);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
