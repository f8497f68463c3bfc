//! The values of an XML-RPC message, one after the other, each with its path.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{limits, rules::bodies::xml};

/// What a message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told<'t> {
    /// The name of the method.
    Method(&'t [u8]),
    /// A value at a path: `param_0.array_1.name`, `fault.faultCode`.
    Value(&'t [u8], &'t [u8]),
    /// A list or structure without anything in it.
    Empty(&'t [u8]),
}

/// An open element.
#[derive(Clone, Copy, Debug)]
enum Element {
    /// `<value>`: the path's length before it, and how many values there were.
    Value {
        path: usize,
        told: u64,
        /// Its type was named and has ended: text behind it is none of it.
        typed: bool,
        /// It is a list or a structure.
        holds: bool,
    },
    /// `<array>`: the next entry.
    Array(u32),
    /// `<member>`: the path's length before it.
    Member(usize),
    /// `<name>` of a member.
    Name,
    Method,
    /// `<string>`, `<int>`…; in base64 or not.
    Scalar(bool),
    /// `<param>`, `<fault>`: the path's length before it.
    Part(usize),
    Other,
}

struct Reader<'r> {
    open: Vec<Element>,
    /// Elements that are open beyond the depth that is read.
    deeper: usize,
    path: Vec<u8>,
    text: Vec<u8>,
    parameters: u32,
    told: u64,
    found: &'r mut dyn FnMut(Told<'_>) -> bool,
}

/// Reads a message; `found` says whether to go on.
pub(super) fn read(message: &[u8], found: &mut dyn FnMut(Told<'_>) -> bool) {
    let mut reader = Reader {
        open: Vec::new(),
        deeper: 0,
        path: Vec::new(),
        text: Vec::new(),
        parameters: 0,
        told: 0,
        found,
    };
    let mut rest = message;
    while let Some(at) = memchr::memchr(b'<', rest) {
        let (before, tag) = rest.split_at(at);
        xml::unescape(before, &mut reader.text);
        let end = |with: &[u8]| memchr::memmem::find(tag, with).map_or(tag.len(), |at| at + with.len());
        let length = if tag.starts_with(b"<!--") {
            end(b"-->")
        } else if tag.starts_with(b"<![CDATA[") {
            let length = end(b"]]>");
            let inner = tag.get(b"<![CDATA[".len()..length).unwrap_or_default();
            reader.text.extend_from_slice(inner.strip_suffix(b"]]>").unwrap_or(inner));
            length
        } else if tag.starts_with(b"<?") {
            end(b"?>")
        } else {
            let length = end(b">");
            let inner = tag.get(1..length).unwrap_or_default();
            // A tag that the body ends in is none.
            if let Some(inner) = inner.strip_suffix(b">")
                && !reader.tag(inner)
            {
                return;
            }
            length
        };
        rest = tag.get(length.max(1)..).unwrap_or_default();
    }
}

impl Reader<'_> {
    /// Takes a tag without its brackets. `false`: no more.
    fn tag(&mut self, tag: &[u8]) -> bool {
        if tag.starts_with(b"!") {
            return true;
        }
        if tag.starts_with(b"/") {
            return self.close();
        }
        let single = tag.ends_with(b"/");
        let length = tag.iter().take_while(|&&byte| !byte.is_ascii_whitespace() && byte != b'/').count();
        let name = tag.get(..length).unwrap_or_default();
        let local = name.iter().rposition(|&byte| byte == b':').and_then(|colon| name.get(colon + 1..));
        self.begin(local.unwrap_or(name));
        !single || self.close()
    }

    fn begin(&mut self, name: &[u8]) {
        if self.open.len() >= limits::XMLRPC_DEPTH {
            self.deeper += 1;
            return;
        }
        let before = self.path.len();
        let element = match name {
            b"value" => {
                if let Some(Element::Array(next)) =
                    self.open.iter_mut().rev().find(|element| !matches!(element, Element::Other))
                {
                    let number = *next;
                    *next = next.saturating_add(1);
                    self.step(b"array_", Some(number));
                }
                self.text.clear();
                Element::Value { path: before, told: self.told, typed: false, holds: false }
            }
            b"array" | b"struct" => {
                if let Some(Element::Value { holds, .. }) = self.open.last_mut() {
                    *holds = true;
                }
                if name == b"array" { Element::Array(0) } else { Element::Other }
            }
            b"member" => Element::Member(before),
            b"name" => Element::Name,
            b"methodName" => Element::Method,
            b"param" => {
                let number = self.parameters;
                self.parameters = number.saturating_add(1);
                self.step(b"param_", Some(number));
                Element::Part(before)
            }
            b"fault" => {
                self.step(b"fault", None);
                Element::Part(before)
            }
            b"methodCall" | b"methodResponse" | b"params" | b"data" => Element::Other,
            _ => Element::Scalar(name == b"base64"),
        };
        if matches!(element, Element::Name | Element::Method | Element::Scalar(_)) {
            self.text.clear();
        }
        self.open.push(element);
    }

    /// Ends the element that was opened last, whatever the tag's name is. `false`: no more.
    fn close(&mut self) -> bool {
        if self.deeper > 0 {
            self.deeper -= 1;
            return true;
        }
        match self.open.pop() {
            Some(Element::Name) => {
                if let Some(Element::Member(before)) = self.open.last().copied() {
                    self.path.truncate(before);
                    let name = std::mem::take(&mut self.text);
                    self.step(name.trim_ascii(), None);
                }
                true
            }
            Some(Element::Method) => (self.found)(Told::Method(self.text.trim_ascii())),
            Some(Element::Scalar(base64)) => {
                if base64 {
                    self.text.retain(|byte| !byte.is_ascii_whitespace());
                    // What is none stays as it was sent.
                    if let Ok(decoded) = STANDARD.decode(&self.text) {
                        self.text = decoded;
                    }
                }
                if let Some(Element::Value { typed, .. }) = self.open.last()
                    && !typed
                {
                    return self.value(true);
                }
                true
            }
            Some(Element::Value { path, told, typed, holds }) => {
                let more = if holds && self.told == told {
                    self.told += 1;
                    (self.found)(Told::Empty(&self.path))
                } else {
                    holds || typed || self.value(false)
                };
                self.path.truncate(path);
                self.text.clear();
                more
            }
            Some(Element::Member(path) | Element::Part(path)) => {
                self.path.truncate(path);
                true
            }
            Some(Element::Array(_) | Element::Other) | None => true,
        }
    }

    fn value(&mut self, named: bool) -> bool {
        if let Some(Element::Value { typed, .. }) = self.open.last_mut() {
            *typed |= named;
        }
        self.told += 1;
        (self.found)(Told::Value(&self.path, &self.text))
    }

    fn step(&mut self, name: &[u8], number: Option<u32>) {
        if !self.path.is_empty() {
            self.path.push(b'.');
        }
        self.path.extend_from_slice(name);
        if let Some(number) = number {
            self.path.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        }
    }
}
