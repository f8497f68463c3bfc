//! `picket services`.

use clap::{Args, Subcommand};

use crate::rules::policy::Mode;

pub(super) const SERVICES: &str = "\
RATE, 5XX and P95 are of the last five minutes. The column TLS: connections seen in the clear, those
that were not (with the library), HTTP/2. POLICY says what is done about attacks, and whether somebody
set that over what the configuration says.

Examples:
  sudo picket services
  sudo picket services policy nginx block
  sudo picket services --json | jq '.[] | select(.tls.unseen > 0) | {name, tls}'
  sudo picket services --json | jq -r '.[] | [.name, .requests] | @tsv'";

const POLICY: &str = "\
What is set holds for all services of the name, at once, over restarts, and until it is given back with
--reset; the configuration's file stays as it is.

  off      requests are counted, not judged
  monitor  attacks are events
  block    attacks are events, and count for [respond], which blocks addresses

Examples:
  sudo picket services policy nginx
  sudo picket services policy nginx block
  sudo picket services policy 'app.py (python3)' off
  sudo picket services policy nginx --reset";

/// `picket services`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ServicesArgs {
    /// What to do; lists them without.
    #[command(subcommand)]
    pub action: Option<ServicesAction>,
}

/// `picket services …`.
#[derive(Debug, Subcommand)]
pub enum ServicesAction {
    /// Show how the requests to a service are judged, or set what is done about attacks
    #[command(after_help = POLICY)]
    Policy {
        /// Its name, as `picket services` shows it
        #[arg(value_name = "NAME")]
        name: String,
        /// What is done about attacks from now on: off, monitor or block
        #[arg(value_name = "MODE", conflicts_with = "reset")]
        mode: Option<Mode>,
        /// Give the mode back to the configuration
        #[arg(long)]
        reset: bool,
    },
}
