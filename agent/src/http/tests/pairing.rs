//! Which response answers which request, while nothing is lost.

use super::*;

fn get(path: &str) -> Step {
    i(format!("GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n"))
}

#[test]
fn keep_alive_and_pipelining() {
    case(
        "one after the other",
        &[get("a"), o(OK), get("b"), o(OK), CLOSE],
        "0 GET /a\n0 <- 200 [ok]\n1 GET /b\n1 <- 200 [ok]",
    );
    let both = "GET /a HTTP/1.1\r\nHost: x\r\n\r\nHEAD /b HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\n\r\n";
    let answers = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 201 OK\r\nContent-Length: 1\r\n\r\nHTTP/1.1 202 OK\r\nContent-Length: 1\r\n\r\nc";
    case(
        "all at once",
        &[i(both), o(answers), CLOSE],
        "0 GET /a\n1 HEAD /b\n2 GET /c\n0 <- 200 [a]\n1 <- 201\n2 <- 202 [c]",
    );
    case(
        "closed before all are answered",
        &[get("a"), get("b"), o(OK), CLOSE],
        "0 GET /a\n1 GET /b\n0 <- 200 [ok]\n1 <- nothing: closed",
    );
}

#[test]
fn interim_responses_are_passed_over() {
    case(
        "100 and 103",
        &[
            i("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"),
            o("HTTP/1.1 100 Continue\r\n\r\n"),
            i("abc"),
            o("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            CLOSE,
        ],
        "0 POST / [abc]\n0 <- 200 [ok]",
    );
}

#[test]
fn an_expectation_may_be_refused() {
    let expect = i("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    let refused = o("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(
        run(&[expect.clone(), refused.clone(), get("n"), o(OK), CLOSE]),
        "0 POST / ~\n0 <- 417\n1 GET /n\n1 <- 200 [ok]\n",
        "the body is not sent"
    );
    assert_eq!(
        run(&[expect.clone(), refused.clone(), i("abc"), get("n"), o(OK), CLOSE]),
        "0 POST / ~\n0 <- 417\n1 GET /n\n1 <- 200 [ok]\n",
        "the body is sent all the same"
    );
    assert_eq!(
        run(&[expect, i("a"), refused, i("bc"), get("n"), o(OK), CLOSE]),
        "0 POST / [abc]\n0 <- 417\n1 GET /n\n1 <- 200 [ok]\n",
        "the body was on its way"
    );
}

#[test]
fn answers_before_the_request_is_complete() {
    let post = i("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
    let refused = o("HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n");
    case(
        "the request goes on",
        &[post.clone(), refused.clone(), i("def"), get("n"), o(OK), CLOSE],
        "0 POST / [abcdef]\n0 <- 413\n1 GET /n\n1 <- 200 [ok]",
    );
    case(
        "the connection is closed",
        &[post.clone(), refused, CLOSE],
        "0 POST / [abc] ~ !body_unfinished\n0 <- 413",
    );
    case(
        "an upgrade in between",
        &[post, o("HTTP/1.1 101 Now\r\n\r\n"), CLOSE],
        "0 POST / [abc] ~\n0 <- 101\nignore upgraded",
    );
}

#[test]
fn a_response_nobody_asked_for() {
    let timeout = o("HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(run(&[get("a"), o(OK), timeout.clone(), CLOSE]), "0 GET /a\n0 <- 200 [ok]\n");
    assert_eq!(
        run(&[get("a"), o(OK), timeout, get("b"), o(OK), get("c"), o(OK), CLOSE]),
        "0 GET /a\n0 <- 200 [ok]\n1 GET /b\n1 <- 200 [ok]\n2 GET /c\n2 <- 200 [ok]\n",
    );
}

#[test]
fn pipelining_has_a_bound() {
    let limits = Limits { pipelined: 2, ..Limits::default() };
    let ok = o([OK, OK, OK].concat());
    let text =
        run_with(limits, true, &[get("a"), get("b"), get("c"), ok, get("d"), o(OK), CLOSE], usize::MAX);
    assert_eq!(
        text,
        "0 GET /a\n1 GET /b\n2 GET /c\n2 <- nothing: too_many_pipelined\n0 <- 200 [ok]\n1 <- 200 [ok]\n\
         3 GET /d\n3 <- nothing: too_many_pipelined\n"
    );
}

#[test]
fn the_end_of_a_direction_ends_what_waits_for_it() {
    let mut connection = Connection::new(Limits::default(), true);
    let mut out = feed(&mut connection, &[get("a"), o("HTTP/1.0 200 OK\r\n\r\npage")], usize::MAX);
    assert_eq!(spell(&out), "0 GET /a\n");
    connection.ended(Direction::Egress, 9, &mut out);
    connection.close(10, &mut out);
    assert_eq!(spell(&out), "0 GET /a\n0 <- 200 [page]\n");
}
