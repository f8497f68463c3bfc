//! Scripts and what they make of requests.

mod crs;
mod differential;
mod kept;
mod passages;
mod plain;

use super::{
    compile::compile,
    engine::Engine,
    run::{Facts, Scratch},
    verdict::Verdict,
};
use crate::{
    http::{self, Limits},
    rules::seclang::{lower, read_text},
};

fn engine(script: &str) -> Engine {
    let script = read_text(script, "test").unwrap_or_else(|error| panic!("{error}\n{script}"));
    let program = lower::lower(&script.directives).unwrap_or_else(|error| panic!("{error}"));
    compile(&program, &|_, name| Err(format!("{name}: no files here")))
        .unwrap_or_else(|error| panic!("{error}"))
}

fn facts() -> Facts {
    Facts::of_client([192, 0, 2, 1].into(), 1_700_000_000)
}

fn judge(script: &str, request: &str, response: Option<&str>) -> Verdict {
    let exchange = http::exchange(request.as_bytes(), response.map(str::as_bytes), Limits::default());
    let mut scratch = Scratch::default();
    engine(script).judge(&exchange.request, exchange.response.as_ref(), &facts(), &mut scratch)
}

/// The rules that were told, with what they said: `1 2(message)`.
fn told(script: &str, request: &str) -> String {
    shown(&judge(script, request, None))
}

fn shown(verdict: &Verdict) -> String {
    let mut told: Vec<String> = verdict
        .hits
        .iter()
        .map(|hit| match hit.message.as_str() {
            "" => hit.rule.id.to_string(),
            message => format!("{}({message})", hit.rule.id),
        })
        .collect();
    if let Some((rule, status)) = &verdict.denied {
        told.push(format!("denied by {} with {status}", rule.id));
    }
    told.join(" ")
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Test\r\nX-A: 1\r\nX-B: 2\r\n\r\n")
}

fn post(kind: &str, body: &str) -> String {
    let len = body.len();
    format!("POST /p?q=1 HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {len}\r\n\r\n{body}")
}

#[test]
fn scripts() {
    let form = "application/x-www-form-urlencoded";
    let cases: &[(&str, &str, String, &str)] = &[
        ("a rule holds", r#"SecRule ARGS "@rx ^a+$" "id:1,phase:1""#, get("/?x=aaa"), "1"),
        ("and does not", r#"SecRule ARGS "@rx ^a+$" "id:1,phase:1""#, get("/?x=aab"), ""),
        ("negated", r#"SecRule ARGS "!@rx ^a+$" "id:1,phase:1""#, get("/?x=aab&y=a"), "1"),
        ("phase 1 knows no body", r#"SecRule ARGS:b "@streq 1" "id:1,phase:1""#, post(form, "b=1"), ""),
        ("phase 2 does", r#"SecRule ARGS:b "@streq 1" "id:1,phase:2""#, post(form, "b=1"), "1"),
        ("nolog", r#"SecRule ARGS "@rx a" "id:1,phase:1,nolog""#, get("/?x=a"), ""),
        (
            "names",
            r#"SecRule ARGS_NAMES "@streq x" "id:1,phase:1,msg:'%{MATCHED_VAR_NAME}'""#,
            get("/?x=a"),
            "1(ARGS_NAMES:x)",
        ),
        (
            "header by name",
            r#"SecRule REQUEST_HEADERS:x-b "@eq 2" "id:1,phase:1,msg:'%{MATCHED_VAR_NAME}'""#,
            get("/"),
            "1(REQUEST_HEADERS:X-B)",
        ),
        (
            "by expression",
            r#"SecRule REQUEST_HEADERS:/^x-/ "@ge 1" "id:1,phase:1,setvar:tx.n=+1,msg:'%{tx.n}'""#,
            get("/"),
            "1(2)",
        ),
        (
            "left out",
            r#"SecRule REQUEST_HEADERS:/^x-/|!REQUEST_HEADERS:X-A "@ge 1" "id:1,phase:1,setvar:tx.n=+1,msg:'%{tx.n}'""#,
            get("/"),
            "1(1)",
        ),
        (
            "counted",
            r#"SecRule &REQUEST_HEADERS:Nothing "@eq 0" "id:1,phase:1"
SecRule &ARGS "@eq 2" "id:2,phase:1""#,
            get("/?a=1&b=2"),
            "1 2",
        ),
        (
            "counted and transformed",
            r#"SecRule &TX:a "@ge 1" "id:1,phase:1,t:hexEncode"
SecRule &TX:a "@ge 1" "id:2,phase:1,t:lowercase""#,
            get("/"),
            "1",
        ),
        (
            "chain",
            r#"SecRule ARGS:a "@streq 1" "id:1,phase:1,chain"
SecRule ARGS:b "@streq 2" "t:none""#,
            get("/?a=1&b=2"),
            "1",
        ),
        (
            "broken chain",
            r#"SecRule ARGS:a "@streq 1" "id:1,phase:1,chain"
SecRule ARGS:b "@streq 2" "t:none""#,
            get("/?a=1&b=3"),
            "",
        ),
        (
            "set in a broken chain",
            r#"SecRule ARGS:a "@streq 1" "id:1,phase:1,chain,setvar:tx.seen=1"
SecRule ARGS:b "@streq 2"
SecRule TX:seen "@eq 1" "id:2,phase:1""#,
            get("/?a=1&b=3"),
            "2",
        ),
        (
            "skipAfter",
            r#"SecRule ARGS:a "@streq 1" "id:1,phase:1,nolog,skipAfter:END"
SecAction "id:2,phase:1"
SecMarker END
SecAction "id:3,phase:1""#,
            get("/?a=1"),
            "3",
        ),
        (
            "skip",
            r#"SecAction "id:1,phase:1,nolog,skip:1"
SecAction "id:2,phase:1"
SecAction "id:3,phase:1""#,
            get("/"),
            "3",
        ),
        (
            "arithmetic",
            r#"SecAction "id:1,phase:1,nolog,setvar:tx.a=5,setvar:tx.b=3,setvar:tx.a=+%{tx.b},setvar:tx.a=-1"
SecRule TX:A "@eq 7" "id:2,phase:1,msg:'%{tx.a}'""#,
            get("/"),
            "2(7)",
        ),
        (
            "unset",
            r#"SecAction "id:1,phase:1,nolog,setvar:tx.a=5,setvar:!tx.a"
SecRule &TX:a "@eq 0" "id:2,phase:1""#,
            get("/"),
            "2",
        ),
        (
            "a name that is filled in",
            r#"SecAction "id:1,phase:1,nolog,setvar:tx.host,setvar:'tx.%{tx.host}x=7'"
SecRule TX:1x "@eq 7" "id:2,phase:1""#,
            get("/"),
            "2",
        ),
        (
            "an argument that is filled in",
            r#"SecAction "id:1,phase:1,nolog,setvar:'tx.allowed=GET HEAD'"
SecRule REQUEST_METHOD "!@within %{tx.allowed}" "id:2,phase:1"
SecRule REQUEST_METHOD "@within %{tx.allowed}" "id:3,phase:1""#,
            get("/"),
            "3",
        ),
        (
            "captures",
            r#"SecRule ARGS "@rx ^(a)(b)?" "id:1,phase:1,capture,msg:'%{tx.0}|%{tx.1}|%{tx.2}'""#,
            get("/?x=abc"),
            "1(ab|a|b)",
        ),
        (
            "captures in a chain",
            r#"SecRule ARGS "@rx ^(\d+)$" "id:1,phase:1,capture,chain"
SecRule TX:1 "@gt 5" "t:none""#,
            get("/?x=7"),
            "1",
        ),
        (
            "MATCHED_VARS",
            r#"SecRule ARGS "@rx ^a" "id:1,phase:1,chain"
SecRule MATCHED_VARS "@rx b$" "t:none,msg:'%{MATCHED_VAR}'""#,
            get("/?x=a&y=ab&z=b"),
            "1(ab)",
        ),
        (
            "transformations",
            r#"SecRule ARGS "@streq <a>" "id:1,phase:1,t:none,t:urlDecodeUni,t:lowercase""#,
            get("/?x=%253CA%253e"),
            "1",
        ),
        (
            "multiMatch",
            r#"SecRule ARGS "@rx ^A|^a" "id:1,phase:1,t:none,t:lowercase,multiMatch,setvar:tx.n=+1,msg:'%{tx.n}'""#,
            get("/?x=Ab&y=ab"),
            "1(3)",
        ),
        (
            "removed at run time",
            r#"SecRule REQUEST_URI "@beginsWith /safe" "id:1,phase:1,nolog,ctl:ruleRemoveById=2"
SecRule ARGS "@contains evil" "id:2,phase:1"
SecRule ARGS "@contains evil" "id:3,phase:1,tag:'a/b'""#,
            get("/safe?x=evil"),
            "3",
        ),
        (
            "by tag",
            r#"SecAction "id:1,phase:1,nolog,ctl:ruleRemoveByTag=^a/"
SecRule ARGS "@contains evil" "id:2,phase:1"
SecRule ARGS "@contains evil" "id:3,phase:1,tag:'a/b'""#,
            get("/?x=evil"),
            "2",
        ),
        (
            "a target removed at run time",
            r#"SecAction "id:1,phase:1,nolog,ctl:ruleRemoveTargetById=2;ARGS:x"
SecRule ARGS "@contains evil" "id:2,phase:1,msg:'%{MATCHED_VAR_NAME}'""#,
            get("/?x=evil&y=evil"),
            "2(ARGS:y)",
        ),
        (
            "by message",
            r#"SecAction "id:1,phase:1,nolog,ctl:ruleRemoveByMsg=^Bad"
SecRule ARGS "@contains evil" "id:2,phase:1,msg:'Bad'"
SecRule ARGS "@contains evil" "id:3,phase:1,msg:'Not Bad'""#,
            get("/?x=evil"),
            "3(Not Bad)",
        ),
        (
            "targets by tag and message, for a whole chain",
            r#"SecAction "id:1,phase:1,nolog,ctl:ruleRemoveTargetByTag=^a$;ARGS:x,ctl:ruleRemoveTargetByMsg=two;ARGS:/^y/"
SecRule ARGS "@contains evil" "id:2,phase:1,tag:a,tag:b,logdata:x,msg:'%{MATCHED_VAR_NAME} one'"
SecRule ARGS:z "@contains evil" "id:3,phase:1,msg:'two',chain"
SecRule ARGS "@contains evil" "setvar:tx.n=+1"
SecRule TX:n "@eq 2" "id:4,phase:1""#,
            get("/?x=evil&y=evil&z=evil"),
            "2(ARGS:z one) 3(two) 4",
        ),
        (
            "what has no effect is taken",
            r#"SecAction "id:1,phase:1,ctl:auditEngine=Off,ctl:auditLogParts=+E,ctl:debugLogLevel=9,sanitiseArg:x,exec:/x""#,
            get("/"),
            "1",
        ),
        (
            "removed",
            r#"SecAction "id:1,phase:1"
SecAction "id:2,phase:1"
SecRuleRemoveById 2"#,
            get("/"),
            "1",
        ),
        (
            "target updated",
            r#"SecRule ARGS "@contains evil" "id:1,phase:1"
SecRuleUpdateTargetById 1 "!ARGS:x""#,
            get("/?x=evil"),
            "",
        ),
        (
            "action updated",
            r#"SecRule ARGS "@contains evil" "id:1,phase:1,msg:'a'"
SecRuleUpdateActionById 1 "msg:'b'""#,
            get("/?x=evil"),
            "1(b)",
        ),
        (
            "denied",
            r#"SecRule ARGS "@contains evil" "id:1,phase:1,deny,status:406"
SecAction "id:2,phase:2""#,
            get("/?x=evil"),
            "1 2 denied by 1 with 406",
        ),
        (
            "block is what SecDefaultAction says",
            r#"SecDefaultAction "phase:1,log,deny,status:400"
SecRule ARGS "@contains evil" "id:1,phase:1,block""#,
            get("/?x=evil"),
            "1 denied by 1 with 400",
        ),
        (
            "allow",
            r#"SecAction "id:1,phase:1,allow"
SecAction "id:2,phase:1"
SecAction "id:3,phase:2"
SecAction "id:4,phase:5""#,
            get("/"),
            "1 4",
        ),
        (
            "allow:phase",
            r#"SecAction "id:1,phase:1,allow:phase"
SecAction "id:2,phase:1"
SecAction "id:3,phase:2""#,
            get("/"),
            "1 3",
        ),
        (
            "ruleEngine off",
            r#"SecAction "id:1,phase:1,ctl:ruleEngine=Off"
SecAction "id:2,phase:1""#,
            get("/"),
            "1",
        ),
        (
            "JSON",
            r#"SecRule ARGS:json.a.b "@streq evil" "id:1,phase:2""#,
            post("application/json", r#"{"a":{"b":"evil"}}"#),
            "1",
        ),
        (
            "JSON that is none",
            r#"SecRule REQBODY_ERROR "@eq 1" "id:1,phase:2""#,
            post("application/json", "{"),
            "1",
        ),
        (
            "XML",
            r#"SecRule XML:/* "@contains evil" "id:1,phase:2"
SecRule XML://@* "@contains evil" "id:2,phase:2""#,
            post("text/xml", "<a b='evil'>good</a>"),
            "2",
        ),
        (
            "request line",
            r#"SecRule REQUEST_LINE "@streq GET /a?b HTTP/1.1" "id:1,phase:1"
SecRule REQUEST_URI "@streq /a?b" "id:2,phase:1"
SecRule REQUEST_FILENAME "@streq /a" "id:3,phase:1"
SecRule REQUEST_BASENAME "@streq a" "id:4,phase:1"
SecRule QUERY_STRING "@streq b" "id:5,phase:1"
SecRule REQUEST_PROTOCOL "@streq HTTP/1.1" "id:6,phase:1"
SecRule REMOTE_ADDR "@ipMatch 192.0.2.0/24" "id:7,phase:1""#,
            get("/a?b"),
            "1 2 3 4 5 6 7",
        ),
        (
            "an absolute target without a path",
            r#"SecRule REQUEST_URI "@streq /?x=/evil" "id:1,phase:1"
SecRule REQUEST_FILENAME "@streq /" "id:2,phase:1"
SecRule ARGS_GET:x "@streq /evil" "id:3,phase:1"
SecRule REQUEST_URI_RAW "@beginsWith http://" "id:4,phase:1""#,
            get("http://shop.example?x=/evil"),
            "1 2 3 4",
        ),
        (
            "braces behind a percent sign are no macro",
            r#"SecRule ARGS "@rx ^a%{2}$" "id:1,phase:1""#,
            get("/?x=a%25%25"),
            "1",
        ),
    ];
    let mut ran = 0;
    for (name, script, request, expected) in cases {
        assert_eq!(told(script, request), *expected, "{name}");
        ran += 1;
    }
    assert_eq!(ran, 46);
}

#[test]
fn responses_are_judged_with_what_the_request_left() {
    let script = r#"SecAction "id:1,phase:1,nolog,setvar:tx.a=1"
SecRule RESPONSE_STATUS "@eq 500" "id:2,phase:3,chain"
SecRule TX:a "@eq 1"
SecRule RESPONSE_BODY "@contains ORA-01" "id:3,phase:4"
SecRule RESPONSE_HEADERS:Server "@streq x" "id:4,phase:3""#;
    let response = "HTTP/1.1 500 No\r\nServer: x\r\nContent-Length: 8\r\n\r\nORA-0123";
    assert_eq!(shown(&judge(script, &get("/"), Some(response))), "2 4 3");
}

#[test]
fn nothing_is_left_over_for_the_next_transaction() {
    let engine = engine(
        r#"SecRule ARGS "@contains evil" "id:1,phase:1,setvar:tx.a=+1,ctl:ruleRemoveById=2,msg:'%{tx.a}'"
SecRule ARGS "@contains good" "id:2,phase:1""#,
    );
    let mut scratch = Scratch::default();
    let mut ask = |target: &str| {
        let exchange = http::exchange(get(target).as_bytes(), None, Limits::default());
        shown(&engine.judge(&exchange.request, None, &facts(), &mut scratch))
    };
    assert_eq!(ask("/?x=evil"), "1(1)");
    assert_eq!(ask("/?x=good"), "2");
    assert_eq!(ask("/?x=evil"), "1(1)");
}

#[test]
fn a_response_that_comes_later_is_judged_the_same() {
    let engine = engine(
        r#"SecRule ARGS:a "@streq 1" "id:1,phase:2,setvar:tx.a=+2,ctl:ruleRemoveById=4"
SecRule RESPONSE_STATUS "@streq 404" "id:2,phase:3,chain"
SecRule TX:a "@eq 2"
SecRule RESPONSE_STATUS "@streq 404" "id:3,phase:3,chain"
SecRule ARGS:a "@streq 1"
SecRule RESPONSE_STATUS "@streq 404" "id:4,phase:3""#,
    );
    let response = b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n";
    let exchange = http::exchange(get("/?a=1").as_bytes(), Some(response), Limits::default());
    let other = http::exchange(get("/?b=1").as_bytes(), None, Limits::default());
    let mut scratch = Scratch::default();
    let (now, saved) = engine.judge_request(&exchange.request, &facts(), &mut scratch);
    assert_eq!(shown(&now), "1");
    // Others come in between.
    assert_eq!(shown(&engine.judge(&other.request, None, &facts(), &mut scratch)), "");
    let later =
        engine.judge_response(&exchange.request, *saved.unwrap(), exchange.response.as_ref(), &mut scratch);
    let at_once = engine.judge(&exchange.request, exchange.response.as_ref(), &facts(), &mut scratch);
    assert_eq!(shown(&later), "1 2 3");
    assert_eq!(shown(&at_once), "1 2 3");
}

/// `SecUnicodeMapFile` says what `%uXXXX` is; the file stands beside the rules.
#[test]
fn the_unicode_map_of_a_file_is_asked() {
    let with = |settings: &str, file: &str| {
        let rule = "SecRule ARGS \"@streq b\" \"id:1,phase:1,t:none,t:urlDecodeUni\"";
        let script = read_text(format!("{settings}\n{rule}"), "test").unwrap();
        let program = lower::lower(&script.directives).map_err(|error| error.to_string())?;
        let read = |_: &_, name: &str| match name {
            "unicode.mapping" => Ok(file.as_bytes().to_vec()),
            _ => Err("no such file".to_owned()),
        };
        let engine = compile(&program, &read).map_err(|error| error.to_string())?;
        let exchange = http::exchange(get("/?x=%25u00e4").as_bytes(), None, Limits::default());
        let mut scratch = Scratch::default();
        Ok::<_, String>(shown(&engine.judge(&exchange.request, None, &facts(), &mut scratch)))
    };
    let file = "1250 (ANSI)\n00e4:61\n\n4711 (own)\n00e4:62\n";
    let cases = [
        ("", Ok("")),
        ("SecUnicodeMapFile unicode.mapping 1250", Ok("")),
        ("SecUnicodeMapFile unicode.mapping 4711", Ok("1")),
        ("SecUnicodeCodePage 4711\nSecUnicodeMapFile unicode.mapping", Ok("1")),
        ("SecUnicodeMapFile unicode.mapping 1250\nSecUnicodeMapFile unicode.mapping 4711", Ok("1")),
        (
            "SecUnicodeMapFile unicode.mapping 1",
            Err("test:1:1: SecUnicodeMapFile unicode.mapping: no code page 1 in it"),
        ),
        ("SecUnicodeMapFile other 4711", Err("test:1:1: SecUnicodeMapFile other: no such file")),
        ("SecUnicodeMapFile unicode.mapping x", Err("expected the number of a code page")),
        ("SecUnicodeMapFile unicode.mapping", Err("expected a code page behind it")),
    ];
    let mut ran = 0;
    for (settings, expected) in cases {
        match (with(settings, file), expected) {
            (Ok(told), Ok(expected)) => assert_eq!(told, expected, "{settings}"),
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{settings}: {error}"),
            (found, _) => panic!("{settings}: {found:?}"),
        }
        ran += 1;
    }
    assert_eq!(ran, 9);
    // Workers go from one engine to another.
    let rule = "SecRule ARGS \"@streq a\" \"id:1,phase:1,t:none,t:urlDecodeUni\"";
    let engine = engine(rule);
    assert_eq!(shown(&judge(rule, &get("/?x=%25u00e4"), None)), "1");
    assert_eq!(engine.rules(), 1);
}

/// libinjection reads so much of a transaction; what it did not read is counted, and its verdict the same with and
/// without answers that were kept.
#[test]
fn libinjection_has_a_share() {
    let engine = engine("SecRule ARGS \"@detectSQLi\" \"id:1,phase:2,msg:'%{MATCHED_VAR_NAME}'\"");
    // Worth reading and harmless: there is a quotation mark.
    let padded = |values: usize| -> String {
        (0..values).map(|n| format!("a{n}=it's+{}&", "x+".repeat(150))).collect()
    };
    let padding = padded(80);
    let attack = "1'+OR+'1'='1";
    let form = "application/x-www-form-urlencoded";
    let cases = [
        (format!("z={attack}"), "1(ARGS:z)", false),
        (format!("{}z={attack}", padded(20)), "1(ARGS:z)", false),
        (format!("{padding}z={attack}"), "", true),
        (format!("z={attack}&{padding}"), "1(ARGS:z)", true),
        // Nothing in it that libinjection would have to read.
        (format!("{}z={attack}", padding.replace('\'', "")), "1(ARGS:z)", false),
    ];
    let (mut fast, mut plain) = (Scratch::default(), Scratch::plain());
    let mut ran = 0;
    for (body, expected, cut) in cases {
        let exchange = http::exchange(post(form, &body).as_bytes(), None, Limits::default());
        for scratch in [&mut fast, &mut plain] {
            let before = scratch.stats;
            // The second time answers are there.
            for _ in 0..2 {
                let verdict = engine.judge(&exchange.request, None, &facts(), scratch);
                assert_eq!(shown(&verdict), expected, "{} bytes", body.len());
            }
            let after = scratch.stats;
            assert_eq!(after.injection_cut > before.injection_cut, cut, "{} bytes", body.len());
            assert_eq!(after.cut - before.cut, if cut { 2 } else { 0 });
        }
        ran += 1;
    }
    assert_eq!(ran, 5);
}

/// As many arguments as a request may have, each with a member of its own: found by hash, so that it takes no time that
/// grows with their square, and no more of them than there is room for.
#[test]
fn a_member_for_each_argument_is_no_burden() {
    const ARGUMENTS: usize = 16_000;
    let engine = engine(
        "SecRule ARGS \"@rx .\" \"id:1,phase:2,setvar:'tx.count_of_the_%{MATCHED_VAR_NAME}=+1',\\\n\
         ctl:ruleRemoveTargetById=2;ARGS:x,ctl:ruleRemoveById=3\"\n\
         SecRule TX:/^count_of/ \"@eq 1\" \"id:2,phase:2,setvar:tx.all=+1\"\n\
         SecAction \"id:4,phase:2,msg:'%{tx.all}'\"",
    );
    let body: String = (0..ARGUMENTS).map(|n| format!("argument{n:05}=1&")).collect();
    let limits = Limits { request_body: 1 << 20, ..Limits::default() };
    let form = "application/x-www-form-urlencoded";
    let exchange = http::exchange(post(form, &body).as_bytes(), None, limits);
    let mut scratch = Scratch::default();
    let verdict = engine.judge(&exchange.request, None, &facts(), &mut scratch);
    assert_eq!(shown(&verdict), "1 2 4(1024)");
    assert_eq!(scratch.stats.cut, 1, "it is told that not all were taken");
}
