//! Rules tried on a request, and on stored events.

use std::{net::IpAddr, time::Duration};

use axum::{
    Extension,
    extract::State,
    http::{Method, Uri},
    routing::post,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{
    Api, Row, Shared,
    answer::{Answer, run},
    body::Sent,
    own::free,
    params::{Params, bad},
    past::{EXAMPLES, LONGEST, newest},
};
use crate::{
    api::{
        ApiError, Code,
        access::Person,
        types::{Role, TrialBody, Tried, TriedEvent, TriedMatch, TriedPast},
    },
    event::Event,
    http::{self, Exchange, Limits},
    kept::KeepError,
    limits::PAST_EVENTS,
    query::Sql,
    rules::{own, program::run::Scratch, trial::Trial},
    store::{Reader, read::Between},
};

/// Bytes of a body.
const BODY: usize = 256 * 1024;
/// Who sent a request of which nobody says so: an address for documentation (RFC 5737).
const NOBODY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const EXPECTED: &str =
    r#"{"rule":"picket-xss-001","request":"GET /?q=%3Cscript%3E HTTP/1.1\r\nHost: x\r\n\r\n","past":true}"#;

pub(super) fn rows() -> Vec<Row> {
    vec![Row::new(Method::POST, "/v1/rules/try", Role::Viewer, post(try_it))]
}

async fn try_it(
    State(api): State<Shared>,
    Extension(person): Extension<Person>,
    uri: Uri,
    body: Result<Sent<BODY>, ApiError>,
) -> Answer {
    let params = Params::read(&uri, &["from", "to", "within"])?;
    let between = params.between(None)?;
    let longest = params.moment()?.unwrap_or(LONGEST);
    let body: TrialBody = body?.json(EXPECTED)?;
    if body.text.is_some() {
        // Compiling what anybody sends costs more than looking.
        person.may(Role::Responder)?;
    }
    run(api, move |api| {
        let own = body.own.then(|| own(api, &body)).transpose()?;
        let trial = trial(api, &body)?;
        let reader = api.desk().reader();
        let given = given(&reader, &body)?;
        if given.is_none() && !body.past && !body.own {
            return Err(bad("expected one of request, exchange and event, or past").hint(EXPECTED));
        }
        let mut tried = Tried {
            rules: trial.entries().count() as u64,
            own,
            warnings: trial.warnings(),
            ..Tried::default()
        };
        if let Some(Given { bytes, response, client }) = given {
            let exchange = http::exchange(&bytes, response.as_deref(), Limits::default());
            let found = trial.judge(&exchange, client, &mut Scratch::default());
            tried.matches = found.into_iter().map(TriedMatch::from).collect();
            tried.request = Some(String::from_utf8_lossy(&bytes).into_owned());
        }
        if body.past {
            tried.past = Some(past(&reader, &trial, between, longest)?);
        }
        Ok(tried)
    })
    .await
}

/// The id of a text that can be kept.
fn own(api: &Api, body: &TrialBody) -> Result<String, ApiError> {
    let text = body.text.as_deref().ok_or_else(|| bad("own goes with text"))?;
    let id = own::id_in("rule", text).map_err(KeepError::from)?;
    api.control.rules().check(&id, text)?;
    free(api, &id)?;
    Ok(id)
}

/// The rules that are meant.
fn trial(api: &Api, body: &TrialBody) -> Result<Trial, ApiError> {
    let settings = api.control.settings();
    match (&body.rule, &body.text) {
        (Some(_), Some(_)) => Err(bad("expected one of rule and text, not both")),
        (None, Some(text)) => Trial::of_text(text).map_err(|error| {
            ApiError::new(Code::BadRule, super::cut(&error.to_string(), 2000))
                .hint("docs/rules.md and docs/seclang.md have the forms of rules")
        }),
        (Some(id), None) => {
            let of_policy = |policy: &std::sync::Arc<crate::rules::policy::Policy>| {
                let entry = policy.rules().entries().iter().find(|entry| entry.meta.id == *id)?;
                Some(Trial::of_entry(entry, policy.rules()))
            };
            settings.policies.iter().find_map(of_policy).ok_or_else(|| {
                ApiError::new(Code::NotFound, format!("no policy has a rule {:?}", super::short(id)))
                    .hint("GET /v1/rules lists those there are")
            })
        }
        (None, None) => settings
            .policies
            .default()
            .map(|policy| Trial::of_rules(policy.rules()))
            .ok_or_else(|| ApiError::new(Code::Internal, "there is no default policy")),
    }
}

/// A request that is tried.
struct Given {
    bytes: Vec<u8>,
    response: Option<Vec<u8>>,
    client: IpAddr,
}

fn given(reader: &Reader, body: &TrialBody) -> Result<Option<Given>, ApiError> {
    match (&body.request, &body.exchange, body.event) {
        (None, None, None) => Ok(None),
        (Some(text), None, None) => {
            Ok(Some(Given { bytes: on_the_wire(text), response: None, client: NOBODY }))
        }
        (None, Some(exchange), None) => {
            let decoded = |name: &str, text: &str| {
                BASE64_STANDARD.decode(text).map_err(|_| bad(format!("exchange.{name} is not base64")))
            };
            Ok(Some(Given {
                bytes: decoded("request", &exchange.request)?,
                response: exchange.response.as_deref().map(|text| decoded("response", text)).transpose()?,
                client: exchange.client_ip.unwrap_or(NOBODY),
            }))
        }
        (None, None, Some(id)) => {
            let Some(stored) = reader.event(&id.to_string())? else {
                return Err(ApiError::new(Code::NotFound, format!("there is no event {id}")));
            };
            let event: Event = serde_json::from_str(&stored.json)
                .map_err(|error| ApiError::new(Code::Internal, error.to_string()))?;
            Ok(Some(Given { bytes: of_event(&event), response: None, client: event.client_ip }))
        }
        _ => Err(bad("expected one of request, exchange and event, not several")),
    }
}

/// A request as people write it: lines may end with LF alone, and the empty line behind the head may be missing.
fn on_the_wire(text: &str) -> Vec<u8> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim_start_matches('\n');
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end_matches('\n'), ""));
    format!("{}\r\n\r\n{body}", head.replace('\n', "\r\n")).into_bytes()
}

/// What is stored of a request, as a request: redacted, without a body.
fn of_event(event: &Event) -> Vec<u8> {
    let plain = |text: &str| text.replace(|c: char| c.is_ascii_control(), "");
    let target = match &event.query {
        Some(query) => format!("{}?{query}", event.path),
        None => event.path.clone(),
    };
    let mut text = format!("{} {} HTTP/1.1\r\n", plain(&event.method), plain(&target).replace(' ', "%20"));
    for (name, value) in [("Host", &event.host), ("User-Agent", &event.user_agent)] {
        if let Some(value) = value {
            text.push_str(&format!("{name}: {}\r\n", plain(value)));
        }
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// On the newest stored events.
fn past(reader: &Reader, trial: &Trial, between: Between, longest: Duration) -> Result<TriedPast, ApiError> {
    let (mut past, mut scratch) = (TriedPast::default(), Scratch::default());
    past.complete = newest(reader, &Sql::all(), between, (PAST_EVENTS, longest), |event: Event| {
        past.looked_at += 1;
        past.since = Some(event.time);
        let exchange: Exchange = http::exchange(&of_event(&event), None, Limits::default());
        if let Some(first) = trial.judge(&exchange, event.client_ip, &mut scratch).into_iter().next() {
            past.matched += 1;
            if past.examples.len() < EXAMPLES {
                past.examples.push(TriedEvent {
                    id: event.id,
                    time: event.time,
                    service: event.service.name.to_string(),
                    request: format!("{} {}", event.method, event.path),
                    client_ip: event.client_ip.to_string(),
                    rule: first.rule.id.clone(),
                    location: first.location,
                    value: first.value,
                });
            }
        }
    })?;
    Ok(past)
}
