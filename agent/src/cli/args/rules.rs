//! What `picket rules` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

pub(super) const RULES: &str = "\
A PATH is a .conf file (SecLang), a .json file (In-App WAF), a directory with such files or with a
release of CRS, or `default` (the rules compiled in). Only `reload` and `use` need an agent or root.

Examples:
  sudo picket rules use crs                     judge by OWASP CRS
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
replaces the one compiled in with the same id. Needs no agent and no root.

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
    /// Show a detection rule: what it counts, by whom, and when that is how bad
    #[command(after_help = "Examples:
  picket rules detection show sql-injection
  picket rules detection show my-rule --rules ./detections")]
    Show {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
        /// Where it is (may be repeated)
        #[arg(long, value_name = "PATH", default_value = "default")]
        rules: Vec<PathBuf>,
    },
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
