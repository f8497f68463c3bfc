//! Kernel scenarios: real services, real traffic, a real agent. See `--list`.
//!
//! ```text
//! kernel [--list] [--only PATTERN]… [--fixtures-only]
//! ```
//!
//! Needs root. `PICKET_BIN` names the agent (default: the newest profile beside this binary),
//! `PICKET_KEEP=1` keeps the directories of the run, `PICKET_PATIENCE=N` stretches all deadlines,
//! `PICKET_VM=1` says that the run is in a machine of the kernel matrix, `PICKET_VM_WITHOUT=a,b`
//! which programs that machine comes without.

mod agent;
mod bpf;
mod cgroup;
mod client;
mod ground;
mod ledger;
mod load;
mod netns;
mod patience;
mod process;
mod program;
mod random;
mod report;
mod scenarios;
mod servers;
mod site;
mod workload;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::report::{Outcome, Tally};
use crate::scenarios::Scenario;
use crate::site::Site;

fn main() {
    let code = run().unwrap_or_else(|error| {
        eprintln!("kernel scenarios: {error:#}");
        2
    });
    std::process::exit(code);
}

fn run() -> Result<i32> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("--serve", rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return servers::own::serve(rest).map(|()| 0);
    }
    let chosen = choose(&arguments)?;
    if arguments.iter().any(|a| a == "--list") {
        for scenario in chosen {
            println!("{:32} {}", scenario.name, scenario.about);
        }
        return Ok(0);
    }
    if !rustix::process::geteuid().is_root() {
        bail!("kernel scenarios need root: run them with sudo");
    }
    clean_up_on_signals()?;
    cgroup::root()?;
    cgroup::sweep(false);
    site::sweep();
    let mut tally = Tally::default();
    for scenario in chosen {
        let began = Instant::now();
        let outcome = attempt(scenario);
        tally.add(scenario.name, outcome, began.elapsed());
    }
    cgroup::unmount();
    site::remove_base();
    Ok(tally.finish())
}

/// Runs a scenario in a place of its own.
fn attempt(scenario: &Scenario) -> Outcome {
    let attempt = || Site::new(scenario.name).and_then(|site| (scenario.run)(&site));
    let outcome = match catch_unwind(AssertUnwindSafe(attempt)) {
        Ok(result) => Outcome::of(result),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Outcome::failed(&anyhow!("the scenario panicked: {text}"))
        }
    };
    match (outcome, agent::last_words()) {
        (Outcome::Failed { cause, account }, words) if !words.is_empty() => {
            Outcome::Failed { cause, account: format!("{account}\nthe agent's last words:\n{words}") }
        }
        (outcome, _) => outcome,
    }
}

/// The scenarios that the arguments ask for: those whose name holds a pattern, all without one.
fn choose(arguments: &[String]) -> Result<Vec<&'static Scenario>> {
    let mut patterns = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--only" => patterns.push(rest.next().context("--only PATTERN")?.as_str()),
            "--fixtures-only" => agent::fixtures_only(),
            "--list" => {}
            other => bail!("{other:?} is not known; --list, --only PATTERN, --fixtures-only are"),
        }
    }
    Ok(scenarios::all().filter(|scenario| scenario.is_wanted(&patterns)).collect())
}

/// On SIGINT, SIGTERM and SIGHUP: ends what was started, removes what was made, exits.
fn clean_up_on_signals() -> Result<()> {
    let mut signals =
        signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]).context("catch signals")?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            eprintln!("signal {signal}: cleaning up");
            cgroup::sweep(true);
            agent::clean_all();
            cgroup::unmount();
            site::remove_base();
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}
