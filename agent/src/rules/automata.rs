//! Regular expressions as regex-automata compiles them, for both rule languages.

use regex_automata::meta;
use regex_syntax::hir::Hir;

use crate::limits;

/// Compiles an expression over bytes.
///
/// Without the engine for whole automata, which is there when any crate of the program asks for it:
/// regex-automata 0.4.18 finds `x?A.*?A` in `aaA` with it, where one A is missing. The lazy automata,
/// which take its place, do not.
///
/// # Errors
/// It is too large.
pub(in crate::rules) fn compile(hir: &Hir) -> Result<meta::Regex, String> {
    let config = meta::Config::new()
        .utf8_empty(false)
        .dfa(false)
        .nfa_size_limit(Some(limits::REGEX_MEMORY))
        .onepass_size_limit(Some(64 * 1024))
        .hybrid_cache_capacity(1024 * 1024);
    meta::Builder::new().configure(config).build_from_hir(hir).map_err(|error| match error.size_limit() {
        Some(limit) => format!("compiled, it is larger than {limit} bytes: repeat less"),
        None => error.to_string(),
    })
}
