//! Files that are written whole or not at all.

use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use thiserror::Error;

/// A file could not be written. What was at the path before is unchanged.
#[derive(Debug, Error)]
#[error("cannot write {}, and what was there is unchanged: {problem}", .path.display())]
pub struct WriteError {
    /// The file that was asked for.
    pub path: PathBuf,
    /// Why not.
    pub problem: io::Error,
}

/// Writes a file so that at every moment, also after a crash, the path holds either the old file
/// or the new one, whole.
///
/// `write` fills a temporary file in the same directory, which takes the path's name after it has
/// reached the disk. A process that is killed before that leaves a file `.….tmp` behind. A new file
/// gets the permissions that any new file gets, and one that replaces another keeps the other's; a
/// symbolic link stays, and the file it leads to is replaced, or made if it is not there yet.
///
/// # Errors
///
/// If `write` fails or the system does, if the directory does not exist, if symbolic links lead in
/// a circle, and if the path holds something that a rename must not replace: a directory, a device,
/// or a file marked read-only.
///
/// ```
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("costs.json");
/// layers::write_atomically(&path, |file| {
///     writeln!(file, "[0.693, 0.671]")
/// })?;
/// assert_eq!(std::fs::read_to_string(&path)?, "[0.693, 0.671]\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_atomically(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WriteError> {
    let path = path.as_ref();
    replace(path, write).map_err(|problem| WriteError {
        path: path.to_owned(),
        problem,
    })
}

fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // Through links, so that the temporary file is on the file system of the one it replaces.
    let (path, replaced) = behind_links(path)?;
    let directory = directory_of(&path);
    match &replaced {
        Some(old) if !old.is_file() => return refuse("it is no regular file: choose another path"),
        Some(old) if old.permissions().readonly() => {
            return refuse("it is marked read-only: make it writable or choose another path");
        }
        None if !directory.is_dir() => {
            let missing = directory.display();
            return refuse(&format!("there is no directory {missing}: create it"));
        }
        _ => {}
    }

    let mut file = BufWriter::new(temporary_file(directory)?);
    write(&mut file)?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    if let Some(old) = replaced {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(&path)?;
    sync_directory(directory);
    Ok(())
}

/// Where a path leads to through symbolic links, and what is there, if anything is.
fn behind_links(path: &Path) -> io::Result<(PathBuf, Option<Metadata>)> {
    let mut path = path.to_owned();
    loop {
        match fs::canonicalize(&path) {
            Ok(file) => {
                let metadata = fs::metadata(&file)?;
                return Ok((file, Some(metadata)));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            // A new file, or the next link on the way to one. The way ends, because links in a
            // circle are another error.
            Err(_) => match fs::read_link(&path) {
                Ok(target) => path = directory_of(&path).join(target),
                Err(_) => return Ok((path, None)),
            },
        }
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn refuse(why: &str) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::InvalidInput, why))
}

fn temporary_file(directory: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As `File::create` asks, and the system takes the umask off: the default is 0600.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory)
}

/// Asks that the new name reach the disk too. The file is whole without it, under one name or the
/// other, and not every system can: an error here is none of the caller's.
fn sync_directory(directory: &Path) {
    if let Ok(directory) = File::open(directory) {
        let _ = directory.sync_all();
    }
}
