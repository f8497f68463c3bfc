//! What is wrong with a rule file is said with its place.

use super::*;

fn good() -> String {
    r#"{
  "version": "2.2",
  "metadata": {"rules_version": "1"},
  "rules": [
    {
      "id": "a",
      "name": "A",
      "tags": {"type": "xss", "category": "attack_attempt"},
      "conditions": [
        {
          "operator": "match_regex",
          "parameters": {
            "inputs": [{"address": "server.request.query", "key_path": ["x"]}],
            "regex": "a+",
            "options": {"case_sensitive": true, "min_length": 3}
          }
        },
        {
          "operator": "ip_match",
          "parameters": {"inputs": [{"address": "http.client_ip"}], "list": ["192.0.2.0/24"]}
        }
      ],
      "transformers": ["lowercase", "removeNulls", "keys_only"],
      "on_match": ["block"]
    }
  ]
}"#
    .to_owned()
}

#[test]
fn reads_a_rule() {
    let set = read(good().as_bytes(), "good.json").unwrap();
    let rule = &set.rules[0];
    assert_eq!(
        (rule.meta.id.as_str(), rule.enabled, &rule.on_match[..]),
        ("a", true, &["block".to_owned()][..])
    );
    let input = &rule.conditions[0].inputs[0];
    assert_eq!(input.key_path, ["x"]);
    assert_eq!(input.source, crate::rules::model::Source::Keys);
    assert_eq!(input.transforms.len(), 2);
    assert_eq!(rule.conditions[1].operator.name(), "ip_match");
}

#[test]
fn says_where_and_what() {
    // (what to replace, with what, line, column, words of the problem)
    let cases = [
        ("\"2.2\"", "\"1.0\"", 2, 14, "expected \"2.1\" or \"2.2\""),
        ("\"version\": \"2.2\",", "", 27, 1, "missing field `version`"),
        ("\"metadata\"", "\"exclusions\"", 3, 14, "unknown field `exclusions`, expected"),
        ("\"rules\": [\n", "\"rules\": [7,\n", 4, 13, "a rule: an object with"),
        ("\"id\": \"a\"", "\"id\": \"\"", 5, 5, "without an id"),
        ("\"name\"", "\"nmae\"", 7, 12, "unknown field `nmae`, expected one of `id`, `name`"),
        ("\"type\": \"xss\", ", "", 5, 5, "no tag \"type\""),
        (
            "match_regex",
            "match_regexp",
            11,
            23,
            "operator \"match_regexp\" is not known; known are \"match_regex\"",
        ),
        ("server.request.query", "server.request.quary", 13, 36, "known are \"server.request.method\""),
        ("\"a+\"", "\"a(?=b)\"", 14, 22, "look-around"),
        ("\"regex\": \"a+\",", "", 12, 25, "without \"regex\""),
        ("\"min_length\"", "\"max_length\"", 15, 60, "unknown field `max_length`"),
        ("192.0.2.0/24", "192.0.2.0/33", 20, 77, "expected an address or a network"),
        ("[\"192.0.2.0/24\"]", "[]", 20, 77, "at least one text"),
        ("\"list\"", "\"regex\"", 20, 25, "means nothing to ip_match"),
        (
            "\"removeNulls\"",
            "\"rot13\"",
            23,
            37,
            "transformer \"rot13\" is not known; known are \"lowercase\"",
        ),
        ("[{\"address\": \"http.client_ip\"}]", "[]", 20, 25, "at least one"),
        ("  ]\n}", "  ]\n", 27, 1, "EOF"),
        ("\"name\": \"A\"", "\"name\": 7", 7, 15, "expected a string"),
    ];
    let (mut ran, mut wrong) = (0, Vec::new());
    for (what, with, line, column, words) in cases {
        assert!(good().contains(what), "{what}");
        let error = read(good().replacen(what, with, 1).as_bytes(), "bad.json").unwrap_err();
        assert!(error.problem.contains(words), "{with}: {error}");
        if (error.line, error.column) != (line, column) {
            wrong.push(format!("{what}: {error}"));
        }
        assert!(error.to_string().starts_with("bad.json:"), "{error}");
        ran += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(ran, 19);
}

#[test]
fn an_id_stands_once() {
    let text = good();
    let rule = &text[text.find("    {\n").unwrap()..text.rfind("\n  ]").unwrap()];
    let error = read(text.replacen(rule, &format!("{rule},\n{rule}"), 1).as_bytes(), "x").unwrap_err();
    assert!(error.problem.contains("a second time"), "{error}");
    assert_eq!(error.line, 26);
}

#[test]
fn bytes_that_are_not_utf8_are_placed() {
    let error = read(b"{\n \xff}", "x").unwrap_err();
    assert_eq!((error.line, error.column), (2, 2), "{error}");
}
