//! Schemas, and the scanners that look at their texts.

use serde_json::{Value, json};

use super::object;
use crate::limits::SCHEMA_SCANS;
use crate::rules::inapp::object::{Object, Room};
use crate::rules::inapp::processors::{Operator, Reference, Scanner, Scanners, scanner::Catalog, schema};

/// Scanners that know texts by `value`, under names that match `key`.
pub(super) fn scanner(id: &str, key: Option<&str>, value: Option<&str>) -> Scanner {
    let regex = |pattern: &str| Operator::Regex {
        pattern: pattern.to_owned(),
        case_sensitive: true,
        min_length: 3,
        checksum: None,
    };
    Scanner {
        id: id.to_owned(),
        tags: [("type".to_owned(), id.to_owned()), ("category".to_owned(), "pii".to_owned())].into(),
        key: key.map(regex),
        value: value.map(regex),
    }
}

fn schema_of(text: &str, scanners: &[Scanner]) -> Value {
    let catalog = Catalog::new(scanners).expect("scanners");
    let all: Vec<usize> = (0..scanners.len()).collect();
    schema::extract(&object(text), &catalog, &all, &mut Room::default()).to_json()
}

#[test]
fn schemas() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deepest = (1..18).fold(json!([[], {"len": 1}]), |inner, _| json!([[inner], {"len": 1}]));
    let wide: Vec<_> = (0..265).map(|at| format!("\"{at:03}\": 1")).collect();
    let vectors = [
        ("null".to_owned(), json!([1])),
        ("true".into(), json!([2])),
        ("-5".into(), json!([4])),
        ("5".into(), json!([4])),
        ("\"string\"".into(), json!([8])),
        ("1.5".into(), json!([16])),
        ("[]".into(), json!([[], {"len": 0}])),
        ("{}".into(), json!([{}])),
        (r#"["a", "b", 1, "c"]"#.into(), json!([[[4], [8]], {"len": 4}])),
        (
            r#"[{"u": 5, "s": "a"}, {"n": -5}, {"u": 5}, {"s": "b", "u": 109}]"#.into(),
            json!([[[{"n": [4]}], [{"s": [8], "u": [4]}], [{"u": [4]}]], {"len": 4}]),
        ),
        (
            r#"[[5, "a"], [-5], [5], ["b", 7]]"#.into(),
            json!([[[[[4]], {"len": 1}], [[[4], [8]], {"len": 2}]], {"len": 4}]),
        ),
        (r#"[[1, 2], [1, 2, 3]]"#.into(), json!([[[[[4]], {"len": 2}], [[[4]], {"len": 3}]], {"len": 2}])),
        (r#"{"a": 1, "": 2, "a": "first counts"}"#.into(), json!([{"a": [4]}])),
        ("[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, \"unseen\"]".into(), json!([[[4]], {"len": 11, "truncated": true}])),
        (nested(30), deepest.clone()),
    ];
    for (text, expected) in &vectors {
        assert_eq!(schema_of(text, &[]), *expected, "{text}");
    }
    assert_eq!(vectors.len(), 15);
    let wide = schema_of(&format!("{{{}}}", wide.join(",")), &[]);
    // Of 265 entries an object keeps 256, of these a schema 255.
    assert_eq!(wide[0].as_object().map(serde_json::Map::len), Some(255));
    assert_eq!(wide[1], json!({"truncated": true}));
    let unknown = Object::Map(vec![(b"a".into(), Object::Unknown)]);
    let none = Catalog::default();
    assert_eq!(schema::extract(&unknown, &none, &[], &mut Room::default()).to_json(), json!([{"a": [0]}]));
}

#[test]
fn scanners_tag_texts() {
    let tags = |id: &str| json!({"type": id, "category": "pii"});
    let scanners = [
        scanner("both", Some("mail"), Some("@")),
        scanner("key", Some("pass"), None),
        scanner("value", None, Some("^[0-9]{4}$")),
        scanner("later", None, Some("[0-9@]")),
    ];
    let vectors = [
        (r#"{"mail": "a@b"}"#, json!([{"mail": [8, tags("both")]}])),
        (r#"{"mail": "1234"}"#, json!([{"mail": [8, tags("value")]}])),
        (r#"{"mail": "a@"}"#, json!([{"mail": [8]}])),
        (r#"{"x": "a@b"}"#, json!([{"x": [8, tags("later")]}])),
        (r#"{"password": ["a", "1234", 1]}"#, json!([{"password": [[[4], [8, tags("key")]], {"len": 3}]}])),
        (r#"{"password": [{"x": "y"}]}"#, json!([{"password": [[[{"x": [8]}]], {"len": 1}]}])),
        (
            r#"{"mail": [["a@b"], [["c@d"]]]}"#,
            json!([{"mail": [[
            [[[8, tags("both")]], {"len": 1}],
            [[[[[8, tags("both")]], {"len": 1}]], {"len": 1}],
        ], {"len": 2}]}]),
        ),
        (r#""a@b""#, json!([8, tags("later")])),
        (r#"["1234"]"#, json!([[[8, tags("value")]], {"len": 1}])),
        (r#"{"mail": 1234, "pass": null}"#, json!([{"mail": [4], "pass": [1]}])),
    ];
    for (text, expected) in &vectors {
        assert_eq!(schema_of(text, &scanners), *expected, "{text}");
    }
    assert_eq!(vectors.len(), 10);
}

#[test]
fn scanners_are_asked_about_so_many_texts() {
    let text = format!(
        "{{{}}}",
        (0..255)
            .map(|at| { format!("\"{at}\": [{}]", ["\"1234\""; 10].join(",")) })
            .collect::<Vec<_>>()
            .join(",")
    );
    let catalog = Catalog::new(&[scanner("value", None, Some("1"))]).unwrap();
    let mut room = Room::default();
    let made = schema::extract(&object(&text), &catalog, &[0], &mut room).to_json();
    assert!(room.cut(), "2,550 texts");
    let tagged = made.to_string().matches("\"value\"").count();
    // Ten texts that are alike are one in a schema.
    assert_eq!(tagged, SCHEMA_SCANS.div_ceil(10));
}

#[test]
fn references_choose_scanners() {
    let mut card = scanner("card", None, Some("1"));
    card.tags.insert("category".into(), "payment".into());
    let catalog = Catalog::new(&[scanner("a", None, Some("1")), card, scanner("b", None, Some("1"))]);
    let catalog = catalog.unwrap();
    let id = |id: &str| Reference::Id(id.to_owned());
    let tags = |tags: &[(&str, &str)]| {
        Reference::Tags(tags.iter().map(|(name, tag)| ((*name).to_owned(), (*tag).to_owned())).collect())
    };
    type Vector = (Vec<Reference>, Vec<Reference>, &'static [usize], &'static [&'static str]);
    let vectors: [Vector; 7] = [
        (vec![], vec![], &[], &[]),
        (vec![id("b"), id("a")], vec![], &[0, 2], &[]),
        (vec![tags(&[("category", "pii")])], vec![], &[0, 2], &[]),
        (vec![tags(&[("category", "pii")]), id("card")], vec![id("a")], &[1, 2], &[]),
        (vec![tags(&[("category", "pii"), ("type", "b")])], vec![], &[2], &[]),
        (vec![tags(&[])], vec![tags(&[("category", "payment")])], &[0, 2], &[]),
        (vec![id("c"), id("a")], vec![id("d")], &[0], &["c", "d"]),
    ];
    for (include, exclude, chosen, unknown) in &vectors {
        let wanted = Scanners { include: include.clone(), exclude: exclude.clone() };
        let found = catalog.choose(&wanted);
        assert_eq!((&found.0[..], &found.1[..]), (*chosen, *unknown), "{wanted:?}");
    }
    assert_eq!(vectors.len(), 7);
}
