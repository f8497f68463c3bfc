//! How many tests of each kind ran, failed, could not run.

use std::{fmt::Write as _, time::Duration};

use anyhow::{Result, bail};

use crate::say;

/// Kinds every full run must have tests of. Others that tests name themselves are added to them.
const KINDS: &[&str] = &["unit", "property", "rule case", "doc", "fuzz", "lint", "kernel"];

/// The count so far.
pub struct Report {
    rows: Vec<Row>,
    /// Whether a kind without tests is a failure.
    whole: bool,
}

#[derive(Default)]
struct Row {
    kind: String,
    ran: u64,
    failed: Vec<String>,
    failures: u64,
    could_not_run: Vec<(String, String)>,
    took: Duration,
    left_out: Option<String>,
}

impl Report {
    /// A report with nothing in it; `whole`: every kind must run.
    pub fn new(whole: bool) -> Self {
        let row = |kind: &&str| Row { kind: (*kind).to_owned(), ..Row::default() };
        Self { rows: KINDS.iter().map(row).collect(), whole }
    }

    /// A test passed.
    pub fn passed(&mut self, kind: &str) {
        self.row(kind).ran += 1;
    }

    /// A test failed.
    pub fn failed(&mut self, kind: &str, name: &str) {
        self.counted(kind, name, 1, 1);
    }

    /// A test that stands for many cases ran: `ran` of them, of which `failed` did.
    pub fn counted(&mut self, kind: &str, name: &str, ran: u64, failed: u64) {
        let row = self.row(kind);
        row.ran += ran;
        row.failures += failed;
        if failed > 0 {
            row.failed.push(name.to_owned());
        }
    }

    /// A test could not run here.
    pub fn could_not_run(&mut self, kind: &str, name: &str, reason: &str) {
        self.row(kind).could_not_run.push((name.to_owned(), reason.to_owned()));
    }

    /// A kind was left out on request.
    pub fn leave_out(&mut self, kind: &str, because: &str) {
        self.row(kind).left_out = Some(because.to_owned());
    }

    /// Time spent on a kind.
    pub fn took(&mut self, kind: &str, time: Duration) {
        self.row(kind).took += time;
    }

    /// Prints the table.
    ///
    /// # Errors
    /// A test failed, or a kind had none.
    pub fn conclude(self) -> Result<()> {
        print!("{}", self.table());
        let failures: u64 = self.rows.iter().map(|row| row.failures).sum();
        let ran: u64 = self.rows.iter().map(|row| row.ran).sum();
        let empty = self.empty();
        if failures > 0 {
            bail!("{failures} of {ran} failed");
        }
        if ran == 0 {
            bail!("no test ran");
        }
        if !empty.is_empty() {
            bail!("no test ran of kind: {}", empty.join(", "));
        }
        say::step(&format!("{ran} passed"));
        Ok(())
    }

    fn empty(&self) -> Vec<&str> {
        let empty = |row: &&Row| self.whole && row.ran == 0 && row.left_out.is_none();
        self.rows.iter().filter(empty).map(|row| row.kind.as_str()).collect()
    }

    fn table(&self) -> String {
        let mut text =
            format!("\n{:<12} {:>8} {:>8} {:>14} {:>9}\n", "kind", "ran", "failed", "could not run", "time");
        for row in &self.rows {
            let time = format!("{:.1} s", row.took.as_secs_f64());
            let note = row.left_out.as_ref().map(|why| format!("  left out: {why}")).unwrap_or_default();
            let _ = writeln!(
                text,
                "{:<12} {:>8} {:>8} {:>14} {time:>9}{note}",
                row.kind,
                row.ran,
                row.failures,
                row.could_not_run.len()
            );
        }
        for row in &self.rows {
            for name in &row.failed {
                let _ = writeln!(text, "failed         {}: {name}", row.kind);
            }
            for (name, reason) in &row.could_not_run {
                let _ = writeln!(text, "could not run  {}: {name}: {reason}", row.kind);
            }
        }
        text
    }

    fn row(&mut self, kind: &str) -> &mut Row {
        let at = match self.rows.iter().position(|row| row.kind == kind) {
            Some(at) => at,
            None => {
                self.rows.push(Row { kind: kind.to_owned(), ..Row::default() });
                self.rows.len() - 1
            }
        };
        &mut self.rows[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_every_kind() -> Report {
        let mut report = Report::new(true);
        for kind in KINDS {
            report.passed(kind);
        }
        report
    }

    #[test]
    fn all_kinds_passing_is_success() {
        assert!(with_every_kind().conclude().is_ok());
    }

    #[test]
    fn a_kind_without_tests_fails_the_run_unless_left_out() {
        let mut report = Report::new(true);
        for kind in KINDS.iter().filter(|kind| **kind != "fuzz") {
            report.passed(kind);
        }
        assert_eq!(report.empty(), ["fuzz"]);
        report.leave_out("fuzz", "on request");
        assert!(report.empty().is_empty());
    }

    #[test]
    fn what_could_not_run_does_not_count_as_run() {
        let mut report = Report::new(true);
        report.could_not_run("kernel", "io_uring", "no such kernel");
        assert!(report.empty().contains(&"kernel"));
        assert!(report.table().contains("could not run  kernel: io_uring: no such kernel"));
    }

    #[test]
    fn one_failed_case_fails_the_run_and_is_named() {
        let mut report = with_every_kind();
        report.counted("rule case", "conformance", 500, 1);
        assert!(report.table().contains("failed         rule case: conformance"));
        assert!(report.conclude().is_err());
    }

    #[test]
    fn nothing_run_is_not_success() {
        assert!(Report::new(false).conclude().is_err());
    }
}
