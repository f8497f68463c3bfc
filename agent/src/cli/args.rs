//! What the command line takes.

use std::{path::PathBuf, time::Duration};

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;

use super::{duration, paths::Paths, run::RunOptions};
use crate::{api::net, limits::DENYLIST_LISTED};

const OVERVIEW: &str = "\
Examples:
  sudo picket doctor                            what this kernel allows
  sudo picket run                               watch this host; nothing is blocked
  sudo picket run --deny eth0                   the same, with a denylist in force on eth0
  sudo picket services                          what it found listening
  sudo picket block 203.0.113.7 --for 10m       keep an address out

Exit codes:
  0  done
  1  failed (doctor: Picket cannot watch this host)
  2  the command line or configuration is wrong
  3  no agent runs
  4  the agent refused: passlisted, no such entry, table full
  5  this user may not: use sudo

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
    /// Block an address or network
    #[command(after_help = BLOCK)]
    Block(BlockArgs),
    /// End a block
    #[command(after_help = UNBLOCK)]
    Unblock(UnblockArgs),
    /// Show who is blocked
    #[command(after_help = DENYLIST)]
    Denylist(DenylistArgs),
    /// Show or change who is never blocked
    #[command(after_help = PASSLIST)]
    Passlist(PasslistArgs),
    /// Show the services that had requests
    #[command(after_help = SERVICES)]
    Services,
    /// Show what was seen, and what was not
    #[command(after_help = STATS)]
    Stats(StatsArgs),
    /// Check, show and test rule sets
    #[command(after_help = RULES)]
    Rules {
        /// What to do.
        #[command(subcommand)]
        action: RulesAction,
    },
    /// Judge requests from a file: the rule engine on its own
    #[command(after_help = EVAL)]
    Eval(EvalArgs),
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
    /// How much is logged to standard error
    #[arg(long, value_name = "LEVEL", value_enum, default_value = "info")]
    pub log_level: LogLevel,
    /// Remove pinned programs, maps and blocks of this state directory's agent, and exit
    #[arg(long, conflicts_with_all = ["config", "cgroup", "deny", "all", "rules"])]
    pub clean: bool,
}

impl RunArgs {
    /// As the agent takes them.
    #[must_use]
    pub fn options(self, paths: Paths, json: bool) -> RunOptions {
        let Self { config, cgroup, deny, all, rules, log_level, clean } = self;
        RunOptions { paths, config, cgroup, deny, all, json, rules, clean, log_level }
    }
}

const RULES: &str = "\
A PATH is a .conf file (SecLang), a .json file (In-App WAF), a directory with such files or with a
release of CRS, or `default` (the rules compiled in). Only `reload` and `use` need an agent or root.

Examples:
  sudo picket rules use crs                     judge by OWASP CRS
  sudo picket rules reload                      after a change of configuration or rules
  picket rules check default
  picket rules check /usr/share/modsecurity-crs
  picket rules show 942100 --rules /usr/share/modsecurity-crs
  picket rules test ./my-rules                  runs the cases in ./my-rules/cases";

/// `picket rules`.
#[derive(Debug, Subcommand)]
pub enum RulesAction {
    /// Load rules, say how many there are of each kind, and what is doubtful about them
    #[command(after_help = "Examples:
  picket rules check default
  picket rules check --lenient ./own-rules")]
    Check {
        /// What to load
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
        /// Leave out rules that can't be read, and say so
        #[arg(long)]
        lenient: bool,
    },
    /// Show a rule
    #[command(after_help = "Examples:
  picket rules show picket-sqli-001
  picket rules show 942100 --rules /usr/share/modsecurity-crs")]
    Show {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
        /// Where it is (may be repeated)
        #[arg(long, value_name = "PATH", default_value = "default")]
        rules: Vec<PathBuf>,
    },
    /// Run the cases kept beside rules
    #[command(after_help = "Examples:
  picket rules test ./own-rules
  picket rules test own.json")]
    Test {
        /// The rules; their cases are in the folder `cases` beside the file or in the directory
        #[arg(value_name = "PATH")]
        path: PathBuf,
    },
    /// Write into the configuration what services are judged by, and have the agent take it over
    #[command(after_help = USE)]
    Use(UseArgs),
    /// Have the agent read its configuration and rules again; say what came into force
    #[command(after_help = "\
The settings before stay in force while the new ones are compiled, and when they are wrong.

Examples:
  sudo picket rules reload
  sudo picket rules reload --json | jq .warnings")]
    Reload,
}

const USE: &str = "\
crs: OWASP CRS judges. It takes over the classes of attacks it covers: Picket's own rules for these are
not used any longer, those for other classes stay. CRS is where PATH says, or where Debian's package
modsecurity-crs puts it; a release is downloaded from https://coreruleset.org and unpacked.
default: Picket's own rules judge, all of them.

Examples:
  sudo picket rules use crs
  sudo picket rules use crs /opt/coreruleset-4.18.0
  picket rules use crs --dry-run                shows what would be changed
  sudo picket rules use default";

/// `picket rules use`.
#[derive(Debug, Args)]
pub struct UseArgs {
    /// Whose rules
    #[arg(value_name = "RULES", value_enum)]
    pub what: Whose,
    /// With `crs`: the directory of a release, with crs-setup.conf (or .example) and rules/
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// The configuration to change; made when it is not there
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_PATH)]
    pub config: PathBuf,
    /// Change nothing, show what would be changed
    #[arg(long)]
    pub dry_run: bool,
}

/// Whose rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Whose {
    /// OWASP CRS
    Crs,
    /// Picket's own
    Default,
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

const BLOCK: &str = "\
Packets of the address are dropped before the network stack sees them (XDP), on the interfaces
chosen with `picket run --deny`. A block for a time ends in the kernel, also when the agent is gone.
The passlist wins.

Examples:
  sudo picket block 203.0.113.7                          for one hour
  sudo picket block 203.0.113.0/24 --for 10m --reason 'scans for .env'
  sudo picket block 2001:db8::/48 --forever";

/// `picket block`.
#[derive(Debug, Args)]
pub struct BlockArgs {
    /// Address or network, such as 203.0.113.7, 203.0.113.0/24 or 2001:db8::/48
    #[arg(value_name = "ADDR|CIDR", value_parser = network)]
    pub net: IpNet,
    /// For how long, such as 90s, 10m, 1h30m, 7d
    #[arg(long = "for", value_name = "TIME", value_parser = duration::parse, default_value = "1h")]
    pub duration: Duration,
    /// For good
    #[arg(long, conflicts_with = "duration")]
    pub forever: bool,
    /// Why; shown in the denylist
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

const UNBLOCK: &str = "\
Examples:
  sudo picket unblock 203.0.113.7
  sudo picket unblock 203.0.113.0/24
  sudo picket unblock --all";

/// `picket unblock`.
#[derive(Debug, Args)]
pub struct UnblockArgs {
    /// Address or network, as it stands in the denylist
    #[arg(value_name = "ADDR|CIDR", value_parser = network, required_unless_present = "all")]
    pub net: Option<IpNet>,
    /// End every block
    #[arg(long, conflicts_with = "net")]
    pub all: bool,
}

const DENYLIST: &str = "\
Examples:
  sudo picket denylist
  sudo picket denylist --limit 20
  sudo picket denylist --json | jq -r '.entries[].net'";

/// `picket denylist`.
#[derive(Debug, Args)]
pub struct DenylistArgs {
    /// Show at most this many, newest first
    #[arg(long, value_name = "N", default_value_t = DENYLIST_LISTED)]
    pub limit: usize,
}

const PASSLIST: &str = "\
Loopback, this host's own addresses and its gateways always stand on it.

Examples:
  sudo picket passlist
  sudo picket passlist add 192.0.2.0/24 --comment office
  sudo picket passlist remove 192.0.2.0/24";

/// `picket passlist`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct PasslistArgs {
    /// What to do with it; shows it without.
    #[command(subcommand)]
    pub action: Option<PasslistAction>,
}

/// `picket passlist …`.
#[derive(Debug, Subcommand)]
pub enum PasslistAction {
    /// Show it
    #[command(after_help = "Examples:\n  sudo picket passlist list")]
    List,
    /// Never block this address or network; ends blocks of it
    #[command(after_help = "Examples:\n  sudo picket passlist add 192.0.2.0/24 --comment office")]
    Add {
        /// Address or network
        #[arg(value_name = "ADDR|CIDR", value_parser = network)]
        net: IpNet,
        /// What it is
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
    },
    /// Take an address or network off
    #[command(after_help = "Examples:\n  sudo picket passlist remove 192.0.2.0/24")]
    Remove {
        /// Address or network, as it stands in the list
        #[arg(value_name = "ADDR|CIDR", value_parser = network)]
        net: IpNet,
    },
}

const SERVICES: &str = "\
The column TLS: connections seen in the clear, those that were not (with the library), HTTP/2.

Examples:
  sudo picket services
  sudo picket services --json | jq '.[] | select(.tls.unseen > 0) | {name, tls}'
  sudo picket services --json | jq -r '.[] | [.name, .requests] | @tsv'";

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
