//! The values of a JSON text, byte by byte.

use super::super::{Kind, Outcome, Over, Sink};
use super::{Frame, string, word};

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
    Nothing,
}

/// What is read, and how far.
pub(super) struct Reader<'r, S> {
    text: &'r [u8],
    at: usize,
    /// The name of what is read: of the container, then of the value in it.
    name: &'r mut Vec<u8>,
    value: &'r mut Vec<u8>,
    frames: &'r mut Vec<Frame>,
    depth: usize,
    expect: Expect,
    outcome: Outcome,
    sink: &'r mut S,
}

impl<'r, S: Sink> Reader<'r, S> {
    /// `name` is that of the text as a whole.
    pub fn new(
        text: &'r [u8],
        depth: usize,
        name: &'r mut Vec<u8>,
        value: &'r mut Vec<u8>,
        frames: &'r mut Vec<Frame>,
        sink: &'r mut S,
    ) -> Self {
        let outcome = Outcome::default();
        Self { text, at: 0, name, value, frames, depth, expect: Expect::Value, outcome, sink }
    }

    /// Reads all of it.
    pub fn run(mut self, cut: bool) -> Outcome {
        while let Some(&byte) = self.text.get(self.at) {
            let more = match byte {
                b' ' | b'\t' | b'\r' | b'\n' => {
                    self.at += 1;
                    true
                }
                b'"' | b'\'' => self.string(byte, cut),
                b':' => self.colon(),
                b',' => self.comma(),
                b'{' | b'[' => self.open(byte == b'['),
                b'}' | b']' => self.close(byte == b']'),
                b'/' if matches!(self.text.get(self.at + 1), Some(b'/' | b'*')) => self.comment(),
                _ => self.word(cut),
            };
            if !more {
                return self.outcome;
            }
        }
        if self.expect != Expect::Nothing && !cut {
            self.outcome.wrong(Kind::Json, "ends early", self.text.len());
        }
        self.outcome
    }

    fn wrong(&mut self, what: &'static str) {
        self.outcome.wrong(Kind::Json, what, self.at);
    }

    fn full(&mut self) -> bool {
        self.outcome.stop(Over::Sink);
        false
    }

    fn open(&mut self, list: bool) -> bool {
        if self.frames.len() >= self.depth {
            self.wrong("depth limit exceeded");
            self.outcome.stop(Over::Depth);
            return false;
        }
        self.value_begins();
        self.frames.push(Frame { name: self.name.len(), index: list.then_some(0) });
        self.expect = if list { Expect::ValueOrEnd } else { Expect::KeyOrEnd };
        self.at += 1;
        true
    }

    fn close(&mut self, list: bool) -> bool {
        let fits = self.frames.last().is_some_and(|frame| frame.index.is_some() == list);
        let now = matches!(self.expect, Expect::CommaOrEnd | Expect::ValueOrEnd | Expect::KeyOrEnd);
        if !fits || !now {
            self.wrong("a bracket closes what is not open");
        }
        if self.frames.pop().is_some() {
            self.value_ended();
        }
        self.at += 1;
        true
    }

    fn colon(&mut self) -> bool {
        if self.expect == Expect::Colon {
            self.expect = Expect::Value;
        } else {
            self.wrong("a colon that does not follow a key");
        }
        self.at += 1;
        true
    }

    fn comma(&mut self) -> bool {
        if self.expect != Expect::CommaOrEnd {
            self.wrong("a comma that does not follow a value");
        }
        self.expect = match self.frames.last() {
            Some(Frame { name, index: None }) => {
                self.name.truncate(*name);
                Expect::Key
            }
            _ => Expect::Value,
        };
        self.at += 1;
        true
    }

    /// Whether what stands here has to be a key.
    fn is_key(&self) -> bool {
        let object = matches!(self.frames.last(), Some(Frame { index: None, .. }));
        // Inside an object, a comma is missing rather than a colon.
        matches!(self.expect, Expect::Key | Expect::KeyOrEnd) || (object && self.expect == Expect::CommaOrEnd)
    }

    /// Makes the name that of the value that begins here.
    fn value_begins(&mut self) {
        if !matches!(self.expect, Expect::Value | Expect::ValueOrEnd) {
            self.wrong("a value where none may be");
        }
        if let Some(Frame { index: Some(index), .. }) = self.frames.last() {
            let index = *index;
            self.name.extend_from_slice(b".array_");
            push_number(self.name, index);
        }
    }

    /// Makes the name that of the container again.
    fn value_ended(&mut self) {
        match self.frames.last_mut() {
            Some(frame) => {
                self.name.truncate(frame.name);
                frame.index = frame.index.map(|index| index.saturating_add(1));
                self.expect = Expect::CommaOrEnd;
            }
            None => {
                self.name.truncate(b"json".len());
                self.expect = Expect::Nothing;
            }
        }
    }

    fn string(&mut self, quote: u8, cut: bool) -> bool {
        if quote == b'\'' {
            self.wrong("a single quote");
        }
        let key = self.is_key();
        if key {
            self.key_begins();
        } else {
            self.value_begins();
            self.value.clear();
        }
        let before = self.name.len();
        let out = if key { &mut *self.name } else { &mut *self.value };
        let found = string::read(self.text, self.at + 1, quote, out);
        // Half an escape at the end of a text that was cut is nothing wrong.
        if found.closed || !cut {
            if let Some((what, at)) = found.wrong {
                self.outcome.wrong(Kind::Json, what, at);
            }
            if !found.closed {
                self.outcome.wrong(Kind::Json, "a string does not end", self.text.len());
            }
        }
        self.at = found.end;
        if key {
            self.name.extend_from_slice(found.plain);
            self.key_ended(before);
            return true;
        }
        let value = if self.value.is_empty() { found.plain } else { &self.value[..] };
        let room = self.sink.arg(self.name, value);
        self.value_ended();
        room || self.full()
    }

    fn key_begins(&mut self) {
        if self.expect == Expect::CommaOrEnd {
            self.wrong("a comma is missing");
        }
        if let Some(frame) = self.frames.last() {
            self.name.truncate(frame.name);
        }
        self.name.push(b'.');
    }

    fn key_ended(&mut self, before: usize) {
        if self.name.len() == before {
            self.name.extend_from_slice(b"empty-key");
        }
        self.expect = Expect::Colon;
    }

    /// A number, `true`, `false`, `null`, or what should not be there.
    fn word(&mut self, cut: bool) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        // At least one byte, whatever it is: this has to move on.
        let len = rest.iter().take_while(|&&byte| !word::ends(byte)).count().max(1);
        let word = rest.get(..len).unwrap_or_default();
        let unfinished = cut && len == rest.len();
        if self.is_key() {
            self.wrong("a key that is not a string");
            self.key_begins();
            self.name.extend_from_slice(word);
            self.expect = Expect::Colon;
            self.at += len;
            return true;
        }
        if !word::is_literal(word) && !unfinished {
            self.wrong("neither a number nor true, false or null");
        }
        self.value_begins();
        let value = if word == b"null" { b"" } else { word };
        let room = self.sink.arg(self.name, value);
        self.value_ended();
        self.at += len;
        room || self.full()
    }

    /// `//` or `/*`: not JSON, but some readers pass over it.
    fn comment(&mut self) -> bool {
        self.wrong("a comment");
        let rest = self.text.get(self.at + 2..).unwrap_or_default();
        let (closing, skip): (&[u8], usize) =
            if self.text.get(self.at + 1) == Some(&b'*') { (b"*/", 2) } else { (b"\n", 1) };
        let end = memchr::memmem::find(rest, closing).map_or(rest.len(), |at| at + skip);
        self.at += 2 + end;
        true
    }
}

/// In decimal; quicker than the formatter.
fn push_number(out: &mut Vec<u8>, number: u32) {
    let mut power = 1;
    while number / power >= 10 {
        power *= 10;
    }
    while power > 0 {
        // A digit: below 10.
        out.push(b'0' + (number / power % 10) as u8);
        power /= 10;
    }
}
