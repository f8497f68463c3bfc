//! What the kernel is and how it is set.
#![forbid(unsafe_code)]

use std::fs;

use rustix::process::{Resource, getrlimit};

use super::{Check, Job};

/// Major and minor number of the running kernel.
fn release() -> (String, (u32, u32)) {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let number = parse(&release);
    (release, number)
}

/// `6.18.44-fc` is 6.18.
fn parse(release: &str) -> (u32, u32) {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

pub(super) fn version() -> Check {
    let (release, number) = release();
    let found = format!("Linux {release}, {}", std::env::consts::ARCH);
    if number < (5, 8) {
        return Check::missing(
            "kernel",
            Job::Watch,
            found,
            "no ring buffer and no socket storage for the tap: no requests are seen",
            "Linux 5.8 or newer; 5.10, 6.1, 6.12 and 7.2 are tested",
        );
    }
    Check::ok("kernel", Job::Watch, found)
}

pub(super) fn jit() -> Check {
    match read("/proc/sys/net/core/bpf_jit_enable").as_deref() {
        Some("0") => Check::degraded(
            "bpf_jit",
            Job::Watch,
            "programs are interpreted",
            "every packet costs several times more",
            "sudo sysctl -w net.core.bpf_jit_enable=1",
        ),
        // CONFIG_BPF_JIT_ALWAYS_ON kernels, and containers without the file, have nothing to switch.
        _ => Check::ok("bpf_jit", Job::Watch, "programs are compiled"),
    }
}

pub(super) fn memlock() -> Check {
    let (_, number) = release();
    if number >= (5, 11) {
        return Check::ok(
            "memlock",
            Job::Watch,
            "maps count as memory of the agent's cgroup, not as locked memory",
        );
    }
    match getrlimit(Resource::Memlock).current {
        None => Check::ok("memlock", Job::Watch, "unlimited"),
        Some(limit) => Check::degraded(
            "memlock",
            Job::Watch,
            format!("{} KiB of locked memory (before Linux 5.11 maps count as that)", limit / 1024),
            "large tables may not fit, unless the agent may raise the limit (CAP_SYS_RESOURCE)",
            "ulimit -l unlimited; in a unit: LimitMEMLOCK=infinity",
        ),
    }
}

pub(super) fn lockdown() -> Check {
    const ID: &str = "lockdown";
    let text = read("/sys/kernel/security/lockdown");
    match text.as_deref().map(|text| selected(text).unwrap_or("unknown")) {
        None => Check::ok(ID, Job::Tls, "not in force (or not visible: securityfs is not mounted)"),
        Some("none") => Check::ok(ID, Job::Tls, "not in force"),
        Some("integrity") => Check::ok(ID, Job::Tls, "integrity: nothing Picket needs is refused"),
        // What a program reads of a process (bpf_probe_read_user) is not refused, and Picket's read nothing else.
        Some(mode) => Check::ok(ID, Job::Tls, format!("{mode}: Picket's programs read no kernel memory")),
    }
}

/// `none [integrity] confidentiality` is `integrity`.
fn selected(text: &str) -> Option<&str> {
    text.split_once('[')?.1.split_once(']').map(|(mode, _)| mode)
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_numbers() {
        for (text, number) in [
            ("6.18.44-fc-v657", (6, 18)),
            ("5.10.0-28-cloud-amd64", (5, 10)),
            ("7.2-rc1", (7, 2)),
            ("6.1", (6, 1)),
            ("", (0, 0)),
            ("x.y", (0, 0)),
        ] {
            assert_eq!(parse(text), number, "{text}");
        }
    }

    #[test]
    fn the_lockdown_in_brackets_counts() {
        assert_eq!(selected("none [integrity] confidentiality"), Some("integrity"));
        assert_eq!(selected("[none] integrity confidentiality"), Some("none"));
        assert_eq!(selected("nothing"), None);
    }
}
