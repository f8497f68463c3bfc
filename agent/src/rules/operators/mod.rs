//! Operators: what is looked for in a value. One file each.

#[cfg_attr(not(test), expect(dead_code, reason = "asked once both languages have one evaluation"))]
pub(super) mod checksum;
#[cfg_attr(not(test), expect(dead_code, reason = "asked once both languages have one evaluation"))]
pub(super) mod compare;
pub(super) mod exact;
#[cfg_attr(not(test), expect(dead_code, reason = "asked once both languages have one evaluation"))]
pub(super) mod exists;
#[cfg_attr(not(test), expect(dead_code, reason = "asked once both languages have one evaluation"))]
pub(super) mod hidden_ascii;
pub(super) mod ip;
pub(super) mod phrases;
mod re2;
pub(super) mod regex;
mod sql_words;
pub(super) mod sqli;
#[cfg_attr(not(test), expect(dead_code, reason = "asked once both languages have one evaluation"))]
pub(super) mod until;
pub(super) mod xss;
