use std::fs;
use std::io;
use std::path::Path;

use layers::write_atomically;
use tempfile::tempdir;

/// How many entries the directory has: a temporary file that was left behind counts.
fn entries(directory: &Path) -> usize {
    fs::read_dir(directory).unwrap().count()
}

#[test]
fn a_failure_leaves_the_old_file_and_nothing_else() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("model");
    fs::write(&path, "old").unwrap();
    let error = write_atomically(&path, |file| {
        file.write_all(&[b'n'; 100_000])?;
        Err(io::Error::other("the disk is full"))
    })
    .unwrap_err();
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(entries(directory.path()), 1);
    let text = error.to_string();
    let path = path.display();
    assert!(
        text.starts_with(&format!(
            "cannot write {path}, and what was there is unchanged: the disk is full"
        )),
        "{text}"
    );
}

#[test]
fn until_the_end_the_old_file_is_there() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("model");
    fs::write(&path, "old").unwrap();
    write_atomically(&path, |file| {
        file.write_all(&[b'n'; 100_000])?;
        file.flush()?;
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        Ok(())
    })
    .unwrap();
    assert_eq!(fs::read(&path).unwrap(), [b'n'; 100_000]);
    assert_eq!(entries(directory.path()), 1);
}

#[test]
fn a_panic_leaves_nothing_behind() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("model");
    let result = std::panic::catch_unwind(|| write_atomically(&path, |_| panic!("on purpose")));
    assert!(result.is_err());
    assert_eq!(entries(directory.path()), 0);
}

#[test]
fn a_missing_directory_and_a_directory_are_errors() {
    let directory = tempdir().unwrap();
    let missing = directory.path().join("no/such");
    let text = write_atomically(missing.join("file"), |_| Ok(()))
        .unwrap_err()
        .to_string();
    let advice = format!("there is no directory {}: create it", missing.display());
    assert!(text.contains(&advice), "{text}");

    let text = write_atomically(directory.path(), |_| Ok(()));
    assert!(text.unwrap_err().to_string().contains("no regular file"));
    assert!(write_atomically("", |_| Ok(())).is_err());
}

#[test]
fn a_read_only_file_is_not_replaced() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("model");
    fs::write(&path, "old").unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let text = write_atomically(&path, |_| Ok(())).unwrap_err().to_string();
    assert!(text.contains("read-only"), "{text}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode()
    }

    #[test]
    fn permissions_are_a_new_files_or_the_replaced_ones() {
        let directory = tempdir().unwrap();
        let [plain, path] = ["plain", "model"].map(|name| directory.path().join(name));
        fs::write(&plain, "").unwrap();
        write_atomically(&path, |_| Ok(())).unwrap();
        assert_eq!(mode(&path), mode(&plain));

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        write_atomically(&path, |file| file.write_all(b"new")).unwrap();
        assert_eq!(mode(&path) & 0o777, 0o640);
    }

    #[test]
    fn a_link_still_leads_to_its_file() {
        let directory = tempdir().unwrap();
        let [target, link] = ["target", "link"].map(|name| directory.path().join(name));
        fs::write(&target, "old").unwrap();
        symlink(&target, &link).unwrap();
        write_atomically(&link, |file| file.write_all(b"new")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
    }

    #[test]
    fn a_link_to_no_file_yet_stays_and_the_file_is_made() {
        let directory = tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("runs")).unwrap();
        // Relative targets count from the link's directory, not from that of the process.
        for (link, target, file) in [
            ("absolute", at("runs/a"), "runs/a"),
            ("relative", "runs/b".into(), "runs/b"),
            ("runs/up", "../c".into(), "c"),
            ("chain", "runs/next".into(), "runs/d"),
        ] {
            symlink(&target, at(link)).unwrap();
            if link == "chain" {
                symlink("d", at("runs/next")).unwrap();
            }
            write_atomically(at(link), |file| file.write_all(b"new")).unwrap();
            assert_eq!(fs::read_link(at(link)).unwrap(), target, "{link}");
            assert!(fs::symlink_metadata(at(file)).unwrap().is_file(), "{link}");
            assert_eq!(fs::read_to_string(at(link)).unwrap(), "new", "{link}");
        }
        assert!(fs::symlink_metadata(at("runs/next")).unwrap().is_symlink());
        assert_eq!([entries(directory.path()), entries(&at("runs"))], [5, 5]);
    }

    #[test]
    fn a_link_that_leads_nowhere_stays_and_is_an_error() {
        let directory = tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let missing = format!("there is no directory {}", at("no/such").display());
        for (link, target, why) in [
            ("lost", "no/such/file", missing.as_str()),
            ("itself", "itself", "symbolic links"),
            ("there", "back", "symbolic links"),
        ] {
            symlink(target, at(link)).unwrap();
            if link == "there" {
                symlink("there", at("back")).unwrap();
            }
            let error = write_atomically(at(link), |_| Ok(())).unwrap_err();
            assert!(error.to_string().contains(why), "{link}: {error}");
            assert_eq!(fs::read_link(at(link)).unwrap(), Path::new(target));
        }
        assert_eq!(entries(directory.path()), 4);
    }

    #[test]
    fn what_is_no_file_is_not_replaced() {
        let directory = tempdir().unwrap();
        let path = directory.path().join("socket");
        let _socket = UnixListener::bind(&path).unwrap();
        assert!(write_atomically(&path, |_| Ok(())).is_err());
        assert!(!fs::metadata(&path).unwrap().is_file());
    }
}
