//! The bytes of a file, read where they are looked at.
//!
//! Programs of hundreds of megabytes are inspected in less than two: headers are kept while the file is inspected, tables
//! are asked through a few blocks that take turns, and what is searched from end to end passes through one window. Files are
//! never mapped into memory, because one that is cut meanwhile would end the agent (`SIGBUS`).

mod frames;
mod source;
mod span;

use std::{
    cell::{Cell, RefCell},
    io,
    num::NonZeroUsize,
    ops::Range,
};

use bumpalo::Bump;
use lru::LruCache;
use object::ReadRef;

use super::image::Error;
use crate::limits;
pub use source::Source;
pub(super) use span::Span;

/// Bytes of a block: headers and dynamic symbols of most files are in one.
const BLOCK: usize = 16 * 1024;
type Block = Box<[u8; BLOCK]>;

/// Blocks at a time: a search in a table, and the table it leads to, stay in them.
const BLOCKS: NonZeroUsize = NonZeroUsize::new(32).expect("not 0");

/// A file that is read lazily. Its length is what it was at first.
///
/// After the first read that fails or comes short, all fail ([`Store::lost`]): a file that changes is not worth more.
pub(super) struct Store<'s> {
    source: &'s dyn Source,
    length: u64,
    blocks: RefCell<LruCache<u64, Block>>,
    kept: Bump,
    /// Bytes that may still be read.
    left: Cell<u64>,
    lost: Cell<Option<Error>>,
}

impl<'s> Store<'s> {
    /// Nothing is read yet.
    ///
    /// # Errors
    /// The file's length can't be asked.
    pub fn new(source: &'s dyn Source) -> Result<Self, Error> {
        let kept = Bump::new();
        kept.set_allocation_limit(Some(limits::BINARY_KEPT));
        Ok(Self {
            source,
            length: source.length().map_err(|error| Error::Unread(error.kind()))?,
            blocks: RefCell::new(LruCache::new(BLOCKS)),
            kept,
            left: Cell::new(limits::BINARY_READ),
            lost: Cell::new(None),
        })
    }

    /// Why not all that was looked at could be read, if so: then what was found is not the whole.
    pub fn lost(&self) -> Option<Error> {
        self.lost.get()
    }

    /// All of it.
    pub fn all(&self) -> Span<'_> {
        Span::new(self, 0, self.length)
    }

    /// None of it.
    pub fn nothing(&self) -> Span<'_> {
        Span::new(self, 0, 0)
    }

    /// Copies what is at an offset, through the blocks if it is small.
    fn copy(&self, mut at: u64, mut into: &mut [u8]) -> Option<()> {
        if at.checked_add(into.len() as u64)? > self.length {
            return None;
        }
        if into.len() >= BLOCK {
            return self.read(at, into);
        }
        let mut blocks = self.blocks.borrow_mut();
        while !into.is_empty() {
            let (number, within) = (at / BLOCK as u64, (at % BLOCK as u64) as usize);
            if !blocks.contains(&number) {
                let oldest = if blocks.len() < BLOCKS.get() { None } else { blocks.pop_lru() };
                let mut block = oldest.map_or_else(|| Box::new([0; BLOCK]), |(_, block)| block);
                let start = number * BLOCK as u64;
                let length = (self.length - start).min(BLOCK as u64) as usize;
                self.read(start, block.get_mut(..length)?)?;
                blocks.put(number, block);
            }
            let part = blocks.get(&number)?.get(within..)?;
            let length = part.len().min(into.len());
            let (first, rest) = into.split_at_mut_checked(length)?;
            first.copy_from_slice(part.get(..length)?);
            into = rest;
            at += length as u64;
        }
        Some(())
    }

    /// Reads what lies within the file's length.
    fn read(&self, mut at: u64, mut into: &mut [u8]) -> Option<()> {
        if self.lost.get().is_some() {
            return None;
        }
        let Some(left) = self.left.get().checked_sub(into.len() as u64) else {
            self.lost.set(Some(Error::TooMuch));
            return None;
        };
        self.left.set(left);
        while !into.is_empty() {
            let failed = match self.source.read_at(into, at) {
                Ok(0) => io::ErrorKind::UnexpectedEof,
                Ok(length) => {
                    at += length as u64;
                    into = into.get_mut(length..)?;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error.kind(),
            };
            self.lost.set(Some(Error::Unread(failed)));
            return None;
        }
        Some(())
    }
}

/// What is read this way is kept as long as the store, up to [`limits::BINARY_KEPT`] bytes: headers and names.
impl<'a> ReadRef<'a> for &'a Store<'a> {
    fn len(self) -> Result<u64, ()> {
        Ok(self.length)
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> Result<&'a [u8], ()> {
        if size == 0 {
            return Ok(&[]);
        }
        let size = usize::try_from(size).ok().filter(|size| *size <= limits::BINARY_KEPT).ok_or(())?;
        let bytes = self.kept.try_alloc_slice_fill_copy(size, 0).map_err(drop)?;
        self.copy(offset, bytes).ok_or(())?;
        Ok(bytes)
    }

    fn read_bytes_at_until(self, range: Range<u64>, delimiter: u8) -> Result<&'a [u8], ()> {
        let span = self.all().range(range).ok_or(())?;
        let length = span.find(delimiter, limits::BINARY_NAME).ok_or(())?;
        self.read_bytes_at(span.start(), length)
    }
}
