//! Picket's own detection rules, compiled in.

use super::{Rule, RuleError, read};

macro_rules! own {
    ($($name:literal),* $(,)?) => {
        &[$((concat!($name, ".json"), include_str!(concat!("../../../detections/", $name, ".json")))),*]
    };
}

/// One file a rule: who takes accounts over, who abuses what the application does, who attacks it, who looks around.
pub(crate) const FILES: &[(&str, &str)] = own![
    "credential-stuffing",
    "distributed-credential-stuffing",
    "brute-force",
    "distributed-brute-force",
    "brute-force-success",
    "account-takeover",
    "new-country",
    "stolen-session",
    "excessive-signups",
    "excessive-password-resets",
    "user-enumeration",
    "card-testing",
    "security-scanner",
    "forced-browsing",
    "attack-spike",
    "cross-site-scripting",
    "file-inclusion",
    "server-side-request-forgery",
    "command-injection",
    "code-injection",
    "jndi-injection",
    "known-exploit",
    "sql-injection",
    "sql-injection-success",
    "web-shell",
    "attacks-with-errors",
    "sensitive-data-leak",
    "rate-abuse-endpoint",
    "rate-abuse-user",
    "idor-walk",
];

/// Picket's own detection rules.
///
/// # Errors
/// None, as long as the tests of this crate pass.
pub fn builtin() -> Result<Vec<Rule>, RuleError> {
    let mut rules = Vec::with_capacity(FILES.len());
    for (name, text) in FILES {
        rules.extend(read(text.as_bytes(), name)?);
    }
    Ok(rules)
}
