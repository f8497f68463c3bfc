//! Collections over several transactions.

use std::{sync::Arc, thread};

use super::{engine, get, shown};
use crate::{
    http::{self, Limits},
    rules::program::{
        collections::Collections,
        engine::Engine,
        run::{Facts, Scratch},
    },
};

const START: i64 = 1_700_000_000;

/// Transactions in their order: seconds since the start, the last number of the client's address, the target.
fn told(engine: &Engine, requests: &[(i64, u8, &str)]) -> Vec<String> {
    let mut scratch = Scratch::default();
    let one = |&(at, client, target): &(i64, u8, &str)| {
        let exchange = http::exchange(get(target).as_bytes(), None, Limits::default());
        let facts = Facts::of_client([192, 0, 2, client].into(), START + at);
        shown(&engine.judge(&exchange.request, None, &facts, &mut scratch))
    };
    requests.iter().map(one).collect()
}

const OPEN: &str = "SecAction \"id:900,phase:1,nolog,initcol:ip=%{REMOTE_ADDR}\"\n";

#[test]
fn scripts_over_transactions() {
    type Case<'c> = (&'c str, &'c str, &'c [(i64, u8, &'c str, &'c str)]);
    let cases: &[Case<'_>] = &[
        (
            "counted by address",
            r#"SecAction "id:1,phase:1,setvar:ip.n=+1,msg:'%{ip.n}'""#,
            &[(0, 1, "/", "1(1)"), (1, 1, "/", "1(2)"), (1, 2, "/", "1(1)"), (2, 1, "/", "1(3)")],
        ),
        (
            "a value, read before it is written",
            r#"SecRule IP:last "!@streq ''" "id:1,phase:1,msg:'%{IP.LAST}'"
SecAction "id:2,phase:1,nolog,setvar:'ip.last=%{REQUEST_URI}'""#,
            &[(0, 1, "/a", ""), (1, 1, "/b", "1(/a)"), (2, 1, "/c", "1(/b)")],
        ),
        (
            "taken away",
            r#"SecRule &IP:n "@eq 0" "id:1,phase:1,setvar:ip.n=5"
SecRule ARGS:gone "@eq 1" "id:2,phase:1,nolog,setvar:!ip.n""#,
            &[(0, 1, "/", "1"), (0, 1, "/", ""), (0, 1, "/?gone=1", ""), (0, 1, "/", "1")],
        ),
        (
            "expired",
            r#"SecRule IP:block "@eq 1" "id:1,phase:1,deny"
SecRule ARGS:bad "@eq 1" "id:2,phase:1,nolog,setvar:ip.block=1,expirevar:ip.block=60""#,
            &[
                (0, 1, "/?bad=1", ""),
                (59, 1, "/", "1 denied by 1 with 403"),
                (59, 2, "/", ""),
                (60, 1, "/", ""),
            ],
        ),
        (
            "a time that is filled in",
            r#"SecAction "id:3,phase:1,nolog,setvar:tx.for=10"
SecRule IP:block "@eq 1" "id:1,phase:1"
SecRule ARGS:bad "@eq 1" "id:2,phase:1,nolog,setvar:ip.block=1,expirevar:ip.block=%{tx.for}""#,
            &[(0, 1, "/?bad=1", ""), (9, 1, "/", "1"), (10, 1, "/", "")],
        ),
        (
            "goes down",
            r#"SecRule ARGS:add "@ge 1" "id:1,phase:1,nolog,setvar:ip.score=+%{ARGS.add}"
SecAction "id:2,phase:1,deprecatevar:ip.score=60/300,msg:'%{ip.score}'""#,
            &[
                (0, 1, "/?add=100", "2(100)"),
                (299, 1, "/", "2(100)"),
                (300, 1, "/", "2(40)"),
                (601, 1, "/", "2(0)"),
            ],
        ),
        (
            "forgotten behind its timeout",
            "SecCollectionTimeout 100\nSecAction \"id:1,phase:1,setvar:ip.n=+1,msg:'%{ip.n} %{ip.is_new}'\"",
            &[
                (0, 1, "/", "1(1 1)"),
                (99, 1, "/", "1(2 0)"),
                (198, 1, "/", "1(3 0)"),
                (298, 1, "/", "1(1 1)"),
            ],
        ),
        (
            "a timeout of its own",
            r#"SecRule IP:IS_NEW "@eq 1" "id:1,phase:1,setvar:ip.timeout=10,setvar:ip.n=1,msg:'%{ip.timeout}'"
SecRule IP:TIMEOUT "@eq 10" "id:2,phase:1""#,
            &[(0, 1, "/", "1(10) 2"), (9, 1, "/", "2"), (10, 1, "/", "1(10) 2")],
        ),
        (
            "what a record tells of itself",
            r#"SecAction "id:1,phase:1,msg:'%{ip.key} %{ip.create_time} %{ip.last_update_time} %{ip.update_counter} %{ip.update_rate} %{ip.timeout}',setvar:ip.n=+1,setvar:ip.m=+1""#,
            &[
                (0, 1, "/", "1(192.0.2.1 1700000000 1700000000 0 0 3600)"),
                (10, 1, "/", "1(192.0.2.1 1700000000 1700000000 1 6 3600)"),
                (30, 1, "/", "1(192.0.2.1 1700000000 1700000010 2 4 3600)"),
            ],
        ),
        (
            "and does not let be changed",
            r#"SecAction "id:1,phase:1,setvar:ip.key=x,setvar:ip.is_new=7,setvar:!ip.create_time,setvar:ip.n=1,msg:'%{ip.key} %{ip.is_new} %{ip.create_time}'""#,
            &[(0, 1, "/", "1(192.0.2.1 1 1700000000)"), (5, 1, "/", "1(192.0.2.1 0 1700000000)")],
        ),
        (
            "all members",
            r#"SecRule &IP "@gt 0" "id:1,phase:1,msg:'%{MATCHED_VAR}'"
SecRule IP:/^n/ "@ge 1" "id:2,phase:1,msg:'%{MATCHED_VAR_NAME}'"
SecAction "id:3,phase:1,nolog,setvar:'ip.n_%{ARGS.x}=+1'""#,
            &[(0, 1, "/?x=A", "1(7)"), (1, 1, "/?x=b", "1(8) 2(IP:n_a)"), (2, 1, "/", "1(9) 2(IP:n_b)")],
        ),
        (
            "the first one that is opened stays open",
            r#"SecAction "id:1,phase:1,nolog,initcol:ip=other"
SecAction "id:2,phase:1,msg:'%{ip.key}',setvar:ip.n=1""#,
            &[(0, 1, "/", "2(192.0.2.1)")],
        ),
        (
            "nothing is written where nothing is open",
            r#"SecAction "id:1,phase:1,nolog,setvar:session.n=+1,setvar:user.n=+1"
SecRule &SESSION:n|&USER:n "@gt 0" "id:2,phase:1""#,
            &[(0, 1, "/", ""), (0, 1, "/", "")],
        ),
        (
            "sessions",
            r#"SecRule ARGS:sid "@rx ." "id:1,phase:1,nolog,setsid:%{ARGS.sid}"
SecRule SESSIONID "@rx ." "id:2,phase:1,setvar:session.n=+1,msg:'%{SESSIONID} %{session.n} %{session.key}'""#,
            &[
                (0, 1, "/?sid=a", "2(a 1 a)"),
                (1, 2, "/?sid=a", "2(a 2 a)"),
                (2, 1, "/?sid=b", "2(b 1 b)"),
                (3, 1, "/", ""),
            ],
        ),
        (
            "users and resources",
            r#"SecAction "id:1,phase:1,nolog,setuid:%{ARGS.user},setrsc:%{REQUEST_FILENAME}"
SecAction "id:2,phase:1,setvar:user.n=+1,setvar:resource.n=+1,msg:'%{USERID} %{user.n} %{resource.key} %{resource.n}'""#,
            &[
                (0, 1, "/a?user=x", "2(x 1 /a 1)"),
                (0, 2, "/b?user=x", "2(x 2 /b 1)"),
                (0, 2, "/b?user=y", "2(y 1 /b 2)"),
            ],
        ),
        (
            "one for all",
            r#"SecAction "id:1,phase:1,initcol:global=global,setvar:global.n=+2,msg:'%{GLOBAL.n}'""#,
            &[(0, 1, "/", "1(2)"), (0, 2, "/", "1(4)")],
        ),
        (
            "down to below nothing",
            r#"SecAction "id:1,phase:1,setvar:ip.n=-3,msg:'%{ip.n}'""#,
            &[(0, 1, "/", "1(-3)"), (0, 1, "/", "1(-6)")],
        ),
    ];
    let mut ran = 0;
    for (name, script, requests) in cases {
        let engine = engine(&format!("{OPEN}{script}"));
        let sent: Vec<_> = requests.iter().map(|&(at, client, target, _)| (at, client, target)).collect();
        let expected: Vec<_> = requests.iter().map(|&(.., said)| said.to_owned()).collect();
        assert_eq!(told(&engine, &sent), expected, "{name}");
        ran += 1;
    }
    assert_eq!(ran, 17);
}

#[test]
fn applications_have_sessions_of_their_own() {
    let script = |application: &str| {
        engine(&format!(
            "SecWebAppId {application}\nSecAction \"id:1,phase:1,initcol:ip=x,setsid:s,setvar:ip.n=+1,\
             setvar:session.n=+1,msg:'%{{WEBAPPID}} %{{ip.n}} %{{session.n}}'\""
        ))
    };
    let (shop, blog) = (script("shop"), script("blog"));
    let mut scratch = Scratch::default();
    let mut ask = |engine: &Engine| {
        let exchange = http::exchange(get("/").as_bytes(), None, Limits::default());
        shown(&engine.judge(
            &exchange.request,
            None,
            &Facts::of_client([192, 0, 2, 1].into(), START),
            &mut scratch,
        ))
    };
    let said = [ask(&shop), ask(&blog), ask(&shop)];
    assert_eq!(said, ["1(shop 1 1)", "1(blog 2 1)", "1(shop 3 2)"]);
}

/// A response that comes late goes on with the record its request has opened, whatever came in between.
#[test]
fn responses_go_on_with_the_record_of_their_request() {
    let engine = engine(&format!(
        "{OPEN}SecAction \"id:1,phase:1,nolog,setvar:ip.requests=+1\"\n\
         SecRule RESPONSE_STATUS \"@streq 404\" \"id:2,phase:3,setvar:ip.missing=+1,msg:'%{{ip.missing}} of %{{ip.requests}}'\""
    ));
    let response = b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n";
    let exchange = http::exchange(get("/").as_bytes(), Some(response), Limits::default());
    let mut scratch = Scratch::default();
    let facts = |client: u8| Facts::of_client([192, 0, 2, client].into(), START);
    let mut saved = Vec::new();
    for client in [1, 2, 1] {
        saved.push(engine.judge_request(&exchange.request, &facts(client), &mut scratch).1.unwrap());
    }
    let said: Vec<_> = saved
        .into_iter()
        .map(|saved| {
            shown(&engine.judge_response(&exchange.request, *saved, exchange.response.as_ref(), &mut scratch))
        })
        .collect();
    assert_eq!(said, ["2(1 of 1)", "2(1 of 1)", "2(2 of 2)"]);
}

#[test]
fn workers_share_what_they_keep() {
    const WORKERS: usize = 4;
    const EACH: usize = 500;
    let engine = engine(&format!("{OPEN}SecAction \"id:1,phase:1,setvar:ip.n=+1,msg:'%{{ip.n}}'\""));
    let kept = Arc::new(Collections::default());
    let ask = |scratch: &mut Scratch| {
        let exchange = http::exchange(get("/").as_bytes(), None, Limits::default());
        shown(&engine.judge(
            &exchange.request,
            None,
            &Facts::of_client([192, 0, 2, 1].into(), START),
            scratch,
        ))
    };
    let mut said: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| {
                let mut scratch = Scratch::sharing(Arc::clone(&kept));
                let ask = &ask;
                scope.spawn(move || (0..EACH).map(|_| ask(&mut scratch)).collect::<Vec<_>>())
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    // Each sum was seen by exactly one transaction.
    said.sort();
    let mut expected: Vec<_> = (1..=WORKERS * EACH).map(|n| format!("1({n})")).collect();
    expected.sort();
    assert_eq!(said, expected);
    assert_eq!(kept.stats().records, 1);
}
