//! Operators: what is looked for in a value. One file each.

pub(super) mod exact;
pub(super) mod ip;
pub(super) mod phrases;
pub(super) mod regex;
mod sql_words;
pub(super) mod sqli;
pub(super) mod xss;
