//! Names of transformers in the languages of rules.

use super::Transform;

/// The names of In-App WAF that are not Picket's (libddwaf 2, `transformer_from_string`), and
/// `base64DecodeExt`, `base64UrlDecode`, `base64_url_decode`, which it doesn't know any more.
const DATADOG: [(&str, Transform); 20] = [
    ("removeNulls", Transform::RemoveNulls),
    ("compressWhiteSpace", Transform::CompressWhitespace),
    ("removeComments", Transform::RemoveComments),
    ("urlDecode", Transform::UrlDecode),
    ("urlDecodeUni", Transform::UrlDecodeIis),
    ("htmlEntityDecode", Transform::HtmlEntityDecode),
    ("jsDecode", Transform::JsDecode),
    ("cssDecode", Transform::CssDecode),
    ("cmdLine", Transform::CmdLine),
    ("shell_unescape", Transform::CmdLine),
    ("base64Decode", Transform::Base64Decode),
    ("base64_url_decode", Transform::Base64Decode),
    ("base64UrlDecode", Transform::Base64Decode),
    ("base64DecodeExt", Transform::Base64DecodeExt),
    ("base64Encode", Transform::Base64Encode),
    ("normalizePath", Transform::NormalizePath),
    ("normalizePathWin", Transform::NormalizePathWin),
    ("_sqr_basename", Transform::UrlBasename),
    ("_sqr_filename", Transform::UrlPath),
    ("_sqr_querystring", Transform::UrlQuerystring),
];

/// The names of SecLang, as the reference manual spells them.
const SECLANG: [(&str, Transform); 37] = [
    ("base64Decode", Transform::Base64DecodePrefix),
    ("base64DecodeExt", Transform::Base64DecodeExt),
    ("base64Encode", Transform::Base64Encode),
    ("cmdLine", Transform::CmdLine),
    ("compressWhitespace", Transform::CompressWhitespace),
    ("cssDecode", Transform::CssDecode),
    ("escapeSeqDecode", Transform::EscapeSeqDecode),
    ("hexDecode", Transform::HexDecode),
    ("hexEncode", Transform::HexEncode),
    ("htmlEntityDecode", Transform::HtmlEntityDecode),
    ("jsDecode", Transform::JsDecode),
    ("length", Transform::Length),
    ("lowercase", Transform::Lowercase),
    ("md5", Transform::Md5),
    ("normalisePath", Transform::NormalizePath),
    ("normalizePath", Transform::NormalizePath),
    ("normalisePathWin", Transform::NormalizePathWin),
    ("normalizePathWin", Transform::NormalizePathWin),
    ("parityEven7bit", Transform::ParityEven7bit),
    ("parityOdd7bit", Transform::ParityOdd7bit),
    ("parityZero7bit", Transform::ParityZero7bit),
    ("removeComments", Transform::RemoveComments),
    ("removeCommentsChar", Transform::RemoveCommentsChar),
    ("removeNulls", Transform::RemoveNulls),
    ("removeWhitespace", Transform::RemoveWhitespace),
    ("replaceComments", Transform::ReplaceComments),
    ("replaceNulls", Transform::ReplaceNulls),
    ("sha1", Transform::Sha1),
    ("sqlHexDecode", Transform::SqlHexDecode),
    ("trim", Transform::Trim),
    ("trimLeft", Transform::TrimLeft),
    ("trimRight", Transform::TrimRight),
    ("uppercase", Transform::Uppercase),
    ("urlDecode", Transform::UrlDecode),
    ("urlDecodeUni", Transform::UrlDecodeUni),
    ("urlEncode", Transform::UrlEncode),
    ("utf8toUnicode", Transform::Utf8ToUnicode),
];

impl Transform {
    /// The name in Picket's rules.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lowercase => "lowercase",
            Self::Uppercase => "uppercase",
            Self::RemoveNulls => "remove_nulls",
            Self::ReplaceNulls => "replace_nulls",
            Self::RemoveWhitespace => "remove_whitespace",
            Self::CompressWhitespace => "compress_whitespace",
            Self::Trim => "trim",
            Self::TrimLeft => "trim_left",
            Self::TrimRight => "trim_right",
            Self::RemoveComments => "remove_comments",
            Self::ReplaceComments => "replace_comments",
            Self::RemoveCommentsChar => "remove_comments_char",
            Self::UrlDecode => "url_decode",
            Self::UrlDecodeUni => "url_decode_uni",
            Self::UrlDecodeIis => "url_decode_iis",
            Self::UrlEncode => "url_encode",
            Self::HtmlEntityDecode => "html_entity_decode",
            Self::JsDecode => "js_decode",
            Self::CssDecode => "css_decode",
            Self::EscapeSeqDecode => "escape_seq_decode",
            Self::CmdLine => "cmd_line",
            Self::HexDecode => "hex_decode",
            Self::HexEncode => "hex_encode",
            Self::SqlHexDecode => "sql_hex_decode",
            Self::Base64Decode => "base64_decode",
            Self::Base64DecodePrefix => "base64_decode_prefix",
            Self::Base64DecodeExt => "base64_decode_ext",
            Self::Base64Encode => "base64_encode",
            Self::Utf8ToUnicode => "utf8_to_unicode",
            Self::UnicodeNormalize => "unicode_normalize",
            Self::NormalizePath => "normalize_path",
            Self::NormalizePathWin => "normalize_path_win",
            Self::UrlPath => "url_path",
            Self::UrlBasename => "url_basename",
            Self::UrlQuerystring => "url_querystring",
            Self::ParityEven7bit => "parity_even_7bit",
            Self::ParityOdd7bit => "parity_odd_7bit",
            Self::ParityZero7bit => "parity_zero_7bit",
            Self::Length => "length",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
        }
    }

    /// The transformer with this name, in Picket's spelling or Datadog's.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let datadog = DATADOG.iter().find(|(known, _)| *known == name).map(|(_, transform)| *transform);
        datadog.or_else(|| Self::ALL.into_iter().find(|transform| transform.name() == name))
    }

    /// The names that [`Transform::named`] knows, to tell a person who wrote another.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().map(Self::name).chain(DATADOG.iter().map(|(name, _)| *name))
    }

    /// The transformation that SecLang calls so (`t:NAME`), whatever its case; `none` is not one of them.
    #[must_use]
    pub fn seclang(name: &str) -> Option<Self> {
        let known = SECLANG.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        known.map(|(_, transform)| *transform)
    }

    /// The names of SecLang, to tell a person who wrote another.
    pub fn seclang_names() -> impl Iterator<Item = &'static str> {
        SECLANG.iter().map(|(name, _)| *name)
    }
}

#[cfg(test)]
#[test]
fn names() {
    let mut names = std::collections::BTreeSet::new();
    for transform in Transform::ALL {
        assert_eq!(Transform::named(transform.name()), Some(transform), "{}", transform.name());
        assert!(names.insert(transform.name()), "{} stands twice", transform.name());
    }
    for (name, transform) in DATADOG {
        assert_eq!(Transform::named(name), Some(transform), "{name}");
        assert!(names.insert(name), "{name} stands twice");
    }
    assert_eq!(names.len(), 41 + 20);
    let mut seclang = std::collections::BTreeSet::new();
    for (name, transform) in SECLANG {
        assert_eq!(Transform::seclang(name), Some(transform), "{name}");
        assert_eq!(Transform::seclang(&name.to_uppercase()), Some(transform), "{name}");
        assert!(seclang.insert(name), "{name} stands twice");
    }
    assert_eq!(Transform::seclang_names().count(), 37);
    for unknown in ["rot13", "none", ""] {
        assert_eq!(Transform::named(unknown), None);
        assert_eq!(Transform::seclang(unknown), None);
    }
}
