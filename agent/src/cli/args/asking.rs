//! What the commands take that ask: events, signals, endpoints, users, actors, live tails.

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use crate::{
    detect::signals::{Archive, Status},
    query::Moment,
};

/// Which, and when.
#[derive(Clone, Debug, Args)]
pub struct Asking {
    /// Which, in the query language of docs/query.md; several words are one query [default: all]
    #[arg(value_name = "QUERY", num_args = 0..)]
    pub query: Vec<String>,
    /// From when on: -15m, -1h, -7d, or a time such as 2026-11-22T04:40:00Z
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, default_value = "-24h")]
    pub from: Moment,
    /// Until when: now, -10m, or a time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, default_value = "now")]
    pub to: Moment,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
}

impl Asking {
    /// The query, its words joined.
    #[must_use]
    pub fn text(&self) -> String {
        self.query.join(" ")
    }

    /// Query, beginning and end, as the API takes them.
    #[must_use]
    pub fn words(&self) -> (String, String, String) {
        (self.text(), self.from.to_string(), self.to.to_string())
    }
}

pub(super) const EVENTS: &str = "\
Newest first. Quote what your shell would take: spaces, parentheses, *. Of a query that begins with - that is\na negation: -@path:/health* is NOT @path:/health*.

Examples:
  sudo picket events                                      what was kept in the last 24 h
  sudo picket events 'service:shop @rule.type:sql_injection -@path:/health*' --from -1h
  sudo picket events user.id:alice @status:401 --limit 200
  sudo picket events show 019aa9a8-d300-7003
  sudo picket events facets @rule.type service:shop
  sudo picket events blocked:true --json | jq '.items[].client_ip'";

/// `picket events`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct EventsArgs {
    /// Something else than a list.
    #[command(subcommand)]
    pub action: Option<EventsAction>,
    /// Which.
    #[command(flatten)]
    pub asking: Asking,
}

/// `picket events …`.
#[derive(Debug, Subcommand)]
pub enum EventsAction {
    /// Show all of an event
    #[command(after_help = "Examples:\n  sudo picket events show 019aa9a8-d300-7003-8000-40abcdef0123\n  \
                            sudo picket events show 019aa9a8-d300 --json | jq .matches")]
    Show {
        /// Its id, or the beginning of it: at least 6 characters
        #[arg(value_name = "ID", value_parser = super::id)]
        id: String,
    },
    /// Count events by the values of a facet
    #[command(after_help = "Examples:\n  sudo picket events facets service\n  \
                            sudo picket events facets client_ip @rule.type:xss --from -7d")]
    Facets {
        /// Such as service, client_ip, user.id, @rule.type, @status
        #[arg(value_name = "FACET")]
        facet: String,
        /// Which.
        #[command(flatten)]
        asking: Asking,
    },
}

pub(super) const SIGNALS: &str = "\
What a person looks at. Newest first.

Examples:
  sudo picket signals                                     of the last 24 h
  sudo picket signals 'severity:(high OR critical) status:open'
  sudo picket signals show 019aa9a8-d300                  the story of one
  sudo picket signals triage 019aa9a8-d300 --status under_review --assign alice
  sudo picket signals facets rule --from -7d";

/// `picket signals`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SignalsArgs {
    /// Something else than a list.
    #[command(subcommand)]
    pub action: Option<SignalsAction>,
    /// Which.
    #[command(flatten)]
    pub asking: Asking,
}

/// `picket signals …`.
#[derive(Debug, Subcommand)]
pub enum SignalsAction {
    /// Tell the story of a signal: who, what, against what, whether it worked, what was done
    #[command(after_help = "Examples:\n  sudo picket signals show 019aa9a8-d300-7003-8000-40abcdef0123\n  \
                            sudo picket signals show 019aa9a8-d300 --utc\n  \
                            sudo picket signals show 019aa9a8-d300 --json | jq .signal.actors")]
    Show {
        /// Its id, or the beginning of it: at least 6 characters
        #[arg(value_name = "ID", value_parser = super::id)]
        id: String,
    },
    /// Say what you found out: status, who works on it, a note
    #[command(after_help = TRIAGE, override_usage = "picket signals triage [OPTIONS] <ID>...\n       picket signals triage [OPTIONS] -q <QUERY>")]
    Triage(Box<TriageArgs>),
    /// Count signals by the values of a facet
    #[command(after_help = "Examples:\n  sudo picket signals facets severity\n  \
                            sudo picket signals facets rule status:open --from -7d")]
    Facets {
        /// Such as rule, severity, status, service, client_ip
        #[arg(value_name = "FACET")]
        facet: String,
        /// Which.
        #[command(flatten)]
        asking: Asking,
    },
}

const TRIAGE: &str = "\
With -q it changes nothing, but shows what it would, until you say --yes.

Examples:
  sudo picket signals triage 019aa9a8-d300 --status under_review --assign alice
  sudo picket signals triage 019aa9a8-d300 019aa9b1-0102 --status archived --reason other
  sudo picket signals triage 019aa9a8-d300 --case SEC-17 --note 'the scanner of our own team'
  sudo picket signals triage -q 'rule:forced-browsing client_ip:192.0.2.0/24' --status open --yes";

/// `picket signals triage`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["ids", "query"]))]
#[command(group = ArgGroup::new("what").required(true).multiple(true)
          .args(["status", "assign", "unassign", "case", "no_case", "note"]))]
pub struct TriageArgs {
    /// Ids, or the beginnings of them: at least 6 characters
    #[arg(value_name = "ID", value_parser = super::id)]
    pub ids: Vec<String>,
    /// All signals that this takes, in the query language
    #[arg(short, long, value_name = "QUERY", allow_hyphen_values = true)]
    pub query: Option<String>,
    /// With -q: from when on
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, default_value = "-24h", requires = "query")]
    pub from: Moment,
    /// With -q: until when
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, default_value = "now", requires = "query")]
    pub to: Moment,
    /// How far you are with it
    #[arg(long, value_name = "STATUS", value_enum)]
    pub status: Option<StatusWord>,
    /// With --status archived: why
    #[arg(long, value_name = "REASON", value_enum, requires = "status")]
    pub reason: Option<ReasonWord>,
    /// Who works on it
    #[arg(long, value_name = "NAME")]
    pub assign: Option<String>,
    /// Nobody works on it
    #[arg(long, conflicts_with = "assign")]
    pub unassign: bool,
    /// The case (ticket) it belongs to
    #[arg(long, value_name = "ID")]
    pub case: Option<String>,
    /// It belongs to none
    #[arg(long, conflicts_with = "case")]
    pub no_case: bool,
    /// A word on it
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// With -q: do it
    #[arg(long, requires = "query")]
    pub yes: bool,
}

/// How far people are with a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum StatusWord {
    /// Nobody looked at it
    Open,
    /// Somebody does
    UnderReview,
    /// Done with
    Archived,
}

impl From<StatusWord> for Status {
    fn from(word: StatusWord) -> Self {
        match word {
            StatusWord::Open => Self::Open,
            StatusWord::UnderReview => Self::UnderReview,
            StatusWord::Archived => Self::Archived,
        }
    }
}

/// Why a signal is put away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum ReasonWord {
    /// It was what it says
    TruePositive,
    /// It was a test of security, or maintenance
    TestingOrMaintenance,
    /// It was nothing
    FalsePositive,
    /// What was to be done is done
    Remediated,
    /// Something else
    Other,
}

impl From<ReasonWord> for Archive {
    fn from(word: ReasonWord) -> Self {
        match word {
            ReasonWord::TruePositive => Self::TruePositive,
            ReasonWord::TestingOrMaintenance => Self::TestingOrMaintenance,
            ReasonWord::FalsePositive => Self::FalsePositive,
            ReasonWord::Remediated => Self::Remediated,
            ReasonWord::Other => Self::Other,
        }
    }
}

pub(super) const ENDPOINTS: &str = "\
Routes of services as their requests show them, with what they take and what attacked them.

Examples:
  sudo picket endpoints
  sudo picket endpoints service:shop
  sudo picket endpoints --sort attacks
  sudo picket endpoints --json | jq '.items[] | select(.attacks)'";

/// `picket endpoints`.
#[derive(Debug, Args)]
pub struct EndpointsArgs {
    /// Which, in the query language: service, @method, @pattern… [default: all]
    #[arg(value_name = "QUERY", num_args = 0..)]
    pub query: Vec<String>,
    /// What to begin with: name, requests, errors, latency, users, attacks, business, first_seen, last_seen
    #[arg(long, value_name = "WHAT", default_value = "name")]
    pub sort: String,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
}

pub(super) const USERS: &str = "\
Users as docs/users.md finds them, those seen last first.

Examples:
  sudo picket users
  sudo picket users 'service:shop @business.name:users.login.failure' --from -1h
  sudo picket users show alice";

/// `picket users`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct UsersArgs {
    /// Something else than a list.
    #[command(subcommand)]
    pub action: Option<UsersAction>,
    /// By their events.
    #[command(flatten)]
    pub asking: Asking,
}

/// `picket users …`.
#[derive(Debug, Subcommand)]
pub enum UsersAction {
    /// Show what a user did, and from where
    #[command(
        after_help = "Examples:\n  sudo picket users show alice\n  sudo picket users show alice --json"
    )]
    Show {
        /// As events have it
        #[arg(value_name = "ID")]
        id: String,
    },
}

pub(super) const ACTORS: &str = "\
Client addresses with events, those seen last first.

Examples:
  sudo picket actors
  sudo picket actors @rule.type:sql_injection --from -1h
  sudo picket actors show 203.0.113.7";

/// `picket actors`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ActorsArgs {
    /// Something else than a list.
    #[command(subcommand)]
    pub action: Option<ActorsAction>,
    /// By their events.
    #[command(flatten)]
    pub asking: Asking,
}

/// `picket actors …`.
#[derive(Debug, Subcommand)]
pub enum ActorsAction {
    /// Show what an address did, as whom, with what
    #[command(after_help = "Examples:\n  sudo picket actors show 203.0.113.7\n  \
                            sudo picket actors show 2001:db8::7 --json")]
    Show {
        /// Address
        #[arg(value_name = "IP")]
        ip: std::net::IpAddr,
    },
}

pub(super) const TAIL: &str = "\
Everything the query takes, from now on, until Ctrl-C.

Examples:
  sudo picket tail
  sudo picket tail service:shop -@path:/health*
  sudo picket tail --signals 'severity:(high OR critical)'
  sudo picket tail --json | jq -c '{client_ip, path}'";

/// `picket tail`.
#[derive(Debug, Args)]
pub struct TailArgs {
    /// Which, in the query language of docs/query.md; several words are one query [default: all]
    #[arg(value_name = "QUERY", num_args = 0..)]
    pub query: Vec<String>,
    /// Signals as they change, instead of events
    #[arg(long)]
    pub signals: bool,
    /// End after so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
}
