//! Rows of a database file whose trees are broken, page by page: SQLite itself reaches a leaf only through the pages
//! above it. After "Database File Format" (sqlite.org/fileformat2.html), sections 1.5 to 2.1.
//!
//! A page does not say which table it belongs to; its rows' columns do. What lies in free pages was deleted once, and
//! is found too.
#![forbid(unsafe_code)]

use std::{fs::File, io, os::unix::fs::FileExt, path::Path};

use rusqlite::types::Value;

/// Longest row: events and signals are much shorter.
const LONGEST: usize = 16 << 20;
/// Columns of a row, at most.
const COLUMNS: usize = 32;

/// A row, as a leaf has it.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    /// Its number; none: it lies in a table without one, or in an index.
    pub number: Option<i64>,
    /// Its columns.
    pub values: Vec<Value>,
}

/// A database file that is read as bytes.
pub(super) struct Pages {
    file: File,
    size: usize,
    count: u64,
}

impl Pages {
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut header = [0; 18];
        let size = match file.read_exact_at(&mut header, 0) {
            Ok(()) => match u16::from_be_bytes([header[16], header[17]]) {
                1 => 65_536,
                size if size.is_power_of_two() && size >= 512 => usize::from(size),
                // A damaged header; the store's pages have this size.
                _ => 4096,
            },
            Err(_) => 4096,
        };
        Ok(Self { file, size, count: length / size as u64 })
    }

    /// Gives each row that lies in a page of rows to `each`, until it fails.
    pub fn rows<E>(&self, mut each: impl FnMut(Found) -> Result<(), E>) -> Result<(), E> {
        let mut page = vec![0; self.size];
        for number in 1..=self.count {
            if !self.read(number, &mut page) {
                continue;
            }
            // The first page begins with the header of the file.
            let start = if number == 1 { 100 } else { 0 };
            let (Some(&kind), Some(cells)) = (page.get(start), short(&page, start + 3)) else { continue };
            // Leaf of a table, leaf and inner page of an index or a table without numbers.
            let first = match kind {
                0x0d | 0x0a => start + 8,
                0x02 => start + 12,
                _ => continue,
            };
            for cell in 0..usize::from(cells).min(self.size / 4) {
                let Some(at) = short(&page, first + 2 * cell) else { break };
                if let Some(found) = self.cell(&page, kind, usize::from(at)) {
                    each(found)?;
                }
            }
        }
        Ok(())
    }

    fn read(&self, number: u64, page: &mut [u8]) -> bool {
        let Some(before) = number.checked_sub(1).filter(|_| number <= self.count) else { return false };
        self.file.read_exact_at(page, before * self.size as u64).is_ok()
    }

    fn cell(&self, page: &[u8], kind: u8, at: usize) -> Option<Found> {
        let mut rest = page.get(if kind == 0x02 { at + 4 } else { at }..)?;
        let length = usize::try_from(varint(&mut rest)?).ok().filter(|length| *length <= LONGEST)?;
        let number = if kind == 0x0d { Some(varint(&mut rest)?) } else { None };
        // How much of the row stands in the page.
        let most = if kind == 0x0d { self.size - 35 } else { (self.size - 12) * 64 / 255 - 23 };
        if length <= most {
            return Some(Found { number, values: record(rest.get(..length)?)? });
        }
        let least = (self.size - 12) * 32 / 255 - 23;
        let some = least + (length - least) % (self.size - 4);
        let here = if some <= most { some } else { least };
        let mut row = rest.get(..here)?.to_vec();
        let mut next = long(rest, here)?;
        let mut further = vec![0; self.size];
        while row.len() < length {
            if !self.read(u64::from(next), &mut further) {
                return None;
            }
            next = long(&further, 0)?;
            let left = length - row.len();
            row.extend(further.get(4..)?.iter().take(left));
        }
        Some(Found { number, values: record(&row)? })
    }
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// Up to nine bytes, seven bits each, all eight of the ninth.
fn varint(bytes: &mut &[u8]) -> Option<i64> {
    let mut value = 0_u64;
    for place in 0..9 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if place == 8 {
            return Some((value << 8 | u64::from(byte)).cast_signed());
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(value.cast_signed())
}

/// The kinds of all values, then the values.
fn record(row: &[u8]) -> Option<Vec<Value>> {
    let mut head = row;
    let length = usize::try_from(varint(&mut head)?).ok()?;
    let mut values = row.get(length..)?;
    let mut kinds = head.get(..length.checked_sub(row.len() - head.len())?)?;
    let mut found = Vec::new();
    while !kinds.is_empty() {
        if found.len() == COLUMNS {
            return None;
        }
        found.push(value(varint(&mut kinds)?, &mut values)?);
    }
    Some(found)
}

fn value(kind: i64, values: &mut &[u8]) -> Option<Value> {
    let length = match kind {
        0 | 8 | 9 => 0,
        1..=4 => usize::try_from(kind).ok()?,
        5 => 6,
        6 | 7 => 8,
        12.. => usize::try_from((kind - 12) / 2).ok()?,
        _ => return None,
    };
    let (bytes, rest) = values.split_at_checked(length)?;
    *values = rest;
    Some(match kind {
        0 => Value::Null,
        8 => Value::Integer(0),
        9 => Value::Integer(1),
        7 => Value::Real(f64::from_be_bytes(*bytes.first_chunk()?)),
        1..=6 => {
            let sign = bytes.first()? & 0x80 != 0;
            let start = if sign { -1_i64 } else { 0 };
            Value::Integer(bytes.iter().fold(start, |value, byte| value << 8 | i64::from(*byte)))
        }
        _ if kind % 2 == 1 => Value::Text(String::from_utf8(bytes.to_vec()).ok()?),
        _ => Value::Blob(bytes.to_vec()),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn rows_are_those_that_sqlite_wrote() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("db");
        let db = Connection::open(&path).unwrap();
        db.execute_batch("CREATE TABLE a (n INTEGER PRIMARY KEY, x); CREATE TABLE b (k TEXT PRIMARY KEY, x) WITHOUT ROWID;")
            .unwrap();
        let values: Vec<Value> =
            [0, 1, -1, 127, -128, 200, 40_000, -9_000_000, 1 << 40, -(1 << 45), i64::MIN, i64::MAX]
                .map(Value::Integer)
                .into_iter()
                .chain([Value::Null, Value::Real(1.5), Value::Blob(vec![0, 255]), Value::Text(String::new())])
                .chain([100, 3000, 5000, 70_000].map(|length| Value::Text("ä".repeat(length))))
                .chain((0..2000).map(Value::Integer))
                .collect();
        for (number, value) in (-5_i64..).zip(&values) {
            db.execute("INSERT INTO a VALUES (?, ?)", (number, value)).unwrap();
            db.execute("INSERT INTO b VALUES (?, ?)", (format!("{number:09}"), value)).unwrap();
        }
        db.close().unwrap();
        let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
        let pages = Pages::open(&path).unwrap();
        pages
            .rows(|found| {
                match (found.number, found.values.as_slice()) {
                    (Some(number), [Value::Null, value]) => of_a.push((number, value.clone())),
                    (None, [Value::Text(key), value]) => {
                        of_b.push((key.parse::<i64>().unwrap(), value.clone()))
                    }
                    _ => (),
                }
                Ok::<(), ()>(())
            })
            .unwrap();
        of_b.sort_by_key(|(number, _)| *number);
        of_a.sort_by_key(|(number, _)| *number);
        let expected: Vec<(i64, Value)> = (-5_i64..).zip(values).collect();
        assert!(of_a == expected && of_b == expected, "{} {} {}", of_a.len(), of_b.len(), expected.len());
    }

    proptest! {
        #[test]
        fn any_bytes_are_rows_or_none(bytes in prop::collection::vec(any::<u8>(), 0..20_000), kind in 0..3_usize) {
            let file = tempfile::NamedTempFile::new().unwrap();
            let mut bytes = bytes;
            for at in (0..bytes.len()).step_by(512) {
                bytes[at] = [0x0d, 0x0a, 0x02][kind];
            }
            std::fs::write(file.path(), &bytes).unwrap();
            let mut rows = 0;
            Pages::open(file.path()).unwrap().rows(|_| { rows += 1; Ok::<(), ()>(()) }).unwrap();
            prop_assert!(rows <= bytes.len() * 40);
        }
    }
}
