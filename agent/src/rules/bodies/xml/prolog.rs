//! What is neither text nor element: instructions, the declaration, the document type definition
//! (XML 1.0 sections 2.6 and 2.8).

use memchr::{memchr, memmem};

use super::super::{Over, Sink};
use super::Reader;
use super::text::{is_name, is_space};

impl<S: Sink> Reader<'_, S> {
    /// `<?target …?>`, of which `<?xml …?>` is one.
    pub(super) fn instruction(&mut self) {
        let start = self.at;
        let span = self.enclosed(b"<?".len(), b"?>", "an instruction does not end");
        let inner = self.slice(span);
        let len = inner.iter().take_while(|&&byte| !is_space(byte)).count();
        let (target, rest) = inner.split_at(len);
        let first = start == 0 || (start == 3 && self.text.starts_with(b"\xef\xbb\xbf"));
        if first && target == b"xml" {
            let encoding = pseudo_attribute(rest, b"encoding");
            let known = encoding.is_none_or(|name| {
                name.eq_ignore_ascii_case(b"utf-8") || name.eq_ignore_ascii_case(b"us-ascii")
            });
            let version = pseudo_attribute(rest, b"version");
            self.other_encoding = !known;
            if version.is_none() && !self.cut {
                self.wrong("a declaration without version", start);
            }
        } else if (!is_name(target) || target.eq_ignore_ascii_case(b"xml")) && !self.cut {
            self.wrong("an instruction that is none", start);
        }
    }

    /// `<!DOCTYPE …>`. `false`: the sink has no room.
    pub(super) fn definition(&mut self) -> bool {
        let start = self.at;
        if self.root || self.definition {
            self.wrong("a document type definition where none may be", start);
        }
        self.definition = true;
        let (end, subset) = definition(self.text, start);
        if end.is_none() && !self.cut {
            self.wrong("a document type definition does not end", start);
        }
        self.at = end.unwrap_or(self.text.len());
        let subset = subset.and_then(|(from, to)| self.text.get(from..to)).unwrap_or_default();
        if !subset.trim_ascii().is_empty() && !self.sink.xml_text(subset) {
            self.outcome.stop(Over::Sink);
            return false;
        }
        true
    }
}

/// Where a document type definition ends, and what stands in its brackets.
fn definition(text: &[u8], start: usize) -> (Option<usize>, Option<super::Span>) {
    let mut at = start + b"<!DOCTYPE".len();
    let mut subset = None;
    let mut inside = false;
    while let Some(&byte) = text.get(at) {
        let rest = text.get(at..).unwrap_or_default();
        let behind =
            |closing: &[u8]| memmem::find(rest, closing).map_or(text.len(), |len| at + len + closing.len());
        at = match byte {
            b'"' | b'\'' => {
                memchr(byte, rest.get(1..).unwrap_or_default()).map_or(text.len(), |len| at + len + 2)
            }
            b'<' if rest.starts_with(b"<!--") => behind(b"-->"),
            b'<' if rest.starts_with(b"<?") => behind(b"?>"),
            b'[' if !inside && subset.is_none() => {
                inside = true;
                subset = Some((at + 1, text.len()));
                at + 1
            }
            b']' if inside => {
                inside = false;
                subset = subset.map(|(from, _)| (from, at));
                at + 1
            }
            b'>' if !inside => return (Some(at + 1), subset),
            _ => at + 1,
        };
    }
    (None, subset)
}

/// The value of `name="value"` in a declaration.
fn pseudo_attribute<'t>(text: &'t [u8], name: &[u8]) -> Option<&'t [u8]> {
    let at = memmem::find(text, name)?;
    let rest = text.get(at + name.len()..)?.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (&quote, inner) = rest.split_first().filter(|(quote, _)| b"\"'".contains(quote))?;
    inner.get(..memchr(quote, inner)?)
}
