//! Request and response heads, well formed and not.

use super::*;

#[test]
fn malformed_requests_are_observations() {
    let cases: &[(&str, &[u8], &str)] = &[
        ("leading empty lines", b"\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "0 GET /"),
        ("bare LF", b"GET / HTTP/1.1\nHost: x\n\n", "0 GET / !bare_lf"),
        ("mixed line ends", b"GET / HTTP/1.1\r\nHost: x\n\r\n", "0 GET / !bare_lf"),
        ("no Host", b"GET / HTTP/1.1\r\n\r\n", "0 GET / !missing_host"),
        ("no Host in 1.0", b"GET / HTTP/1.0\r\n\r\n", "0 GET /"),
        ("two Hosts", b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "0 GET / !duplicate_host"),
        (
            "space in target",
            b"GET /?a=1 OR 2 HTTP/1.1\r\nHost: x\r\n\r\n",
            "0 GET /?a=1 OR 2 !space_in_target",
        ),
        ("NUL in target", b"GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n", "0 GET /a\\x00b !nul_in_target"),
        (
            "control in target",
            b"GET /a\x07b HTTP/1.1\r\nHost: x\r\n\r\n",
            "0 GET /a\\x07b !control_in_target",
        ),
        ("UTF-8 in target", "GET /ä HTTP/1.1\r\nHost: x\r\n\r\n".as_bytes(), "0 GET /\\xc3\\xa4"),
        ("Latin-1 in target", b"GET /\xe4 HTTP/1.1\r\nHost: x\r\n\r\n", "0 GET /\\xe4 !non_utf8_target"),
        ("version 1.2", b"GET / HTTP/1.2\r\nHost: x\r\n\r\n", "0 GET / !bad_version"),
        ("version in lower case", b"GET / http/1.1\r\nHost: x\r\n\r\n", "0 GET / !bad_version"),
        ("two spaces", b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", "0 GET / !bad_request_line"),
        ("unknown method", b"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n", "0 BREW /pot"),
        ("absolute form", b"GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n", "0 GET http://a/b"),
        ("asterisk form", b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "0 OPTIONS *"),
        ("space before colon", b"GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", "0 GET / !bad_header"),
        ("no colon", b"GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", "0 GET / !bad_header"),
        ("NUL in a value", b"GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", "0 GET / !bad_header"),
        ("obs-fold", b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", "0 GET / !obs_fold"),
        ("HTTP/0.9", b"GET /old\r\n", "0 GET /old !http09"),
    ];
    for (name, bytes, expected) in cases {
        case(name, &[i(bytes)], expected);
    }
    assert_eq!(cases.len(), 22);
}

#[test]
fn malformed_lines_on_a_connection_that_speaks_http() {
    let good = i("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    case(
        "a leftover of a smuggled body",
        &[good.clone(), o(OK), i("x=1\r\n\r\n"), o("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"), CLOSE],
        "0 GET /
         0 <- 200 [ok]
         1 x=1  !bad_request_line
         1 <- 400",
    );
    case(
        "answered before its head is complete",
        &[good, o(OK), i("GARBAGE\r\n"), o("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"), CLOSE],
        "0 GET /
         0 <- 200 [ok]
         1 GARBAGE  ~ !bad_request_line !head_unfinished
         1 <- 400",
    );
}

#[test]
fn folded_and_bad_fields_are_listed() {
    let mut connection = Connection::new(Limits::default(), true);
    let head = "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\tc\r\n  d\r\nBad Name: v\r\nE: f\r\n\r\n";
    let out = feed(&mut connection, &[i(head)], usize::MAX);
    let [Output::Request(r)] = out.as_slice() else { panic!("{out:?}") };
    let fields: Vec<_> = r.headers.iter().map(|h| (&h.name[..], &h.value[..])).collect();
    let expected: &[(&[u8], &[u8])] = &[(b"Host", b"x"), (b"A", b"b c d"), (b"Bad Name", b"v"), (b"E", b"f")];
    assert_eq!(fields, expected);
}

#[test]
fn a_field_that_is_malformed_does_not_frame() {
    case(
        "Content-Length with a space before the colon",
        &[i(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 27\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n",
        )],
        "0 POST / !bad_header
         1 GET /next",
    );
}

#[test]
fn large_heads() {
    let many: String = (0..300).map(|n| format!("H{n}: v\r\n")).collect();
    let text = run(&[i(format!("POST / HTTP/1.1\r\nHost: x\r\n{many}Content-Length: 2\r\n\r\nab")), o(OK)]);
    assert_eq!(text, "0 POST / [ab] !too_many_headers\n0 <- 200 [ok]\n", "fields beyond the cap still frame");

    let huge = format!("GET / HTTP/1.1\r\nHost: x\r\nA: {}", "a".repeat(70_000));
    let answer = o("HTTP/1.1 431 Too large\r\nContent-Length: 0\r\n\r\n");
    for cut in [usize::MAX, 1000, 1] {
        let text = run_with(Limits::default(), true, &[i(&huge), answer.clone(), CLOSE], cut);
        let (head, rest) = text.split_at(40);
        assert_eq!(head, "0 GET / [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        assert!(rest.ends_with("] ~ !head_too_large\n0 <- 431\n"), "{rest}");
    }

    let long_target = format!("GET /{}", "a".repeat(9000));
    let text = run(&[i(long_target), o("HTTP/1.1 414 Too long\r\nContent-Length: 0\r\n\r\n"), CLOSE]);
    assert!(text.ends_with(" ~ !head_unfinished\n0 <- 414\n"), "{text}");
}

#[test]
fn heads_that_stop() {
    case("no line", &[i("GE"), CLOSE], "");
    case("no target", &[i("GET "), CLOSE], "");
    case(
        "closed in the line",
        &[i("GET /a"), CLOSE],
        "0 GET /a ~ !head_unfinished
        0 <- nothing: closed",
    );
    case(
        "closed in the fields",
        &[i("GET /a HTTP/1.1\r\nHost: x\r\nA: b"), CLOSE],
        "0 GET /a ~ !head_unfinished
        0 <- nothing: closed",
    );
}

#[test]
fn responses_leniently() {
    let get = i("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let cases: &[(&str, &[u8], &str)] = &[
        ("no reason", b"HTTP/1.1 204\r\n\r\n", "0 <- 204"),
        ("1.0", b"HTTP/1.0 404 Not Found\r\nContent-Length: 1\r\n\r\nx", "0 <- 404 [x]"),
        ("bare LF", b"HTTP/1.1 200 OK\nContent-Length: 1\n\nx", "0 <- 200 [x] !bare_lf"),
        (
            "bad field",
            b"HTTP/1.1 200 OK\r\nBad Name: 1\r\nContent-Length: 1\r\n\r\nx",
            "0 <- 200 [x] !bad_header",
        ),
        ("empty line before", b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "0 <- 200 [x]"),
    ];
    for (name, bytes, expected) in cases {
        case(name, &[get.clone(), o(bytes), CLOSE], &format!("0 GET /\n{expected}"));
    }
    assert_eq!(cases.len(), 5);
}
