//! Picket's own programs, loaded and let go.

use super::{Check, Job, tls};
use crate::probe::{
    deny::Deny,
    tap::{Loaded, TapOptions},
};

/// Loads the very programs that `picket run` attaches; only one for TLS is attached, to a file that nobody runs.
pub(super) fn all() -> Vec<Check> {
    const COSTS: &str = "picket run can't start";
    const FIX: &str =
        "report it, with the kernel's version and the words above; a newer kernel may take them";
    let options =
        TapOptions { cgroup: None, rings: 1, ring_size: 64 * 1024, request_body: 4096, response_body: 4096 };
    let tls = match Loaded::load(&options) {
        Ok(loaded) => tls::uprobes(loaded),
        Err(error) => return vec![Check::missing("programs", Job::Watch, error.to_string(), COSTS, FIX)],
    };
    if let Err(error) = Deny::load(None) {
        let costs = "requests are seen and judged, but nobody can be blocked";
        return vec![Check::missing("programs", Job::Block, error.to_string(), costs, FIX), tls];
    }
    vec![Check::ok("programs", Job::Watch, "the kernel takes Picket's own programs"), tls]
}
