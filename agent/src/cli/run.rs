//! `picket run`.

use std::path::PathBuf;

use tracing::level_filters::LevelFilter;
use tracing::warn;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

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
    /// Where the web UI is served; wins over the configuration.
    pub ui: Option<std::net::SocketAddr>,
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
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let asked = std::env::var("PICKET_LOG").ok();
    let targets = asked.as_deref().map(str::parse::<Targets>);
    let (targets, problem) = match targets {
        Some(Ok(targets)) => (targets, None),
        Some(Err(error)) => (Targets::new().with_default(level), Some(error)),
        None => (Targets::new().with_default(level), None),
    };
    let lines =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colour).with_target(false);
    // Errors when a test has set one up already.
    let _ = tracing_subscriber::registry().with(lines).with(targets).try_init();
    if let Some(error) = problem {
        warn!(
            "PICKET_LOG is left aside: {error}; write a level (debug) or levels of modules (picket::stream=debug,info)"
        );
    }
}
