//! What rules leave alone, and when.

use std::net::IpAddr;

use ipnet::IpNet;
use uuid::Uuid;

use super::{glob::Glob, input::Input, select::Selector};
use crate::{
    http::Request,
    rules::{RuleMeta, inputs::target, model::Transform, transforms::percent_decode},
};

/// Rules that are not asked, or not about some values; always, on some paths, or for some clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exclusion {
    /// Its id; none: the configuration has it.
    pub id: Option<Uuid>,
    /// Which rules; none named: all.
    pub rules: Vec<Selector>,
    /// Which values; none named: the rules are not asked at all.
    pub inputs: Vec<Input>,
    /// For services with one of these names; none named: any.
    pub services: Vec<Glob>,
    /// On requests with one of these paths; none named: any.
    pub paths: Vec<Glob>,
    /// For clients in one of these networks; none named: any.
    pub client_ips: Vec<IpNet>,
    /// Why, in a person's words.
    pub reason: Option<String>,
}

impl Exclusion {
    /// Whether it always counts.
    #[must_use]
    pub fn is_always(&self) -> bool {
        self.services.is_empty() && self.paths.is_empty() && self.client_ips.is_empty()
    }

    /// Whether it takes a match of a rule away, on a transaction for which it counts; `labels` are SecLang's tags of the
    /// rule.
    #[must_use]
    pub fn takes(&self, rule: &RuleMeta, labels: &[String], location: &str) -> bool {
        (self.rules.is_empty() || self.rules.iter().any(|wanted| wanted.fits(rule, labels)))
            && (self.inputs.is_empty() || self.inputs.iter().any(|input| input.is_at(location)))
    }

    /// Whether it counts for a transaction.
    #[must_use]
    pub fn counts(&self, service: &str, path: &RequestPath, client: IpAddr) -> bool {
        let client = client.to_canonical();
        (self.services.is_empty() || self.services.iter().any(|wanted| wanted.fits(service)))
            && (self.paths.is_empty() || self.paths.iter().any(|wanted| path.fits(wanted)))
            && (self.client_ips.is_empty() || self.client_ips.iter().any(|net| net.contains(&client)))
    }
}

/// The path of a request, as patterns see it.
///
/// A pattern has to fit the path as it was sent (percent-decoded once) *and* as a service could come to see it
/// (decoded as long as that changes something, `\` as `/`, without `/./`, `/../` and `//`). Otherwise
/// `/editor/..%2fadmin` would be judged by the exclusions of `/editor/*`.
#[derive(Clone, Debug, Default)]
pub struct RequestPath {
    sent: Vec<u8>,
    normal: Vec<u8>,
    spare: Vec<u8>,
}

/// Encodings laid one over the other that are undone.
const LAYERS: usize = 4;

impl RequestPath {
    /// Reads the path of a request; buffers are reused.
    pub fn read(&mut self, request: &Request) {
        self.read_target(&request.target);
    }

    /// Reads that of a request target.
    pub fn read_target(&mut self, target: &[u8]) {
        let (path, _) = target::split(target);
        let path = path.split(|&byte| byte == b'#').next().unwrap_or_default();
        decode(path, &mut self.sent);
        self.normal.clear();
        self.normal.extend_from_slice(&self.sent);
        for _ in 0..LAYERS {
            decode(&self.normal, &mut self.spare);
            if self.spare == self.normal {
                break;
            }
            std::mem::swap(&mut self.normal, &mut self.spare);
        }
        self.spare.clear();
        if Transform::NormalizePathWin.apply(&self.normal, &mut self.spare) {
            std::mem::swap(&mut self.normal, &mut self.spare);
        }
    }

    /// Whether a pattern fits.
    #[must_use]
    pub fn fits(&self, wanted: &Glob) -> bool {
        wanted.fits(&self.sent) && wanted.fits(&self.normal)
    }
}

fn decode(text: &[u8], to: &mut Vec<u8>) {
    to.clear();
    if !percent_decode(text, false, to) {
        to.clear();
        to.extend_from_slice(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str) -> Request {
        crate::http::exchange(
            format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes(),
            None,
            crate::http::Limits::default(),
        )
        .request
    }

    #[test]
    fn paths_can_not_be_feigned() {
        let cases = [
            ("/editor/page", true),
            ("/editor/page?x=/admin", true),
            ("http://host/editor/page", true),
            ("/%65ditor/a%20b", true),
            ("/editor/a/../b", true),
            ("/editor", false),
            ("/admin", false),
            ("/editor/../admin", false),
            ("/editor/..%2fadmin", false),
            ("/editor/%2e%2e/admin", false),
            ("/editor/%252e%252e%252fadmin", false),
            ("/editor/..%5cadmin", false),
            ("/x/../editor/page", false),
            ("/EDITOR/page", false),
        ];
        let mut path = RequestPath::default();
        for (target, expected) in cases {
            path.read(&request(target));
            assert_eq!(path.fits(&Glob::new("/editor/*")), expected, "{target}: {path:?}");
        }
    }

    #[test]
    fn both_conditions_have_to_hold() {
        let exclusion = Exclusion {
            paths: vec![Glob::new("/a"), Glob::new("/b")],
            client_ips: vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
            ..Exclusion::default()
        };
        assert!(!exclusion.is_always());
        let mut path = RequestPath::default();
        for (target, client, expected) in [
            ("/a", "10.1.2.3", true),
            ("/b", "2001:db8::1", true),
            ("/b", "::ffff:10.1.2.3", true),
            ("/c", "10.1.2.3", false),
            ("/a", "192.0.2.1", false),
        ] {
            path.read(&request(target));
            assert_eq!(
                exclusion.counts("shop", &path, client.parse().unwrap()),
                expected,
                "{target} {client}"
            );
        }
    }

    #[test]
    fn services_are_told_apart() {
        let exclusion = Exclusion { services: vec![Glob::new("shop*")], ..Exclusion::default() };
        assert!(!exclusion.is_always());
        let client = "192.0.2.1".parse().unwrap();
        for (service, expected) in [("shop", true), ("shop-2", true), ("api", false), ("", false)] {
            assert_eq!(exclusion.counts(service, &RequestPath::default(), client), expected, "{service}");
        }
    }
}
