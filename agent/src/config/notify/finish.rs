//! What the keys of a target say together.

use std::{path::PathBuf, time::Duration};

use super::{
    Address, MailTls, NotifyTarget, RATE, SELECTED, SecretSource, Transport, Via,
    keys::{Draft, KINDS, Kind, NOTIFY},
};
use crate::{detect::ChangeKind, query::Query};

/// What only all keys of a target together show.
pub(in crate::config) struct Unfit {
    /// The key, or none: the target.
    pub key: Option<&'static str>,
    pub message: String,
    pub help: Option<String>,
}

/// Keys that every target may have.
const COMMON: &[&str] = &["name", "type", "signals", "on", "title", "template", "rate", "timeout"];

impl Kind {
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Webhook => &[
                "url",
                "url_file",
                "url_env",
                "headers",
                "token_file",
                "token_env",
                "secret_file",
                "secret_env",
                "ca_file",
            ],
            Self::Slack => &["url", "url_file", "url_env", "ca_file"],
            Self::Syslog => &["address", "transport", "format", "facility", "ca_file"],
            Self::Email => {
                &["address", "tls", "from", "to", "username", "password_file", "password_env", "ca_file"]
            }
            Self::Otlp => &["url", "url_file", "url_env", "headers", "token_file", "token_env", "ca_file"],
        }
    }
}

impl Draft {
    /// The target. `has` says whether a key stands there.
    pub(in crate::config) fn finish(self, has: &dyn Fn(&str) -> bool) -> Result<NotifyTarget, Unfit> {
        let missing = |key: &str, help: &str| Unfit {
            key: None,
            message: format!("expected {key}"),
            help: Some(help.to_owned()),
        };
        if !has("name") {
            return Err(missing(
                "a name, `name = \"…\"`",
                "`picket notify test NAME` and the log call it so",
            ));
        }
        let Some(kind) = self.kind else {
            return Err(missing(
                "a type, `type = \"…\"`",
                "it is one of webhook, slack, syslog, email, otlp",
            ));
        };
        let kind_name = KINDS.iter().find(|(_, known)| *known == kind).map_or("", |(name, _)| name);
        for field in NOTIFY {
            if has(field.name) && !COMMON.contains(&field.name) && !kind.keys().contains(&field.name) {
                let keys: Vec<String> = kind.keys().iter().map(|key| format!("`{key}`")).collect();
                return Err(Unfit {
                    key: Some(field.name),
                    message: format!("a target of type \"{kind_name}\" has no such key"),
                    help: Some(format!("beside those that all have, it has {}", keys.join(", "))),
                });
            }
        }
        let one = |name: &'static str, file: Option<PathBuf>, variable: Option<String>| match (file, variable)
        {
            (Some(_), Some(_)) => Err(Unfit {
                key: Some(name),
                message: "expected either a file or a variable of the environment, found both".to_owned(),
                help: None,
            }),
            (Some(file), None) => Ok(Some(SecretSource::File(file))),
            (None, Some(variable)) => Ok(Some(SecretSource::Environment(variable))),
            (None, None) => Ok(None),
        };
        let token = one("token_env", self.token_file, self.token_env)?;
        let secret = one("secret_env", self.secret_file, self.secret_env)?;
        let password = one("password_env", self.password_file, self.password_env)?;
        let hidden = one("url_env", self.url_file, self.url_env)?;
        let url = match (self.url, hidden) {
            (Some(_), Some(_)) => {
                return Err(Unfit {
                    key: Some("url"),
                    message: "expected one of `url`, `url_file` and `url_env`".to_owned(),
                    help: None,
                });
            }
            (Some(url), None) => Some(Address::Plain(url)),
            (None, hidden) => hidden.map(Address::Secret),
        };
        let url = || {
            url.ok_or_else(|| {
                missing(
                    "an address, `url`, `url_file` or `url_env`",
                    "url = \"https://…\"; in a file it stays secret",
                )
            })
        };
        let address = |default: u16| {
            let address = self.address.clone();
            address
                .map(|address| address.or_port(default))
                .ok_or_else(|| missing("an address, `address = \"host:port\"`", "where the server listens"))
        };
        let headers = self.headers;
        let via = match kind {
            Kind::Webhook => Via::Webhook { url: url()?, headers, secret, token },
            Kind::Slack => Via::Slack { url: url()? },
            Kind::Otlp => Via::Otlp { url: url()?, headers, token },
            Kind::Syslog => Via::Syslog {
                address: address(if self.transport == Transport::Tls { 6514 } else { 514 })?,
                transport: self.transport,
                format: self.format,
                facility: self.facility.unwrap_or(10),
            },
            Kind::Email => {
                let address = address(match self.tls {
                    MailTls::Starttls => 587,
                    MailTls::Tls => 465,
                    MailTls::None => 25,
                })?;
                let from =
                    self.from.ok_or_else(|| missing("a sender, `from = \"…\"`", "an e-mail address"))?;
                if self.to.is_empty() {
                    return Err(missing("receivers, `to = [\"…\"]`", "e-mail addresses"));
                }
                if self.username.is_some() != password.is_some() {
                    return Err(missing(
                        "`username` together with `password_file` or `password_env`",
                        "without both nobody logs in",
                    ));
                }
                if password.is_some() && self.tls == MailTls::None && !address.is_loopback() {
                    return Err(Unfit {
                        key: Some("tls"),
                        message: "expected TLS where a password is sent to another host".to_owned(),
                        help: Some("\"starttls\" (port 587) or \"tls\" (port 465)".to_owned()),
                    });
                }
                let (tls, to, username) = (self.tls, self.to, self.username);
                Via::Email { address, tls, from: Box::new(from), to, username, password }
            }
        };
        Ok(NotifyTarget {
            name: self.name,
            via,
            // It is a query: a test holds it.
            signals: self.signals.unwrap_or_else(|| Query::parse(SELECTED).unwrap_or_else(|_| Query::all())),
            on: self.on.unwrap_or_else(|| vec![ChangeKind::Opened, ChangeKind::Escalated]),
            title: self.title,
            template: self.template,
            rate: self.rate.unwrap_or(RATE),
            timeout: self.timeout.unwrap_or(Duration::from_secs(10)),
            ca_file: self.ca_file,
        })
    }
}
