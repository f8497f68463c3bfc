//! Go's function table (`pclntab`, `runtime/symtab.go`, `debug/gosym/pclntab.go`): name, entry and end of every function.
//!
//! ```text
//! header    magic, 0, 0, quantum, size of a pointer; then words: see `Layout`
//! functab   [entry, offset of its record] × n, end of the last function
//! record    entry, offset of its name (i32), …
//! ```
//!
//! Up to 1.17 entries are addresses, from 1.18 on 32-bit offsets from the start of the text.

use std::{ops::Range, sync::LazyLock};

use super::super::{image::Image, search::Search, store::Span};
use crate::limits;

/// Pointers are 64 bits.
const WORD: u64 = 8;

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
    bytes: Span<'a>,
    count: u64,
    /// What offsets of names count from.
    names: Span<'a>,
    /// Where the functab is, which is what offsets of records count from (in 1.2's layout: 0).
    functab: u64,
    records: u64,
    /// What entries count from.
    text: u64,
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
                let table = segment.bytes.from(at.start);
                found =
                    table.and_then(|table| Self::parse(image, segment.address.wrapping_add(at.start), table));
                tries -= 1;
                found.is_none() && tries > 0
            });
            found
        })
    }

    fn parse(image: &Image<'a>, address: u64, bytes: Span<'a>) -> Option<Self> {
        let magic = bytes.u32(0)?;
        let (_, layout) = MAGICS.into_iter().find(|(other, _)| *other == magic)?;
        if !matches!(bytes.array(4)?, [0, 0, 1 | 2 | 4, 8]) {
            return None;
        }
        let word = |index: u64| bytes.u64(WORD + index * WORD);
        let offset = |index: u64| word(index).filter(|at| *at < bytes.length());
        let count = word(0).filter(|count| (1..=limits::BINARY_GO_FUNCTIONS).contains(count))?;
        let (names, functab, records, text) = match layout {
            Layout::V2 => (0..bytes.length(), 2 * WORD, 0, 0),
            Layout::V16 => (offset(2)?..offset(3)?, offset(6)?, offset(6)?, 0),
            Layout::V18 => {
                (offset(3)?..offset(4)?, offset(7)?, offset(7)?, text_start(image, address, word(2)?)?)
            }
        };
        let names = bytes.range(names)?;
        Some(Self { layout, bytes, count, names, functab, records, text, address })
    }

    /// It is of 1.17 or older.
    pub fn before_1_18(&self) -> bool {
        self.layout != Layout::V18
    }

    /// Where functions begin and end, each up to where the next one begins.
    pub fn find<const N: usize>(&self, image: &Image<'_>, names: &[&str; N]) -> [Option<Range<u64>>; N] {
        let mut found = [const { None }; N];
        let offsets = self.names(names);
        let mut left = offsets.iter().flatten().count();
        for index in 0..self.count {
            if left == 0 {
                break;
            }
            let Some(name) = self.name_of(index) else { break };
            for (offset, found) in offsets.iter().zip(&mut found) {
                if *offset == Some(name)
                    && found.is_none()
                    && let Some(bounds) = self.bounds(image, index)
                    && image.file_offset(bounds.start).is_some()
                {
                    *found = Some(bounds);
                    left -= 1;
                }
            }
        }
        found
    }

    /// The offsets of names among the names.
    fn names<const N: usize>(&self, wanted: &[&str; N]) -> [Option<u32>; N] {
        let mut offsets = [None; N];
        let mut left = N;
        Search::new(&wanted.map(|name| format!("{name}\0"))).each(self.names, |which, at| {
            let begins = at.start.checked_sub(1).is_some_and(|before| self.names.u8(before) == Some(0));
            if let Some(offset @ None) = offsets.get_mut(which)
                && begins
            {
                *offset = u32::try_from(at.start).ok();
                left -= 1;
            }
            left > 0
        });
        offsets
    }

    fn name_of(&self, index: u64) -> Option<u32> {
        let at = self.row(index)?;
        let (record, name) = match self.layout {
            Layout::V18 => (self.bytes.u32(at.checked_add(4)?)?.into(), 4),
            Layout::V2 | Layout::V16 => (self.bytes.u64(at.checked_add(WORD)?)?, WORD),
        };
        self.bytes.u32(self.records.checked_add(record)?.checked_add(name)?)
    }

    fn bounds(&self, image: &Image<'_>, index: u64) -> Option<Range<u64>> {
        let (start, end) = (self.entry(image, index)?, self.entry(image, index + 1)?);
        (start < end).then_some(start..end)
    }

    /// Where a function begins; where the file has nothing a relocation may put it there.
    fn entry(&self, image: &Image<'_>, index: u64) -> Option<u64> {
        let at = self.row(index)?;
        match self.layout {
            Layout::V18 => self.text.checked_add(self.bytes.u32(at)?.into()),
            Layout::V2 | Layout::V16 => match self.bytes.u64(at)? {
                0 => image.relocated(self.address.checked_add(at)?),
                entry => Some(entry),
            },
        }
    }

    fn row(&self, index: u64) -> Option<u64> {
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
    let field = address.checked_add(8 + 2 * WORD)?;
    image.relocated(field).or_else(|| image.section(b".text").map(|section| section.address))
}
