//! Whether two open files are one for the kernel's uprobes.
//!
//! A uprobe belongs to an inode that has pages, not to a path. An overlay has none: its files' pages are those of the layer
//! below, and so are the uprobes (`d_real_inode` in the kernel). Through every overlay the same library has another device,
//! in mappings since Linux 6.8 and in stat(2) always; attached once for each of them, each call would be seen as often.
//! Neither stat nor `/proc` tells which file lies below, so the kernel is asked for what decides: the page of memory
//! that holds the first bytes of each. One page, one file.
//!
//! Tried on Linux 6.18, an overlay over tmpfs and one over ext4: mappings, `/proc/<pid>/maps` and records alike, show the overlay's
//! device and the layer's inode number; stat shows the same, or, when layers lie on several file systems, a device of its own for
//! each layer. Generations are 0.

use std::{
    fs::File,
    io,
    os::{fd::AsFd, unix::fs::FileExt as _},
};

use super::mapping::Memory;

/// Physical page number in an entry of `/proc/self/pagemap` (Documentation/admin-guide/mm/pagemap.rst).
const FRAME: u64 = (1 << 55) - 1;
const PRESENT: u64 = 1 << 63;
/// A page may be moved or thrown out between two looks.
const TRIES: usize = 4;

/// Whether two files begin with the same page of memory; `None` when the kernel does not tell: without CAP_SYS_ADMIN, or a
/// file without a page.
#[must_use]
pub fn pages(a: impl AsFd, b: impl AsFd) -> Option<bool> {
    let page = rustix::param::page_size();
    for _ in 0..TRIES {
        let (a, b) = (Memory::fetched(&a, page).ok()?, Memory::fetched(&b, page).ok()?);
        let pagemap = File::open("/proc/self/pagemap").ok()?;
        let first = frame(&pagemap, &a).ok()?;
        let second = frame(&pagemap, &b).ok()?;
        let (Some(first), Some(second)) = (first, second) else { continue };
        if first == 0 || second == 0 {
            return None;
        }
        // It stood still while the other was looked at.
        if frame(&pagemap, &a).ok()? == Some(first) {
            return Some(first == second);
        }
    }
    None
}

fn frame(pagemap: &File, memory: &Memory) -> io::Result<Option<u64>> {
    let page = memory.address().addr().get() / rustix::param::page_size();
    let mut entry = [0; 8];
    pagemap.read_exact_at(&mut entry, page as u64 * 8)?;
    let entry = u64::from_ne_bytes(entry);
    Ok((entry & PRESENT != 0).then_some(entry & FRAME))
}
