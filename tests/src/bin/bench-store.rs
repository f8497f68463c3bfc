//! `cargo xtask bench store` starts this.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::Parser;
use picket_tests::bench::{
    docs, ended, machine,
    store::{self, Body},
};

/// What writes the part of the docs.
const COMMAND: &str = "cargo xtask bench store";

/// Measures the store: events stored a second, bytes an event, how long questions take.
#[derive(Parser)]
#[command(after_help = "Exit codes:
  0  measured
  1  something could not be measured")]
struct Args {
    /// Events to store and ask about, with short bodies: one takes about a kilobyte of disk
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000_000)]
    events: u64,
    /// Whole events to store first, as they are, to see what they take; deleted before the others come
    #[arg(long, value_name = "NUMBER", default_value_t = 500_000)]
    whole: u64,
    /// Times that each question is asked
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    rounds: usize,
    /// Where the store is made and left, or was left; otherwise it is deleted afterwards
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
    /// Fill the directory and ask nothing
    #[arg(long, requires = "directory")]
    only_fill: bool,
    /// File whose generated part is replaced
    #[arg(long, value_name = "FILE")]
    docs: Option<PathBuf>,
}

fn main() -> ExitCode {
    ended(run(&Args::parse()))
}

fn run(args: &Args) -> Result<()> {
    let made = std::env::temp_dir().join(format!("picket-bench-store-{}", std::process::id()));
    let directory = args.directory.as_deref().unwrap_or(&made);
    let about =
        format!("`{COMMAND}` on {}: {}. Load before: {}.", machine::now(), machine::about(), machine::load());
    println!("{about}\n");
    let text = (|| {
        let about_fill = directory.join("fill.md");
        let mut text = match fs::read_to_string(&about_fill) {
            Ok(text) => text,
            Err(_) => {
                let mut text = String::new();
                let places = [("whole", args.whole, Body::Whole), ("short", args.events, Body::Short)];
                for (name, events, body) in places.into_iter().filter(|(_, events, _)| *events > 0) {
                    let place = directory.join(name);
                    fs::create_dir_all(directory)?;
                    text += &format!("- {}", store::fill(&place, events, store::END, body)?);
                    if body == Body::Whole {
                        fs::remove_dir_all(&place)?;
                    }
                }
                fs::write(&about_fill, &text)?;
                text
            }
        };
        if !args.only_fill {
            text = format!("{text}\n{}", store::measure(&directory.join("short"), args.rounds)?);
        }
        anyhow::Ok(text)
    })();
    if args.directory.is_none() {
        fs::remove_dir_all(&made).with_context(|| format!("cannot delete {}", made.display()))?;
    }
    let text = text?;
    println!("{text}");
    if let Some(file) = &args.docs {
        docs::write(file, COMMAND, &format!("{about}\n\n{text}"))?;
        eprintln!("==> written to {}", file.display());
    }
    Ok(())
}
