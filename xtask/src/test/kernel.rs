//! The scenarios on this kernel: `tests/tests/kernel`, run as root, which prints a line
//! `PICKET-TEST kind=KIND name=NAME result=ok|failed|cannot-run reason="…"` for each.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::Stdio,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};

use super::report::Report;
use crate::{
    build::executables,
    paths,
    process::{as_root, cargo},
    say,
};

/// Name of the test program.
pub const PROGRAM: &str = "kernel";

/// Its exit code when no scenario ran.
pub const NOTHING_RAN: i32 = 3;

/// Builds and runs the scenarios against the agent at `agent`.
pub fn run(only: Option<&str>, agent: &Path, report: &mut Report) -> Result<()> {
    run_with(only, agent, &[], report)
}

/// The same, with more in the environment of the scenarios: `NAME=value`.
pub fn run_with(only: Option<&str>, agent: &Path, more: &[String], report: &mut Report) -> Result<()> {
    say::step("kernel scenarios");
    let mut command = cargo();
    command.args(["test", "--package", "picket-tests", "--test", PROGRAM, "--no-run", "--quiet"]);
    let program = executables(command)?.into_iter().find(|program| program.name == PROGRAM);
    let program = program.context("cargo built no scenarios")?;

    let start = Instant::now();
    let mut command = as_root("env", "loading programs into the kernel")?;
    command
        .current_dir(&program.package_dir)
        .arg(format!("PICKET_BIN={}", agent.display()))
        .arg(format!("PICKET_PROGRAMS={}", paths::programs().display()))
        .args(more)
        .arg(&program.path)
        .args(only.into_iter().flat_map(|pattern| ["--only", pattern]))
        .stdout(Stdio::piped());
    let mut child = command.spawn().context("cannot start the scenarios")?;
    let stdout = child.stdout.take().context("its standard output is a pipe")?;
    let mut failed = 0;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        println!("{line}");
        let Some(text) = line.strip_prefix("PICKET-TEST ") else { continue };
        let test = parse(text)?;
        match test.result {
            "ok" => report.passed(test.kind),
            "failed" => {
                failed += 1;
                report.failed(test.kind, &format!("{}: {}", test.name, test.reason));
            }
            "cannot-run" => report.could_not_run(test.kind, test.name, test.reason),
            other => bail!("scenario {} ended with `{other}`: expected ok, failed or cannot-run", test.name),
        }
    }
    let status = child.wait()?;
    let nothing_asked_for = only.is_some() && status.code() == Some(NOTHING_RAN);
    if !status.success() && failed == 0 && !nothing_asked_for {
        report.failed(PROGRAM, &format!("the scenarios as a whole ({status})"));
    }
    report.took(PROGRAM, start.elapsed());
    Ok(())
}

struct Line<'a> {
    kind: &'a str,
    name: &'a str,
    result: &'a str,
    reason: &'a str,
}

/// `kind=… name=… result=… [reason="…"] …`
fn parse(text: &str) -> Result<Line<'_>> {
    let (fields, rest) = text.split_once(" reason=\"").unwrap_or((text, ""));
    let reason = rest.rsplit_once('"').map_or(rest, |(reason, _)| reason);
    let field = |key: &str| {
        let mut words = fields.split_whitespace();
        words.find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    };
    match (field("kind"), field("name"), field("result")) {
        (Some(kind), Some(name), Some(result)) => Ok(Line { kind, name, result, reason }),
        _ => bail!("expected `PICKET-TEST kind=… name=… result=…`, found `PICKET-TEST {text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_scenario_line_is_read_with_a_reason_of_several_words() {
        let line = parse("kind=kernel name=go_tls result=cannot-run reason=\"no Go compiler, name=x\" ms=3")
            .unwrap();
        assert_eq!((line.kind, line.name, line.result), ("kernel", "go_tls", "cannot-run"));
        assert_eq!(line.reason, "no Go compiler, name=x");
    }

    #[test]
    fn a_line_without_a_result_is_an_error() {
        assert!(parse("kind=kernel name=x").is_err());
    }
}
