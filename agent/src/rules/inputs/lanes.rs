//! Where the values of an address are kept, and what events call it.

use super::Address;
use crate::rules::{model::Source, variable::Variable as V};

macro_rules! lanes {
    ($(($address:ident, $label:literal, $values:ident, $names:expr);)*) => {
        impl Address {
            /// The first part of a location in events.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$address => $label,)*
                    _ => "request",
                }
            }

            /// The variable that holds its values or names. None: it has none, or it is never seen from outside
            /// of the service.
            #[must_use]
            pub const fn variable(self, source: Source) -> Option<V> {
                match (self, source) {
                    $((Self::$address, Source::Values) => Some(V::$values),
                    (Self::$address, Source::Keys) => $names,)*
                    _ => None,
                }
            }

            /// The address whose values or names a variable holds.
            #[must_use]
            pub const fn of(variable: V) -> Option<Self> {
                $(
                    if variable as u8 == V::$values as u8 {
                        return Some(Self::$address);
                    }
                    if let Some::<V>(names) = $names
                        && variable as u8 == names as u8
                    {
                        return Some(Self::$address);
                    }
                )*
                None
            }
        }
    };
}

lanes! {
    (Method, "method", AtMethod, None);
    (UriRaw, "uri", AtUriRaw, None);
    (Path, "path", AtPath, None);
    (PathParams, "path", AtPathParams, None);
    (QueryRaw, "query", AtQueryRaw, None);
    (Query, "query", AtQuery, Some(V::AtQueryNames));
    (Headers, "headers", AtHeaders, Some(V::AtHeadersNames));
    (HeadersNoCookies, "headers", AtHeadersNoCookies, Some(V::AtHeadersNoCookiesNames));
    (Cookies, "cookies", AtCookies, Some(V::AtCookiesNames));
    (Trailers, "trailers", AtTrailers, Some(V::AtTrailersNames));
    (Body, "body", AtBody, Some(V::AtBodyNames));
    (BodyRaw, "body", AtBodyRaw, None);
    (Filenames, "files", AtFilenames, None);
    (FilesContent, "files", AtFilesContent, None);
    (FilesFieldNames, "files", AtFilesFieldNames, None);
    (CombinedFileSize, "files", AtCombinedFileSize, None);
    (ClientIp, "client_ip", AtClientIp, None);
    (PeerIp, "peer_ip", AtPeerIp, None);
    (TlsVersion, "tls.version", AtTlsVersion, None);
    (TlsCipher, "tls.cipher", AtTlsCipher, None);
    (TlsSni, "tls.sni", AtTlsSni, None);
    (TlsAlpn, "tls.alpn", AtTlsAlpn, None);
    (TlsJa4, "tls.ja4", AtTlsJa4, None);
    (Jwt, "jwt", AtJwt, Some(V::AtJwtNames));
    (FingerprintEndpoint, "fingerprint", AtFingerprintEndpoint, None);
    (FingerprintHeader, "fingerprint", AtFingerprintHeader, None);
    (FingerprintNetwork, "fingerprint", AtFingerprintNetwork, None);
    (FingerprintSession, "fingerprint", AtFingerprintSession, None);
    (ResponseStatus, "response.status", AtResponseStatus, None);
    (ResponseHeaders, "response.headers", AtResponseHeaders, Some(V::AtResponseHeadersNames));
    (ResponseHeadersNoCookies, "response.headers", AtResponseHeadersNoCookies, Some(V::AtResponseHeadersNoCookiesNames));
    (ResponseBody, "response.body", AtResponseBody, Some(V::AtResponseBodyNames));
    (ResponseBodyRaw, "response.body", AtResponseBodyRaw, None);
}

impl Address {
    /// Whether it is a part of the response.
    #[must_use]
    pub const fn is_response(self) -> bool {
        use Address as A;
        matches!(
            self,
            A::ResponseStatus
                | A::ResponseHeaders
                | A::ResponseHeadersNoCookies
                | A::ResponseBody
                | A::ResponseBodyRaw
        )
    }
}

#[cfg(test)]
#[test]
fn what_is_seen_has_a_lane() {
    use crate::rules::inapp::address::Sight;
    let mut lanes = 0;
    for address in Address::ALL {
        let lane = address.variable(Source::Values);
        match address.sight() {
            // A setting, not a part of a transaction.
            _ if address == Address::ContextProcessor => assert_eq!(lane, None),
            Sight::Seen | Sight::Made => {
                let lane = lane.unwrap_or_else(|| panic!("{} has no lane", address.name()));
                assert_eq!(lane.name(), address.name());
                assert_eq!(Address::of(lane), Some(address));
                lanes += 1;
            }
            Sight::Later | Sight::InProcess(_) => assert_eq!(lane, None, "{}", address.name()),
        }
    }
    assert_eq!(lanes, 33);
}
