//! The agent: its lines of JSON, and its command line.

use std::{
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{
    host::{Cgroup, Scratch, Server, agent_command, clean_command},
    network::Namespace,
};

/// A running agent. Its pins are removed at the end.
pub struct Agent {
    binary: PathBuf,
    state: PathBuf,
    server: Option<Server>,
    reports: Arc<Mutex<Vec<Value>>>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Agent {
    /// Starts it on the host.
    pub fn start(binary: &Path, host: &Namespace, cgroup: &Cgroup, scratch: &Scratch) -> Result<Self> {
        let mut command = agent_command(binary, host, cgroup, scratch);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut server = Server::start("picket", command)?;
        let (reports, log) = (Arc::<Mutex<Vec<Value>>>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (parsed, logged) = (Arc::clone(&reports), Arc::clone(&log));
        lines(server.child.stdout.take().context("a pipe")?, move |line| {
            if let (Ok(value), Ok(mut reports)) = (serde_json::from_str(&line), parsed.lock()) {
                reports.push(value);
            }
        });
        lines(server.child.stderr.take().context("a pipe")?, move |line| {
            if let Ok(mut log) = logged.lock() {
                log.push(line);
            }
        });
        let (binary, state) = (binary.to_owned(), scratch.state());
        Ok(Self { binary, state, server: Some(server), reports, log })
    }

    /// An error, with its last words, if it has ended.
    pub fn check(&mut self) -> Result<()> {
        match &mut self.server {
            Some(server) => server.check(),
            None => Ok(()),
        }
    }

    /// What it reported, from the given report on.
    pub fn reports(&self, from: usize) -> Vec<Value> {
        self.reports.lock().map(|all| all.get(from..).unwrap_or_default().to_vec()).unwrap_or_default()
    }

    /// The last lines of its log.
    pub fn last_words(&self) -> String {
        let log = self.log.lock().map(|log| log.clone()).unwrap_or_default();
        log[log.len().saturating_sub(12)..].join("\n")
    }

    /// `picket COMMAND --json`.
    pub fn ask(&self, command: &str) -> Result<Value> {
        let mut picket = Command::new(&self.binary);
        picket.args([command, "--json", "--state-dir"]).arg(&self.state).stdin(Stdio::null());
        let output = picket.output().context("cannot start picket")?;
        if !output.status.success() {
            bail!("picket {command}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        serde_json::from_slice(&output.stdout).with_context(|| format!("picket {command} --json is not JSON"))
    }

    /// The denylist's entry for one address.
    pub fn block_of(&self, address: &str) -> Result<Option<Value>> {
        let list = self.ask("denylist")?;
        let entries = list["entries"].as_array().with_context(|| format!("no entries in {list}"))?;
        let is_it = |entry: &&Value| {
            entry["net"].as_str().is_some_and(|net| net.strip_suffix("/32").unwrap_or(net) == address)
        };
        Ok(entries.iter().find(is_it).cloned())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.server.take());
        let _ = clean_command(&self.binary, &self.state).status();
    }
}

fn lines(pipe: impl Read + Send + 'static, mut each: impl FnMut(String) + Send + 'static) {
    thread::spawn(move || BufReader::new(pipe).lines().map_while(Result::ok).for_each(&mut each));
}
