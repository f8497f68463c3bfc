//! One line of JSON that is harmless on a terminal.
#![forbid(unsafe_code)]

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use super::printable::is_hostile;

pub(super) fn line(object: &impl Serialize) -> String {
    let mut bytes = Vec::with_capacity(1024);
    // Writing to a vector can't fail, and no key of an event or a signal is anything but a string.
    match object.serialize(&mut Serializer::with_formatter(&mut bytes, Harmless)) {
        Ok(()) => String::from_utf8(bytes).unwrap_or_default(),
        Err(_) => String::new(),
    }
}

/// serde_json escapes what RFC 8259 section 7 asks for; this also escapes DEL, the C1 controls and what is
/// not printable. The meaning is the same.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if fragment.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return CompactFormatter.write_string_fragment(writer, fragment);
        }
        let mut units = [0; 2];
        for c in fragment.chars() {
            if is_hostile(c) {
                for unit in c.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                writer.write_all(c.encode_utf8(&mut [0; 4]).as_bytes())?;
            }
        }
        Ok(())
    }
}
