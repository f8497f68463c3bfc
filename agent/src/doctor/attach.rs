//! The tap's programs, tried: loaded and attached to a cgroup made for it, then removed.
#![forbid(unsafe_code)]

use std::{io, os::fd::OwnedFd};

use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, openat, unlinkat};

use super::{Check, Job, bpf, cgroup::Place};

const ID: &str = "tap_attach";

pub(super) fn check(place: &Place) -> Check {
    let missing = |found: String, fix: &str| {
        Check::missing(ID, Job::Watch, found, "the tap cannot be put in place: no requests are seen", fix)
    };
    let trial = match Trial::begin(place) {
        Ok(trial) => trial,
        Err(error) => {
            return missing(
                format!("no cgroup could be made to try it in ({error})"),
                "make the cgroup2 mount writable for root; in a container, hand in the host's",
            );
        }
    };
    // All three at a time, as the tap will be.
    let mut links = Vec::new();
    for kind in bpf::TAP {
        let attached = bpf::load(kind)
            .map_err(|error| format!("{} cannot be loaded ({error})", kind.name))
            .and_then(|program| {
                bpf::attach(kind, &program, &trial.cgroup)
                    .map_err(|error| format!("{} cannot be attached ({error})", kind.name))
            });
        match attached {
            Ok(link) => links.push(link),
            Err(found) => {
                return missing(
                    found,
                    "a kernel with CONFIG_CGROUP_BPF, Linux 5.8 or newer; in a container, allow bpf() in its seccomp \
                     profile and give it CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN",
                );
            }
        }
    }
    let names: Vec<&str> = bpf::TAP.iter().map(|kind| kind.name).collect();
    Check::ok(ID, Job::Watch, format!("tried: {}", names.join(", ")))
}

/// A cgroup without processes; removed at the end.
struct Trial {
    parent: OwnedFd,
    name: String,
    cgroup: OwnedFd,
}

impl Trial {
    fn begin(place: &Place) -> io::Result<Self> {
        let parent = place.open()?;
        // One of a killed doctor with the same pid would be in the way; it is empty, so it can go.
        let name = format!("picket-doctor-{}-{:?}", std::process::id(), std::thread::current().id())
            .replace(['(', ')'], "");
        let _ = unlinkat(&parent, &name, AtFlags::REMOVEDIR);
        mkdirat(&parent, &name, Mode::from_raw_mode(0o755))?;
        match openat(&parent, &name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()) {
            Ok(cgroup) => Ok(Self { parent, name, cgroup }),
            Err(errno) => {
                let _ = unlinkat(&parent, &name, AtFlags::REMOVEDIR);
                Err(errno.into())
            }
        }
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if let Err(errno) = unlinkat(&self.parent, &self.name, AtFlags::REMOVEDIR) {
            tracing::warn!(cgroup = self.name, error = %errno, "the doctor's own cgroup could not be removed");
        }
    }
}
