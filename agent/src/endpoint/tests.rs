use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    http::{Body, Header, Request, Response},
    limits,
    user::{BusinessEvent, Fields},
};

fn request(method: &str, target: &str, body: &str) -> Request {
    Request {
        number: 0,
        method: Bytes::from(method.to_owned()),
        target: Bytes::from(target.to_owned()),
        protocol: "HTTP/1.1".into(),
        version: 1,
        headers: Vec::new(),
        trailers: 0,
        body: Body { data: Bytes::from(body.to_owned()), wire_len: body.len() as u64, cut: false },
        anomalies: Vec::new(),
        started: 0,
        ended: 0,
    }
}

fn response(status: u16, body: &str) -> Response {
    Response {
        number: 0,
        status,
        headers: vec![Header { name: "content-type".into(), value: "application/json".into() }],
        body: Body { data: Bytes::from(body.to_owned()), wire_len: body.len() as u64, cut: false },
        anomalies: Vec::new(),
        started: 0,
        ended: 0,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_763_800_000 + second).unwrap()
}

/// What is seen of a request.
struct Sight<'a> {
    port: u16,
    request: (&'a str, &'a str, &'a str),
    answer: Option<(u16, &'a str)>,
    attacks: &'a [&'a str],
    second: i64,
}

const GET: Sight<'_> =
    Sight { port: 80, request: ("GET", "/", ""), answer: Some((200, "")), attacks: &[], second: 0 };

fn record(inventory: &mut Inventory, sight: &Sight<'_>) -> Option<String> {
    let (method, target, body) = sight.request;
    let request = request(method, target, body);
    let response = sight.answer.map(|(status, body)| response(status, body));
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let failed = BusinessEvent { name: "users.login.failure".into(), attributes: serde_json::Map::new() };
    let refused = sight.answer.is_some_and(|(status, _)| status == 401);
    let seen = Seen {
        service: "shop",
        port: sight.port,
        method: &request.method,
        path: path.as_bytes(),
        query: query.map(str::as_bytes),
        request: &request,
        response: response.as_ref(),
        latency: Some(1000),
        authenticated: target.contains("mine"),
        attacks: sight.attacks,
        business: if refused { std::slice::from_ref(&failed) } else { &[] },
    };
    let mut fields = Fields::default();
    if let Some(query) = query {
        fields.query(query.as_bytes());
    }
    fields.body(b"", &request.body);
    inventory.record(&seen, at(sight.second), || &fields).map(|pattern| pattern.to_string())
}

fn get(inventory: &mut Inventory, path: &str) -> Option<String> {
    record(inventory, &Sight { request: ("GET", path, ""), ..GET })
}

fn patterns(inventory: &Inventory) -> Vec<String> {
    let services = inventory.snapshot().services;
    services.iter().flat_map(|s| &s.endpoints).map(|e| format!("{} {}", e.method, e.pattern)).collect()
}

#[test]
fn what_is_known_of_a_route() {
    let mut inventory = Inventory::default();
    let post = Sight {
        request: (
            "POST",
            "/users/7/orders?mine=1",
            r#"{"items":[{"sku":"A1","count":2}],"mail":"a@shop.example"}"#,
        ),
        answer: Some((201, r#"{"iban":"DE89370400440532013000"}"#)),
        second: 5,
        ..GET
    };
    assert_eq!(record(&mut inventory, &post).as_deref(), Some("/users/{id}/orders"));
    record(
        &mut inventory,
        &Sight { request: ("POST", "/users/8/orders", ""), answer: None, second: 9, ..GET },
    );
    let attack = Sight {
        request: ("POST", "/users/9/orders?evil=1", ""),
        answer: Some((500, "")),
        attacks: &["xss"],
        second: 3,
        ..GET
    };
    assert_eq!(record(&mut inventory, &attack).as_deref(), Some("/users/{id}/orders"));
    record(
        &mut inventory,
        &Sight { request: ("GET", "/nothing", ""), answer: Some((404, "")), attacks: &["lfi"], ..GET },
    );

    let snapshot = inventory.snapshot();
    let [service] = &snapshot.services[..] else { panic!("{snapshot:?}") };
    let [endpoint] = &service.endpoints[..] else { panic!("{service:?}") };
    assert_eq!((&*endpoint.method, endpoint.seen, endpoint.authenticated), ("POST", 3, 1));
    let statuses: Vec<(&str, u64)> =
        endpoint.statuses.iter().map(|(class, count)| (&**class, *count)).collect();
    assert_eq!(statuses, [("2xx", 1), ("5xx", 1), ("none", 1)]);
    assert!(endpoint.latency.unwrap().p99_us.abs_diff(1000) < 64);
    let parameters: Vec<String> =
        endpoint.parameters.iter().map(|p| format!("{:?} {} {:?}", p.place, p.name, p.kinds)).collect();
    assert_eq!(
        parameters,
        [
            "Query mine [Number]",
            "Json items[].count [Number]",
            "Json items[].sku [Text]",
            "Json mail [Email]",
        ]
    );
    assert_eq!(endpoint.sensitive_request, [Sensitive::Email]);
    assert_eq!(endpoint.sensitive_response, [Sensitive::Iban]);
    assert_eq!(endpoint.attacks.iter().next(), Some((&"xss".into(), &1)));
    assert_eq!((endpoint.first_seen, endpoint.last_seen), (at(3), at(9)));
    assert_eq!((service.elsewhere, service.elsewhere_attacks.len()), (1, 1));
    // It goes to the API and back.
    let json = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(serde_json::from_str::<Snapshot>(&json).unwrap(), snapshot);
}

#[test]
fn a_scanner_adds_no_route() {
    let mut inventory = Inventory::default();
    for number in 0..1000 {
        let path = format!("/scan-{}", ["a", "b", "c"][number % 3].repeat(number % 50 + 1));
        for status in [404, 405, 400, 502] {
            assert_eq!(
                record(
                    &mut inventory,
                    &Sight { request: ("GET", &path, ""), answer: Some((status, "")), ..GET }
                ),
                None
            );
        }
        let attack = Sight { request: ("GET", &path, ""), attacks: &["scanner"], ..GET };
        assert_eq!(record(&mut inventory, &attack), None, "an application that answers 200 to anything");
    }
    assert!(inventory.is_empty());
    assert_eq!(inventory.snapshot().services[0].elsewhere, 5000);
}

fn letters(mut number: usize) -> String {
    let mut text = String::from("n");
    loop {
        text.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
        if number == 0 {
            return text;
        }
    }
}

#[test]
fn what_varies_is_learned() {
    let mut inventory = Inventory::default();
    // Names that are asked for again and again stay, whatever is beside them.
    for _ in 0..10 {
        for route in ["orders", "cart", "account"] {
            get(&mut inventory, &format!("/u/{route}"));
        }
    }
    for number in 0..200 {
        get(&mut inventory, &format!("/u/{}", letters(number)));
        get(&mut inventory, &format!("/blog/{}-is-a-title", letters(number)));
    }
    assert_eq!(
        patterns(&inventory),
        ["GET /blog/{slug}", "GET /u/account", "GET /u/cart", "GET /u/orders", "GET /u/{param}"]
    );
    assert_eq!(get(&mut inventory, "/u/new").as_deref(), Some("/u/{param}"));
    assert_eq!(get(&mut inventory, "/u/cart").as_deref(), Some("/u/cart"));
    let seen: u64 = inventory.snapshot().services[0].endpoints.iter().map(|e| e.seen).sum();
    assert_eq!(seen, 30 + 400 + 2, "nothing is lost by folding");
}

#[test]
fn an_api_of_many_routes_stays_apart() {
    let mut inventory = Inventory::default();
    for round in 0..5 {
        for number in 0..40 {
            get(&mut inventory, &format!("/api/v1/{}/{}", letters(number), 10_000 + round));
        }
    }
    assert_eq!(inventory.len(), 40);
}

#[test]
fn workers_are_merged() {
    let (mut one, mut other) = (Inventory::default(), Inventory::default());
    for number in 0..100 {
        get(&mut one, &format!("/u/{}", letters(number)));
    }
    for number in 0..10 {
        get(&mut other, &format!("/u/{}", letters(number)));
        get(&mut other, "/cart");
        record(&mut other, &Sight { port: 81, ..GET });
    }
    for (mut into, from) in [(one.clone(), &other), (other.clone(), &one)] {
        into.merge(from);
        assert_eq!(patterns(&into), ["GET /cart", "GET /u/{param}", "GET /"]);
        assert_eq!(into.len(), 3);
        let seen: u64 = into.snapshot().services.iter().flat_map(|s| &s.endpoints).map(|e| e.seen).sum();
        assert_eq!(seen, 130);
    }
}

#[test]
fn services_have_a_cap() {
    let mut inventory = Inventory::default();
    for port in 0..limits::ENDPOINT_SERVICES as u16 + 5 {
        record(&mut inventory, &Sight { port, ..GET });
    }
    let snapshot = inventory.snapshot();
    assert_eq!((snapshot.services.len(), snapshot.left_out), (limits::ENDPOINT_SERVICES, 5));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Whatever is asked for: bounded, nothing lost, and a pattern is its own pattern.
    #[test]
    fn bounded_and_idempotent(paths in prop::collection::vec(
        prop_oneof!["(/[a-z]{1,3}){1,5}", "/[a-z]{4}/[a-z]{4}", "(/[a-z]{2,6}-[a-z]{2,6}-[a-z]{2,6}){1,2}", "(/[0-9a-f]{1,20}){1,14}"], 1..2000)) {
        let mut inventory = Inventory::default();
        for path in &paths {
            get(&mut inventory, path);
        }
        prop_assert!(inventory.len() <= limits::SERVICE_ENDPOINTS);
        let snapshot = inventory.snapshot();
        prop_assert_eq!(snapshot.services[0].endpoints.len(), inventory.len());
        let seen: u64 = snapshot.services[0].endpoints.iter().map(|e| e.seen).sum();
        prop_assert_eq!(seen + snapshot.services[0].elsewhere, paths.len() as u64);
        for endpoint in &snapshot.services[0].endpoints {
            prop_assert_eq!(get(&mut inventory, &endpoint.pattern), Some(endpoint.pattern.to_string()));
        }
    }
}

#[test]
fn routes_go_on_after_a_restart() {
    let mut inventory = Inventory::default();
    for n in 0..40_u64 {
        let paths = [format!("/users/{n}"), "/about".to_owned(), format!("/orders/{n}/lines")];
        for path in paths {
            get(&mut inventory, &path);
        }
    }
    let saved = inventory.save();
    let mut next = Inventory::restored(&saved).expect("it was saved");
    assert_eq!(next.snapshot(), inventory.snapshot());
    get(&mut next, "/users/1000");
    assert_eq!(next.len(), inventory.len(), "what was learned is known");
    for end in 0..saved.len() {
        assert!(Inventory::restored(&saved[..end]).is_none(), "{end} bytes of {}", saved.len());
    }
}

#[test]
fn routes_are_known_by_what_they_are_for() {
    let mut inventory = Inventory::default();
    for second in 0..3 {
        let status = if second == 2 { 302 } else { 401 };
        record(
            &mut inventory,
            &Sight { request: ("POST", "/login", ""), answer: Some((status, "")), second, ..GET },
        );
    }
    let mut both = inventory.clone();
    both.merge(&inventory);
    let restored = Inventory::restored(&both.save()).expect("saved");
    for (inventory, times) in [(&inventory, 2), (&both, 4), (&restored, 4)] {
        let snapshot = inventory.snapshot();
        let [service] = &snapshot.services[..] else { panic!("{snapshot:?}") };
        assert_eq!(service.endpoints[0].business, [("users.login.failure".into(), times)].into());
    }
    // What another version saved is none of ours.
    let mut other = inventory.save();
    other[0] = 1;
    assert!(Inventory::restored(&other).is_none());
}
