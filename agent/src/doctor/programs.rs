//! Picket's own programs, loaded and let go.

use super::{Check, Job};
use crate::probe::{
    deny::Deny,
    tap::{Loaded, TapOptions},
};

/// Loads the very programs that `picket run` attaches; nothing is attached.
pub(super) fn check() -> Check {
    const COSTS: &str = "picket run can't start";
    const FIX: &str =
        "report it, with the kernel's version and the words above; a newer kernel may take them";
    let options =
        TapOptions { cgroup: None, rings: 1, ring_size: 64 * 1024, request_body: 4096, response_body: 4096 };
    if let Err(error) = Loaded::load(&options) {
        return Check::missing("programs", Job::Watch, error.to_string(), COSTS, FIX);
    }
    if let Err(error) = Deny::load(None) {
        let costs = "requests are seen and judged, but nobody can be blocked";
        return Check::missing("programs", Job::Block, error.to_string(), costs, FIX);
    }
    Check::ok("programs", Job::Watch, "the kernel takes Picket's own programs")
}
