//! Picket's own rules, compiled in.

use super::inapp::{self, ReadError, ast::File};

/// One file a class, in the order in which matches are reported.
const FILES: [(&str, &str); 13] = [
    ("sql_injection.json", include_str!("../../rules/sql_injection.json")),
    ("xss.json", include_str!("../../rules/xss.json")),
    ("file_inclusion.json", include_str!("../../rules/file_inclusion.json")),
    ("command_injection.json", include_str!("../../rules/command_injection.json")),
    ("ssrf.json", include_str!("../../rules/ssrf.json")),
    ("php_injection.json", include_str!("../../rules/php_injection.json")),
    ("java_injection.json", include_str!("../../rules/java_injection.json")),
    ("js_injection.json", include_str!("../../rules/js_injection.json")),
    ("template_injection.json", include_str!("../../rules/template_injection.json")),
    ("nosql_injection.json", include_str!("../../rules/nosql_injection.json")),
    ("xml_and_headers.json", include_str!("../../rules/xml_and_headers.json")),
    ("scanners.json", include_str!("../../rules/scanners.json")),
    ("fingerprints.json", include_str!("../../rules/fingerprints.json")),
];

/// Picket's own rules.
///
/// # Errors
/// None, as long as the tests of this crate pass.
pub fn builtin() -> Result<Vec<File>, ReadError> {
    let files = FILES.iter().map(|(name, text)| Ok(inapp::read(text.as_bytes(), name)?.file));
    files.collect()
}
