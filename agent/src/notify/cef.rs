//! ArcSight's Common Event Format, version 0 (Implementing ArcSight CEF, version 25).

use std::net::IpAddr;

use super::{
    letter::{self, Letter, cut},
    message::{Notification, What},
};
use crate::detect::Severity;

/// Bytes of a value: what most fields take (`suser`, `msg`: 1023).
const VALUE: usize = 1023;

/// `CEF:0|vendor|product|version|class|name|severity|extension`, of at most `most` bytes; what has no room is left out.
#[must_use]
pub fn line(notification: &Notification, letter: &Letter, host: &str, most: usize) -> String {
    let class = match &notification.what {
        What::Signal { signal, .. } => signal.rule.as_str(),
        What::More { .. } => "more",
        What::Test => "test",
    };
    let mut line = format!(
        "CEF:0|Picket|Picket|{}|{}|{}|{}|",
        header(env!("CARGO_PKG_VERSION")),
        header(class),
        header(&letter.title),
        severity(letter.severity),
    );
    let mut separator = "";
    for (key, value) in extension(notification, letter, host) {
        let value = escape(cut(&value, VALUE));
        if value.is_empty() || line.len() + separator.len() + key.len() + 1 + value.len() > most {
            continue;
        }
        line.push_str(separator);
        line.push_str(key);
        line.push('=');
        line.push_str(&value);
        separator = " ";
    }
    line
}

fn extension(notification: &Notification, letter: &Letter, host: &str) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("rt", notification.time.as_millisecond().to_string()),
        ("dvchost", host.to_owned()),
        ("cat", notification.event().to_owned()),
        ("deviceExternalId", notification.id.clone()),
    ];
    if let Some(signal) = notification.signal() {
        fields.push(("externalId", signal.id.to_string()));
        fields.push(("cnt", signal.counts.events.to_string()));
        fields.push(("start", signal.first_seen.as_millisecond().to_string()));
        fields.push(("end", signal.last_seen.as_millisecond().to_string()));
        match signal.actors.first().map(|actor| actor.parse()) {
            Some(Ok(IpAddr::V4(actor))) => fields.push(("src", actor.to_string())),
            Some(Ok(IpAddr::V6(actor))) => {
                fields.push(("c6a2", actor.to_string()));
                fields.push(("c6a2Label", "Source IPv6 Address".to_owned()));
            }
            Some(Err(_)) | None => {}
        }
        let labelled = [
            ("suser", None, signal.users.first().cloned().unwrap_or_default()),
            ("requestClientApplication", None, signal.user_agents.first().cloned().unwrap_or_default()),
            ("cs1", Some(("cs1Label", "services")), letter::some(&signal.services)),
            ("cs2", Some(("cs2Label", "status")), letter::status(signal.status).to_owned()),
            ("cs3", Some(("cs3Label", "actors")), letter::some(&signal.actors)),
            ("act", None, letter::actions(signal)),
        ];
        for (key, label, value) in labelled {
            if value.is_empty() {
                continue;
            }
            fields.push((key, value));
            fields.extend(label.map(|(key, label)| (key, label.to_owned())));
        }
    }
    fields.push(("msg", letter.text.clone()));
    fields
}

/// 0 to 10.
fn severity(severity: Severity) -> u8 {
    match severity {
        Severity::Info => 1,
        Severity::Low => 3,
        Severity::Medium => 6,
        Severity::High => 8,
        Severity::Critical => 10,
    }
}

/// A field of the header: backslash and bar are escaped, there are no lines.
fn header(text: &str) -> String {
    letter::one_line(text).replace('\\', "\\\\").replace('|', "\\|")
}

/// A value of the extension: backslash and equals sign are escaped, ends of lines written as `\n`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.trim_end().replace("\r\n", "\n").chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '=' => escaped.push_str("\\="),
            '\n' | '\r' => escaped.push_str("\\n"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
