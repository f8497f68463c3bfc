//! Missing bytes: nothing is joined over a gap, and no response is paired on a guess.

use super::*;

fn get(path: &str) -> Step {
    i(format!("GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n"))
}

fn lost_in(len: u32) -> Step {
    Step::Gap(Direction::Ingress, len, false)
}

fn lost_out(len: u32) -> Step {
    Step::Gap(Direction::Egress, len, false)
}

#[test]
fn gaps_towards_the_service() {
    let post = |n| format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {n}\r\n\r\nabc");
    let chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let cases: &[(&str, Vec<Step>, &str)] = &[
        (
            "in a body with a length: exact",
            vec![i(post(10)), lost_in(4), i("xyzGET /n HTTP/1.1\r\nHost: x\r\n\r\n"), o(OK), o(OK), CLOSE],
            "0 POST / [abc] ~\n1 GET /n\n0 <- 200 [ok]\n1 <- 200 [ok]\n",
        ),
        (
            "to the end of a body: exact",
            vec![i(post(10)), lost_in(7), get("n"), o(OK), o(OK), CLOSE],
            "0 POST / [abc] ~\n1 GET /n\n0 <- 200 [ok]\n1 <- 200 [ok]\n",
        ),
        (
            "over the end of a body",
            vec![i(post(10)), o(OK), lost_in(60), get("n"), o(OK), CLOSE],
            "0 POST / [abc] ~\n0 <- 200 [ok]\n1 GET /n\n1 <- 200 [ok]\n",
        ),
        (
            "in the data of a chunk: exact",
            vec![i(chunked), i("a\r\nab"), lost_in(6), i("yz\r\n0\r\n\r\nGET /n HTTP/1.0\r\n\r\n"), CLOSE],
            "0 POST / [ab] ~\n1 GET /n\n0 <- nothing: closed\n1 <- nothing: closed\n",
        ),
        (
            "over the end of a chunk",
            vec![i(chunked), i("3\r\nab"), lost_in(6), i("yz\r\n0\r\n\r\n"), o(OK), get("n"), o(OK), CLOSE],
            "0 POST / [ab] ~\n0 <- 200 [ok]\n1 GET /n\n1 <- 200 [ok]\n",
        ),
        (
            "over the end of a chunk, the body's end and the next request in one piece",
            vec![
                i(chunked),
                i("3\r\nab"),
                o(OK),
                lost_in(6),
                i("yz\r\n0\r\n\r\nGET /n HTTP/1.0\r\n\r\n"),
                o(OK),
            ],
            "0 POST / [ab] ~\n0 <- 200 [ok]\n1 GET /n\n1 <- 200 [ok]\n",
        ),
        (
            "over the end of a chunk, an end of a body that is content",
            vec![
                i(chunked),
                i("3\r\nab"),
                o(OK),
                lost_in(6),
                i("10\r\n0\r\n\r\nGET x\r\nabcd\r\n0\r\n\r\nGET /n HTTP/1.0\r\n\r\n"),
                o(OK),
            ],
            "0 POST / [ab] ~\n0 <- 200 [ok]\n1 GET /n\n1 <- 200 [ok]\n",
        ),
        (
            "over the end of a chunk, nothing of a request behind the body",
            vec![i(chunked), i("3\r\nab"), o(OK), lost_in(6), i("yz\r\n0\r\n\r\n"), get("n"), o(OK)],
            "0 POST / [ab] ~\n0 <- 200 [ok]\n1 GET /n\n1 <- 200 [ok]\n",
        ),
        (
            "in a head: what came of it is judged",
            vec![i("GET /a HTTP/1.1\r\nHo"), lost_in(9), i("x: y\r\n\r\n"), o(OK), get("n"), o(OK), CLOSE],
            "0 GET /a ~\n0 <- 200 [ok]\n1 GET /n\n1 <- 200 [ok]\n",
        ),
        (
            "a whole request: its response is nobody's",
            vec![get("a"), o(OK), lost_in(30), o(OK), get("c"), o(OK), get("d"), o(OK), CLOSE],
            "0 GET /a\n0 <- 200 [ok]\n1 GET /c\n1 <- 200 [ok]\n2 GET /d\n2 <- 200 [ok]\n",
        ),
        (
            "noticed late: the response came first",
            vec![get("a"), o(OK), o(OK), lost_in(30), get("c"), o(OK), CLOSE],
            "0 GET /a\n0 <- 200 [ok]\n1 GET /c\n1 <- 200 [ok]\n",
        ),
        (
            "a request that comes after its response",
            vec![get("a"), o(OK), o(OK), get("late"), get("c"), o(OK), get("d"), CLOSE],
            "0 GET /a\n0 <- 200 [ok]\n1 GET /late\n2 GET /c\n1 <- nothing: gap\n2 <- nothing: gap\n3 GET /d\n3 <- nothing: closed\n",
        ),
        (
            "before pipelined requests: not certain",
            vec![get("a"), lost_in(30), get("b"), get("c"), o(OK), o(OK), o(OK), CLOSE],
            "0 GET /a\n1 GET /b\n2 GET /c\n0 <- 200 [ok]\n1 <- nothing: gap\n2 <- nothing: gap\n",
        ),
        (
            "before the first byte",
            vec![lost_in(0), i("value\r\n"), get("a"), o(OK), CLOSE],
            "0 GET /a\n0 <- 200 [ok]\n",
        ),
    ];
    for (name, steps, expected) in cases {
        assert_eq!(run(steps), *expected, "{name}");
    }
    assert_eq!(cases.len(), 14);
}

#[test]
fn gaps_from_the_service() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab";
    let cases: &[(&str, Vec<Step>, &str)] = &[
        (
            "in a body with a length: exact",
            vec![
                get("a"),
                o("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
                lost_out(4),
                o("xy"),
                get("b"),
                o(OK),
            ],
            "0 GET /a\n0 <- 200 [abc] ~\n1 GET /b\n1 <- 200 [ok]\n",
        ),
        (
            "in a chunked body, the rest skipped",
            vec![
                get("a"),
                o(chunked),
                get("b"),
                Step::Gap(Direction::Egress, 5000, true),
                o(OK),
                get("c"),
                o(OK),
            ],
            "0 GET /a\n1 GET /b\n0 <- 200 [ab] ~\n1 <- 200 [ok]\n2 GET /c\n2 <- 200 [ok]\n",
        ),
        (
            "in a body until close",
            vec![get("a"), o("HTTP/1.0 200 OK\r\n\r\npa"), lost_out(5), o("ge"), CLOSE],
            "0 GET /a\n0 <- 200 [pa] ~\n",
        ),
        (
            "in a head whose status is known",
            vec![get("a"), o("HTTP/1.1 404 No\r\nCont"), lost_out(5), o("ge"), get("b"), o(OK)],
            "0 GET /a\n0 <- 404 ~\n1 GET /b\n1 <- 200 [ok]\n",
        ),
        (
            "a whole response, noticed with the next",
            vec![get("a"), get("b"), lost_out(40), o(OK), get("c"), o(OK)],
            "0 GET /a\n1 GET /b\n0 <- nothing: gap\n1 <- nothing: gap\n2 GET /c\n2 <- 200 [ok]\n",
        ),
        (
            "the beginning of a response",
            vec![get("a"), lost_out(40), o("rest"), get("b"), o(OK)],
            "0 GET /a\n0 <- nothing: gap\n1 GET /b\n1 <- 200 [ok]\n",
        ),
        (
            "two records in one burst: the response is another's",
            vec![get("a"), lost_out(40), o(OK), lost_in(30), get("c"), o(OK)],
            "0 GET /a\n0 <- nothing: gap\n1 GET /c\n1 <- 200 [ok]\n",
        ),
        (
            "of a client that pipelines: never again certain",
            vec![get("a"), get("b"), o(OK), o(OK), get("c"), get("d"), lost_out(40), o(OK), get("e"), o(OK)],
            "0 GET /a\n1 GET /b\n0 <- 200 [ok]\n1 <- 200 [ok]\n2 GET /c\n3 GET /d\n2 <- nothing: gap\n\
             3 <- nothing: gap\n4 GET /e\n4 <- nothing: gap\n",
        ),
        (
            "while the request is still read",
            vec![i("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab"), lost_out(9), i("cd"), o(OK)],
            "0 POST / [abcd]\n0 <- nothing: gap\n",
        ),
    ];
    for (name, steps, expected) in cases {
        assert_eq!(run(steps), *expected, "{name}");
    }
    assert_eq!(cases.len(), 9);
}

#[test]
fn data_behind_a_gap_is_not_joined_to_a_body() {
    let text = run(&[
        i("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n<scr"),
        lost_in(3),
        i("ipt>"),
        CLOSE,
    ]);
    assert_eq!(text, "0 POST / [<scr] ~\n0 <- nothing: closed\n");
}
