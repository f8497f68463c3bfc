//! `cargo xtask bench tls` starts this, as root, with the agent's path.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, bail};
use clap::Parser;
use picket_tests::bench::{
    Bench, ended,
    named::{Run, chosen, measure},
    tls,
};

/// Measures what it costs that Picket sees what TLS hides, side by side with doing without.
#[derive(Parser)]
#[command(after_help = "Exit codes:
  0  measured, whether or not what was aimed at was met
  1  something could not be measured")]
struct Args {
    /// Parts to measure [default: all]
    #[arg(value_name = "PART")]
    parts: Vec<String>,
    /// Fewer, shorter turns: shows that all works, not what it costs
    #[arg(long)]
    quick: bool,
    /// The agent to measure, built for release
    #[arg(long, value_name = "FILE", required_unless_present = "exchange")]
    picket: Option<PathBuf>,
    /// File whose generated parts are replaced
    #[arg(long, value_name = "FILE")]
    docs: Option<PathBuf>,
    /// Exchange so many messages with ourselves through OpenSSL, say how long that took, and end
    #[arg(long, value_name = "ROUNDS", hide = true, requires = "certificate", requires = "key")]
    exchange: Option<u32>,
    #[arg(long, hide = true)]
    certificate: Option<PathBuf>,
    #[arg(long, hide = true)]
    key: Option<PathBuf>,
}

/// What a person types for this run, before the part's name.
const COMMAND: &str = "cargo xtask bench tls";

fn main() -> ExitCode {
    ended(run(Args::parse()))
}

fn run(args: Args) -> Result<()> {
    if let (Some(rounds), Some(certificate), Some(key)) = (args.exchange, args.certificate, args.key) {
        return tls::child(rounds, &certificate, &key);
    }
    if !rustix::process::geteuid().is_root() {
        bail!("loading programs into the kernel needs root: use `{COMMAND}`");
    }
    let parts = chosen(tls::PARTS, &args.parts)?;
    let bench = Bench { quick: args.quick, picket: args.picket.unwrap_or_default() };
    let run = Run { command: COMMAND, quick: args.quick, docs: args.docs.as_deref() };
    measure(&run, &parts, &bench)
}
