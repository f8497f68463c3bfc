//! Functions by their names: a few names are looked for in the hash table of `.dynsym`, and all of them in one pass over the
//! names of `.symtab`, if there is one.

use std::{collections::HashMap, ops::Range, sync::LazyLock};

use object::elf;

use super::{
    super::{gnutls, libc, openssl, rustls, search::Search, unseen},
    Image, dynamic, u32_at, u64_at, until_nul,
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
pub(in super::super) struct Named<'a> {
    exact: HashMap<&'static str, Vec<Symbol>>,
    /// Functions of rustls by their mangled names.
    pub rustls: Vec<(&'a str, Symbol)>,
    /// There are functions of BoringSSL's C++ namespace.
    pub bssl: bool,
}

impl Named<'_> {
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

/// Every name that is looked for.
static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let tables = [openssl::FUNCTIONS, openssl::CIPHERTEXT, gnutls::FUNCTIONS, libc::FUNCTIONS];
    let functions = tables.into_iter().flatten().map(|function| function.name);
    functions
        .chain(openssl::TELLING.iter().copied())
        .chain([gnutls::VERSION])
        .chain(unseen::symbols())
        .collect()
});

/// `_ZN4bssl…`: BoringSSL is C++ inside.
const BSSL: &str = "_ZN4bssl";

/// Names with their NUL, and parts of names; all at once.
static SEARCH: LazyLock<Search> = LazyLock::new(|| {
    let exact = NAMES.iter().map(|name| format!("{name}\0"));
    let parts = std::iter::once(BSSL).chain(rustls::PARTS.iter().copied()).map(str::to_owned);
    Search::new(&exact.chain(parts).collect::<Vec<_>>())
});

impl<'a> Image<'a> {
    /// Finds the functions of every runtime.
    pub fn named(&self) -> Named<'a> {
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
        function(self.dynamic_symbol(found)?)
    }

    /// The name and, if it is defined here, the function that a slot of the global offset table will point to.
    pub fn called(&self, slot: u64) -> Option<(&'a str, Option<Symbol>)> {
        let symbol = self.dynamic_symbol(self.dynamic.slot(slot)?)?;
        let name = until_nul(self.dynamic.strings.get(u32_at(symbol, 0)? as usize..)?)?;
        Some((name, function(symbol)))
    }

    /// What relative relocations put at addresses of a range.
    pub fn relocations(&self, range: Range<u64>) -> HashMap<u64, u64> {
        self.dynamic.relatives(range)
    }

    /// What a relative relocation puts at an address.
    pub fn relocated(&self, address: u64) -> Option<u64> {
        self.dynamic.relative(address)
    }

    fn dynamic_symbol(&self, number: u32) -> Option<&'a [u8]> {
        let start = (number as usize).checked_mul(dynamic::SYMBOL)?;
        self.dynamic.symbols.get(start..start.checked_add(dynamic::SYMBOL)?)
    }

    fn is_named(&self, number: u32, name: &str) -> bool {
        self.dynamic_symbol(number)
            .and_then(|symbol| {
                self.dynamic.strings.get(u32_at(symbol, 0)? as usize..)?.strip_prefix(name.as_bytes())
            })
            .is_some_and(|rest| rest.first() == Some(&0))
    }

    /// `DT_GNU_HASH`: a Bloom filter, buckets with the first symbol of each chain, the hashes of the symbols of a chain with
    /// its last one marked by bit 0 (<https://flapenguin.me/elf-dt-gnu-hash>).
    fn gnu_hash(&self, table: &[u8], name: &str) -> Option<u32> {
        let (buckets, first, bloom_words) = (u32_at(table, 0)?, u32_at(table, 4)?, u32_at(table, 8)?);
        let shift = u32_at(table, 12)?;
        let hash = name.bytes().fold(5381_u32, |hash, byte| hash.wrapping_mul(33).wrapping_add(byte.into()));
        let word = (hash / 64).checked_rem(bloom_words)? as usize;
        let bloom = u64_at(table, 16 + word * 8)?;
        let bits = (1_u64 << (hash % 64)) | (1_u64 << (hash.checked_shr(shift)? % 64));
        if bloom & bits != bits {
            return None;
        }
        let chains = 16 + bloom_words as usize * 8;
        let mut number = u32_at(table, chains + hash.checked_rem(buckets)? as usize * 4)?;
        let hashes = chains + buckets as usize * 4;
        for _ in 0..limits::BINARY_CHAIN {
            let other = u32_at(table, hashes + number.checked_sub(first)? as usize * 4)?;
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
    fn sysv_hash(&self, table: &[u8], name: &str) -> Option<u32> {
        let buckets = u32_at(table, 0)?;
        let hash = name.bytes().fold(0_u32, |hash, byte| {
            let hash = (hash << 4).wrapping_add(byte.into());
            let high = hash & 0xf000_0000;
            (hash ^ (high >> 24)) & !high
        });
        let mut number = u32_at(table, 8 + hash.checked_rem(buckets)? as usize * 4)?;
        for _ in 0..limits::BINARY_CHAIN {
            if number == 0 {
                return None;
            }
            if self.is_named(number, name) {
                return Some(number);
            }
            number = u32_at(table, 8 + (buckets as usize + number as usize) * 4)?;
        }
        None
    }

    /// Names first: their pass is fast, and most files have none of them.
    fn all_symbols(&self, named: &mut Named<'a>) {
        let Some(table) = self.sections.iter().find(|section| section.kind == elf::SHT_SYMTAB) else {
            return;
        };
        let Some(strings) = self.sections.get(table.link as usize).map(|section| section.bytes) else {
            return;
        };
        let mut wanted = HashMap::new();
        SEARCH.each(strings, |pattern, found| {
            let start = match NAMES.get(pattern) {
                Some(_) => found.start,
                None => {
                    let before = strings.get(..found.start).unwrap_or_default();
                    let near =
                        before.get(before.len().saturating_sub(limits::BINARY_NAME)..).unwrap_or_default();
                    found.start - near.len() + memchr::memrchr(0, near).map_or(0, |nul| nul + 1)
                }
            };
            wanted.insert(start, pattern);
            wanted.len() < limits::BINARY_SYMBOLS
        });
        if wanted.is_empty() {
            return;
        }
        let (mut first, mut last) = (usize::MAX, 0);
        for start in wanted.keys() {
            (first, last) = (first.min(*start), last.max(*start));
        }
        for symbol in table.bytes.chunks_exact(dynamic::SYMBOL) {
            let Some(start) = u32_at(symbol, 0).map(|start| start as usize) else { return };
            if start < first || start > last {
                continue;
            }
            let (Some(pattern), Some(function)) = (wanted.get(&start), function(symbol)) else { continue };
            match NAMES.get(*pattern) {
                Some(name) => named.add(name, function),
                None => {
                    let Some(name) = strings.get(start..).and_then(until_nul) else { continue };
                    if name.contains(BSSL) {
                        named.bssl = true;
                    } else if named.rustls.len() < limits::BINARY_SYMBOLS {
                        named.rustls.push((name, function));
                    }
                }
            }
        }
    }
}

/// A symbol that is a function and defined here.
fn function(symbol: &[u8]) -> Option<Symbol> {
    let (info, section) = (*symbol.get(4)?, u32_at(symbol, 4)? >> 16);
    let (address, size) = (u64_at(symbol, 8)?, u64_at(symbol, 16)?);
    (info & 0xf == elf::STT_FUNC && section != u32::from(elf::SHN_UNDEF) && address != 0)
        .then_some(Symbol { address, size })
}
