//! Functions by their names: a few names are looked for in the hash table of `.dynsym`, and all of them in one pass over the
//! names of `.symtab`, if there is one.

use std::{collections::HashMap, ops::Range, sync::LazyLock};

use object::elf;

use super::{
    super::{gnutls, libc, openssl, rustls, search::Search, store::Span, unseen},
    Image, dynamic,
};
use crate::limits;

/// A function of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Symbol {
    /// Where it begins.
    pub address: u64,
    /// Its length in bytes; 0 if the file doesn't say.
    pub size: u64,
}

/// Functions that were looked for.
#[derive(Default)]
pub(in super::super) struct Named {
    exact: HashMap<&'static str, Vec<Symbol>>,
    /// Functions of rustls by their mangled names.
    pub rustls: Vec<(Box<str>, Symbol)>,
    /// There are functions of BoringSSL's C++ namespace.
    pub bssl: bool,
}

impl Named {
    /// Functions of a name; several if they are local to several parts of a program.
    pub fn all(&self, name: &str) -> impl Iterator<Item = Symbol> {
        self.exact.get(name).into_iter().flatten().copied()
    }

    pub fn has(&self, name: &str) -> bool {
        self.exact.contains_key(name)
    }

    fn add(&mut self, name: &'static str, symbol: Symbol) {
        let all = self.exact.entry(name).or_default();
        if all.len() < limits::BINARY_NAMESAKES && !all.iter().any(|other| other.address == symbol.address) {
            all.push(symbol);
        }
    }
}

/// A symbol as it stands in a table.
type Row = [u8; dynamic::SYMBOL];

/// Every name that is looked for.
static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let tables = [openssl::FUNCTIONS, openssl::CIPHERTEXT, gnutls::FUNCTIONS, libc::FUNCTIONS];
    let functions = tables.into_iter().flatten().map(|function| function.name);
    functions
        .chain(openssl::TELLING.iter().copied())
        .chain([gnutls::VERSION, openssl::VERSION])
        .chain(unseen::symbols())
        .collect()
});

/// `_ZN4bssl…`: BoringSSL is C++ inside.
const BSSL: &str = "_ZN4bssl";

/// Names with their NUL, and parts of names; all at once.
static SEARCH: LazyLock<Search> = LazyLock::new(|| {
    let exact = NAMES.iter().map(|name| format!("{name}\0"));
    let parts = rustls::PARTS.iter().chain([&BSSL]).map(|part| (*part).to_owned());
    Search::new(&exact.chain(parts).collect::<Vec<_>>())
});

impl<'a> Image<'a> {
    /// Finds the functions of every runtime.
    pub fn named(&self) -> Named {
        let mut named = Named::default();
        for name in NAMES.iter().copied() {
            if let Some(symbol) = self.exported(name) {
                named.add(name, symbol);
            }
        }
        self.all_symbols(&mut named);
        named
    }

    /// The bytes of a function: as long as its symbol says, else its frame.
    pub fn bounds(&self, address: u64, size: u64) -> Option<Range<u64>> {
        if size > 0 { Some(address..address.checked_add(size)?) } else { self.frame(address) }
    }

    fn exported(&self, name: &str) -> Option<Symbol> {
        let found = match (self.dynamic.gnu_hash, self.dynamic.hash) {
            (Some(table), _) => self.gnu_hash(table, name),
            (None, Some(table)) => self.sysv_hash(table, name),
            (None, None) => None,
        }?;
        function(&self.dynamic_symbol(found)?)
    }

    /// The name and, if it is defined here, the function that a slot of the global offset table will point to.
    pub fn called(&self, slot: u64) -> Option<(Box<str>, Option<Symbol>)> {
        let symbol = self.dynamic_symbol(self.dynamic.slot(slot)?)?;
        let name = self.dynamic.strings.text(name_of(&symbol).into())?;
        Some((name, function(&symbol)))
    }

    /// What a relative relocation puts at an address.
    pub fn relocated(&self, address: u64) -> Option<u64> {
        self.dynamic.relative(address)
    }

    fn dynamic_symbol(&self, number: u32) -> Option<Row> {
        self.dynamic.symbols.array(u64::from(number) * dynamic::SYMBOL as u64)
    }

    fn is_named(&self, number: u32, name: &str) -> bool {
        self.dynamic_symbol(number).is_some_and(|symbol| {
            let at = u64::from(name_of(&symbol));
            self.dynamic.strings.has(at, name.as_bytes())
                && self.dynamic.strings.u8(at + name.len() as u64) == Some(0)
        })
    }

    /// `DT_GNU_HASH`: a Bloom filter, buckets with the first symbol of each chain, the hashes of the symbols of a chain with
    /// its last one marked by bit 0 (<https://flapenguin.me/elf-dt-gnu-hash>).
    fn gnu_hash(&self, table: Span<'_>, name: &str) -> Option<u32> {
        let [buckets, first, bloom_words, shift] =
            [table.u32(0)?, table.u32(4)?, table.u32(8)?, table.u32(12)?];
        let hash = name.bytes().fold(5381_u32, |hash, byte| hash.wrapping_mul(33).wrapping_add(byte.into()));
        let word = (hash / 64).checked_rem(bloom_words)?;
        let bloom = table.u64(16 + u64::from(word) * 8)?;
        let bits = (1_u64 << (hash % 64)) | (1_u64 << (hash.checked_shr(shift)? % 64));
        if bloom & bits != bits {
            return None;
        }
        let chains = 16 + u64::from(bloom_words) * 8;
        let mut number = table.u32(chains + u64::from(hash.checked_rem(buckets)?) * 4)?;
        let hashes = chains + u64::from(buckets) * 4;
        for _ in 0..limits::BINARY_CHAIN {
            let other = table.u32(hashes + u64::from(number.checked_sub(first)?) * 4)?;
            if other | 1 == hash | 1 && self.is_named(number, name) {
                return Some(number);
            }
            if other & 1 != 0 {
                return None;
            }
            number = number.checked_add(1)?;
        }
        None
    }

    /// `DT_HASH` (System V ABI, "Hash Table").
    fn sysv_hash(&self, table: Span<'_>, name: &str) -> Option<u32> {
        let buckets = table.u32(0)?;
        let hash = name.bytes().fold(0_u32, |hash, byte| {
            let hash = (hash << 4).wrapping_add(byte.into());
            let high = hash & 0xf000_0000;
            (hash ^ (high >> 24)) & !high
        });
        let mut number = table.u32(8 + u64::from(hash.checked_rem(buckets)?) * 4)?;
        for _ in 0..limits::BINARY_CHAIN {
            if number == 0 {
                return None;
            }
            if self.is_named(number, name) {
                return Some(number);
            }
            number = table.u32(8 + (u64::from(buckets) + u64::from(number)) * 4)?;
        }
        None
    }

    /// Names first: their pass is fast, and most files have none of them.
    fn all_symbols(&self, named: &mut Named) {
        let Some(table) = self.sections.iter().find(|section| section.kind == elf::SHT_SYMTAB) else {
            return;
        };
        let Some(strings) = self.sections.get(table.link as usize).map(|section| section.bytes) else {
            return;
        };
        let (mut wanted, mut parts) = (HashMap::new(), 0);
        SEARCH.each(strings, |pattern, found| {
            let start = if NAMES.get(pattern).is_some() {
                Some(found.start)
            } else {
                parts += 1;
                let near = if parts <= limits::BINARY_SYMBOLS { limits::BINARY_NAME } else { 0 };
                strings.find_back(0, found.start, near).map(|nul| nul + 1)
            };
            if let Some(start) = start.and_then(|start| u32::try_from(start).ok()) {
                wanted.insert(start, pattern);
            }
            wanted.len() < limits::BINARY_SYMBOLS
        });
        if wanted.is_empty() {
            return;
        }
        let (mut first, mut last) = (u32::MAX, 0);
        for start in wanted.keys() {
            (first, last) = (first.min(*start), last.max(*start));
        }
        table.bytes.rows(|_, symbol: &Row| {
            let start = name_of(symbol);
            if start < first || start > last {
                return true;
            }
            let (Some(pattern), Some(function)) = (wanted.get(&start), function(symbol)) else { return true };
            match NAMES.get(*pattern) {
                Some(name) => named.add(name, function),
                // The last one.
                None if *pattern == NAMES.len() + rustls::PARTS.len() => named.bssl = true,
                None if named.rustls.len() < limits::BINARY_RUSTLS => {
                    named.rustls.extend(strings.text(start.into()).map(|name| (name, function)));
                }
                None => {}
            }
            true
        });
    }
}

/// A symbol that is a function and defined here.
fn function(symbol: &Row) -> Option<Symbol> {
    let ([what, address, size], _) = symbol.as_chunks::<8>() else { return None };
    let [_, _, _, _, info, _, section @ ..] = *what;
    let (address, size) = (u64::from_le_bytes(*address), u64::from_le_bytes(*size));
    (info & 0xf == elf::STT_FUNC && u16::from_le_bytes(section) != elf::SHN_UNDEF && address != 0)
        .then_some(Symbol { address, size })
}

/// Where its name is among the strings.
fn name_of(symbol: &Row) -> u32 {
    let [a, b, c, d, ..] = *symbol;
    u32::from_le_bytes([a, b, c, d])
}
