//! Other programs: run, read, as root.

use std::{
    ffi::OsStr,
    io::Read,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{paths, say};

/// Running a command and making sense of how it ended.
pub trait CommandExt {
    /// Runs to the end; anything but exit code 0 is an error that names the command.
    fn run(&mut self) -> Result<()>;
    /// Runs to the end and gives standard output; standard error goes to ours.
    fn read(&mut self) -> Result<String>;
    /// Runs quietly to the end: whether it exited with 0. A program that isn't there did not.
    fn succeeds(&mut self) -> bool;
    /// The command as a person would type it.
    fn line(&self) -> String;
}

impl CommandExt for Command {
    fn run(&mut self) -> Result<()> {
        let status = self.status().with_context(|| cannot_start(self))?;
        if !status.success() {
            bail!("`{}` ended with {status}", self.line());
        }
        Ok(())
    }

    fn read(&mut self) -> Result<String> {
        let output = self.stderr(Stdio::inherit()).output().with_context(|| cannot_start(self))?;
        if !output.status.success() {
            bail!("`{}` ended with {}", self.line(), output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn succeeds(&mut self) -> bool {
        self.stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    fn line(&self) -> String {
        let words = std::iter::once(self.get_program()).chain(self.get_args());
        words.map(quoted).collect::<Vec<_>>().join(" ")
    }
}

/// The cargo that runs us, in the repository, without what it set for us alone.
pub fn cargo() -> Command {
    let mut command =
        Command::new(std::env::var_os("CARGO").as_deref().unwrap_or_else(|| OsStr::new("cargo")));
    command.current_dir(paths::root());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    command
}

/// Whether we are root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// `program` as root: itself when we are root, else through sudo, and says so.
///
/// # Errors
/// Not root, and no sudo.
pub fn as_root(program: impl AsRef<OsStr>, why: &str) -> Result<Command> {
    if is_root() {
        return Ok(Command::new(program));
    }
    let program = program.as_ref();
    let Some(sudo) = paths::find_program("sudo") else {
        bail!(
            "{why} needs root, and there is no sudo: run it as root, for instance with `su -c 'cargo xtask …'`"
        );
    };
    say::detail(&format!("{why} needs root: using sudo"));
    let mut command = Command::new(sudo);
    command.arg("--").arg(program);
    Ok(command)
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start `{}`", command.line())
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Runs `command` and gives what it printed; kills it at the deadline.
///
/// # Errors
/// It could not be started, or was still running at the deadline.
pub fn output_within(mut command: Command, deadline: Duration) -> Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| cannot_start(&command))?;
    let reader = |pipe: Option<Box<dyn Read + Send>>| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            pipe.map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut bytes)).map(|_| bytes)
        })
    };
    let stdout = reader(child.stdout.take().map(|pipe| Box::new(pipe) as _));
    let stderr = reader(child.stderr.take().map(|pipe| Box::new(pipe) as _));
    let end = Instant::now() + deadline;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > end {
            child.kill()?;
            child.wait()?;
            bail!("`{}` still ran after {} s", command.line(), deadline.as_secs());
        }
        thread::sleep(Duration::from_millis(20));
    };
    let read = |thread: thread::JoinHandle<std::io::Result<Vec<u8>>>| {
        thread.join().unwrap_or_else(|_| Err(std::io::Error::other("the reader died")))
    };
    Ok(Output { status, stdout: read(stdout)?, stderr: read(stderr)? })
}
