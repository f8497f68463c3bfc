//! The fuzz program: libFuzzer around one target, named by `PICKET_FUZZ_TARGET`. Built and started by
//! `cargo xtask fuzz`.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use picket_tests::fuzz::TARGETS;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("PICKET_FUZZ_TARGET").unwrap_or_default();
    match TARGETS.iter().find(|(target, _)| *target == name) {
        Some((_, run)) => *run,
        None => {
            eprintln!("PICKET_FUZZ_TARGET is `{name}`, which is no target: use `cargo xtask fuzz NAME`");
            std::process::exit(2);
        }
    }
});

fuzz_target!(init: { LazyLock::force(&TARGET); }, |input: &[u8]| TARGET(input));
