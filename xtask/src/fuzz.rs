//! `cargo xtask fuzz`: the targets of `tests/src/fuzz/`, guided by coverage.
//!
//! libFuzzer drives; the compiler's coverage pass (`-Cpasses=sancov-module`, stable) tells it what an
//! input reached. No sanitizer of memory is linked: what is fuzzed is safe Rust, so a finding is a
//! panic, an overflow, a failed assertion, an input that takes seconds or gigabytes.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    build::executables,
    machine, paths,
    process::{CommandExt as _, cargo},
    say,
    setup::{self, Group},
};

/// An input that takes longer is a finding, seconds.
const SLOW: u32 = 10;
/// An input that takes more memory is a finding, MiB.
const HUNGRY: u32 = 2048;
/// Coverage of edges, values compared, and where they are, for libFuzzer.
const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg=fuzzing",
];

#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask fuzz --list
  cargo xtask fuzz http --for 60s
  cargo xtask fuzz http --input tests/crashes/http/crash-1f8a…    run one input

Inputs that reach something new are kept in target/fuzz/NAME, findings in tests/crashes/NAME;
both, and tests/corpus/NAME, are where the next run starts.")]
pub struct Args {
    /// The target
    #[arg(required_unless_present = "list")]
    name: Option<String>,
    /// The targets there are
    #[arg(long)]
    list: bool,
    /// How long, such as 60s, 10m, 2h
    #[arg(long = "for", value_parser = duration, default_value = "60s")]
    time: Duration,
    /// Start of the random numbers [default: from the clock, printed]
    #[arg(long)]
    seed: Option<u32>,
    /// Longest input, bytes [default: libFuzzer's, 4096 or the longest of the corpus]
    #[arg(long)]
    max_len: Option<u32>,
    /// Run this input only
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
}

/// What a fuzz run came to.
pub struct Outcome {
    /// Inputs run.
    pub executions: u64,
    /// Where the input of a finding was put.
    pub finding: Option<PathBuf>,
}

pub fn run(args: &Args) -> Result<()> {
    let targets = targets()?;
    let Some(name) = args.name.as_ref().filter(|_| !args.list) else {
        for target in targets {
            println!("{target}");
        }
        return Ok(());
    };
    if !targets.contains(name) {
        bail!("no fuzz target `{name}`; there are: {}", targets.join(", "));
    }
    setup::ensure(&[Group::Fuzz])?;
    let fuzzer = Fuzzer::build()?;
    if let Some(input) = &args.input {
        return fuzzer.command(name).arg(input).run();
    }
    let seed = args.seed.unwrap_or_else(seed);
    say::step(&format!("fuzzing {name} for {} s, --seed {seed}", args.time.as_secs()));
    let outcome = fuzzer.run(name, args.time, seed, args.max_len, true)?;
    if let Some(finding) = outcome.finding {
        bail!("{}", found(name, &finding));
    }
    say::step(&format!("{name}: {} inputs, nothing found", outcome.executions));
    Ok(())
}

/// The targets: the files of `tests/src/fuzz/`. A test there holds that each is in `TARGETS`.
pub fn targets() -> Result<Vec<String>> {
    let dir = paths::root().join("tests/src/fuzz");
    let entries = fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if path.extension().is_some_and(|kind| kind == "rs") && stem != "mod" {
            names.push(stem.into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// What to tell a person about a finding.
pub fn found(name: &str, finding: &Path) -> String {
    let input = paths::shown(finding);
    format!("fuzzing {name} found something: {input}; again: cargo xtask fuzz {name} --input {input}")
}

/// A number from the clock: other inputs each time, the same again with `--seed`.
pub fn seed() -> u32 {
    // libFuzzer takes 0 for "choose one".
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.subsec_nanos().max(1))
}

/// The built fuzz program, with all targets in it.
pub struct Fuzzer {
    program: PathBuf,
}

impl Fuzzer {
    /// Builds it, with coverage, beside the normal build.
    pub fn build() -> Result<Self> {
        say::step("building the fuzz targets with coverage");
        let mut command = cargo();
        command
            .args(["build", "--package", "picket-tests", "--bin", "fuzz", "--features", "libfuzzer"])
            .args(["--profile", "fuzz"])
            // Naming the target keeps the flags away from build scripts and macros.
            .args(["--target", &machine::host_target(), "--target-dir"])
            .arg(paths::target().join("fuzz-build"))
            .env_remove("RUSTFLAGS")
            .env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\x1f"));
        let built = executables(command)?;
        let fuzz = built.into_iter().find(|executable| executable.name == "fuzz");
        Ok(Self { program: fuzz.context("cargo built no `fuzz`")?.path })
    }

    /// Fuzzes one target; `aloud` shows libFuzzer's own words.
    pub fn run(
        &self,
        name: &str,
        time: Duration,
        seed: u32,
        max_len: Option<u32>,
        aloud: bool,
    ) -> Result<Outcome> {
        let kept = paths::target().join("fuzz").join(name);
        let crashes = paths::root().join("tests/crashes").join(name);
        let corpus = paths::root().join("tests/corpus").join(name);
        fs::create_dir_all(&kept)?;
        fs::create_dir_all(&crashes)?;
        let mut command = self.command(name);
        command
            .arg(format!("-max_total_time={}", time.as_secs().max(1)))
            .arg(format!("-seed={seed}"))
            .arg(format!("-artifact_prefix={}/", crashes.display()))
            .arg("-print_final_stats=1")
            .args(max_len.map(|bytes| format!("-max_len={bytes}")))
            .arg(&kept)
            .arg(&crashes)
            .args(corpus.is_dir().then_some(&corpus));
        let outcome = follow(command, aloud);
        // Only when empty: findings stay.
        let _ = fs::remove_dir(&crashes);
        let _ = crashes.parent().map(fs::remove_dir);
        outcome
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(paths::root())
            .env("PICKET_FUZZ_TARGET", name)
            .arg(format!("-timeout={SLOW}"))
            .arg(format!("-rss_limit_mb={HUNGRY}"));
        command
    }
}

/// Runs libFuzzer and reads what it says.
fn follow(mut command: Command, aloud: bool) -> Result<Outcome> {
    let mut child = command.stderr(Stdio::piped()).spawn().context("cannot start the fuzz program")?;
    let stderr = child.stderr.take().context("its standard error is a pipe")?;
    let mut said = Vec::new();
    let mut outcome = Outcome { executions: 0, finding: None };
    for line in BufReader::new(stderr).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        if aloud {
            eprintln!("{line}");
        }
        if let Some(number) = line.strip_prefix("stat::number_of_executed_units:") {
            outcome.executions = number.trim().parse().unwrap_or(0);
        }
        if let Some((_, path)) = line.split_once("Test unit written to ") {
            outcome.finding = Some(PathBuf::from(path.trim()));
        }
        said.push(line);
    }
    let status = child.wait()?;
    if !status.success() && !aloud {
        eprintln!("{}", said.join("\n"));
    }
    if !status.success() && outcome.finding.is_none() {
        bail!("the fuzz program ended with {status}");
    }
    Ok(outcome)
}

/// Reads `60s`, `10m`, `2h` or plain seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.char_indices().find(|(_, c)| !c.is_ascii_digit()) {
        Some((at, _)) => text.split_at(at),
        None => (text, "s"),
    };
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => 0,
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds)) {
        Some(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
        _ => Err("expected a time such as 60s, 10m or 2h".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        assert_eq!(duration("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("10m"), Ok(Duration::from_secs(600)));
        for wrong in ["", "s", "0s", "5x", "-1s", "99999999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_finding_is_read_from_what_libfuzzer_says() {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "echo 'artifact_prefix='\\''x/'\\''; Test unit written to x/crash-12' >&2; \
             echo 'stat::number_of_executed_units: 77' >&2; exit 77",
        ]);
        let outcome = follow(command, true).unwrap();
        assert_eq!(outcome.executions, 77);
        assert_eq!(outcome.finding, Some(PathBuf::from("x/crash-12")));
    }

    #[test]
    fn a_program_that_fails_without_a_finding_is_an_error() {
        let mut command = Command::new("sh");
        command.args(["-c", "exit 1"]);
        assert!(follow(command, true).is_err());
    }
}
