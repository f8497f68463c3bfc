//! Hands the eBPF object that `cargo xtask ebpf` built to `src/probe/object.rs`.

use std::{env, fs, path::PathBuf};

fn main() {
    println!("cargo::rerun-if-env-changed=PICKET_EBPF_OBJECT");
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let object = env::var_os("PICKET_EBPF_OBJECT")
        .map_or_else(|| manifest.join("../target/ebpf/picket.bpf.o"), PathBuf::from);
    println!("cargo::rerun-if-changed={}", object.display());
    let bytes = fs::read(&object).unwrap_or_else(|_| {
        println!(
            "cargo::warning=no eBPF object at {}: this picket can judge and replay, but not capture; build with `cargo xtask build`",
            object.display()
        );
        Vec::new()
    });
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("picket.bpf.o"), bytes).expect("OUT_DIR is writable");
}
