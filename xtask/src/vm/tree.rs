//! The guest's root file system: which of the host's files are in it, and at which paths.
//!
//! A path is taken as the host has it: if `/lib` is a link to `usr/lib`, the link is in the guest too, and
//! so are the shared libraries a program is linked with.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::cpio::{Archive, Kind};

/// What stands at a path of the guest.
enum Node {
    Directory {
        mode: u32,
    },
    Symlink(PathBuf),
    /// A copy of a file of the host.
    Copy(PathBuf),
    /// A file of our own.
    Text {
        mode: u32,
        content: Vec<u8>,
    },
    CharDevice {
        major: u32,
        minor: u32,
    },
}

/// A tree of files to pack.
#[derive(Default)]
pub(super) struct Tree {
    nodes: BTreeMap<PathBuf, Node>,
    /// Programs and libraries whose own libraries are still to be found.
    linked: BTreeSet<PathBuf>,
}

impl Tree {
    /// Adds an empty directory, and what leads to it.
    pub(super) fn directory(&mut self, path: &str, mode: u32) {
        self.insert(Path::new(path), Node::Directory { mode });
    }

    /// Adds a file with this content.
    pub(super) fn text(&mut self, path: &str, mode: u32, content: impl Into<Vec<u8>>) {
        self.insert(Path::new(path), Node::Text { mode, content: content.into() });
    }

    /// Adds a symbolic link.
    pub(super) fn symlink(&mut self, path: &str, target: &str) {
        self.insert(Path::new(path), Node::Symlink(target.into()));
    }

    /// Adds a character device.
    pub(super) fn device(&mut self, path: &str, major: u32, minor: u32) {
        self.insert(Path::new(path), Node::CharDevice { major, minor });
    }

    /// Adds the host's file `from` at another path.
    pub(super) fn copy(&mut self, from: &Path, path: &str) {
        self.insert(Path::new(path), Node::Copy(from.to_owned()));
    }

    /// Adds a program of the host at its own path; [`Tree::add_libraries`] brings what it is linked with.
    pub(super) fn program(&mut self, path: &Path) -> Result<()> {
        let real = self.host(path)?;
        self.linked.insert(real);
        Ok(())
    }

    /// As [`Tree::program`], at another path.
    pub(super) fn program_at(&mut self, from: &Path, path: &str) {
        self.copy(from, path);
        self.linked.insert(from.to_owned());
    }

    /// Adds the host's directory `path` with all it holds but what `skip` (given full paths) turns down.
    /// Shared objects in it are taken for libraries to load at run time, with what they are linked with.
    pub(super) fn directory_of_host(&mut self, path: &Path, skip: &dyn Fn(&Path) -> bool) -> Result<()> {
        let path = self.host(path)?;
        for entry in fs::read_dir(&path).with_context(|| path.display().to_string())? {
            let entry = entry?.path();
            if skip(&entry) {
                continue;
            }
            let kind = entry.symlink_metadata()?.file_type();
            if kind.is_dir() {
                self.directory_of_host(&entry, skip)?;
            } else if kind.is_symlink() && !entry.exists() {
                // A dangling link leads nowhere in the guest either.
            } else if entry.extension() == Some(OsStr::new("so")) {
                self.program(&entry)?;
            } else {
                self.host(&entry)?;
            }
        }
        Ok(())
    }

    /// Adds one path of the host, following links, and gives where it really is.
    pub(super) fn host(&mut self, path: &Path) -> Result<PathBuf> {
        self.resolve(path, 0)
    }

    fn resolve(&mut self, path: &Path, depth: u32) -> Result<PathBuf> {
        ensure!(path.is_absolute(), "{}: not an absolute path", path.display());
        ensure!(depth < 40, "{}: too many links", path.display());
        let mut at = PathBuf::from("/");
        let mut rest = path.components();
        while let Some(component) = rest.next() {
            match component {
                Component::RootDir | Component::CurDir => continue,
                Component::ParentDir => {
                    at.pop();
                    continue;
                }
                Component::Prefix(_) => bail!("{}: not a path of this system", path.display()),
                Component::Normal(name) => at.push(name),
            }
            let metadata = at.symlink_metadata().with_context(|| format!("{}", at.display()))?;
            if metadata.is_symlink() {
                let target = fs::read_link(&at)?;
                let next = at.parent().unwrap_or(Path::new("/")).join(&target).join(rest.as_path());
                self.insert(&at, Node::Symlink(target));
                return self.resolve(&next, depth + 1);
            }
            let node = match metadata.is_dir() {
                true => Node::Directory { mode: metadata.permissions().mode() & 0o7777 },
                false => Node::Copy(at.clone()),
            };
            self.insert(&at, node);
        }
        Ok(at)
    }

    /// Adds every shared library that the programs added so far are linked with, as ldd(1) finds them.
    pub(super) fn add_libraries(&mut self) -> Result<()> {
        let programs = std::mem::take(&mut self.linked);
        if programs.is_empty() {
            return Ok(());
        }
        let out = Command::new("ldd").args(&programs).output().context("cannot run ldd")?;
        for line in String::from_utf8_lossy(&out.stdout).lines() {
            if let Some(missing) = line.trim().strip_suffix("=> not found") {
                bail!("a program of the guest needs {missing}, which this host lacks");
            }
            if let Some(library) = library_path(line) {
                self.host(library)?;
            }
        }
        Ok(())
    }

    fn insert(&mut self, path: &Path, node: Node) {
        let mut leading = PathBuf::new();
        for component in path.parent().unwrap_or(Path::new("/")).components() {
            leading.push(component);
            if leading != Path::new("/") {
                self.nodes.entry(leading.clone()).or_insert(Node::Directory { mode: 0o755 });
            }
        }
        if path != Path::new("/") {
            self.nodes.insert(path.to_owned(), node);
        }
    }

    /// Packs the tree as one cpio archive onto `out`.
    pub(super) fn pack<W: Write>(&self, out: W) -> Result<W> {
        let mut archive = Archive::new(out);
        // A map's order puts a directory before what it holds.
        for (path, node) in &self.nodes {
            match node {
                Node::Directory { mode } => archive.add(path, Kind::Directory { mode: *mode }, 0, b"")?,
                Node::Symlink(target) => {
                    archive.add(path, Kind::Symlink, 0, target.as_os_str().as_encoded_bytes())?;
                }
                Node::Text { mode, content } => archive.add(path, Kind::File { mode: *mode }, 0, content)?,
                Node::CharDevice { major, minor } => {
                    archive.add(path, Kind::CharDevice { major: *major, minor: *minor }, 0, b"")?;
                }
                Node::Copy(from) => {
                    let file = File::open(from).with_context(|| from.display().to_string())?;
                    let metadata = file.metadata()?;
                    let mode = metadata.permissions().mode() & 0o7777;
                    // Python trusts its compiled files by the time of their source.
                    let mtime = u32::try_from(metadata.mtime()).unwrap_or_default();
                    archive.add_file(path, mode, mtime, metadata.len(), file)?;
                }
            }
        }
        Ok(archive.finish()?)
    }
}

/// The library that a line of ldd's output names: `name => /path (0x…)` or `/path (0x…)`.
fn library_path(line: &str) -> Option<&Path> {
    let line = line.trim();
    let path = line.split_once("=> ").map_or(line, |(_, path)| path);
    let (path, _) = path.split_once(" (0x")?;
    path.starts_with('/').then(|| Path::new(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_read_from_ldd() {
        let path = |line| library_path(line).map(|path| path.to_str().unwrap());
        assert_eq!(path("\tlibc.so.6 => /lib/x/libc.so.6 (0x00007ff6)"), Some("/lib/x/libc.so.6"));
        assert_eq!(path("\t/lib64/ld-linux-x86-64.so.2 (0x00007ff6)"), Some("/lib64/ld-linux-x86-64.so.2"));
        assert_eq!(path("\tlinux-vdso.so.1 (0x00007ff684605000)"), None);
        assert_eq!(path("/usr/sbin/nginx:"), None);
        assert_eq!(path("\tstatically linked"), None);
    }

    #[test]
    fn a_program_comes_with_its_links_and_libraries() {
        let mut tree = Tree::default();
        tree.program(Path::new("/bin/sh")).unwrap();
        tree.add_libraries().unwrap();
        let real = fs::canonicalize("/bin/sh").unwrap();
        assert!(matches!(tree.nodes.get(&real), Some(Node::Copy(_))), "the shell itself");
        let libc = tree.nodes.keys().any(|path| path.to_string_lossy().contains("libc.so"));
        assert!(libc, "{:?}", tree.nodes.keys().collect::<Vec<_>>());
    }
}
