//! Tokens and names in the Authorization field.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::{
    limits,
    rules::inapp::{
        object::{Object, Room},
        processors::jwt,
    },
};

/// What stands in an Authorization field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Authorization<'h> {
    /// `Bearer` (RFC 6750), or `Token` as Django's frameworks have it.
    Bearer(&'h [u8]),
    /// `Basic` (RFC 7617), not decoded.
    Basic(&'h [u8]),
    /// Something else.
    Other,
}

impl<'h> Authorization<'h> {
    /// Reads the field.
    pub fn read(field: &'h [u8]) -> Self {
        let Some((scheme, rest)) = split_once(field.trim_ascii(), b' ') else { return Self::Other };
        let rest = rest.trim_ascii();
        match scheme {
            _ if rest.is_empty() => Self::Other,
            _ if scheme.eq_ignore_ascii_case(b"bearer") || scheme.eq_ignore_ascii_case(b"token") => {
                Self::Bearer(rest)
            }
            _ if scheme.eq_ignore_ascii_case(b"basic") => Self::Basic(rest),
            _ => Self::Other,
        }
    }
}

/// The user's name of Basic credentials. The password is dropped here.
pub(super) fn basic_user(credentials: &[u8]) -> Option<String> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let credentials = credentials.get(..credentials.len().min(limits::TOKEN_BYTES))?;
    let decoded = LENIENT.decode(credentials).ok()?;
    let (user, _password) = split_once(&decoded, b':')?;
    shown(user)
}

/// Whether it could be a JSON web token: its header is an object, which begins with `{"`.
pub(super) fn is_jwt(token: &[u8]) -> bool {
    token.starts_with(b"eyJ") && token.iter().filter(|&&byte| byte == b'.').count() == 2
}

/// The first of these claims that a JSON web token has. Its signature is not checked.
pub(super) fn claim(token: &[u8], claims: &[String]) -> Option<String> {
    if !is_jwt(token) || token.len() > limits::TOKEN_BYTES {
        return None;
    }
    let decoded = jwt::decode(&[b"Bearer ", token].concat(), &mut Room::default())?;
    let payload =
        decoded.entries()?.iter().find(|(name, _)| **name == b"payload"[..]).map(|(_, payload)| payload)?;
    let payload = payload.entries()?;
    claims.iter().find_map(|claim| {
        let (_, value) = payload.iter().find(|(name, _)| **name == *claim.as_bytes())?;
        match value {
            Object::String(text) => shown(text),
            Object::Unsigned(number) => Some(number.to_string()),
            Object::Signed(number) => Some(number.to_string()),
            _ => None,
        }
    })
}

/// A name as it is kept: without what is around it, of bounded length. `None`: nothing is left.
pub(super) fn shown(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let text = text.trim();
    (!text.is_empty()).then(|| text.chars().take(limits::USER_TEXT).collect())
}

/// What stands before and behind the first of these bytes.
pub(super) fn split_once(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(at, text)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

#[cfg(test)]
pub(super) fn made(payload: &str) -> String {
    let part = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.c2lnbmF0dXJl", part(r#"{"alg":"HS256","typ":"JWT"}"#), part(payload))
}

#[cfg(test)]
#[test]
fn vectors() {
    let claims: Vec<String> = ["sub", "user_id", "email"].map(str::to_owned).into();
    let tokens = [
        (made(r#"{"sub":"alice"}"#), Some("alice")),
        (made(r#"{"email":"a@b.c","sub":""}"#), Some("a@b.c")),
        (made(r#"{"user_id":42,"email":"x"}"#), Some("42")),
        (made(r#"{"sub":{"a":1}}"#), None),
        (made(r#"{"name":"x"}"#), None),
        (made("not json"), None),
        ("eyJ.eyJ".into(), None),
        ("eyJ.%.x".into(), None),
        (String::new(), None),
    ];
    for (token, expected) in &tokens {
        assert_eq!(claim(token.as_bytes(), &claims).as_deref(), *expected, "{token}");
    }
    assert_eq!(tokens.len(), 9);
    let fields: [(&str, Authorization<'_>); 7] = [
        ("Bearer abc", Authorization::Bearer(b"abc")),
        ("bearer  abc ", Authorization::Bearer(b"abc")),
        ("Token abc", Authorization::Bearer(b"abc")),
        ("Basic YTpi", Authorization::Basic(b"YTpi")),
        ("Basic ", Authorization::Other),
        ("Digest username=\"x\"", Authorization::Other),
        ("", Authorization::Other),
    ];
    for (field, expected) in fields {
        assert_eq!(Authorization::read(field.as_bytes()), expected, "{field}");
    }
    let names = [
        ("YWxpY2U6aHVudGVyMg==", Some("alice")),
        ("YWxpY2U6aHVudGVyMg", Some("alice")),
        ("Onh4", None),
        ("%%", None),
        ("YWI=", None),
    ];
    for (credentials, expected) in names {
        assert_eq!(basic_user(credentials.as_bytes()).as_deref(), expected, "{credentials}");
    }
}
