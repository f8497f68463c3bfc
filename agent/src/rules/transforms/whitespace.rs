//! White space, as C's `isspace` and the reference manual have it.

use crate::rules::bytes::ByteSet;

/// No-break space of Latin-1.
pub(super) const NBSP: u8 = 0xa0;

/// Space, `\t`, `\n`, `\v`, `\f`, `\r`.
pub(super) const SPACES: ByteSet = ByteSet::from_text(b" \t\n\x0b\x0c\r");

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Tells white space from other bytes, asked for each byte of a value in order.
///
/// The manual counts 0xA0 as white space. After a byte over 0x7F it is taken for a byte of a UTF-8
/// character, which stays whole: `à` is 0xC3 0xA0.
#[derive(Default)]
pub(super) struct Spaces {
    /// The byte before was over 0x7F and not white space.
    in_character: bool,
}

impl Spaces {
    pub fn is_space(&mut self, byte: u8) -> bool {
        let space = is_space(byte) || (byte == NBSP && !self.in_character);
        self.in_character = byte >= 0x80 && !space;
        space
    }
}
