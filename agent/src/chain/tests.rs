use std::{net::IpAddr, sync::Arc};

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::{
    http::{Body, Header, Request},
    limits,
    time::Ktime,
};

/// The process of the proxy.
const PROXY: u32 = 100;
/// Its worker.
const WORKER: u32 = 101;

const ALICE: &str = "198.51.100.1";
const BOB: &str = "198.51.100.2";
const MALLORY: &str = "203.0.113.66";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn headers(fields: &[(&str, &str)]) -> Vec<Header> {
    let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    fields.iter().map(|(name, value)| Header { name: bytes(name), value: bytes(value) }).collect()
}

fn request(at: Ktime, target: &str, fields: &[(&str, &str)], body: &str) -> Request {
    Request {
        number: 0,
        method: Bytes::from_static(if body.is_empty() { b"GET" } else { b"POST" }),
        target: Bytes::copy_from_slice(target.as_bytes()),
        protocol: "HTTP/1.1".into(),
        version: 1,
        headers: headers(fields),
        trailers: 0,
        body: Body { data: Bytes::copy_from_slice(body.as_bytes()), wire_len: body.len() as u64, cut: false },
        anomalies: Vec::new(),
        started: at,
        ended: at,
    }
}

fn opened(chains: &Chains, client: &str, request: &Request, link: Option<&Link>) -> Arc<Hop> {
    let client = ip(client);
    let opening = Opening { process: PROXY, worker: None, request, client, sender: client, link };
    chains.open(&opening).expect("there is room")
}

fn told(found: &Found) -> String {
    match found {
        Found::Nobody => "nobody".into(),
        Found::Unsure => "unsure".into(),
        Found::Linked(link) if link.place.ambiguous => format!("{} (one of several)", link.client),
        Found::Linked(link) => link.client.to_string(),
    }
}

type Fields = &'static [(&'static str, &'static str)];
/// Who, target, header, body.
type Sent = (&'static str, &'static str, Fields, &'static str);

/// A case: what it shows, who has what open, the inner request, whom it is led back to.
type Case = (&'static str, &'static [Sent], (&'static str, Fields, &'static str), &'static str);

const UA: (&str, &str) = ("User-Agent", "curl/8");

const CASES: &[Case] = &[
    ("the same", &[(ALICE, "/a?x=1", &[UA], "")], ("/a?x=1", &[UA], ""), ALICE),
    ("a prefix stripped", &[(ALICE, "/api/a/b", &[UA], "")], ("/a/b", &[UA], ""), ALICE),
    ("absolute form", &[(ALICE, "http://shop/a", &[], "")], ("/a", &[], ""), ALICE),
    (
        "a prefix replaced, nothing else open",
        &[(ALICE, "/front/a", &[UA], "")],
        ("/behind/a", &[UA], ""),
        ALICE,
    ),
    (
        "a prefix replaced, others open: it may be anybody's",
        &[(ALICE, "/front/a", &[UA], ""), (BOB, "/other", &[UA], "")],
        ("/behind/a", &[UA], ""),
        "nobody",
    ),
    ("another query", &[(ALICE, "/a?x=1", &[], "")], ("/a?x=2", &[], ""), "nobody"),
    ("another end of the path", &[(ALICE, "/a/b", &[], "")], ("/a/c", &[], ""), "nobody"),
    ("another method", &[(ALICE, "/a", &[], "")], ("/a", &[], "x=1"), "nobody"),
    ("another body", &[(ALICE, "/a", &[], "x=1")], ("/a", &[], "x=2"), "nobody"),
    ("another user agent", &[(ALICE, "/a", &[UA], "")], ("/a", &[("User-Agent", "sqlmap")], ""), "nobody"),
    (
        "by target",
        &[(ALICE, "/a", &[UA], ""), (BOB, "/b", &[UA], "")],
        ("/b", &[UA, ("Connection", "close"), ("Host", "127.0.0.1:8080")], ""),
        BOB,
    ),
    (
        "by cookie",
        &[(ALICE, "/", &[UA, ("Cookie", "s=1")], ""), (BOB, "/", &[UA, ("Cookie", "s=2")], "")],
        ("/", &[UA, ("Cookie", "s=2")], ""),
        BOB,
    ),
    (
        "by a field only one has",
        &[(ALICE, "/", &[UA], ""), (BOB, "/", &[UA, ("X-Tab", "7")], "")],
        ("/", &[UA, ("X-Tab", "7")], ""),
        BOB,
    ),
    (
        "by the id of the request",
        &[
            (ALICE, "/", &[("X-Request-Id", "11111111-aaaa")], ""),
            (BOB, "/", &[("X-Request-Id", "22222222-bbbb")], ""),
        ],
        ("/", &[("X-Request-Id", "22222222-bbbb")], ""),
        BOB,
    ),
    (
        "by what the proxy says of its client",
        &[(ALICE, "/", &[UA], ""), (BOB, "/", &[UA], "")],
        ("/", &[UA, ("X-Forwarded-For", BOB), ("X-Real-IP", BOB)], ""),
        BOB,
    ),
    (
        "the same in RFC 7239",
        &[(ALICE, "/", &[UA], ""), (BOB, "/", &[UA], "")],
        ("/", &[UA, ("Forwarded", "for=198.51.100.1;proto=http")], ""),
        ALICE,
    ),
    (
        "nothing tells them apart",
        &[(ALICE, "/", &[UA], ""), (BOB, "/", &[UA], "")],
        ("/", &[UA], ""),
        "unsure",
    ),
    (
        "one client's",
        &[(ALICE, "/", &[UA], ""), (ALICE, "/", &[UA], "")],
        ("/", &[UA], ""),
        "198.51.100.1 (one of several)",
    ),
    ("nothing is open", &[], ("/", &[UA, ("X-Forwarded-For", ALICE)], ""), "nobody"),
    // Forged.
    (
        "a forged address, appended to",
        &[(ALICE, "/", &[UA], ""), (MALLORY, "/", &[UA, ("X-Forwarded-For", ALICE)], "")],
        ("/", &[UA, ("X-Forwarded-For", "198.51.100.1, 203.0.113.66")], ""),
        MALLORY,
    ),
    (
        "a forged address, passed on: it may be either's",
        &[(ALICE, "/", &[UA], ""), (MALLORY, "/", &[UA, ("X-Forwarded-For", ALICE)], "")],
        ("/", &[UA, ("X-Forwarded-For", ALICE)], ""),
        "unsure",
    ),
    (
        "a forged address of somebody who asks for nothing",
        &[(MALLORY, "/", &[UA, ("X-Forwarded-For", ALICE)], "")],
        ("/", &[UA, ("X-Forwarded-For", ALICE)], ""),
        MALLORY,
    ),
    (
        "a forged address that believed proxies put elsewhere",
        &[(ALICE, "/", &[UA], ""), (MALLORY, "/", &[UA, ("X-Forwarded-For", ALICE)], "")],
        ("/", &[UA, ("X-Real-IP", ALICE)], ""),
        "unsure",
    ),
    (
        "what is no address",
        &[(ALICE, "/", &[UA], ""), (MALLORY, "/", &[UA, ("X-Forwarded-For", "' OR 1=1")], "")],
        ("/", &[UA, ("X-Forwarded-For", "' OR 1=1, 203.0.113.66")], ""),
        MALLORY,
    ),
    (
        "an attack in a field that Alice did not send",
        &[(ALICE, "/", &[UA], ""), (MALLORY, "/m", &[UA, ("X-Api", "${jndi:ldap://x}")], "")],
        ("/", &[UA, ("X-Api", "${jndi:ldap://x}")], ""),
        "nobody",
    ),
    (
        "the same in fields that proxies write",
        &[(ALICE, "/", &[UA], ""), (MALLORY, "/m", &[UA, ("Via", "${jndi:ldap://x}")], "")],
        ("/", &[UA, ("Via", "${jndi:ldap://x}")], ""),
        "nobody",
    ),
    (
        "and in the host",
        &[(ALICE, "/", &[UA], ""), (MALLORY, "/m", &[UA], "")],
        ("/", &[UA, ("Host", "x/../../etc/passwd")], ""),
        "nobody",
    ),
    (
        "an attack in a path that the proxy makes Alice's",
        &[(ALICE, "/v/x", &[UA], ""), (MALLORY, "/m", &[UA], "")],
        ("/..;/x", &[UA], ""),
        "nobody",
    ),
    (
        "evidence for two: contradictory",
        &[
            (ALICE, "/", &[UA, ("X-Request-Id", "11111111-aaaa")], ""),
            (MALLORY, "/", &[UA, ("X-Tab", "7")], ""),
        ],
        ("/", &[UA, ("X-Request-Id", "11111111-aaaa"), ("X-Tab", "7")], ""),
        "nobody",
    ),
];

#[test]
fn evidence_decides() {
    let mut ran = 0;
    for (what, open, (target, fields, body), expected) in CASES {
        let chains = Chains::new(1);
        for (client, target, fields, body) in *open {
            opened(&chains, client, &request(10, target, fields, body), None);
        }
        let found = chains.find(PROXY, WORKER, &request(20, target, fields, body));
        assert_eq!(told(&found), *expected, "{what}");
        ran += 1;
    }
    assert_eq!(ran, 29);
}

#[test]
fn habits_are_learned_while_one_is_alone() {
    let chains = Chains::new(1);
    let inner = |at, path: &str| request(at, path, &[UA, ("X-Tenant", "shop")], "");
    let first = opened(&chains, ALICE, &request(10, "/front/a", &[UA], ""), None);
    let second = opened(&chains, BOB, &request(11, "/front/b", &[UA], ""), None);
    assert_eq!(told(&chains.find(PROXY, WORKER, &inner(20, "/behind/a"))), "nobody", "two are open");
    second.finish(30);
    assert_eq!(told(&chains.find(PROXY, WORKER, &inner(31, "/behind/a"))), ALICE);
    first.finish(40);
    opened(&chains, ALICE, &request(50, "/front/c", &[UA], ""), None);
    opened(&chains, BOB, &request(50, "/front/d", &[UA], ""), None);
    assert_eq!(told(&chains.find(PROXY, WORKER, &inner(60, "/behind/d"))), BOB, "now it is known");
    assert_eq!(told(&chains.find(PROXY, WORKER, &inner(60, "/elsewhere/d"))), "nobody");
    // What clients write is never taken for the proxy's own.
    let chains = Chains::new(1);
    opened(&chains, ALICE, &request(10, "/a", &[], ""), None);
    assert_eq!(told(&chains.find(PROXY, WORKER, &request(20, "/a", &[UA], ""))), "nobody");
}

#[test]
fn only_what_is_open_counts() {
    let chains = Chains::new(1);
    let outer = opened(&chains, ALICE, &request(10, "/", &[], ""), None);
    let find = |at| told(&chains.find(PROXY, WORKER, &request(at, "/", &[], "")));
    assert_eq!(find(9), "nobody", "it had not begun");
    assert_eq!(find(10), ALICE);
    outer.finish(30);
    assert_eq!(find(30), ALICE, "read later, but it was open");
    assert_eq!(find(31), "nobody");
    assert_eq!(
        told(&chains.find(PROXY + 1, WORKER, &request(20, "/", &[], ""))),
        "nobody",
        "another process"
    );
    chains.sweep(30 + limits::CHAIN_GRACE);
    assert_eq!(chains.len(), 1);
    chains.sweep(31 + limits::CHAIN_GRACE);
    assert!(chains.is_empty());
    assert_eq!(find(30), "nobody");
}

#[test]
fn the_process_that_has_the_plaintext_is_the_one() {
    let chains = Chains::new(1);
    let request = request(10, "/", &[], "");
    let open = |client, worker| {
        let client = ip(client);
        let opening = Opening {
            process: PROXY,
            worker: Some(worker),
            request: &request,
            client,
            sender: client,
            link: None,
        };
        chains.open(&opening).unwrap()
    };
    let hops = [open(ALICE, WORKER), open(BOB, WORKER + 1)];
    assert_eq!(hops.len(), chains.len());
    assert_eq!(told(&chains.find(PROXY, WORKER, &request)), ALICE);
    assert_eq!(told(&chains.find(PROXY, WORKER + 1, &request)), BOB);
    assert_eq!(told(&chains.find(PROXY, WORKER + 2, &request)), "nobody");
}

fn linked(found: Found) -> Link {
    let Found::Linked(link) = found else { panic!("{}", told(&found)) };
    link
}

#[test]
fn several_hops_are_one_chain_and_one_attack() {
    let chains = Chains::new(7);
    let front = opened(&chains, MALLORY, &request(10, "/a", &[], ""), None);
    assert_eq!(front.place(), None, "nothing comes from it yet");
    let middle_link = linked(chains.find(PROXY, WORKER, &request(20, "/a", &[], "")));
    let opening = Opening {
        process: PROXY + 1,
        worker: None,
        request: &request(20, "/a", &[], ""),
        client: middle_link.client,
        sender: ip("127.0.0.1"),
        link: Some(&middle_link),
    };
    let middle = chains.open(&opening).unwrap();
    let last =
        linked(chains.find(PROXY + 1, WORKER, &request(30, "/a", &[("X-Forwarded-For", "127.0.0.1")], "")));
    let places = [front.place(), Some(middle_link.place), Some(last.place)];
    let expected = [0, 1, 2].map(|hop| Some(Place { id: 7, hop, ambiguous: false }));
    assert_eq!(places, expected);
    assert_eq!(middle.place(), expected[1]);
    assert_eq!((last.client, last.origin), (ip(MALLORY), ip(MALLORY)));
    // Seen first in the middle.
    assert!(middle_link.count_attack());
    middle.set_counted();
    assert!(!last.count_attack());
    // Seen in front: the next hop has nothing to add, nor has the one behind it.
    let chains = Chains::new(7);
    let front = opened(&chains, MALLORY, &request(10, "/a", &[], ""), None);
    front.set_counted();
    let link = linked(chains.find(PROXY, WORKER, &request(20, "/a", &[], "")));
    assert!(!link.count_attack());
    let middle = chains.open(&Opening { link: Some(&link), ..opening }).unwrap();
    assert!(middle.is_counted());
}

#[test]
fn two_equal_attacks_of_one_client_count_twice_however_often_they_are_seen() {
    let chains = Chains::new(1);
    let request = request(10, "/a", &[], "");
    opened(&chains, MALLORY, &request, None);
    opened(&chains, MALLORY, &request, None);
    let links = [(); 3].map(|()| linked(chains.find(PROXY, WORKER, &request)));
    assert!(links.iter().all(|link| link.place.ambiguous));
    assert_ne!(links[0].place.id, links[1].place.id, "each of the two has one");
    assert_eq!(links.map(|link| link.count_attack()), [true, true, false]);
}

#[test]
fn the_table_is_bounded() {
    let chains = Chains::new(1);
    let request = request(10, "/", &[], "");
    let client = ip(ALICE);
    let opening =
        Opening { process: PROXY, worker: None, request: &request, client, sender: client, link: None };
    let taken = (0..limits::CHAIN_HOPS + 10).filter_map(|_| chains.open(&opening)).count();
    assert_eq!((taken, chains.len()), (limits::CHAIN_HOPS, limits::CHAIN_HOPS));
    // Too many to compare: that they are all of one client is not found out.
    assert_eq!(told(&chains.find(PROXY, WORKER, &request)), "unsure");
}

/// What the proxy makes of a forwarding field.
#[derive(Clone, Copy, Debug)]
enum Forwards {
    Appends,
    Sets,
    PassesOn,
    Removes,
}

/// One request of a client: who, which of few targets, which user agent, which addresses it claims to forward.
type Client = (u8, u8, u8, Option<u8>);

fn claimed(address: u8) -> String {
    format!("198.51.100.{address}")
}

proptest! {
    /// Whatever clients send at the same time and claim, no request is given to a client that did not send it.
    #[test]
    fn nobody_is_given_what_another_sent(
        clients in prop::collection::vec((0..6u8, 0..3u8, 0..2u8, prop::option::of(0..6u8)), 1..12),
        forwards in prop_oneof![
            Just(Forwards::Appends), Just(Forwards::Sets), Just(Forwards::PassesOn), Just(Forwards::Removes)
        ],
        strips in any::<bool>(),
    ) {
        let chains = Chains::new(1);
        let target = |which: u8| format!("/api/{which}");
        let agent = |which: u8| format!("agent/{which}");
        for &(client, which, like, claims) in &clients {
            let claims = claims.map(claimed);
            let agent = agent(like);
            let mut fields = vec![("User-Agent", agent.as_str()), ("Host", "shop")];
            fields.extend(claims.as_deref().map(|claims| ("X-Forwarded-For", claims)));
            opened(&chains, &claimed(client), &request(10, &target(which), &fields, ""), None);
        }
        let mut carried = 0;
        for &(client, which, like, claims) in &clients {
            let (sender, agent) = (claimed(client), agent(like));
            let forwarded = match (forwards, claims.map(claimed)) {
                (Forwards::Appends, Some(claims)) => Some(format!("{claims}, {sender}")),
                (Forwards::Appends, None) | (Forwards::Sets, _) => Some(sender.clone()),
                (Forwards::PassesOn, claims) => claims,
                (Forwards::Removes, _) => None,
            };
            let target = if strips { format!("/{which}") } else { target(which) };
            let mut fields = vec![("User-Agent", agent.as_str()), ("Host", "127.0.0.1:8080")];
            fields.extend(forwarded.as_deref().map(|value| ("X-Forwarded-For", value)));
            match chains.find(PROXY, WORKER, &request(20, &target, &fields, "")) {
                Found::Linked(link) => {
                    prop_assert_eq!(link.client, ip(&sender));
                    carried += 1;
                }
                Found::Unsure => {
                    let like: Vec<&Client> =
                        clients.iter().filter(|c| (c.1, c.2) == (which, like) && c.0 != client).collect();
                    prop_assert!(!like.is_empty(), "nobody else sent the like of it");
                }
                Found::Nobody => prop_assert!(false, "its own outer request is open"),
            }
        }
        if clients.len() == 1 {
            prop_assert_eq!(carried, 1);
        }
    }

    /// Any bytes are weighed.
    #[test]
    fn hostile_requests_are_weighed(
        outer in (prop::collection::vec(any::<u8>(), 0..60), prop::collection::vec(any::<u8>(), 0..60)),
        inner in (prop::collection::vec(any::<u8>(), 0..60), prop::collection::vec(any::<u8>(), 0..60)),
        name in prop_oneof![Just("forwarded"), Just("x-forwarded-for"), Just("x-original-uri"), Just("x")],
    ) {
        let chains = Chains::new(1);
        let make = |(target, value): &(Vec<u8>, Vec<u8>)| Request {
            target: Bytes::copy_from_slice(target),
            headers: vec![Header { name: name.into(), value: Bytes::copy_from_slice(value) }],
            ..request(10, "/", &[], "")
        };
        opened(&chains, ALICE, &make(&outer), None);
        let same = told(&chains.find(PROXY, WORKER, &make(&outer)));
        prop_assert_eq!(same, ALICE, "a request passed on as it is");
        if let Found::Linked(link) = chains.find(PROXY, WORKER, &make(&inner)) {
            prop_assert_eq!(link.client, ip(ALICE));
        }
    }
}
