//! Picket's own rules, compiled in.

use serde::Deserialize;

use super::inapp::{self, ReadError, ast::File};

/// A file of rules, and the cases beside it.
struct Own {
    name: &'static str,
    rules: &'static str,
    cases: &'static str,
}

macro_rules! own {
    ($($name:literal),* $(,)?) => {
        &[$(Own {
            name: concat!($name, ".json"),
            rules: include_str!(concat!("../../rules/", $name, ".json")),
            cases: include_str!(concat!("../../rules/cases/", $name, ".json")),
        }),*]
    };
}

/// One file a class, in the order in which matches are reported.
const FILES: &[Own] = own![
    "sql_injection",
    "xss",
    "file_inclusion",
    "command_injection",
    "ssrf",
    "php_injection",
    "java_injection",
    "js_injection",
    "code_injection",
    "template_injection",
    "nosql_injection",
    "directory_injection",
    "xml_and_headers",
    "authentication",
    "known_exploits",
    "scanners",
    "leaks",
];

/// What events carry beside matches.
const FINGERPRINTS: (&str, &str) = ("fingerprints.json", include_str!("../../rules/fingerprints.json"));

/// Picket's own rules, and its processors.
///
/// # Errors
/// None, as long as the tests of this crate pass.
pub fn builtin() -> Result<Vec<File>, ReadError> {
    let files = FILES.iter().map(|own| (own.name, own.rules)).chain([FINGERPRINTS]);
    files.map(|(name, text)| Ok(inapp::read(text.as_bytes(), name)?.file)).collect()
}

/// The text of a file of Picket's own rules.
pub(super) fn text(name: &str) -> Option<&'static str> {
    FILES.iter().find(|own| own.name == name).map(|own| own.rules)
}

/// Why one of Picket's own rules is there, what it catches and what it leaves alone; it stands with the rule's cases.
#[must_use]
pub fn reason(id: &str) -> Option<String> {
    /// What is read of the cases of a rule.
    #[derive(Deserialize)]
    struct Reasoned {
        rule: String,
        reason: Option<String>,
    }
    let of = |own: &Own| serde_json::from_str::<Vec<Reasoned>>(own.cases).unwrap_or_default();
    FILES.iter().flat_map(of).find(|cases| cases.rule == id)?.reason
}
