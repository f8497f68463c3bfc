//! `cargo xtask bench rules` starts this.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use clap::Parser;
use picket_tests::bench::{
    docs, ended, machine,
    rules::{self, Options, Sources, footprint, single},
};

/// Measures rule engines side by side: Picket's, libmodsecurity, libddwaf.
#[derive(Parser)]
#[command(after_help = "Exit codes:
  0  measured
  1  something could not be measured")]
struct Args {
    /// Fewer, shorter turns: shows that all works, not what it costs
    #[arg(long)]
    quick: bool,
    /// Directory with libddwaf.so and its rules.json
    #[arg(long, value_name = "DIRECTORY")]
    ddwaf: Option<PathBuf>,
    /// File whose generated part is replaced
    #[arg(long, value_name = "FILE")]
    docs: Option<PathBuf>,
    /// Load one side, say what that took, and end
    #[arg(long, value_name = "SIDE", hide = true)]
    footprint: Option<String>,
    /// Measure one side only, and write nothing: to look for where its time goes
    #[arg(long, value_name = "SIDE")]
    side: Option<String>,
    /// With --side: only requests whose name holds this; "hostile" and "tests" are the corpora
    #[arg(long, value_name = "NAME", requires = "side", default_value = "")]
    kind: String,
    /// With --side: judge each request so often and look at no clock; for what counts instructions
    #[arg(long, value_name = "NUMBER", requires = "side")]
    rounds: Option<u32>,
}

/// What a person types for this run.
const COMMAND: &str = "cargo xtask bench rules";

fn main() -> ExitCode {
    ended(run(Args::parse()))
}

fn run(args: Args) -> Result<()> {
    let sources = Sources { ddwaf: args.ddwaf };
    if let Some(side) = args.footprint {
        return footprint::child(&side, &sources);
    }
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/crs-3.3.4-tests");
    if let (Some(side), Some(rounds)) = (&args.side, args.rounds) {
        return single::rounds(side, &args.kind, &Options { quick: args.quick, sources, tests }, rounds);
    }
    if let Some(side) = args.side {
        print!("{}", single::run(&side, &args.kind, &Options { quick: args.quick, sources, tests })?);
        return Ok(());
    }
    let mut about = format!(
        "`{COMMAND}` on {}: {}. Load before the run: {}.",
        machine::now(),
        machine::about(),
        machine::load()
    );
    if args.quick {
        about.push_str(" Quick: these figures show that it works, not what it costs.");
    }
    println!("{about}\n");
    let section = rules::run(&Options { quick: args.quick, sources, tests })?;
    println!("{}\n{}", section.title, section.text());
    match &args.docs {
        Some(file) if !args.quick => {
            docs::write(file, COMMAND, &format!("{about}\n\n{}", section.markdown()))?;
            eprintln!("==> written to {}", file.display());
        }
        Some(_) => eprintln!("==> the docs are left as they are: that takes a run without --quick"),
        None => {}
    }
    Ok(())
}
