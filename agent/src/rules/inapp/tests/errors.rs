//! What is wrong with a file is said with its place, its path, and what was expected.

use super::*;

/// What to replace in the fixture, with what; line and column; words of the problem.
const WRONG: [(&str, &str, usize, usize, &str); 62] = [
    (r#""version": "2.2""#, r#""version": "1.0""#, 3, 14, "version: version 1 (\"events\") is older"),
    (
        r#""version": "2.2""#,
        r#""version": "3.1""#,
        3,
        14,
        "version: version \"3.1\": expected \"2.1\" or \"2.2\"",
    ),
    (r#""version": "2.2""#, r#""version": 2.2"#, 3, 14, "version: expected a text, found a number"),
    (r#""rules": ["#, r#""rules": [7,"#, 5, 13, "rules[0]: expected an object, found a number"),
    (r#""rules": ["#, r#""rules": {},"x": ["#, 5, 12, "rules: expected a list, found an object"),
    (
        r#""rules": ["#,
        r#""version": "2.2", "rules": ["#,
        5,
        14,
        "\"version\" a second time: keys of an object are unique",
    ),
    (r#""id": "sqli-1","#, "", 6, 5, "rules[0]: expected a key \"id\""),
    (r#""id": "sqli-1""#, r#""id": """#, 7, 13, "rules[0].id: expected a text that is not empty"),
    (r#""name": "SQL injection","#, "", 6, 5, "expected a key \"name\" (id \"sqli-1\")"),
    (
        r#""name": "SQL injection""#,
        r#""name": []"#,
        8,
        15,
        "rules[0].name: expected a text, found a list (id \"sqli-1\")",
    ),
    (r#"{"type": "sql_injection","#, "{", 9, 15, "rules[0].tags: expected a tag \"type\""),
    (
        r#""confidence": 1"#,
        r#""confidence": null"#,
        9,
        85,
        "rules[0].tags.confidence: expected a text, found null",
    ),
    (
        "\"operator\": \"match_regex\",\n",
        "\"operator\": \"match_regexp\",\n",
        12,
        23,
        "rules[0].conditions[0].operator: operator \"match_regexp\" is not known: did you mean \"match_regex\"?",
    ),
    (
        "\"operator\": \"match_regex\",\n",
        "\"operator\": \"geolocated\",\n",
        12,
        23,
        "operator \"geolocated\" is not known; known are match_regex, match_regex_with_checksum, phrase_match",
    ),
    (
        "\"operator\": \"is_sqli\"",
        "\"operator\": \"!is_sqli\"",
        24,
        23,
        "is_sqli has no opposite; after \"!\" can stand match_regex",
    ),
    (
        r#""address": "server.request.query"},
              {"#,
        r#""adress": "server.request.query"},
              {"#,
        15,
        15,
        "rules[0].conditions[0].parameters.inputs[0]: expected a key \"address\"",
    ),
    (
        r#"["items", 0, "name", -1]"#,
        r#"["items", 0.5]"#,
        16,
        72,
        "key_path[1]: expected a whole number of 64 bits with a sign, found 0.5",
    ),
    (
        r#"["items", 0, "name", -1]"#,
        r#"["items", ""]"#,
        16,
        72,
        "key_path[1]: expected a name that is not empty, or a number",
    ),
    (
        r#"["items", 0, "name", -1]"#,
        r#"["items", true]"#,
        16,
        72,
        "key_path[1]: expected a text, found true or false",
    ),
    (r#"["items", 0, "name", -1]"#, r#""items""#, 16, 62, "key_path: expected a list, found a text"),
    (
        r#""keys_only", "urlDecode""#,
        r#""urldecode""#,
        16,
        105,
        "transformers[0]: transformer \"urldecode\" is not known: did you mean",
    ),
    (
        r#""keys_only", "urlDecode""#,
        r#""rot13""#,
        16,
        105,
        "transformer \"rot13\" is not known; known are lowercase",
    ),
    (
        r#"["removeNulls", "lowercase"]"#,
        r#"["trim","trim","trim","trim","trim","trim","trim","trim","trim","trim","trim","trim","trim","trim","trim","trim","trim"]"#,
        28,
        23,
        "rules[0].transformers: 17 transformers in a row: at most 16",
    ),
    (r#""union\\s+select""#, r#""union(?=x)""#, 19, 22, "regular expression: look-around"),
    (r#""union\\s+select""#, r#""(union""#, 19, 22, "regular expression: unclosed group"),
    (
        r#""min_length": 12"#,
        r#""min_length": -1"#,
        20,
        63,
        "options.min_length: expected a whole number from 0, found -1",
    ),
    (
        r#""case_sensitive": true, "min"#,
        r#""case_sensitive": 1, "min"#,
        20,
        43,
        "options.case_sensitive: expected true or false, found a number",
    ),
    (r#"["block", "stack_trace"]"#, r#""block""#, 29, 19, "rules[0].on_match: expected a list, found a text"),
    (r#""enabled": false"#, r#""enabled": "no""#, 35, 18, "rules[1].enabled: expected true or false"),
    (
        r#"[{"address": "server.request.method"}], "regex""#,
        r#"[{"address": "a"}, {"address": "b"}], "regex""#,
        38,
        63,
        "!match_regex takes one input, found 2",
    ),
    (
        r#""list": ["sqlmap", "nikto"]"#,
        r#""list": ["sqlmap", 7]"#,
        52,
        32,
        "list[1]: expected a text, found a number",
    ),
    (
        r#""list": ["sqlmap", "nikto"]"#,
        r#""list": [""]"#,
        52,
        22,
        "list[0]: expected a phrase that is not empty",
    ),
    (
        r#""list": ["sqlmap", "nikto"]"#,
        r#""liste": ["sqlmap"]"#,
        50,
        25,
        "rules[2].conditions[0].parameters: expected a key \"list\"",
    ),
    (
        r#"[{"address": "http.client_ip"}], "data": "blocked_ips""#,
        r#"[{"address": "http.client_ip"}]"#,
        64,
        48,
        "expected a key \"list\" or \"data\"",
    ),
    (
        r#""192.0.2.0/24", "2001"#,
        r#""192.0.2.0/33", "2001"#,
        65,
        102,
        "list[0]: expected an address or a network, for example \"192.0.2.0/24\", found \"192.0.2.0/33\"",
    ),
    (
        r#""type": "unsigned", "value": 404"#,
        r#""type": "number", "value": 404"#,
        83,
        106,
        "type: expected \"string\", \"boolean\", \"unsigned\", \"signed\" or \"float\"",
    ),
    (
        r#""type": "unsigned", "value": 404"#,
        r#""type": "unsigned", "value": -404"#,
        83,
        127,
        "value: expected a whole number from 0, found -404",
    ),
    (
        r#""type": "unsigned", "value": 399"#,
        r#""type": "string", "value": 399"#,
        88,
        112,
        "type: expected \"unsigned\", \"signed\" or \"float\"",
    ),
    (
        r#""value": 404"#,
        r#""valeu": 404"#,
        83,
        46,
        "rules[5].conditions[0].parameters: expected a key \"value\"",
    ),
    (
        r#""checksum": "luhn"}},
        {"operator": "exists""#,
        r#""checksum": "iban"}},
        {"operator": "exists""#,
        100,
        148,
        "checksum \"iban\" is not known; known is luhn",
    ),
    (
        r#""resource": [{"address": "server.io.fs.file"}], "#,
        "",
        110,
        55,
        "rules[7].conditions[0].parameters: expected a key \"resource\"",
    ),
    (
        r#""db_type": [{"address": "server.db.system"}]"#,
        r#""db_type": [{"address": "a"}, {"address": "b"}]"#,
        130,
        167,
        "db_type: expected one input, found 2",
    ),
    (
        r#""min_version": "99.0.0""#,
        r#""min_version": "99""#,
        137,
        22,
        "min_version: expected a version of three numbers, for example \"1.25.0\"",
    ),
    (
        r#""event": false,"#,
        r#""event": false, "attributes": {}},"x": {"#,
        149,
        17,
        "rules_compat[0].output: neither an event nor an attribute",
    ),
    (
        r#"{"value": "x"}"#,
        r#"{"values": "x"}"#,
        154,
        21,
        "rules_compat[0].output.attributes[\"a.text\"]: expected a key \"value\" or \"address\"",
    ),
    (r#"{"value": "x"}"#, r#"{"value": ["x"]}"#, 154, 31, "expected a text, a number, true or false"),
    (
        r#""inputs": [{"address": "server.request.cookies"}]}"#,
        r#""inputs": []}"#,
        173,
        46,
        "exclusions[0].inputs: expected at least one input; without \"inputs\"",
    ),
    (
        r#", "inputs": [{"address": "server.request.cookies"}]}"#,
        "}",
        173,
        5,
        "exclusions[0]: this would leave out every rule",
    ),
    (
        r#"[{"rule_id": "sqli-1"}, {"id": "xss-1"}]"#,
        "[{}]",
        177,
        24,
        "rules_target[0]: nothing is named: expected \"rule_id\", \"id\" or \"tags\"",
    ),
    (
        r#""on_match": "monitor""#,
        r#""on_match": """#,
        181,
        79,
        "expected \"bypass\", \"monitor\" or the id of an action",
    ),
    (
        r#"{"id": "xss-1", "enabled": true}"#,
        r#"{"id": "xss-1"}"#,
        189,
        5,
        "rules_override[0]: nothing is changed",
    ),
    (
        r#"{"id": "xss-1", "enabled": true}"#,
        r#"{"enabled": true}"#,
        189,
        5,
        "rules_override[0]: no rule is named",
    ),
    (
        r#"[{"rule_id": "scan-1"}]"#,
        r#"[{"rule_id": "a"}, {"tags": {"a": "b"}}]"#,
        191,
        22,
        "expected rules by id or by tags, found both",
    ),
    (
        r#""type": "data_with_expiration""#,
        r#""type": "data_with_expiry""#,
        203,
        37,
        "rules_data[1].type: type \"data_with_expiry\" is not known",
    ),
    (
        r#""value": "203.0.113.9""#,
        r#""value": "203.0.113.999""#,
        200,
        19,
        "rules_data[0].data[2].value: expected an address or a network",
    ),
    (
        r#""expiration": 1893456000}"#,
        r#""expiration": -1}"#,
        198,
        48,
        "rules_data[0].data[0].expiration: expected a whole number from 0, found -1",
    ),
    (
        r#", "parameters": {"status_code": 418, "type": "json"}"#,
        "",
        210,
        5,
        "actions[0]: expected a key \"parameters\"",
    ),
    (
        r#""generator": "uri_parse""#,
        r#""generator": "url_parse""#,
        272,
        20,
        "processors[5].generator: generator \"url_parse\" is not known: did you mean \"uri_parse\"?",
    ),
    (
        r#""user_id": [{"address": "usr.id"}],"#,
        "",
        251,
        11,
        "processors[3].parameters.mappings[0]: expected a key \"user_id\"",
    ),
    (
        r#"{"target": [{"id": "schema"}]"#,
        r#"{"target": [{"tags": {"a": "b"}}]"#,
        296,
        17,
        "processors have no tags: expected \"id\"",
    ),
    (
        r#""key": {"operator": "phrase_match", "parameters": {"list": ["zip"]}}, "#,
        "",
        309,
        5,
        "scanners[1]: expected a key \"key\" or \"value\"",
    ),
    (
        r#"{"operator": "phrase_match", "parameters": {"list": ["zip"]}}"#,
        r#"{"operator": "exact_match", "parameters": {"data": "zip"}}"#,
        309,
        77,
        "a scanner has no data: expected \"list\"",
    ),
];

#[test]
fn says_where_and_what() {
    let (mut ran, mut wrong) = (0, Vec::new());
    for (what, with, line, column, words) in WRONG {
        assert!(FIXTURE.contains(what), "{what}");
        let text = FIXTURE.replacen(what, with, 1);
        match read(text.as_bytes(), "bad.json") {
            Ok(_) => wrong.push(format!("{what} -> {with}: is taken")),
            Err(error) => {
                if (error.line, error.column) != (line, column) || !error.problem.contains(words) {
                    wrong.push(format!("{with}: {error}"));
                }
            }
        }
        ran += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(ran, 62);
}

/// Leniently, what is wrong is left out and told, and all the rest is there.
#[test]
fn lenient_leaves_out_one_thing() {
    let whole = file(FIXTURE);
    let sizes = |file: &File| {
        [
            file.rules.len(),
            file.exclusions.len(),
            file.overrides.len(),
            file.rules_data.len(),
            file.actions.len(),
            file.processors.len(),
            file.processor_overrides.len(),
            file.scanners.len(),
        ]
    };
    let (mut ran, mut fatal) = (0, 0);
    for (what, with, _, _, words) in WRONG {
        let text = FIXTURE.replacen(what, with, 1);
        let Ok(reading) = read_lenient(text.as_bytes(), "bad.json") else {
            assert!(words.contains("version") || words.contains("second time"), "{words}");
            fatal += 1;
            continue;
        };
        assert_eq!(reading.left_out.len(), 1, "{with}: {}", reading.left_out);
        assert!(reading.left_out.to_string().contains(words), "{}", reading.left_out);
        let left: usize =
            sizes(&whole).iter().zip(sizes(&reading.file)).map(|(whole, read)| whole.abs_diff(read)).sum();
        // A section; a value of a list; what was not counted before; anything else is one item.
        let expected = match words {
            _ if words.starts_with("rules: expected a list") => 9,
            _ if words.contains("address or a network") || words.contains("expiration: expected") => 0,
            _ if words.contains("found a number") && words.starts_with("rules[0]: ") => 0,
            _ if words.contains("three numbers") => 0,
            _ => 1,
        };
        assert_eq!(left, expected, "{with}: {}", reading.left_out);
        ran += 1;
    }
    assert_eq!((ran, fatal), (58, 4));
}

#[test]
fn what_means_nothing_is_told() {
    let vectors = [
        (
            r#""metadata""#,
            r#""exclusion": [], "metadata""#,
            "\"exclusion\" is no key here and is passed over: did you mean \"exclusions\"?",
        ),
        (
            r#""enabled": false"#,
            r#""enabld": false"#,
            "\"enabld\" is no key here and is passed over: did you mean \"enabled\"?",
        ),
        (r#""min_length": 12"#, r#""max_length": 12"#, "\"max_length\" is no key here"),
        (r#""version": "2.2""#, r#""version": "2.7""#, "version 2.7 is read as 2.2"),
        (
            r#""operator": "is_sqli""#,
            r#""operator": "is_sqli@v2""#,
            "is_sqli has no versions: \"@v2\" is passed over",
        ),
        (
            r#""data": "blocked_ips"}"#,
            r#""data": "blocked_ips", "list": ["192.0.2.1"]}"#,
            "where a \"list\" is, \"data\" means nothing",
        ),
        (r#""list": ["sqlmap", "nikto"]"#, r#""list": []"#, "a list of nothing: the condition never holds"),
        (
            r#"{"address": "server.request.cookies"}"#,
            r#"{"address": "server.request.cokies"}"#,
            "address \"server.request.cokies\" is not known: did you mean \"server.request.cookies\"?",
        ),
        (
            r#""location": "https://example.org/sorry""#,
            r#""location": "gopher://example.org""#,
            "requests are blocked instead",
        ),
        (r#""status_code": "302""#, r#""status_code": "200""#, "303 is taken"),
        (
            r#""type": "monitor""#,
            r#""type": "monitr""#,
            "actions[4].type: is not known: the action does nothing",
        ),
        (
            r#"{"id": "ex-all-of-an-address", "#,
            r#"{"id": "ex-all-of-an-address", "on_match": "monitor", "#,
            "where \"inputs\" are, \"on_match\" means nothing",
        ),
        (
            r#"[{"address": "server.request.headers.no_cookies"}], "output": "_dd.appsec.fp.http.header""#,
            r#"[{"address": "a"}, {"address": "b"}], "output": "_dd.appsec.fp.http.header""#,
            "the first input is taken",
        ),
        (r#"{"value": "x"}"#, r#"{"value": "x", "address": "y"}"#, "\"address\" is no key here"),
    ];
    let mut ran = 0;
    for (what, with, words) in vectors {
        assert!(FIXTURE.contains(what), "{what}");
        let text = FIXTURE.replacen(what, with, 1);
        let reading = read(text.as_bytes(), "x").unwrap_or_else(|error| panic!("{with}: {error}"));
        assert_eq!(reading.warnings.len(), 1, "{with}: {}", reading.warnings);
        assert!(reading.warnings.to_string().contains(words), "{}", reading.warnings);
        ran += 1;
    }
    assert_eq!(ran, 14);
}

#[test]
fn what_is_no_json_is_placed() {
    let cases: [(&[u8], usize, usize, &str); 6] = [
        (b"", 1, 1, "EOF"),
        (b"{\n \xff}", 2, 2, "not UTF-8"),
        (b"{\"rules\": [}", 1, 12, "expected value"),
        (b"[]", 1, 1, "expected an object, found a list"),
        (b"{\"rules\": [{\"id\": \"\\ud800\"}]}", 1, 26, "hex escape"),
        (b"{} {}", 1, 4, "trailing characters"),
    ];
    let mut ran = 0;
    for (text, line, column, words) in cases {
        let error = read(text, "x").unwrap_err();
        assert!(error.problem.contains(words), "{error}");
        assert_eq!((error.line, error.column), (line, column), "{error}");
        ran += 1;
    }
    assert_eq!(ran, 6);
}

#[test]
fn nesting_without_end_is_an_error() {
    let deep = format!("{{\"rules\": {}", "[".repeat(100_000));
    assert!(read(deep.as_bytes(), "x").is_err());
    let deep = "[".repeat(1000) + &"]".repeat(1000);
    let text = one("ssrf_detector", "").replace(
        "\"inputs\"",
        &format!(
            r#""resource": [{{"address": "a"}}], "params": [{{"address": "b"}}], "options": {deep}, "inputs""#
        ),
    );
    assert!(read(text.as_bytes(), "x").unwrap_err().problem.contains("recursion limit"));
}
