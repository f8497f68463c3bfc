//! What this process may do.
#![forbid(unsafe_code)]

use std::fs;

use procfs::process::Process;

use super::{Check, Job};

/// A capability: its number (capabilities(7)), and what Picket does with it.
struct Capability {
    number: u32,
    name: &'static str,
    /// Without it nothing is seen.
    essential: bool,
    costs: &'static str,
}

const CAPABILITIES: [Capability; 6] = [
    Capability { number: 39, name: "CAP_BPF", essential: true, costs: "programs cannot be loaded" },
    Capability { number: 12, name: "CAP_NET_ADMIN", essential: true, costs: "programs cannot be attached" },
    Capability {
        number: 38,
        name: "CAP_PERFMON",
        essential: true,
        costs: "the tap cannot be loaded, uprobes not set",
    },
    Capability {
        number: 21,
        name: "CAP_SYS_ADMIN",
        essential: false,
        costs: "network namespaces cannot be entered, nothing mounted: services in containers may stay unknown",
    },
    Capability {
        number: 19,
        name: "CAP_SYS_PTRACE",
        essential: false,
        costs: "open files of other users' processes cannot be read: their services stay unknown",
    },
    Capability {
        number: 13,
        name: "CAP_NET_RAW",
        essential: false,
        costs: "blocked clients get no blocking page, should one be configured",
    },
];

/// `CAP_SYS_ADMIN` includes CAP_BPF and CAP_PERFMON (Linux 5.8).
const SYS_ADMIN: u32 = 21;

fn effective() -> u64 {
    Process::myself().and_then(|me| me.status()).map_or(0, |status| status.capeff)
}

fn has(effective: u64, number: u32) -> bool {
    let bit = |number: u32| effective & 1 << number != 0;
    bit(number) || (matches!(number, 38 | 39) && bit(SYS_ADMIN))
}

/// Whether programs may be loaded and attached at all.
pub(super) fn may_try() -> bool {
    let effective = effective();
    CAPABILITIES
        .iter()
        .filter(|capability| capability.essential)
        .all(|capability| has(effective, capability.number))
}

pub(super) fn rights() -> Check {
    let effective = effective();
    let lacking: Vec<&Capability> =
        CAPABILITIES.iter().filter(|capability| !has(effective, capability.number)).collect();
    let who = if rustix::process::geteuid().is_root() { "root" } else { "not root" };
    if lacking.is_empty() {
        return Check::ok("rights", Job::Watch, format!("{who}, with every capability Picket uses"));
    }
    let names: Vec<&str> = lacking.iter().map(|capability| capability.name).collect();
    let costs: Vec<&str> = lacking.iter().map(|capability| capability.costs).collect();
    let (found, costs) = (format!("{who}, without {}", names.join(", ")), costs.join("; "));
    let fix = if who == "root" {
        format!("in a container: --cap-add {} (or --privileged)", names.join(" --cap-add "))
    } else {
        "run it with sudo".to_owned()
    };
    if lacking.iter().any(|capability| capability.essential) {
        Check::missing("rights", Job::Watch, found, costs, fix)
    } else {
        Check::degraded("rights", Job::Watch, found, costs, fix)
    }
}

/// Inode numbers of the first namespaces are fixed (`linux/proc_ns.h`).
const INITIAL: [(&str, u64, &str, &str); 3] = [
    ("pid", 0xEFFF_FFFC, "services outside this container cannot be named", "--pid=host"),
    ("cgroup", 0xEFFF_FFFB, "only services in this container's cgroup are seen", "--cgroupns=host"),
    ("user", 0xEFFF_FFFD, "capabilities do not count in the host's kernel", "--userns=host"),
];

/// Whether this is the host itself, or a container that sees only a part of it.
pub(super) fn namespaces() -> Check {
    let elsewhere: Vec<_> = INITIAL
        .iter()
        .filter(|(name, inode, ..)| namespace(name).is_some_and(|found| found != *inode))
        .collect();
    let seccomp =
        Process::myself().and_then(|me| me.status()).ok().and_then(|status| status.seccomp).unwrap_or(0);
    let filter = if seccomp == 2 { "; a seccomp filter is in force" } else { "" };
    if elsewhere.is_empty() {
        return Check::ok("host", Job::Attribute, format!("the host's own namespaces{filter}"));
    }
    let join = |pick: fn(&(&'static str, u64, &'static str, &'static str)) -> &'static str, with: &str| {
        elsewhere.iter().map(|row| pick(row)).collect::<Vec<_>>().join(with)
    };
    Check::degraded(
        "host",
        Job::Attribute,
        format!("in a {} namespace of its own{filter}", join(|row| row.0, " and ")),
        join(|row| row.2, "; "),
        format!("start the container with {}", join(|row| row.3, " ")),
    )
}

fn namespace(name: &str) -> Option<u64> {
    let link = fs::read_link(format!("/proc/self/ns/{name}")).ok()?;
    link.to_str()?.split_once('[')?.1.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sys_admin_includes_what_it_always_did() {
        let sys_admin = 1 << SYS_ADMIN;
        assert!(has(sys_admin, 39) && has(sys_admin, 38) && has(sys_admin, 21));
        assert!(!has(sys_admin, 12) && !has(sys_admin, 19));
        assert!(has(1 << 39, 39) && !has(1 << 39, 38));
    }
}
