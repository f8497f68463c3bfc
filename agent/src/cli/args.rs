//! What the command line takes.

mod asking;
mod lists;
mod rules;
mod services;

use std::{ffi::OsString, path::PathBuf};

pub use asking::{
    ActorsAction, ActorsArgs, Asking, EndpointsArgs, EventsAction, EventsArgs, ReasonWord, SignalsAction,
    SignalsArgs, StatusWord, TailArgs, TriageArgs, UsersAction, UsersArgs,
};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;
pub use lists::{
    AuditArgs, BlockArgs, DenylistArgs, ExportArgs, ImportArgs, PasslistAction, PasslistArgs, RoleWord,
    TokenAction, UiAction, UnblockArgs, Whom,
};
pub use rules::{
    DetectionAction, ExcludeArgs, ExclusionsAction, RulesAction, SaveArgs, TryArgs, UseArgs, Whose,
};
pub use services::{ServicesAction, ServicesArgs};

use super::{paths::Paths, run::RunOptions};
use crate::api::net;

const OVERVIEW: &str = "\
Examples:
  sudo picket doctor                            what this kernel allows
  sudo picket run                               watch this host; nothing is blocked
  sudo picket run --deny eth0                   the same, with a denylist in force on eth0
  sudo picket services                          what it found listening
  sudo picket signals                           what a person should look at
  sudo picket tail                              what happens, as it happens
  sudo picket block 203.0.113.7 --for 10m       keep an address out

Exit codes:
  0  done
  1  failed (doctor: Picket cannot watch this host)
  2  the command line, a query or the configuration is wrong
  3  no agent runs
  4  the agent refused: passlisted, no such entry, event or signal, table full
  5  this user, or this token, may not: use sudo

Environment:
  NO_COLOR    no colour, whatever the output is
  PICKET_LOG  log filter for run, such as picket=debug; wins over --log-level";

/// Watches the HTTP requests that reach the services of this host, from the kernel; judges them, and
/// keeps attackers out.
#[derive(Debug, Parser)]
#[command(name = "picket", version, after_help = OVERVIEW, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub struct Cli {
    /// JSON for machines instead of text
    #[arg(long, global = true)]
    pub json: bool,

    /// Directory of an agent of its own: state, socket and pins are derived from it, so that several
    /// agents run side by side [default: /var/lib/picket]
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,

    /// An agent elsewhere, such as https://host.example:7181, with --token-file
    #[arg(long, global = true, value_name = "URL", requires = "token_file", conflicts_with = "state_dir")]
    pub api: Option<String>,

    /// With --api: the file that holds the token
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// With --api: certificates (PEM) to trust [default: those of the system]
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// Times as they are in UTC, instead of "3 min ago"
    #[arg(long, global = true)]
    pub utc: bool,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the agent, in the foreground
    #[command(after_help = RUN)]
    Run(Box<RunArgs>),
    /// Say what this kernel allows, what each missing thing costs, and how to get it
    #[command(after_help = DOCTOR)]
    Doctor(DoctorArgs),
    /// Show what a person should look at, tell the story of one, say what became of it
    #[command(after_help = asking::SIGNALS)]
    Signals(SignalsArgs),
    /// Show requests that were kept: attacks, and what happened to the business
    #[command(after_help = asking::EVENTS)]
    Events(EventsArgs),
    /// Show events or signals as they happen
    #[command(after_help = asking::TAIL)]
    Tail(TailArgs),
    /// Show the services that had requests, or set what is done about attacks on one
    #[command(after_help = services::SERVICES)]
    Services(ServicesArgs),
    /// Show the routes of services
    #[command(after_help = asking::ENDPOINTS)]
    Endpoints(EndpointsArgs),
    /// Show users with events
    #[command(after_help = asking::USERS)]
    Users(UsersArgs),
    /// Show client addresses with events
    #[command(after_help = asking::ACTORS)]
    Actors(ActorsArgs),
    /// Block an address, network or user
    #[command(after_help = lists::BLOCK)]
    Block(BlockArgs),
    /// End a block
    #[command(after_help = lists::UNBLOCK)]
    Unblock(UnblockArgs),
    /// Show who is blocked
    #[command(after_help = lists::DENYLIST)]
    Denylist(DenylistArgs),
    /// Show or change who is never blocked
    #[command(after_help = lists::PASSLIST)]
    Passlist(PasslistArgs),
    /// Show who changed what
    #[command(after_help = lists::AUDIT)]
    Audit(AuditArgs),
    /// Write configuration and lists into a file
    #[command(after_help = lists::EXPORT)]
    Export(ExportArgs),
    /// Take over configuration and lists from a file
    #[command(after_help = lists::IMPORT)]
    Import(ImportArgs),
    /// Show what was seen, and what was not
    #[command(after_help = STATS)]
    Stats(StatsArgs),
    /// Check, show and test rule sets
    #[command(after_help = rules::RULES)]
    Rules {
        /// What to do.
        #[command(subcommand)]
        action: RulesAction,
    },
    /// Show who is told of signals, and test whether it arrives
    #[command(after_help = super::notify::HELP)]
    Notify {
        /// What to do.
        #[command(subcommand)]
        action: super::notify::NotifyAction,
    },
    /// Judge requests from a file: the rule engine on its own
    #[command(after_help = EVAL)]
    Eval(EvalArgs),
    /// Show or change who may use the API over TCP
    #[command(after_help = lists::TOKEN)]
    Token {
        /// What to do.
        #[command(subcommand)]
        action: TokenAction,
    },
    /// Log in to the web UI
    #[command(after_help = lists::UI)]
    Ui {
        /// What to do.
        #[command(subcommand)]
        action: UiAction,
    },
    /// Show the version
    #[command(after_help = VERSION)]
    Version,
}

const RUN: &str = "\
Without options Picket only watches: nothing is blocked, no network port is opened. SIGHUP reads
the configuration again; SIGTERM and Ctrl-C stop the agent. Blocks and what enforces them stay in
the kernel when the agent ends, whatever ends it; --clean removes them.

Examples:
  sudo picket run                               watch, print what is suspicious
  sudo picket run --json --all | jq .           every request as a JSON line
  sudo picket run --config /etc/picket/picket.toml
  sudo picket run --deny eth0 --deny eth1       enforce the denylist there (XDP)
  sudo picket run --cgroup /sys/fs/cgroup/system.slice/nginx.service
  sudo picket run --ui                          watch, with the web UI; then: picket ui login
  sudo picket run --state-dir /var/lib/picket-test
  sudo picket run --clean                       remove every trace from the kernel, and exit";

/// `picket run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Configuration file (TOML) [default: /etc/picket/picket.toml if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Only services in this cgroup v2 directory and below
    #[arg(long, value_name = "PATH")]
    pub cgroup: Option<PathBuf>,
    /// Enforce the denylist on this interface (may be repeated)
    #[arg(long, value_name = "IFACE", value_parser = interface)]
    pub deny: Vec<String>,
    /// Print every transaction, also those without matches
    #[arg(long)]
    pub all: bool,
    /// More rules, besides those compiled in (may be repeated)
    #[arg(long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,
    /// Serve the web UI; elsewhere than on loopback it needs the certificate of [api] [default: 127.0.0.1:7180]
    #[arg(long, value_name = "ADDR:PORT", num_args = 0..=1, default_missing_value = "127.0.0.1:7180", hide_default_value = true)]
    pub ui: Option<std::net::SocketAddr>,
    /// How much is logged to standard error
    #[arg(long, value_name = "LEVEL", value_enum, default_value = "info")]
    pub log_level: LogLevel,
    /// Remove pinned programs, maps and blocks of this state directory's agent, and exit
    #[arg(long, conflicts_with_all = ["config", "cgroup", "deny", "all", "rules", "ui"])]
    pub clean: bool,
}

impl RunArgs {
    /// As the agent takes them.
    #[must_use]
    pub fn options(self, paths: Paths, json: bool) -> RunOptions {
        let Self { config, cgroup, deny, all, rules, ui, log_level, clean } = self;
        RunOptions { paths, config, cgroup, deny, all, json, rules, ui, clean, log_level }
    }
}

const EVAL: &str = "\
One JSON object a line in: {\"id\": …, \"client_ip\": \"192.0.2.1\", \"request\": base64 of the raw HTTP/1.x
bytes, \"response\": the same, optional}. One out for each, in the same order: {\"id\", \"matches\":
[{\"rule\", \"tags\", \"severity\", \"location\", \"value\"}], \"score\", \"blocked\", \"us\": microseconds in
the engine}. A summary goes to standard error. Needs no agent and no root.

Examples:
  picket eval --rules default requests.jsonl
  picket eval --rules /usr/share/modsecurity-crs --paranoia 2 requests.jsonl
  picket eval --rules crs/ --rules own.json --threads 1 requests.jsonl | jq -c 'select(.blocked)'";

/// `picket eval`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Rules: a .conf file (SecLang), a .json file (In-App WAF), a directory with such files or with a release of
    /// CRS, or `default` (may be repeated)
    #[arg(long, value_name = "PATH", required = true)]
    pub rules: Vec<PathBuf>,
    /// CRS's paranoia level, 1 to 4 [default: what its set-up says]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub paranoia: Option<u8>,
    /// Leave out rules that can't be read, and say so, instead of refusing the set
    #[arg(long)]
    pub lenient: bool,
    /// Threads that judge [default: one for each CPU]
    #[arg(long, value_name = "N")]
    pub threads: Option<std::num::NonZero<usize>>,
    /// Where the requests are; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it; tracing's levels")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

const DOCTOR: &str = "\
What can be tried is tried, not looked up: small programs are loaded and attached to a cgroup made
for them, which is removed again; a probe is set in a file that nobody runs. Nothing on this host is
changed; interfaces are only looked at, and files of processes that listen are read to see which TLS
code is in them: below the checks stands what Picket would see of each, why not, and what to do.

Examples:
  sudo picket doctor
  sudo picket doctor --cgroup /sys/fs/cgroup/system.slice
  sudo picket doctor --json | jq '.checks[] | select(.level != \"ok\")'
  sudo picket doctor --json | jq '.tls.processes[] | select(.sight != \"seen\")'

Exit codes:
  0  Picket can watch this host (what is degraded is listed)
  1  it cannot";

/// `picket doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Check this cgroup v2 directory instead of the host's root
    #[arg(long, value_name = "PATH")]
    pub cgroup: Option<PathBuf>,
}

const STATS: &str = "\
Loss comes first: what Picket should have seen and did not, why, and what to change.

Examples:
  sudo picket stats
  sudo picket stats --per-cpu
  sudo picket stats --watch                     every 2 s, with rates
  sudo picket stats --watch=10 --json           a JSON line every 10 s";

/// `picket stats`.
#[derive(Debug, Args)]
pub struct StatsArgs {
    /// Show again every SECONDS (2 without a number)
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "2",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub watch: Option<u64>,
    /// With --watch: end after this many
    #[arg(long, value_name = "N", requires = "watch", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Kernel counters of each CPU
    #[arg(long, action = ArgAction::SetTrue)]
    pub per_cpu: bool,
}

const VERSION: &str = "\
Examples:
  picket version
  picket version --json";

/// Commands that take a query as words of their own.
const ASKING: [&str; 6] = ["events", "signals", "tail", "endpoints", "users", "actors"];

/// What begins a query with a negation, `-@path:/health*`, looks like options: it becomes `NOT @path:/health*`, which
/// says the same. What has no colon and begins with a letter is an option.
pub(super) fn negated(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut asks = false;
    let mut rewritten = Vec::new();
    for arg in args {
        let text = arg.to_str().unwrap_or_default();
        asks |= ASKING.contains(&text);
        // What follows there are ids, and people's words.
        if text == "triage" || text == "--" {
            asks = false;
        }
        let negates = |rest: &str| {
            rest.starts_with(['@', '(', '"'])
                || (rest.starts_with(|c: char| c.is_ascii_alphabetic()) && rest.contains(':'))
        };
        rewritten.push(match text.strip_prefix('-').filter(|rest| asks && negates(rest)) {
            Some(rest) => format!("NOT {rest}").into(),
            None => arg,
        });
    }
    rewritten
}

/// The id of an event or signal, or the beginning of it.
fn id(text: &str) -> Result<String, String> {
    let text = text.trim().to_ascii_lowercase();
    if text.len() < LEAST_ID || text.len() > 36 || !text.chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
        return Err(format!(
            "expected an id such as 019aa9a8-d300-7003-8000-40abcdef0123, or its first {LEAST_ID} characters or more"
        ));
    }
    Ok(text)
}

/// Characters of an id that have to be given.
const LEAST_ID: usize = 6;

fn network(text: &str) -> Result<IpNet, String> {
    net::parse(text).map_err(|error| error.to_string())
}

/// The kernel's rule for names (`dev_valid_name`), without asking whether it is there.
fn interface(text: &str) -> Result<String, String> {
    let wrong = |c: char| c == '/' || c == ':' || c.is_whitespace() || c.is_control();
    if text.is_empty() || text.len() > 15 || text == "." || text == ".." || text.contains(wrong) {
        return Err("expected the name of a network interface, such as eth0 (see: ip link)".to_owned());
    }
    Ok(text.to_owned())
}
