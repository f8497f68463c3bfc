//! Repeatable random bytes and a checksum, for transfers that must arrive intact.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Result;

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014). The byte
/// stream does not depend on how it is cut into pieces.
pub struct Random {
    state: u64,
    rest: [u8; 8],
    left: usize,
    sizes: u64,
}

impl Random {
    /// The stream of this seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed, rest: [0; 8], left: 0, sizes: seed }
    }

    /// The next bytes of the stream.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(count + 8);
        out.extend_from_slice(&self.rest[8 - self.left..]);
        while out.len() < count {
            self.rest = step(&mut self.state).to_le_bytes();
            out.extend_from_slice(&self.rest);
        }
        self.left = out.len() - count;
        out.truncate(count);
        out
    }

    /// A number below `limit`; does not touch the byte stream.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(step(&mut self.sizes) % limit.max(1) as u64).unwrap_or(0)
    }

    /// Writes the next bytes of the stream to a file.
    pub fn write_file(&mut self, file: &Path, length: usize) -> Result<()> {
        let mut out = BufWriter::with_capacity(1 << 20, File::create(file)?);
        let mut left = length;
        while left > 0 {
            let piece = self.bytes(left.min(1 << 20));
            out.write_all(&piece)?;
            left -= piece.len();
        }
        out.flush().map_err(Into::into)
    }
}

fn step(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// CRC-32 as zlib computes it (RFC 1952 section 8).
pub struct Crc32 {
    table: [u32; 256],
    value: u32,
}

impl Crc32 {
    /// Of nothing.
    pub fn new() -> Self {
        let mut table = [0; 256];
        for (n, entry) in (0u32..).zip(table.iter_mut()) {
            *entry = (0..8).fold(n, |c, _| if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 });
        }
        Self { table, value: u32::MAX }
    }

    /// And of these bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let [low, ..] = self.value.to_le_bytes();
            self.value = self.table[usize::from(low ^ byte)] ^ (self.value >> 8);
        }
    }

    /// The checksum.
    pub fn value(&self) -> u32 {
        !self.value
    }
}
