//! Operators: what is looked for in a value. One file each.

pub(crate) mod checksum;
pub(super) mod compare;
pub(super) mod hidden_ascii;
pub(super) mod ip;
pub(super) mod phrases;
mod re2;
pub(super) mod regex;
mod sql_words;
pub(super) mod sqli;
pub(super) mod until;
pub(super) mod xss;
