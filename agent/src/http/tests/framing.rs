//! Where bodies end.

use super::*;

fn post(fields: &str, body: &str) -> Step {
    i(format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\n{body}"))
}

#[test]
fn request_bodies() {
    let next = "GET /n HTTP/1.1\r\nHost: x\r\n\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n";
    let cases: &[(&str, &str, String, &str)] = &[
        ("length", "Content-Length: 5\r\n", format!("a=b&c{next}"), "0 POST / [a=b&c]\n1 GET /n"),
        ("length 0", "Content-Length: 0\r\n", next.into(), "0 POST /\n1 GET /n"),
        ("none", "", next.into(), "0 POST /\n1 GET /n"),
        (
            "same twice",
            "Content-Length: 1, 1\r\n",
            format!("a{next}"),
            "0 POST / [a] !duplicate_content_length\n1 GET /n",
        ),
        (
            "same in two fields",
            "Content-Length: 1\r\nContent-Length: 1\r\n",
            format!("a{next}"),
            "0 POST / [a] !duplicate_content_length\n1 GET /n",
        ),
        ("chunks", chunked, format!("1\r\na\r\n2\r\nbc\r\n0\r\n\r\n{next}"), "0 POST / [abc]\n1 GET /n"),
        (
            "chunk size in hex",
            chunked,
            format!("00000A\r\n0123456789\r\n0\r\n\r\n{next}"),
            "0 POST / [0123456789]\n1 GET /n",
        ),
        ("extensions", chunked, format!("1;a=b;c=\"d\"\r\na\r\n0;x\r\n\r\n{next}"), "0 POST / [a]\n1 GET /n"),
        (
            "space behind the size",
            chunked,
            format!("1 \r\na\r\n0 ; x\r\n\r\n{next}"),
            "0 POST / [a]\n1 GET /n",
        ),
        ("bare LF in chunks", chunked, format!("1\na\n0\n\n{next}"), "0 POST / [a] !bare_lf\n1 GET /n"),
        ("no chunk", chunked, format!("0\r\n\r\n{next}"), "0 POST /\n1 GET /n"),
        (
            "case of the name",
            "tRansfer-encoding: Chunked\r\n",
            format!("1\r\na\r\n0\r\n\r\n{next}"),
            "0 POST / [a]\n1 GET /n",
        ),
        (
            "both: chunked wins",
            "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
            format!("1\r\na\r\n0\r\n\r\n{next}"),
            "0 POST / [a] !conflicting_length\n1 GET /n",
        ),
        (
            "identity before chunked",
            "Transfer-Encoding: identity, chunked\r\n",
            format!("1\r\na\r\n0\r\n\r\n{next}"),
            "0 POST / [a] ~ !bad_transfer_encoding !bad_content_encoding\n1 GET /n",
        ),
    ];
    for (name, fields, body, expected) in cases {
        case(name, &[post(fields, body)], expected);
    }
    assert_eq!(cases.len(), 14);
}

/// Where the end can't be told, all that comes is judged as the body, until the service answers.
#[test]
fn ambiguous_request_bodies() {
    let cases: &[(&str, &str, &str, &str)] = &[
        ("not a number", "Content-Length: +5\r\n", "ab=cd", "[ab=cd] !bad_content_length"),
        ("hexadecimal", "Content-Length: 0x5\r\n", "ab=cd", "[ab=cd] !bad_content_length"),
        ("too large", "Content-Length: 99999999999999999999\r\n", "ab", "[ab] !bad_content_length"),
        (
            "two that differ",
            "Content-Length: 1\r\nContent-Length: 2\r\n",
            "ab",
            "[ab] !duplicate_content_length !bad_content_length",
        ),
        (
            "unknown coding",
            "Transfer-Encoding: xchunked\r\n",
            "0\r\n\r\nX",
            "[0\\r\\n\\r\\nX] ~ !bad_transfer_encoding !bad_content_encoding",
        ),
        (
            "chunked not last",
            "Transfer-Encoding: chunked, gzip\r\n",
            "ab",
            "[ab] ~ !bad_transfer_encoding !bad_content_encoding",
        ),
        ("chunked twice", "Transfer-Encoding: chunked, chunked\r\n", "ab", "[ab] !bad_transfer_encoding"),
        ("bad size", "Transfer-Encoding: chunked\r\n", "1\r\na\r\nxyz\r\n", "[axyz\\r\\n] !bad_chunk_size"),
        ("negative size", "Transfer-Encoding: chunked\r\n", "-1\r\na", "[-1\\r\\na] !bad_chunk_size"),
        (
            "size beyond 64 bits",
            "Transfer-Encoding: chunked\r\n",
            "11111111111111111\r\na",
            "[1\\r\\na] !bad_chunk_size",
        ),
        ("no end of data", "Transfer-Encoding: chunked\r\n", "1\r\nabc", "[abc] !bad_chunk_end"),
    ];
    for (name, fields, body, expected) in cases {
        let answer = o("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n");
        let again = i("GET /again HTTP/1.1\r\nHost: x\r\n\r\n");
        let steps = [post(fields, body), answer, again, o(OK), CLOSE];
        let expected = format!("0 POST / {expected}\n0 <- 400\n1 GET /again\n1 <- 200 [ok]\n");
        assert_eq!(run(&steps), expected, "{name}");
    }
    assert_eq!(cases.len(), 11);
}

#[test]
fn trailers_stand_behind_the_fields() {
    let body = "1\r\na\r\n0\r\nX-Sum: 1\r\nContent-Length: 99\r\n\r\nGET /n HTTP/1.1\r\nHost: x\r\n\r\n";
    for cut in [usize::MAX, 1, 3] {
        let mut connection = Connection::new(Limits::default(), true);
        let out = feed(&mut connection, &[post("Transfer-Encoding: chunked\r\n", body)], cut);
        let [Output::Request(r), Output::Request(next)] = out.as_slice() else { panic!("{out:?}") };
        assert_eq!(r.header("x-sum").map(|v| &v[..]), Some(&b"1"[..]));
        assert_eq!(r.headers.len(), 4);
        assert_eq!(r.anomalies, [], "a length in a trailer frames nothing");
        assert_eq!((r.body.wire_len, &next.target[..]), (1, &b"/n"[..]));
    }
}

#[test]
fn response_bodies() {
    let get = i("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let head = i("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    let cases: &[(&str, &Step, &str, &str)] = &[
        ("length", &get, "200 OK\r\nContent-Length: 3\r\n\r\nabc", "200 [abc]"),
        ("chunks", &get, "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "200 [abc]"),
        ("until close", &get, "200 OK\r\n\r\nabc", "200 [abc]"),
        ("until close, empty", &get, "200 OK\r\n\r\n", "200"),
        (
            "coding without chunked: until close",
            &get,
            "200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            "200 !bad_transfer_encoding",
        ),
        (
            "bad length: until close",
            &get,
            "200 OK\r\nContent-Length: x\r\n\r\nabc",
            "200 [abc] !bad_content_length",
        ),
        ("204", &get, "204 No Content\r\nContent-Length: 3\r\n\r\n", "204"),
        ("304", &get, "304 Not Modified\r\nContent-Length: 3\r\n\r\n", "304"),
        ("to HEAD", &head, "200 OK\r\nContent-Length: 3\r\n\r\n", "200"),
        ("to HEAD, chunked", &head, "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "200"),
        ("cut off", &get, "200 OK\r\nContent-Length: 3\r\n\r\na", "200 [a] ~"),
        ("cut off in the head", &get, "200 OK\r\nContent-Le", "200 ~"),
    ];
    for (name, request, response, expected) in cases {
        let method = if std::ptr::eq(*request, &head) { "HEAD" } else { "GET" };
        let steps = [(*request).clone(), o(format!("HTTP/1.1 {response}")), CLOSE];
        case(name, &steps, &format!("0 {method} /\n0 <- {expected}"));
    }
    assert_eq!(cases.len(), 12);
}

#[test]
fn bodies_over_the_limit_are_handed_on_early() {
    let limits = Limits { request_body: 10, response_body: 5, ..Limits::default() };
    let big = post("Content-Length: 100000\r\n", "0123456789AB");
    let mut connection = Connection::new(limits, true);
    let mut out = feed(&mut connection, &[big], usize::MAX);
    assert_eq!(spell(&out), "0 POST / [0123456789] ~\nskip in 99988\n");
    let Some(Output::Request(r)) = out.first() else { panic!() };
    assert_eq!(r.body.wire_len, 100_000);
    assert_eq!(connection.unneeded(Direction::Ingress), 99_988);

    let rest = [
        Step::Gap(Direction::Ingress, 99_900, true),
        i(vec![b'z'; 88]),
        o("HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n0123456789"),
        Step::Gap(Direction::Egress, 49_990, true),
        i("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n"),
        o("HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n"),
        o("0\r\n\r\n"),
        i("GET /3 HTTP/1.1\r\nHost: x\r\n\r\n"),
        o(OK),
        CLOSE,
    ];
    out = feed(&mut connection, &rest, usize::MAX);
    assert_eq!(
        spell(&out),
        "0 <- 200 [01234] ~\nskip out 49990\n1 GET /2\n1 <- 404 [01234] ~\n2 GET /3\n2 <- 200 [ok]\n"
    );
}

#[test]
fn a_body_of_exactly_the_limit_is_not_cut() {
    let limits = Limits { request_body: 4, ..Limits::default() };
    for fields in
        ["Content-Length: 4\r\n\r\nabcd", "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"]
    {
        for cut in [usize::MAX, 1] {
            let steps = [i(format!("POST / HTTP/1.0\r\n{fields}")), o(OK)];
            let text = run_with(limits, true, &steps, cut);
            assert!(text.starts_with("0 POST / [abcd]") && !text.contains('~'), "{text}");
        }
    }
}

#[test]
fn long_skips_are_told_again() {
    let limits = Limits { response_body: 0, ..Limits::default() };
    let huge = "HTTP/1.1 200 OK\r\nContent-Length: 5368709120\r\n\r\n";
    let mut connection = Connection::new(limits, true);
    let gib = 1_u32 << 30;
    let steps = [
        i("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        o(huge),
        Step::Gap(Direction::Egress, gib - 5, true),
        o("abcde"),
        o("f"),
    ];
    let out = feed(&mut connection, &steps, usize::MAX);
    assert_eq!(spell(&out), format!("0 GET /\n0 <- 200 ~\nskip out {gib}\nskip out {gib}\n"));
    // The tap skips to the end: 4 GiB - 1 are left, told modulo 2^32.
    let steps = [
        Step::Gap(Direction::Egress, u32::MAX, true),
        i("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n"),
        o("HTTP/1.1 204 No\r\n\r\n"),
    ];
    assert_eq!(spell(&feed(&mut connection, &steps, usize::MAX)), "1 GET /2\n1 <- 204\n");
}
