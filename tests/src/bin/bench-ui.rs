//! `cargo xtask bench ui` starts this.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, bail};
use clap::Parser;
use picket_tests::bench::{
    Bench, docs,
    ground::Directory,
    machine,
    ui::{self, Part, UiBench},
};

/// What a person types for this run, before the part's name.
const COMMAND: &str = "cargo xtask bench ui";

/// Measures the web UI: how fast pages come with many events stored, live rows, what an open UI costs.
#[derive(Parser)]
#[command(after_help = "Exit codes:
  0  measured
  1  something could not be measured")]
struct Args {
    /// Parts [default: all]
    #[arg(value_name = "PART")]
    parts: Vec<String>,
    /// Events in the store: one takes about a kilobyte of disk
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000_000)]
    events: u64,
    /// State directory whose store is filled and left, or was left; otherwise it is deleted afterwards
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
    /// Fewer, shorter turns: shows that all works, not what it costs
    #[arg(long)]
    quick: bool,
    /// The agent to measure, built for release
    #[arg(long, value_name = "FILE")]
    picket: PathBuf,
    /// File whose generated parts are replaced
    #[arg(long, value_name = "FILE")]
    docs: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("loading programs into the kernel needs root: use `{COMMAND}`");
    }
    let parts = chosen(&args.parts)?;
    let made = Directory::new("ui")?;
    let state = args.directory.unwrap_or_else(|| made.file("state"));
    let bench = Bench { quick: args.quick, picket: args.picket };
    let ui = UiBench { bench, state, events: args.events };
    for (at, part) in parts.iter().enumerate() {
        let command = format!("{COMMAND} {}", part.name);
        let mut about = format!(
            "`{command}` on {}: {}. Load before the run: {}.",
            machine::now(),
            machine::about(),
            machine::load()
        );
        if args.quick {
            about.push_str(" Quick: these figures show that it works, not what it costs.");
        }
        eprintln!("==> {}/{} {}: {}", at + 1, parts.len(), part.name, part.about);
        // On a thread of its own, which may bind itself to a CPU.
        let section = std::thread::scope(|scope| scope.spawn(|| (part.run)(&ui)).join());
        let section = section.unwrap_or_else(|_| bail!("it panicked"));
        let section = section.map_err(|error| error.context(part.name))?;
        println!("{}\n{about}\n\n{}", section.title, section.text());
        match &args.docs {
            Some(file) if !args.quick => {
                // Each part by itself: it can be measured again alone.
                docs::write(file, &command, &format!("{}\n\n{about}", section.markdown().trim()))?;
                eprintln!("==> written to {}", file.display());
            }
            Some(_) => eprintln!("==> the docs are left as they are: that takes a run without --quick"),
            None => {}
        }
    }
    Ok(())
}

/// The parts of these names; all, if there are none.
fn chosen(names: &[String]) -> Result<Vec<&'static Part>> {
    for name in names {
        if !ui::PARTS.iter().any(|part| part.name == name) {
            let known: Vec<&str> = ui::PARTS.iter().map(|part| part.name).collect();
            bail!("there is no part `{name}`; there are {}", known.join(", "));
        }
    }
    let wanted = |part: &&Part| names.is_empty() || names.iter().any(|name| name == part.name);
    Ok(ui::PARTS.iter().filter(wanted).collect())
}
