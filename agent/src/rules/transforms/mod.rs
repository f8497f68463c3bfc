//! Transformers: what is undone in a value before an operator sees it. One file each.
//!
//! Each takes the value and an empty buffer and returns whether it changed anything: `false` means
//! that the value stays as it is and that the buffer is not to be read. None makes a value longer
//! than it was.

mod base64_decode;
mod compress_whitespace;
mod html_entity_decode;
mod lowercase;
mod normalize_path;
mod remove_nulls;
mod url_decode;
mod url_decode_uni;

pub(crate) use url_decode::decode as percent_decode;

/// A transformer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transform {
    /// ASCII capitals to small letters.
    Lowercase,
    /// Zero bytes go.
    RemoveNulls,
    /// Runs of white space become one space.
    CompressWhitespace,
    /// `%41` and `+`.
    UrlDecode,
    /// `%41`, `%u0041` and `+`.
    UrlDecodeUni,
    /// `&lt;`, `&#60;`, `&#x3c;`.
    HtmlEntityDecode,
    /// Base64, standard or URL alphabet, when all of the value is that.
    Base64Decode,
    /// `/./`, `//`, `/x/../`.
    NormalizePath,
    /// The same after `\` became `/`.
    NormalizePathWin,
}

impl Transform {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Lowercase,
        Self::RemoveNulls,
        Self::CompressWhitespace,
        Self::UrlDecode,
        Self::UrlDecodeUni,
        Self::HtmlEntityDecode,
        Self::Base64Decode,
        Self::NormalizePath,
        Self::NormalizePathWin,
    ];

    /// The name in Picket's rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lowercase => "lowercase",
            Self::RemoveNulls => "remove_nulls",
            Self::CompressWhitespace => "compress_whitespace",
            Self::UrlDecode => "url_decode",
            Self::UrlDecodeUni => "url_decode_uni",
            Self::HtmlEntityDecode => "html_entity_decode",
            Self::Base64Decode => "base64_decode",
            Self::NormalizePath => "normalize_path",
            Self::NormalizePathWin => "normalize_path_win",
        }
    }

    /// The transformer with this name, in Picket's spelling or Datadog's.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "removeNulls" => Self::RemoveNulls,
            "compressWhiteSpace" => Self::CompressWhitespace,
            "urlDecode" => Self::UrlDecode,
            "urlDecodeUni" | "url_decode_iis" => Self::UrlDecodeUni,
            "htmlEntityDecode" => Self::HtmlEntityDecode,
            "base64Decode" | "base64_url_decode" | "base64UrlDecode" => Self::Base64Decode,
            "normalizePath" => Self::NormalizePath,
            "normalizePathWin" => Self::NormalizePathWin,
            _ => return Self::ALL.into_iter().find(|t| t.name() == name),
        })
    }

    /// Applies it; see the [module](self).
    pub(crate) fn apply(self, value: &[u8], out: &mut Vec<u8>) -> bool {
        out.clear();
        match self {
            Self::Lowercase => lowercase::apply(value, out),
            Self::RemoveNulls => remove_nulls::apply(value, out),
            Self::CompressWhitespace => compress_whitespace::apply(value, out),
            Self::UrlDecode => url_decode::apply(value, out),
            Self::UrlDecodeUni => url_decode_uni::apply(value, out),
            Self::HtmlEntityDecode => html_entity_decode::apply(value, out),
            Self::Base64Decode => base64_decode::apply(value, out),
            Self::NormalizePath => normalize_path::apply(value, out),
            Self::NormalizePathWin => normalize_path::apply_win(value, out),
        }
    }
}

/// Value of a hexadecimal digit.
pub(crate) fn hex(digit: u8) -> Option<u8> {
    (digit as char).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// `vectors(transform, &[(value, expected), …])`: every vector holds, the return value tells the truth.
#[cfg(test)]
pub(crate) fn vectors(transform: Transform, expected_count: usize, vectors: &[(&[u8], &[u8])]) {
    let mut ran = 0;
    for (value, expected) in vectors {
        let mut out = b"left over".to_vec();
        let changed = transform.apply(value, &mut out);
        let after = if changed { &out[..] } else { value };
        assert_eq!(
            after.escape_ascii().to_string(),
            expected.escape_ascii().to_string(),
            "{} of {}",
            transform.name(),
            value.escape_ascii()
        );
        assert_eq!(changed, after != *value, "{} says wrongly that it changed", transform.name());
        ran += 1;
    }
    assert_eq!(ran, expected_count, "vectors of {}", transform.name());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_longer_and_truthful(value in prop::collection::vec(
            prop_oneof![any::<u8>(), prop::sample::select(&b"%u04&#x;/.\\+=AZaz \n\0"[..])], 0..80)) {
            for transform in Transform::ALL {
                let mut out = Vec::new();
                if transform.apply(&value, &mut out) {
                    prop_assert!(out.len() <= value.len(), "{}", transform.name());
                    prop_assert_ne!(&out, &value, "{}", transform.name());
                }
            }
        }
    }

    #[test]
    fn names() {
        for transform in Transform::ALL {
            assert_eq!(Transform::named(transform.name()), Some(transform));
        }
        assert_eq!(Transform::named("removeNulls"), Some(Transform::RemoveNulls));
        assert_eq!(Transform::named("rot13"), None);
    }
}
