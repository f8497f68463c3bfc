//! The installation's key, in the state directory.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

use super::DeskError;
use crate::{random, user::Key};

/// Its name in the state directory.
const FILE: &str = "key";
/// Its length in bytes.
const LENGTH: usize = 32;

/// Reads the key, or makes one for an installation that has none.
///
/// # Errors
/// When the file is not as it was made, others may read it, or it can't be made.
pub(super) fn read_or_make(state: &Path) -> Result<Key, DeskError> {
    let path = state.join(FILE);
    let failed = |error| DeskError::Key { path: path.clone(), error };
    match read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read.map(|secret| Key::new(&secret)).map_err(failed),
    }
    let secret: [u8; LENGTH] = random::bytes().map_err(DeskError::Random)?;
    // Under another name first: a half-written key would be another installation's.
    let new = path.with_extension("new");
    let write = || -> io::Result<()> {
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(&secret)?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        fs::File::open(state)?.sync_all()
    };
    write().map_err(failed)?;
    Ok(Key::new(&secret))
}

fn read(path: &Path) -> io::Result<[u8; LENGTH]> {
    let mut file = fs::File::open(path)?;
    let metadata = file.metadata()?;
    let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    if metadata.mode() & 0o077 != 0 {
        return Err(wrong(format!(
            "others may read it (mode {:04o}): `chmod 0600` it",
            metadata.mode() & 0o7777
        )));
    }
    if metadata.len() != LENGTH as u64 {
        return Err(wrong(format!("it has {} bytes, expected {LENGTH}", metadata.len())));
    }
    let mut secret = [0; LENGTH];
    file.read_exact(&mut secret)?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_stays_the_same_and_is_private() {
        let state = tempfile::tempdir().unwrap();
        let one = read_or_make(state.path()).unwrap();
        let again = read_or_make(state.path()).unwrap();
        assert_eq!(one.user("alice"), again.user("alice"));
        let path = state.path().join(FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(read_or_make(other.path()).unwrap().user("alice"), one.user("alice"));

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = read_or_make(state.path()).unwrap_err().to_string();
        assert!(error.contains("mode 0640") && error.contains("chmod 0600"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, [1; 31]).unwrap();
        let error = read_or_make(state.path()).unwrap_err().to_string();
        assert!(error.contains("31 bytes, expected 32"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), [1; 31], "what was there is not lost");
    }
}
