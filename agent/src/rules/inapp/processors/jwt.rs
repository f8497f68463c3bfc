//! `jwt_decode`: a JSON Web Token (RFC 7519) in a header field as an object.
//!
//! `Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.` →
//! `{"header": {"alg": "none"}, "payload": {"sub": "a"}, "signature": {"available": false}}`
//!
//! The signature is not checked: the key is the service's. What is wrong with a part leaves that part
//! unknown.

use crate::rules::inapp::object::{Key, Object, Room, read_json};

/// The text at the end of a key path that may be a token; of a list its first item.
pub(super) fn token<'o>(object: &'o Object<'_>, path: &[Key]) -> Option<&'o [u8]> {
    match object.get(path)? {
        Object::Array(items) => items.first()?.text(),
        other => other.text(),
    }
}

/// The parts of a bearer token. `None`: it is none.
#[must_use]
pub fn decode(field: &[u8], room: &mut Room) -> Option<Object<'static>> {
    let token = field.strip_prefix(b"Bearer")?;
    let blanks = token.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 0x0b).count();
    let mut parts = token.get(blanks..)?.splitn(3, |&byte| byte == b'.');
    let [header, payload, signature] = [parts.next()?, parts.next()?, parts.next()?];
    let available = Object::Bool(!signature.is_empty());
    Some(Object::Map(vec![
        (b"header".into(), part(header, room)),
        (b"payload".into(), part(payload, room)),
        (b"signature".into(), Object::Map(vec![(b"available".into(), available)])),
    ]))
}

fn part(text: &[u8], room: &mut Room) -> Object<'static> {
    let Some(mut json) = base64url(text) else { return Object::Unknown };
    // libddwaf's reader takes a zero byte for the end.
    if let Some(end) = memchr::memchr(0, &json) {
        json.truncate(end);
    }
    // And it lets bytes through that are not UTF-8, which no text of an event can carry.
    let json = String::from_utf8_lossy(&json);
    read_json(json.as_bytes(), false, room).map_or(Object::Unknown, Object::into_owned)
}

/// Base64 in the URL alphabet (RFC 4648 section 5), padded or not. What is left over at the end, which
/// should be zero bits, becomes a byte when it is not.
fn base64url(text: &[u8]) -> Option<Vec<u8>> {
    let padding = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    let digits = text.get(..text.len() - padding)?;
    if padding > 3.min(4 - digits.len() % 4) {
        return None;
    }
    let mut out = Vec::with_capacity(digits.len() / 4 * 3 + 3);
    for four in digits.chunks(4) {
        let mut bits = 0;
        for (at, &digit) in four.iter().enumerate() {
            bits |= sextet(digit)? << (18 - 6 * at);
        }
        let [_, first, second, third] = bits.to_be_bytes();
        out.push(first);
        if four.len() == 4 || (four.len() > 1 && (second, third) != (0, 0)) {
            out.push(second);
        }
        if four.len() == 4 || (four.len() > 2 && third != 0) {
            out.push(third);
        }
    }
    Some(out)
}

fn sextet(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    }))
}
