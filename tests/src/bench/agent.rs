//! The agent that is measured: started, asked, stopped, and every trace of it removed.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, anyhow, bail};
use picket::cli::paths::Paths;
use serde_json::Value;

use super::{
    Bench,
    clock::wait_until,
    cpu,
    ground::{Cgroup, Directory, Netns, Process},
};

/// How the agent is to run.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// The configuration file.
    pub config: &'a str,
    /// What it watches.
    pub watched: &'a Cgroup,
    /// Where it runs.
    pub netns: Option<&'a Netns>,
    /// Interface it denies on.
    pub deny: Option<&'a str>,
    /// How much it stands back behind others: 0, up to 19.
    pub nice: u32,
    /// Where its state is, if there is some already; otherwise it begins with none.
    pub state: Option<&'a Path>,
}

/// Configuration that captures and judges nothing.
pub const CAPTURE_ONLY: &str = "[rules]\nbuiltin = false\n";
/// Configuration with CRS as Debian packs it, at its level 1.
pub const WITH_CRS: &str = "[rules]\ncrs = \"/usr/share/modsecurity-crs\"\nparanoia = 1\n";
/// Configuration as it comes.
pub const WITH_RULES: &str = "";

/// A running agent.
pub struct Agent {
    picket: PathBuf,
    directory: Directory,
    state: PathBuf,
    cgroup: Cgroup,
    process: Process,
}

/// What it says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Stats {
    /// Requests it has seen.
    pub requests: u64,
    /// What it should have seen, judged or said and did not, for any reason.
    pub lost: u64,
}

impl Agent {
    /// Starts one and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When it ends at its start: with its words.
    pub fn start(bench: &Bench, setup: Setup<'_>) -> Result<Self> {
        let directory = Directory::new("agent")?;
        let cgroup = Cgroup::new("agent")?;
        fs::write(directory.file("picket.toml"), setup.config)?;
        let mut command = if setup.nice == 0 {
            Command::new(&bench.picket)
        } else {
            let mut command = Command::new("nice");
            command.arg("-n").arg(setup.nice.to_string()).arg(&bench.picket);
            command
        };
        let state = setup.state.map_or_else(|| directory.file("state"), Path::to_owned);
        command.args(["run", "--json", "--state-dir"]).arg(&state);
        command.arg("--config").arg(directory.file("picket.toml"));
        command.arg("--cgroup").arg(setup.watched.path());
        if let Some(interface) = setup.deny {
            command.args(["--deny", interface]);
        }
        let log = directory.file("output.log");
        let process = Process::spawn("picket", command, File::create(&log)?, &cgroup, setup.netns)?;
        let mut agent = Self { picket: bench.picket.clone(), directory, state, cgroup, process };
        let ready = wait_until("the agent to be ready", 20, || {
            let ended = agent.process.ended();
            match fs::read_to_string(&log) {
                Ok(said) if said.contains(" ready") => Some(Ok(())),
                said => ended.map(|how| {
                    Err(anyhow!("the agent ended at its start ({how}): {}", said.unwrap_or_default()))
                }),
            }
        });
        match ready {
            Ok(Ok(())) => Ok(agent),
            Ok(Err(ended)) => Err(ended),
            Err(error) => Err(agent.explained(error)),
        }
    }

    /// What it says of itself.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub fn stats(&self) -> Result<Stats> {
        read(&self.json(&["stats"])?)
    }

    /// What a command says with `--json`.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        let said = || format!("picket {}", arguments.join(" "));
        let mut command = Command::new(&self.picket);
        command.args(arguments).args(["--json", "--state-dir"]).arg(&self.state);
        let output = command.stdin(Stdio::null()).output().with_context(said)?;
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr);
            return Err(self.explained(anyhow!("{}: {}", said(), error.trim())));
        }
        serde_json::from_slice(&output.stdout).with_context(said)
    }

    /// Waits until it has seen so many requests, or no more come.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub fn settled(&self, requests: u64) -> Result<Stats> {
        let mut before = self.stats()?;
        // A worker publishes what it counts every quarter of a second.
        for _ in 0..20 {
            if before.requests >= requests {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(300));
            let now = self.stats()?;
            if now.requests == before.requests {
                break;
            }
            before = now;
        }
        self.stats()
    }

    /// Nanoseconds of CPU time it had.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn cpu(&self) -> Result<u64> {
        self.cgroup.cpu()
    }

    /// Its memory.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn memory(&self) -> Result<cpu::Memory> {
        cpu::memory(self.process.pid()).map_err(|error| self.explained(error))
    }

    /// Where its maps are pinned.
    ///
    /// # Errors
    ///
    /// When the state directory is gone.
    pub fn pins(&self) -> Result<PathBuf> {
        Ok(Paths::new(Some(&self.state))?.pins)
    }

    /// Ends it in good order.
    ///
    /// # Errors
    ///
    /// When it does not end, or not well.
    pub fn stop(mut self) -> Result<()> {
        let ended = self.process.stop()?;
        if !ended.success() {
            bail!(self.explained(anyhow!("after SIGTERM the agent ended with {ended}")));
        }
        Ok(())
    }

    /// An error with what the agent said last.
    pub fn explained(&self, error: anyhow::Error) -> anyhow::Error {
        let said = fs::read_to_string(self.directory.file("output.log")).unwrap_or_default();
        // Its log, without the events.
        let log: Vec<&str> = said.lines().filter(|line| !line.starts_with('{')).collect();
        let last = log.get(log.len().saturating_sub(10)..).unwrap_or_default();
        anyhow!("{error:#}\nthe agent's last words:\n{}", last.join("\n"))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // A process that has ended already is no error here.
        let _ = self.process.stop();
        if let Err(error) = clean(&self.picket, &self.state) {
            eprintln!("the agent's pins are left behind: {error:#}");
        }
    }
}

fn clean(picket: &Path, state: &Path) -> Result<()> {
    let mut command = Command::new(picket);
    command.args(["run", "--clean", "--state-dir"]).arg(state);
    let output = command.stdin(Stdio::null()).output().context("run picket")?;
    if !output.status.success() {
        bail!("picket run --clean: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

fn read(stats: &Value) -> Result<Stats> {
    let of =
        |side: &str| stats[side].as_array().with_context(|| format!("picket stats has no `{side}`: {stats}"));
    let (kernel, agent) = (of("kernel")?, of("agent")?);
    let total = |counter: &Value| counter["total"].as_u64().unwrap_or_default();
    let lost = kernel.iter().chain(agent).filter(|counter| counter["loss"] == true).map(total).sum();
    let requests = agent.iter().find(|counter| counter["name"] == "requests").map(total);
    Ok(Stats { requests: requests.context("picket stats has no counter `requests`")?, lost })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn loss_of_both_sides_is_added_up() {
        let stats = json!({
            "kernel": [{"name": "packets", "loss": false, "total": 9}, {"name": "ring_full", "loss": true, "total": 2}],
            "agent": [{"stage": "pipeline", "name": "requests", "loss": false, "total": 7},
                      {"stage": "pipeline", "name": "output_dropped", "loss": true, "total": 1}],
        });
        let read = read(&stats).expect("as the API says");
        assert_eq!((read.requests, read.lost), (7, 3));
    }
}
