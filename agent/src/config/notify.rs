//! `[[notify]]`: who is told of signals, and how.

mod finish;
mod keys;

use std::{path::PathBuf, time::Duration};

use lettre::message::Mailbox;

pub(super) use self::keys::{Draft, NOTIFY, TYPE};
use crate::{
    detect::{ChangeKind, rules::template::Template},
    notify::{HostPort, Url},
    query::Query,
};

/// Notifications a minute, unless configured.
pub const RATE: u32 = 30;
/// What is told unless configured.
pub const SELECTED: &str = "severity:(high OR critical)";

/// `[[notify]]`: somebody who is told of signals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifyTarget {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub via: Via,
    /// Which signals.
    pub signals: Query,
    /// What has to happen to them.
    pub on: Vec<ChangeKind>,
    /// The title, instead of Picket's.
    pub title: Option<Template>,
    /// The text, instead of Picket's.
    pub template: Option<Template>,
    /// Notifications a minute; what is over it becomes one.
    pub rate: u32,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Certificates that are trusted instead of the system's (PEM).
    pub ca_file: Option<PathBuf>,
}

/// How a target is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// JSON over HTTP.
    Webhook {
        /// Where.
        url: Address,
        /// Header fields of one's own.
        headers: Vec<(String, String)>,
        /// What the body is signed with.
        secret: Option<SecretSource>,
        /// Sent as `Authorization: Bearer …`.
        token: Option<SecretSource>,
    },
    /// An incoming webhook of Slack, or of what understands its messages.
    Slack {
        /// Where; it is a secret by itself.
        url: Address,
    },
    /// RFC 5424.
    Syslog {
        /// Where.
        address: HostPort,
        /// Over what.
        transport: Transport,
        /// What the message is.
        format: Format,
        /// 0 to 23 (RFC 5424 section 6.2.1).
        facility: u8,
    },
    /// SMTP.
    Email {
        /// The server.
        address: HostPort,
        /// How the connection is protected.
        tls: MailTls,
        /// Sender.
        from: Box<Mailbox>,
        /// Receivers.
        to: Vec<Mailbox>,
        /// Who logs in; none: nobody.
        username: Option<String>,
        /// With what.
        password: Option<SecretSource>,
    },
    /// OpenTelemetry logs over HTTP, as JSON.
    Otlp {
        /// The collector; without a path, `/v1/logs` there.
        url: Address,
        /// Header fields of one's own.
        headers: Vec<(String, String)>,
        /// Sent as `Authorization: Bearer …`.
        token: Option<SecretSource>,
    },
}

impl Via {
    /// Its name in the configuration.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Slack { .. } => "slack",
            Self::Syslog { .. } => "syslog",
            Self::Email { .. } => "email",
            Self::Otlp { .. } => "otlp",
        }
    }

    /// Where it is, without what may be secret.
    #[must_use]
    pub fn address(&self) -> String {
        match self {
            Self::Webhook { url, .. } | Self::Slack { url } | Self::Otlp { url, .. } => match url {
                Address::Plain(url) => url.to_string(),
                Address::Secret(source) => format!("in {source}"),
            },
            Self::Syslog { address, transport, .. } => {
                let over = match transport {
                    Transport::Udp => "udp",
                    Transport::Tcp => "tcp",
                    Transport::Tls => "tls",
                };
                format!("{address} ({over})")
            }
            Self::Email { address, to, .. } => {
                let to: Vec<&str> = to.iter().map(|mailbox| mailbox.email.as_ref()).collect();
                format!("{} through {address}", to.join(", "))
            }
        }
    }
}

/// Where something is sent over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// It stands in the configuration.
    Plain(Url),
    /// It is a secret.
    Secret(SecretSource),
}

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretSource {
    /// A file that holds nothing else.
    File(PathBuf),
    /// A variable of the agent's environment.
    Environment(String),
}

/// What syslog goes over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// RFC 5426: nobody says whether it arrives.
    #[default]
    Udp,
    /// RFC 6587, octet counting.
    Tcp,
    /// RFC 5425.
    Tls,
}

/// What a syslog message is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Structured data and a text.
    #[default]
    Rfc5424,
    /// ArcSight's Common Event Format.
    Cef,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailTls {
    /// It begins in the clear; nothing is sent before TLS.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// Not at all.
    None,
}

impl NotifyTarget {
    /// Files it names, to be resolved against the configuration's directory.
    pub(super) fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let mut sources: Vec<&mut SecretSource> = Vec::new();
        match &mut self.via {
            Via::Webhook { url, secret, token, .. } => {
                sources.extend(url.source());
                sources.extend(secret);
                sources.extend(token);
            }
            Via::Otlp { url, token, .. } => {
                sources.extend(url.source());
                sources.extend(token);
            }
            Via::Slack { url } => sources.extend(url.source()),
            Via::Email { password, .. } => sources.extend(password),
            Via::Syslog { .. } => {}
        }
        let files = sources.into_iter().filter_map(|source| match source {
            SecretSource::File(path) => Some(path),
            SecretSource::Environment(_) => None,
        });
        files.chain(self.ca_file.as_mut())
    }
}

impl Address {
    fn source(&mut self) -> Option<&mut SecretSource> {
        match self {
            Self::Plain(_) => None,
            Self::Secret(source) => Some(source),
        }
    }
}
