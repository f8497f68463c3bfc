//! A part of a file: what a slice of its bytes would be, were it in memory.

use std::ops::Range;

use super::Store;
use crate::limits;

/// Bytes that are searched at a time.
const WINDOW: usize = 256 * 1024;
/// Bytes that are read at a time where a text's end is looked for.
const STEP: usize = 64;

/// A part of a file. Nothing of it need have been read. All it gives is none where that is outside of it, or can't be read.
#[derive(Clone, Copy)]
pub(in super::super) struct Span<'a> {
    store: &'a Store<'a>,
    start: u64,
    length: u64,
}

impl<'a> Span<'a> {
    /// It lies within the store.
    pub(super) fn new(store: &'a Store<'a>, start: u64, length: u64) -> Self {
        Self { store, start, length }
    }

    /// Where it begins in the file.
    pub fn start(self) -> u64 {
        self.start
    }

    /// Its bytes.
    pub fn length(self) -> u64 {
        self.length
    }

    pub fn is_empty(self) -> bool {
        self.length == 0
    }

    /// From an offset to its end.
    pub fn from(self, at: u64) -> Option<Self> {
        let length = self.length.checked_sub(at)?;
        Some(Self { start: self.start + at, length, ..self })
    }

    /// A part of it.
    pub fn get(self, at: u64, length: u64) -> Option<Self> {
        let rest = self.from(at)?;
        (length <= rest.length).then_some(Self { length, ..rest })
    }

    /// A part of it.
    pub fn range(self, range: Range<u64>) -> Option<Self> {
        self.get(range.start, range.end.checked_sub(range.start)?)
    }

    /// What is at its front, up to a length.
    pub fn first(self, length: u64) -> Self {
        Self { length: self.length.min(length), ..self }
    }

    /// Bytes at an offset.
    pub fn array<const N: usize>(self, at: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(at, &mut bytes)?;
        Some(bytes)
    }

    pub fn u8(self, at: u64) -> Option<u8> {
        self.array(at).map(u8::from_le_bytes)
    }

    /// A little-endian number.
    pub fn u32(self, at: u64) -> Option<u32> {
        self.array(at).map(u32::from_le_bytes)
    }

    /// A little-endian number.
    pub fn u64(self, at: u64) -> Option<u64> {
        self.array(at).map(u64::from_le_bytes)
    }

    /// Copies bytes at an offset.
    pub fn fill(self, at: u64, into: &mut [u8]) -> Option<()> {
        let part = self.get(at, into.len() as u64)?;
        self.store.copy(part.start, into)
    }

    /// All of it, if that is no more than a function may have.
    pub fn bytes(self) -> Option<Vec<u8>> {
        let length = usize::try_from(self.length).ok().filter(|length| *length <= limits::BINARY_FUNCTION)?;
        let mut bytes = vec![0; length];
        self.fill(0, &mut bytes)?;
        Some(bytes)
    }

    /// What stands at an offset is this.
    pub fn has(self, at: u64, bytes: &[u8]) -> bool {
        let Some(part) = self.get(at, bytes.len() as u64) else { return false };
        let mut step = [0; STEP];
        let mut at = 0;
        bytes.chunks(STEP).all(|wanted| {
            let Some(step) = step.get_mut(..wanted.len()) else { return false };
            let same = part.fill(at, step).is_some() && step == wanted;
            at += wanted.len() as u64;
            same
        })
    }

    /// The offset of a byte, among the first ones.
    pub fn find(self, byte: u8, first: usize) -> Option<u64> {
        let part = self.first(first as u64);
        let mut step = [0; STEP];
        let mut at = 0;
        while let Some(rest) = part.from(at).filter(|rest| !rest.is_empty()) {
            // Steps end where blocks do: what follows may not be needed.
            let aligned = STEP as u64 - rest.start % STEP as u64;
            let step = step.get_mut(..usize::try_from(rest.length.min(aligned)).ok()?)?;
            rest.fill(0, step)?;
            if let Some(found) = memchr::memchr(byte, step) {
                return Some(at + found as u64);
            }
            at += step.len() as u64;
        }
        None
    }

    /// How many bytes before an offset there is a byte last, of so many.
    pub fn find_back(self, byte: u8, before: u64, first: usize) -> Option<u64> {
        let mut step = [0; STEP];
        let mut end = before.min(self.length);
        let stop = end.saturating_sub(first as u64);
        while end > stop {
            let start = end.saturating_sub(STEP as u64).max(stop);
            let step = step.get_mut(..usize::try_from(end - start).ok()?)?;
            self.fill(start, step)?;
            if let Some(found) = memchr::memrchr(byte, step) {
                return Some(start + found as u64);
            }
            end = start;
        }
        None
    }

    /// Text up to its NUL; no text without one.
    pub fn text(self, at: u64) -> Option<Box<str>> {
        let text = self.from(at)?;
        let length = text.find(0, limits::BINARY_NAME)?;
        String::from_utf8(text.first(length).bytes()?).ok().map(Into::into)
    }

    /// Shows all of it, a window after the other: where it begins and whether it is the last. What is given back is how many
    /// of its bytes are done with, the others are at the front of the next one; none ends it.
    pub fn windows(self, mut show: impl FnMut(u64, &[u8], bool) -> Option<usize>) {
        let mut window = vec![0; usize::try_from(self.length).map_or(WINDOW, |length| length.min(WINDOW))];
        let (mut at, mut carried) = (0, 0);
        while at < self.length {
            let length = usize::try_from(self.length - at).map_or(WINDOW, |length| length.min(WINDOW));
            let Some(bytes) = window.get_mut(..length) else { return };
            let read = bytes.get_mut(carried..).and_then(|rest| self.fill(at + carried as u64, rest));
            let last = at + length as u64 == self.length;
            let Some(done) = read.and_then(|()| show(at, bytes, last)).filter(|done| *done > 0) else {
                return;
            };
            if last {
                return;
            }
            let done = done.min(length);
            bytes.copy_within(done.., 0);
            carried = length - done;
            at += done as u64;
        }
    }

    /// Shows the rows of a table with their offsets, until one is not to be followed.
    pub fn rows<const N: usize>(self, mut show: impl FnMut(u64, &[u8; N]) -> bool) {
        self.windows(|at, bytes, _| {
            let (rows, _) = bytes.as_chunks::<N>();
            rows.iter().zip((at..).step_by(N)).all(|(row, at)| show(at, row)).then_some(rows.len() * N)
        });
    }
}
