//! Memory of this process.

/// Resident memory of this process, bytes (`/proc/self/statm`, proc(5)).
pub(super) fn resident() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// Has threads share their memory: as many arenas as there are CPUs, where glibc makes eight for each. Threads that
/// answer questions come and go between arenas, and each kept what its largest answer took: 170 MiB after some hundred
/// pages of the UI with ten million events stored, 130 so. Before there are threads.
pub(super) fn keep_together() {
    #[cfg(target_env = "gnu")]
    {
        let cpus = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let arenas = libc::c_int::try_from(cpus.max(2)).unwrap_or(libc::c_int::MAX);
        // SAFETY: mallopt(3) takes no pointer; no other thread runs yet.
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, arenas);
        }
    }
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
