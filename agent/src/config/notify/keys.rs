//! The keys of `[[notify]]`, each by itself.

use std::{path::PathBuf, time::Duration};

use lettre::message::Mailbox;

use super::{
    super::{
        policies::{Field, fields},
        values::{Value, Wrong, because, duration, integer, list, name, path, string, word, wrong},
    },
    Format, MailTls, Transport,
};
use crate::{
    detect::{ChangeKind, rules::template::Template},
    limits,
    notify::{HostPort, Url, variables},
    query::{Matcher, Query, SIGNALS},
};

/// The keys of a target as they were read.
#[derive(Clone, Debug, Default)]
pub(in crate::config) struct Draft {
    pub(in crate::config) kind: Option<Kind>,
    pub(super) name: String,
    pub(super) signals: Option<Query>,
    pub(super) on: Option<Vec<ChangeKind>>,
    pub(super) title: Option<Template>,
    pub(super) template: Option<Template>,
    pub(super) rate: Option<u32>,
    pub(super) timeout: Option<Duration>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) url: Option<Url>,
    pub(super) url_file: Option<PathBuf>,
    pub(super) url_env: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) token_file: Option<PathBuf>,
    pub(super) token_env: Option<String>,
    pub(super) secret_file: Option<PathBuf>,
    pub(super) secret_env: Option<String>,
    pub(super) address: Option<HostPort>,
    pub(super) transport: Transport,
    pub(super) format: Format,
    pub(super) facility: Option<u8>,
    pub(super) tls: MailTls,
    pub(super) from: Option<Mailbox>,
    pub(super) to: Vec<Mailbox>,
    pub(super) username: Option<String>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) password_env: Option<String>,
}

/// `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Kind {
    Webhook,
    Slack,
    Syslog,
    Email,
    Otlp,
}

pub(super) const KINDS: &[(&str, Kind)] = &[
    ("webhook", Kind::Webhook),
    ("slack", Kind::Slack),
    ("syslog", Kind::Syslog),
    ("email", Kind::Email),
    ("otlp", Kind::Otlp),
];

/// Facilities as people write them, with their codes (RFC 5424 section 6.2.1).
const FACILITIES: &[(&str, u8)] = &[
    ("kern", 0),
    ("user", 1),
    ("mail", 2),
    ("daemon", 3),
    ("auth", 4),
    ("syslog", 5),
    ("authpriv", 10),
    ("local0", 16),
    ("local1", 17),
    ("local2", 18),
    ("local3", 19),
    ("local4", 20),
    ("local5", 21),
    ("local6", 22),
    ("local7", 23),
];

/// `type` is no name that Rust has for a field.
pub(in crate::config) const TYPE: Field<Draft> = Field {
    name: "type",
    expected: "\"webhook\", \"slack\", \"syslog\", \"email\" or \"otlp\"",
    set: |draft, value| {
        draft.kind = Some(word(value, KINDS)?);
        Ok(())
    },
};

const FILE: &str = "the path of a file that holds the secret and nothing else";
const ENVIRONMENT: &str = "the name of a variable of the agent's environment";

fields! {
    /// Keys of `[[notify]]`, besides `type`.
    NOTIFY: Draft;
    name: "a name of letters, digits, hyphens, underscores and dots", |value| target_name(value);
    signals: "a query over signals, such as \"severity:(high OR critical)\"", |value| signals(value).map(Some);
    on: "a list of \"opened\", \"escalated\", \"extended\" and \"triaged\"", |value| on(value).map(Some);
    title: "a text with variables, such as \"{{signal.title}}\"", |value| template(value).map(Some);
    template: "a text with variables, such as \"{{signal.message}}\"", |value| template(value).map(Some);
    rate: "notifications a minute, 1 to 6000", |value| integer(value, 1..=6000).map(|n| Some(n as u32));
    timeout: "a duration from \"1s\" to \"60s\"",
        |value| duration(value, Duration::from_secs(1), Duration::from_secs(60)).map(Some);
    ca_file: "the path of a file with certificates (PEM)", |value| path(value).map(Some);
    url: "an address such as \"https://hooks.example.org/picket\"", |value| url(value).map(Some);
    url_file: FILE, |value| path(value).map(Some);
    url_env: ENVIRONMENT, |value| variable(value).map(Some);
    headers: "a list of header fields, such as [\"x-team: shop\"]", |value| headers(value);
    token_file: FILE, |value| path(value).map(Some);
    token_env: ENVIRONMENT, |value| variable(value).map(Some);
    secret_file: FILE, |value| path(value).map(Some);
    secret_env: ENVIRONMENT, |value| variable(value).map(Some);
    address: "a host and a port, such as \"logs.example.org:6514\"", |value| address(value).map(Some);
    transport: "\"udp\", \"tcp\" or \"tls\"", |value| word(value, &[
        ("udp", Transport::Udp), ("tcp", Transport::Tcp), ("tls", Transport::Tls),
    ]);
    format: "\"rfc5424\" or \"cef\"", |value| word(value, &[("rfc5424", Format::Rfc5424), ("cef", Format::Cef)]);
    facility: "a facility of syslog, such as \"authpriv\" or \"local0\"", |value| word(value, FACILITIES).map(Some);
    tls: "\"starttls\", \"tls\" or \"none\"", |value| word(value, &[
        ("starttls", MailTls::Starttls), ("tls", MailTls::Tls), ("none", MailTls::None),
    ]);
    from: "an e-mail address, such as \"Picket <picket@example.org>\"", |value| mailbox(value).map(Some);
    to: "a list of e-mail addresses", |value| receivers(value);
    username: "who logs in at the mail server", |value| name(value).map(Some);
    password_file: FILE, |value| path(value).map(Some);
    password_env: ENVIRONMENT, |value| variable(value).map(Some);
}

fn target_name(value: Value<'_, '_>) -> Result<String, Wrong> {
    let name = string(value)?;
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > limits::POLICY_NAME || !name.chars().all(known) {
        return Err(wrong(value));
    }
    Ok(name.to_owned())
}

fn signals(value: Value<'_, '_>) -> Result<Query, Wrong> {
    let text = string(value)?;
    let query = Query::parse(text).and_then(|query| Matcher::new(&query, &SIGNALS).map(|_| query));
    query.map_err(|error| because(value, format!("column {}: {}", error.column, error.message)))
}

fn on(value: Value<'_, '_>) -> Result<Vec<ChangeKind>, Wrong> {
    let changes = list(value, |value| {
        word(
            value,
            &[
                ("opened", ChangeKind::Opened),
                ("escalated", ChangeKind::Escalated),
                ("extended", ChangeKind::Extended),
                ("triaged", ChangeKind::Triaged),
            ],
        )
    })?;
    if changes.is_empty() { Err(because(value, "of nothing at all nobody can be told")) } else { Ok(changes) }
}

fn template(value: Value<'_, '_>) -> Result<Template, Wrong> {
    let text = string(value)?;
    Template::parse_with(text, &variables::is_known, variables::NAMED)
        .map_err(|error| because(value, error.to_string()))
}

fn url(value: Value<'_, '_>) -> Result<Url, Wrong> {
    Url::parse(string(value)?).map_err(|why| because(value, why))
}

fn address(value: Value<'_, '_>) -> Result<HostPort, Wrong> {
    HostPort::parse(string(value)?).map_err(|why| because(value, why))
}

/// A variable of the environment: no `=`, no NUL (environ(7)).
fn variable(value: Value<'_, '_>) -> Result<String, Wrong> {
    let name = name(value)?;
    if name.contains(['=', '\0']) { Err(wrong(value)) } else { Ok(name) }
}

/// `name: value`, as it is sent (RFC 9110 section 5.5).
fn headers(value: Value<'_, '_>) -> Result<Vec<(String, String)>, Wrong> {
    let fields = list(value, |field| {
        let text = string(field)?;
        let (name, rest) = text
            .split_once(':')
            .ok_or_else(|| because(field, "a name, a colon and a value: \"x-team: shop\""))?;
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let rest = rest.trim();
        if name.is_empty() || !name.bytes().all(token) {
            return Err(because(field, "a header field name has letters, digits and hyphens"));
        }
        if !rest.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return Err(because(field, "the value of a header field is printable ASCII"));
        }
        let name = name.to_ascii_lowercase();
        if matches!(
            name.as_str(),
            "host" | "content-length" | "transfer-encoding" | "connection" | "content-type"
        ) {
            return Err(because(field, "this field belongs to HTTP"));
        }
        if matches!(name.as_str(), "authorization" | "cookie" | "proxy-authorization") {
            return Err(because(field, "a credential belongs into a file: `token_file`"));
        }
        Ok((name, rest.to_owned()))
    })?;
    if fields.len() > limits::NOTIFY_HEADERS {
        return Err(because(value, format!("at most {} of them", limits::NOTIFY_HEADERS)));
    }
    Ok(fields)
}

fn mailbox(value: Value<'_, '_>) -> Result<Mailbox, Wrong> {
    string(value)?.parse().map_err(|error| because(value, format!("{error}")))
}

fn receivers(value: Value<'_, '_>) -> Result<Vec<Mailbox>, Wrong> {
    let to = list(value, mailbox)?;
    if to.len() > limits::NOTIFY_RECEIVERS {
        return Err(because(value, format!("at most {} of them", limits::NOTIFY_RECEIVERS)));
    }
    Ok(to)
}
