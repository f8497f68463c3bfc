//! Map and program types, by trying to make one (aya's probes).
#![forbid(unsafe_code)]

use aya::{
    maps::MapType,
    programs::ProgramType,
    sys::{is_map_supported, is_program_supported},
};

use super::{Check, Job};

struct Feature {
    id: &'static str,
    what: What,
    job: Job,
    found: &'static str,
    costs: &'static str,
    since: &'static str,
}

enum What {
    Map(MapType),
    Program(ProgramType),
}

const FEATURES: [Feature; 5] = [
    Feature {
        id: "ring_buffer",
        what: What::Map(MapType::RingBuf),
        job: Job::Watch,
        found: "ring buffer maps",
        costs: "no way for requests from the kernel to the agent",
        since: "5.8",
    },
    Feature {
        id: "socket_storage",
        what: What::Map(MapType::SkStorage),
        job: Job::Watch,
        found: "state kept at the socket (sk_storage), freed with it",
        costs: "no place for the state of a connection",
        since: "5.2, for cgroup_skb 5.8",
    },
    Feature {
        id: "lru_maps",
        what: What::Map(MapType::LruHash),
        job: Job::Watch,
        found: "LRU hash maps",
        costs: "advice about connections cannot be kept within bounds",
        since: "4.10",
    },
    Feature {
        id: "cidr_maps",
        what: What::Map(MapType::LpmTrie),
        job: Job::Block,
        found: "longest-prefix-match maps",
        costs: "networks cannot be blocked",
        since: "4.11",
    },
    Feature {
        id: "xdp",
        what: What::Program(ProgramType::Xdp),
        job: Job::Block,
        found: "XDP programs load (attaching is not tried: see the interfaces)",
        costs: "attackers cannot be kept out; requests are seen and judged all the same",
        since: "4.8",
    },
];

pub(super) fn all() -> Vec<Check> {
    FEATURES.iter().map(check).collect()
}

fn check(feature: &Feature) -> Check {
    let Feature { id, ref what, job, found, costs, since } = *feature;
    let supported = match what {
        What::Map(map) => is_map_supported(*map).map_err(|error| chain(&error)),
        What::Program(program) => is_program_supported(*program).map_err(|error| chain(&error)),
    };
    match supported {
        Ok(true) => Check::ok(id, job, found),
        Ok(false) => Check::missing(
            id,
            job,
            format!("no {found}"),
            costs,
            format!("a kernel that has it (Linux {since} or newer)"),
        ),
        Err(error) => Check::missing(
            id,
            job,
            format!("{found}: could not be tried ({error})"),
            costs,
            "run as root; in a container, allow bpf() in its seccomp profile and give it CAP_BPF and CAP_NET_ADMIN",
        ),
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
