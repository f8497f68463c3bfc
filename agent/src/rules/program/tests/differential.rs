//! Rules and requests made up at random: the engine, fast and without its shortcuts, says what the plain meaning is.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    super::{compile, verdict::Verdict},
    plain::{self, Kept, Plain, Said},
};
use crate::{
    http::{self, Limits},
    rules::{
        program::run::{Facts, Scratch},
        seclang::{lower, read_text},
    },
};

/// Rounds of each property; a release build has time for more.
const CASES: u32 = if cfg!(debug_assertions) { 500 } else { 20_000 };

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(texts)
}

fn target() -> impl Strategy<Value = String> {
    let collection = one_of(&[
        "ARGS",
        "ARGS",
        "ARGS",
        "TX",
        "ARGS_GET",
        "ARGS_POST",
        "ARGS_NAMES",
        "REQUEST_HEADERS",
        "REQUEST_COOKIES",
        "TX",
        "IP",
        "MATCHED_VARS",
        "MATCHED_VARS_NAMES",
        "RESPONSE_HEADERS",
        "REQUEST_HEADERS_NAMES",
        "FILES",
    ]);
    let scalar = one_of(&[
        "REQUEST_URI",
        "REQUEST_FILENAME",
        "QUERY_STRING",
        "REQUEST_METHOD",
        "REQUEST_BODY",
        "REQBODY_PROCESSOR",
        "MATCHED_VAR",
        "MATCHED_VAR_NAME",
        "REMOTE_ADDR",
        "RESPONSE_STATUS",
        "RESPONSE_BODY",
        "REQBODY_ERROR",
        "HIGHEST_SEVERITY",
        "ARGS_COMBINED_SIZE",
        "RULE:id",
        "XML:/*",
        "REQUEST_LINE",
        "FULL_REQUEST",
        "DURATION",
    ]);
    let selector = one_of(&[
        "",
        "",
        "",
        "",
        "",
        ":a",
        ":b",
        ":n",
        ":X-Y",
        ":/^a/",
        ":/b$/",
        ":/[an]/",
        ":%{tx.name}",
        ":1",
    ]);
    let prefix = one_of(&["", "", "", "", "&"]);
    prop_oneof![
        3 => (prefix, collection, selector).prop_map(|(prefix, name, selector)| format!("{prefix}{name}{selector}")),
        1 => scalar.prop_map(str::to_owned),
    ]
}

fn targets() -> impl Strategy<Value = String> {
    let out = prop::option::weighted(
        0.3,
        one_of(&["!ARGS:a", "!ARGS:/b/", "!TX:n", "!REQUEST_COOKIES", "!IP:n", "!REQUEST_HEADERS:Host"]),
    );
    (prop::collection::vec(target(), 1..4), out).prop_map(|(mut targets, out)| {
        targets.extend(out.map(str::to_owned));
        targets.join("|")
    })
}

fn operator() -> impl Strategy<Value = String> {
    let operator = one_of(&[
        "@rx a",
        "@rx a",
        "@rx [ab]",
        "@rx ^[ab1]",
        "@contains a",
        "@unconditionalMatch",
        "@rx ^a",
        "@rx (a)(b)?",
        "@rx b+$",
        "@rx (?i)union",
        "@rx x|yy",
        "@rx (\\d+)",
        "@rx ^$",
        "@rx .",
        "@rx [^a-z]",
        "@rx ^%{tx.n}$",
        "@rx (?:ab|cd)e?f",
        "@rx (?=a)ab",
        "@rx <[a-z]+",
        "@rxGlobal (\\w)",
        "@contains ab",
        "@contains %{tx.name}",
        "@streq a",
        "@streq %{MATCHED_VAR}",
        "@beginsWith a",
        "@endsWith b",
        "@within a b ab union",
        "@pm union ab select",
        "@eq 1",
        "@ge 1",
        "@gt %{tx.n}",
        "@lt 3",
        "@le 0",
        "@eq 0",
        "@detectSQLi",
        "@detectXSS",
        "@validateByteRange 32-126",
        "@validateUrlEncoding",
        "@validateUtf8Encoding",
        "@ipMatch 192.0.2.0/24",
        "@unconditionalMatch",
        "@noMatch",
        "@containsWord ab",
        "@strmatch AB",
    ]);
    (prop::bool::weighted(0.2), operator)
        .prop_map(|(negated, operator)| if negated { format!("!{operator}") } else { operator.to_owned() })
}

/// Actions that any rule of a chain may have.
fn action() -> impl Strategy<Value = &'static str> {
    one_of(&[
        "t:lowercase",
        "t:urlDecodeUni",
        "t:removeWhitespace",
        "t:base64Decode",
        "t:hexEncode",
        "t:length",
        "t:trim",
        "t:none",
        "t:removeNulls",
        "t:htmlEntityDecode",
        "t:cmdLine",
        "t:compressWhitespace",
        "t:sha1",
        "t:jsDecode",
        "t:normalizePath",
        "t:replaceComments",
        "t:uppercase",
        "t:utf8toUnicode",
        "capture",
        "capture",
        "multiMatch",
        "setvar:tx.n=1",
        "setvar:tx.n=+1",
        "setvar:tx.n=-2",
        "setvar:!tx.n",
        "setvar:'tx.name=a'",
        "setvar:'tx.name=%{MATCHED_VAR}'",
        "setvar:'tx.%{tx.0}=%{MATCHED_VAR_NAME}'",
        "setvar:!tx.%{tx.1}",
        "setvar:tx.a_score=+5",
        "setvar:tx.b_score=+%{tx.n}",
        "setvar:ip.n=+1",
        "setvar:'ip.%{tx.name}=%{tx.n}'",
        "setvar:!ip.n",
        "expirevar:ip.n=10",
        "initcol:ip=%{REMOTE_ADDR}",
        "initcol:ip=%{ARGS.a}",
        "ctl:ruleRemoveById=3",
        "ctl:ruleRemoveById=4-6",
        "ctl:ruleRemoveByTag=t1",
        "ctl:ruleRemoveByMsg=^b",
        "ctl:ruleRemoveTargetById=1-9;ARGS:a",
        "ctl:ruleRemoveTargetByTag=t2;ARGS:/b/",
        "ctl:ruleRemoveTargetByMsg=a;TX:n",
        "ctl:forceRequestBodyVariable=On",
        "ctl:requestBodyProcessor=JSON",
        "ctl:requestBodyProcessor=XML",
        "ctl:requestBodyProcessor=URLENCODED",
        "ctl:requestBodyAccess=Off",
        "ctl:responseBodyAccess=Off",
        "ctl:ruleEngine=DetectionOnly",
    ])
}

/// Actions of a chain's first rule.
fn ending() -> impl Strategy<Value = &'static str> {
    one_of(&[
        "pass",
        "pass",
        "pass",
        "pass",
        "pass",
        "block",
        "deny",
        "deny,status:406",
        "nolog",
        "allow",
        "allow:phase",
        "allow:request",
        "skip:1",
        "skip:2",
        "skipAfter:M1",
        "skipAfter:END",
        "severity:2",
        "severity:NOTICE",
        "tag:t1",
        "tag:t2",
        "tag:t1,tag:t2",
        "msg:'a %{tx.0} %{tx.1} %{MATCHED_VAR}'",
        "msg:'b %{MATCHED_VAR_NAME}'",
        "logdata:'%{tx.n} %{ip.n} %{rule.id} %{REQUEST_URI} %{ARGS.b}'",
        "ctl:ruleEngine=Off",
        "logdata:'%{HIGHEST_SEVERITY} %{REQUEST_HEADERS.X-Y}'",
    ])
}

fn rule(id: usize) -> impl Strategy<Value = String> {
    let link = || (targets(), operator(), prop::collection::vec(action(), 0..3));
    let links = prop_oneof![
        4 => prop::collection::vec(link(), 1),
        2 => prop::collection::vec(link(), 2),
        1 => prop::collection::vec(link(), 3),
    ];
    let phase = prop::sample::select(&[1, 1, 2, 2, 2, 3, 4, 5][..]);
    let endings = prop::collection::vec(ending(), 0..3);
    (phase, endings, links).prop_map(move |(phase, endings, links)| {
        let mut text = String::new();
        let count = links.len();
        for (at, (targets, operator, mut actions)) in links.into_iter().enumerate() {
            let head = format!("id:{id},phase:{phase}");
            if at == 0 {
                actions.extend(&endings);
                actions.insert(0, &head);
                if at + 1 < count {
                    actions.push("chain");
                }
                text.push_str(&format!("SecRule {targets} \"{operator}\" \"{}\"\n", actions.join(",")));
                continue;
            }
            if at + 1 < count {
                actions.push("chain");
            }
            text.push_str(&format!("SecRule {targets} \"{operator}\" \"{}\"\n", actions.join(",")));
        }
        text
    })
}

/// Two to nine rules, a marker between them and one at the end.
fn script() -> impl Strategy<Value = String> {
    let rules = (2..9_usize).prop_flat_map(|count| (1..=count).map(rule).collect::<Vec<_>>());
    let default = prop::option::of(one_of(&[
        "SecDefaultAction \"phase:2,log,deny,status:403\"\n",
        "SecDefaultAction \"phase:1,nolog,pass,t:lowercase\"\n",
    ]));
    let open = prop::option::of(Just("SecAction \"id:99,phase:1,nolog,initcol:ip=%{REMOTE_ADDR}\"\n"));
    (default, open, rules).prop_map(|(default, open, rules)| {
        let half = rules.len() / 2;
        let mut text = format!("{}{}", default.unwrap_or_default(), open.unwrap_or_default());
        text.extend(rules.iter().take(half).map(String::as_str));
        text.push_str("SecMarker M1\n");
        text.extend(rules.iter().skip(half).map(String::as_str));
        text.push_str("SecMarker M1\nSecMarker END\n");
        text
    })
}

fn value() -> impl Strategy<Value = String> {
    let piece = one_of(&[
        "a",
        "ab",
        "abb",
        "b",
        "1",
        "23",
        "union",
        "UNION",
        "x",
        "yy",
        "%41",
        "%25",
        "%zz",
        "+",
        "%00",
        "%27+or+1=1--",
        "%3cscript%3e",
        "/*",
        "*/",
        "../",
        "&lt;",
        "YWI=",
        "%5cx41",
        "abef",
        "cde",
        "%ff",
        "%u0041",
        "-5",
        "a%20b",
    ]);
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

fn pairs() -> impl Strategy<Value = String> {
    let pair = (one_of(&["a", "b", "n", "Ab", "x", "1", ""]), value());
    prop::collection::vec(pair.prop_map(|(name, value)| format!("{name}={value}")), 0..5)
        .prop_map(|pairs| pairs.join("&"))
}

/// A request, its response, and how many seconds after the one before it comes.
pub(super) type Sent = (String, Option<String>, i64);

fn sent() -> impl Strategy<Value = Sent> {
    let head = (one_of(&["GET", "POST", "OPTIONS"]), one_of(&["/", "/a", "/ab/../c", "/admin%20x"]), pairs());
    let fields = (value(), prop::option::of(value()), one_of(&["a", "ab", "1"]));
    let body = prop_oneof![
        Just((String::new(), String::new())),
        pairs().prop_map(|body| ("application/x-www-form-urlencoded".to_owned(), body)),
        one_of(&["{\"a\":\"ab\"}", "{\"b\":[1,\"union\"]}", "{"])
            .prop_map(|body| ("application/json".to_owned(), body.to_owned())),
        one_of(&["<a b='x'>ab</a>", "<a>", "<x>1</x>"])
            .prop_map(|body| ("text/xml".to_owned(), body.to_owned())),
        value().prop_map(|body| ("text/plain".to_owned(), body)),
    ];
    let response = prop::option::of((one_of(&["200", "404", "500"]), value()));
    (head, fields, body, response, prop::sample::select(&[0_i64, 1, 9, 10, 4000][..])).prop_map(
        |((method, path, query), (field, cookie, client), (kind, body), response, later)| {
            let mut request =
                format!("{method} {path}?{query} HTTP/1.1\r\nHost: h\r\nX-Y: {field}\r\nA: {client}\r\n");
            if let Some(cookie) = cookie {
                request.push_str(&format!("Cookie: a={cookie}; b=1\r\n"));
            }
            if !kind.is_empty() {
                request.push_str(&format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len()));
            }
            request.push_str(&format!("\r\n{body}"));
            let response = response.map(|(status, body)| {
                let len = body.len();
                format!("HTTP/1.1 {status} X\r\nA: {body}\r\nContent-Length: {len}\r\n\r\n{body}")
            });
            (request, response, later)
        },
    )
}

pub(super) fn said(verdict: Verdict) -> Said {
    Said {
        hits: verdict
            .hits
            .into_iter()
            .map(|hit| (hit.rule.id, hit.location, hit.name, hit.value, hit.message, hit.data))
            .collect(),
        denied: verdict.denied.map(|(rule, status)| (rule.id, status)),
        scores: verdict.scores.into_iter().collect::<BTreeMap<_, _>>(),
    }
}

/// What is told over some transactions, by the plain meaning; the engine must say the same.
pub(super) fn agree(text: &str, sent: &[Sent]) -> Vec<Said> {
    let script = read_text(text, "test").unwrap_or_else(|error| panic!("{error}\n{text}"));
    let program = lower::lower(&script.directives).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let engine = compile::compile(&program, &|_, _| Err(String::new()));
    let engine = engine.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let plain = Plain::new(&program, &engine.names, &|_, _| Err(String::new()));
    let (mut fast, mut without, mut kept) = (Scratch::default(), Scratch::plain(), Kept::default());
    let mut now = 1_700_000_000;
    let mut all = Vec::new();
    for (request, response, later) in sent {
        now += later;
        let exchange =
            http::exchange(request.as_bytes(), response.as_ref().map(String::as_bytes), Limits::default());
        let (request, response) = (&exchange.request, exchange.response.as_ref());
        let facts = Facts::of_client([192, 0, 2, 1].into(), now);
        let expected = plain::judge(&plain, request, response, &facts, &mut kept);
        let shown = || format!("{text}\n{sent:#?}");
        assert_eq!(said(engine.judge(request, response, &facts, &mut fast)), expected, "fast\n{}", shown());
        assert_eq!(
            said(engine.judge(request, response, &facts, &mut without)),
            expected,
            "plain\n{}",
            shown()
        );
        all.push(expected);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES.max(ProptestConfig::default().cases), max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn rules_mean_what_they_say(script in script(), sent in prop::collection::vec(sent(), 1..4)) {
        agree(&script, &sent);
    }
}

/// The property is about something: rules hold, chains too, and much else happens.
#[test]
fn what_is_made_up_hits() {
    use proptest::{strategy::ValueTree as _, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let (mut hits, mut quiet, mut denied, mut scores, mut kept) = (0, 0, 0, 0, 0);
    const ROUNDS: usize = 150;
    for _ in 0..ROUNDS {
        let made = (script(), prop::collection::vec(sent(), 2..3)).new_tree(&mut runner).unwrap().current();
        for said in agree(&made.0, &made.1) {
            hits += said.hits.len();
            quiet += usize::from(said.hits.is_empty());
            denied += usize::from(said.denied.is_some());
            scores += usize::from(!said.scores.is_empty());
            kept += usize::from(made.0.contains("ip.n"));
        }
    }
    println!("PICKET-CASES kind=made_up_transaction ran={} failed=0", 2 * ROUNDS);
    println!("hits {hits}, quiet {quiet}, denied {denied}, scores {scores}");
    assert!(hits > 150 && quiet > 20 && denied > 5 && scores > 5 && kept > 20);
}
