//! The dynamic section: what the dynamic linker knows of a file.

use object::elf;

use super::Image;
use crate::{
    binary::store::{Span, Store},
    limits,
};

/// Bytes of an entry of the dynamic section, of a symbol, of a relocation with addend.
const ENTRY: usize = 16;
pub(super) const SYMBOL: usize = 24;
const RELOCATION: usize = 24;

/// Tables by their addresses.
pub(super) struct Dynamic<'a> {
    pub soname: Option<Box<str>>,
    pub needed: Vec<Box<str>>,
    /// Symbols, from their first to the end of the segment: their number stands nowhere.
    pub symbols: Span<'a>,
    pub strings: Span<'a>,
    pub gnu_hash: Option<Span<'a>>,
    pub hash: Option<Span<'a>>,
    /// Relocations of the procedure linkage table.
    calls: Span<'a>,
    /// All others.
    relocations: Span<'a>,
    /// Of these, those without a symbol come first: so many bytes (`DT_RELACOUNT`).
    relative: u64,
}

impl<'a> Dynamic<'a> {
    pub fn none(store: &'a Store<'a>) -> Self {
        let nothing = store.nothing();
        Self {
            soname: None,
            needed: Vec::new(),
            symbols: nothing,
            strings: nothing,
            gnu_hash: None,
            hash: None,
            calls: nothing,
            relocations: nothing,
            relative: 0,
        }
    }

    pub fn read(image: &Image<'a>, section: Span<'a>) -> Self {
        let mut dynamic = Self::none(image.store);
        let nothing = dynamic.strings;
        let (mut soname, mut needed) = (None, Vec::new());
        let (mut calls, mut calls_size, mut relocations, mut relocations_size) = (0, 0, 0, 0);
        section.first((limits::BINARY_DYNAMIC * ENTRY) as u64).rows::<ENTRY>(|_, entry| {
            let ([tag, value], _) = entry.as_chunks::<8>() else { return false };
            let (tag, value) = (u64::from_le_bytes(*tag), u64::from_le_bytes(*value));
            match tag.cast_signed() {
                elf::DT_NULL => return false,
                elf::DT_SONAME => soname = Some(value),
                elf::DT_NEEDED => needed.push(value),
                elf::DT_SYMTAB => dynamic.symbols = image.from(value).unwrap_or(nothing),
                elf::DT_STRTAB => dynamic.strings = image.from(value).unwrap_or(nothing),
                elf::DT_GNU_HASH => dynamic.gnu_hash = image.from(value),
                elf::DT_HASH => dynamic.hash = image.from(value),
                elf::DT_JMPREL => calls = value,
                elf::DT_PLTRELSZ => calls_size = value,
                elf::DT_RELA => relocations = value,
                elf::DT_RELASZ => relocations_size = value,
                elf::DT_RELACOUNT => dynamic.relative = value.saturating_mul(RELOCATION as u64),
                _ => {}
            }
            true
        });
        dynamic.soname = soname.and_then(|at| dynamic.strings.text(at));
        // As many libraries as a program has; their names are kept.
        needed.truncate(limits::BINARY_LIBRARIES);
        dynamic.needed = needed.into_iter().filter_map(|at| dynamic.strings.text(at)).collect();
        dynamic.calls = image.at(calls, calls_size).unwrap_or(nothing);
        dynamic.relocations = image.at(relocations, relocations_size).unwrap_or(nothing);
        dynamic
    }

    /// The symbol that a slot of the global offset table will point to: its number, for a call.
    pub fn slot(&self, address: u64) -> Option<u32> {
        let symbolic = self.relocations.from(self.relative);
        [Some(self.calls), symbolic].into_iter().flatten().find_map(|table| {
            let (symbol, _) = find(table, address)?;
            (symbol != 0).then_some(symbol)
        })
    }

    /// What a relative relocation puts at an address.
    pub fn relative(&self, address: u64) -> Option<u64> {
        let (symbol, addend) = find(self.relocations, address)?;
        (symbol == 0).then_some(addend)
    }
}

/// The symbol of the relocation at an address, and what it adds. Without a symbol that is what it puts there, before the file
/// is moved to where it is mapped.
fn find(table: Span<'_>, address: u64) -> Option<(u32, u64)> {
    let mut found = None;
    table.rows::<RELOCATION>(|_, row| {
        let ([at, info, addend], _) = row.as_chunks::<8>() else { return false };
        if u64::from_le_bytes(*at) != address {
            return true;
        }
        found = Some(((u64::from_le_bytes(*info) >> 32) as u32, u64::from_le_bytes(*addend)));
        false
    });
    found
}
