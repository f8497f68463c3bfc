//! The version of Go that built a program: `.go.buildinfo` (`debug/buildinfo`).

use super::super::image::{Image, u64_at};
use crate::limits;

const MAGIC: &[u8] = b"\xff Go buildinf:";
/// Bytes of the header; with the second format the strings follow it.
const HEADER: usize = 32;
const ALIGNMENT: usize = 16;
const BIG_ENDIAN: u8 = 1;
const INLINE: u8 = 2;

/// A program built by Go.
pub(super) struct Build<'a> {
    /// As `runtime.Version` tells it.
    pub version: Option<&'a str>,
}

/// None if it isn't one.
pub(super) fn read<'a>(image: &Image<'a>) -> Option<Build<'a>> {
    let named = image.section(b".go.buildinfo").map(|section| (section.address, section.bytes));
    let (address, bytes) = named.filter(|(_, bytes)| bytes.starts_with(MAGIC)).or_else(|| search(image))?;
    Some(Build { version: version(image, address, bytes) })
}

/// Where there are no section headers: in data, at a multiple of 16.
fn search<'a>(image: &Image<'a>) -> Option<(u64, &'a [u8])> {
    if image.has_sections() {
        return None;
    }
    let finder = memchr::memmem::Finder::new(MAGIC);
    image.spans(|segment| segment.writable).find_map(|segment| {
        let mut found = finder.find_iter(segment.bytes).take(limits::BINARY_NOTES);
        let at = found.find(|at| at % ALIGNMENT == 0)?;
        Some((segment.address.wrapping_add(at as u64), segment.bytes.get(at..)?))
    })
}

fn version<'a>(image: &Image<'a>, address: u64, bytes: &'a [u8]) -> Option<&'a str> {
    let flags = *bytes.get(MAGIC.len() + 1)?;
    if flags & BIG_ENDIAN != 0 {
        return None;
    }
    let text = if flags & INLINE != 0 {
        let (length, used) = varint(bytes.get(HEADER..)?)?;
        bytes.get(HEADER + used..)?.get(..length)?
    } else {
        // A pointer to a string, which is a pointer and a length; before 1.18.
        let string = pointer(image, address.checked_add(16)?)?;
        let (start, length) = (pointer(image, string)?, u64_at(image.from(string.checked_add(8)?)?, 0)?);
        image.at(start, length)?
    };
    std::str::from_utf8(text).ok().filter(|text| text.len() <= limits::BINARY_NAME)
}

/// A pointer, which a relocation may put there.
fn pointer(image: &Image<'_>, address: u64) -> Option<u64> {
    match u64_at(image.from(address)?, 0)? {
        0 => image.relocated(address),
        pointer => Some(pointer),
    }
}

/// An unsigned number of `encoding/binary`, up to two bytes, and its length.
fn varint(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = usize::from(*bytes.first()?);
    if first < 0x80 {
        return Some((first, 1));
    }
    let second = usize::from(*bytes.get(1)?);
    (second < 0x80).then_some((first & 0x7f | second << 7, 2))
}
