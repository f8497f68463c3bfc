//! What `picket rules` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Asking;

pub(super) const RULES: &str = "\
A PATH is a .conf file (SecLang), a .json file (In-App WAF), a directory with such files or with a
release of CRS, or `default` (the rules compiled in). Only `check`, `show` and `test` need no agent.

Examples:
  sudo picket rules list                        what judges requests, and how often it held
  sudo picket rules use crs                     judge by OWASP CRS
  sudo picket rules save own.conf               judge by a rule of one's own, besides
  sudo picket rules reload                      after a change of configuration or rules
  picket rules check default
  picket rules check /usr/share/modsecurity-crs
  picket rules show 942100 --rules /usr/share/modsecurity-crs
  picket rules test ./my-rules                  runs the cases in ./my-rules/cases
  picket rules detection list                   what raises signals";

/// `picket rules`.
///
/// What judges requests, and what raises signals of their events.
#[derive(Debug, Subcommand)]
pub enum RulesAction {
    /// List the rules that the running agent judges by: which policies ask them, how often they held
    #[command(after_help = "\
A QUERY is in the query language of docs/query.md: by id, name, type, confidence, enabled, hits…

Examples:
  sudo picket rules list
  sudo picket rules list type:xss --from -7d
  sudo picket rules list 'hits:0 enabled:true' --from -30d --limit 1000")]
    List(Asking),
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
  picket rules show 942100 --rules /usr/share/modsecurity-crs
  sudo picket rules show 100001                 one that was saved")]
    Show {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
        /// Where it is (may be repeated) [default: `default`, then the running agent]
        #[arg(long, value_name = "PATH")]
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
    /// Have the running agent keep a rule of one's own: it judges requests at once, and after a restart
    #[command(after_help = "\
One rule: SecLang (with its chain), or JSON of the In-App WAF. Every policy has it, besides what the
configuration names.

Examples:
  sudo picket rules save own.conf --dry-run
  sudo picket rules save own.conf")]
    Save(SaveArgs),
    /// Switch a rule on again
    #[command(after_help = "Examples:\n  sudo picket rules on picket-xss-001")]
    On {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Switch a rule off: no policy asks it, until it is switched on again
    #[command(after_help = "Examples:\n  sudo picket rules off picket-xss-001")]
    Off {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Forget a rule that the running agent was given
    #[command(after_help = "Examples:\n  sudo picket rules remove 100001")]
    Remove {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Try a rule on a request, on a stored event, on past events: before it goes live
    #[command(after_help = "\
Without --rule and --file: all rules of the default policy. Needs the running agent.

Examples:
  sudo picket rules try --rule picket-xss-001 --request request.txt
  sudo picket rules try --file own.conf --event 019aa9a8-d300-7003
  sudo picket rules try --file own.json --past --from -7d")]
    Try(TryArgs),
    /// Show, make and end exclusions: what rules leave alone
    #[command(after_help = EXCLUSIONS)]
    Exclusions {
        /// What to do [default: list]
        #[command(subcommand)]
        action: Option<ExclusionsAction>,
    },
    /// Check, show and test detection rules: what raises signals
    #[command(after_help = DETECTION)]
    Detection {
        /// What to do.
        #[command(subcommand)]
        action: DetectionAction,
    },
}

const DETECTION: &str = "\
A PATH is a .json file, a directory with such files, or `default` (those compiled in). A rule from a file
replaces the one compiled in with the same id. Only save, on, off and remove need an agent.

Examples:
  picket rules detection list
  picket rules detection show sql-injection
  picket rules detection check ./detections
  picket rules detection test ./detections              runs ./detections/scenarios/*.jsonl";

/// `picket rules detection`.
#[derive(Debug, Subcommand)]
pub enum DetectionAction {
    /// Load detection rules; say what is wrong with them, and where
    #[command(after_help = "Examples:
  picket rules detection check ./detections
  picket rules detection check default ./detections --json")]
    Check {
        /// What to load
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
    },
    /// Run the scenarios kept beside detection rules: events in, signals out
    #[command(after_help = "\
Scenarios are in the folder `scenarios` beside the file or in the directory; docs/detection.md describes
them. All rules named run together.

Examples:
  picket rules detection test ./detections
  picket rules detection test default ./detections      together with those compiled in")]
    Test {
        /// The rules
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
    },
    /// List detection rules: which run, and why others don't
    #[command(after_help = "\
The running agent is asked, and says what each does at the moment. Without one, or with --config, it is
what the configuration says; with --rules, what files say.

Examples:
  sudo picket rules detection list
  picket rules detection list --config ./picket.toml
  picket rules detection list --rules ./detections --json")]
    List {
        /// Files of rules, or `default`; no agent is asked (may be repeated)
        #[arg(long, value_name = "PATH", conflicts_with = "config")]
        rules: Vec<PathBuf>,
        /// Configuration file (TOML); no agent is asked [default: /etc/picket/picket.toml, without an agent]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Have the running agent keep a rule of one's own: it counts at once, and after a restart
    #[command(after_help = "\
One with the id of a rule that comes with Picket takes its place.

Examples:
  sudo picket rules detection save many-404s.json --dry-run
  sudo picket rules detection save many-404s.json")]
    Save {
        /// The rule (JSON)
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Change nothing, say what it would have raised of stored events
        #[arg(long)]
        dry_run: bool,
        /// With --dry-run: stored events from here on
        #[arg(long, value_name = "TIME", allow_hyphen_values = true, default_value = "-1d")]
        from: crate::query::Moment,
    },
    /// Switch a rule on again
    #[command(after_help = "Examples:\n  sudo picket rules detection on forced-browsing")]
    On {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Switch a rule off: it raises no signals
    #[command(after_help = "Examples:\n  sudo picket rules detection off forced-browsing")]
    Off {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Forget a rule that the running agent was given
    #[command(after_help = "Examples:\n  sudo picket rules detection remove many-404s")]
    Remove {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Show a detection rule: what it counts, by whom, and when that is how bad
    #[command(after_help = "\
The running agent is asked, and says what it does at the moment. Without one it is what the configuration
says; with --rules, what files say.

Examples:
  sudo picket rules detection show sql-injection
  picket rules detection show my-rule --rules ./detections")]
    Show {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
        /// Files of rules, or `default`; no agent is asked (may be repeated)
        #[arg(long, value_name = "PATH")]
        rules: Vec<PathBuf>,
    },
}

const EXCLUSIONS: &str = "\
Made with the running agent: kept in its state directory, in force at once, and after a restart. Those of
the configuration are listed too, and are changed there.

Examples:
  sudo picket rules exclusions
  sudo picket rules exclusions add --rule 942100 --service shop --input query.q --dry-run
  sudo picket rules exclusions remove 019aa9a8-d300-7003-8000-40abcdef0123";

/// `picket rules exclusions`.
#[derive(Debug, Subcommand)]
pub enum ExclusionsAction {
    /// List them
    #[command(after_help = "Examples:\n  sudo picket rules exclusions list")]
    List,
    /// Exclude something; say what that would have done to past events
    #[command(after_help = "\
What is not named is any. Each option may be repeated.

Examples:
  sudo picket rules exclusions add --rule picket-xss-001 --path '/editor/*' --dry-run
  sudo picket rules exclusions add --rule tag:security_scanner --client 10.20.0.0/16")]
    Add(ExcludeArgs),
    /// End one
    #[command(after_help = "Examples:
  sudo picket rules exclusions remove 019aa9a8-d300-7003-8000-40abcdef0123")]
    Remove {
        /// Its id
        #[arg(value_name = "ID")]
        id: uuid::Uuid,
    },
}

/// `picket rules save`.
#[derive(Debug, Args)]
pub struct SaveArgs {
    /// The rule; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Change nothing, say what it would have matched of stored events
    #[arg(long)]
    pub dry_run: bool,
    /// With --dry-run: stored events from here on
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, default_value = "-1d")]
    pub from: crate::query::Moment,
}

/// `picket rules try`.
#[derive(Debug, Args)]
pub struct TryArgs {
    /// A rule in force
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    pub rule: Option<String>,
    /// A rule of one's own: JSON of the In-App WAF, or SecLang; - is standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// A file with a request of HTTP/1; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "event")]
    pub request: Option<PathBuf>,
    /// A stored event: its id, or the beginning of it
    #[arg(long, value_name = "ID", value_parser = super::id)]
    pub event: Option<String>,
    /// On stored events
    #[arg(long)]
    pub past: bool,
    /// Stored events are looked at from here on
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, default_value = "-1d")]
    pub from: crate::query::Moment,
}

/// `picket rules exclusions add`.
#[derive(Debug, Args)]
pub struct ExcludeArgs {
    /// Rules: an id, a range of ids, or a tag
    #[arg(long = "rule", value_name = "RULE")]
    pub rules: Vec<String>,
    /// Services, as `picket services` names them, with *
    #[arg(long = "service", value_name = "NAME")]
    pub services: Vec<String>,
    /// Where values stand: query.q, body.page.html, headers.user-agent; none: the rules are not asked
    #[arg(long = "input", value_name = "PLACE")]
    pub inputs: Vec<String>,
    /// Paths, with *
    #[arg(long = "path", value_name = "PATH")]
    pub paths: Vec<String>,
    /// Networks of clients
    #[arg(long = "client", value_name = "NET")]
    pub client_ips: Vec<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Past events are looked at from here on
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, default_value = "-7d")]
    pub from: crate::query::Moment,
    /// Change nothing, show what it would have done
    #[arg(long)]
    pub dry_run: bool,
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
