//! JSON bodies, read as leniently as the most lenient server: lone surrogates, any escape, single
//! quotes, comments, missing commas and closing braces, bytes that are not UTF-8. Rules must see what
//! *some* service might see; being strict would be a way past them.
//!
//! One pass, no recursion. Duplicate keys give a value each.

use memchr::memchr2;

use super::super::transforms::hex;
use super::{Address, Inputs, NodeId};
use crate::limits;

/// An open object or list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    node: NodeId,
    /// `Some(index of the next element)` for a list.
    index: Option<u32>,
}

/// How the text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// As JSON does.
    Complete,
    /// In the middle.
    Early,
    /// It is not JSON, or more than is judged.
    Malformed,
}

/// Values and names of a JSON text, under `root`.
pub(super) fn read(text: &[u8], address: Address, root: NodeId, inputs: &mut Inputs<'_>) -> End {
    let mut frames = std::mem::take(inputs.frames);
    frames.clear();
    let end = Reader {
        text,
        at: 0,
        address,
        root,
        frames: &mut frames,
        too_deep: 0,
        key: None,
        end: End::Complete,
    }
    .run(inputs);
    *inputs.frames = frames;
    end
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    address: Address,
    root: NodeId,
    frames: &'t mut Vec<Frame>,
    /// Containers open beyond the depth that is kept.
    too_deep: usize,
    /// The key just read.
    key: Option<NodeId>,
    end: End,
}

impl Reader<'_> {
    fn run(mut self, inputs: &mut Inputs<'_>) -> End {
        while let Some(&byte) = self.text.get(self.at) {
            if inputs.is_full() {
                return End::Malformed;
            }
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b':' => self.at += 1,
                b',' => {
                    self.at += 1;
                    self.next_element();
                }
                b'{' | b'[' => {
                    self.at += 1;
                    self.open(byte == b'[', inputs);
                }
                b'}' | b']' => {
                    self.at += 1;
                    self.close(byte == b']');
                }
                b'"' | b'\'' => self.string(byte, inputs),
                b'/' if matches!(self.text.get(self.at + 1), Some(b'/' | b'*')) => self.comment(),
                _ => self.word(inputs),
            }
        }
        if !self.frames.is_empty() && self.end == End::Complete {
            self.end = End::Early;
        }
        self.end
    }

    fn open(&mut self, list: bool, inputs: &mut Inputs<'_>) {
        if self.frames.len() >= limits::JSON_DEPTH {
            if self.too_deep == 0 {
                inputs.stats.depth_over_limit += 1;
            }
            self.too_deep += 1;
            return;
        }
        let node = self.place(inputs);
        self.key = None;
        self.frames.push(Frame { node, index: list.then_some(0) });
    }

    fn close(&mut self, list: bool) {
        self.key = None;
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        if self.frames.pop().is_none_or(|frame| frame.index.is_some() != list) {
            self.end = End::Malformed;
        }
    }

    fn next_element(&mut self) {
        self.key = None;
        if self.too_deep == 0
            && let Some(Frame { index: Some(index), .. }) = self.frames.last_mut()
        {
            *index = index.saturating_add(1);
        }
    }

    /// The name under which a value that starts here stands.
    fn place(&self, inputs: &mut Inputs<'_>) -> NodeId {
        match (self.key, self.frames.last()) {
            (Some(key), _) => key,
            (None, Some(Frame { node, index: Some(index) })) if self.too_deep == 0 => {
                inputs.indexed(self.address, *node, *index)
            }
            (None, Some(frame)) => frame.node,
            (None, None) => self.root,
        }
    }

    fn string(&mut self, quote: u8, inputs: &mut Inputs<'_>) {
        if quote == b'\'' {
            self.end = End::Malformed;
        }
        let mut cut = false;
        let span = inputs.store.build(|to| {
            let start = to.len();
            self.unescaped(quote, to);
            cut = to.len() - start > limits::JUDGED_VALUE;
            to.truncate(start + limits::JUDGED_VALUE);
        });
        if cut {
            inputs.stats.values_cut += 1;
            inputs.store.cut();
        }
        let Some(span) = span else { return };
        if self.is_key() {
            let parent = self.frames.last().map_or(self.root, |frame| frame.node);
            self.key = Some(inputs.key_at(self.address, parent, span));
        } else {
            let node = self.place(inputs);
            inputs.push(Inputs::lane(self.address, super::Source::Values), node, span);
        }
    }

    /// What stands up to the quotation mark.
    fn unescaped(&mut self, quote: u8, to: &mut Vec<u8>) {
        self.at += 1;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(stop) = memchr2(quote, b'\\', rest) else {
                to.extend_from_slice(rest);
                self.at = self.text.len();
                if self.end == End::Complete {
                    self.end = End::Early;
                }
                return;
            };
            let (plain, stopped) = rest.split_at(stop);
            to.extend_from_slice(plain);
            self.at += stop + 1;
            if stopped.first() == Some(&quote) {
                return;
            }
            self.escape(to);
        }
    }

    /// What follows a backslash.
    fn escape(&mut self, out: &mut Vec<u8>) {
        let Some(&byte) = self.text.get(self.at) else { return };
        self.at += 1;
        match byte {
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'u' => {
                let Some(code) = self.four() else {
                    out.extend(b"\\u");
                    return;
                };
                let c = match code {
                    0xd800..=0xdbff => {
                        self.low_surrogate().map(|low| 0x10000 + ((code - 0xd800) << 10) + low)
                    }
                    _ => Some(code),
                };
                let c = c.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend(c.encode_utf8(&mut [0; 4]).bytes());
            }
            other => out.push(other),
        }
    }

    /// Four hexadecimal digits, passed over when they are there.
    fn four(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let code = digits.iter().try_fold(0, |code, &d| Some(code << 4 | u32::from(hex(d)?)))?;
        self.at += 4;
        Some(code)
    }

    /// The second half of a surrogate pair, less 0xdc00.
    fn low_surrogate(&mut self) -> Option<u32> {
        let before = self.at;
        if self.text.get(before..before + 2) == Some(b"\\u") {
            self.at += 2;
            if let Some(low @ 0xdc00..=0xdfff) = self.four() {
                return Some(low - 0xdc00);
            }
        }
        self.at = before;
        None
    }

    /// A number, `true`, `false`, `null`, or what should not be there.
    fn word(&mut self, inputs: &mut Inputs<'_>) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let len = rest.iter().take_while(|b| !b" \t\r\n,:{}[]\"'".contains(b)).count().max(1);
        let word = rest.get(..len).unwrap_or_default();
        self.at += len;
        if self.is_key() {
            let parent = self.frames.last().map_or(self.root, |frame| frame.node);
            self.key = Some(inputs.named(self.address, parent, word));
            self.end = End::Malformed;
            return;
        }
        let number = word.iter().all(|b| b.is_ascii_digit() || b"+-.eE".contains(b));
        if !number && ![&b"true"[..], b"false", b"null"].contains(&word) {
            self.end = End::Malformed;
        }
        let node = self.place(inputs);
        inputs.word(self.address, node, word);
    }

    /// Whether what was just read is followed by a colon, inside an object.
    fn is_key(&self) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let object = self.frames.last().is_some_and(|frame| frame.index.is_none() || self.too_deep > 0);
        object && rest.trim_ascii_start().first() == Some(&b':')
    }

    /// `//` or `/*`: not JSON, but some readers pass over it.
    fn comment(&mut self) {
        self.end = End::Malformed;
        let rest = self.text.get(self.at + 2..).unwrap_or_default();
        let (closing, skip): (&[u8], usize) =
            if self.text.get(self.at + 1) == Some(&b'*') { (b"*/", 2) } else { (b"\n", 1) };
        let end = memchr::memmem::find(rest, closing).map_or(rest.len(), |at| at + skip);
        self.at += 2 + end;
    }
}
