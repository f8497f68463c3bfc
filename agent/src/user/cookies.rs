//! Set-Cookie header fields (RFC 6265 section 5.2), and what a session looks like.

/// A cookie that a response sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SetCookie<'h> {
    pub name: &'h [u8],
    pub value: &'h [u8],
    /// Scripts of the page don't get it.
    pub http_only: bool,
    /// It takes a cookie away.
    pub clears: bool,
}

impl<'h> SetCookie<'h> {
    /// Reads a field. `None`: it sets none.
    pub fn read(field: &'h [u8]) -> Option<Self> {
        let mut parts = field.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
        let (name, value) = super::token::split_once(parts.next()?, b'=')?;
        let (name, value) = (name.trim_ascii(), value.trim_ascii());
        let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
        let gone: [&[u8]; 4] = [b"", b"deleted", b"deleteme", b"null"];
        let mut cookie = Self {
            name,
            value,
            http_only: false,
            clears: gone.iter().any(|gone| value.eq_ignore_ascii_case(gone)),
        };
        for part in parts.take(16) {
            let (name, value) = super::token::split_once(part, b'=').unwrap_or((part, b""));
            let (name, value) = (name.trim_ascii(), value.trim_ascii());
            if name.eq_ignore_ascii_case(b"httponly") {
                cookie.http_only = true;
            } else if name.eq_ignore_ascii_case(b"max-age") {
                cookie.clears |= value == b"0" || value.starts_with(b"-");
            } else if name.eq_ignore_ascii_case(b"expires") {
                // What servers write to take a cookie away is the beginning of time.
                cookie.clears |= memchr::memmem::find(value, b"1970").is_some()
                    || memchr::memmem::find(value, b"-70 ").is_some();
            }
        }
        (!name.is_empty()).then_some(cookie)
    }
}

/// Whether a value is long and random enough to be a session's.
pub(super) fn looks_random(value: &[u8]) -> bool {
    if value.len() < 16 || value.len() > 8 * 1024 {
        return false;
    }
    let mut seen = [false; 256];
    let (mut digits, mut letters, mut different) = (0, 0, 0);
    for &byte in value.iter().take(256) {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'a'..=b'z' | b'A'..=b'Z' => letters += 1,
            b'-' | b'_' | b'.' | b'%' | b'/' | b'+' | b'=' | b':' | b'~' | b'!' | b'|' => {}
            _ => return false,
        }
        if let Some(seen) = seen.get_mut(usize::from(byte))
            && !std::mem::replace(seen, true)
        {
            different += 1;
        }
    }
    digits >= 2 && letters >= 2 && different >= 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let cookie = |name: &'static str, value: &'static str, http_only, clears| {
            Some(SetCookie { name: name.as_bytes(), value: value.as_bytes(), http_only, clears })
        };
        let cases = [
            ("sid=abc; Path=/; HttpOnly", cookie("sid", "abc", true, false)),
            ("sid=\"a=b\";secure", cookie("sid", "a=b", false, false)),
            ("sid=; Path=/", cookie("sid", "", false, true)),
            (
                "sid=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0",
                cookie("sid", "deleted", false, true),
            ),
            ("sid=x; Max-Age=0; httponly", cookie("sid", "x", true, true)),
            ("sid=x; Max-Age=3600", cookie("sid", "x", false, false)),
            ("sid=x; expires=Thu, 01 Jan 1970 00:00:00 GMT", cookie("sid", "x", false, true)),
            ("sid=x; expires=Thu, 01 Jan 2037 00:00:00 GMT", cookie("sid", "x", false, false)),
            ("=x", None),
            ("sid", None),
            ("", None),
        ];
        for (field, expected) in cases {
            assert_eq!(SetCookie::read(field.as_bytes()), expected, "{field}");
        }
        assert_eq!(cases.len(), 11);
    }

    #[test]
    fn sessions_and_others() {
        let random = [
            "s%3AYWxpY2U4c2Vzc2lvbjEy.kQ9zX1",
            "5f2b6c1e9a7d4e3f8b0c1d2e3f4a5b6c",
            "eyJpdiI6IkZqV1o4cXg3YkhOZ2c9PSIsInZhbHVlIjoi",
        ];
        let others = [
            "",
            "dark",
            "en-US",
            "aaaaaaaaaaaaaaaaaaaaaaaa1111",
            "1700000000000000",
            "hello world and 12 more x",
            "GA1.2.3",
        ];
        assert!(random.iter().all(|value| looks_random(value.as_bytes())));
        assert!(!others.iter().any(|value| looks_random(value.as_bytes())));
    }
}
