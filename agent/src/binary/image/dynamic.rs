//! The dynamic section: what the dynamic linker knows of a file.

use std::{collections::HashMap, ops::Range};

use object::elf;

use super::{Image, u32_at, u64_at, until_nul};
use crate::limits;

/// Bytes of an entry of the dynamic section, of a symbol, of a relocation with addend.
const ENTRY: usize = 16;
pub(super) const SYMBOL: usize = 24;
const RELOCATION: usize = 24;

/// Tables by their addresses.
#[derive(Default)]
pub(super) struct Dynamic<'a> {
    pub soname: Option<&'a str>,
    pub needed: Vec<&'a str>,
    /// Symbols, from their first to the end of the segment: their number stands nowhere.
    pub symbols: &'a [u8],
    pub strings: &'a [u8],
    pub gnu_hash: Option<&'a [u8]>,
    pub hash: Option<&'a [u8]>,
    /// Relocations of the procedure linkage table.
    calls: &'a [u8],
    /// All others.
    relocations: &'a [u8],
}

impl<'a> Dynamic<'a> {
    pub fn read(image: &Image<'a>, section: &[u8]) -> Self {
        let mut dynamic = Self::default();
        let (mut soname, mut needed) = (None, Vec::new());
        let (mut calls, mut calls_size, mut relocations, mut relocations_size) = (0, 0, 0, 0);
        for entry in section.chunks_exact(ENTRY).take(limits::BINARY_DYNAMIC) {
            let (Some(tag), Some(value)) = (u64_at(entry, 0), u64_at(entry, 8)) else { break };
            match tag.cast_signed() {
                elf::DT_NULL => break,
                elf::DT_SONAME => soname = Some(value),
                elf::DT_NEEDED => needed.push(value),
                elf::DT_SYMTAB => dynamic.symbols = image.from(value).unwrap_or_default(),
                elf::DT_STRTAB => dynamic.strings = image.from(value).unwrap_or_default(),
                elf::DT_GNU_HASH => dynamic.gnu_hash = image.from(value),
                elf::DT_HASH => dynamic.hash = image.from(value),
                elf::DT_JMPREL => calls = value,
                elf::DT_PLTRELSZ => calls_size = value,
                elf::DT_RELA => relocations = value,
                elf::DT_RELASZ => relocations_size = value,
                _ => {}
            }
        }
        let text = |at: u64| until_nul(dynamic.strings.get(usize::try_from(at).ok()?..)?);
        dynamic.soname = soname.and_then(text);
        dynamic.needed = needed.into_iter().filter_map(text).collect();
        dynamic.calls = image.at(calls, calls_size).unwrap_or_default();
        dynamic.relocations = image.at(relocations, relocations_size).unwrap_or_default();
        dynamic
    }

    /// The symbol that a slot of the global offset table will point to: its number, for a call.
    pub fn slot(&self, address: u64) -> Option<u32> {
        [self.calls, self.relocations].into_iter().find_map(|table| {
            let relocation = find(table, address)?;
            match u32_at(relocation, 12)? {
                0 => None,
                symbol => Some(symbol),
            }
        })
    }

    /// What a relative relocation puts at an address.
    pub fn relative(&self, address: u64) -> Option<u64> {
        addend(find(self.relocations, address)?)
    }

    /// What relative relocations put at addresses of a range.
    pub fn relatives(&self, range: Range<u64>) -> HashMap<u64, u64> {
        let relocations = self.relocations.chunks_exact(RELOCATION).filter_map(|relocation| {
            let address = u64_at(relocation, 0).filter(|address| range.contains(address))?;
            Some((address, addend(relocation)?))
        });
        relocations.collect()
    }
}

/// A relocation without a symbol: what it puts there, before the file is moved to where it is mapped.
fn addend(relocation: &[u8]) -> Option<u64> {
    (u32_at(relocation, 12)? == 0).then(|| u64_at(relocation, 16)).flatten()
}

fn find(table: &[u8], address: u64) -> Option<&[u8]> {
    table.chunks_exact(RELOCATION).find(|relocation| u64_at(relocation, 0) == Some(address))
}
