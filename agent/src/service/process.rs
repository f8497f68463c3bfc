//! One process, read from `/proc/<pid>`.
#![forbid(unsafe_code)]

use std::{fs, io::Read};

use super::{cgroup, redact};
use crate::limits::{CMDLINE_ARGS, CMDLINE_BYTES};

/// A process as it was when it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Process id, in Picket's pid namespace.
    pub pid: u32,
    /// Parent's process id.
    pub ppid: u32,
    /// Start time, clock ticks since boot: with the pid it names a process for good.
    pub start: u64,
    /// The kernel's name of the main thread, 15 bytes at most; the process can set it.
    pub comm: String,
    /// Path of the executable in the process's mount namespace, if it may be read.
    pub exe: Option<String>,
    /// Command line, credentials redacted, cut to [`CMDLINE_ARGS`] and [`CMDLINE_BYTES`].
    pub cmdline: Vec<String>,
    /// cgroup, container and pod.
    pub placement: cgroup::Placement,
}

impl Process {
    /// Reads a process; `None` when it is gone (or became another one meanwhile).
    #[must_use]
    pub fn read(pid: u32) -> Option<Self> {
        let stat = Stat::read(pid)?;
        let exe =
            fs::read_link(format!("/proc/{pid}/exe")).ok().map(|exe| exe.to_string_lossy().into_owned());
        let cmdline = redact::cmdline(&arguments(&read_capped(pid, "cmdline", CMDLINE_BYTES)?));
        let placement = cgroup::parse(&String::from_utf8_lossy(&read_capped(pid, "cgroup", 64 * 1024)?));
        // The pid may have gone to another process between two reads.
        let again = Stat::read(pid)?;
        (again.start == stat.start).then_some(Self {
            pid,
            ppid: stat.ppid,
            start: stat.start,
            comm: again.comm,
            exe,
            cmdline,
            placement,
        })
    }

    /// Whether this very process still runs, under the same name (an `exec` usually changes it).
    #[must_use]
    pub fn still_runs(&self) -> bool {
        Stat::read(self.pid).is_some_and(|stat| stat.start == self.start && stat.comm == self.comm)
    }
}

/// The part of `/proc/<pid>/stat` that matters here (proc_pid_stat(5)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Field 2, without the parentheses.
    pub comm: String,
    /// Field 4.
    pub ppid: u32,
    /// Field 22, clock ticks since boot.
    pub start: u64,
}

impl Stat {
    /// Reads it; `None` when the process is gone or a zombie, which holds nothing any more.
    #[must_use]
    pub fn read(pid: u32) -> Option<Self> {
        Self::parse(&fs::read(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The name may hold anything, also `) R 1`: the last parenthesis ends it.
    fn parse(text: &[u8]) -> Option<Self> {
        let open = text.iter().position(|&b| b == b'(')?;
        let close = text.iter().rposition(|&b| b == b')')?;
        let comm = String::from_utf8_lossy(text.get(open + 1..close)?).into_owned();
        let rest = std::str::from_utf8(text.get(close + 1..)?).ok()?;
        let mut fields = rest.split_ascii_whitespace();
        if matches!(fields.next()?, "Z" | "X" | "x") {
            return None;
        }
        let ppid = fields.next()?.parse().ok()?;
        let start = fields.nth(17)?.parse().ok()?;
        Some(Self { comm, ppid, start })
    }
}

/// Splits `/proc/<pid>/cmdline`. A process title leaves one string and a tail of NULs.
fn arguments(raw: &[u8]) -> Vec<String> {
    let end = raw.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
    let Some(raw) = raw.get(..end).filter(|raw| !raw.is_empty()) else { return Vec::new() };
    raw.split(|&b| b == 0).take(CMDLINE_ARGS).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect()
}

fn read_capped(pid: u32, file: &str, cap: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::File::open(format!("/proc/{pid}/{file}")).ok()?;
    file.take(cap as u64).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// All process ids, ascending.
#[must_use]
pub fn all() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let mut pids: Vec<u32> =
        entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    pids.sort_unstable();
    pids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_do_not_shift_the_fields() {
        let text = b"42 (a) R 1 (b) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3";
        let stat = Stat::parse(text).expect("parses");
        assert_eq!(stat, Stat { comm: "a) R 1 (b".into(), ppid: 7, start: 98765 });
        assert_eq!(Stat::parse(b"42 (\xff\xfe) S 7 42 42 0"), None);
        assert_eq!(Stat::parse(b"42 (x) Z 7 42 42 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 9 1"), None);
        for text in [&b""[..], b")(", b"(", b"1 ()", b"1 (a) S x"] {
            assert_eq!(Stat::parse(text), None);
        }
    }

    #[test]
    fn command_lines_are_split_and_cut() {
        assert_eq!(arguments(b"nginx: master\0\0\0\0"), ["nginx: master"]);
        assert_eq!(arguments(b"a\0\0b\0"), ["a", "", "b"]);
        assert_eq!(arguments(b"a\xff\0"), ["a\u{fffd}"]);
        assert_eq!(arguments(b""), [""; 0]);
        assert_eq!(arguments(b"\0\0"), [""; 0]);
        assert_eq!(arguments(&b"x\0".repeat(10_000)).len(), CMDLINE_ARGS);
    }

    #[test]
    fn this_process_is_read_and_known_again() {
        let me = Process::read(std::process::id()).expect("this process");
        assert!(me.still_runs());
        assert!(me.exe.as_deref().is_some_and(|exe| exe.contains("picket")), "{me:?}");
        assert_eq!(me.ppid, std::os::unix::process::parent_id());
        assert!(
            !Process { start: me.start + 1, ..me.clone() }.still_runs(),
            "another start, another process"
        );
        assert!(all().contains(&me.pid));
        assert_eq!(Process::read(u32::MAX), None);
    }
}
