//! Hits as matches: SecLang's tags and variables in the words of events.

use std::{collections::BTreeMap, sync::Arc};

use super::{model::Meta, verdict::Hit};
use crate::rules::{
    matched::Match,
    model::RuleMeta,
    variable::{Kind, Variable},
};

/// Types of attack by the tags of CRS. The first that fits counts.
const TYPES: [(&str, &str); 18] = [
    ("attack-sqli", "sql_injection"),
    ("attack-xss", "xss"),
    ("attack-rce", "command_injection"),
    ("attack-lfi", "lfi"),
    ("attack-rfi", "rfi"),
    ("attack-injection-php", "php_code_injection"),
    ("attack-injection-java", "java_code_injection"),
    ("attack-injection-nodejs", "js_code_injection"),
    ("attack-injection-generic", "code_injection"),
    ("attack-ssrf", "ssrf"),
    ("attack-ssti", "template_injection"),
    ("attack-fixation", "session_fixation"),
    ("attack-reputation-scanner", "security_scanner"),
    ("attack-reputation", "bad_reputation"),
    ("attack-dos", "denial_of_service"),
    ("attack-disclosure", "data_leakage"),
    ("attack-multipart-header", "http_protocol_violation"),
    ("attack-protocol", "http_protocol_violation"),
];

/// Names of severities (syslog's, RFC 5424 section 6.2.1).
const SEVERITIES: [&str; 8] =
    ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"];

/// What events say of a rule. Macros in its message stay as they stand: what they would be filled with may be a
/// credential.
#[must_use]
pub fn meta(meta: &Meta) -> RuleMeta {
    let mut tags = BTreeMap::new();
    let kind = TYPES.iter().find(|(tag, _)| meta.tags.iter().any(|given| given.starts_with(tag)));
    tags.insert("type".to_owned(), kind.map_or("other", |(_, kind)| kind).to_owned());
    tags.insert("category".to_owned(), "attack_attempt".to_owned());
    if let Some(name) = meta.severity.and_then(|severity| SEVERITIES.get(usize::from(severity))) {
        tags.insert("severity".to_owned(), (*name).to_owned());
    }
    if let Some(level) = meta.tags.iter().find_map(|tag| tag.strip_prefix("paranoia-level/")) {
        tags.insert("paranoia_level".to_owned(), level.to_owned());
    }
    RuleMeta { id: meta.id.to_string(), name: meta.message.clone(), tags }
}

/// Hits as the event stage takes them. Rules that only look at what other rules wrote (CRS's on its scores) are
/// left out: the verdict says what they say.
#[must_use]
pub fn matches(hits: &[Hit]) -> Vec<Match> {
    hits.iter().filter_map(as_match).collect()
}

fn as_match(hit: &Hit) -> Option<Match> {
    let variable = hit.variable?;
    if matches!(variable.kind(), Kind::Written | Kind::Matched) {
        return None;
    }
    let (label, whole) = label(variable);
    let name = (!hit.name.is_empty()).then(|| match variable {
        Variable::RequestHeaders | Variable::RequestHeadersNames => hit.name.to_ascii_lowercase(),
        _ => hit.name.clone(),
    });
    // What holds credentials as they stand is not told.
    let value = if whole { hit.value.clone() } else { String::new() };
    Some(Match {
        rule: Arc::clone(&hit.told),
        location: name.as_ref().map_or_else(|| label.to_owned(), |name| format!("{label}.{name}")),
        key: name,
        value,
    })
}

/// Where a variable is, in the words of events, and whether its value can be redacted there.
fn label(variable: Variable) -> (&'static str, bool) {
    use Variable as V;
    match variable {
        V::RequestMethod => ("method", true),
        V::RequestUri | V::RequestUriRaw => ("uri", true),
        V::RequestFilename | V::RequestBasename | V::PathInfo => ("path", true),
        V::QueryString => ("query", true),
        V::RequestLine => ("request_line", true),
        V::RequestProtocol => ("protocol", true),
        V::RequestHeaders | V::RequestHeadersNames => ("headers", true),
        V::RequestCookies | V::RequestCookiesNames => ("cookies", true),
        V::ArgsGet | V::ArgsGetNames => ("query", true),
        V::Args | V::ArgsNames => ("args", true),
        V::ArgsPost | V::ArgsPostNames | V::RequestBody | V::Xml => ("body", true),
        V::Files | V::FilesNames | V::MultipartFilename | V::MultipartName | V::FilesTmpContent => {
            ("files", true)
        }
        V::RemoteAddr | V::RemoteHost => ("client_ip", true),
        V::ResponseHeaders | V::ResponseHeadersNames => ("response.headers", true),
        V::ResponseStatus | V::StatusLine => ("response.status", true),
        // May be full of what the service tells its users.
        V::ResponseBody => ("response.body", false),
        _ => ("request", false),
    }
}
