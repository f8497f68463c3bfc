//! Unwind tables are read where they are looked at too: what gimli reads through.

use std::{borrow::Cow, fmt};

use gimli::{Error, LittleEndian, Reader, ReaderOffsetId, Result};

use super::Span;
use crate::limits;

impl fmt::Debug for Span<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes at {}", self.length(), self.start())
    }
}

impl Span<'_> {
    fn end<T>(&self) -> Result<T> {
        Err(Error::UnexpectedEof(self.offset_id()))
    }

    /// What gimli never asks for in unwind tables, but could.
    fn whole(&self) -> Result<Vec<u8>> {
        let short = (self.length() <= limits::BINARY_NAME as u64).then(|| self.bytes()).flatten();
        short.map_or_else(|| self.end(), Ok)
    }
}

impl Reader for Span<'_> {
    type Endian = LittleEndian;
    type Offset = u64;

    fn endian(&self) -> LittleEndian {
        LittleEndian
    }

    fn len(&self) -> u64 {
        self.length()
    }

    fn empty(&mut self) {
        *self = self.first(0);
    }

    fn truncate(&mut self, length: u64) -> Result<()> {
        *self = self.get(0, length).map_or_else(|| self.end(), Ok)?;
        Ok(())
    }

    fn offset_from(&self, base: &Self) -> u64 {
        self.start().saturating_sub(base.start())
    }

    fn offset_id(&self) -> ReaderOffsetId {
        ReaderOffsetId(self.start())
    }

    fn lookup_offset_id(&self, id: ReaderOffsetId) -> Option<u64> {
        id.0.checked_sub(self.start()).filter(|at| *at <= self.length())
    }

    fn find(&self, byte: u8) -> Result<u64> {
        Span::find(*self, byte, limits::BINARY_NAME).map_or_else(|| self.end(), Ok)
    }

    fn skip(&mut self, length: u64) -> Result<()> {
        *self = self.from(length).map_or_else(|| self.end(), Ok)?;
        Ok(())
    }

    fn split(&mut self, length: u64) -> Result<Self> {
        let first = self.get(0, length).map_or_else(|| self.end(), Ok)?;
        self.skip(length)?;
        Ok(first)
    }

    fn to_slice(&self) -> Result<Cow<'_, [u8]>> {
        self.whole().map(Cow::Owned)
    }

    fn to_string(&self) -> Result<Cow<'_, str>> {
        String::from_utf8(self.whole()?).map(Cow::Owned).map_err(|_| Error::BadUtf8)
    }

    fn to_string_lossy(&self) -> Result<Cow<'_, str>> {
        Ok(Cow::Owned(String::from_utf8_lossy(&self.whole()?).into_owned()))
    }

    fn read_slice(&mut self, into: &mut [u8]) -> Result<()> {
        self.fill(0, into).map_or_else(|| self.end(), Ok)?;
        self.skip(into.len() as u64)
    }
}
