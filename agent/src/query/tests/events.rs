//! The event struct gives what its JSON has, without writing it.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::samples;
use crate::{
    event::Event,
    query::{EVENTS, Fields, Kind, Query},
};

/// An event with everything that events may have.
fn full() -> Json {
    json!({
        "kind": "event", "id": "019f886e-c0a0-7003-8000-01abcdef0123", "time": "2026-11-22T04:40:00.000000789Z",
        "service": {"name": "shop", "port": 80, "pid": 812, "exe": "/usr/sbin/nginx", "cmdline": ["a", "b c"],
            "container_id": "c0ffee", "pod_uid": "p0d", "cgroup": "/system.slice"},
        "client_ip": "203.0.113.7", "client_geo": {"country": "NL", "city": "Utrecht", "asn": 64500}, "peer_ip": "2001:db8::1", "peer_port": 40312,
        "tls": {"library": "OpenSSL 3.0.19", "version": "TLS 1.3", "cipher": "TLS_AES_128_GCM_SHA256",
            "sni": "shop.example", "alpn": "h2", "alpn_offered": ["h2", "http/1.1"], "ja4": "t13d1516h2_8daaf6152771_b1"},
        "chain": {"id": "0123456789abcdef", "hop": 1, "ambiguous": true},
        "user": {"id": "42", "source": "jwt", "claimed": true}, "session": {"id": "5e5510"}, "endpoint": "/orders/{id}",
        "business": [{"name": "users.login.failure", "attributes": {"usr.exists": true, "usr.login": "jo", "a": "b"}}],
        "method": "GET", "host": "shop.example", "path": "/a", "query": "x=y", "status": 404, "response_bytes": 5120, "user_agent": "curl/8",
        "policy": "strict",
        "matches": [
            {"rule": "r1", "name": "One", "tags": {"type": "xss", "category": "attack_attempt", "confidence": "1",
                "x.y": "b"}, "location": "query.q", "value": "<b>"},
            {"rule": "r2", "name": "Two", "tags": {}, "location": "path", "value": "a\u{0}b"},
        ],
        "attributes": {"_dd.appsec.fp.http.endpoint": "http-get", "a": {"b": [1, 2.5, "x", true, null, {"c": 1}]},
            "x": {"y": "z"}, "x.y": 5},
        "blocked": true, "would_block": true, "score": -15, "duration_us": 1234, "unanswered": "closed",
        "truncated": true, "anomalies": [{"kind": "bad_chunk_size", "detail": "\"zz\""}], "left_out": 3,
    })
}

/// What can be left out of the JSON of an event, as pointers.
const OPTIONAL: &[&str] = &[
    "/service/pid",
    "/service/exe",
    "/service/cmdline",
    "/service/container_id",
    "/service/pod_uid",
    "/service/cgroup",
    "/tls",
    "/tls/library",
    "/tls/version",
    "/tls/cipher",
    "/tls/sni",
    "/tls/alpn",
    "/tls/alpn_offered",
    "/tls/ja4",
    "/client_geo",
    "/client_geo/country",
    "/client_geo/city",
    "/client_geo/asn",
    "/response_bytes",
    "/chain",
    "/chain/ambiguous",
    "/user",
    "/user/claimed",
    "/session",
    "/endpoint",
    "/business",
    "/host",
    "/query",
    "/status",
    "/user_agent",
    "/policy",
    "/attributes",
    "/would_block",
    "/score",
    "/duration_us",
    "/unanswered",
    "/anomalies",
    "/left_out",
    "/business/0/attributes",
];

/// Texts that may be any other.
const TEXTS: &[&str] = &[
    "/service/name",
    "/service/exe",
    "/method",
    "/host",
    "/path",
    "/query",
    "/user_agent",
    "/policy",
    "/tls/sni",
    "/user/id",
    "/session/id",
    "/endpoint",
    "/matches/0/rule",
    "/matches/0/value",
    "/matches/0/tags/type",
    "/matches/1/value",
    "/business/0/name",
    "/attributes/x/y",
    "/anomalies/0/kind",
    "/service/cmdline/0",
];

fn event() -> impl Strategy<Value = Event> {
    let left_out = prop::sample::subsequence(OPTIONAL, 0..OPTIONAL.len());
    let texts =
        prop::collection::vec((prop::sample::select(TEXTS), prop::sample::select(samples::TEXTS)), 0..12);
    let rest = (any::<bool>(), any::<bool>(), 0..600_u16, 0..3_usize);
    (left_out, texts, rest).prop_map(|(left_out, texts, (blocked, truncated, status, matches))| {
        let mut json = full();
        json["blocked"] = blocked.into();
        json["truncated"] = truncated.into();
        json["status"] = status.into();
        for (pointer, text) in texts {
            *json.pointer_mut(pointer).unwrap() = text.into();
        }
        json["matches"].as_array_mut().unwrap().truncate(matches);
        for pointer in left_out.into_iter().rev() {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            json.pointer_mut(parent).and_then(Json::as_object_mut).unwrap().remove(name);
        }
        serde_json::from_value(json).unwrap()
    })
}

/// What it gives for a facet, as texts, in order.
fn values(fields: &impl Fields, name: &str) -> Vec<String> {
    let mut values = Vec::new();
    for field in EVENTS.find(name).unwrap().fields {
        fields.each(&field, &mut |value| values.push(value.to_string()));
    }
    values.sort();
    values
}

fn json(event: &Event) -> Json {
    serde_json::from_str(&event.json_line()).unwrap()
}

/// Names that reach each value of an event's JSON, its attributes and tags too.
fn names(json: &Json, name: &str, names_of: &mut BTreeSet<String>) {
    match json {
        Json::Object(members) => {
            names_of.insert(name.to_owned());
            for (member, value) in members {
                let dot = if name == "@" { "" } else { "." };
                names(value, &format!("{name}{dot}{member}"), names_of);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| names(item, name, names_of)),
        Json::Null => (),
        _ => drop(names_of.insert(name.to_owned())),
    }
}

/// A field that is new in events has to be made known to queries: this says which.
#[test]
fn every_value_of_an_event_is_reached() {
    let event: Event = serde_json::from_value(full()).unwrap();
    let json = json(&event);
    let mut all = BTreeSet::new();
    names(&json, "@", &mut all);
    all.remove("@");
    let mut reached = 0;
    for name in &all {
        if EVENTS.find(name).unwrap().kind == Kind::Time {
            continue;
        }
        // `@a` finds an attribute of that name too; an object in a list's list is none of its values.
        let (live, stored) = (values(&event, name), values(&json, name));
        assert_eq!(live, stored, "{name}");
        assert!(!live.is_empty() || ["@attributes.a.b.c"].contains(&name.as_str()), "{name} is not reached");
        reached += 1;
    }
    assert!(reached >= 60, "{reached}");
}

#[test]
fn prop_event_and_json_are_taken_alike() {
    let names: Vec<&str> = EVENTS.rows.iter().flat_map(|row| row.names).copied().collect();
    proptest!(|(event in event(), queries in prop::collection::vec(samples::query(), 16))| {
        let json = json(&event);
        for name in &names {
            if EVENTS.find(name).unwrap().kind != Kind::Time {
                prop_assert_eq!(values(&event, name), values(&json, name), "{}", name);
            }
        }
        for text in queries {
            let matcher = Query::parse(&text).unwrap().matcher(&EVENTS).unwrap();
            prop_assert_eq!(matcher.matches(&event), matcher.matches(&json), "{}\n{}", text, json);
        }
    });
}
