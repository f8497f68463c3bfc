//! The credentials of one request's target and body, to recognise pieces of them.
#![forbid(unsafe_code)]

use std::{borrow::Cow, collections::HashSet, ops::Range};

use serde_json::Value;

use super::{REDACTED, layers, names::Names, replace, scan};
use crate::{http::Request, limits};

/// Bytes of a credential that give it away.
const GRAM: usize = 8;
/// Shorter credentials are not recognised inside other text.
const SHORTEST: usize = 3;

/// Credentials of a request, in lower case, at every layer of their encoding.
#[derive(Clone, Debug, Default)]
pub struct Known {
    credentials: Vec<Vec<u8>>,
    grams: HashSet<[u8; GRAM]>,
    bytes: usize,
    overflow: bool,
}

impl Known {
    pub(super) fn collect(names: &Names, request: &Request) -> Self {
        let mut known = Self::default();
        known.text(names, &String::from_utf8_lossy(&request.target));
        let body = &request.body.data;
        match serde_json::from_slice::<Value>(body) {
            Ok(json) => known.json(names, &json, false),
            // Also JSON that was cut: the text is looked through instead.
            Err(_) => known.text(names, &String::from_utf8_lossy(body)),
        }
        known
    }

    /// A text with every piece of a credential replaced: a run of [`GRAM`] bytes, a short credential, or
    /// the end of a credential at the start of the text; at any layer of its encoding.
    pub(super) fn mask(&self, text: &str) -> String {
        if self.overflow {
            return REDACTED.to_owned();
        }
        let mut shown = self.mask_layer(text);
        let mut layer = shown.clone().into_owned();
        for _ in 1..limits::REDACT_LAYERS {
            let Cow::Owned(decoded) = layers::decode(&layer) else { break };
            layer = match self.mask_layer(&decoded) {
                Cow::Borrowed(_) => decoded,
                Cow::Owned(masked) => {
                    shown = Cow::Owned(masked.clone());
                    masked
                }
            };
        }
        shown.into_owned()
    }

    fn mask_layer<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if text == REDACTED || text.is_empty() {
            return Cow::Borrowed(text);
        }
        let lower = text.to_ascii_lowercase();
        let bytes = lower.as_bytes();
        let mut covered = vec![false; bytes.len()];
        let mut cover = |range: Range<usize>| {
            covered.iter_mut().take(range.end).skip(range.start).for_each(|c| *c = true)
        };
        for (at, gram) in bytes.windows(GRAM).enumerate() {
            if <&[u8; GRAM]>::try_from(gram).is_ok_and(|gram| self.grams.contains(gram)) {
                cover(at..at + GRAM);
            }
        }
        for credential in &self.credentials {
            if bytes.len() < GRAM && contains(credential, bytes) {
                return Cow::Owned(REDACTED.to_owned());
            }
            if (SHORTEST..GRAM).contains(&credential.len()) {
                for (at, _) in
                    bytes.windows(credential.len()).enumerate().filter(|(_, part)| part == credential)
                {
                    cover(at..at + credential.len());
                }
            }
            let tail = (2..=credential.len().min(bytes.len()).min(GRAM))
                .rev()
                .find(|&len| credential.get(credential.len() - len..) == bytes.get(..len));
            cover(0..tail.unwrap_or(0));
        }
        replace(text, &ranges(text, &covered))
    }

    fn text(&mut self, names: &Names, text: &str) {
        let mut layer = text.to_owned();
        for _ in 0..limits::REDACT_LAYERS {
            scan::scan(&layer, names, &mut |range| self.add(layer.get(range).unwrap_or_default()));
            let Cow::Owned(next) = layers::decode(&layer) else { break };
            layer = next;
        }
    }

    /// Everything below a credential's name is one; serde_json bounds the depth at 128.
    fn json(&mut self, names: &Names, value: &Value, credential: bool) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    self.json(names, value, credential || names.is_credential(name));
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.json(names, value, credential)),
            Value::String(text) if credential => self.add(text),
            Value::String(text) => self.text(names, text),
            Value::Number(number) if credential => self.add(&number.to_string()),
            Value::Number(_) | Value::Bool(_) | Value::Null => {}
        }
    }

    /// A credential as it stands and decoded.
    fn add(&mut self, credential: &str) {
        let mut layer = credential.trim().replace('+', " ");
        self.layer(credential.trim());
        for _ in 0..limits::REDACT_LAYERS {
            self.layer(&layer);
            let Cow::Owned(next) = layers::decode(&layer) else { break };
            layer = next;
        }
    }

    fn layer(&mut self, credential: &str) {
        let lower = credential.to_ascii_lowercase().into_bytes();
        if lower.is_empty() || self.overflow || self.credentials.contains(&lower) {
            return;
        }
        self.bytes += lower.len();
        if self.bytes > limits::EVENT_CREDENTIAL_BYTES || self.credentials.len() == limits::EVENT_CREDENTIALS
        {
            self.overflow = true;
            return;
        }
        self.grams.extend(lower.windows(GRAM).filter_map(|gram| <[u8; GRAM]>::try_from(gram).ok()));
        self.credentials.push(lower);
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Covered bytes as ranges of whole characters.
fn ranges(text: &str, covered: &[bool]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        if !covered.get(start..end).is_some_and(|bytes| bytes.contains(&true)) {
            continue;
        }
        match ranges.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => ranges.push(start..end),
        }
    }
    ranges
}
