//! What the larger examples share: their options, and how they show progress.

mod checkpoints;

use std::error::Error;
use std::fmt::{self, Display};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, exit};
use std::str::FromStr;

pub(crate) use checkpoints::{Checkpoints, Interrupted};
use gradproof::layers::plot::Figure;
use gradproof::layers::{Dataset, Mlp, write_atomically};
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
    /// `own` is asked about every option that not all examples have, and says whether the example
    /// has it; `help` is what is said of them.
    ///
    /// # Errors
    ///
    /// A line that says what is wrong with it.
    pub(crate) fn parse(
        example: &str,
        iterations: usize,
        seed: u32,
        help: &str,
        mut own: impl FnMut(&str, &mut lexopt::Parser) -> Result<bool, Box<dyn Error>>,
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
                    say!(
                        "{example}\n\n\
                         --json FILE      write every number to FILE\n\
                         --plots DIR      write the plots to DIR [{}]\n\
                         --iterations N   train for N steps [{iterations}]\n\
                         --seed N         draw the weights from seed N [{seed}]\n\
                         --checkpoint DIR save every run in DIR, now and then and on Ctrl-C\n\
                         --resume         go on from what is saved in DIR\n\
                         {help}",
                        options.plots.display()
                    );
                    return Ok(None);
                }
                Long(name) => {
                    let name = name.to_string();
                    if !own(&name, &mut arguments)? {
                        return Err(unexpected(&format!("option '--{name}'")));
                    }
                }
                Short(name) => return Err(unexpected(&format!("option '-{name}'"))),
                lexopt::Arg::Value(value) => {
                    return Err(unexpected(&format!("argument {value:?}")));
                }
            }
        }
        check_outputs(options.json.as_deref(), &options.plots)?;
        options.checkpoints.prepare()?;
        Ok(Some(options))
    }

    /// [`write_json`] where `--json` says.
    pub(crate) fn write_json(&self, document: &serde_json::Value) -> Result<(), Box<dyn Error>> {
        write_json(self.json.as_deref(), document)
    }

    /// [`save_plots`] where `--plots` says.
    pub(crate) fn save_plots<const N: usize>(
        &self,
        figures: [(&str, Figure); N],
    ) -> Result<(), Box<dyn Error>> {
        save_plots(&self.plots, figures)
    }
}

/// Whether the files can be written: asked before the work begins, so that it is not done for
/// nothing.
///
/// # Errors
///
/// A line that says what is wrong with `--json` or `--plots`.
pub(crate) fn check_outputs(json: Option<&Path>, plots: &Path) -> Result<(), Box<dyn Error>> {
    check_json(json)?;
    if plots.as_os_str().is_empty() {
        return Err("--plots wants a directory, and got nothing".into());
    }
    std::fs::create_dir_all(plots)
        .map_err(|error| format!("--plots {}: {error}", plots.display()).into())
}

/// The same for `--json` alone.
///
/// # Errors
///
/// A line that says what is wrong with it.
pub(crate) fn check_json(json: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let parent = |path: &Path| match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    if let Some(json) = json
        && (json.as_os_str().is_empty() || json.is_dir() || !parent(json).is_dir())
    {
        return Err(
            format!("--json wants a file in a directory that exists, and got {json:?}").into(),
        );
    }
    Ok(())
}

/// Writes every number to the file of `--json`, if there is one.
///
/// # Errors
///
/// If the file cannot be written.
pub(crate) fn write_json(
    path: Option<&Path>,
    document: &serde_json::Value,
) -> Result<(), Box<dyn Error>> {
    let Some(path) = path else {
        return Ok(());
    };
    write_atomically(path, |file| {
        serde_json::to_writer_pretty(&mut *file, document)?;
        writeln!(file)
    })?;
    say!("numbers: {}", path.display());
    Ok(())
}

/// Saves each figure under its name as SVG and as PNG.
///
/// # Errors
///
/// If a file cannot be written.
pub(crate) fn save_plots<const N: usize>(
    directory: &Path,
    figures: [(&str, Figure); N],
) -> Result<(), Box<dyn Error>> {
    for (name, figure) in figures {
        for format in ["svg", "png"] {
            figure.save(directory.join(name).with_extension(format))?;
        }
    }
    say!("\nplots: {}", directory.display());
    Ok(())
}

/// Beside cargo's own output, wherever the example is started from.
pub(crate) fn default_plots(example: &str) -> PathBuf {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
    root.join("target/plots").join(example)
}

fn unexpected(what: &str) -> Box<dyn Error> {
    format!("invalid {what}; --help lists the options").into()
}

pub(crate) fn number<N: FromStr + PartialOrd + Display>(
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

/// The predicted class of each example.
pub(crate) fn classes(model: &Mlp<f64>, data: &Dataset<f64>) -> Vec<u8> {
    let predictions = model.predict(data.x());
    let classes = predictions.as_slice().iter();
    classes.map(|&class| class as u8).collect()
}

/// Prints a line, as `println!` does. If nobody reads it any more, as behind `| head`, the example ends
/// there, and that is no error.
macro_rules! say {
    ($($line:tt)*) => {
        $crate::common::print_line(format_args!($($line)*))
    };
}
pub(crate) use say;

pub(crate) fn print_line(line: fmt::Arguments<'_>) {
    if let Err(error) = writeln!(io::stdout(), "{line}") {
        if error.kind() == io::ErrorKind::BrokenPipe {
            exit(0);
        }
        eprintln!("error: the standard output: {error}");
        exit(1);
    }
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
        if !io::stderr().is_terminal() {
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
