//! Writes cpio archives in the "new ASCII" form, the one the kernel unpacks into its root file system
//! (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).
//!
//! The kernel takes several archives one after the other, so a run appends its own part to a shared base.

use std::io::{self, Read, Write};
use std::path::Path;

/// What an entry is, with its permission bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File { mode: u32 },
    Directory { mode: u32 },
    Symlink,
    CharDevice { major: u32, minor: u32 },
}

impl Kind {
    /// The st_mode word (inode(7)).
    fn mode(self) -> u32 {
        match self {
            Self::File { mode } => 0o100_000 | mode,
            Self::Directory { mode } => 0o040_000 | mode,
            Self::Symlink => 0o120_777,
            Self::CharDevice { .. } => 0o020_600,
        }
    }
}

/// An archive being written. Everything belongs to root.
pub(super) struct Archive<W: Write> {
    out: W,
    inode: u32,
}

impl<W: Write> Archive<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, inode: 0 }
    }

    /// Adds `path` (taken from the root) with its content and time of change (seconds since 1970).
    ///
    /// A directory must come before what it contains.
    pub(super) fn add(&mut self, path: &Path, kind: Kind, mtime: u32, content: &[u8]) -> io::Result<()> {
        let size = u32::try_from(content.len()).map_err(io::Error::other)?;
        self.header(path, kind, mtime, size)?;
        self.out.write_all(content)?;
        self.pad(content.len())
    }

    /// Adds a regular file of `size` bytes from `content`, without holding it in memory.
    pub(super) fn add_file(
        &mut self,
        path: &Path,
        mode: u32,
        mtime: u32,
        size: u64,
        content: impl Read,
    ) -> io::Result<()> {
        self.header(path, Kind::File { mode }, mtime, u32::try_from(size).map_err(io::Error::other)?)?;
        let copied = io::copy(&mut content.take(size), &mut self.out)?;
        if copied != size {
            return Err(io::Error::other(format!("{} shrank while it was read", path.display())));
        }
        self.pad(usize::try_from(size).map_err(io::Error::other)?)
    }

    /// Ends the archive.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.inode = 0;
        self.header(Path::new("TRAILER!!!"), Kind::File { mode: 0 }, 0, 0)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn header(&mut self, path: &Path, kind: Kind, mtime: u32, size: u32) -> io::Result<()> {
        let name = path.to_str().ok_or_else(|| io::Error::other("a path that is not UTF-8"))?;
        let name = name.trim_start_matches('/');
        let (major, minor) = match kind {
            Kind::CharDevice { major, minor } => (major, minor),
            _ => (0, 0),
        };
        self.inode += 1;
        let links = if matches!(kind, Kind::Directory { .. }) { 2 } else { 1 };
        let fields = [self.inode, kind.mode(), 0, 0, links, mtime, size, 0, 0, major, minor];
        write!(self.out, "070701")?;
        for field in fields {
            write!(self.out, "{field:08x}")?;
        }
        write!(self.out, "{:08x}{:08x}{name}\0", name.len() + 1, 0)?;
        // The name, too, ends on a multiple of four, counted from the start of the 110-byte header.
        self.pad(110 + name.len() + 1)
    }

    fn pad(&mut self, written: usize) -> io::Result<()> {
        self.out.write_all(&[0; 3][..written.next_multiple_of(4) - written])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn cpio_reads_back_what_was_written() {
        let mut archive = Archive::new(Vec::new());
        archive.add(Path::new("/etc"), Kind::Directory { mode: 0o755 }, 7, b"").unwrap();
        archive.add(Path::new("/etc/odd"), Kind::File { mode: 0o640 }, 7, b"12345").unwrap();
        archive.add_file(Path::new("/etc/file"), 0o755, 7, 3, &b"abcdef"[..]).unwrap();
        archive.add(Path::new("/link"), Kind::Symlink, 7, b"etc/odd").unwrap();
        let bytes = archive.finish().unwrap();

        let mut cpio = Command::new("cpio")
            .args(["--list", "--verbose", "--quiet", "--numeric-uid-gid"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("cpio is one of the packages that `cargo xtask setup` installs");
        cpio.stdin.take().unwrap().write_all(&bytes).unwrap();
        let listing = String::from_utf8(cpio.wait_with_output().unwrap().stdout).unwrap();
        let lines: Vec<&str> = listing.lines().collect();
        assert_eq!(lines.len(), 4, "{listing}");
        assert!(lines[0].starts_with("drwxr-xr-x") && lines[0].ends_with(" etc"), "{listing}");
        assert!(lines[1].starts_with("-rw-r-----") && lines[1].contains(" 5 "), "{listing}");
        assert!(lines[2].starts_with("-rwxr-xr-x") && lines[2].contains(" 3 "), "{listing}");
        assert!(lines[3].ends_with("link -> etc/odd"), "{listing}");
    }
}
