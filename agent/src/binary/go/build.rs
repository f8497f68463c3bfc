//! The version of Go that built a program: `.go.buildinfo` (`debug/buildinfo`).

use std::sync::LazyLock;

use super::super::{image::Image, search::Search, store::Span};
use crate::limits;

const MAGIC: &[u8] = b"\xff Go buildinf:";
static SEARCH: LazyLock<Search> = LazyLock::new(|| Search::new(&[MAGIC]));
/// Bytes of the header; with the second format the strings follow it.
const HEADER: u64 = 32;
const ALIGNMENT: u64 = 16;
const BIG_ENDIAN: u8 = 1;
const INLINE: u8 = 2;

/// A program built by Go.
pub(super) struct Build {
    /// As `runtime.Version` tells it.
    pub version: Option<Box<str>>,
}

/// None if it isn't one.
pub(super) fn read(image: &Image<'_>) -> Option<Build> {
    let named = image.section(b".go.buildinfo").map(|section| (section.address, section.bytes));
    let (address, bytes) = named.filter(|(_, bytes)| bytes.has(0, MAGIC)).or_else(|| search(image))?;
    Some(Build { version: version(image, address, bytes) })
}

/// Where there are no section headers: in data, at a multiple of 16.
fn search<'a>(image: &Image<'a>) -> Option<(u64, Span<'a>)> {
    if image.has_sections() {
        return None;
    }
    image.spans(|segment| segment.writable).find_map(|segment| {
        let (mut place, mut tries) = (None, limits::BINARY_NOTES);
        SEARCH.each(segment.bytes, |_, found| {
            place = (found.start % ALIGNMENT == 0).then_some(found.start);
            tries -= 1;
            place.is_none() && tries > 0
        });
        let at = place?;
        Some((segment.address.wrapping_add(at), segment.bytes.from(at)?))
    })
}

fn version(image: &Image<'_>, address: u64, bytes: Span<'_>) -> Option<Box<str>> {
    let flags = bytes.u8(MAGIC.len() as u64 + 1)?;
    if flags & BIG_ENDIAN != 0 {
        return None;
    }
    let text = if flags & INLINE != 0 {
        let (length, used) = varint(bytes.from(HEADER)?)?;
        bytes.get(HEADER + used, length)?
    } else {
        // A pointer to a string, which is a pointer and a length; before 1.18.
        let string = pointer(image, address.checked_add(16)?)?;
        let (start, length) = (pointer(image, string)?, image.from(string.checked_add(8)?)?.u64(0)?);
        image.at(start, length)?
    };
    let text = (text.length() <= limits::BINARY_NAME as u64).then(|| text.bytes()).flatten()?;
    String::from_utf8(text).ok().map(Into::into)
}

/// A pointer, which a relocation may put there.
fn pointer(image: &Image<'_>, address: u64) -> Option<u64> {
    match image.from(address)?.u64(0)? {
        0 => image.relocated(address),
        pointer => Some(pointer),
    }
}

/// An unsigned number of `encoding/binary`, up to two bytes, and its length.
fn varint(bytes: Span<'_>) -> Option<(u64, u64)> {
    let first = u64::from(bytes.u8(0)?);
    if first < 0x80 {
        return Some((first, 1));
    }
    let second = u64::from(bytes.u8(1)?);
    (second < 0x80).then_some((first & 0x7f | second << 7, 2))
}
