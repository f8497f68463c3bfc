//! Memory of this process.

/// Resident memory of this process, bytes (`/proc/self/statm`, proc(5)).
pub(super) fn resident() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// Gives memory that was freed back to the system. glibc keeps what lies between blocks that are in use, and compiled
/// rules leave a lot of that behind; other allocators give it back by themselves.
pub(super) fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim(3) takes no pointer, and may be called by any thread at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}
