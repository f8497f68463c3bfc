//! `cargo xtask bench` starts this, as root, with the agent's path.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, bail};
use clap::Parser;
use picket_tests::bench::{Bench, PARTS, Part, docs, ended, machine, report::Section};

/// Measures what Picket costs and how fast it is, side by side with doing without.
#[derive(Parser)]
#[command(after_help = "Exit codes:
  0  measured, whether or not what was aimed at was met
  1  something could not be measured")]
struct Args {
    /// Only parts whose name contains this
    #[arg(long, value_name = "PATTERN")]
    only: Option<String>,
    /// Fewer, shorter turns: shows that all works, not what it costs
    #[arg(long)]
    quick: bool,
    /// The agent to measure, built for release
    #[arg(long, value_name = "FILE")]
    picket: PathBuf,
    /// File whose generated part is replaced
    #[arg(long, value_name = "FILE")]
    docs: Option<PathBuf>,
    /// Command that a person would type for this run, for the docs
    #[arg(long, value_name = "TEXT", default_value = COMMAND)]
    command: String,
}

/// Names the part of the docs that is ours.
const COMMAND: &str = "cargo xtask bench";

fn main() -> ExitCode {
    ended(run(&Args::parse()))
}

fn run(args: &Args) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("loading programs into the kernel needs root: use `cargo xtask bench`");
    }
    let parts: Vec<&Part> = PARTS
        .iter()
        .filter(|part| args.only.as_ref().is_none_or(|pattern| part.name.contains(pattern.as_str())))
        .collect();
    if parts.is_empty() {
        let names: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
        bail!("no part's name contains that; there are {}", names.join(", "));
    }
    let bench = Bench { quick: args.quick, picket: args.picket.clone() };
    let mut about = format!(
        "`{}` on {}: {}. Load before the run: {}.",
        args.command,
        machine::now(),
        machine::about(),
        machine::load()
    );
    if args.quick {
        about.push_str(
            " Quick: turns are few and short; these figures show that it works, not what it costs.",
        );
    }
    println!("{about}\n");
    let mut sections: Vec<Section> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        eprintln!("==> {}/{} {}: {}", at + 1, parts.len(), part.name, part.about);
        // On a thread of its own, which may bind itself to a CPU.
        let section = std::thread::scope(|scope| scope.spawn(|| (part.run)(&bench)).join());
        let section = section.unwrap_or_else(|_| bail!("it panicked"));
        let section = section.map_err(|error| error.context(part.name))?;
        println!("{}\n{}", section.title, section.text());
        sections.push(section);
    }
    match &args.docs {
        Some(file) if !args.quick && args.only.is_none() => {
            let body: Vec<String> = sections.iter().map(Section::markdown).collect();
            docs::write(file, COMMAND, &format!("## Figures\n\n{about}\n\n{}", body.join("\n")))?;
            eprintln!("==> written to {}", file.display());
        }
        Some(_) => {
            eprintln!("==> the docs are left as they are: that takes a whole run, without --quick and --only")
        }
        None => {}
    }
    Ok(())
}
