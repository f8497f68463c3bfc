//! `picket run`.

use std::path::PathBuf;

use tracing_subscriber::EnvFilter;

use super::{CliError, Exit, args::LogLevel, paths::Paths};

/// How the agent is to run: the command line, checked. The configuration file is still to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// State, socket and pins.
    pub paths: Paths,
    /// Configuration file; none named: `/etc/picket/picket.toml` if it is there.
    pub config: Option<PathBuf>,
    /// Only services in this cgroup v2 directory and below; wins over the configuration.
    pub cgroup: Option<PathBuf>,
    /// Interfaces to enforce the denylist on; not empty: wins over the configuration.
    pub deny: Vec<String>,
    /// Print transactions without matches too.
    pub all: bool,
    /// One JSON object a line.
    pub json: bool,
    /// Rule files besides those of the configuration.
    pub rules: Vec<PathBuf>,
    /// Remove pins and enforcement, then exit.
    pub clean: bool,
    /// How much is logged.
    pub log_level: LogLevel,
}

/// Runs the agent until it is stopped.
pub(super) fn run(options: RunOptions, colour: bool) -> Result<Exit, CliError> {
    if !rustix::process::geteuid().is_root() {
        return Err(CliError::NotRoot { what: "picket run" });
    }
    log_to_stderr(options.log_level, colour);
    crate::pipeline::run(options).map_err(CliError::Agent)?;
    Ok(Exit::Done)
}

/// Logs are for people, on standard error; events go to standard output.
fn log_to_stderr(level: LogLevel, colour: bool) {
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    let filter = EnvFilter::try_from_env("PICKET_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // Errors when a test has set one up already.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_target(false)
        .try_init();
}
