//! The look through `/proc/*/maps`: what was mapped before the stream of events began, or while some of it was lost.
#![forbid(unsafe_code)]

use std::{
    collections::VecDeque,
    fs::File,
    io::{BufRead, BufReader, Read as _},
};

use super::{FileKey, Mapping, record};
use crate::{
    limits::MAPPINGS_READ,
    service::process,
    time::{self, Ktime},
};

/// Bytes of a line that are looked at: a path has 4,096, escaped newlines have four characters for one.
const LINE: u64 = 20_000;

/// Executable mappings of files of one process, each file once, and as of when; `None` when it is gone or may not be read.
/// A kernel thread has none.
#[must_use]
pub fn process(pid: u32) -> Option<(Ktime, Vec<Mapping>)> {
    // Before it is opened: what happens from now on comes as an event.
    let at = time::now();
    let mut maps = BufReader::with_capacity(1 << 16, File::open(format!("/proc/{pid}/maps")).ok()?);
    let (mut found, mut line): (Vec<Mapping>, _) = (Vec::new(), Vec::new());
    for _ in 0..MAPPINGS_READ {
        line.clear();
        // ESRCH: it ended meanwhile.
        if maps.by_ref().take(LINE).read_until(b'\n', &mut line).ok()? == 0 {
            break;
        }
        let Some(mapping) = parse(pid, &line) else { continue };
        // Parts of one file lie one behind the other.
        if found.last().is_none_or(|last| last.file != mapping.file) {
            found.push(mapping);
        }
    }
    Some((at, found))
}

/// Where a process has a file mapped executable now, and what the mapping is called.
#[must_use]
pub fn find(pid: u32, file: FileKey) -> Option<Mapping> {
    process(pid)?.1.into_iter().find(|mapping| mapping.file == file)
}

/// `55d0-55e0 r-xp 00002000 fe:00 247774      /usr/bin/sleep`: an executable mapping of a file, or `None`.
fn parse(pid: u32, line: &[u8]) -> Option<Mapping> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    // Five fields, then blanks and the path, which may have blanks of its own.
    let mut fields = line.splitn(6, |&b| b == b' ');
    let addresses = fields.next()?;
    if fields.next()?.get(2) != Some(&b'x') {
        return None;
    }
    let (_offset, device, inode) = (fields.next()?, fields.next()?, fields.next()?);
    let path = fields.next()?.trim_ascii_start();
    let inode = std::str::from_utf8(inode).ok()?.parse().ok()?;
    if !record::is_file(inode, path) {
        return None;
    }
    let (start, end) = pair(addresses, b'-')?;
    let (major, minor) = pair(device, b':')?;
    Some(Mapping {
        pid,
        file: FileKey {
            device: rustix::fs::makedev(u32::try_from(major).ok()?, u32::try_from(minor).ok()?),
            inode,
        },
        generation: None,
        addresses: start..end,
        path: path.into(),
    })
}

fn pair(text: &[u8], between: u8) -> Option<(u64, u64)> {
    let at = text.iter().position(|&b| b == between)?;
    let hex = |text: &[u8]| u64::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok();
    Some((hex(text.get(..at)?)?, hex(text.get(at + 1..)?)?))
}

/// A look at all processes, one at a time, so that events can be read in between.
#[derive(Debug)]
pub struct Look {
    /// When it began.
    pub began: Ktime,
    waiting: VecDeque<u32>,
}

impl Look {
    /// At all processes there are now.
    #[must_use]
    pub fn at_all() -> Self {
        let began = time::now();
        // The newest first: they are the ones that are just starting.
        Self { began, waiting: process::all().into_iter().rev().collect() }
    }

    /// The next process, and what it has mapped if it is there still.
    #[expect(clippy::type_complexity, reason = "a pid and what `process` says")]
    pub fn step(&mut self) -> Option<(u32, Option<(Ktime, Vec<Mapping>)>)> {
        let pid = self.waiting.pop_front()?;
        Some((pid, process(pid)))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn lines_of_maps_are_read() {
        type Case<'a> = (&'a [u8], Option<(u64, u64, &'a [u8])>);
        let table: [Case<'_>; 9] = [
            (
                b"1000-3000 r-xp 00002000 fe:00 247774                     /usr/bin/sleep\n",
                Some((0x1000, 247_774, b"/usr/bin/sleep")),
            ),
            (b"1000-3000 r-xp 00000000 00:29 9 /a b/c (deleted)\n", Some((0x1000, 9, b"/a b/c (deleted)"))),
            (
                b"1000-3000 --xs 00000000 00:01 7 /memfd:runc (deleted)",
                Some((0x1000, 7, b"/memfd:runc (deleted)")),
            ),
            (b"1000-3000 r--p 00000000 fe:00 247774 /usr/bin/sleep\n", None),
            (b"1000-3000 r-xp 00000000 00:00 0                          [vdso]\n", None),
            (b"1000-3000 rwxp 00000000 00:00 0 \n", None),
            (b"1000-3000 rwxp 00000000 00:00 0\n", None),
            (b"1000 r-xp 00000000 fe:00 1 /x\n", None),
            (b"\n", None),
        ];
        for (line, expected) in table {
            let read = parse(1, line);
            let read = read.as_ref().map(|m| (m.addresses.start, m.file.inode, &*m.path));
            assert_eq!(read, expected, "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn this_process_has_its_program_mapped_and_is_among_all() {
        let me = std::process::id();
        let (at, mapped) = process(me).expect("its maps");
        assert!(at <= time::now());
        let exe = std::fs::metadata("/proc/self/exe").expect("its program").ino();
        assert!(mapped.iter().any(|mapping| mapping.file.inode == exe), "{mapped:?}");
        let mut look = Look::at_all();
        let mut met = Vec::new();
        while let Some((pid, found)) = look.step() {
            met.push((pid, found.is_some_and(|(_, mapped)| !mapped.is_empty())));
        }
        assert!(met.contains(&(me, true)), "{met:?}");
        assert_eq!(process(u32::MAX), None);
    }
}
