//! Random queries and events, from few names and values, so that they meet.

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

/// Texts that values and queries share: case, wildcards, quotes, numbers, words of the language.
pub(super) const TEXTS: &[&str] = &[
    "",
    "a",
    "A",
    "ab",
    "aB",
    "abc",
    "b",
    "ä",
    "Ä",
    "äb",
    "/health",
    "/Health/x",
    "GET",
    "get",
    "sql_injection",
    "' OR 1=1",
    "a*b",
    "a?b",
    "\\",
    "\"",
    "a b",
    "5",
    "05",
    "404",
    "404.0",
    "-5",
    "true",
    "false",
    "null",
    "AND",
    "TO",
    "-x",
    "@x",
    "a:b",
    "(x)",
    "[1 TO 2]",
    "\u{1F600}",
    "x\u{1F600}y",
    "\u{7f}\u{1b}",
    "10.0.0.1",
    "203.0.113.7",
    "2001:db8::1",
    "::ffff:10.0.0.1",
    "{id}",
    ">",
    "<b>",
    "!",
    "a,b",
    "line\nbreak",
    "%00",
    "ab\u{0}c",
];

/// Networks of queries.
const NETWORKS: &[&str] = &[
    "10.0.0.1",
    "10.0.0.0/8",
    "10.0.0.0/31",
    "0.0.0.0/0",
    "203.0.113.0/24",
    "203.0.112.0/23",
    "2001:db8::/32",
    "::/0",
];

const ADDRESSES: &[&str] =
    &["10.0.0.1", "10.0.0.2", "10.0.0.100", "100.0.0.1", "203.0.113.7", "2001:db8::1", "::1"];

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "5",
    "-5",
    "404",
    "404.0",
    "404.5",
    "-404.5",
    "1e3",
    "1000",
    "9007199254740993",
    "9007199254740992",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "1e300",
    "-1e300",
    "0.5",
];

const TEXT_FACETS: &[&str] = &[
    "service",
    "@service",
    "kind",
    "user.id",
    "@method",
    "@host",
    "@path",
    "@query",
    "@rule.id",
    "@rule.type",
    "@rule.value",
    "@rule.tags.x.y",
    "@business.name",
    "@tls.sni",
    "@service.cmdline",
    "policy",
    "@usr.login",
    "tags",
    "@anomalies.kind",
    "session.id",
];

const NUMBER_FACETS: &[&str] = &["@status", "@duration_us", "score", "@chain.hop", "@left_out"];

const FLAG_FACETS: &[&str] = &["blocked", "would_block", "@truncated", "@usr.exists", "@chain.ambiguous"];

const OPEN_FACETS: &[&str] = &[
    "@a",
    "@a.b",
    "@x.y",
    "@attributes.a",
    "@attributes.x.y",
    "@matches.tags",
    "@matches.none",
    "@service.other",
    "@tls.other.x",
    "@business.attributes.a",
    "@attributes",
];

const OBJECT_FACETS: &[&str] = &["@tls", "@matches", "@chain", "@anomalies"];

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn pick(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(texts)
}

/// A text in quotes, or with wildcards.
fn text() -> impl Strategy<Value = String> {
    let words = pick(TEXTS).prop_filter("a zero byte can't be asked for", |text| !text.contains('\0'));
    let pattern = prop::collection::vec(
        prop_oneof![
            2 => Just("*".to_owned()),
            1 => Just("?".to_owned()),
            3 => "[aAbBc/0-9]{1,3}",
            1 => Just("\\*".to_owned()),
            1 => Just("ä".to_owned()),
            1 => Just("\u{1F600}".to_owned()),
        ],
        1..5,
    );
    prop_oneof![3 => words.prop_map(quoted), 2 => pattern.prop_map(|parts| parts.concat()), 1 => Just("*".to_owned())]
}

fn ordered() -> impl Strategy<Value = String> {
    let range =
        (pick(NUMBERS), pick(NUMBERS), any::<(bool, bool)>()).prop_map(|(from, to, (left, right))| {
            let number = |text: &str| text.parse::<f64>().unwrap();
            let (from, to) = if number(from) <= number(to) { (from, to) } else { (to, from) };
            let (left, right) = (if left { '[' } else { '{' }, if right { ']' } else { '}' });
            format!("{left}{from} TO {to}{right}")
        });
    // Numbers that only differ beyond what `f64` holds are in no order here.
    let range = range.prop_filter("an order that f64 does not see", |range| {
        !range.contains("90071992547409") && !range.contains("922337203685477580")
    });
    prop_oneof![
        (pick(&["<", "<=", ">", ">="]), pick(NUMBERS)).prop_map(|(sign, number)| format!("{sign}{number}")),
        range,
        pick(NUMBERS).prop_map(|number| format!("[{number} TO *]")),
        pick(NUMBERS).prop_map(|number| format!("{{* TO {number}}}")),
        Just("[* TO *]".to_owned()),
    ]
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![2 => ordered(), 2 => pick(NUMBERS).prop_map(str::to_owned), 1 => Just("*".to_owned())]
}

fn listed(value: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = String> {
    let list =
        prop::collection::vec(value.clone(), 1..4).prop_map(|values| format!("({})", values.join(" OR ")));
    prop_oneof![4 => value, 1 => list]
}

fn named(
    names: &'static [&'static str],
    value: impl Strategy<Value = String> + 'static,
) -> BoxedStrategy<String> {
    (pick(names), listed(value.boxed())).prop_map(|(name, value)| format!("{name}:{value}")).boxed()
}

fn term() -> BoxedStrategy<String> {
    let free = text().prop_filter("an empty text is in everything", |text| text != "\"\"");
    // A pattern may begin like a number, or like a negation.
    let network = pick(NETWORKS).prop_map(str::to_owned);
    let flag = pick(&["true", "false", "TRUE", "*"]).prop_map(str::to_owned);
    prop_oneof![
        5 => named(TEXT_FACETS, text()),
        3 => named(NUMBER_FACETS, number()),
        2 => named(FLAG_FACETS, flag),
        2 => named(&["client_ip", "peer_ip"], prop_oneof![4 => network, 1 => Just("*".to_owned())]),
        3 => named(OPEN_FACETS, prop_oneof![text(), number()]),
        1 => named(OBJECT_FACETS, Just("*".to_owned())),
        2 => free.boxed(),
    ]
    .boxed()
}

/// A query over events that is right.
pub(super) fn query() -> BoxedStrategy<String> {
    term()
        .prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(|part| format!("-({part})")),
                inner.clone().prop_map(|part| format!("NOT ({part})")),
                prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts
                    .iter()
                    .map(|part| format!("({part})"))
                    .collect::<Vec<_>>()
                    .join(" ")),
                prop::collection::vec(inner, 2..4).prop_map(|parts| parts.join(" OR ")),
            ]
        })
        .boxed()
}

/// What somebody may type: pieces of the language in any order.
pub(super) fn scrawl() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "service",
        "@status",
        ":",
        "*",
        "?",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "\\",
        "AND",
        "OR",
        "NOT",
        "TO",
        "-",
        "!",
        " ",
        " ",
        " ",
        "500",
        "x",
        ">",
        "<=",
        ",",
        "@",
        ".",
        "ä",
        "\u{1F600}",
        "\n",
        "\0",
        "&&",
        "/",
    ];
    prop::collection::vec(pick(PIECES), 0..24).prop_map(|pieces| pieces.concat())
}

fn json_number() -> impl Strategy<Value = Json> {
    pick(NUMBERS).prop_map(|text| serde_json::from_str(text).unwrap())
}

/// Any value where one of another kind may be meant.
fn scalar() -> impl Strategy<Value = Json> + Clone {
    prop_oneof![
        4 => pick(TEXTS).prop_map(Json::from),
        3 => json_number(),
        1 => any::<bool>().prop_map(Json::from),
        1 => pick(ADDRESSES).prop_map(Json::from),
        1 => Just(Json::Null),
    ]
}

fn wild() -> BoxedStrategy<Json> {
    scalar()
        .prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
                members(inner).prop_map(Json::from),
            ]
        })
        .boxed()
}

fn members(value: impl Strategy<Value = Json> + 'static) -> impl Strategy<Value = Map<String, Json>> {
    let names = pick(&["a", "b", "x", "y", "a.b", "x.y", "usr.exists", "usr.login", "other", "none"]);
    prop::collection::vec((names, value), 0..4)
        .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn maybe(value: impl Strategy<Value = Json> + 'static) -> BoxedStrategy<Option<Json>> {
    prop_oneof![3 => value.prop_map(Some), 1 => Just(None), 1 => Just(Some(Json::Null))].boxed()
}

fn texts() -> impl Strategy<Value = Json> {
    pick(TEXTS).prop_map(Json::from)
}

/// An event's JSON. What has a column in the store has the kind that events have there; anything else may be
/// anything.
pub(super) fn event() -> BoxedStrategy<Json> {
    let status = maybe((100_u16..600).prop_map(Json::from));
    let address = || pick(ADDRESSES).prop_map(Json::from);
    let matched = (texts(), texts(), maybe(texts()), maybe(texts()), members(scalar())).prop_map(
        |(rule, value, kind, x_y, mut tags)| {
            tags.extend(kind.filter(|kind| !kind.is_null()).map(|kind| ("type".to_owned(), kind)));
            tags.extend(x_y.map(|value| ("x.y".to_owned(), value)));
            json!({ "rule": rule, "name": value, "value": value, "location": "query.q", "tags": tags })
        },
    );
    let known = (
        maybe(texts()),
        address(),
        maybe(texts()),
        pick(&["event", "transaction"]),
        any::<bool>(),
        maybe(texts()),
        maybe(texts()),
        prop_oneof![
            status,
            maybe(pick(&["404", "200", "500"]).prop_map(|text| text.parse::<u16>().unwrap().into()))
        ],
        prop::collection::vec(matched, 0..3),
    );
    let business = prop::collection::vec(
        prop_oneof![
            4 => (texts(), members(wild())).prop_map(|(name, attributes)| json!({"name": name, "attributes": attributes})),
            1 => wild(),
        ],
        0..3,
    );
    let loose = (
        prop::collection::vec(
            (
                pick(&[
                    "host",
                    "query",
                    "peer_ip",
                    "would_block",
                    "score",
                    "policy",
                    "duration_us",
                    "truncated",
                    "tls",
                    "chain",
                    "tags",
                    "anomalies",
                    "left_out",
                    "user_agent",
                    "session",
                    "a",
                    "x",
                    "attributes",
                ]),
                wild(),
            ),
            0..8,
        ),
        prop_oneof![3 => business.prop_map(Json::from), 1 => wild()],
        members(wild()),
        members(wild()),
        maybe(json_number()),
        maybe(any::<bool>().prop_map(Json::from)),
        maybe(address()),
    );
    (known, loose)
        .prop_map(|(known, loose)| {
            let (service, client, user, kind, blocked, method, path, status, matches) = known;
            let mut event = json!({
                "service": {"port": 80}, "client_ip": client, "kind": kind, "blocked": blocked, "matches": matches,
            });
            let (free, business, attributes, inner, number, flag, peer) = loose;
            for (name, value) in free {
                event[name] = value;
            }
            event["business"] = business;
            event["attributes"] = attributes.into();
            event["attributes"]["a"] = inner.into();
            let rest = [("method", method), ("path", path), ("status", status), ("duration_us", number.clone()),
                ("score", number), ("would_block", flag.clone()), ("truncated", flag), ("peer_ip", peer)];
            for (name, value) in rest {
                if let Some(value) = value {
                    event[name] = value;
                }
            }
            if let Some(name) = service {
                event["service"]["name"] = name;
            }
            if let Some(id) = user {
                event["user"] = json!({ "id": id });
            }
            event
        })
        .boxed()
}
