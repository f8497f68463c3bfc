//! Go's function table (`pclntab`, `runtime/symtab.go`, `debug/gosym/pclntab.go`): name, entry and end of every function.
//!
//! ```text
//! header    magic, 0, 0, quantum, size of a pointer; then words: see `Layout`
//! functab   [entry, offset of its record] × n, end of the last function
//! record    entry, offset of its name (i32), …
//! ```
//!
//! Up to 1.17 entries are addresses, from 1.18 on 32-bit offsets from the start of the text.

use std::{collections::HashMap, ops::Range, sync::LazyLock};

use memchr::memmem;

use super::super::{
    image::{Image, u32_at, u64_at},
    search::Search,
};
use crate::limits;

/// Pointers are 64 bits.
const WORD: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// 1.2 to 1.15: one table.
    V2,
    /// 1.16 and 1.17: names and records have tables of their own.
    V16,
    /// 1.18 and 1.19; 1.20 and later with another magic number.
    V18,
}

const MAGICS: [(u32, Layout); 4] = [
    (0xffff_fff1, Layout::V18),
    (0xffff_fff0, Layout::V18),
    (0xffff_fffa, Layout::V16),
    (0xffff_fffb, Layout::V2),
];

/// How a table begins, with both sizes of instructions.
static MAGIC: LazyLock<Search> = LazyLock::new(|| {
    let begins = MAGICS.into_iter().flat_map(|(magic, _)| {
        [1_u8, 4].map(|quantum| [&magic.to_le_bytes(), [0, 0, quantum, 8].as_slice()].concat())
    });
    Search::new(&begins.collect::<Vec<_>>())
});

/// The table.
pub(super) struct Functions<'a> {
    layout: Layout,
    bytes: &'a [u8],
    count: usize,
    /// Names, and what offsets of names count from, in `bytes`.
    names: Range<usize>,
    /// Where the functab is, which is what offsets of records count from (in 1.2's layout: 0).
    functab: usize,
    records: usize,
    /// What entries count from.
    text: u64,
    /// Entries that a relocation puts there, by their address.
    relocated: HashMap<u64, u64>,
    address: u64,
}

impl<'a> Functions<'a> {
    /// By the name of its section, else by its magic number.
    pub fn read(image: &Image<'a>) -> Option<Self> {
        let named = [b".gopclntab".as_slice(), b".data.rel.ro.gopclntab"].into_iter().find_map(|name| {
            let section = image.section(name)?;
            Self::parse(image, section.address, section.bytes)
        });
        named.or_else(|| Self::search(image))
    }

    fn search(image: &Image<'a>) -> Option<Self> {
        image.spans(|_| true).find_map(|segment| {
            let mut found = None;
            let mut tries = limits::BINARY_NOTES;
            MAGIC.each(segment.bytes, |_, at| {
                let bytes = segment.bytes.get(at.start..).unwrap_or_default();
                found = Self::parse(image, segment.address.wrapping_add(at.start as u64), bytes);
                tries -= 1;
                found.is_none() && tries > 0
            });
            found
        })
    }

    fn parse(image: &Image<'a>, address: u64, bytes: &'a [u8]) -> Option<Self> {
        let magic = u32_at(bytes, 0)?;
        let (_, layout) = MAGICS.into_iter().find(|(other, _)| *other == magic)?;
        if !matches!(bytes.get(4..8)?, [0, 0, 1 | 2 | 4, 8]) {
            return None;
        }
        let word = |index: usize| u64_at(bytes, WORD + index * WORD);
        let offset = |index: usize| {
            word(index).and_then(|word| usize::try_from(word).ok()).filter(|at| *at < bytes.len())
        };
        let count = word(0).filter(|count| (1..=limits::BINARY_GO_FUNCTIONS).contains(count))?;
        let (names, functab, records, text) = match layout {
            Layout::V2 => (0..bytes.len(), 2 * WORD, 0, 0),
            Layout::V16 => (offset(2)?..offset(3)?, offset(6)?, offset(6)?, 0),
            Layout::V18 => {
                (offset(3)?..offset(4)?, offset(7)?, offset(7)?, text_start(image, address, word(2)?)?)
            }
        };
        let mut table = Self {
            layout,
            bytes,
            count: usize::try_from(count).ok()?,
            names,
            functab,
            records,
            text,
            relocated: HashMap::new(),
            address,
        };
        if layout != Layout::V18 && table.entry(0) == Some(0) {
            let start = address.wrapping_add(functab as u64);
            table.relocated = image.relocations(start..start.saturating_add((count + 1) * 2 * WORD as u64));
        }
        Some(table)
    }

    /// It is of 1.17 or older.
    pub fn before_1_18(&self) -> bool {
        self.layout != Layout::V18
    }

    /// Where functions begin and end, each up to where the next one begins.
    pub fn find<const N: usize>(&self, image: &Image<'_>, names: &[&str; N]) -> [Option<Range<u64>>; N] {
        let mut found = [const { None }; N];
        let offsets = names.map(|name| self.name(name));
        let mut left = offsets.iter().flatten().count();
        for index in 0..self.count {
            if left == 0 {
                break;
            }
            let Some(name) = self.name_of(index) else { break };
            for (offset, found) in offsets.iter().zip(&mut found) {
                if *offset == Some(name)
                    && found.is_none()
                    && let Some(bounds) = self.bounds(index)
                    && image.file_offset(bounds.start).is_some()
                {
                    *found = Some(bounds);
                    left -= 1;
                }
            }
        }
        found
    }

    /// The offset of a name among the names.
    fn name(&self, name: &str) -> Option<u32> {
        let names = self.bytes.get(self.names.clone())?;
        let wanted = format!("\0{name}\0");
        memmem::find(names, wanted.as_bytes()).and_then(|at| u32::try_from(at + 1).ok())
    }

    fn name_of(&self, index: usize) -> Option<u32> {
        let at = self.row(index)?;
        let (record, name) = match self.layout {
            Layout::V18 => (u32_at(self.bytes, at + 4)? as usize, 4),
            Layout::V2 | Layout::V16 => (usize::try_from(u64_at(self.bytes, at + WORD)?).ok()?, WORD),
        };
        u32_at(self.bytes, self.records.checked_add(record)?.checked_add(name)?)
    }

    fn bounds(&self, index: usize) -> Option<Range<u64>> {
        let (start, end) = (self.entry(index)?, self.entry(index + 1)?);
        (start < end).then_some(start..end)
    }

    fn entry(&self, index: usize) -> Option<u64> {
        let at = self.row(index)?;
        match self.layout {
            Layout::V18 => self.text.checked_add(u32_at(self.bytes, at)?.into()),
            Layout::V2 | Layout::V16 => match u64_at(self.bytes, at)? {
                0 => Some(self.relocated.get(&self.address.wrapping_add(at as u64)).copied().unwrap_or(0)),
                entry => Some(entry),
            },
        }
    }

    fn row(&self, index: usize) -> Option<usize> {
        let row = match self.layout {
            Layout::V18 => 8,
            Layout::V2 | Layout::V16 => 2 * WORD,
        };
        self.functab.checked_add(index.checked_mul(row)?)
    }
}

/// The header's word for it; in a position-independent program a relocation may put it there. From 1.26 on it is 0, and
/// entries count from the section.
fn text_start(image: &Image<'_>, address: u64, word: u64) -> Option<u64> {
    if word != 0 {
        return Some(word);
    }
    let field = address.checked_add(8 + 2 * WORD as u64)?;
    image.relocated(field).or_else(|| image.section(b".text").map(|section| section.address))
}
