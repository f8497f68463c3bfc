//! `Content-Disposition` of a part (RFC 7578 section 4.2), as ModSecurity reads it.

use super::super::Sink;
use crate::rules::transforms::{hex, percent_decode};

/// What the field says. Buffers that are reused.
#[derive(Debug, Default)]
pub(super) struct Disposition {
    /// `name`; empty when there is none.
    pub name: Vec<u8>,
    filename: Vec<u8>,
    /// `filename*`, decoded.
    extended: Vec<u8>,
    value: Vec<u8>,
    /// A quotation mark that does not belong there.
    pub invalid_quoting: bool,
    /// The first thing that is wrong.
    pub error: Option<&'static str>,
}

impl Disposition {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.name.clear();
        self.filename.clear();
        self.extended.clear();
        self.invalid_quoting = false;
        self.error = None;
    }

    /// `filename`, or `filename*` where there is no other, and `filename*` beside the first. An empty name
    /// is none, as in libmodsecurity: browsers send it for a file that was not chosen.
    pub fn filenames(&self) -> Option<(&[u8], Option<&[u8]>)> {
        match (&self.filename[..], &self.extended[..]) {
            ([], []) => None,
            ([], extended) => Some((extended, None)),
            (filename, []) => Some((filename, None)),
            (filename, extended) => Some((filename, Some(extended))),
        }
    }

    /// Reads the value of the field. Names are told to the sink as they come, second ones too; `false`: it
    /// has no room.
    pub fn read(&mut self, field: &[u8], sink: &mut impl Sink) -> bool {
        self.clear();
        let mut rest = match field.strip_prefix(b"form-data") {
            Some(rest) => blanks(rest),
            None => {
                self.wrong("Multipart: Invalid Content-Disposition header (not form-data)");
                field
            }
        };
        if !rest.is_empty() && rest.first() != Some(&b';') {
            self.wrong("Multipart: Invalid Content-Disposition header (semicolon missing)");
            rest = next_parameter(rest);
        }
        while let Some(parameter) = rest.strip_prefix(b";") {
            if parameter.is_empty() {
                break;
            }
            rest = match self.parameter(blanks(parameter), sink) {
                Some(rest) => rest,
                None => return false,
            };
        }
        if !self.extended.is_empty() && self.filename.is_empty() {
            self.wrong("Multipart: Invalid Content-Disposition header (filename* without filename)");
        }
        if self.name.is_empty() {
            self.wrong("Multipart: Content-Disposition header missing name field");
        }
        true
    }

    /// Reads one parameter; what follows it, from its semicolon on. `None`: the sink has no room.
    fn parameter<'f>(&mut self, text: &'f [u8], sink: &mut impl Sink) -> Option<&'f [u8]> {
        let len = text.iter().take_while(|byte| !b"=\t ;".contains(byte)).count();
        let (name, rest) = text.split_at(len);
        let Some(rest) = blanks(rest).strip_prefix(b"=") else {
            self.wrong("Multipart: Invalid Content-Disposition header (parameter without value)");
            return Some(next_parameter(rest));
        };
        let rest = blanks(rest);
        if rest.is_empty() {
            self.wrong("Multipart: Invalid Content-Disposition header (empty value)");
        }
        if name == b"filename*" {
            return self.extended(rest, sink);
        }
        let quoted = matches!(rest.first(), Some(b'"' | b'\''));
        let mut value = std::mem::take(&mut self.value);
        value.clear();
        let rest = self.value(rest, &mut value);
        self.value = value;
        let (room, slot, duplicate) = match name {
            b"name" => {
                let room = sink.part_name(&self.value);
                (room, &mut self.name, "Multipart: Duplicate Content-Disposition name")
            }
            b"filename" => {
                let room = sink.part_filename(&self.value);
                (room, &mut self.filename, "Multipart: Duplicate Content-Disposition filename")
            }
            _ => {
                self.wrong("Multipart: Invalid Content-Disposition header (unknown parameter)");
                return Some(self.end(rest, quoted));
            }
        };
        self.invalid_quoting |= !quoted && self.value.contains(&b'\'');
        // The first one counts.
        if slot.is_empty() {
            std::mem::swap(slot, &mut self.value);
        } else {
            self.wrong(duplicate);
        }
        room.then(|| self.end(rest, quoted))
    }

    /// Reads a value in quotation marks or a token, to the end of `out`; what follows it.
    fn value<'f>(&mut self, text: &'f [u8], out: &mut Vec<u8>) -> &'f [u8] {
        let Some((&quote @ (b'"' | b'\''), inner)) = text.split_first() else {
            let len = text.iter().take_while(|&&byte| is_token(byte)).count();
            let (token, rest) = text.split_at(len);
            out.extend_from_slice(token);
            return rest;
        };
        // Some servers take them, RFC 2045 does not know them.
        self.invalid_quoting |= quote == b'\'';
        let mut bytes = inner.iter().enumerate();
        while let Some((at, &byte)) = bytes.next() {
            match byte {
                _ if byte == quote => return inner.get(at + 1..).unwrap_or_default(),
                // A backslash before another byte is one of its own: Windows paths.
                b'\\' => match inner.get(at + 1) {
                    Some(&next) if next == quote || next == b'\\' => {
                        out.push(next);
                        bytes.next();
                    }
                    _ => out.push(byte),
                },
                _ => out.push(byte),
            }
        }
        self.wrong("Multipart: Invalid Content-Disposition header (quotation mark missing)");
        b""
    }

    /// `filename*=charset'language'percent-encoded` (RFC 5987 section 3.2).
    fn extended<'f>(&mut self, text: &'f [u8], sink: &mut impl Sink) -> Option<&'f [u8]> {
        let len = text.iter().take_while(|&&byte| byte != b';').count();
        let (whole, rest) = text.split_at(len);
        let whole = whole.trim_ascii_end();
        let mut pieces = whole.splitn(3, |&byte| byte == b'\'');
        let (charset, language, encoded) = (pieces.next(), pieces.next(), pieces.next());
        let valid = charset.is_some_and(|c| !c.is_empty() && c.iter().all(|&b| is_charset(b)))
            && language.is_some_and(|l| l.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'-'))
            && encoded.is_some();
        let encoded = encoded.unwrap_or(whole);
        if !valid || !is_encoded(encoded) {
            self.wrong("Multipart: Invalid Content-Disposition header (filename*)");
        }
        if self.extended.is_empty() {
            if !percent_decode(encoded, false, &mut self.extended) {
                self.extended.clear();
                self.extended.extend_from_slice(encoded);
            }
            if !sink.part_filename(&self.extended) {
                return None;
            }
        } else {
            self.wrong("Multipart: Duplicate Content-Disposition filename*");
        }
        Some(rest)
    }

    /// What follows a value has to be a semicolon or nothing.
    fn end<'f>(&mut self, rest: &'f [u8], quoted: bool) -> &'f [u8] {
        let after = blanks(rest);
        if after.is_empty() || after.first() == Some(&b';') {
            return after;
        }
        self.wrong("Multipart: Invalid Content-Disposition header (semicolon missing)");
        // As in `"a"b"`.
        self.invalid_quoting |= quoted && rest.len() == after.len();
        next_parameter(after)
    }

    fn wrong(&mut self, what: &'static str) {
        self.error.get_or_insert(what);
    }
}

/// From the next semicolon on.
fn next_parameter(text: &[u8]) -> &[u8] {
    memchr::memchr(b';', text).and_then(|at| text.get(at..)).unwrap_or_default()
}

fn blanks(text: &[u8]) -> &[u8] {
    let len = text.iter().take_while(|byte| b"\t ".contains(byte)).count();
    text.get(len..).unwrap_or_default()
}

/// RFC 2045: `token`.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte)
}

/// RFC 5987: `mime-charsetc`.
fn is_charset(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&+-^_`{}~".contains(&byte)
}

/// RFC 5987: `value-chars`.
fn is_encoded(text: &[u8]) -> bool {
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        let good = match byte {
            b'%' => [bytes.next(), bytes.next()].iter().all(|digit| digit.copied().and_then(hex).is_some()),
            _ => byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte),
        };
        if !good {
            return false;
        }
    }
    true
}
