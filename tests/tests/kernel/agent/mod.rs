//! The agent under test: an installation (binary, state directory, configuration) and the agents
//! started from it, one after the other.

mod api;
mod cli;
mod deny;
mod report;
mod stats;
mod transcript;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::Signal;

use crate::ledger::Ledger;
use crate::netns::Netns;
use crate::patience::{patient, wait_until};
use crate::process::Process;
use crate::report::CannotRun;
use crate::site::Site;
pub use report::Report;
pub use stats::Stats;
pub use transcript::Lines;
use transcript::Transcript;

/// With `--fixtures-only` no agent is started.
static FIXTURES_ONLY: AtomicBool = AtomicBool::new(false);
/// State directories in use, for cleaning up after a signal.
static STATES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// What the agent that ended last wrote to stderr at the end.
static LAST_WORDS: Mutex<String> = Mutex::new(String::new());

/// Takes the last lines of stderr of the agent that ended last; empty when none ran.
pub fn last_words() -> String {
    LAST_WORDS.lock().map(|mut w| std::mem::take(&mut *w)).unwrap_or_default()
}

/// Switches the agent off.
pub fn fixtures_only() {
    FIXTURES_ONLY.store(true, Ordering::Relaxed);
}

/// Whether the run is about the fixtures and the client only.
pub fn is_fixtures_only() -> bool {
    FIXTURES_ONLY.load(Ordering::Relaxed)
}

/// The binary: `PICKET_BIN`, or what stands beside this test binary in the target directory,
/// release before debug.
pub fn binary() -> Result<PathBuf> {
    if let Some(binary) = std::env::var_os("PICKET_BIN") {
        return Ok(binary.into());
    }
    let own = std::env::current_exe().context("find the test binary")?;
    // target/PROFILE/deps/kernel-HASH
    let target = own.ancestors().nth(3).context("the test binary is not in a target directory")?;
    let places = [target.join("release/picket"), target.join("debug/picket")];
    places.into_iter().find(|p| p.exists()).ok_or_else(|| {
        anyhow!("no agent in {}: `cargo build` it, or name it in PICKET_BIN", target.display())
    })
}

/// A state directory, a configuration and where an agent with them runs.
pub struct Installation<'s> {
    site: &'s Site,
    state: PathBuf,
    config: PathBuf,
    cgroup: PathBuf,
    netns: Option<&'s Netns>,
}

impl<'s> Installation<'s> {
    /// With a state directory of its own; the tap on the scenario's control group.
    pub fn new(site: &'s Site, name: &str) -> Result<Self> {
        let state = site.subdir(name)?;
        let config = site.dir().join(format!("{name}.toml"));
        fs::write(&config, "")?;
        if let Ok(mut states) = STATES.lock() {
            states.push(state.clone());
        }
        Ok(Self { site, state, config, cgroup: site.cgroup.path().to_owned(), netns: None })
    }

    /// The tap on another control group.
    #[must_use]
    pub fn on_cgroup(mut self, cgroup: &Path) -> Self {
        cgroup.clone_into(&mut self.cgroup);
        self
    }

    /// The agent in a network namespace (its interfaces are the ones that can be denied on).
    #[must_use]
    pub fn in_netns(mut self, netns: &'s Netns) -> Self {
        self.netns = Some(netns);
        self
    }

    /// Writes the configuration.
    pub fn configure(&self, toml: &str) -> Result<()> {
        fs::write(&self.config, toml).with_context(|| format!("write {}", self.config.display()))
    }

    /// The state directory.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Starts an agent and waits until it is ready.
    pub fn start(&self) -> Result<Agent<'_>> {
        let mut agent = self.begin()?;
        let ready = wait_until("the agent to be ready (a line with \"ready\" on stderr)", 20, || {
            if agent.transcript.errors.any(|line| line.contains("ready")) {
                return Some(Ok(()));
            }
            agent.process.ended().map(Err)
        });
        match ready {
            Ok(Ok(())) => Ok(agent),
            Ok(Err(status)) => Err(anyhow!("the agent ended at its start: {status}")),
            Err(error) => Err(error),
        }
    }

    /// Starts an agent and waits for nothing.
    pub fn begin(&self) -> Result<Agent<'_>> {
        if is_fixtures_only() {
            return Err(CannotRun("--fixtures-only: no agent is started".to_owned()).into());
        }
        let mut command = Command::new(binary()?);
        command.args(["run", "--json", "--all", "--state-dir"]).arg(&self.state);
        command.arg("--config").arg(&self.config).arg("--cgroup").arg(&self.cgroup);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Process::spawn("picket run", command, &self.site.agents, self.netns)?;
        let transcript = Transcript::of(process.child())?;
        Ok(Agent { installation: self, process, transcript })
    }
}

impl Drop for Installation<'_> {
    fn drop(&mut self) {
        if !is_fixtures_only()
            && let Err(error) = self.clean()
        {
            eprintln!("picket run --clean: {error:#}");
        }
        if let Ok(mut states) = STATES.lock() {
            states.retain(|s| *s != self.state);
        }
    }
}

/// After a signal: removes what agents of this run pinned.
pub fn clean_all() {
    let states = STATES.lock().map(|s| s.clone()).unwrap_or_default();
    for state in states {
        clean_state(&state);
    }
}

/// Removes what agents with this state directory pinned.
pub fn clean_state(state: &Path) {
    let Ok(binary) = binary() else { return };
    let mut command = Command::new(binary);
    command.args(["run", "--clean", "--state-dir"]).arg(state);
    let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
}

/// A running agent.
pub struct Agent<'i> {
    installation: &'i Installation<'i>,
    process: Process,
    transcript: Transcript,
}

impl Agent<'_> {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.process.signal(signal)
    }

    /// The lines of stdout so far, without signals.
    pub fn output(&self) -> &Lines {
        &self.transcript.output
    }

    /// The lines of stdout so far that are signals.
    pub fn signals(&self) -> &Lines {
        &self.transcript.signals
    }

    /// The lines of stderr so far.
    pub fn errors(&self) -> &Lines {
        &self.transcript.errors
    }

    /// Waits until it has reported so many requests, or for the deadline: who compares afterwards
    /// says what is missing.
    pub fn wait_for(&self, count: usize) {
        let _ = wait_until("the reports", 20, || (self.transcript.output.len() >= count).then_some(()));
    }

    /// Waits until a report fits.
    pub fn wait_for_report(&self, what: &str, mut fits: impl FnMut(&Report) -> bool) -> Result<Report> {
        let mut looked = 0;
        wait_until(what, 20, || {
            let lines = self.transcript.output.from(looked);
            looked += lines.len();
            lines.iter().filter_map(|line| Report::parse(line).ok()).find(|report| fits(report))
        })
    }

    /// Ends it with SIGTERM, soon, and gives all it reported.
    pub fn stop(mut self) -> Result<Vec<Report>> {
        let asked = Instant::now();
        self.process.signal(Signal::TERM)?;
        let status = self.process.wait(10)?;
        let took = asked.elapsed();
        if !status.success() {
            bail!("after SIGTERM the agent ended with {status}");
        }
        if took > patient(2) {
            bail!("the agent took {took:?} to end after SIGTERM, not {:?}", patient(2));
        }
        self.transcript.finish()?;
        self.transcript.reports()
    }

    /// Ends it with SIGKILL and gives all it reported. It is over when the kernel has taken its probes off, 0.1 s each.
    pub fn kill(mut self) -> Result<Vec<Report>> {
        self.process.signal(Signal::KILL)?;
        self.process.wait(60)?;
        self.transcript.finish()?;
        self.transcript.reports()
    }

    /// Waits for the ledger's requests, ends the agent and compares.
    pub fn check(self, ledger: &Ledger) -> Result<Vec<Report>> {
        self.wait_for(ledger.len());
        let stats = self.installation.stats().map_or_else(|e| format!("{e:#}"), |s| s.to_string());
        let reports = self.stop()?;
        ledger.check(&reports).map_err(|e| anyhow!("{e}\nstats: {stats}"))?;
        Ok(reports)
    }
}

impl Drop for Agent<'_> {
    /// Keeps what it said last, for the account of a failure.
    fn drop(&mut self) {
        if let Ok(mut words) = LAST_WORDS.lock() {
            *words = self.transcript.errors.tail();
        }
    }
}
