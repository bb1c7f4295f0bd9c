//! The file that holds the seal key.
//!
//! `seal.key` in the data folder: 32 random bytes as one line of base64, made on
//! the first start, readable by its owner alone. Whoever loses it loses every
//! sealed value; whoever has it and the database has them all. So the server
//! starts with no key that others can read, and never replaces one.
//!
//! The file appears whole or not at all, also when the process is killed while
//! it makes it, and two processes that start at once end with the same key.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Sealer;
use crate::random::random_bytes;

pub const FILE_NAME: &str = "seal.key";

/// Why the server must not start; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("cannot {action} the seal key `{path}`")]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "the seal key `{path}` can be read by other users of this machine (mode {mode:03o}); \
         run `chmod 600 {path}`"
    )]
    Exposed { path: PathBuf, mode: u32 },
    #[error(
        "the seal key `{path}` does not hold 32 bytes as one line of base64; restore it from a \
         backup"
    )]
    Malformed { path: PathBuf },
}

/// Reads the key of `data` and makes one if there is none.
pub fn load_or_create(data: &Path) -> Result<Sealer, KeyFileError> {
    match load(data)? {
        Some(sealer) => Ok(sealer),
        None => create(data),
    }
}

/// Reads the key of `data`; `None` if there is no file.
pub fn load(data: &Path) -> Result<Option<Sealer>, KeyFileError> {
    let path = data.join(FILE_NAME);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(KeyFileError::Malformed { path });
        }
        Err(source) => return Err(KeyFileError::Io { action: "read", path, source }),
    };
    check_mode(&path)?;
    STANDARD
        .decode(text.trim())
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .map(|key| Some(Sealer::new(key)))
        .ok_or(KeyFileError::Malformed { path })
}

/// Makes the key of `data`, or reads the one that another process has just made.
fn create(data: &Path) -> Result<Sealer, KeyFileError> {
    let path = data.join(FILE_NAME);
    let failed = |source| KeyFileError::Io { action: "create", path: path.clone(), source };

    let draft = data.join(format!("{FILE_NAME}.{}", std::process::id()));
    write_draft(&draft).map_err(failed)?;
    // A link, unlike a rename, never replaces a key that is already there.
    let linked = fs::hard_link(&draft, &path);
    fs::remove_file(&draft).map_err(failed)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => (),
    }
    // Without this a crash of the machine could forget the name but keep the
    // database with what was sealed meanwhile.
    File::open(data).and_then(|folder| folder.sync_all()).map_err(failed)?;

    load(data)?.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))
}

fn write_draft(draft: &Path) -> io::Result<()> {
    // One left by a killed process of the same number.
    match fs::remove_file(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => (),
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    writeln!(file, "{}", STANDARD.encode(random_bytes::<32>()))?;
    file.sync_all()
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = fs::metadata(path).map_err(|source| KeyFileError::Io {
        action: "inspect",
        path: path.to_owned(),
        source,
    })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(KeyFileError::Exposed { path: path.to_owned(), mode })
    }
}

#[cfg(not(unix))]
fn check_mode(_path: &Path) -> Result<(), KeyFileError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_found_again() {
        let data = tempfile::tempdir().unwrap();
        assert!(load(data.path()).unwrap().is_none());

        let sealed = load_or_create(data.path()).unwrap().seal("c", b"x");
        assert_eq!(load_or_create(data.path()).unwrap().open("c", &sealed).unwrap(), b"x");
        let names: Vec<_> =
            fs::read_dir(data.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [FILE_NAME]);
    }

    #[test]
    fn a_key_that_appears_meanwhile_is_kept() {
        let data = tempfile::tempdir().unwrap();
        let first = create(data.path()).unwrap();
        assert_eq!(create(data.path()).unwrap().key_id(), first.key_id());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_key() {
        use std::os::unix::fs::PermissionsExt;

        let data = tempfile::tempdir().unwrap();
        load_or_create(data.path()).unwrap();
        let path = data.path().join(FILE_NAME);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        for mode in [0o640, 0o604, 0o644, 0o610] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = load_or_create(data.path()).unwrap_err();
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(load(data.path()).unwrap().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_holds_no_key_is_refused_and_left_alone() {
        use std::os::unix::fs::PermissionsExt;

        for text in [b"".as_slice(), b"c2hvcnQ=\n", b"not base64", b"\xff\xfe"] {
            let data = tempfile::tempdir().unwrap();
            let path = data.path().join(FILE_NAME);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let error = load_or_create(data.path()).unwrap_err();
            assert!(matches!(error, KeyFileError::Malformed { .. }), "{error:?}");
            assert_eq!(fs::read(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_folder_that_does_not_exist_is_named() {
        let data = tempfile::tempdir().unwrap();
        let error = load_or_create(&data.path().join("absent")).unwrap_err();
        assert!(error.to_string().contains("absent"), "{error}");
    }
}
