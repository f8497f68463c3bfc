//! `cargo xtask test`: every kind of test, counted.

mod fuzz;
pub mod kernel;
mod libtest;
pub mod report;
mod rust;
mod vm;

use std::time::Instant;

use anyhow::Result;

use crate::{
    build, lint, say,
    setup::{self, Group},
};
use report::Report;

#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask test                        all tests on this kernel
  cargo xtask test --only chunked         those whose name contains `chunked`
  cargo xtask test --no-kernel            what needs neither root nor a kernel
  cargo xtask test --seed new             properties and fuzzing with other random numbers
  cargo xtask test --vm                   all of them, and the scenarios on Linux 5.10, 6.1, 6.12 and 7.2

Exit code 0: nothing failed, and every kind that was not left out ran at least one test.")]
pub struct Args {
    /// Only tests whose name contains this; without lint and fuzzing
    #[arg(long, value_name = "PATTERN")]
    only: Option<String>,
    /// Without the kernel scenarios, which need root
    #[arg(long)]
    no_kernel: bool,
    /// Also the kernel scenarios on the kernels of the matrix, in QEMU (see `cargo xtask vm`)
    #[arg(long)]
    vm: bool,
    /// Start of the random numbers of properties and fuzzing, or `new` for one from the clock. The same if nothing is
    /// said: then a test that fails fails because of what was changed
    #[arg(long, value_parser = seed, default_value = "1")]
    seed: u32,
}

fn seed(text: &str) -> Result<u32, String> {
    match text {
        "new" => Ok(crate::fuzz::seed()),
        number => number
            .parse()
            .ok()
            .filter(|seed| *seed > 0)
            .ok_or_else(|| "expected `new` or a number from 1 on".to_owned()),
    }
}

pub fn run(args: &Args) -> Result<()> {
    let mut groups = vec![Group::Build, Group::Test];
    if args.vm {
        groups.push(Group::Vm);
    }
    setup::ensure(&groups)?;
    let agent = build::agent(false)?;
    say::step(&format!("random numbers: --seed {}", args.seed));
    let mut report = Report::new(args.only.is_none());
    let only = args.only.as_deref();

    rust::run(only, args.seed, &mut report)?;
    if only.is_none() {
        fuzz::run(args.seed, &mut report);
        check_style(&mut report);
    } else {
        report.leave_out("fuzz", "--only");
        report.leave_out("lint", "--only");
    }
    if args.no_kernel {
        report.leave_out("kernel", "--no-kernel");
    } else {
        kernel::run(only, &agent, &mut report)?;
    }
    if args.vm {
        vm::run(only, &mut report)?;
    }
    report.conclude()
}

fn check_style(report: &mut Report) {
    let start = Instant::now();
    for check in lint::checks() {
        match check.outcome {
            lint::Outcome::Passed => report.passed("lint"),
            lint::Outcome::Failed(reason) => {
                say::error(&format!("{}: {reason}", check.name));
                report.failed("lint", check.name);
            }
            lint::Outcome::CouldNotRun(reason) => report.could_not_run("lint", check.name, &reason),
        }
    }
    report.took("lint", start.elapsed());
}
