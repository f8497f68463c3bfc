//! The first bytes: is it HTTP, and where does it become something else?

use super::*;

#[test]
fn other_protocols_are_ignored_at_once() {
    let cases: &[(&str, Step, &str)] = &[
        ("TLS", i(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), "not_http"),
        ("SSH client", i("SSH-2.0-OpenSSH_9.2\r\n"), "not_http"),
        ("SSH server first", o("SSH-2.0-OpenSSH_9.2\r\n"), "not_http"),
        ("SMTP server first", o("220 mail.example ESMTP\r\n"), "not_http"),
        ("Redis", i("*1\r\n$4\r\nPING\r\n"), "not_http"),
        ("Redis inline", i("PING\r\n"), "not_http"),
        ("memcached", i("get key\r\n"), "not_http"),
        ("PostgreSQL", i(b"\0\0\0\x08\x04\xd2\x16\x2f"), "not_http"),
        ("HTTP/2", i("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "http2"),
        ("SIP", i("OPTIONS sip:nm SIP/2.0\r\nVia: x\r\n\r\n"), "not_http"),
        ("RTSP", i("OPTIONS / RTSP/1.0\r\n\r\n"), "not_http"),
        ("JSON lines", i("{\"id\": 1}\n"), "not_http"),
    ];
    for (name, step, reason) in cases {
        case(name, &[step.clone(), i("more"), o("more"), CLOSE], &format!("ignore {reason}"));
    }
    assert_eq!(cases.len(), 12);
}

#[test]
fn a_service_that_does_not_answer_in_http() {
    case(
        "Redis asked in HTTP",
        &[i("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), o("-ERR unknown command\r\n"), CLOSE],
        "0 GET /
         0 <- nothing: not_http
         ignore not_http",
    );
    case(
        "HTTP/0.9",
        &[i("GET /old\r\n"), o("<html>"), CLOSE],
        "0 GET /old !http09
         0 <- nothing: http09
         ignore http09",
    );
    case(
        "HTTP/0.9 refused in 1.1",
        &[i("GET /old\r\n"), o("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"), CLOSE],
        "0 GET /old !http09
         0 <- 400",
    );
}

#[test]
fn unknown_bytes_are_not_waited_for_without_end() {
    let mut connection = Connection::new(Limits::default(), true);
    let out = feed(&mut connection, &[i(format!("FOO {}", "x".repeat(9000)))], 100);
    assert_eq!(spell(&out), "ignore not_http\n");
    assert_eq!(connection.held(), 0);
}

#[test]
fn upgrades_and_tunnels() {
    case(
        "websocket",
        &[
            i("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"),
            o("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x01\x02"),
            i("GET / HTTP/1.1\r\n\r\n"),
            CLOSE,
        ],
        "0 GET /ws
         0 <- 101
         ignore upgraded",
    );
    case(
        "tunnel",
        &[
            i("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
            o("HTTP/1.1 200 Connected\r\n\r\n"),
            i("\x16\x03\x01"),
            CLOSE,
        ],
        "0 CONNECT a:443
         0 <- 200
         ignore tunnel",
    );
    let text = run(&[
        i("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
        o("HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n"),
        i("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        o(OK),
        CLOSE,
    ]);
    assert_eq!(text, "0 CONNECT a:443\n0 <- 405\n1 GET /\n1 <- 200 [ok]\n", "a tunnel refused");
}

#[test]
fn connections_older_than_the_agent() {
    let get = i("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    let older = |steps: &[Step]| run_with(Limits::default(), false, steps, usize::MAX);
    assert_eq!(older(&[get.clone(), o(OK), CLOSE]), "0 GET /a\n0 <- 200 [ok]\n", "between messages");
    assert_eq!(
        older(&[i("name=value&tail"), o(OK), get.clone(), o(OK), CLOSE]),
        "0 GET /a\n0 <- 200 [ok]\n",
        "in a request body"
    );
    assert_eq!(
        older(&[o("tail of a page"), o("HTTP/1.1 is nice"), get.clone(), o(OK), get.clone(), o(OK), CLOSE]),
        "0 GET /a\n0 <- 200 [ok]\n1 GET /a\n1 <- 200 [ok]\n",
        "in a response"
    );
    assert_eq!(
        older(&[i("GET is a word"), i(" HTTP/1.1\r\n"), get.clone(), o(OK), CLOSE]),
        "0 GET /a\n0 <- 200 [ok]\n",
        "text that looks like a beginning"
    );
    assert_eq!(
        older(&[i("GET /a HT"), i("TP/1.1\r\nHost: x\r\n\r\n"), o("HTT"), o("P/1.1 204 No\r\n\r\n"), CLOSE]),
        "0 GET /a\n0 <- 204\n",
        "heads over several pieces"
    );
    assert_eq!(older(&[o("SSH-2.0-x\r\n"), get, o(OK), CLOSE]), "0 GET /a\n0 <- 200 [ok]\n");
    let binary: Vec<Step> = (0..40).flat_map(|_| [i(b"\x17\x03\x03..."), o(b"\x17\x03\x03...")]).collect();
    assert_eq!(older(&binary), "ignore not_http\n", "TLS, at last");
}
