//! What the commands take that change who is let in: denylist, passlist, audit, export, import, tokens.

use std::{path::PathBuf, time::Duration};

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use ipnet::IpNet;

use super::{asking::Asking, network};
use crate::{api::types::Role, cli::duration, limits::DENYLIST_LISTED, query::Moment};

pub(super) const BLOCK: &str = "\
Packets of the address are dropped before the network stack sees them (XDP), on the interfaces
chosen with `picket run --deny`. A block for a time ends in the kernel, also when the agent is gone.
The passlist wins. Who can't be kept out without others (users, clients behind a shared proxy) is
detected: events are tagged, nothing is dropped, and the command says so.

Examples:
  sudo picket block 203.0.113.7                          for one hour
  sudo picket block 203.0.113.0/24 --for 10m --reason 'scans for .env'
  sudo picket block 2001:db8::/48 --forever
  sudo picket block --user alice --for 1h";

/// An address, a network or a user.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Whom {
    /// Address or network, such as 203.0.113.7, 203.0.113.0/24 or 2001:db8::/48
    #[arg(value_name = "ADDR|CIDR", value_parser = network)]
    pub net: Option<IpNet>,
    /// A user, by the id that events have
    #[arg(long, value_name = "ID")]
    pub user: Option<String>,
}

/// `picket block`.
#[derive(Debug, Args)]
pub struct BlockArgs {
    /// Whom.
    #[command(flatten)]
    pub whom: Whom,
    /// For how long, such as 90s, 10m, 1h30m, 7d
    #[arg(long = "for", value_name = "TIME", value_parser = duration::parse, default_value = "1h")]
    pub duration: Duration,
    /// For good
    #[arg(long, conflicts_with = "duration")]
    pub forever: bool,
    /// Why; shown in the denylist
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// The signal it comes from: its id, or the beginning of it
    #[arg(long, value_name = "ID", value_parser = super::id)]
    pub signal: Option<String>,
}

pub(super) const UNBLOCK: &str = "\
Examples:
  sudo picket unblock 203.0.113.7
  sudo picket unblock 203.0.113.0/24
  sudo picket unblock --user alice
  sudo picket unblock --all";

/// `picket unblock`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("entry").required(true).args(["net", "user", "all"]))]
pub struct UnblockArgs {
    /// Address or network, as it stands in the denylist
    #[arg(value_name = "ADDR|CIDR", value_parser = network)]
    pub net: Option<IpNet>,
    /// A user
    #[arg(long, value_name = "ID")]
    pub user: Option<String>,
    /// End every block
    #[arg(long)]
    pub all: bool,
}

pub(super) const DENYLIST: &str = "\
Examples:
  sudo picket denylist
  sudo picket denylist --limit 20
  sudo picket denylist 203.0.113.7        what keeps this address out
  sudo picket denylist scans              entries whose reason has this word
  sudo picket denylist --json | jq -r '.entries[].net'";

/// `picket denylist`.
#[derive(Debug, Args)]
pub struct DenylistArgs {
    /// Only entries that hold this address or network or lie in it, or that have this text in whom they name or in
    /// what is said of them
    #[arg(value_name = "ADDR|CIDR|TEXT")]
    pub find: Option<String>,
    /// Show at most this many, newest first
    #[arg(long, value_name = "N", default_value_t = DENYLIST_LISTED)]
    pub limit: usize,
}

pub(super) const PASSLIST: &str = "\
Loopback, this host's own addresses and its gateways always stand on it.

Examples:
  sudo picket passlist
  sudo picket passlist add 192.0.2.0/24 --comment office
  sudo picket passlist add --user monitoring
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
    #[command(after_help = "Examples:\n  sudo picket passlist list\n  sudo picket passlist list office")]
    List {
        /// Only entries that hold this address or network or lie in it, or that have this text in whom they name or in
        /// what is said of them
        #[arg(value_name = "ADDR|CIDR|TEXT")]
        find: Option<String>,
    },
    /// Never block this address, network or user; ends blocks of it
    #[command(after_help = "Examples:\n  sudo picket passlist add 192.0.2.0/24 --comment office\n  \
                            sudo picket passlist add --user monitoring")]
    Add {
        /// Whom.
        #[command(flatten)]
        whom: Whom,
        /// What it is
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
    },
    /// Take an address, network or user off
    #[command(after_help = "Examples:\n  sudo picket passlist remove 192.0.2.0/24\n  \
                            sudo picket passlist remove --user monitoring")]
    Remove {
        /// Whom.
        #[command(flatten)]
        whom: Whom,
    },
}

pub(super) const AUDIT: &str = "\
Blocks, passes, triage, imports, tokens: every change, by whom, and how it was before. Newest first.

Examples:
  sudo picket audit
  sudo picket audit --from -7d --limit 500
  sudo picket audit --json | jq '.items[] | select(.action == \"block\")'";

/// `picket audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// From when on: -15m, -1h, -7d, or a time such as 2026-11-22T04:40:00Z
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, default_value = "-30d")]
    pub from: Moment,
    /// Until when: now, -10m, or a time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, default_value = "now")]
    pub to: Moment,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
}

impl AuditArgs {
    /// As lists are asked for.
    pub(in crate::cli) fn asking(&self) -> Asking {
        Asking { query: Vec::new(), from: self.from, to: self.to, limit: self.limit }
    }
}

pub(super) const EXPORT: &str = "\
The configuration file, the denylist and what people put on the passlist, as JSON. Events, signals and
tokens are not in it. The file is readable by you alone.

Examples:
  sudo picket export lists.json
  sudo picket export | jq .denylist";

/// `picket export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Where to; must not be there yet [default: standard output]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "file")]
    pub force: bool,
}

pub(super) const IMPORT: &str = "\
Entries are added to those that are there; none is taken away. A configuration is checked as a whole
before it takes the place of the one in force.

Examples:
  sudo picket import lists.json --dry-run
  sudo picket import lists.json";

/// `picket import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// What `picket export` wrote; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Change nothing, say what would be changed
    #[arg(long)]
    pub dry_run: bool,
}

pub(super) const TOKEN: &str = "\
A token lets somebody use the API over TCP, where the configuration opens it. Its secret is shown
once; only its hash is kept.

Examples:
  sudo picket token add grafana --role viewer
  sudo picket token add on-call --role responder --for 90d
  sudo picket token list
  sudo picket token remove grafana";

/// `picket token`.
#[derive(Debug, Subcommand)]
pub enum TokenAction {
    /// Make one, and show its secret
    #[command(after_help = "Examples:\n  sudo picket token add grafana --role viewer\n  \
                            sudo picket token add on-call --role responder --for 90d")]
    Add {
        /// Its name, which the audit says
        #[arg(value_name = "NAME")]
        name: String,
        /// What it may
        #[arg(long, value_name = "ROLE", value_enum)]
        role: RoleWord,
        /// For how long, such as 12h, 90d [default: for good]
        #[arg(long = "for", value_name = "TIME", value_parser = duration::parse)]
        duration: Option<Duration>,
    },
    /// Show which there are, without their secrets
    #[command(after_help = "Examples:\n  sudo picket token list\n  sudo picket token list --json")]
    List,
    /// End one
    #[command(after_help = "Examples:\n  sudo picket token remove grafana")]
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

pub(super) const UI: &str = "\
The agent has to serve the web UI: picket run --ui, or listen in [ui] of the configuration. A link is good once,
for a minute; whoever opens it stays logged in for twelve hours, or until the agent restarts.

Examples:
  sudo picket ui login
  sudo picket ui login --role viewer --name alice";

/// `picket ui`.
#[derive(Debug, Subcommand)]
pub enum UiAction {
    /// Print a link to log in with
    #[command(
        after_help = "Examples:\n  sudo picket ui login\n  sudo picket ui login --role viewer --name alice"
    )]
    Login {
        /// What whoever opens it may
        #[arg(long, value_name = "ROLE", value_enum, default_value = "admin")]
        role: RoleWord,
        /// Who that is, for the audit [default: who runs this command]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleWord {
    /// Reads
    Viewer,
    /// Triages signals, blocks and unblocks, too
    Responder,
    /// Changes the configuration and imports, too
    Admin,
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Viewer => Self::Viewer,
            RoleWord::Responder => Self::Responder,
            RoleWord::Admin => Self::Admin,
        }
    }
}
