//! Lists in the state directory: JSON with a version, replaced as a whole or not at all.
//!
//! ```json
//! {"version":1,"entries":[…]}
//! ```
//!
//! What can't be read is kept aside under another name and said; it is never overwritten or lost.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Version this code writes.
const VERSION: u64 = 1;

/// The state directory does not let itself be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {error}", path = path.display())]
pub struct StateError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub error: io::Error,
}

/// Something was wrong with a file, and what was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The file.
    pub path: PathBuf,
    /// Under which name it is kept.
    pub kept_as: PathBuf,
    /// What is wrong.
    pub why: String,
    /// Entries that could be read all the same.
    pub read: usize,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, kept_as, why, read } = self;
        write!(f, "{}: {why}; {read} entries read; the file is kept as {}", path.display(), kept_as.display())
    }
}

#[derive(Deserialize)]
struct Stored {
    version: u64,
    entries: Vec<Value>,
}

#[derive(Serialize)]
struct Storing<'e, T> {
    version: u64,
    entries: &'e [T],
}

/// The entries of a file; none when there is no file. Entries that can't be read leave the others alone.
pub(crate) fn read<T: DeserializeOwned>(
    path: &Path,
    now: Timestamp,
) -> Result<(Vec<T>, Option<Notice>), StateError> {
    let failed = |error| StateError { path: path.to_owned(), error };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), None)),
        Err(error) => return Err(failed(error)),
    };
    let mut entries = Vec::new();
    let why = match serde_json::from_slice::<Stored>(&bytes) {
        Ok(stored) if stored.version != VERSION => {
            Some(format!("written in version {}, this Picket reads version {VERSION}", stored.version))
        }
        Ok(stored) => {
            let mut wrong = None;
            for value in stored.entries {
                match serde_json::from_value(value) {
                    Ok(entry) => entries.push(entry),
                    Err(error) => wrong = wrong.or_else(|| Some(format!("an entry can't be read: {error}"))),
                }
            }
            wrong
        }
        Err(error) => Some(format!("not a list of Picket's: {error}")),
    };
    let Some(why) = why else { return Ok((entries, None)) };
    let kept_as = keep_aside(path, now).map_err(failed)?;
    let notice = Notice { path: path.to_owned(), kept_as, why, read: entries.len() };
    Ok((entries, Some(notice)))
}

/// Renames the file to a name that is not taken.
fn keep_aside(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    for number in 0..1000 {
        let aside = path.with_file_name(match number {
            0 => format!("{name}.corrupt-{stamp}"),
            _ => format!("{name}.corrupt-{stamp}-{number}"),
        });
        if !aside.exists() {
            fs::rename(path, &aside)?;
            return Ok(aside);
        }
    }
    Err(io::Error::other("a thousand corrupt files are kept already: look at them"))
}

/// The bytes [`read`] reads.
pub(crate) fn encode<T: Serialize>(entries: &[T]) -> Vec<u8> {
    // Entries have text keys only, and a vector takes any number of bytes: there is no error to have.
    serde_json::to_vec(&Storing { version: VERSION, entries }).unwrap_or_default()
}

/// Replaces the file: after a crash at any moment there is the old one or the new one, whole.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    let replace = || -> io::Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let new = path.with_file_name(format!(".{name}.new-{}", process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        // The rename itself has to reach the disk.
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    replace().map_err(|error| StateError { path: path.to_owned(), error })
}
