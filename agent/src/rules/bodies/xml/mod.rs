//! XML bodies (XML 1.0): the text of the document and the values of its attributes.
//!
//! `XML:/*` is one value, the text of the root element and of all that is in it, without comments and
//! processing instructions: what XPath's `string()` gives, and what ModSecurity hands to its operators.
//! `XML://@*` is one value for each attribute that is not a namespace declaration. Only the five entities
//! of XML and references to characters are expanded. A document type definition is not acted upon: what
//! stands in its brackets is told as one more text, so that rules see what its entities would become.
//!
//! No library: those for XML end at the first error, and a server's reader may not.

mod element;
mod prolog;
#[cfg(test)]
mod tests;
mod text;

use memchr::memchr;

use super::{Buffers, Kind, Outcome, Over, Sink};
use text::Place;

/// Where a name begins and ends in the body.
pub(super) type Span = (usize, usize);

/// Tells text and attributes of an XML body. `depth` is how many elements may be open at once; `cut`: only
/// the beginning of the body is here, its end is no error.
pub fn read(text: &[u8], depth: usize, cut: bool, buffers: &mut Buffers, sink: &mut impl Sink) -> Outcome {
    // SecLang runs no reader on a body that is not there.
    if text.is_empty() {
        return Outcome::default();
    }
    buffers.value.clear();
    buffers.open.clear();
    let mut reader = Reader {
        text,
        at: 0,
        content: &mut buffers.value,
        value: &mut buffers.name,
        open: &mut buffers.open,
        attributes: &mut buffers.attributes,
        depth,
        cut,
        root: false,
        definition: false,
        other_encoding: false,
        outcome: Outcome::default(),
        sink,
    };
    let more = reader.run();
    let Reader { root, other_encoding, mut outcome, content, sink, .. } = reader;
    if (more || outcome.over == Some(Over::Depth)) && (root || !content.is_empty()) && !sink.xml_text(content)
    {
        outcome.stop(Over::Sink);
    }
    if let Err(error) = std::str::from_utf8(text)
        && !other_encoding
        && !(cut && error.error_len().is_none())
    {
        outcome.wrong(Kind::Xml, "not UTF-8", error.valid_up_to());
    }
    outcome
}

/// Appends a text between tags with its references replaced.
pub(crate) fn unescape(raw: &[u8], out: &mut Vec<u8>) {
    // What is wrong with it is of no interest to who asks for nothing else.
    let _ = text::decode(raw, Place::Content, false, out);
}

struct Reader<'r, S> {
    text: &'r [u8],
    at: usize,
    /// Text of the document so far.
    content: &'r mut Vec<u8>,
    /// A decoded value of an attribute.
    value: &'r mut Vec<u8>,
    /// Names of the open elements.
    open: &'r mut Vec<Span>,
    /// Names of the attributes of an element.
    attributes: &'r mut Vec<Span>,
    depth: usize,
    cut: bool,
    /// The root element was there.
    root: bool,
    /// A document type definition was there: it may define entities.
    definition: bool,
    /// The declaration says that this is not UTF-8.
    other_encoding: bool,
    outcome: Outcome,
    sink: &'r mut S,
}

impl<'r, S: Sink> Reader<'r, S> {
    /// `false`: the sink has no room, or this is too deep.
    fn run(&mut self) -> bool {
        // A byte order mark.
        if self.text.starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
        }
        while self.at < self.text.len() {
            let rest = self.rest();
            let run = memchr(b'<', rest).unwrap_or(rest.len());
            self.character_data(run);
            let rest = self.rest();
            let more = if rest.is_empty() {
                break;
            } else if rest.starts_with(b"<!--") {
                self.comment();
                true
            } else if rest.starts_with(b"<![CDATA[") {
                self.cdata();
                true
            } else if rest.starts_with(b"<!DOCTYPE") {
                self.definition()
            } else if rest.starts_with(b"<?") {
                self.instruction();
                true
            } else if rest.starts_with(b"</") {
                self.end_tag();
                true
            } else {
                self.start_tag()
            };
            if !more {
                return false;
            }
        }
        if !self.cut {
            if !self.open.is_empty() {
                self.wrong("ends early", self.text.len());
            } else if !self.root {
                self.wrong("no root element", self.text.len());
            }
        }
        true
    }

    fn rest(&self) -> &'r [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn wrong(&mut self, what: &'static str, at: usize) {
        self.outcome.wrong(Kind::Xml, what, at);
    }

    /// What follows `opening` up to `closing`, and goes behind it. What does not end is read to the end of
    /// the body.
    fn enclosed(&mut self, opening: usize, closing: &[u8], what: &'static str) -> Span {
        let start = (self.at + opening).min(self.text.len());
        let rest = self.text.get(start..).unwrap_or_default();
        if let Some(len) = memchr::memmem::find(rest, closing) {
            self.at = start + len + closing.len();
            (start, start + len)
        } else {
            if !self.cut {
                self.wrong(what, self.at);
            }
            self.at = self.text.len();
            (start, self.at)
        }
    }

    fn slice(&self, (start, end): Span) -> &'r [u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Text between tags.
    fn character_data(&mut self, len: usize) {
        let start = self.at;
        self.at += len;
        let raw = self.text.get(start..self.at).unwrap_or_default();
        if self.open.is_empty() {
            let Some(first) = raw.iter().position(|&byte| !text::is_space(byte)) else { return };
            self.wrong("text outside of the root element", start + first);
        }
        // The end of a text that was cut may be half a reference.
        let raw =
            if self.cut && self.at == self.text.len() { text::without_half_reference(raw) } else { raw };
        if let Some((what, at)) = text::decode(raw, Place::Content, self.definition, self.content) {
            self.wrong(what, start + at);
        }
    }

    fn cdata(&mut self) {
        if self.open.is_empty() {
            self.wrong("text outside of the root element", self.at);
        }
        let span = self.enclosed(b"<![CDATA[".len(), b"]]>", "CDATA does not end");
        let raw = self.text.get(span.0..span.1).unwrap_or_default();
        if let Some((what, at)) = text::decode(raw, Place::Cdata, true, self.content) {
            self.wrong(what, span.0 + at);
        }
    }

    fn comment(&mut self) {
        let span = self.enclosed(b"<!--".len(), b"-->", "a comment does not end");
        let inner = self.slice(span);
        let dashes = memchr::memmem::find(inner, b"--");
        let last = (inner.last() == Some(&b'-')).then(|| inner.len() - 1);
        if let Some(at) = dashes.or(last)
            && !self.cut
        {
            self.wrong("two dashes in a comment", span.0 + at);
        }
    }
}
