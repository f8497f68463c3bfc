//! Fields of the event struct, without writing its JSON.

mod plain;

use uuid::{Uuid, fmt::Hyphenated};

use super::{Field, Fields, Number, Value, json};
use crate::{
    event::{Event, EventChain, EventTls, Kind, ServiceRef, Try},
    user::{BusinessEvent, Session, Source, User},
};

/// Fields that every event may have. What else is in an event has names that its author chose: attributes, tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    Anomalies,
    Asn,
    AnomalyDetail,
    AnomalyKind,
    Blocked,
    BlockedIp,
    BlockedUser,
    Business,
    BusinessAttribute(&'static str),
    BusinessName,
    Chain,
    ChainAmbiguous,
    ChainHop,
    ChainId,
    ClientGeo,
    ClientIp,
    City,
    Country,
    DurationUs,
    Endpoint,
    FlaggedIp,
    Host,
    Id,
    Kind,
    LeftOut,
    Location,
    Matches,
    MatchedValue,
    Method,
    Path,
    PeerIp,
    PeerPort,
    Policy,
    Query,
    ResponseBytes,
    RuleId,
    RuleName,
    RuleTag(&'static str),
    Score,
    ServiceCgroup,
    ServiceCmdline,
    ServiceContainer,
    ServiceExe,
    ServiceName,
    ServicePid,
    ServicePod,
    ServicePort,
    Session,
    SessionId,
    Status,
    Tls,
    TlsAlpn,
    TlsAlpnOffered,
    TlsCipher,
    TlsJa4,
    TlsLibrary,
    TlsSni,
    TlsVersion,
    Truncated,
    Unanswered,
    User,
    UserAgent,
    UserClaimed,
    UserId,
    UserSource,
    WouldBlock,
}

impl Fields for Event {
    fn any(&self, field: &Field, found: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        Look { event: self, only: None }.any(field, found)
    }
}

impl Fields for Try<'_> {
    fn any(&self, field: &Field, found: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        Look { event: self.event, only: Some(self) }.any(field, found)
    }

    fn is_again(&self) -> bool {
        self.number > 0
    }
}

/// An event with all that happened to the business, or with one try of it.
#[derive(Clone, Copy)]
struct Look<'l> {
    event: &'l Event,
    only: Option<&'l Try<'l>>,
}

impl<'l> Look<'l> {
    fn business(self) -> impl Iterator<Item = &'l BusinessEvent> + Clone {
        let all = self.event.business.iter().enumerate();
        all.filter(move |(at, _)| self.only.is_none_or(|only| only.has(*at))).map(|(_, business)| business)
    }

    fn any(self, field: &Field, found: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        let event = self.event;
        let Some(known) = field.known else { return open(self, field, found) };
        match known {
            Known::RuleId => event.matches.iter().any(|m| found(Value::Text(&m.rule))),
            Known::RuleName => event.matches.iter().any(|m| found(Value::Text(&m.name))),
            Known::Location => event.matches.iter().any(|m| found(Value::Text(&m.location))),
            Known::MatchedValue => event.matches.iter().any(|m| found(Value::Text(&m.value))),
            Known::Matches => event.matches.iter().any(|_| found(Value::Object)),
            Known::RuleTag(tag) => {
                let tags = event.matches.iter().filter_map(|m| m.tags.get(tag));
                { tags }.any(|value| found(Value::Text(value)))
            }
            Known::AnomalyKind => event.anomalies.iter().any(|a| found(Value::Text(&a.kind))),
            Known::AnomalyDetail => event.anomalies.iter().any(|a| found(Value::Text(&a.detail))),
            Known::Anomalies => event.anomalies.iter().any(|_| found(Value::Object)),
            Known::BusinessName => self.business().any(|b| found(Value::Text(&b.name))),
            Known::Business => self.business().any(|_| found(Value::Object)),
            Known::BusinessAttribute(name) => {
                let values = self.business().filter_map(|b| b.attributes.get(name));
                { values }.any(|value| json::walk(value, std::iter::empty(), found))
            }
            Known::ServiceCmdline => event.service.cmdline.iter().any(|a| found(Value::Text(a))),
            Known::TlsAlpnOffered => {
                let offered = event.tls.iter().flat_map(|tls| &tls.alpn_offered);
                { offered }.any(|name| found(Value::Text(name)))
            }
            Known::Id => id(&event.id, found),
            known => one(event, known).is_some_and(found),
        }
    }
}

/// The value of a field that has one at most. The wildcard stands for those that may have several.
fn one(event: &Event, known: Known) -> Option<Value<'_>> {
    Some(match known {
        Known::Kind => kind(event.kind),
        Known::ClientIp => Value::Address(event.client_ip),
        Known::PeerIp => Value::Address(event.peer_ip),
        Known::PeerPort => return whole(event.peer_port.into()),
        Known::Method => Value::Text(&event.method),
        Known::Path => Value::Text(&event.path),
        Known::Host => return text(&event.host),
        Known::Query => return text(&event.query),
        Known::UserAgent => return text(&event.user_agent),
        Known::Unanswered => return text(&event.unanswered),
        Known::Status => return whole(event.status?.into()),
        Known::ResponseBytes => return whole(event.response_bytes?),
        Known::ClientGeo => return event.client_geo.as_ref().map(|_| Value::Object),
        Known::Country => return text(&event.client_geo.as_ref()?.country),
        Known::City => return text(&event.client_geo.as_ref()?.city),
        Known::Asn => return whole(event.client_geo.as_ref()?.asn?.into()),
        Known::DurationUs => return whole(event.duration_us?),
        Known::Policy => Value::Text(event.policy.as_deref()?),
        Known::Blocked => Value::Flag(event.blocked),
        Known::BlockedIp => return mark(event.security_response.block_ip),
        Known::BlockedUser => return mark(event.security_response.block_user),
        Known::FlaggedIp => return mark(event.security_response.flag_ip),
        Known::Truncated => Value::Flag(event.truncated),
        Known::WouldBlock => return mark(event.would_block),
        Known::Score => Value::Number(Number::Integer(event.score?)),
        Known::LeftOut if event.left_out > 0 => return whole(event.left_out as u64),
        Known::ServiceName
        | Known::ServicePort
        | Known::ServicePid
        | Known::ServiceExe
        | Known::ServiceContainer
        | Known::ServicePod
        | Known::ServiceCgroup => return service(&event.service, known),
        Known::Endpoint => Value::Text(event.endpoint.as_deref()?),
        Known::Session | Known::SessionId => return session(event.session.as_ref()?, known),
        Known::User | Known::UserId | Known::UserClaimed | Known::UserSource => {
            return user(event.user.as_ref()?, known);
        }
        Known::Chain | Known::ChainId | Known::ChainHop | Known::ChainAmbiguous => {
            return chain(event.chain.as_ref()?, known);
        }
        known => return tls(event.tls.as_deref()?, known),
    })
}

fn text(text: &Option<String>) -> Option<Value<'_>> {
    text.as_deref().map(Value::Text)
}

/// A number that is none of a kind of its own.
fn whole(number: u64) -> Option<Value<'static>> {
    Some(Value::Number(number.into()))
}

fn kind(kind: Kind) -> Value<'static> {
    Value::Text(match kind {
        Kind::Event => "event",
        Kind::Transaction => "transaction",
    })
}

fn service(service: &ServiceRef, known: Known) -> Option<Value<'_>> {
    match known {
        Known::ServiceName => Some(Value::Text(&service.name)),
        Known::ServicePort => whole(service.port.into()),
        Known::ServicePid => whole(service.pid?.into()),
        Known::ServiceExe => text(&service.exe),
        Known::ServiceContainer => text(&service.container_id),
        Known::ServicePod => text(&service.pod_uid),
        Known::ServiceCgroup => text(&service.cgroup),
        _ => None,
    }
}

fn session(session: &Session, known: Known) -> Option<Value<'_>> {
    Some(match known {
        Known::SessionId => Value::Text(&session.id),
        _ => Value::Object,
    })
}

fn user(user: &User, known: Known) -> Option<Value<'_>> {
    Some(match known {
        Known::UserId => Value::Text(&user.id),
        Known::UserClaimed => return mark(user.claimed),
        Known::UserSource => Value::Text(match user.source {
            Source::Session => "session",
            Source::Jwt => "jwt",
            Source::Header => "header",
            Source::Basic => "basic",
            Source::Login => "login",
        }),
        _ => Value::Object,
    })
}

fn id(id: &Uuid, found: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
    found(Value::Text(id.hyphenated().encode_lower(&mut [0; Hyphenated::LENGTH])))
}

fn chain(chain: &EventChain, known: Known) -> Option<Value<'_>> {
    match known {
        Known::Chain => Some(Value::Object),
        Known::ChainId => Some(Value::Text(&chain.id)),
        Known::ChainHop => Some(Value::Number(u64::from(chain.hop).into())),
        Known::ChainAmbiguous => mark(chain.ambiguous),
        _ => None,
    }
}

fn tls(tls: &EventTls, known: Known) -> Option<Value<'_>> {
    let fact = match known {
        Known::Tls => return Some(Value::Object),
        Known::TlsLibrary => &tls.library,
        Known::TlsVersion => &tls.version,
        Known::TlsCipher => &tls.cipher,
        Known::TlsSni => &tls.sni,
        Known::TlsAlpn => &tls.alpn,
        Known::TlsJa4 => &tls.ja4,
        _ => return None,
    };
    text(fact)
}

/// A flag that the JSON leaves out when it is false.
fn mark(flag: bool) -> Option<Value<'static>> {
    flag.then_some(Value::Flag(true))
}

/// What has a name of its author's choice.
fn open(look: Look<'_>, field: &Field, found: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
    let event = look.event;
    let mut names = field.path.names();
    match (field.path.list(), names.next()) {
        (None, Some("attributes")) if !event.attributes.is_empty() => match names.next() {
            None => found(Value::Object),
            Some(first) => event.attributes.get(first).is_some_and(|value| json::walk(value, names, found)),
        },
        (Some("business"), Some("attributes")) => {
            let mut attributes = look.business().map(|b| &b.attributes).filter(|a| !a.is_empty());
            match names.next() {
                None => attributes.any(|_| found(Value::Object)),
                Some(first) => attributes
                    .filter_map(|a| a.get(first))
                    .any(|value| json::walk(value, names.clone(), found)),
            }
        }
        (Some("matches"), Some("tags")) => match (names.next(), names.next()) {
            (None, _) => event.matches.iter().any(|_| found(Value::Object)),
            (Some(tag), None) => {
                event.matches.iter().filter_map(|m| m.tags.get(tag)).any(|value| found(Value::Text(value)))
            }
            (Some(_), Some(_)) => false,
        },
        _ => false,
    }
}
