//! How often bytes and texts are in the values of requests, roughly: what to look for first.

use super::texts::Texts;
use crate::rules::bytes::ByteSet;

/// A set of texts met more often at a place than this says too little beside the byte sets.
pub(super) const WORTH: f32 = 0.02;
/// Rarer than this, all texts are the same; fewer are better.
const RARE: f32 = 1e-6;

/// How often a byte, in either case, is at a place of a value: words, numbers, paths, JSON, forms.
fn of_byte(byte: u8) -> f32 {
    let per_mille = match byte.to_ascii_lowercase() {
        b'e' => 90.0,
        b't' | b'a' => 70.0,
        b'o' | b'i' | b'n' | b's' | b'r' => 60.0,
        b'l' | b'/' => 40.0,
        b'd' | b'c' => 35.0,
        b'h' | b'u' | b'm' | b'p' | b' ' | b'.' | b'-' => 30.0,
        b'0'..=b'9' => 25.0,
        b'f' | b'g' | b'b' | b'=' => 20.0,
        b'y' | b'w' | b'_' | b':' => 15.0,
        b'v' | b'k' | b',' | b'&' | b'"' => 10.0,
        b'%' | b';' | b'+' | b'x' => 7.0,
        b'(' | b')' | b'*' | b'\'' => 4.0,
        b'j' | b'q' | b'z' | b'{' | b'}' | b'?' => 3.0,
        b'<' | b'>' | b'[' | b']' | b'!' => 2.0,
        b'\n' | b'\r' | b'\t' | b'#' | b'$' | b'@' | b'\\' => 1.0,
        b'^' | b'|' | b'~' | 0x80.. => 0.5,
        _ => 0.1,
    };
    per_mille / 1000.0
}

/// How often one of the set is at a place.
pub(super) fn of_set(set: ByteSet) -> f32 {
    // Both cases are counted with the small letter.
    set.folded().iter().filter(|byte| !byte.is_ascii_uppercase()).map(of_byte).sum()
}

/// How often one of the texts begins at a place. The empty text is at every.
pub(super) fn of_texts(texts: &Texts) -> f32 {
    texts.iter().map(|text| of_text(text).max(RARE)).sum()
}

/// How often a text begins at a place.
pub fn of_text(text: &[u8]) -> f32 {
    text.iter().map(|&byte| of_byte(byte)).product()
}

pub(super) fn rarest_byte(text: &[u8]) -> u8 {
    text.iter().copied().min_by(|a, b| of_byte(*a).total_cmp(&of_byte(*b))).unwrap_or_default()
}
