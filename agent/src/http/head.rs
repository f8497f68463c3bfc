//! Heads: collecting the bytes up to the empty line.

use bytes::Bytes;
use memchr::memchr;

/// A head that is being collected. A head that lies within one piece is looked at in place and
/// copied once; only one that is spread over pieces goes through the buffer.
#[derive(Debug, Default)]
pub(super) struct HeadBuffer {
    /// What came of the head in earlier pieces.
    bytes: Vec<u8>,
    /// Where to go on looking for a line end.
    at: usize,
    /// Where the current line starts.
    line_start: usize,
    first_line: Option<usize>,
    bare_lf: bool,
}

impl HeadBuffer {
    /// Nothing of a head is there yet.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes held.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Memory held.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Length of the first line with its end, once it is complete.
    pub fn first_line(&self) -> Option<usize> {
        self.first_line
    }

    /// A line ended in LF without CR.
    pub fn bare_lf(&self) -> bool {
        self.bare_lf
    }

    /// The head so far: the buffer, or, when it is empty, the piece itself.
    pub fn bytes<'a>(&'a self, data: &'a [u8]) -> &'a [u8] {
        if self.bytes.is_empty() { data } else { &self.bytes }
    }

    /// Looks for the end of the head, taking at most `limit` bytes of it. Returns its length with
    /// the empty line. If it is not there yet, [`keep`](Self::keep) the data.
    pub fn look(&mut self, data: &[u8], limit: usize) -> Option<usize> {
        let room = limit.saturating_sub(self.bytes.len()).min(data.len());
        let data = data.get(..room).unwrap_or(data);
        if !self.bytes.is_empty() {
            self.bytes.extend_from_slice(data);
        }
        let bytes = if self.bytes.is_empty() { data } else { self.bytes.as_slice() };
        while let Some(found) = memchr(b'\n', bytes.get(self.at..)?) {
            let lf = self.at + found;
            let line = bytes.get(self.line_start..lf)?;
            self.at = lf + 1;
            self.line_start = lf + 1;
            self.bare_lf |= line.last() != Some(&b'\r');
            if self.first_line.is_none() {
                self.first_line = Some(lf + 1);
            } else if line.is_empty() || line == b"\r" {
                return Some(lf + 1);
            }
        }
        self.at = bytes.len();
        None
    }

    /// Keeps a piece whose head goes on in the next one.
    pub fn keep(&mut self, data: &[u8], limit: usize) {
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(data.get(..limit).unwrap_or(data));
        }
    }

    /// Takes the first `len` bytes as the head and starts anew.
    pub fn take(&mut self, data: &[u8], len: usize) -> Bytes {
        let mut bytes = std::mem::take(self).bytes;
        if bytes.is_empty() {
            return Bytes::copy_from_slice(data.get(..len).unwrap_or(data));
        }
        bytes.truncate(len);
        Bytes::from(bytes)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
