//! Where files of rules come from.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::{self, Read as _},
    path::{Component, Path, PathBuf},
};

use crate::limits;

/// Reads files and lists folders. All of `Include` goes through it, so that reading is a function of
/// what it answers.
pub trait Files {
    /// The bytes of a file.
    ///
    /// # Errors
    /// Why it can't be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Names of the files and folders in a folder, in any order.
    ///
    /// # Errors
    /// Why it can't be read.
    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>>;
}

/// The files of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = fs::File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("not a file"));
        }
        let mut bytes = Vec::new();
        file.take(limits::RULE_FILE + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect()
    }
}

/// Files in memory, by their path.
impl Files for BTreeMap<PathBuf, Vec<u8>> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.get(&plain(path)).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        let folder = plain(folder);
        let below = self.keys().filter_map(|path| path.strip_prefix(&folder).ok());
        let mut names: Vec<_> =
            below.filter_map(|path| Some(path.components().next()?.as_os_str().to_owned())).collect();
        names.dedup();
        if names.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(names) }
    }
}

/// No files: for a text that stands alone.
pub(super) struct Nothing;

impl Files for Nothing {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Err(io::Error::other("this text stands alone, it has no files beside it"))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        self.read(folder).map(|_| Vec::new())
    }
}

/// A path without `.` and `x/..`: one spelling for one file, links aside.
pub(super) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            _ => plain.push(part),
        }
    }
    plain
}
