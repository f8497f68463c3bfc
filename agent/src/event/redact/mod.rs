//! Credentials taken out of everything that is stored or printed. The only place that does so.
//!
//! ```text
//! a shown text   path, query, user agent, anomaly…   ─> Redactor::text: what looks like a credential goes
//! a match        under a credential's name            ─> all of it goes
//!                anywhere else                        ─> as a shown text, and
//!                in the target or body as a whole     ─> pieces of the request's known credentials go
//! ```
//!
//! The last is needed because a match carries only the piece that matched, after the rule's
//! transformers: `ter2' OR 1=1` does not say that it stood in `password=hunter2' OR 1=1`.
#![forbid(unsafe_code)]

mod known;
mod layers;
mod names;
mod scan;
mod xmlrpc;

use std::{borrow::Cow, ops::Range};

pub use known::Known;
use names::Names;

use crate::{config, http::Request, limits};

/// What stands in place of a credential.
pub const REDACTED: &str = "<redacted>";

/// Knows what a credential is.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    names: Names,
}

impl Redactor {
    /// With these names besides the built-in ones.
    #[must_use]
    pub fn new(config: &config::Redact) -> Self {
        Self { names: Names::with(config.parameters.iter().chain(&config.headers)) }
    }

    /// Whether what stands under this name (header field, parameter, JSON key, cookie) is a credential.
    #[must_use]
    pub fn is_credential(&self, name: &str) -> bool {
        self.names.is_credential(name)
    }

    /// Any text, with credentials replaced: values of `password=…`, `"token": …`, `Authorization: …`,
    /// `<secret>…`, multipart fields, userinfo in URLs, JSON web tokens, `Bearer …`. Percent-encoded ones
    /// too; the text comes back decoded as far as was needed to take them out.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut shown = self.layer(text);
        let mut layer = shown.clone().into_owned();
        for _ in 1..limits::REDACT_LAYERS {
            let Cow::Owned(decoded) = layers::decode(&layer) else { break };
            match self.layer(&decoded) {
                Cow::Owned(clean) => {
                    shown = Cow::Owned(clean.clone());
                    layer = clean;
                }
                Cow::Borrowed(_) => layer = decoded,
            }
        }
        shown
    }

    /// The credentials in the request's target and body, for [`Self::matched`].
    #[must_use]
    pub fn known(&self, request: &Request) -> Known {
        Known::collect(&self.names, request)
    }

    /// A matched value at its location (`query.user.password`, `headers.authorization`, `uri`…).
    #[must_use]
    pub fn matched(&self, location: &str, key: Option<&str>, value: &str, known: &Known) -> String {
        let mut names = location.split(['.', '[', ']']).chain(key);
        let (Some(part), rest) = (names.next(), names) else { return REDACTED.to_owned() };
        let mut whole = key.is_none();
        for name in rest {
            if !name.is_empty() {
                whole &= key.is_none() && name.bytes().all(|b| b.is_ascii_digit());
            }
            if self.is_credential(name) {
                return REDACTED.to_owned();
            }
        }
        if part == "cookies" || self.is_credential(location) {
            return REDACTED.to_owned();
        }
        let clean = self.text(value);
        if whole { known.mask(&clean) } else { clean.into_owned() }
    }

    fn layer<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut ranges = Vec::new();
        scan::scan(text, &self.names, &mut |range| ranges.push(range));
        replace(text, &ranges)
    }
}

/// The text with these ranges, in order and apart, replaced.
fn replace<'t>(text: &'t str, ranges: &[Range<usize>]) -> Cow<'t, str> {
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(REDACTED);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests;
