//! Builds, runs, tests and measures Picket: `cargo xtask help`.
// Allowed in `vm::counter` only, which says why.
#![deny(unsafe_code)]

mod bench;
mod build;
mod debian;
mod demo;
mod ebpf;
mod fuzz;
mod lint;
mod machine;
mod paths;
mod process;
mod run;
mod say;
mod screenshots;
mod setup;
mod test;
mod vm;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, runs, tests and measures Picket.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_version_flag = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing on this machine, and say what and why
    Setup(setup::Args),
    /// Build the kernel programs into target/ebpf/picket.bpf.o
    Ebpf,
    /// Build the kernel programs and the agent
    Build(build::Args),
    /// Build everything and start the agent on this host
    Run(run::Args),
    /// Show an attack seen, judged and blocked, in network namespaces of its own
    Demo(demo::Args),
    /// Run all tests and say how many of each kind ran
    Test(test::Args),
    /// Run the scenarios on other kernels, in QEMU
    Vm(vm::Args),
    /// Measure, side by side in one run, and write docs/benchmarks.md
    Bench(bench::Args),
    /// Take pictures of every page of the web UI, light and dark, wide and narrow
    Screenshots(screenshots::Args),
    /// Check formatting, clippy, licences and sources of dependencies
    Lint,
    /// Fuzz one target, guided by coverage
    Fuzz(fuzz::Args),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Setup(args) => setup::run(&args),
        Command::Ebpf => ebpf::run(),
        Command::Build(args) => build::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Vm(args) => vm::command(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Screenshots(args) => screenshots::run(&args),
        Command::Lint => lint::run(),
        Command::Fuzz(args) => fuzz::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
