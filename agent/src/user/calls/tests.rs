//! Bodies in, calls out.

use super::*;
use crate::http::{Exchange, Limits, exchange};

/// A call as a line: name, parameters, reply, answer.
fn line(call: &Call) -> String {
    let fields = |fields: &Fields| -> String {
        fields.iter().map(|f| format!(" {}={}", f.name.escape_ascii(), f.value.escape_ascii())).collect()
    };
    let name = call.name.escape_ascii();
    format!("{name}{} {:?}{}", fields(&call.parameters), call.reply, fields(&call.answer))
}

fn read_into(calls: &mut Calls, content_type: &str, body: &str, status: u16, answer: &str) {
    let request = format!(
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let response = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
    let Exchange { request, response } =
        exchange(request.as_bytes(), Some(response.as_bytes()), Limits::default());
    let mut fields = Fields::default();
    fields.body(content_type.as_bytes(), &request.body);
    let wanted =
        |name: &[u8]| name.to_ascii_lowercase().windows(3).any(|part| part == b"log" || part == b"wp.");
    calls.read(&request, &response.unwrap(), &fields, &wanted);
}

fn lines(content_type: &str, body: &str, status: u16, answer: &str) -> Vec<String> {
    let mut calls = Calls::default();
    read_into(&mut calls, content_type, body, status, answer);
    calls.iter().map(line).collect()
}

fn json(query: &str, variables: &str) -> String {
    format!(r#"{{"query":{},"variables":{variables}}}"#, serde_json::Value::from(query))
}

#[test]
fn documents() {
    // (document, variables, calls without what became of them)
    let cases: &[(&str, &str, &[&str])] = &[
        (r#"mutation { login(user: "bob", password: "x") { token } }"#, "{}", &["login user=bob password=x"]),
        (r#"{ login(user: "bob") }"#, "null", &["login user=bob"]),
        ("query { viewer { login } }", "{}", &[]),
        ("mutation($u: String!) { logIn(user: $u) }", r#"{"u": "bob"}"#, &["logIn user=bob"]),
        (
            "mutation Q($i: In) @live(x: [1]) { login(input: $i) @skip(if: false) { a(b: {c: 1}) } logout }",
            r#"{"i": {"email": "b@c", "deep": {"a": [1, 2]}}}"#,
            &["login input.email=b@c input.deep.a.array_0=1 input.deep.a.array_1=2", "logout"],
        ),
        (
            r#"mutation { a: login(user: "1"), b: login(user: "2") c: other login(user: "3") }"#,
            "{}",
            &["login user=1", "login user=2", "login user=3"],
        ),
        (
            r#"mutation($u: String = "default", $p: In = {pin: "1"}) { login(user: $u, in: $p) }"#,
            "{}",
            &["login user=default in.pin=1"],
        ),
        (r#"mutation($u: String = "default") { login(user: $u) }"#, r#"{"u": "sent"}"#, &["login user=sent"]),
        (
            r#"mutation { ...F ... on Mutation { login(user: "2") } ... @include(if: true) { login(user: "3") } ...F } fragment F on Mutation { login(user: "1") ...G } fragment G on Mutation { ...F }"#,
            "{}",
            &["login user=2", "login user=3", "login user=1"],
        ),
        (
            "# login(user: \"no\")\nmutation {\n  login(user: \"\"\"a \"b\" \\\"\"\" }\"\"\", list: [\"x\", {y: 1.5e-3}], flag: true, none: null, kind: ENUM)\n}",
            "{}",
            &[
                "login user=a \\\"b\\\" \\\"\\\"\\\" } list.array_0=x list.array_1.y=1.5e-3 flag=true none= kind=ENUM",
            ],
        ),
        (
            r#"mutation { login(user: "q\"\\\/\n\u00e4\u{1F600}\ud83d\ude00\ud83dz") }"#,
            "{}",
            &["login user=q\\\"\\\\/\\n\\xc3\\xa4\\xf0\\x9f\\x98\\x80\\xf0\\x9f\\x98\\x80\\xef\\xbf\\xbdz"],
        ),
        // What ends early or is wrong gives what stands before.
        (r#"mutation { login(user: "bob", password: "x"#, "{}", &["login user=bob password=x"]),
        (r#"mutation { login(user: "bob", ) ) } } ( ["#, "{}", &["login user=bob"]),
        ("mutation { login(user: $missing, x: [[[", "{}", &["login"]),
        ("", "{}", &[]),
        ("subscription {", "{}", &[]),
    ];
    for (document, variables, expected) in cases {
        let found = lines("application/json", &json(document, variables), 200, "");
        let expected: Vec<String> = expected.iter().map(|call| format!("{call} Missing")).collect();
        assert_eq!(found, expected, "{document}");
    }
    assert_eq!(cases.len(), 16);
}

#[test]
fn ways_to_send_a_document() {
    const LOGIN: &str = r#"mutation { login(user: "bob") }"#;
    const TWO: &str = r#"mutation A { login(user: "a") } mutation B { login(user: "b") }"#;
    let multipart = |text: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{text}\r\n--x--\r\n")
    };
    let cases = [
        ("application/graphql", LOGIN.to_owned(), vec!["login user=bob Missing"]),
        (
            "application/x-www-form-urlencoded",
            "query=mutation($u:S){login(user:$u)}&variables={\"u\":\"bob\"}".to_owned(),
            vec!["login user=bob Missing"],
        ),
        ("multipart/form-data; boundary=x", multipart(&json(LOGIN, "{}")), vec!["login user=bob Missing"]),
        (
            "application/json",
            format!("[{},{},{}]", json(LOGIN, "{}"), json("{ a }", "{}"), json("mutation($u:S){login(user:$u)}", r#"{"u":"eve"}"#)),
            vec!["login user=bob Missing", "login user=eve Missing"],
        ),
        (
            "application/json",
            serde_json::json!({"operationName": "B", "query": TWO}).to_string(),
            vec!["login user=b Missing"],
        ),
        ("application/json", serde_json::json!({"query": TWO}).to_string(), vec!["login user=a Missing"]),
        // A stored document.
        (
            "application/json",
            r#"{"operationName":"LogMeIn","variables":{"user":"bob"},"extensions":{"persistedQuery":{"version":1,"sha256Hash":"ab"}}}"#.to_owned(),
            vec!["LogMeIn user=bob Missing"],
        ),
        ("application/json", r#"{"query": 7, "variables": [1, "#.to_owned(), vec![]),
        ("text/plain", "login".to_owned(), vec![]),
    ];
    for (content_type, body, expected) in &cases {
        assert_eq!(lines(content_type, body, 200, ""), *expected, "{body}");
    }
    assert_eq!(cases.len(), 9);
}

#[test]
fn answers_of_graphql() {
    let one = json(r#"mutation { login(u: 1) { token } }"#, "{}");
    let two = json(r#"mutation { a: login(u: 1) { token } A: login(u: 2) { token } }"#, "{}");
    let cases: &[(&str, u16, &str, &[&str])] = &[
        (
            &one,
            200,
            r#"{"data":{"login":{"token":"t","user":{"id":7}}}}"#,
            &["login u=1 Taken token=t user.id=7"],
        ),
        (&one, 200, r#"{"data":{"login":null}}"#, &["login u=1 Refused token="]),
        (&one, 200, r#"{"data":{"login":false}}"#, &["login u=1 Refused token=false"]),
        (&one, 200, r#"{"data":{"login":"t"}}"#, &["login u=1 Taken token=t"]),
        (
            &one,
            200,
            r#"{"data":{"login":{"__typename":"X","token":null}}}"#,
            &["login u=1 Refused __typename=X token="],
        ),
        (&one, 200, r#"{"data":null,"errors":[{"message":"no","path":["login"]}]}"#, &["login u=1 Refused"]),
        (&one, 200, r#"{"errors":[{"message":"no"}]}"#, &["login u=1 Refused"]),
        (&one, 401, r#"{"errors":[{"message":"no"}]}"#, &["login u=1 Refused"]),
        (&one, 400, r#"{"errors":[{"message":"Cannot query field \"login\""}]}"#, &["login u=1 Unchecked"]),
        (&one, 400, r#"{"errors":[{"message":"strange"}]}"#, &["login u=1 Unchecked"]),
        (&one, 200, r#"{"errors":[{"message":"PersistedQueryNotFound"}]}"#, &["login u=1 Unchecked"]),
        (
            &one,
            200,
            r#"{"errors":[{"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}"#,
            &["login u=1 Unchecked"],
        ),
        (
            &one,
            200,
            r#"{"data":{"login":{"token":null,"next":"code"}}}"#,
            &["login u=1 Taken token= next=code"],
        ),
        (&one, 200, "<html>", &["login u=1 Missing"]),
        (&one, 200, "", &["login u=1 Missing"]),
        // The alias says which; its case counts.
        (
            &two,
            200,
            r#"{"data":{"a":null,"A":{"token":"t"}},"errors":[{"message":"no","path":["a"]}]}"#,
            &["login u=1 Refused token=", "login u=2 Taken token=t"],
        ),
        (
            &two,
            200,
            r#"{"errors":[{"message":"x","path":["other"]},{"path":["A","token"]}],"data":{"a":{"token":"t"}}}"#,
            &["login u=1 Taken token=t", "login u=2 Refused"],
        ),
    ];
    for (body, status, answer, expected) in cases {
        assert_eq!(lines("application/json", body, *status, answer), *expected, "{answer}");
    }
    assert_eq!(cases.len(), 17);
    let batch = format!("[{one},{one}]");
    let answer = r#"[{"errors":[{"message":"no","path":["login"]}]},{"data":{"login":{"token":"t"}}}]"#;
    assert_eq!(
        lines("application/json", &batch, 200, answer),
        ["login u=1 Refused", "login u=1 Taken token=t"]
    );
}

/// A call of XML-RPC; texts as values.
fn method(name: &str, values: &[&str]) -> String {
    let params: String =
        values.iter().map(|value| format!("<param><value>{value}</value></param>\n")).collect();
    format!(
        "<?xml version=\"1.0\"?>\n<methodCall><methodName> {name}</methodName>\n<params>{params}</params></methodCall>"
    )
}

fn structure(members: &[(&str, &str)]) -> String {
    let members = members
        .iter()
        .map(|(name, value)| format!("<member><name>{name}</name><value>{value}</value></member>"));
    format!("<struct>{}</struct>", members.collect::<String>())
}

fn list(values: &[String]) -> String {
    let values = values.iter().map(|value| format!("<value>{value}</value>\n"));
    format!("<array><data>{}</data></array>", values.collect::<String>())
}

fn fault(code: u16) -> String {
    structure(&[("faultCode", &format!("<int>{code}</int>")), ("faultString", "<string>Incorrect</string>")])
}

fn result(value: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><methodResponse><params><param><value>{value}</value></param></params></methodResponse>"
    )
}

#[test]
fn methods() {
    let of_struct = structure(&[("login", "bob"), ("deep", &list(&["<i4>1</i4>".into(), "<nil/>".into()]))]);
    let commented = "<methodCall><!-- <methodName>x</methodName> --><params><param><value><![CDATA[a<b]]></value></param></params><methodName>wp.x</methodName></methodCall>";
    let cases: &[(&str, &[&str])] = &[
        (
            &method("wp.getUsersBlogs", &["<string>b&amp;b</string>", "pass"]),
            &["wp.getUsersBlogs param_0=b&b param_1=pass Missing"],
        ),
        (&method("pingback.ping", &["a", "b"]), &[]),
        (
            &method("wp.x", &["<base64>Ym9i</base64>", "<base64>?</base64>"]),
            &["wp.x param_0=bob param_1=? Missing"],
        ),
        (
            &method("User.login", &[&of_struct]),
            &["User.login param_0.login=bob param_0.deep.array_0=1 param_0.deep.array_1= Missing"],
        ),
        (commented, &["wp.x param_0=a<b Missing"]),
        // Ends early.
        (
            "<methodCall><methodName>wp.x</methodName><params><param><value>a</value></param><param><value><string>b</st",
            &["wp.x param_0=a Missing"],
        ),
        ("<methodCall><methodName>wp.x</methodName></params></value></methodCall><value>", &["wp.x Missing"]),
        ("<methodCall>", &[]),
        ("<html><methodName>wp.x</methodName>", &[]),
    ];
    for (body, expected) in cases {
        assert_eq!(lines("text/xml", body, 200, ""), *expected, "{body}");
    }
    assert_eq!(cases.len(), 9);
}

#[test]
fn answers_of_xmlrpc() {
    let one = method("wp.x", &["bob"]);
    let faulty =
        |code| format!("<methodResponse><fault><value>{}</value></fault></methodResponse>", fault(code));
    let cases = [
        (result(&list(&[])), Reply::Taken),
        (result(&structure(&[("isAdmin", "<boolean>0</boolean>")])), Reply::Taken),
        (result("<boolean>1</boolean>"), Reply::Taken),
        (result("<boolean>0</boolean>"), Reply::Refused),
        (result(""), Reply::Refused),
        (faulty(403), Reply::Refused),
        (faulty(500), Reply::Unchecked),
        ("<methodResponse>".to_owned(), Reply::Missing),
        ("XML-RPC server accepts POST requests only.".to_owned(), Reply::Missing),
    ];
    for (answer, expected) in &cases {
        let mut calls = Calls::default();
        read_into(&mut calls, "text/xml", &one, 200, answer);
        assert_eq!(calls.iter().map(|call| call.reply).collect::<Vec<_>>(), [*expected], "{answer}");
    }
    assert_eq!(cases.len(), 9);
}

/// `system.multicall` of so many guesses.
fn multicall(guesses: usize) -> String {
    let calls: Vec<String> = (0..guesses)
        .map(|n| {
            let params = list(&["bob".into(), format!("<string>guess{n}</string>")]);
            structure(&[("methodName", "wp.getUsersBlogs"), ("params", &params)])
        })
        .collect();
    method("system.multicall", &[&list(&calls)])
}

#[test]
fn many_in_one() {
    let answer = result(&list(&[fault(403), list(&[list(&[])]), fault(403)]));
    assert_eq!(
        lines("text/xml", &multicall(4), 200, &answer),
        [
            "wp.getUsersBlogs param_0=bob param_1=guess0 Refused",
            "wp.getUsersBlogs param_0=bob param_1=guess1 Taken",
            "wp.getUsersBlogs param_0=bob param_1=guess2 Refused",
            "wp.getUsersBlogs param_0=bob param_1=guess3 Missing",
        ]
    );
    let mut calls = Calls::default();
    for round in 1..=2 {
        read_into(&mut calls, "text/xml", &multicall(limits::CALLS + 9), 200, "");
        assert_eq!((calls.iter().count(), calls.left_out), (limits::CALLS, 9 * round));
    }
    let aliases: String = (0..limits::CALLS + 5).map(|n| format!("a{n}: login(user: {n}) ")).collect();
    read_into(&mut calls, "application/json", &json(&format!("mutation {{ {aliases} }}"), "{}"), 200, "");
    assert_eq!((calls.iter().count(), calls.left_out), (limits::CALLS, 18 + 5));
    read_into(&mut calls, "application/json", "{}", 200, "");
    assert_eq!(calls.iter().count(), 0);
}

#[test]
fn deep_and_long_is_bounded() {
    let mut calls = Calls::default();
    let open = "[{a:".repeat(5000);
    let long = "n".repeat(20_000);
    let bodies = [
        json(&format!("mutation {{ login(x: {open}"), "{}"),
        json(&format!("mutation {{ login({long}: 1, user: 2) }}"), "{}"),
        json(&format!("{{ {} }}", "...F ".repeat(5000)), "{}"),
        json(&"{".repeat(20_000), "{}"),
        json(&format!("mutation($v: [In] = {open}) {{ login(x: $v) }}"), "{}"),
        "<methodCall><methodName>wp.x</methodName><value>".to_owned() + &"<array><data><value>".repeat(3000),
        "<methodCall><methodName>wp.x</methodName>".to_owned()
            + &"<param><struct><member><name>abcdef</name><value>".repeat(1000),
        "<methodCall><methodName>wp.x</methodName><!--".to_owned() + &"<![CDATA[<!--".repeat(4000),
    ];
    for body in &bodies {
        let kind = if body.starts_with('<') { "text/xml" } else { "application/json" };
        read_into(&mut calls, kind, body, 200, body);
        for call in calls.iter() {
            assert!(call.parameters.iter().count() <= limits::FIELDS);
            assert!(call.parameters.iter().all(|field| field.name.len() <= limits::FIELD_NAME));
        }
    }
    assert_eq!(bodies.len(), 8);
}

proptest::proptest! {
    /// Whatever the bytes are: bounded, and the same with buffers that were used before.
    #[test]
    fn any_bytes(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "{", "}", "[", "]", "(", ")", ":", "\"", "\\\"", "$u", "login", "mutation", "...", "on", "@", "\"\"\"", "\\",
                "\\u00", "fragment", "#", "\n", "<methodCall>", "<methodName>", "wp.x", "</", ">", "<value>", "<array>", "<struct>",
                "<member>", "<name>", "<fault>", "<param>", "<base64>", "&amp;", "{\"query\":\"", "\"variables\":{", "{\"data\":{\"login\":",
                "{\"errors\":[{\"path\":[\"login\"", ",", "0", " ",
            ]),
            0..60,
        ),
        cut in 0_usize..400,
    ) {
        let text: String = pieces.concat();
        let answer: String = text.chars().skip(cut % (text.len() + 1)).collect();
        let mut used = Calls::default();
        read_into(&mut used, "application/json", &multicall(3), 200, "");
        for kind in ["application/json", "application/graphql", "text/xml"] {
            read_into(&mut used, kind, &text, 200, &answer);
            proptest::prop_assert!(used.iter().count() <= limits::CALLS);
            let found: Vec<String> = used.iter().map(line).collect();
            proptest::prop_assert_eq!(found, lines(kind, &text, 200, &answer));
        }
    }
}
