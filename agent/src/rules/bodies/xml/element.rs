//! Tags and attributes (XML 1.0 section 3.1).

use memchr::memchr;

use super::super::{Over, Sink};
use super::Reader;
use super::text::{self, Place, is_name, is_space};
use crate::limits;

impl<S: Sink> Reader<'_, S> {
    /// `</name>`.
    pub(super) fn end_tag(&mut self) {
        let start = self.at;
        let rest = self.rest();
        let Some(len) = memchr(b'>', rest) else {
            self.unfinished();
            return;
        };
        let name = rest.get(2..len).unwrap_or_default().trim_ascii_end();
        let fits = self.open.last().is_some_and(|&open| self.slice(open) == name);
        if !fits {
            self.wrong("an end tag that does not fit", start);
        }
        self.at += len + 1;
        self.open.pop();
    }

    /// `<name attribute="value">` or `<name/>`. `false`: no more.
    pub(super) fn start_tag(&mut self) -> bool {
        let start = self.at;
        let name = self.name(start + 1);
        if !is_name(self.slice(name)) {
            if self.cut && name.1 == self.text.len() {
                self.at = name.1;
                return true;
            }
            self.wrong("a tag without a name", start);
            if name.0 == name.1 {
                // A mere sign.
                self.content.push(b'<');
                self.at = start + 1;
                return true;
            }
        }
        if self.open.is_empty() && self.root {
            self.wrong("more than one root element", start);
        }
        self.root = true;
        if self.open.len() >= self.depth {
            self.wrong("too deep", start);
            self.outcome.stop(Over::Depth);
            return false;
        }
        self.at = name.1;
        self.attributes.clear();
        loop {
            let spaces = self.rest().iter().take_while(|&&byte| is_space(byte)).count();
            self.at += spaces;
            match self.rest() {
                [] | [b'/'] => {
                    self.unfinished();
                    break;
                }
                [b'>', ..] => {
                    self.at += 1;
                    self.open.push(name);
                    break;
                }
                [b'/', b'>', ..] => {
                    self.at += 2;
                    break;
                }
                [b'<', ..] => {
                    self.wrong("a tag in a tag", self.at);
                    self.open.push(name);
                    break;
                }
                _ => {
                    if spaces == 0 {
                        self.wrong("no white space before an attribute", self.at);
                    }
                    if !self.attribute() {
                        return false;
                    }
                }
            }
        }
        self.duplicates(start);
        true
    }

    /// The name that begins here, valid or not.
    fn name(&self, start: usize) -> super::Span {
        let rest = self.text.get(start..).unwrap_or_default();
        let len = rest.iter().take_while(|&&byte| !is_space(byte) && !b"<>/=\"'".contains(&byte)).count();
        (start, start + len)
    }

    /// `name="value"`. `false`: the sink has no room.
    fn attribute(&mut self) -> bool {
        let start = self.at;
        let name = self.name(start);
        let unfinished = self.cut && name.1 == self.text.len();
        if !unfinished && !is_name(self.slice(name)) {
            self.wrong("an attribute without a name", start);
        }
        // At least one byte, whatever it is: this has to move on.
        self.at = if name.0 == name.1 && self.rest().first() != Some(&b'=') { start + 1 } else { name.1 };
        self.spaces();
        if self.rest().first() != Some(&b'=') {
            if !(self.cut && self.rest().is_empty()) {
                self.wrong("an attribute without a value", start);
            }
            return true;
        }
        self.at += 1;
        self.spaces();
        let Some(span) = self.attribute_value() else { return true };
        let value = self.text.get(span.0..span.1).unwrap_or_default();
        self.value.clear();
        if let Some((what, at)) = text::decode(value, Place::Attribute, self.definition, self.value) {
            self.wrong(what, span.0 + at);
        }
        let name_text = self.text.get(name.0..name.1).unwrap_or_default();
        if self.attributes.len() >= limits::BODY_ATTRIBUTES {
            self.outcome.pass_over(Over::Attributes);
            return true;
        }
        self.attributes.push(name);
        if name_text == b"xmlns" || name_text.starts_with(b"xmlns:") {
            return true;
        }
        if !self.sink.xml_attribute(name_text, self.value) {
            self.outcome.stop(Over::Sink);
            return false;
        }
        true
    }

    /// Where the value is, as it stands there, and goes behind it; `None` when the body ends in it.
    fn attribute_value(&mut self) -> Option<super::Span> {
        let start = self.at;
        let rest = self.rest();
        let (skip, len, more) = match rest.first() {
            Some(&quote @ (b'"' | b'\'')) => {
                let inner = rest.get(1..).unwrap_or_default();
                (1, memchr(quote, inner), 1)
            }
            _ => {
                // As in HTML.
                let end = rest.iter().position(|&byte| is_space(byte) || byte == b'>');
                if end.is_some() || !self.cut {
                    self.wrong("a value without quotation marks", start);
                }
                (0, end, 0)
            }
        };
        if let Some(len) = len {
            self.at = start + skip + len + more;
            Some((start + skip, start + skip + len))
        } else {
            self.unfinished();
            // A value that does not end is one to look at, all the same.
            (!self.cut).then_some((start + skip, self.text.len()))
        }
    }

    fn spaces(&mut self) {
        self.at += self.rest().iter().take_while(|&&byte| is_space(byte)).count();
    }

    /// The body ends inside a tag.
    fn unfinished(&mut self) {
        if !self.cut {
            self.wrong("a tag does not end", self.at);
        }
        self.at = self.text.len();
    }

    /// No name may be there twice.
    fn duplicates(&mut self, at: usize) {
        if self.attributes.len() < 2 {
            return;
        }
        let text = self.text;
        let name = |&(start, end): &super::Span| text.get(start..end).unwrap_or_default();
        self.attributes.sort_unstable_by(|one, other| name(one).cmp(name(other)));
        if self.attributes.windows(2).any(|pair| matches!(pair, [one, other] if name(one) == name(other))) {
            self.wrong("an attribute twice", at);
        }
    }
}
