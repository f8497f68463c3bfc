//! The boundary, in the Content-Type field (RFC 2046 section 5.1.1).
//!
//! ModSecurity takes only what every server understands alike; anything else is an error. What a lenient
//! server would take for the boundary is read all the same.

use memchr::{memchr, memmem};

use crate::limits;

/// What the field says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ContentType<'h> {
    /// The boundary, as far as one can be made out. Not empty.
    pub boundary: Option<&'h [u8]>,
    /// It stands in quotation marks.
    pub quoted: bool,
    /// White space around the equals sign.
    pub whitespace: bool,
    /// No semicolon before it.
    pub missing_semicolon: bool,
    /// Why ModSecurity would not take it.
    pub error: Option<&'static str>,
}

const MEDIA_TYPE: &[u8] = b"multipart/form-data";
const BOUNDARY: &[u8] = b"boundary";

pub(super) fn read(field: &[u8]) -> ContentType<'_> {
    let mut found = ContentType::default();
    match strict(field, &mut found) {
        Ok(boundary) => found.boundary = Some(boundary),
        Err(what) => {
            found.error = Some(what);
            found.boundary = lenient(field);
        }
    }
    found
}

/// The boundary, if all is as ModSecurity wants it.
fn strict<'h>(field: &'h [u8], found: &mut ContentType<'h>) -> Result<&'h [u8], &'static str> {
    if field.is_empty() {
        return Err("Multipart: Content-Type header not available");
    }
    if field.len() > limits::BODY_CONTENT_TYPE {
        return Err("Multipart: Invalid boundary in C-T (length)");
    }
    if !field.get(..MEDIA_TYPE.len()).is_some_and(|start| start.eq_ignore_ascii_case(MEDIA_TYPE)) {
        return Err("Multipart: Invalid MIME type");
    }
    let times = boundaries(field);
    if times > 1 {
        return Err("Multipart: Multiple boundary parameters in C-T");
    }
    let Some(at) = memmem::find(field, BOUNDARY) else {
        return Err(if times > 0 {
            "Multipart: Invalid boundary in C-T (case sensitivity)"
        } else {
            "Multipart: Boundary not found in C-T"
        });
    };
    let before = field.get(MEDIA_TYPE.len()..at).unwrap_or_default();
    let mut signs = before.iter().filter(|byte| !is_space(**byte));
    match (signs.next(), signs.next()) {
        (None, None) => found.missing_semicolon = true,
        (Some(b';'), None) => {}
        _ => return Err("Multipart: Invalid boundary in C-T (malformed)"),
    }
    let after = field.get(at + BOUNDARY.len()..).unwrap_or_default();
    let equals = memchr(b'=', after).ok_or("Multipart: Invalid boundary in C-T (malformed)")?;
    let (between, value) = after.split_at(equals);
    if between.iter().any(|&byte| !is_space(byte)) {
        return Err("Multipart: Invalid boundary in C-T (parameter name)");
    }
    let value = value.get(1..).unwrap_or_default();
    found.whitespace = !between.is_empty() || value.first().is_some_and(|&byte| is_space(byte));
    let boundary = match value {
        [b'"', inner @ .., b'"'] => {
            found.quoted = true;
            inner
        }
        [b'"', ..] | [.., b'"'] => return Err("Multipart: Invalid boundary in C-T (quote)"),
        // libmodsecurity keeps white space before it and finds no such boundary; a server would not.
        _ => value.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii_start(),
    };
    if boundary.is_empty() {
        return Err("Multipart: Invalid boundary in C-T (empty)");
    }
    if boundaries(boundary) > 0 {
        return Err("Multipart: Invalid boundary in C-T (content)");
    }
    if boundary.last() == Some(&b' ') || !boundary.iter().all(|&byte| is_boundary_byte(byte)) {
        return Err("Multipart: Invalid boundary in C-T (characters)");
    }
    Ok(boundary)
}

/// What a server that looks less closely takes for the boundary.
fn lenient(field: &[u8]) -> Option<&[u8]> {
    let field = field.get(..limits::BODY_CONTENT_TYPE).unwrap_or(field);
    let at = field.windows(BOUNDARY.len()).position(|window| window.eq_ignore_ascii_case(BOUNDARY))?;
    let after = field.get(at + BOUNDARY.len()..)?;
    let value = after.get(memchr(b'=', after)? + 1..)?.trim_ascii();
    let value = match value.strip_prefix(b"\"") {
        Some(inner) => inner.split(|&byte| byte == b'"').next()?,
        None => value.split(|&byte| is_space(byte) || b";,\"".contains(&byte)).next()?,
    };
    (!value.is_empty()).then_some(value)
}

/// How often the word stands in a text, in any case, with an equals sign somewhere behind it.
fn boundaries(text: &[u8]) -> usize {
    let Some(equals) = memchr::memrchr(b'=', text) else { return 0 };
    let text = text.get(..equals).unwrap_or_default();
    text.windows(BOUNDARY.len()).filter(|window| window.eq_ignore_ascii_case(BOUNDARY)).count()
}

/// RFC 2046: `bchars`.
fn is_boundary_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+_,-./:=?".contains(&byte)
}

/// White space as C has it.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(field: &str) -> (Option<String>, String, Option<&'static str>) {
        let found = read(field.as_bytes());
        let mut flags = String::new();
        for (set, flag) in [(found.quoted, 'q'), (found.whitespace, 'w'), (found.missing_semicolon, 's')] {
            flags.extend(set.then_some(flag));
        }
        let boundary = found.boundary.map(|boundary| boundary.escape_ascii().to_string());
        let error = found.error.and_then(|error| error.strip_prefix("Multipart: "));
        (boundary, flags, error.map(|error| error.strip_prefix("Invalid boundary in C-T ").unwrap_or(error)))
    }

    #[test]
    fn vectors() {
        let long = format!("multipart/form-data; boundary=B{}", "x".repeat(1100));
        let cases: [(&str, Option<&str>, &str, Option<&str>); 33] = [
            ("multipart/form-data; boundary=B", Some("B"), "", None),
            ("Multipart/Form-Data; boundary=B", Some("B"), "", None),
            ("multipart/form-data;boundary=a'()+_,-./:=?b", Some("a\\'()+_,-./:=?b"), "", None),
            ("multipart/form-data; boundary=\"a b\"", Some("a b"), "q", None),
            ("multipart/form-data; boundary=B;", Some("B"), "", None),
            ("multipart/form-data; boundary=B; charset=utf-8", Some("B"), "", None),
            ("multipart/form-data; boundary=B,C", Some("B,C"), "", None),
            ("multipart/form-data; boundary=xboundary", Some("xboundary"), "", None),
            ("multipart/form-data; boundary =B", Some("B"), "w", None),
            ("multipart/form-data; boundary= B", Some("B"), "w", None),
            ("multipart/form-data; boundary\t=\tB", Some("B"), "w", None),
            ("multipart/form-data boundary=B", Some("B"), "s", None),
            ("multipart/form-databoundary=B", Some("B"), "s", None),
            ("", None, "", Some("Content-Type header not available")),
            ("multipart/mixed; boundary=B", Some("B"), "", Some("Invalid MIME type")),
            ("multipart", None, "", Some("Invalid MIME type")),
            ("multipart/form-data", None, "", Some("Boundary not found in C-T")),
            ("multipart/form-data; boundary", None, "", Some("(malformed)")),
            ("multipart/form-data; boundary=", None, "", Some("(empty)")),
            ("multipart/form-data; boundary=\"\"", None, "q", Some("(empty)")),
            ("multipart/form-data; boundary=;", None, "", Some("(empty)")),
            ("multipart/form-data; boundary=\"B", Some("B"), "", Some("(quote)")),
            ("multipart/form-data; boundary=B\"", Some("B"), "", Some("(quote)")),
            ("multipart/form-data; boundary=\"B\"; charset=x", Some("B"), "", Some("(quote)")),
            ("multipart/form-data; boundary=B ", Some("B"), "", Some("(characters)")),
            ("multipart/form-data; boundary=B*", Some("B*"), "", Some("(characters)")),
            ("multipart/form-data; charset=utf-8; boundary=B", Some("B"), "", Some("(malformed)")),
            ("multipart/form-data, boundary=B", Some("B"), "", Some("(malformed)")),
            ("multipart/form-data;; boundary=B", Some("B"), "", Some("(malformed)")),
            ("multipart/form-data; boundaryx=B", Some("B"), "", Some("(parameter name)")),
            ("multipart/form-data; Boundary=B", Some("B"), "", Some("(case sensitivity)")),
            (
                "multipart/form-data; boundary=B; boundary=C",
                Some("B"),
                "",
                Some("Multiple boundary parameters in C-T"),
            ),
            (&long, Some(&long[30..1024]), "", Some("(length)")),
        ];
        let mut ran = 0;
        for (field, boundary, flags, error) in cases {
            assert_eq!(of(field), (boundary.map(str::to_owned), flags.to_owned(), error), "{field}");
            ran += 1;
        }
        assert_eq!(ran, 33);
    }
}
