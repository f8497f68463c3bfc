//! `cargo xtask ebpf`: the kernel programs, compiled to eBPF.

pub mod toolchain;

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};

use crate::{
    machine, paths,
    process::CommandExt as _,
    say,
    setup::{self, Group},
};
use toolchain::Toolchain;

/// Rust's name of eBPF as a target, least significant byte first (x86_64, aarch64).
const TARGET: &str = "bpfel-unknown-none";
/// Name of the binary in `probe-ebpf`.
const BINARY: &str = "picket-ebpf";

pub fn run() -> Result<()> {
    setup::ensure(&[Group::Build])?;
    build()?;
    println!("{}", paths::object().display());
    Ok(())
}

/// Compiles `probe-ebpf`, and replaces the object only if it is another one, so that the agent is
/// rebuilt only then.
pub fn build() -> Result<()> {
    let toolchain = toolchain::find().map_err(|lacks| anyhow::anyhow!("{lacks}"))?;
    say::step(&format!("building the kernel programs with {}", toolchain.name));
    let mut cargo = command(&toolchain);
    cargo.args(["build", "--release", "--target", TARGET, "-Z", "build-std=core"]);
    cargo.run().with_context(|| {
        format!(
            "the kernel programs did not build with {} and {}; if a tool is at fault rather than the code, \
             set {} to `system` or `rustup` to choose the other toolchain",
            toolchain.name,
            toolchain.linker.display(),
            toolchain::CHOICE
        )
    })?;
    let built = paths::probe().join("target").join(TARGET).join("release").join(BINARY);
    publish(&built, &paths::object())
}

/// Checks `probe-ebpf` with clippy.
pub fn clippy() -> Result<()> {
    let toolchain = toolchain::find().map_err(|lacks| anyhow::anyhow!("{lacks}"))?;
    let Some(driver) = &toolchain.clippy else {
        bail!("{} brings no clippy", toolchain.name);
    };
    let mut cargo = command(&toolchain);
    // What `cargo clippy` does, with a driver that fits the compiler.
    cargo
        .env("RUSTC_WORKSPACE_WRAPPER", driver)
        .env("CLIPPY_ARGS", "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__");
    cargo.args(["check", "--release", "--target", TARGET, "-Z", "build-std=core"]);
    cargo.args(["--target-dir", "target/clippy"]);
    cargo.run()
}

/// Cargo in `probe-ebpf`, with nothing inherited that would choose another compiler or other flags.
fn command(toolchain: &Toolchain) -> std::process::Command {
    let mut command = std::process::Command::new(&toolchain.cargo);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let chooses = name.starts_with("CARGO") && !matches!(&*name, "CARGO_HOME" | "CARGO_TERM_COLOR")
            || name.starts_with("RUSTC")
            || name.starts_with("RUSTFLAGS")
            || name == "RUSTUP_TOOLCHAIN";
        if chooses && !name.starts_with("CARGO_NET_") && !name.starts_with("CARGO_HTTP_") {
            command.env_remove(&*name);
        }
    }
    let flags = [
        format!("--cfg=bpf_target_arch=\"{}\"", machine::arch()),
        "-Cdebuginfo=2".to_owned(),
        "-Clink-arg=--btf".to_owned(),
    ];
    command
        .current_dir(paths::probe())
        .env("RUSTC", &toolchain.rustc)
        // Lets a stable compiler take `-Z build-std`, which eBPF needs: no `core` is shipped for it.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER", &toolchain.linker)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    command
}

fn publish(built: &Path, object: &Path) -> Result<()> {
    let bytes = fs::read(built).with_context(|| format!("cargo left no object at {}", built.display()))?;
    if fs::read(object).is_ok_and(|old| old == bytes) {
        say::detail(&format!("{} is up to date", paths::shown(object)));
        return Ok(());
    }
    let dir = object.parent().context("the object has a directory")?;
    fs::create_dir_all(dir)?;
    let partial = dir.join(format!(".picket.bpf.o.{}", std::process::id()));
    fs::write(&partial, &bytes)
        .and_then(|()| fs::rename(&partial, object))
        .with_context(|| format!("cannot write {}", object.display()))?;
    say::detail(&format!("{}: {} KiB", paths::shown(object), bytes.len().div_ceil(1024)));
    Ok(())
}
