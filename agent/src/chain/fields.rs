//! What proxies do with header fields, by their names.

/// How a field of the inner request is weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The sender's own words: what a proxy passes on.
    Words,
    /// Drawn for a request, by the client or a proxy. Equality speaks for an outer request, for nobody guesses one;
    /// inequality says nothing.
    Id,
    /// A proxy may write it anew, pass it on, or make it up: says nothing. Anybody could write what a proxy
    /// always does.
    Info,
    /// Between one proxy and the next (RFC 9110 section 7.6.1), and what goes with it. Says nothing.
    Framing,
    /// Names clients: each address must be the sender's own or stand in its forwarding fields.
    Addresses,
    /// Holds the target as the proxy got it.
    Target,
}

const FRAMING: [&str; 13] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "priority",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

const ADDRESSES: [&str; 10] = [
    "cf-connecting-ip",
    "client-ip",
    "fastly-client-ip",
    "forwarded",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-forwarded-for",
    "x-original-forwarded-for",
    "x-real-ip",
];

const TARGETS: [&str; 3] = ["x-forwarded-uri", "x-original-uri", "x-original-url"];

const INFO: [&str; 6] = ["cdn-loop", "host", "tracestate", "via", "x-request-start", "x-scheme"];

const INFO_FAMILIES: [&str; 4] = ["x-b3-", "x-envoy-", "x-forwarded-", "x-datadog-"];

const IDS: [&str; 10] = [
    "b3",
    "sentry-trace",
    "traceparent",
    "uber-trace-id",
    "x-amzn-trace-id",
    "x-b3-traceid",
    "x-cloud-trace-context",
    "x-correlation-id",
    "x-request-id",
    "x-trace-id",
];

/// Fields that clients write; that a proxy adds them is never learned.
const CLIENTS: [&str; 12] = [
    "accept",
    "accept-language",
    "authorization",
    "content-type",
    "cookie",
    "if-modified-since",
    "if-none-match",
    "origin",
    "range",
    "referer",
    "user-agent",
    "x-requested-with",
];

/// How a field is weighed; its name is in small letters.
#[must_use]
pub fn class(name: &str) -> Class {
    let one_of = |list: &[&str]| list.contains(&name);
    match () {
        () if one_of(&FRAMING) => Class::Framing,
        () if one_of(&ADDRESSES) => Class::Addresses,
        () if one_of(&TARGETS) => Class::Target,
        () if one_of(&IDS) => Class::Id,
        () if one_of(&INFO) || INFO_FAMILIES.iter().any(|family| name.starts_with(family)) => Class::Info,
        () => Class::Words,
    }
}

/// Whether it is a field that clients write.
#[must_use]
pub fn is_clients(name: &str) -> bool {
    CLIENTS.contains(&name)
}

/// Bytes of a value that a proxy may have written of itself.
const TAME: usize = 256;

/// Whether a value is of the kind that proxies write: names, numbers, addresses, lists of them. What attacks need
/// (quotation marks within words, slashes, brackets of code, percent signs) is not.
#[must_use]
pub fn is_tame(value: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b" -_.,:;=[]@+*\"".contains(b);
    value.len() <= TAME && value.iter().all(plain) && memchr::memmem::find(value, b"..").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name() {
        let cases = [
            ("user-agent", Class::Words),
            ("x-api-key", Class::Words),
            ("connection", Class::Framing),
            ("x-forwarded-for", Class::Addresses),
            ("forwarded", Class::Addresses),
            ("x-forwarded-proto", Class::Info),
            ("host", Class::Info),
            ("traceparent", Class::Id),
            ("x-original-uri", Class::Target),
        ];
        for (name, expected) in cases {
            assert_eq!(class(name), expected, "{name}");
        }
    }

    #[test]
    fn what_proxies_write_is_tame_and_attacks_are_not() {
        let tame = [
            "192.0.2.7, 10.0.0.1",
            "for=\"[2001:db8::1]:80\";proto=https",
            "1.1 varnish",
            "gzip, deflate;q=0.5",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "shop.example:443",
        ];
        let not = ["${jndi:ldap://x}", "../../etc", "a..b", "' OR 1=1", "<script>", "%27", "a(b)", "`id`"];
        assert!(tame.iter().all(|value| is_tame(value.as_bytes())));
        assert!(not.iter().all(|value| !is_tame(value.as_bytes())));
        assert!(!is_tame(&[b'a'; TAME + 1]));
    }
}
