//! `cargo xtask bench tls` starts this, as root, with the agent's path.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, bail};
use clap::Parser;
use picket_tests::bench::{Bench, Part, docs, machine, tls};

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
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<()> {
    if let (Some(rounds), Some(certificate), Some(key)) = (args.exchange, args.certificate, args.key) {
        return tls::child(rounds, &certificate, &key);
    }
    if !rustix::process::geteuid().is_root() {
        bail!("loading programs into the kernel needs root: use `{COMMAND}`");
    }
    let parts = chosen(&args.parts)?;
    let bench = Bench { quick: args.quick, picket: args.picket.unwrap_or_default() };
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
        let section = std::thread::scope(|scope| scope.spawn(|| (part.run)(&bench)).join());
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
        if !tls::PARTS.iter().any(|part| part.name == name) {
            let known: Vec<&str> = tls::PARTS.iter().map(|part| part.name).collect();
            bail!("there is no part `{name}`; there are {}", known.join(", "));
        }
    }
    let wanted = |part: &&Part| names.is_empty() || names.iter().any(|name| name == part.name);
    Ok(tls::PARTS.iter().filter(wanted).collect())
}
