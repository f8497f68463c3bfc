//! `cargo xtask demo`: one host, an honest client, an attacker, and what Picket makes of it.
//!
//! ```text
//!   honest client ────┐                        ┌───────────────── host ─────────────────┐
//!   198.51.100.20     ├── router ── eth0 [XDP] ┤ nginx :80 ──> python3 :8000     picket │
//!   attacker ─────────┘         192.0.2.10     └────────────────────────────────────────┘
//!   203.0.113.66
//! ```
//!
//! Each box is a network namespace of the demo. Every step is observed, in the agent's output or through
//! its command line, or the demo fails and says which step it did not see.

mod agent;
mod attacks;
mod client;
mod host;
mod network;
mod steps;
mod tell;

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::{
    build,
    process::{CommandExt as _, as_root, is_root},
    say,
    setup::{self, Group},
};

#[derive(clap::Args)]
#[command(after_help = "Exit code 0: every step was observed. Takes about half a minute once built.")]
pub struct Args {
    /// The agent to show [default: built from this tree]
    #[arg(long, value_name = "FILE")]
    agent: Option<PathBuf>,
}

pub fn run(args: &Args) -> Result<()> {
    setup::ensure(&[Group::Build, Group::Demo])?;
    let agent = match &args.agent {
        Some(agent) => std::path::absolute(agent).with_context(|| format!("no file {}", agent.display()))?,
        None => build::agent(true)?,
    };
    if !is_root() {
        let mut again = as_root(std::env::current_exe()?, "making network namespaces")?;
        return again.args(["demo", "--agent"]).arg(agent).run();
    }
    say::step("the demo");
    let stop = client::stop_on_signals()?;
    steps::play(&agent, &stop)
}
