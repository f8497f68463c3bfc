//! `detectSQLi`, `detectXSS`: libinjection.

use super::{Cache, Found};
use crate::limits;
use crate::rules::operators::{sqli, xss};

pub(super) fn sqli(text: &[u8], cache: &mut Option<Cache>) -> Option<Found> {
    judged(text, cache, sqli::is_sqli)
}

pub(super) fn xss(text: &[u8], cache: &mut Option<Cache>) -> Option<Found> {
    judged(text, cache, xss::is_xss)
}

fn judged(text: &[u8], cache: &mut Option<Cache>, judge: fn(&[u8]) -> Option<bool>) -> Option<Found> {
    match judge(beginning(text)) {
        Some(found) => found.then_some(Found::all(text)),
        None => {
            cache.get_or_insert_default().given_up();
            None
        }
    }
}

/// The fingerprint of SQL injection, which `detectSQLi` leaves in `TX.0`.
pub(super) fn fingerprint(text: &[u8]) -> Option<Vec<u8>> {
    sqli::fingerprint(beginning(text)).flatten()
}

/// Bytes that are read of a text, if it is worth it.
pub(super) fn bytes(text: &[u8], worth_reading: fn(&[u8]) -> bool) -> usize {
    let text = beginning(text);
    if worth_reading(text) { text.len() } else { 0 }
}

fn beginning(text: &[u8]) -> &[u8] {
    text.get(..limits::JUDGED_INJECTION).unwrap_or(text)
}
