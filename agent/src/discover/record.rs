//! Records of perf_event_open(2)'s ring buffer to [`Event`]s.
//!
//! ```text
//!  0        4     6     8                                    size-16             size
//!  | type   | misc| size| body                               | pid | tid | time  |
//! ```
//!
//! The last 16 bytes are `sample_id` for `PERF_SAMPLE_TID | PERF_SAMPLE_TIME`, which [`perf`](super::perf) asks for.
//! Layouts are those of linux/perf_event.h.
#![forbid(unsafe_code)]

use super::{Event, FileKey, Mapping};
use crate::time::Ktime;

const LOST: u32 = 2;
const COMM: u32 = 3;
const EXIT: u32 = 4;
const FORK: u32 = 7;
const MMAP2: u32 = 10;
/// `PERF_RECORD_MISC_COMM_EXEC`: the name changed because of an exec.
const COMM_EXEC: u16 = 1 << 13;
/// `PERF_RECORD_MISC_MMAP_BUILD_ID`: a build id stands where device and inode would.
const MMAP_BUILD_ID: u16 = 1 << 14;
const PROT_EXEC: u32 = 4;
/// Bytes of a record's header.
pub const HEADER: usize = 8;
const SAMPLE_ID: usize = 16;
/// Where the name of an MMAP2 record begins, from its header on.
const MMAP2_NAME: usize = 72;

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Something a process did, and when (`CLOCK_MONOTONIC`).
    Event(Ktime, Event),
    /// So many records found no room in the ring buffer.
    Lost(u64),
    /// Nothing of interest: memory without a file, threads, names.
    Other,
    /// Not laid out as the kernel says.
    Malformed,
}

/// Bytes of the record that begins here; `None` when they can't hold one.
#[must_use]
pub fn length(bytes: &[u8]) -> Option<usize> {
    let size = usize::from(u16::from_ne_bytes(array(bytes, 6)?));
    (size >= HEADER && size <= bytes.len()).then_some(size)
}

/// Reads one record, header and all.
#[must_use]
pub fn read(record: &[u8]) -> Record {
    parse(record).unwrap_or(Record::Malformed)
}

fn parse(record: &[u8]) -> Option<Record> {
    let kind = u32::from_ne_bytes(array(record, 0)?);
    let misc = u16::from_ne_bytes(array(record, 4)?);
    match kind {
        LOST => Some(Record::Lost(long(record, 16)?)),
        // Threads are no processes of their own.
        FORK => {
            let (pid, parent, at) = (word(record, 8)?, word(record, 12)?, time(record)?);
            Some(if pid == parent { Record::Other } else { event(at, Event::Forked { pid, parent }) })
        }
        EXIT => {
            let (pid, tid, at) = (word(record, 8)?, word(record, 16)?, time(record)?);
            Some(if pid == tid { event(at, Event::Exited { pid }) } else { Record::Other })
        }
        COMM if misc & COMM_EXEC != 0 => {
            Some(event(time(record)?, Event::Executed { pid: word(record, 8)? }))
        }
        MMAP2 if misc & MMAP_BUILD_ID == 0 => mapped(record),
        _ => Some(Record::Other),
    }
}

/// `pid, tid, addr, len, pgoff, maj, min, ino, ino_generation, prot, flags, filename`.
fn mapped(record: &[u8]) -> Option<Record> {
    let at = time(record)?;
    let (address, length) = (long(record, 16)?, long(record, 24)?);
    let (major, minor, inode) = (word(record, 40)?, word(record, 44)?, long(record, 48)?);
    let name = record.get(MMAP2_NAME..record.len().checked_sub(SAMPLE_ID)?)?;
    let name = name.split(|&b| b == 0).next().unwrap_or_default();
    if word(record, 64)? & PROT_EXEC == 0 || !is_file(inode, name) {
        return Some(Record::Other);
    }
    Some(event(
        at,
        Event::Mapped(Mapping {
            pid: word(record, 8)?,
            file: FileKey { device: rustix::fs::makedev(major, minor), inode },
            generation: Some(long(record, 56)?),
            addresses: address..address.checked_add(length)?,
            path: name.into(),
        }),
    ))
}

/// Whether a mapping has a file with a path behind it: `[vdso]`, `//anon`, `anon_inode:…` have not. Files of
/// memfd_create(2) are called `/memfd:…` and are files.
pub(super) fn is_file(inode: u64, name: &[u8]) -> bool {
    inode != 0 && name.starts_with(b"/") && !name.starts_with(b"//")
}

/// Processes outside the agent's pid namespace are told as 0, and the idle task is.
fn event(at: Ktime, event: Event) -> Record {
    let outside = match &event {
        Event::Forked { pid, parent } => *pid == 0 || *parent == 0,
        other => other.pid() == 0,
    };
    // The kernel says -1 for a task that is about to be gone.
    if outside || event.pid() == u32::MAX { Record::Other } else { Record::Event(at, event) }
}

fn time(record: &[u8]) -> Option<Ktime> {
    long(record, record.len().checked_sub(8)?)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_ne_bytes)
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_ne_bytes)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A record with this body; the time is 77.
    fn record(kind: u32, misc: u16, body: &[u8]) -> Vec<u8> {
        let size = u16::try_from(HEADER + body.len() + SAMPLE_ID).expect("a short record");
        let mut out = kind.to_ne_bytes().to_vec();
        out.extend(misc.to_ne_bytes());
        out.extend(size.to_ne_bytes());
        out.extend(body);
        out.extend([9u32, 10].map(u32::to_ne_bytes).concat());
        out.extend(77u64.to_ne_bytes());
        out
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|w| w.to_ne_bytes()).collect()
    }

    fn mmap2(inode: u64, prot: u32, name: &[u8]) -> Vec<u8> {
        let mut body = words(&[5, 6]);
        body.extend([0x1000u64, 0x2000, 0].map(u64::to_ne_bytes).concat());
        body.extend(words(&[254, 1]));
        body.extend([inode, 3].map(u64::to_ne_bytes).concat());
        body.extend(words(&[prot, 2]));
        body.extend(name);
        body.resize(body.len().next_multiple_of(8) + 8, 0);
        body
    }

    #[test]
    fn records_say_what_the_kernel_means() {
        let file = Event::Mapped(Mapping {
            pid: 5,
            file: FileKey { device: rustix::fs::makedev(254, 1), inode: 42 },
            generation: Some(3),
            addresses: 0x1000..0x3000,
            path: (*b"/lib/x.so").into(),
        });
        let event = |event| Record::Event(77, event);
        let table = [
            (record(MMAP2, 2, &mmap2(42, 5, b"/lib/x.so")), event(file)),
            (record(MMAP2, 2, &mmap2(42, 1, b"/lib/x.so")), Record::Other),
            (record(MMAP2, 2, &mmap2(0, 5, b"[vdso]")), Record::Other),
            (record(MMAP2, 2, &mmap2(7, 5, b"//anon")), Record::Other),
            (record(MMAP2, 2 | MMAP_BUILD_ID, &mmap2(42, 5, b"/lib/x.so")), Record::Other),
            (record(MMAP2, 2, &[0; 20]), Record::Malformed),
            (record(FORK, 0, &words(&[8, 5, 8, 5, 0, 0])), event(Event::Forked { pid: 8, parent: 5 })),
            (record(FORK, 0, &words(&[5, 5, 8, 5, 0, 0])), Record::Other),
            (record(FORK, 0, &words(&[0, 5, 0, 5, 0, 0])), Record::Other),
            (record(FORK, 0, &words(&[8, 0, 8, 0, 0, 0])), Record::Other),
            (record(EXIT, 0, &words(&[8, 5, 8, 5, 0, 0])), event(Event::Exited { pid: 8 })),
            (record(EXIT, 0, &words(&[8, 5, 9, 5, 0, 0])), Record::Other),
            (record(EXIT, 0, &words(&[u32::MAX, 5, u32::MAX, 5, 0, 0])), Record::Other),
            (record(COMM, COMM_EXEC, &words(&[8, 8, 0, 0])), event(Event::Executed { pid: 8 })),
            (record(COMM, 0, &words(&[8, 8, 0, 0])), Record::Other),
            (record(LOST, 0, &[1u64, 12].map(u64::to_ne_bytes).concat()), Record::Lost(12)),
            (record(LOST, 0, &[])[..12].to_vec(), Record::Malformed),
            (record(99, 0, &[0; 8]), Record::Other),
            (vec![], Record::Malformed),
        ];
        for (n, (bytes, expected)) in table.iter().enumerate() {
            assert_eq!(&read(bytes), expected, "case {n}");
        }
        assert_eq!(table.len(), 19);
    }

    #[test]
    fn a_length_is_one_of_the_bytes_that_are_there() {
        let whole = record(COMM, 0, &[0; 16]);
        assert_eq!(length(&whole), Some(whole.len()));
        assert_eq!(length(&whole[..whole.len() - 1]), None);
        assert_eq!(length(&[0, 0, 0, 0, 0, 0, 7, 0]), None, "shorter than its header");
        assert_eq!(length(&whole[..7]), None);
    }

    proptest! {
        #[test]
        fn prop_any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0u32..12) {
            let mut bytes = bytes;
            if let Some(front) = bytes.get_mut(..4) {
                front.copy_from_slice(&kind.to_ne_bytes());
            }
            let record = read(&bytes);
            if let Record::Event(_, Event::Mapped(mapping)) = record {
                prop_assert!(mapping.path.starts_with(b"/") && mapping.file.inode != 0);
            }
        }
    }
}
