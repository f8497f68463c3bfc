//! notify: signals told to people and other systems.
//!
//! ```text
//!  detect::Change ─> Plan ─> store::Change::Outbox ─ one transaction with the signal ─> picket.db
//!                                                                                        │
//!  webhook, slack, syslog, email, otlp <── Route <── Round, one a target <── Courier <───┘
//! ```
//!
//! What was stored is delivered at least once, with the same id each time, in order for each signal, whatever is
//! restarted in between. `docs/notifications.md` describes targets and formats.
#![forbid(unsafe_code)]

mod cef;
mod courier;
mod email;
mod error;
mod http;
mod letter;
mod message;
mod otlp;
mod outbox;
mod pace;
mod plan;
mod retry;
mod round;
mod route;
mod secret;
mod slack;
mod stats;
mod syslog;
mod tls;
mod url;
pub mod variables;
mod webhook;

pub use courier::{Courier, named, test};
pub use error::NotifyError;
pub use letter::Letter;
pub use message::{Brief, Notification, What, change_name};
pub use plan::Plan;
pub use secret::{Secret, Secrets};
pub use stats::TargetStats;
pub use url::{HostPort, Url};

/// What is sent, as text or JSON, without a connection: for tests that hold it against other readers.
pub mod formats {
    pub use super::{
        cef::line as cef,
        otlp::request as otlp,
        slack::message as slack,
        syslog::{Header, line as syslog},
        webhook::{body as webhook, sign},
    };
}

#[cfg(test)]
mod tests;
