//! Where a file's bytes come from.

use std::{fs::File, io, os::unix::fs::FileExt};

/// Bytes that can be read at any offset: a file, or bytes in memory.
pub trait Source {
    /// How many there are.
    ///
    /// # Errors
    /// It can't be asked.
    fn length(&self) -> io::Result<u64>;

    /// Reads some from an offset on, and says how many; 0 at the end.
    ///
    /// # Errors
    /// They can't be read.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl Source for File {
    fn length(&self) -> io::Result<u64> {
        self.metadata().map(|metadata| metadata.len())
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, into, offset)
    }
}

impl Source for &[u8] {
    fn length(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let from = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        let length = from.len().min(into.len());
        if let (Some(into), Some(from)) = (into.get_mut(..length), from.get(..length)) {
            into.copy_from_slice(from);
        }
        Ok(length)
    }
}
