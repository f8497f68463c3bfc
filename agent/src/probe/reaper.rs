//! Taking uprobes off in the background.
//!
//! The kernel takes each uprobe off alone, and waits every time until all CPUs have left it: 0.1 s each, several seconds for a
//! host's TLS libraries, and ending a process takes as long as closing what it had open. So the agent, when it ends, leaves a
//! child behind that has nothing but these file descriptors, and does nothing but end when the agent has ended. (The kernel is quicker with links of
//! many uprobes, Linux 6.6; aya has none yet.)

use std::{
    ffi::CString,
    fs, io,
    os::fd::{AsRawFd, RawFd},
    path::PathBuf,
};

use super::cgroup;

/// What a file descriptor of an attached uprobe is, in `/proc/self/fd`.
const KINDS: [&str; 3] = ["anon_inode:[perf_event]", "anon_inode:bpf_link", "anon_inode:[bpf_link]"];
/// So few are taken off at once.
const FEW: usize = 2;

/// Leaves a child behind that ends in this process' place, if there is much to take off. To be called last: what is opened
/// after it is not handed over. Returns how many it was given.
pub fn leave_behind() -> usize {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else { return 0 };
    let open: Vec<(RawFd, bool)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let fd = path.file_name()?.to_str()?.parse().ok()?;
            let link = fs::read_link(&path).ok()?;
            Some((fd, KINDS.iter().any(|kind| link.as_os_str() == *kind)))
        })
        .collect();
    let count = open.iter().filter(|(_, uprobe)| *uprobe).count();
    if count <= FEW {
        return 0;
    }
    // The agent holds one end as long as it has anything open: it is closed last, for its number is the highest. Whoever
    // closes a probe last waits, and that must not be the agent.
    let Ok((gone, held)) = io::pipe() else { return 0 };
    let highest =
        open.iter().map(|(fd, _)| *fd).max().unwrap_or(0).max(gone.as_raw_fd()).max(held.as_raw_fd());
    let Ok(last) = rustix::io::fcntl_dupfd_cloexec(&held, highest + 1) else { return 0 };
    // The directory that was just read had a number too, which is the pipe's by now.
    let others = open.into_iter().filter_map(|(fd, uprobe)| (!uprobe).then_some(fd));
    let others: Vec<RawFd> = others.filter(|fd| *fd != gone.as_raw_fd()).collect();
    // The control group of the agent must not have to wait for it.
    let procs = cgroup::mounted()
        .map(|root: PathBuf| root.join("cgroup.procs").into_os_string().into_encoded_bytes());
    let procs = procs.and_then(|path| CString::new(path).ok());
    // SAFETY: what the child calls is safe there (signal-safety(7)): it allocates nothing and takes no lock.
    unsafe {
        if libc::fork() == 0 {
            if let Some(procs) = &procs {
                let file = libc::open(procs.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
                if file >= 0 {
                    libc::write(file, c"0".as_ptr().cast(), 1);
                    libc::close(file);
                }
            }
            // Nobody is to wait for its standard output, its socket or its locks.
            for fd in others.iter().chain([&held.as_raw_fd(), &last.as_raw_fd()]) {
                libc::close(*fd);
            }
            let mut byte = 0u8;
            libc::read(gone.as_raw_fd(), (&raw mut byte).cast(), 1);
            libc::_exit(0);
        }
    }
    std::mem::forget(last);
    count
}
