//! What becomes of a request before rules see it.

use super::{get, post};
use crate::http::Request;
use crate::limits;
use crate::rules::inputs::{Address, Inputs};
use crate::rules::model::Source;
use crate::rules::values::{lanes::Lanes, stats::Stats, store::Store};

/// What stands at an address.
fn collect(request: &Request, address: Address, source: Source) -> (Store, Stats) {
    let (mut store, mut stats) = (Store::default(), Stats::default());
    store.clear(address.variable(source).map_or(Lanes::NONE, Lanes::of), &Default::default());
    let client = [192, 0, 2, 7].into();
    Inputs::new(&mut store, &mut stats, &mut Vec::new()).request(request, client, client);
    (store, stats)
}

fn texts(store: &Store) -> Vec<String> {
    let values = (0..).map_while(|number| store.value(number));
    values.map(|value| String::from_utf8_lossy(store.slice(value.bytes)).into_owned()).collect()
}

/// Location and text of each value of an address.
fn values(request: &Request, address: Address) -> Vec<(String, String)> {
    let (store, _) = collect(request, address, Source::Values);
    let values = (0..).map_while(|number| store.value(number));
    let locations = values.map(|value| store.location(address.label(), value.node));
    locations.zip(texts(&store)).collect()
}

fn keys(request: &Request, address: Address) -> Vec<String> {
    texts(&collect(request, address, Source::Keys).0)
}

fn check(request: &Request, address: Address, expected: &[(&str, &str)]) {
    let found = values(request, address);
    let found: Vec<_> = found.iter().map(|(l, v)| (l.as_str(), v.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn query() {
    let request = get("/p%20q+r?a=1&b%5B%5D=x+y%27&&c&=d&a=2&e=");
    check(
        &request,
        Address::Query,
        &[("query.a", "1"), ("query.b[]", "x y'"), ("query", "c"), ("query.", "d"), ("query.a", "2")],
    );
    assert_eq!(keys(&request, Address::Query), ["a", "b[]", "c", "a", "e"]);
    check(&request, Address::Path, &[("path", "/p q+r")]);
    check(&request, Address::PathParams, &[("path.0", "p q+r")]);
    check(&request, Address::QueryRaw, &[("query", "a=1&b%5B%5D=x+y%27&&c&=d&a=2&e=")]);
    check(&request, Address::UriRaw, &[("uri", "/p%20q+r?a=1&b%5B%5D=x+y%27&&c&=d&a=2&e=")]);
}

#[test]
fn headers_and_cookies() {
    let request =
        get("/").with("User-Agent", "ua").with("COOKIE", " sid=a=b; x ; y=\"q\";;").with("user-agent", "2");
    check(&request, Address::HeadersNoCookies, &[("headers.user-agent", "ua"), ("headers.user-agent", "2")]);
    check(&request, Address::Cookies, &[("cookies.sid", "a=b"), ("cookies", "x"), ("cookies.y", "q")]);
}

#[test]
fn json() {
    let text = r#"{"a": "x\u0027\n\ud83d\ude00", "b": {"c": [1, "two", {"d": true}]}, "a": "again", "e\u002e": null}"#;
    let request = post("/", "application/json", text);
    check(
        &request,
        Address::Body,
        &[
            ("body.a", "x'\n😀"),
            ("body.b.c.0", "1"),
            ("body.b.c.1", "two"),
            ("body.b.c.2.d", "true"),
            ("body.a", "again"),
            ("body.e.", "null"),
        ],
    );
    assert_eq!(keys(&request, Address::Body), ["a", "b", "c", "d", "a", "e."]);
    check(&post("/", "application/json", "\"top\""), Address::Body, &[("body", "top")]);
}

#[test]
fn json_that_is_not_quite_json() {
    // A lone surrogate, an escape that is none, bytes that are not UTF-8: read all the same.
    check(
        &post("/", "application/json", b"{\"a\": \"\\ud800x\\q\xff\"}"),
        Address::Body,
        &[("body.a", "\u{fffd}xq\u{fffd}")],
    );
    for (text, first) in [
        ("{'a': 'x'}", ("body.a", "x")),
        ("{a: 'x'}", ("body.a", "x")),
        ("/* c */ {\"a\": \"x\"}", ("body.a", "x")),
        ("{\"a\": \"x\"", ("body.a", "x")),
        ("{\"a\": \"x", ("body.a", "x")),
        ("{\"a\": \"x\"}]", ("body.a", "x")),
        ("[\"x\", nope]", ("body.0", "x")),
    ] {
        let found = values(&post("/", "application/json", text), Address::Body);
        assert_eq!((found[0].0.as_str(), found[0].1.as_str()), first, "{text}");
        assert_eq!(found.last().unwrap(), &("body".to_owned(), text.to_owned()), "{text}");
    }
}

#[test]
fn json_deeper_than_the_limit_is_still_judged() {
    let depth = limits::JSON_DEPTH * 50;
    let text = format!("{}{{\"k\": \"deep\"}}{}", "[".repeat(depth), "]".repeat(depth));
    let request = post("/", "application/json", text);
    let (store, stats) = collect(&request, Address::Body, Source::Values);
    assert_eq!(texts(&store), ["deep"]);
    assert_eq!(stats.depth_over_limit, 1);
    assert_eq!(stats.malformed_json, 0);
}

#[test]
fn form() {
    let form = "application/x-www-form-urlencoded";
    check(&post("/", form, "a=1+2&b=%3c"), Address::Body, &[("body.a", "1 2"), ("body.b", "<")]);
    let json = post("/", form, "{\"a\": \"x\"}");
    assert!(values(&json, Address::Body).contains(&("body.a".to_owned(), "x".to_owned())));
}

const MULTIPART: &str = "multipart/form-data; boundary=\"XX\"";

#[test]
fn multipart() {
    let body = "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--two\r\n--XX\r\n\
        content-disposition: form-data; filename=\"x;\\\".php\"; name=f\r\nContent-Type: text/x\r\n\r\ndata\r\n\
        --XX\nContent-Disposition: form-data; name=j\nContent-Type: application/json\n\n{\"k\": \"v\"}\n--XX--\r\n";
    let request = post("/", MULTIPART, body);
    check(
        &request,
        Address::Body,
        &[
            ("body.a", "one\r\n--two"),
            ("body.f.content-type", "text/x"),
            ("body.j.content-type", "application/json"),
            ("body.j.k", "v"),
        ],
    );
    check(&request, Address::Filenames, &[("files.f", "x;\\\".php")]);
    check(&request, Address::FilesContent, &[("files.f", "data")]);
    assert_eq!(keys(&request, Address::Body), ["a", "f", "content-type", "j", "content-type", "k"]);
}

#[test]
fn multipart_that_is_odd() {
    let part = "Content-Disposition: form-data; name=a\r\n\r\nx";
    check(&post("/", MULTIPART, "no boundary"), Address::Body, &[("body", "no boundary")]);
    check(&post("/", MULTIPART, format!("--XX\r\n{part}")), Address::Body, &[("body.a", "x")]);
    check(
        &post("/", MULTIPART, format!("pre\r\n--XX\r\n{part}\r\n--XX--post")),
        Address::Body,
        &[("body", "pre\r\n"), ("body.a", "x"), ("body", "post")],
    );
    let many = format!("--XX\r\n{part}\r\n").repeat(limits::MULTIPART_PARTS + 3);
    let found = values(&post("/", MULTIPART, &many), Address::Body);
    assert_eq!(found.len(), limits::MULTIPART_PARTS + 1);
    assert!(found.last().unwrap().1.contains("name=a"), "the rest is one text");
}

#[test]
fn limits_hold_and_are_counted() {
    let form = "application/x-www-form-urlencoded";
    let collect = |body: String| {
        let (store, stats) = collect(&post("/", form, body), Address::Body, Source::Values);
        let bytes: usize = texts(&store).iter().map(String::len).sum();
        (store.len(), bytes, store.is_cut(), stats)
    };
    let (count, bytes, cut, stats) = collect(format!("a={}", "x".repeat(limits::JUDGED_VALUE + 1)));
    assert_eq!((count, bytes, cut, stats.values_cut), (1, limits::JUDGED_VALUE, true, 1));
    let (count, _, cut, stats) = collect("a=b&".repeat(limits::JUDGED_VALUES + 5) + "z=last");
    assert_eq!((count, cut, stats.values_over_limit), (limits::JUDGED_VALUES + 1, true, 1));
    let (_, bytes, cut, _) = collect(format!("a={}&", "y".repeat(limits::JUDGED_VALUE)).repeat(20));
    assert!(cut && bytes <= limits::JUDGED_BYTES, "{bytes}");
    let (_, _, cut, _) = collect("a=b".to_owned());
    assert!(!cut);
}
