//! What a guest reports, line by line, and the table of a run.

use std::fmt;

/// How one test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ran and held.
    Ok,
    /// It ran and did not hold.
    Failed,
    /// This kernel lacks what it needs.
    CannotRun,
}

/// One `PICKET-TEST` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// `kernel` for a scenario, `machine` for a check of the guest itself.
    pub kind: String,
    /// The test's name.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed or cannot run; what it found when it is ok. May be empty.
    pub reason: String,
}

/// What a line of the report port says.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    /// `PICKET-VM booted seconds=… linux=…`: the first process runs.
    Booted { seconds: f64 },
    /// `PICKET-TEST kind=… name=… result=… reason="…"`.
    Test(Test),
    /// A `PICKET-TEST` line that lacks a part: the test is broken, not absent.
    Malformed,
    /// `PICKET-VM end exit=… seconds=…`: everything ran.
    End { exit: i32, seconds: f64 },
    /// Anything else.
    Other,
}

impl Line {
    pub(super) fn parse(line: &str) -> Self {
        if let Some((_, fields)) = line.split_once("PICKET-TEST ") {
            return parse_test(fields).map_or(Self::Malformed, Self::Test);
        }
        let Some((_, fields)) = line.split_once("PICKET-VM ") else { return Self::Other };
        let parsed = match fields.split_once(' ') {
            Some(("booted", rest)) => number(rest, "seconds").map(|seconds| Self::Booted { seconds }),
            Some(("end", rest)) => number(rest, "exit")
                .zip(number(rest, "seconds"))
                .map(|(exit, seconds)| Self::End { exit, seconds }),
            _ => None,
        };
        parsed.unwrap_or(Self::Other)
    }
}

fn parse_test(fields: &str) -> Option<Test> {
    let outcome = match field(fields, "result")? {
        "ok" => Outcome::Ok,
        "failed" => Outcome::Failed,
        "cannot-run" => Outcome::CannotRun,
        _ => return None,
    };
    let reason =
        fields.split_once("reason=\"").and_then(|(_, rest)| rest.rsplit_once('"')).map_or("", |(r, _)| r);
    Some(Test {
        kind: field(fields, "kind")?.to_owned(),
        name: field(fields, "name")?.to_owned(),
        outcome,
        reason: reason.to_owned(),
    })
}

fn number<T: std::str::FromStr>(fields: &str, key: &str) -> Option<T> {
    field(fields, key)?.parse().ok()
}

/// The value of `key=value` among words separated by spaces, before any quoted text.
fn field<'a>(fields: &'a str, key: &str) -> Option<&'a str> {
    let plain = fields.split_once('"').map_or(fields, |(plain, _)| plain);
    plain.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}

/// How the run in one machine ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The guest said its end, with the test binary's exit code.
    Finished(i32),
    /// It did not, and why; with the last lines of both serial ports.
    Lost {
        /// What happened instead.
        why: String,
        /// The last lines it printed.
        last_lines: Vec<String>,
    },
}

/// One machine of the matrix and what came of it.
#[derive(Clone, Debug)]
pub struct MachineReport {
    /// Short: the series, such as `5.10` or `5.10 hybrid`.
    pub label: String,
    /// The kernel that ran, by its release, Debian version and suite; and how cgroups were mounted.
    pub title: String,
    /// Every test that reported.
    pub tests: Vec<Test>,
    /// Modules the scenarios use and this kernel does not ship.
    pub lacking_modules: Vec<&'static str>,
    /// `PICKET-TEST` lines that could not be read.
    pub malformed: u32,
    /// From the start of the emulator to the first process, in seconds of the host.
    pub boot_seconds: Option<f64>,
    /// From the start of the emulator to its end, in seconds of the host.
    pub seconds: f64,
    /// How it ended.
    pub end: End,
    /// Whether scenarios were to run, and not only the machine's checks.
    pub scenarios_expected: bool,
}

impl MachineReport {
    /// How many tests of `kind` ended with `outcome`.
    pub fn count(&self, kind: &str, outcome: Outcome) -> usize {
        self.tests.iter().filter(|test| test.kind == kind && test.outcome == outcome).count()
    }

    /// Whether everything that this kernel can run held.
    pub fn passed(&self) -> bool {
        self.end == End::Finished(0)
            && self.malformed == 0
            && self.tests.iter().all(|test| test.outcome != Outcome::Failed)
            // Asserted, so that a guest that ran nothing can never count as good.
            && self.count("machine", Outcome::Ok) > 0
            && (!self.scenarios_expected || self.count("kernel", Outcome::Ok) > 0)
    }
}

/// A run of the matrix.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// One report for each machine, in the order they ran.
    pub machines: Vec<MachineReport>,
}

impl Summary {
    /// Whether every machine passed, and there was one.
    pub fn passed(&self) -> bool {
        !self.machines.is_empty() && self.machines.iter().all(MachineReport::passed)
    }

    /// How many scenarios (tests of kind `kernel`) ended with `outcome`, over all machines.
    pub fn scenarios(&self, outcome: Outcome) -> usize {
        self.machines.iter().map(|machine| machine.count("kernel", outcome)).sum()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.machines.iter().map(|machine| machine.title.len()).max().unwrap_or(0).max(6);
        writeln!(
            f,
            "\n{:width$}  {:>9}  {:>7}  {:>16}  {:>6}  {:>6}  result",
            "kernel", "scenarios", "failed", "cannot run here", "boot", "total"
        )?;
        for machine in &self.machines {
            let [ok, failed, cannot] = [Outcome::Ok, Outcome::Failed, Outcome::CannotRun];
            let ran = machine.count("kernel", ok) + machine.count("kernel", failed);
            let boot = machine.boot_seconds.map_or("-".to_owned(), |seconds| format!("{seconds:.1} s"));
            writeln!(
                f,
                "{:width$}  {ran:>9}  {:>7}  {:>16}  {boot:>6}  {:>4.0} s  {}",
                machine.title,
                machine.count("kernel", failed) + machine.count("machine", failed),
                machine.count("kernel", cannot) + machine.count("machine", cannot),
                machine.seconds,
                if machine.passed() { "ok" } else { "FAILED" },
            )?;
        }
        for machine in &self.machines {
            fmt_details(machine, f)?;
        }
        let [ok, failed, cannot] =
            [Outcome::Ok, Outcome::Failed, Outcome::CannotRun].map(|o| self.scenarios(o));
        writeln!(f, "\nscenarios: {ok} passed, {failed} failed, {cannot} skipped")
    }
}

/// What a person needs to know beyond the counts: names of what failed or cannot run, and how a run was lost.
fn fmt_details(machine: &MachineReport, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let noteworthy = machine.tests.iter().filter(|test| test.outcome != Outcome::Ok);
    let mut lines: Vec<String> = noteworthy
        .map(|test| {
            let what = if test.outcome == Outcome::Failed { "failed" } else { "cannot run" };
            format!("{what}: {} ({}) {}", test.name, test.kind, test.reason)
        })
        .collect();
    if !machine.lacking_modules.is_empty() {
        lines.push(format!("modules this kernel does not ship: {}", machine.lacking_modules.join(", ")));
    }
    if machine.malformed > 0 {
        lines.push(format!("failed: {} PICKET-TEST lines could not be read", machine.malformed));
    }
    match &machine.end {
        End::Finished(0) if machine.scenarios_expected && machine.count("kernel", Outcome::Ok) == 0 => {
            lines.push("failed: no scenario ran".to_owned());
        }
        End::Finished(0) => {}
        End::Finished(code) => lines.push(format!("failed: the tests ended with exit code {code}")),
        End::Lost { why, last_lines } => {
            lines.push(format!("failed: {why}; the last lines it printed:"));
            lines.extend(last_lines.iter().map(|line| format!("  | {line}")));
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{}", machine.title)?;
    lines.iter().try_for_each(|line| writeln!(f, "  {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(line: &str) -> Test {
        match Line::parse(line) {
            Line::Test(test) => test,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn test_lines_are_read_among_noise() {
        let read = test(
            "[ 1.2] x PICKET-TEST kind=kernel name=nginx-v6 result=failed reason=\"saw 3 of \"4\" x=1\"\r",
        );
        assert_eq!((read.kind.as_str(), read.name.as_str()), ("kernel", "nginx-v6"));
        assert_eq!((read.outcome, read.reason.as_str()), (Outcome::Failed, "saw 3 of \"4\" x=1"));
        assert_eq!(test("PICKET-TEST kind=kernel name=a result=ok").reason, "");
        assert_eq!(
            test("PICKET-TEST kind=k name=a result=cannot-run reason=\"\"").outcome,
            Outcome::CannotRun
        );
        assert_eq!(Line::parse("PICKET-TEST kind=kernel name=a result=great"), Line::Malformed);
        // A result inside the reason is not a result.
        assert_eq!(Line::parse("PICKET-TEST kind=kernel name=a reason=\"result=ok\""), Line::Malformed);
        assert_eq!(Line::parse("PICKET-VM booted seconds=2.51 linux=6.1"), Line::Booted { seconds: 2.51 });
        assert_eq!(Line::parse("PICKET-VM end exit=3 seconds=9"), Line::End { exit: 3, seconds: 9.0 });
        assert_eq!(Line::parse("[    0.1] Linux version"), Line::Other);
    }

    fn machine(outcome: Outcome, end: End) -> MachineReport {
        let tests = [("machine", Outcome::Ok), ("kernel", outcome)].map(|(kind, outcome)| Test {
            kind: kind.into(),
            name: "t".into(),
            outcome,
            reason: "because".into(),
        });
        MachineReport {
            label: "6.1".into(),
            title: "6.1".into(),
            tests: tests.into(),
            lacking_modules: vec![],
            malformed: 0,
            boot_seconds: Some(2.0),
            seconds: 9.0,
            end,
            scenarios_expected: false,
        }
    }

    #[test]
    fn only_a_machine_that_finished_without_failure_passes() {
        assert!(machine(Outcome::Ok, End::Finished(0)).passed());
        assert!(machine(Outcome::CannotRun, End::Finished(0)).passed());
        assert!(!machine(Outcome::Failed, End::Finished(0)).passed());
        assert!(!machine(Outcome::Ok, End::Finished(1)).passed());
        let lost = End::Lost { why: "no end".into(), last_lines: vec!["panic".into()] };
        assert!(!machine(Outcome::Ok, lost.clone()).passed());
        assert!(!MachineReport { tests: vec![], ..machine(Outcome::Ok, End::Finished(0)) }.passed());
        let none_ran =
            MachineReport { scenarios_expected: true, ..machine(Outcome::CannotRun, End::Finished(0)) };
        assert!(!none_ran.passed());
        assert!(!Summary::default().passed());

        let summary = Summary { machines: vec![machine(Outcome::Failed, lost)] };
        assert_eq!(summary.scenarios(Outcome::Failed), 1);
        let text = summary.to_string();
        for part in ["FAILED", "failed: t (kernel) because", "failed: no end", "  | panic"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
