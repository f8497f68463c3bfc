//! The command line tool, against the installation's state directory.

use std::io::Read;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Installation, Stats, binary};
use crate::process::Process;

/// How a command ended.
pub struct Output {
    /// Exit code; none after a signal.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Installation<'_> {
    /// Runs `picket ARGUMENTS --state-dir …`.
    pub fn cli(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new(binary()?);
        command.args(arguments).arg("--state-dir").arg(&self.state);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let name = format!("picket {}", arguments.join(" "));
        let mut process = Process::spawn(&name, command, &self.site.agents, self.netns)?;
        let out = process.child().stdout.take().context("stdout is a pipe")?;
        let err = process.child().stderr.take().context("stderr is a pipe")?;
        let collect = |mut pipe: Box<dyn Read + Send>| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                pipe.read_to_end(&mut text).map(|_| String::from_utf8_lossy(&text).into_owned())
            })
        };
        let (out, err) = (collect(Box::new(out)), collect(Box::new(err)));
        let code = process.wait(15)?.code();
        let text = |thread: std::thread::JoinHandle<std::io::Result<String>>| {
            thread.join().ok().and_then(Result::ok).unwrap_or_default()
        };
        Ok(Output { code, stdout: text(out), stderr: text(err) })
    }

    /// Runs a command that must succeed.
    pub fn cli_ok(&self, arguments: &[&str]) -> Result<Output> {
        let output = self.cli(arguments)?;
        if output.code != Some(0) {
            bail!("picket {}: exit code {:?}: {}", arguments.join(" "), output.code, output.stderr.trim());
        }
        Ok(output)
    }

    /// Runs a command with `--json` and gives its answer.
    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        let arguments = [arguments, &["--json"]].concat();
        let output = self.cli_ok(&arguments)?;
        serde_json::from_str(&output.stdout)
            .with_context(|| format!("picket {} printed {:?}", arguments.join(" "), output.stdout))
    }

    /// `picket stats`.
    pub fn stats(&self) -> Result<Stats> {
        self.json(&["stats"]).map(Stats)
    }

    /// `picket run --clean`: no pin is left.
    pub fn clean(&self) -> Result<()> {
        self.cli_ok(&["run", "--clean"]).map(|_| ())
    }
}
