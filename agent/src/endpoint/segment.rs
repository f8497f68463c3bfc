//! Segments of a path: what is a name of the route, and what is an id in it.

use super::kind::{is_date, is_email, is_hash, is_ip, is_token, is_uuid};
use crate::limits;

/// What stands for a segment that is not a name. A pattern has no other braces.
const LABELS: [&str; 12] = [
    "{id}", "{uuid}", "{hash}", "{date}", "{email}", "{ip}", "{token}", "{text}", "{file}", "{slug}",
    "{param}", "{rest}",
];
/// What is learned to vary.
pub(super) const PARAM: &str = "{param}";
/// What is learned to be titles.
pub(super) const SLUG: &str = "{slug}";

/// The segments of a path, folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segments<'p> {
    items: [&'p str; limits::PATTERN_DEPTH],
    len: usize,
}

impl<'p> Segments<'p> {
    /// In order.
    #[must_use]
    pub fn as_slice(&self) -> &[&'p str] {
        self.items.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, segment: &'p str) {
        match self.items.get_mut(self.len) {
            Some(item) => {
                *item = segment;
                self.len += 1;
            }
            // One more than there is room for.
            None => self.items.last_mut().into_iter().for_each(|last| *last = "{rest}"),
        }
    }
}

/// The pattern of a path, as far as the path alone shows it: `/users/42/orders` → `/users/{id}/orders`. A pattern is its
/// own pattern.
#[must_use]
pub fn fold(path: &[u8]) -> Segments<'_> {
    let mut segments = Segments { items: [""; limits::PATTERN_DEPTH], len: 0 };
    for segment in path.split(|&byte| byte == b'/').filter(|segment| !segment.is_empty()) {
        segments.push(of(segment));
        if segments.len == limits::PATTERN_DEPTH && segments.as_slice().last() == Some(&"{rest}") {
            break;
        }
    }
    segments
}

/// Whether a segment stands for others.
pub(super) fn is_label(segment: &str) -> bool {
    segment.starts_with('{')
}

/// Whether a segment reads like a title: three words or more.
pub(super) fn is_slug(segment: &str) -> bool {
    !is_label(segment)
        && segment.len() >= 8
        && segment.bytes().filter(|byte| b"-_".contains(byte)).count() >= 2
}

/// What stands for a segment: itself, if it is a name.
fn of(segment: &[u8]) -> &str {
    if segment.starts_with(b"{")
        && let Some(label) = LABELS.iter().find(|label| label.as_bytes() == segment)
    {
        return label;
    }
    // What is behind a semicolon is of the request, not of the route.
    let segment = segment.split(|&byte| byte == b';').next().unwrap_or_default();
    let digits = segment.iter().filter(|byte| byte.is_ascii_digit()).count();
    if digits == segment.len() && digits > 0 {
        return "{id}";
    }
    if let Some(at) = memchr::memchr(b'%', segment) {
        let email = segment.get(at..at + 3).is_some_and(|code| code == b"%40")
            && is_email(
                &[segment.get(..at).unwrap_or_default(), b"@", segment.get(at + 3..).unwrap_or_default()]
                    .concat(),
            );
        return if email { "{email}" } else { "{text}" };
    }
    match segment {
        _ if digits > 0 && is_uuid(segment) => "{uuid}",
        _ if digits > 0 && is_hash(segment) => "{hash}",
        _ if digits > 0 && is_date(segment) => "{date}",
        _ if is_email(segment) => "{email}",
        _ if is_ip(segment) => "{ip}",
        _ if digits > 0 && is_token(segment) => "{token}",
        _ if segment.len() > limits::PATTERN_SEGMENT || segment.is_empty() => "{text}",
        _ if !segment.iter().all(|b| b.is_ascii_alphanumeric() || b"._-~+,@$!()*".contains(b)) => "{text}",
        _ => named(segment, digits),
    }
}

/// A name, unless there is a number in it: `order-10423`, `IMG_20260101.jpg`.
fn named(segment: &[u8], digits: usize) -> &str {
    let stem = match memchr::memrchr(b'.', segment) {
        Some(dot) if dot > 0 && (2..=6).contains(&(segment.len() - dot)) => {
            segment.get(..dot).unwrap_or_default()
        }
        _ => segment,
    };
    let of_stem = stem.iter().filter(|byte| byte.is_ascii_digit()).count();
    // A part of eight hexadecimal digits is what builds put into the names of their files.
    let parts = || stem.split(|byte| b"-_.~".contains(byte));
    let hashed = of_stem > 0
        && parts().any(|part| {
            part.len() >= 8 && part.iter().all(u8::is_ascii_hexdigit) && part.iter().any(u8::is_ascii_digit)
        });
    let varies = of_stem >= 4 || hashed || of_stem == stem.len();
    match (varies, stem.len() == segment.len()) {
        (true, true) => "{id}",
        (true, false) => "{file}",
        (false, _) if digits >= 8 => "{id}",
        // Of ASCII, as was seen above.
        (false, _) => std::str::from_utf8(segment).unwrap_or("{text}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(path: &str) -> String {
        fold(path.as_bytes()).as_slice().iter().map(|segment| format!("/{segment}")).collect()
    }

    #[test]
    fn vectors() {
        let cases = [
            ("/", ""),
            ("/users/42", "/users/{id}"),
            ("/users//42/", "/users/{id}"),
            ("/api/v2/orders/019f886e-c0a0-7003-8000-01abcdef0123/items", "/api/v2/orders/{uuid}/items"),
            ("/o/507f1f77bcf86cd799439011", "/o/{hash}"),
            ("/2026-11-22/report", "/{date}/report"),
            ("/blog/2026/11/some-title", "/blog/{id}/{id}/some-title"),
            ("/u/alice@shop.example", "/u/{email}"),
            ("/u/alice%40shop.example", "/u/{email}"),
            ("/hosts/192.0.2.7", "/hosts/{ip}"),
            ("/reset/aGVsbG8gd29ybGQsIHRoaXMgaXMgMTIz", "/reset/{token}"),
            ("/orders/order-10423", "/orders/{id}"),
            ("/img/IMG_20260101.jpg", "/img/{file}"),
            ("/img/7.png", "/img/{file}"),
            ("/static/app.3f2a91c0.js", "/static/{file}"),
            ("/static/app.js", "/static/app.js"),
            ("/oauth2/token", "/oauth2/token"),
            ("/cart;jsessionid=0123456789ABCDEF", "/cart"),
            ("/a%20b/c", "/{text}/c"),
            ("/x'OR'1", "/{text}"),
            ("/k=v", "/{text}"),
            ("/users/{id}", "/users/{id}"),
            ("/users/{name}", "/users/{text}"),
            (
                "/1/2/3/4/5/6/7/8/9/10/11/12/13",
                "/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{rest}",
            ),
        ];
        for (path, pattern) in cases {
            assert_eq!(text(path), pattern, "{path}");
        }
        assert_eq!(cases.len(), 24);
        assert!(is_slug("how-to-bake-bread") && !is_slug("sign-in") && !is_slug("{id}"));
    }

    proptest! {
        #[test]
        fn a_pattern_is_its_own(path in "(/[a-zA-Z0-9{}._@%;=-]{0,40}){0,16}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for path in [path.into_bytes(), bytes] {
                let once = fold(&path);
                let joined = once.as_slice().join("/");
                prop_assert_eq!(fold(joined.as_bytes()), once);
                prop_assert!(once.as_slice().len() <= limits::PATTERN_DEPTH);
                prop_assert!(once.as_slice().iter().all(|s| s.len() <= limits::PATTERN_SEGMENT && !s.is_empty()));
                prop_assert!(once.as_slice().iter().all(|s| !is_label(s) || LABELS.contains(s)));
            }
        }
    }
}
