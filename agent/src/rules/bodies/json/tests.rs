use proptest::prelude::*;
use serde_json::Value;

use super::super::seen::Seen;
use super::super::{Buffers, Outcome, Over};
use super::read;
use crate::limits::BODY_DEPTH;

fn seen(text: &[u8], cut: bool) -> (Vec<String>, Outcome) {
    let mut seen = Seen::default();
    // What another body left behind does not matter.
    let mut buffers = Buffers { name: b"x".to_vec(), value: b"y".to_vec(), ..Buffers::default() };
    let outcome = read(text, BODY_DEPTH, cut, &mut buffers, &mut seen);
    (seen.lines, outcome)
}

/// Names and values are those of libmodsecurity 3.0.9.
#[test]
fn vectors() {
    let cases: [(&str, &[&str]); 20] = [
        ("", &[]),
        (r#"{"a":1,"b":2}"#, &["json.a=1", "json.b=2"]),
        (
            r#"{"a":1,"b":{"c":[1,"x",{"d":null}],"e":true}}"#,
            &["json.a=1", "json.b.c.array_0=1", "json.b.c.array_1=x", "json.b.c.array_2.d=", "json.b.e=true"],
        ),
        (
            r#"[1,[2,[3]],{"a":[{"b":1}]}]"#,
            &[
                "json.array_0=1",
                "json.array_1.array_0=2",
                "json.array_1.array_1.array_0=3",
                "json.array_2.a.array_0.b=1",
            ],
        ),
        (r#""str""#, &["json=str"]),
        ("12", &["json=12"]),
        (" null ", &["json="]),
        (r#"{"":1,"a":{"":2}}"#, &["json.empty-key=1", "json.a.empty-key=2"]),
        (r#"{"a":[],"b":{}, "c":[[],1]}"#, &["json.c.array_1=1"]),
        (r#"{"a":1,"a":2}"#, &["json.a=1", "json.a=2"]),
        (r#"{"a.b":1}"#, &["json.a.b=1"]),
        (r#"{"a":-1.5e3}"#, &["json.a=-1.5e3"]),
        (r#"{"a":"\u00e9\ud83d\ude00\ud800x"}"#, &[r"json.a=\xc3\xa9\xf0\x9f\x98\x80?x"]),
        (r#"{"x":"a\u0000b"}"#, &[r"json.x=a\x00b"]),
        (r#"{"\u0061\n":"\"\\\/\b\f\n\r\t"}"#, &[r#"json.a\n=\"\\/\x08\x0c\n\r\t"#]),
        (r#"{"a":"\u0000"}"#, &[r"json.a=\x00"]),
        (r#"["\ud800\ud83d\ude00\udc00"]"#, &[r"json.array_0=?\xf0\x9f\x98\x80?"]),
        ("\t{ \"a\" :\r\n false }\n", &["json.a=false"]),
        (
            "[0,0.5,-0,10E+2,1e-7]",
            &[
                "json.array_0=0",
                "json.array_1=0.5",
                "json.array_2=-0",
                "json.array_3=10E+2",
                "json.array_4=1e-7",
            ],
        ),
        (
            "[0,1,2,3,4,5,6,7,8,9,\"\"]",
            &[
                "json.array_0=0",
                "json.array_1=1",
                "json.array_2=2",
                "json.array_3=3",
                "json.array_4=4",
                "json.array_5=5",
                "json.array_6=6",
                "json.array_7=7",
                "json.array_8=8",
                "json.array_9=9",
                "json.array_10=",
            ],
        ),
    ];
    let mut ran = 0;
    for (text, expected) in cases {
        let (lines, outcome) = seen(text.as_bytes(), false);
        assert_eq!(lines, expected, "{text}");
        assert_eq!(outcome, Outcome::default(), "{text}");
        ran += 1;
    }
    assert_eq!(ran, 20);
}

/// What is wrong, where, and what is read all the same.
#[test]
fn malformed() {
    let cases: [(&str, usize, &[&str]); 25] = [
        (" ", 1, &[]),
        (r#"{"a":1"#, 6, &["json.a=1"]),
        (r#"{"a":"x"#, 7, &["json.a=x"]),
        (r#"{"a":1}}"#, 7, &["json.a=1"]),
        (r#"{"a":1} {"b":2}"#, 8, &["json.a=1", "json.b=2"]),
        (r#"{"a":1,}"#, 7, &["json.a=1"]),
        ("[1,]", 3, &["json.array_0=1"]),
        ("[,1]", 1, &["json.array_0=1"]),
        ("\u{feff}{\"a\":1}", 0, &[r"json=\xef\xbb\xbf", "json.a=1"]),
        (r#"{"a":01,"b":2}"#, 5, &["json.a=01", "json.b=2"]),
        (r#"{"a":1 /*c*/,"b":2}"#, 7, &["json.a=1", "json.b=2"]),
        ("[1,// x\n2]", 3, &["json.array_0=1", "json.array_1=2"]),
        (r#"{'a':'b"c'}"#, 1, &[r#"json.a=b\"c"#]),
        (r#"{a:1}"#, 1, &["json.a=1"]),
        (r#"{"a":1 "b":2}"#, 7, &["json.a=1", "json.b=2"]),
        ("[1 2]", 3, &["json.array_0=1", "json.array_1=2"]),
        (r#"{"a" "b"}"#, 5, &["json.a=b"]),
        (r#"{"a"}"#, 4, &[]),
        (r#"{"a":undefined}"#, 5, &["json.a=undefined"]),
        (r#"{"a":[1}"#, 7, &["json.a.array_0=1"]),
        (r#"["\x41"]"#, 2, &["json.array_0=x41"]),
        (r#"["\u00g0"]"#, 2, &["json.array_0=u00g0"]),
        ("[\"a\nb\"]", 3, &[r"json.array_0=a\nb"]),
        (r#"{1:2}"#, 1, &["json.1=2"]),
        ("]", 0, &[]),
    ];
    let mut ran = 0;
    for (text, at, expected) in cases {
        let (lines, outcome) = seen(text.as_bytes(), false);
        assert_eq!(lines, expected, "{text}");
        assert_eq!(outcome.error.map(|error| error.at), Some(at), "{text}: {:?}", outcome.error);
        ran += 1;
    }
    assert_eq!(ran, 25);
    let (lines, outcome) = seen(b"{\"a\":\"\xff'\"}", false);
    assert_eq!(lines, [r"json.a=\xff\'"]);
    assert_eq!(
        outcome.error.map(|e| e.to_string()).as_deref(),
        Some("JSON parsing error: not UTF-8 at byte 6")
    );
}

/// The end of a text that was cut is no error; what is wrong before it is.
#[test]
fn cut() {
    let whole = "{\"a\":[1,true,\"é\\u00e9\"],\"b\":{\"c\":-1.5e3}}".as_bytes();
    for end in 0..=whole.len() {
        let (_, outcome) = seen(&whole[..end], true);
        assert_eq!(outcome, Outcome::default(), "{}", whole[..end].escape_ascii());
    }
    assert!(seen(b"{\"a\":1,,", true).1.error.is_some());
    assert_eq!(seen(b"{\"a\":\"x", true).0, ["json.a=x"]);
}

#[test]
fn bounds() {
    let (lines, outcome) = seen(&b"[".repeat(BODY_DEPTH), true);
    assert_eq!((lines.len(), outcome), (0, Outcome::default()));
    let deep = [b"[1,".repeat(BODY_DEPTH + 1), b"2".to_vec()].concat();
    let (lines, outcome) = seen(&deep, false);
    assert_eq!(lines.len(), BODY_DEPTH);
    assert_eq!(outcome.over, Some(Over::Depth));
    assert_eq!(outcome.error.map(|error| error.at), Some(3 * BODY_DEPTH));

    let mut sink = Seen { room: Some(2), ..Seen::default() };
    let outcome = read(b"[1,2,3]", BODY_DEPTH, false, &mut Buffers::default(), &mut sink);
    assert_eq!(outcome.over, Some(Over::Sink));
    assert_eq!(sink.lines.len(), 2);
}

/// The leaves of a document in their order, by `serde_json`.
fn leaves(value: &Value, name: &str, out: &mut Vec<String>) {
    let text = match value {
        Value::Null => String::new(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.as_bytes().escape_ascii().to_string(),
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                leaves(value, &format!("{name}.array_{index}"), out);
            }
            return;
        }
        Value::Object(object) => {
            for (key, value) in object {
                let key = if key.is_empty() { "empty-key" } else { key };
                leaves(value, &format!("{name}.{}", key.as_bytes().escape_ascii()), out);
            }
            return;
        }
    };
    out.push(format!("{name}={text}"));
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~é\u{1f600}\n\"\\\\/\u{0}-\u{1f}]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec(("[a-z\"\\\\é]{0,4}", inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_serde_json(document in document(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
        let mut expected = Vec::new();
        leaves(&document, "json", &mut expected);
        let (lines, outcome) = seen(text.unwrap().as_bytes(), false);
        prop_assert_eq!(lines, expected);
        prop_assert_eq!(outcome, Outcome::default());
    }

    /// A text is an error exactly when `serde_json` says so.
    #[test]
    fn knows_what_is_json(document in document(), edits in prop::collection::vec((any::<prop::sample::Index>(),
        prop::sample::select(&b" \"\\{}[]:,0-.e1truefalsn/'u\n\x01"[..]), 0..3u8), 0..4)) {
        let mut text = serde_json::to_vec(&document).unwrap();
        for (at, byte, edit) in edits {
            let at = at.index(text.len().max(1));
            match edit {
                0 => text.insert(at.min(text.len()), byte),
                1 if at < text.len() => drop(text.remove(at)),
                _ => text.get_mut(at).into_iter().for_each(|old| *old = byte),
            }
        }
        let valid = text.is_empty()
            || (serde_json::from_slice::<serde::de::IgnoredAny>(&text).is_ok() && std::str::from_utf8(&text).is_ok());
        let (_, outcome) = seen(&text, false);
        prop_assert_eq!(outcome.error.is_none(), valid, "{}: {:?}", text.escape_ascii(), outcome.error);
    }

    #[test]
    fn any_bytes(text in prop::collection::vec(prop_oneof![any::<u8>(),
        prop::sample::select(&b"{}[]:,\"'\\/u0 "[..])], 0..120), cut in any::<bool>()) {
        let (lines, outcome) = seen(&text, cut);
        prop_assert!(lines.len() <= text.len());
        prop_assert!(outcome.error.is_none_or(|error| error.at <= text.len()));
    }
}
