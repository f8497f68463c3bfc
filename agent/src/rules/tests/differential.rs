//! The fast evaluation and the plain one say the same: for random rules on random requests, and for
//! Picket's own rules on requests made of pieces that attacks are made of.

use proptest::prelude::*;

use super::{Engine, Scratch, Set, compile, get, judge, own, plain, rules, set};
use crate::http::{Header, Request};

const CLIENT: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

fn same(set: &Set, engine: &Engine, request: &Request, scratch: &mut Scratch) -> Result<usize, String> {
    let fast = judge(engine, request, scratch);
    let plain = plain::judge(set, request, CLIENT);
    let ids = |fast: bool| -> Vec<String> {
        if fast { Vec::new() } else { plain.iter().map(|h| h.rule.clone()).collect() }
    };
    let fast_ids: Vec<_> = fast.iter().map(|m| m.rule.id.clone()).collect();
    if fast_ids != ids(false) {
        return Err(format!("fast {fast_ids:?}, plain {:?}", ids(false)));
    }
    for (fast, plain) in fast.iter().zip(&plain) {
        if fast.location != plain.location || !plain.values.contains(&fast.value) {
            return Err(format!("fast {fast:?}, plain {plain:?}"));
        }
    }
    Ok(fast.len())
}

const WORDS: [&str; 40] = [
    "union",
    "SELECT",
    "a",
    "b",
    "%27",
    "%2527",
    "+",
    " ",
    "  ",
    "'",
    "1",
    "=",
    "or",
    "<script",
    "%3Cscript",
    "&lt;script",
    ">",
    "../",
    "..%2f",
    "/etc/passwd",
    "${jndi:",
    "%24%7Bjndi%3A",
    "{{7*7}}",
    ";",
    "|",
    "cat",
    "%00",
    "\0",
    "YQ==",
    "PHNjcmlwdD4=",
    "Abc",
    "aBc",
    "abc",
    "ä",
    "%u0027",
    "[$ne]",
    "__proto__",
    "sqlmap",
    "\\",
    "%0d%0a",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&WORDS[..]), 0..6).prop_map(|words| words.concat())
}

fn request() -> impl Strategy<Value = Request> {
    let body = prop_oneof![
        Just((String::new(), String::new())),
        prop::collection::vec((text(), text()), 1..4).prop_map(|pairs| {
            let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            ("application/x-www-form-urlencoded".to_owned(), pairs.join("&"))
        }),
        prop::collection::vec((text(), text()), 1..4).prop_map(|pairs| {
            let map: serde_json::Map<_, _> = pairs.into_iter().map(|(k, v)| (k, v.into())).collect();
            let body = serde_json::json!({"password": map, "list": [map, 1, "x"]}).to_string();
            ("application/json".to_owned(), body)
        }),
        (text(), text(), text()).prop_map(|(name, file, content)| {
            let part = format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}.php\"\r\n\r\n{content}<?php\r\n--B--");
            ("multipart/form-data; boundary=B".to_owned(), part)
        }),
        text().prop_map(|text| ("text/plain".to_owned(), text)),
    ];
    let pairs = || prop::collection::vec((text(), text()), 0..4);
    (text(), pairs(), pairs(), pairs(), body).prop_map(
        |(path, query, headers, cookies, (content_type, body))| {
            let joined = |pairs: &[(String, String)], with: &str| {
                pairs.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(with)
            };
            let mut request = get(&format!("/{path}?{}", joined(&query, "&")));
            for (name, value) in headers {
                request.headers.push(Header { name: name.into(), value: value.into() });
            }
            request =
                request.with("user-agent", &joined(&cookies, " ")).with("Cookie", &joined(&cookies, "; "));
            request = request.with("content-type", &content_type);
            request.body.data = body.into();
            request
        },
    )
}

fn random_rule(number: usize) -> impl Strategy<Value = String> {
    let operator = prop_oneof![
        prop::sample::select(&["union\\\\s*select", "(?:a|b)+c", "\\\\bor\\\\b", "[ab]{2}", ".", "^$", "x?abc|select", "a.c", "[äö]", "[\\\\x00-\\\\x20]1"][..])
            .prop_flat_map(|regex| (any::<bool>(), 0usize..4).prop_map(move |(case, min)| {
                (r#""match_regex""#.to_owned(), format!(r#""regex": "{regex}", "options": {{"case_sensitive": {case}, "min_length": {min}}}"#))
            })),
        (prop::collection::vec(prop::sample::select(&["abc", "Abc", "a", "or", "select", "' ", "sqlmap", "bc"][..]), 1..4), any::<bool>(), any::<bool>())
            .prop_map(|(list, case, word)| {
                let list = serde_json::json!(list);
                (r#""phrase_match""#.to_owned(), format!(r#""list": {list}, "options": {{"case_sensitive": {case}, "enforce_word_boundary": {word}}}"#))
            }),
        prop::collection::vec(prop::sample::select(&["abc", "a", "1", "__proto__", "GET"][..]), 1..4)
            .prop_map(|list| (r#""exact_match""#.to_owned(), format!(r#""list": {}"#, serde_json::json!(list)))),
        Just((r#""ip_match""#.to_owned(), r#""list": ["192.0.2.0/24"]"#.to_owned())),
        Just((r#""is_sqli""#.to_owned(), r#""options": {}"#.to_owned())),
        Just((r#""is_xss""#.to_owned(), r#""options": {}"#.to_owned())),
    ];
    let transformers = || {
        let names: Vec<_> =
            crate::rules::model::Transform::ALL.iter().map(|t| t.name()).chain(["keys_only"]).collect();
        prop::collection::vec(prop::sample::select(names), 0..4)
    };
    let input = (
        prop::sample::select(&crate::rules::model::Address::ALL[..]),
        prop::option::of(prop::sample::select(&["a", "password", "User-Agent", "list"][..])),
        prop::option::of(transformers()),
    )
        .prop_map(|(address, key, transformers)| {
            let mut input = serde_json::json!({"address": address.name(), "key_path": key.into_iter().collect::<Vec<_>>()});
            if let Some(transformers) = transformers {
                input["transformers"] = transformers.into();
            }
            input.to_string()
        });
    let condition = (operator, prop::collection::vec(input, 1..4)).prop_map(|((operator, rest), inputs)| {
        format!(r#"{{"operator": {operator}, "parameters": {{"inputs": [{}], {rest}}}}}"#, inputs.join(","))
    });
    (prop::collection::vec(condition, 1..3), transformers()).prop_map(move |(conditions, transformers)| {
        super::rule(
            &format!("r{number}"),
            &format!("[{}]", conditions.join(",")),
            &serde_json::json!(transformers).to_string(),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn random_rules(all in prop::collection::vec(any::<u8>(), 1..8).prop_flat_map(|n| {
        (0..n.len()).map(random_rule).collect::<Vec<_>>()
    }), requests in prop::collection::vec(request(), 3)) {
        let set = set(&rules(&all));
        let engine = compile(&set).unwrap();
        let mut scratch = Scratch::default();
        for request in &requests {
            if let Err(problem) = same(&set, &engine, request, &mut scratch) {
                return Err(TestCaseError::fail(format!("{problem}\n{request:?}")));
            }
        }
    }

    /// Bytes of any kind: no panic, and still the same answer.
    #[test]
    fn random_bytes(target in prop::collection::vec(any::<u8>(), 0..200), name in prop::collection::vec(any::<u8>(), 0..20),
        value in prop::collection::vec(any::<u8>(), 0..100), kind in 0usize..5, body in prop::collection::vec(any::<u8>(), 0..300)) {
        let (set, engine) = &*OWN;
        let kind = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=\"\\", "", "text/xml"][kind];
        let mut request = get("").with("content-type", kind);
        request.target = target.into();
        request.headers.push(Header { name: name.into(), value: value.clone().into() });
        request.headers.push(Header { name: "cookie".into(), value: value.into() });
        request.body.data = body.into();
        if let Err(problem) = same(set, engine, &request, &mut Scratch::default()) {
            return Err(TestCaseError::fail(problem));
        }
    }
}

static OWN: std::sync::LazyLock<(Set, Engine)> = std::sync::LazyLock::new(|| {
    let set = own();
    let engine = compile(&set).unwrap();
    (set, engine)
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn own_rules(request in request()) {
        let (set, engine) = &*OWN;
        if let Err(problem) = same(set, engine, &request, &mut Scratch::default()) {
            return Err(TestCaseError::fail(format!("{problem}\n{request:?}")));
        }
    }
}

#[test]
fn own_rules_on_their_cases_and_on_clean_requests() {
    use crate::rules::cases::{self, Case};
    let (set, engine) = &*OWN;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let read = |path: &std::path::Path| std::fs::read_to_string(path).unwrap();
    let mut cases: Vec<Case> = serde_json::from_str(&read(&folder.join("clean.json"))).unwrap();
    let of_rules = cases::beside(&folder).unwrap();
    cases.extend(of_rules.into_iter().flat_map(|of| of.matches.into_iter().chain(of.clean)));
    // The plain evaluation compiles each expression each time: a part of the cases is enough here.
    let (mut ran, mut matches) = (0, 0);
    let mut scratch = Scratch::default();
    for case in cases.iter().step_by(9) {
        matches +=
            same(set, engine, &case.request(), &mut scratch).unwrap_or_else(|p| panic!("{p}\n{case:?}"));
        ran += 1;
    }
    assert!(ran >= 130 && matches >= 40, "{ran} ran, {matches} matches");
}
