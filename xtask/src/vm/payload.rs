//! What is tested in the guests: the agent and the scenarios, as built on this host.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::tree::Tree;
use crate::build;
use crate::paths;
use crate::process::cargo;

/// Name of the test program with the scenarios.
const PROGRAM: &str = "kernel";

/// TLS servers of ours that the scenarios start in a guest.
const PROGRAMS: [&str; 3] = ["go-server", "go-server-stripped", "go-server-1.15"];

/// The binaries that a machine of the matrix runs.
#[derive(Clone, Debug, Default)]
pub struct Payload {
    /// `picket`. Without it there are no scenarios, only checks of the machine.
    pub agent: Option<PathBuf>,
    /// The test binary `kernel` of the package `picket-tests`.
    pub scenarios: Option<PathBuf>,
}

impl Payload {
    /// Builds both, optimised: a guest is slow as it is.
    pub fn build() -> Result<Self> {
        let agent = build::agent(true)?;
        let mut command = cargo();
        command.args([
            "test",
            "--release",
            "--package",
            "picket-tests",
            "--test",
            PROGRAM,
            "--no-run",
            "--quiet",
        ]);
        let scenarios = build::executables(command)?.into_iter().find(|program| program.name == PROGRAM);
        let scenarios = scenarios.context("cargo built no scenarios")?.path;
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
        for name in PROGRAMS {
            let built = paths::programs().join(name);
            if built.is_file() {
                tree.program_at(&built, &format!("/picket/programs/{name}"));
            }
        }
        tree.add_libraries()
    }

    /// What the guest runs: the machine's checks, then the scenarios even if a check failed, so that one run
    /// says all it can. `slowness` is how many times longer than on the host things take.
    pub(super) fn script(&self, only: Option<&str>, slowness: u32) -> String {
        let mut script = format!(
            "#!/busybox/sh\n\
             export PICKET_VM=1 PICKET_SLOW={slowness} PICKET_PATIENCE={slowness} PICKET_BIN=/picket/picket \
             PICKET_PROGRAMS=/picket/programs\n\
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
