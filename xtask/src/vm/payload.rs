//! What is tested in the guests: the agent and the scenarios, as built on this host.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::tree::Tree;

/// The binaries that a machine of the matrix runs.
#[derive(Clone, Debug, Default)]
pub struct Payload {
    /// `picket`. Without it there are no scenarios, only checks of the machine.
    pub agent: Option<PathBuf>,
    /// The test binary `kernel` of the package `picket-tests`.
    pub scenarios: Option<PathBuf>,
}

impl Payload {
    /// Builds both with cargo, optimised, since a guest is slow as it is. The agent's eBPF object must be there already.
    pub fn build() -> Result<Self> {
        let agent = executable(&["build", "--package", "picket", "--bin", "picket"], "picket")?;
        let scenarios =
            executable(&["test", "--no-run", "--package", "picket-tests", "--test", "kernel"], "kernel")?;
        Ok(Self { agent: Some(agent), scenarios: Some(scenarios) })
    }

    /// Whether scenarios can run.
    pub(super) fn is_complete(&self) -> bool {
        self.agent.is_some() && self.scenarios.is_some()
    }

    /// Copies without debug information, in `scratch`: every byte is loaded into each guest's memory.
    pub(super) fn stripped(&self, scratch: &Path) -> Result<Self> {
        let strip = |binary: &Option<PathBuf>, name: &str| -> Result<Option<PathBuf>> {
            let Some(binary) = binary else { return Ok(None) };
            ensure!(binary.is_file(), "{}: no such file", binary.display());
            let smaller = scratch.join(name);
            let stripped =
                Command::new("strip").arg("--strip-debug").arg("-o").arg(&smaller).arg(binary).output();
            let stripped = stripped.is_ok_and(|out| out.status.success());
            Ok(Some(if stripped { smaller } else { binary.clone() }))
        };
        Ok(Self { agent: strip(&self.agent, "picket")?, scenarios: strip(&self.scenarios, "kernel")? })
    }

    /// Puts the binaries and their libraries into `/picket`.
    pub(super) fn add_to(&self, tree: &mut Tree) -> Result<()> {
        for (binary, path) in [(&self.agent, "/picket/picket"), (&self.scenarios, "/picket/kernel")] {
            if let Some(binary) = binary {
                tree.program_at(binary, path);
            }
        }
        tree.add_libraries()
    }

    /// What the guest runs: the machine's checks, then the scenarios even if a check failed, so that one run
    /// says all it can. `slowness` is how many times longer than on the host things take.
    pub(super) fn script(&self, only: Option<&str>, slowness: u32) -> String {
        let mut script = format!(
            "#!/busybox/sh\n\
             export PICKET_VM=1 PICKET_SLOW={slowness} PICKET_PATIENCE={slowness} PICKET_BIN=/picket/picket\n\
             cd /root\n\
             python3 -I /picket/checks.py; checks=$?\n"
        );
        if self.is_complete() {
            let only = only.map(|pattern| format!(" --only {}", quoted(pattern))).unwrap_or_default();
            script += &format!("/picket/kernel{only} || exit $?\n");
        }
        script + "exit $checks\n"
    }
}

/// `word` as one word of a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Builds with cargo and gives the path of the executable called `name`.
fn executable(arguments: &[&str], name: &str) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo)
        .args(arguments)
        .args(["--release", "--message-format=json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    ensure!(out.status.success(), "cargo {} failed", arguments.join(" "));
    String::from_utf8_lossy(&out.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact" && message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .with_context(|| format!("cargo {} built no executable {name}", arguments.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_run_only_when_there_is_an_agent() {
        let both = Payload { agent: Some("a".into()), scenarios: Some("b".into()) };
        let script = both.script(Some("it's"), 20);
        assert!(script.contains(r"/picket/kernel --only 'it'\''s' || exit $?"), "{script}");
        assert!(script.contains("PICKET_SLOW=20"));
        assert!(!Payload::default().script(None, 1).contains("/picket/kernel"));
    }
}
