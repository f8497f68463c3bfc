//! What Rust's test harness prints, read.
//!
//! Its JSON is unstable, the text has not changed in years: `test NAME ... RESULT` a line, then
//! sections with what tests printed, then a summary, with which the lines are compared.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

/// How one test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Passed.
    Ok,
    /// Failed.
    Failed,
    /// Marked `#[ignore]`, with the reason given there.
    Ignored(String),
}

/// Cases that a test says it ran: a line `PICKET-CASES kind=KIND ran=N failed=M`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cases {
    /// The kind in the report; `_` stands for a space.
    pub kind: String,
    /// Cases run.
    pub ran: u64,
    /// Of these, failed.
    pub failed: u64,
}

/// One or several harnesses' output, read.
#[derive(Debug, Default)]
pub struct Output {
    /// Every test with its result line.
    pub tests: BTreeMap<String, Ended>,
    /// Cases counted by tests.
    pub cases: Vec<Cases>,
    /// What each failed test printed, its panic included, by its name.
    pub failures: BTreeMap<String, String>,
}

impl Output {
    /// Keeps what a test printed if it failed.
    fn keep(&mut self, printed: Option<(String, String)>) {
        if let Some((name, text)) = printed
            && self.tests.get(&name) == Some(&Ended::Failed)
        {
            self.failures.insert(name, text);
        }
    }

    /// In one line, why the test `name` failed: where it panicked and with what.
    pub fn why(&self, name: &str) -> String {
        let mut lines = self.failures.get(name).map(String::as_str).unwrap_or_default().lines();
        let Some((_, place)) = lines.find_map(|line| line.split_once("panicked at ")) else {
            return "see above".to_owned();
        };
        let message = lines.next().unwrap_or_default().trim();
        format!("{place} {message}").chars().take(MOST_OF_A_REASON).collect()
    }
}

/// Characters of a reason in the report.
const MOST_OF_A_REASON: usize = 300;

/// Reads the output of harnesses run with `--show-output`.
///
/// # Errors
/// A summary that does not agree with the lines before it.
pub fn read(text: &str) -> Result<Output> {
    let mut output = Output::default();
    let mut counts = [0u64; 3];
    let mut among_results = true;
    // A test may have started a harness itself, whose output is among what it printed.
    let mut disagrees = None;
    let mut printed: Option<(String, String)> = None;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            output.keep(printed.replace((name.to_owned(), String::new())));
        } else if let Some((_, text)) = &mut printed {
            if line == "failures:" || line == "successes:" {
                output.keep(printed.take());
            } else {
                text.extend([line, "\n"]);
            }
        }
        if among_results
            && line.starts_with("running ")
            && (line.ends_with(" tests") || line.ends_with(" test"))
        {
            counts = [0; 3];
        } else if line == "failures:" || line == "successes:" {
            among_results = false;
        } else if let Some(summary) = line.strip_prefix("test result: ") {
            disagrees = compare(summary, counts).err();
            among_results |= disagrees.is_none();
        } else if let Some(cases) = line.trim().strip_prefix("PICKET-CASES ") {
            output.cases.push(read_cases(cases)?);
        } else if among_results && let Some((name, ended)) = read_test(line) {
            counts[match ended {
                Ended::Ok => 0,
                Ended::Failed => 1,
                Ended::Ignored(_) => 2,
            }] += 1;
            output.tests.insert(name, ended);
        }
    }
    disagrees.map_or(Ok(output), Err)
}

/// The names a harness prints with `--list --format terse`.
pub fn read_list(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

fn read_test(line: &str) -> Option<(String, Ended)> {
    let (before, result) = line.rsplit_once(" ... ")?;
    // Something printed past the harness may stand before, on the same line.
    let name = before.strip_prefix("test ").or_else(|| before.split_once("test ").map(|(_, name)| name))?;
    let name = name.strip_suffix(" - should panic").unwrap_or(name);
    let ended = match result.split_once([' ', ',']).map_or(result, |(word, _)| word) {
        "ok" => Ended::Ok,
        "FAILED" => Ended::Failed,
        "ignored" => Ended::Ignored(result.trim_start_matches("ignored").trim_start_matches(", ").to_owned()),
        _ => return None,
    };
    Some((name.to_owned(), ended))
}

/// `ok. 12 passed; 0 failed; 1 ignored; …` against the lines counted.
fn compare(summary: &str, counts: [u64; 3]) -> Result<()> {
    for (word, counted) in ["passed", "failed", "ignored"].iter().zip(counts) {
        let said = summary
            .split([';', '.'])
            .find_map(|part| part.trim().strip_suffix(word))
            .and_then(|number| number.trim().parse::<u64>().ok());
        if said != Some(counted) {
            bail!("{counted} tests {word} by their lines, but the harness says: {summary}");
        }
    }
    Ok(())
}

fn read_cases(text: &str) -> Result<Cases> {
    let value = |key: &str| {
        text.split_whitespace()
            .find_map(|word| word.strip_prefix(key).and_then(|rest| rest.strip_prefix('=')))
    };
    let number = |key: &str| value(key).and_then(|number| number.parse::<u64>().ok());
    match (value("kind"), number("ran"), number("failed")) {
        (Some(kind), Some(ran), Some(failed)) => Ok(Cases { kind: kind.replace('_', " "), ran, failed }),
        _ => bail!("expected `PICKET-CASES kind=KIND ran=N failed=M`, found `PICKET-CASES {text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
running 5 tests
test http::head::tests::short ... ok
test http::properties::any_split ... FAILED
noise without an end test stream::wraps ... ok
test slow ... ignored, needs an hour
test dies - should panic ... ok

successes:

---- http::head::tests::short stdout ----
test fake ... ok
PICKET-CASES kind=rule_case ran=523 failed=0

failures:

---- http::properties::any_split stdout ----
running 1 test
test other ... FAILED
test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.01s
thread 'x' (12) panicked at src/http.rs:7:9:
left is not right

failures:
    http::properties::any_split

test result: FAILED. 3 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s
";

    #[test]
    fn every_result_is_read_and_printed_text_is_not_taken_for_one() {
        let output = read(TEXT).unwrap();
        assert_eq!(output.tests.len(), 5);
        assert_eq!(output.tests["http::properties::any_split"], Ended::Failed);
        assert_eq!(output.tests["stream::wraps"], Ended::Ok);
        assert_eq!(output.tests["slow"], Ended::Ignored("needs an hour".to_owned()));
        assert_eq!(output.tests["dies"], Ended::Ok);
        assert_eq!(output.failures.len(), 1);
        assert!(output.failures["http::properties::any_split"].contains("test other ... FAILED"));
        assert_eq!(output.why("http::properties::any_split"), "src/http.rs:7:9: left is not right");
        assert_eq!(output.cases, [Cases { kind: "rule case".to_owned(), ran: 523, failed: 0 }]);
    }

    #[test]
    fn a_summary_that_counts_more_than_was_read_is_an_error() {
        let text = TEXT.replace("3 passed", "4 passed");
        assert!(read(&text).unwrap_err().to_string().contains("3 tests passed by their lines"));
    }

    #[test]
    fn doc_tests_of_several_crates_are_read_together() {
        let text = "
running 1 test
test agent/src/lib.rs - picket (line 12) ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.40s

running 1 test
test common/src/lib.rs - (line 3) - compile ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s
";
        let output = read(text).unwrap();
        assert_eq!(output.tests["agent/src/lib.rs - picket (line 12)"], Ended::Ok);
        assert_eq!(output.tests.len(), 2);
    }

    #[test]
    fn cases_that_cannot_be_read_are_an_error() {
        assert!(read("PICKET-CASES kind=rule_case ran=many failed=0").is_err());
    }

    #[test]
    fn the_list_of_tests_is_read() {
        assert_eq!(read_list("a::b: test\nc: test\nbench: benchmark\n"), ["a::b", "c"]);
    }
}
