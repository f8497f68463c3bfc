//! What each [`Transform`] does, which values it leaves alone, and how long what it makes may be.

use super::{
    Transform, UnicodeMap, base64_decode, base64_decode_ext, base64_encode, cmd_line, compress_whitespace,
    css_decode, digest, escape_seq_decode, hex, html_entity_decode, js_decode, length, letter_case,
    normalize_path, nulls, parity, remove_comments, remove_comments_char, remove_whitespace,
    replace_comments, sql_hex_decode, trim, unicode_normalize, url_decode, url_decode_iis, url_decode_uni,
    url_encode, url_parts, utf8_to_unicode, whitespace,
};
use crate::rules::bytes::ByteSet;

impl Transform {
    /// Applies it: whether the value changed. If it did, `out` is what it became; if not, `out` is not
    /// to be read. What was in `out` before is gone.
    pub fn apply(self, value: &[u8], out: &mut Vec<u8>) -> bool {
        self.apply_mapped(value, UnicodeMap::us_ascii(), out)
    }

    /// The same with another map for `%uXXXX` (`SecUnicodeMapFile`), which `url_decode_uni` alone asks.
    pub fn apply_mapped(self, value: &[u8], map: &UnicodeMap, out: &mut Vec<u8>) -> bool {
        out.clear();
        match self {
            Self::Lowercase => letter_case::lower(value, out),
            Self::Uppercase => letter_case::upper(value, out),
            Self::RemoveNulls => nulls::remove(value, out),
            Self::ReplaceNulls => nulls::replace(value, out),
            Self::RemoveWhitespace => remove_whitespace::apply(value, out),
            Self::CompressWhitespace => compress_whitespace::apply(value, out),
            Self::Trim => trim::both(value, out),
            Self::TrimLeft => trim::left(value, out),
            Self::TrimRight => trim::right(value, out),
            Self::RemoveComments => remove_comments::apply(value, out),
            Self::ReplaceComments => replace_comments::apply(value, out),
            Self::RemoveCommentsChar => remove_comments_char::apply(value, out),
            Self::UrlDecode => url_decode::apply(value, out),
            Self::UrlDecodeUni => url_decode_uni::apply(value, map, out),
            Self::UrlDecodeIis => url_decode_iis::apply(value, out),
            Self::UrlEncode => url_encode::apply(value, out),
            Self::HtmlEntityDecode => html_entity_decode::apply(value, out),
            Self::JsDecode => js_decode::apply(value, out),
            Self::CssDecode => css_decode::apply(value, out),
            Self::EscapeSeqDecode => escape_seq_decode::apply(value, out),
            Self::CmdLine => cmd_line::apply(value, out),
            Self::HexDecode => hex::decode(value, out),
            Self::HexEncode => hex::encode(value, out),
            Self::SqlHexDecode => sql_hex_decode::apply(value, out),
            Self::Base64Decode => base64_decode::whole(value, out),
            Self::Base64DecodePrefix => base64_decode::prefix(value, out),
            Self::Base64DecodeExt => base64_decode_ext::apply(value, out),
            Self::Base64Encode => base64_encode::apply(value, out),
            Self::Utf8ToUnicode => utf8_to_unicode::apply(value, out),
            Self::UnicodeNormalize => unicode_normalize::apply(value, out),
            Self::NormalizePath => normalize_path::apply(value, out),
            Self::NormalizePathWin => normalize_path::apply_win(value, out),
            Self::UrlPath => url_parts::path(value, out),
            Self::UrlBasename => url_parts::basename(value, out),
            Self::UrlQuerystring => url_parts::querystring(value, out),
            Self::ParityEven7bit => parity::even(value, out),
            Self::ParityOdd7bit => parity::odd(value, out),
            Self::ParityZero7bit => parity::zero(value, out),
            Self::Length => length::apply(value, out),
            Self::Md5 => digest::md5(value, out),
            Self::Sha1 => digest::sha1(value, out),
        }
    }

    /// The bytes without which it changes nothing: a value that has none of these stays as it is. For
    /// the empty value see [`changes_empty`](Self::changes_empty).
    #[must_use]
    pub const fn triggers(self) -> ByteSet {
        const NUL: ByteSet = ByteSet::from_text(b"\0");
        const HIGH: ByteSet = ByteSet::range(0x80, 0xff);
        match self {
            Self::Lowercase => ByteSet::range(b'A', b'Z'),
            Self::Uppercase => ByteSet::range(b'a', b'z'),
            Self::RemoveNulls | Self::ReplaceNulls => NUL,
            Self::RemoveWhitespace | Self::CompressWhitespace => whitespace::SPACES.with(whitespace::NBSP),
            Self::Trim | Self::TrimLeft | Self::TrimRight => whitespace::SPACES,
            Self::RemoveComments | Self::RemoveCommentsChar => remove_comments::TRIGGERS,
            Self::ReplaceComments => ByteSet::from_text(b"*"),
            Self::UrlDecode | Self::UrlDecodeUni | Self::UrlDecodeIis => ByteSet::from_text(b"%+"),
            Self::UrlEncode => url_encode::KEPT.complement(),
            Self::HtmlEntityDecode => ByteSet::from_text(b"&"),
            Self::JsDecode | Self::CssDecode | Self::EscapeSeqDecode => ByteSet::from_text(b"\\"),
            Self::CmdLine => cmd_line::TRIGGERS,
            Self::SqlHexDecode => ByteSet::from_text(b"xX"),
            Self::Base64Decode => base64_decode::ALPHABET,
            Self::Utf8ToUnicode | Self::UnicodeNormalize | Self::ParityZero7bit => HIGH,
            Self::NormalizePath => ByteSet::from_text(b"./"),
            Self::NormalizePathWin => ByteSet::from_text(b"./\\"),
            Self::UrlPath => ByteSet::from_text(b"?#"),
            Self::UrlBasename => ByteSet::from_text(b"/?#"),
            Self::ParityEven7bit => parity::ODD_NOW,
            Self::ParityOdd7bit => parity::EVEN_NOW,
            Self::HexDecode
            | Self::HexEncode
            | Self::Base64DecodePrefix
            | Self::Base64DecodeExt
            | Self::Base64Encode
            | Self::UrlQuerystring
            | Self::Length
            | Self::Md5
            | Self::Sha1 => ByteSet::ALL,
        }
    }

    /// Whether it makes something of the empty value, too. All others leave that alone.
    #[must_use]
    pub const fn changes_empty(self) -> bool {
        matches!(self, Self::Length | Self::Md5 | Self::Sha1)
    }

    /// How long what it makes of a value of `len` bytes is at most.
    #[must_use]
    pub const fn longest(self, len: usize) -> usize {
        match self {
            Self::HexEncode => len.saturating_mul(2),
            // Three bytes for one; and six for the shortest character beyond ASCII, which has two.
            Self::UrlEncode | Self::Utf8ToUnicode => len.saturating_mul(3),
            Self::Base64Encode => len.div_ceil(3).saturating_mul(4),
            Self::UnicodeNormalize => len.saturating_mul(unicode_normalize::GROWTH),
            Self::Length => length::LONGEST,
            Self::Md5 => 16,
            Self::Sha1 => 20,
            _ => len,
        }
    }

    /// The fewest bytes of a value of which so many are made, or which is left as it is and has so many.
    #[must_use]
    pub const fn least(self, len: usize) -> usize {
        match self {
            Self::HexEncode => len.div_ceil(2),
            Self::UrlEncode | Self::Utf8ToUnicode => len.div_ceil(3),
            // Four for a single one.
            Self::Base64Encode => len.div_ceil(4),
            Self::UnicodeNormalize => len.div_ceil(unicode_normalize::GROWTH),
            Self::Length | Self::Md5 | Self::Sha1 => 0,
            _ => len,
        }
    }
}
