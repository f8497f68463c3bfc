//! What holds of all transformers.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::Transform;
use crate::rules::bytes::ByteSet;

/// `vectors(transform, count, &[(value, expected), …])`: every vector holds, and what the transformer
/// says of itself is true of each.
pub(crate) fn vectors(transform: Transform, count: usize, vectors: &[(&[u8], &[u8])]) {
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
        check(transform, value).unwrap();
        ran += 1;
    }
    assert_eq!(ran, count, "vectors of {}", transform.name());
}

/// Whether it tells the truth of this value: that it changed, how long it may get, what it is that it
/// changes.
fn check(transform: Transform, value: &[u8]) -> Result<(), TestCaseError> {
    let name = transform.name();
    let mut out = b"left over".to_vec();
    let changed = transform.apply(value, &mut out);
    if changed {
        prop_assert_ne!(out.escape_ascii().to_string(), value.escape_ascii().to_string(), "{}", name);
        prop_assert!(out.len() <= transform.longest(value.len()), "{} is {} bytes", name, out.len());
        prop_assert!(value.len() >= transform.least(out.len()), "{} is {} bytes", name, out.len());
        let expected = if value.is_empty() {
            transform.changes_empty()
        } else {
            ByteSet::of(value).intersects(transform.triggers())
        };
        prop_assert!(expected, "{} changed {}", name, value.escape_ascii());
    }
    let mut again = Vec::new();
    prop_assert_eq!(transform.apply(value, &mut again), changed, "{} twice", name);
    prop_assert!(!changed || again == out, "{} twice", name);
    Ok(())
}

fn after(transform: Transform, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    if transform.apply(value, &mut out) { out } else { value.to_vec() }
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let telling = &b"%u04&#x;/.\\+=AZaz \n\0*-<!>\"'^,(?_\xc3\xa4\xe2\x82\xac\xef\xbc\xa0\xff"[..];
    let words: Vec<&'static [u8]> = vec![
        b"%uff1c",
        b"%2527",
        b"&lt;",
        b"&#x3c;",
        b"&colon",
        b"\\u0061",
        b"\\101",
        b"\\x41",
        b"\\6a ",
        b"0x4142",
        b"/*",
        b"*/",
        b"<!--",
        b"-->",
        b"--",
        b"/../",
        b"/./",
        b"//",
        b"\\..\\",
        b"PHNj",
        b"==",
        "ß".as_bytes(),
        "＜".as_bytes(),
        "ﬁ".as_bytes(),
        "\u{fdfa}".as_bytes(),
    ];
    let piece = prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        prop::sample::select(telling).prop_map(|byte| vec![byte]),
        prop::sample::select(words).prop_map(<[u8]>::to_vec),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn each_tells_the_truth(value in text()) {
        for transform in Transform::ALL {
            check(transform, &value)?;
        }
    }

    #[test]
    fn without_its_triggers_a_value_stays(value in text()) {
        for transform in Transform::ALL {
            let mut value = value.clone();
            value.retain(|&byte| !transform.triggers().contains(byte));
            if !value.is_empty() || !transform.changes_empty() {
                let mut out = Vec::new();
                prop_assert!(!transform.apply(&value, &mut out), "{} of {:?}", transform.name(), value);
            }
        }
    }

    #[test]
    fn what_is_encoded_decodes(value in text()) {
        use Transform::*;
        for (encode, decode) in [
            (Base64Encode, Base64DecodePrefix),
            (Base64Encode, Base64DecodeExt),
            (HexEncode, HexDecode),
            (UrlEncode, UrlDecode),
            (UrlEncode, UrlDecodeUni),
        ] {
            let back = after(decode, &after(encode, &value));
            prop_assert_eq!(&back, &value, "{} and {}", encode.name(), decode.name());
        }
        if !value.is_empty() {
            prop_assert_eq!(&after(Base64Decode, &after(Base64Encode, &value)), &value);
        }
    }

    #[test]
    fn twice_is_once(value in text()) {
        use Transform::*;
        for transform in [
            Lowercase, Uppercase, RemoveNulls, ReplaceNulls, RemoveWhitespace, CompressWhitespace, Trim, TrimLeft,
            TrimRight, UrlDecodeIis, NormalizePath, NormalizePathWin, UrlPath, UrlBasename, UnicodeNormalize,
            ParityEven7bit, ParityOdd7bit, ParityZero7bit,
        ] {
            let once = after(transform, &value);
            prop_assert_eq!(&after(transform, &once), &once, "{}", transform.name());
        }
    }
}

/// Long values of what is worst for one or the other: all the same they end soon, and in bounds.
#[test]
fn long_values() {
    let pieces: [&[u8]; 24] = [
        b"%",
        b"%25",
        b"%u0025",
        b"+",
        b"&",
        b"&#",
        b"&#1",
        b"&#x11111111",
        b"&aaaaaaaa",
        b"\\",
        b"\\1",
        b"/*",
        b"*/",
        b"<!--",
        b"-",
        b"/",
        b"../",
        b"a/",
        b"\\..",
        b"0x",
        b"0x41",
        b" ",
        b"\0",
        "\u{fdfa}".as_bytes(),
    ];
    let mut ran = 0;
    for piece in pieces {
        let value = piece.repeat((64 << 10) / piece.len());
        for transform in Transform::ALL {
            check(transform, &value).unwrap();
            ran += 1;
        }
    }
    assert_eq!(ran, 24 * 41);
}

#[test]
fn all_are_there_once() {
    assert_eq!(Transform::ALL.into_iter().collect::<BTreeSet<_>>().len(), 41);
}
