//! Where something is sent: addresses over HTTP, hosts with ports.

use std::{fmt, net::IpAddr};

use hyper::Uri;

/// An address that is asked over HTTP. Its path may be a secret: shown is only the origin.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    /// Over TLS.
    pub(super) tls: bool,
    /// As it goes into `Host`.
    pub(super) authority: String,
    /// Where the connection goes.
    pub(super) at: HostPort,
    /// Path and query.
    pub(super) path: String,
}

impl Url {
    /// Reads one.
    ///
    /// # Errors
    /// Why it is none. The text is not in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        const EXPECTED: &str = "an address begins with https:// or http://, a host follows";
        let uri: Uri = text.parse().map_err(|_| EXPECTED.to_owned())?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(EXPECTED.to_owned()),
        };
        let authority = uri.authority().ok_or_else(|| EXPECTED.to_owned())?;
        if authority.as_str().contains('@') {
            return Err(
                "an address has no user and password in it: there are `token_file` and `headers`".to_owned()
            );
        }
        let default = if tls { 443 } else { 80 };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(EXPECTED.to_owned());
        }
        let at = HostPort { host: host.to_owned(), port: Some(authority.port_u16().unwrap_or(default)) };
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { tls, authority: authority.as_str().to_owned(), at, path })
    }

    /// With another path where there is none.
    pub(super) fn or_path(mut self, path: &str) -> Self {
        if self.path == "/" {
            self.path = path.to_owned();
        }
        self
    }
}

/// Without the path.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.authority)?;
        if self.path == "/" { Ok(()) } else { f.write_str("/…") }
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({self})")
    }
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// Name or address, without brackets.
    pub(super) host: String,
    /// None: the usual one.
    port: Option<u16>,
}

impl HostPort {
    /// Reads `host`, `host:port`, `[2001:db8::1]:port`.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = |port: &str| {
            let port = port.parse().ok().filter(|&port: &u16| port > 0);
            port.ok_or_else(|| "a port is a number from 1 to 65535".to_owned())
        };
        if text.parse::<IpAddr>().is_ok() {
            return Ok(Self { host: text.to_owned(), port: None });
        }
        if let Some((host, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            if host.parse::<std::net::Ipv6Addr>().is_err() {
                return Err("brackets stand around an IPv6 address".to_owned());
            }
            let port = match rest.strip_prefix(':') {
                Some(port) => Some(number(port)?),
                None if rest.is_empty() => None,
                None => return Err("a colon and a port follow the brackets".to_owned()),
            };
            return Ok(Self { host: host.to_owned(), port });
        }
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(number(port)?)),
            None => (text, None),
        };
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if host.is_empty() || host.len() > 253 || !host.chars().all(known) {
            return Err(
                "a host is a name or an IP address; \"[2001:db8::1]:514\" is one with a port".to_owned()
            );
        }
        Ok(Self { host: host.to_owned(), port })
    }

    /// With a port where there is none.
    #[must_use]
    pub fn or_port(mut self, port: u16) -> Self {
        self.port.get_or_insert(port);
        self
    }

    /// Whether it is this host.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    pub(super) fn port(&self) -> u16 {
        self.port.unwrap_or(0)
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?
        } else {
            f.write_str(&self.host)?
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let vectors = [
            ("https://hooks.example.org/a/b?c=d", true, "hooks.example.org", 443, "/a/b?c=d"),
            ("http://127.0.0.1:8080", false, "127.0.0.1", 8080, "/"),
            ("http://[::1]:9/x", false, "::1", 9, "/x"),
        ];
        for (text, tls, host, port, path) in vectors {
            let url = Url::parse(text).unwrap();
            assert_eq!(
                (url.tls, &*url.at.host, url.at.port(), &*url.path),
                (tls, host, port, path),
                "{text}"
            );
        }
        let wrong =
            ["", "hooks.example.org", "ftp://x/", "https://", "https://a:b@x/", "/path", "https://x y/"];
        for text in wrong {
            assert!(Url::parse(text).is_err(), "{text}");
        }
        assert_eq!((vectors.len(), wrong.len()), (3, 7));
    }

    #[test]
    fn the_path_is_not_shown() {
        let url = Url::parse("https://hooks.example.org/services/T0/B0/canary?key=canary").unwrap();
        assert_eq!(url.to_string(), "https://hooks.example.org/…");
        assert!(!format!("{url:?}").contains("canary"));
    }

    #[test]
    fn hosts() {
        let vectors = [
            ("logs.example.org:6514", "logs.example.org", 6514, "logs.example.org:6514"),
            ("logs.example.org", "logs.example.org", 7, "logs.example.org:7"),
            ("[2001:db8::1]:514", "2001:db8::1", 514, "[2001:db8::1]:514"),
            ("2001:db8::1", "2001:db8::1", 7, "[2001:db8::1]:7"),
            ("[::1]", "::1", 7, "[::1]:7"),
            ("192.0.2.1:25", "192.0.2.1", 25, "192.0.2.1:25"),
        ];
        for (text, host, port, shown) in vectors {
            let parsed = HostPort::parse(text).unwrap().or_port(7);
            assert_eq!((&*parsed.host, parsed.port(), &*parsed.to_string()), (host, port, shown), "{text}");
        }
        let wrong = ["", ":25", "a:0", "a:65536", "a b:1", "[::1", "[x]:1", "[::1]1", "https://a"];
        for text in wrong {
            assert!(HostPort::parse(text).is_err(), "{text}");
        }
        assert_eq!((vectors.len(), wrong.len()), (6, 9));
    }
}
