//! doctor: what this kernel allows, what each missing thing costs, and how to get it.
//!
//! Each file checks one field and gives [`Check`]s; nothing on the host is changed. What can be tried
//! is tried: a version number says little about a kernel with backports or a locked-down one.

mod attach;
mod bpf;
mod cgroup;
mod features;
mod interfaces;
mod kernel;
mod processes;
mod programs;
mod rights;
mod runtimes;
mod tls;
mod xdp_features;

use std::{path::Path, time::Duration};

use anstyle::AnsiColor;
use serde::{Deserialize, Serialize};

pub use runtimes::{Runtimes, TlsProcess};

use crate::{
    cli::{
        CliError, Exit,
        args::DoctorArgs,
        screen::{Screen, wrapped},
        table::Table,
    },
    event::printable,
    limits::DOCTOR_TLS,
    tls::sight::TlsRuntime,
};

/// How well something works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should.
    Ok,
    /// With less, or slower.
    Degraded,
    /// Not at all.
    Missing,
}

/// What a check is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Seeing requests.
    Watch,
    /// Keeping attackers out.
    Block,
    /// Naming services.
    Attribute,
    /// Seeing requests inside TLS.
    Tls,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Stable name, `snake_case`.
    pub id: &'static str,
    /// How well it works.
    pub level: Level,
    /// What for.
    pub job: Job,
    /// What was found, in plain words.
    pub found: String,
    /// What it costs that it is not [`Level::Ok`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub costs: Option<String>,
    /// How to get it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Check {
    /// It works.
    #[must_use]
    pub fn ok(id: &'static str, job: Job, found: impl Into<String>) -> Self {
        Self { id, level: Level::Ok, job, found: found.into(), costs: None, fix: None }
    }

    /// It works with less, or slower.
    #[must_use]
    pub fn degraded(
        id: &'static str,
        job: Job,
        found: impl Into<String>,
        costs: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Degraded,
            costs: Some(costs.into()),
            fix: Some(fix.into()),
            ..Self::ok(id, job, found)
        }
    }

    /// It does not work.
    #[must_use]
    pub fn missing(
        id: &'static str,
        job: Job,
        found: impl Into<String>,
        costs: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { level: Level::Missing, ..Self::degraded(id, job, found, costs, fix) }
    }
}

/// All checks, and what follows from them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The main job works: requests are seen.
    pub watch: bool,
    /// Attackers can be kept out, on an interface that is chosen.
    pub block: bool,
    /// The checks, in the order a person reads them.
    pub checks: Vec<Check>,
    /// TLS code in processes that listen.
    pub tls: Runtimes,
}

impl Report {
    fn of(checks: Vec<Check>, tls: Runtimes) -> Self {
        let works = |job| !checks.iter().any(|check| check.job == job && check.level == Level::Missing);
        let watch = works(Job::Watch);
        Self { watch, block: watch && works(Job::Block), checks, tls }
    }
}

/// Looks at this host. `cgroup` is tried instead of the root of the cgroup v2 hierarchy.
#[must_use]
pub fn examine(cgroup: Option<&Path>) -> Report {
    let mut checks = vec![kernel::version(), rights::rights()];
    let may_try = rights::may_try();
    let place = cgroup::find(cgroup);
    checks.push(cgroup::check(&place));
    if may_try {
        checks.extend(features::all());
        checks.push(attach::check(&place));
        checks.extend(programs::all());
        checks.push(tls::mappings());
    } else {
        checks.push(Check::missing(
            "programs",
            Job::Watch,
            "loading programs into the kernel was not tried",
            "what this kernel takes is not known",
            "run sudo picket doctor",
        ));
    }
    checks.extend([kernel::jit(), kernel::memlock(), kernel::lockdown()]);
    checks.extend([
        rights::namespaces(),
        processes::inet_diag(),
        processes::netns(),
        processes::open_files(),
    ]);
    checks.push(interfaces::bpffs());
    checks.extend(interfaces::all());
    let tls = Runtimes::of_listening(Duration::from_millis(DOCTOR_TLS));
    checks.push(tls.check());
    Report::of(checks, tls)
}

/// `picket doctor`.
pub(crate) fn command(args: &DoctorArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let report = examine(args.cgroup.as_deref());
    if screen.json {
        screen.json(&report)?;
    } else {
        print(&report, screen)?;
    }
    Ok(if report.watch { Exit::Done } else { Exit::Failed })
}

fn print(report: &Report, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let widest = report.checks.iter().map(|check| check.id.len()).max().unwrap_or(0);
    for check in &report.checks {
        let (colour, word) = match check.level {
            Level::Ok => (AnsiColor::Green, "ok      "),
            Level::Degraded => (AnsiColor::Yellow, "degraded"),
            Level::Missing => (AnsiColor::Red, "missing "),
        };
        let word = screen.paint(colour, word);
        let name = format!("{:widest$}", check.id.replace('_', " "));
        let name = screen.bold(&name);
        screen.line(format_args!("{word}  {name}  {}", printable(&check.found)))?;
        for (label, text) in [("costs:", &check.costs), ("do:", &check.fix)] {
            let Some(text) = text else { continue };
            for (at, line) in wrapped(&printable(text), WIDTH - widest - 19).iter().enumerate() {
                let label = if at == 0 { label } else { "" };
                screen.line(format_args!("          {:widest$}  {label:6} {line}", ""))?;
            }
        }
    }
    processes(&report.tls, screen)?;
    let count = |level| report.checks.iter().filter(|check| check.level == level).count();
    screen.line("")?;
    let verdict = match (report.watch, report.block) {
        (true, true) => screen.paint(AnsiColor::Green, "Picket can watch this host and keep attackers out."),
        (true, false) => {
            screen.paint(AnsiColor::Yellow, "Picket can watch this host, but it cannot keep attackers out.")
        }
        (false, _) => screen.paint(AnsiColor::Red, "Picket cannot watch this host."),
    };
    screen.line(verdict)?;
    screen.line(format_args!(
        "{} checks: {} ok, {} degraded, {} missing",
        report.checks.len(),
        count(Level::Ok),
        count(Level::Degraded),
        count(Level::Missing)
    ))?;
    Ok(())
}

/// TLS code in processes, and below what is not seen of it.
fn processes(tls: &Runtimes, screen: &mut Screen<'_>) -> Result<(), CliError> {
    if tls.processes.is_empty() {
        return Ok(());
    }
    screen.line("")?;
    let mut table = Table::new(&[">PID", "NAME", "PORT", "TLS CODE IN IT", "PLAINTEXT"]);
    for process in &tls.processes {
        let ports: Vec<String> = process.ports.iter().map(u16::to_string).collect();
        let names: Vec<String> = process.runtimes.iter().map(TlsRuntime::full_name).collect();
        let sight = process.sight.name().to_owned();
        table.row([process.pid.to_string(), process.name.clone(), ports.join(" "), names.join(", "), sight]);
    }
    table.print(screen)?;
    for runtime in tls.unseen() {
        for line in wrapped(&printable(&runtime.verdict()), WIDTH) {
            screen.line(line)?;
        }
        let advice = runtime.advice.as_deref().unwrap_or_default();
        for (at, line) in wrapped(&printable(advice), WIDTH - 6).iter().enumerate() {
            screen.line(format_args!("  {:3} {line}", if at == 0 { "do:" } else { "" }))?;
        }
    }
    Ok(())
}

/// Columns of the report.
const WIDTH: usize = 110;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_follows_from_the_checks() {
        let ok = || Check::ok("a", Job::Watch, "");
        let missing = |job| Check::missing("b", job, "", "", "");
        let degraded = Check::degraded("c", Job::Watch, "", "", "");
        let verdict = |checks| {
            let report = Report::of(checks, Runtimes::default());
            (report.watch, report.block)
        };
        assert_eq!(verdict(vec![ok(), degraded]), (true, true));
        assert_eq!(verdict(vec![ok(), missing(Job::Block)]), (true, false));
        assert_eq!(verdict(vec![ok(), missing(Job::Watch)]), (false, false));
        assert_eq!(verdict(vec![ok(), missing(Job::Attribute), missing(Job::Tls)]), (true, true));
    }

    /// On the machine the tests run on, as root, the main job works; and looking changes nothing.
    #[test]
    fn this_host_is_examined_and_left_as_it_was() {
        let cgroups = |place: &cgroup::Place| match place {
            cgroup::Place::Mounted { path, .. } => {
                let mut names: Vec<_> = std::fs::read_dir(path)
                    .expect("cgroup2")
                    .map(|entry| entry.expect("entry").file_name())
                    .collect();
                names.sort();
                names.retain(|name| name.to_string_lossy().starts_with("picket-doctor"));
                names
            }
            _ => Vec::new(),
        };
        let place = cgroup::find(None);
        let report = examine(None);
        assert!(report.watch, "{report:#?}");
        assert_eq!(cgroups(&place), [""; 0]);
        for check in &report.checks {
            assert_eq!(check.level == Level::Ok, check.costs.is_none(), "{check:?}");
            assert_eq!(check.level == Level::Ok, check.fix.is_none(), "{check:?}");
        }
        let ids: std::collections::HashSet<_> = report.checks.iter().map(|check| check.id).collect();
        for id in [
            "kernel",
            "rights",
            "cgroup2",
            "ring_buffer",
            "tap_attach",
            "xdp",
            "inet_diag",
            "bpffs",
            "uprobes",
            "mappings",
            "tls_services",
        ] {
            assert!(ids.contains(id), "no check {id}");
        }
    }
}
