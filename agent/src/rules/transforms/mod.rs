//! Transformers: what is undone in a value before an operator sees it. One file each.
//!
//! Each takes the value and an empty buffer and returns whether it changed anything: `false` means
//! that the value stays as it is and that the buffer is not to be read. All take time linear in the
//! value. What they make is bounded by its length, see [`Transform::longest`]: most never make a
//! value longer; those that write bytes out (`hex_encode`, `url_encode`, …) do, by a factor of at most
//! 11 (`unicode_normalize`); `length`, `md5` and `sha1` make something of fixed length. Factors
//! multiply along a chain, so whoever runs chains cuts what they make.
//!
//! They mean what the transformations of ModSecurity's reference manual mean (v2.x, section
//! "Transformation functions"); where libmodsecurity 3 does something else, each file says what is
//! done here. In-App WAF's names mean the same, but for two that have a transformer of their own,
//! because a rule could tell: `base64_decode` and `url_decode_iis`.

mod apply;
mod base64_decode;
mod base64_decode_ext;
mod base64_encode;
mod cmd_line;
mod compress_whitespace;
mod css_decode;
mod digest;
mod escape_seq_decode;
mod hex;
mod html_entity_decode;
mod js_decode;
mod length;
mod letter_case;
mod names;
mod normalize_path;
mod nulls;
mod parity;
mod remove_comments;
mod remove_comments_char;
mod remove_whitespace;
mod replace_comments;
mod rewrite;
mod sql_hex_decode;
#[cfg(test)]
mod tests;
mod trim;
mod unicode_map;
mod unicode_normalize;
mod url_decode;
mod url_decode_iis;
mod url_decode_uni;
mod url_encode;
mod url_parts;
mod utf8_to_unicode;
mod whitespace;

pub(crate) use hex::digit as hex;
pub use unicode_map::{UnicodeMap, UnicodeMapError};
pub(crate) use url_decode::decode as percent_decode;

#[cfg(test)]
pub(crate) use tests::vectors;

/// A transformer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transform {
    /// ASCII capitals to small letters.
    Lowercase,
    /// ASCII small letters to capitals.
    Uppercase,
    /// Zero bytes go.
    RemoveNulls,
    /// Zero bytes become spaces.
    ReplaceNulls,
    /// White space goes.
    RemoveWhitespace,
    /// Runs of white space become one space.
    CompressWhitespace,
    /// White space at both ends goes.
    Trim,
    /// White space at the beginning goes.
    TrimLeft,
    /// White space at the end goes.
    TrimRight,
    /// Comments go: `/* */`, `<!-- -->`, from `--` or `#` on.
    RemoveComments,
    /// `/* */` becomes a space.
    ReplaceComments,
    /// The signs go that comments are made of: `/*`, `*/`, `<!--`, `-->`, `--`, `#`.
    RemoveCommentsChar,
    /// `%41` and `+`.
    UrlDecode,
    /// `%41`, `%u0041` and `+`.
    UrlDecodeUni,
    /// The same over and over, until nothing is left to decode.
    UrlDecodeIis,
    /// Everything but ASCII letters and digits becomes `%41` or `+`.
    UrlEncode,
    /// `&lt;`, `&#60;`, `&#x3c;`.
    HtmlEntityDecode,
    /// `\x41`, `\u0041`, `\101`, `\n` of JavaScript.
    JsDecode,
    /// `\41 `, `\000041` of CSS.
    CssDecode,
    /// `\x41`, `\101`, `\n` of ANSI C.
    EscapeSeqDecode,
    /// What a shell passes over: quotes, `\`, `^`; white space, `,` and `;` as one space; small letters.
    CmdLine,
    /// Pairs of hexadecimal digits become bytes.
    HexDecode,
    /// Bytes become pairs of hexadecimal digits.
    HexEncode,
    /// `0x414243` of SQL.
    SqlHexDecode,
    /// Base64, standard or URL alphabet, when all of the value is that.
    Base64Decode,
    /// Base64 up to the first byte that is none.
    Base64DecodePrefix,
    /// Base64, other bytes passed over.
    Base64DecodeExt,
    /// Base64 of the value.
    Base64Encode,
    /// UTF-8 beyond ASCII becomes `%u20ac`.
    Utf8ToUnicode,
    /// Letters without accents, ASCII for what looks like it.
    UnicodeNormalize,
    /// `/./`, `//`, `/x/../`.
    NormalizePath,
    /// The same after `\` became `/`.
    NormalizePathWin,
    /// A URL without query and fragment.
    UrlPath,
    /// The last segment of a URL's path.
    UrlBasename,
    /// The query of a URL.
    UrlQuerystring,
    /// The highest bit makes the number of bits even.
    ParityEven7bit,
    /// The highest bit makes the number of bits odd.
    ParityOdd7bit,
    /// The highest bit is 0.
    ParityZero7bit,
    /// How many bytes, in decimal.
    Length,
    /// MD5, 16 bytes.
    Md5,
    /// SHA-1, 20 bytes.
    Sha1,
}

impl Transform {
    /// All of them.
    pub const ALL: [Self; 41] = [
        Self::Lowercase,
        Self::Uppercase,
        Self::RemoveNulls,
        Self::ReplaceNulls,
        Self::RemoveWhitespace,
        Self::CompressWhitespace,
        Self::Trim,
        Self::TrimLeft,
        Self::TrimRight,
        Self::RemoveComments,
        Self::ReplaceComments,
        Self::RemoveCommentsChar,
        Self::UrlDecode,
        Self::UrlDecodeUni,
        Self::UrlDecodeIis,
        Self::UrlEncode,
        Self::HtmlEntityDecode,
        Self::JsDecode,
        Self::CssDecode,
        Self::EscapeSeqDecode,
        Self::CmdLine,
        Self::HexDecode,
        Self::HexEncode,
        Self::SqlHexDecode,
        Self::Base64Decode,
        Self::Base64DecodePrefix,
        Self::Base64DecodeExt,
        Self::Base64Encode,
        Self::Utf8ToUnicode,
        Self::UnicodeNormalize,
        Self::NormalizePath,
        Self::NormalizePathWin,
        Self::UrlPath,
        Self::UrlBasename,
        Self::UrlQuerystring,
        Self::ParityEven7bit,
        Self::ParityOdd7bit,
        Self::ParityZero7bit,
        Self::Length,
        Self::Md5,
        Self::Sha1,
    ];
}
