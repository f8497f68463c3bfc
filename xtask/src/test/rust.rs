//! Unit, property and doc tests: what `cargo test` runs.
//!
//! Each test program is asked for its tests and then run with their exact names, so that a program that
//! dies takes its tests into the report as failed, and each kind has its own time.

use std::{
    process::{Command, Output},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use super::{
    libtest::{self, Ended},
    report::Report,
};
use crate::{
    build::{Executable, executables},
    process::{CommandExt as _, cargo, output_within},
    say,
};

/// A test program that runs longer hangs.
const DEADLINE: Duration = Duration::from_secs(900);

/// Runs them all.
pub fn run(only: Option<&str>, seed: u32, report: &mut Report) -> Result<()> {
    say::step("building the tests");
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-run", "--quiet"]);
    // Scenario tests have no harness of Rust's; `kernel` runs them.
    let is_ours = |program: &Executable| program.is_test && program.name != super::kernel::PROGRAM;
    let programs = executables(command)?.into_iter().filter(is_ours);
    say::step("unit and property tests");
    for program in programs {
        program_tests(&program, only, seed, report)?;
    }
    doc_tests(only, report)
}

/// Kind of a test, by its path.
fn kind(name: &str) -> &'static str {
    let property = name.split("::").any(|part| part == "properties" || part.starts_with("prop_"));
    if property { "property" } else { "unit" }
}

fn program_tests(program: &Executable, only: Option<&str>, seed: u32, report: &mut Report) -> Result<()> {
    let command = || {
        let mut command = Command::new(&program.path);
        command.current_dir(&program.package_dir).env("CARGO_MANIFEST_DIR", &program.package_dir);
        command.env("PROPTEST_RNG_SEED", seed.to_string());
        command
    };
    let list = command().args(["--list", "--format", "terse"]).read()?;
    let mut names = libtest::read_list(&list);
    names.retain(|name| only.is_none_or(|pattern| name.contains(pattern)));
    for wanted in ["unit", "property"] {
        let tests: Vec<&String> = names.iter().filter(|name| kind(name) == wanted).collect();
        if tests.is_empty() {
            continue;
        }
        let start = Instant::now();
        let mut command = command();
        command.args(["--exact", "--show-output"]).args(&tests);
        let output = output_within(command, DEADLINE)?;
        let text = String::from_utf8_lossy(&output.stdout);
        let read = libtest::read(&text).with_context(|| format!("tests of {}", program.name))?;
        let (mut good, mut bad) = (0, 0);
        for name in &tests {
            let full = format!("{}::{name}", program.name);
            match read.tests.get(*name) {
                Some(Ended::Ok) => {
                    good += 1;
                    report.passed(wanted);
                }
                Some(Ended::Ignored(why)) => report.could_not_run(wanted, &full, why),
                Some(Ended::Failed) => {
                    bad += 1;
                    report.failed(wanted, &format!("{full}: {}", read.why(name)));
                }
                None => {
                    bad += 1;
                    report.failed(wanted, &format!("{full} (no result: {})", output.status));
                }
            }
        }
        for cases in &read.cases {
            report.counted(&cases.kind, &program.name, cases.ran, cases.failed);
        }
        report.took(wanted, start.elapsed());
        if bad > 0 {
            tell(&program.name, &read, &text, &output);
        }
        let of = if good == tests.len() { String::new() } else { format!(" of {}", tests.len()) };
        say::detail(&format!(
            "{:<14} {:<14} {wanted:<9} {good}{of} passed, {:.1} s",
            program.package,
            program.name,
            start.elapsed().as_secs_f64()
        ));
    }
    Ok(())
}

/// Prints what a reader needs of a run that was not whole: what failed tests printed and, if the program
/// itself died, the end of all it said.
fn tell(program: &str, read: &libtest::Output, text: &str, output: &Output) {
    for (name, printed) in &read.failures {
        eprintln!("---- {program}::{name}\n{}", last_lines(printed));
    }
    if read.failures.is_empty() {
        eprintln!("{}", last_lines(text));
    }
    let beside = String::from_utf8_lossy(&output.stderr);
    if !beside.trim().is_empty() {
        eprintln!("---- {program}, standard error\n{}", last_lines(&beside));
    }
}

/// The last lines of a text, with a word about the others.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let over = lines.len().saturating_sub(MOST_LINES);
    let said = if over > 0 { format!("({over} lines before)\n") } else { String::new() };
    said + &lines[over..].join("\n")
}

/// Lines shown of what one failed test printed.
const MOST_LINES: usize = 200;

fn doc_tests(only: Option<&str>, report: &mut Report) -> Result<()> {
    say::step("doc tests");
    let start = Instant::now();
    let mut command = cargo();
    command.args(["test", "--workspace", "--doc", "--no-fail-fast"]);
    if let Some(pattern) = only {
        command.args(["--", pattern]);
    }
    let output = output_within(command, DEADLINE)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let read = libtest::read(&text).context("doc tests")?;
    let mut failed = 0;
    for (name, ended) in &read.tests {
        match ended {
            Ended::Ok => report.passed("doc"),
            Ended::Ignored(why) => report.could_not_run("doc", name, why),
            Ended::Failed => {
                failed += 1;
                report.failed("doc", &format!("{name}: {}", read.why(name)));
            }
        }
    }
    if failed > 0 || !output.status.success() {
        tell("doc tests", &read, &text, &output);
    }
    if failed == 0 && !output.status.success() {
        report.failed("doc", &format!("cargo test --doc ({})", output.status));
    }
    report.took("doc", start.elapsed());
    say::detail(&format!("{} doc tests, {failed} failed", read.tests.len()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{MOST_LINES, kind, last_lines};

    #[test]
    fn the_end_of_a_long_text_is_shown() {
        assert_eq!(last_lines("a\nb"), "a\nb");
        let long = last_lines(&"x\n".repeat(MOST_LINES + 7));
        assert!(long.starts_with("(7 lines before)\nx\n"));
    }

    #[test]
    fn properties_are_told_by_their_path() {
        assert_eq!(kind("stream::properties::any_split"), "property");
        assert_eq!(kind("http::prop_roundtrip"), "property");
        assert_eq!(kind("http::tests::properties_of_a_head"), "unit");
    }
}
