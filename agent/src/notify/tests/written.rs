//! Formats: what stands in them, whatever a signal holds.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::config::Format;

fn notification(signal: Signal) -> Notification {
    Notification {
        id: "01795305600123456789-x".to_owned(),
        time: "2026-11-22T10:05:01.123456789Z".parse().expect("a time"),
        what: What::Signal { change: ChangeKind::Opened, signal: Box::new(signal) },
    }
}

fn letter(notification: &Notification) -> Letter {
    Letter::write(&webhook("pager", "http://127.0.0.1/", "")[0], notification, "web1")
}

fn header(format: Format, most: usize) -> formats::Header<'static> {
    formats::Header { facility: 10, host: "web1", process: 42, format, most }
}

#[test]
fn syslog_lines() {
    let notification = notification(signal(1, Severity::High));
    let line = formats::syslog(&header(Format::Rfc5424, 2048), &notification, &letter(&notification));
    assert_eq!(
        line,
        "<83>1 2026-11-22T10:05:01.123456Z web1 picket 42 signal.opened [picket@32473 \
         id=\"01795305600123456789-x\" severity=\"high\" signal=\"01900000-0000-7001-8000-000000000001\" \
         rule=\"sql-injection\" events=\"12\" service=\"shop\" actor=\"203.0.113.7\" user=\"ada\"] [HIGH] SQL \
         injection 1: 203.0.113.7 tried SQL injection on shop 12 times."
    );
    let line = formats::syslog(&header(Format::Cef, 2048), &notification, &letter(&notification));
    assert_eq!(
        line,
        format!(
            "<83>1 2026-11-22T10:05:01.123456Z web1 picket 42 signal.opened - CEF:0|Picket|Picket|{}|sql-injection|\
             [HIGH] SQL injection 1|8|rt=1795341901123 dvchost=web1 cat=signal.opened \
             deviceExternalId=01795305600123456789-x externalId=01900000-0000-7001-8000-000000000001 cnt=12 \
             start=1795341600000 end=1795341900500 src=203.0.113.7 suser=ada requestClientApplication=sqlmap/1.7 \
             cs1=shop cs1Label=services cs2=open cs2Label=status cs3=203.0.113.7 cs3Label=actors \
             act=block_ip for 3600 s msg=203.0.113.7 tried SQL injection on shop 12 times.",
            env!("CARGO_PKG_VERSION")
        )
    );
}

#[test]
fn escapes() {
    let hostile = Signal {
        title: "a|b\\c=d\ne".to_owned(),
        message: "x=1|y\\z\r\nCEF:0|fake\u{0}".to_owned(),
        users: vec!["\"]\\ user=root".to_owned()],
        actors: vec!["2001:db8::7".to_owned()],
        ..signal(1, Severity::Low)
    };
    let notification = notification(hostile);
    let cef = formats::cef(&notification, &letter(&notification), "web1", 8192);
    assert!(cef.contains("|[LOW] a\\|b\\\\c=d e|3|"), "{cef}");
    assert!(cef.ends_with("msg=x\\=1|y\\\\z\\nCEF:0|fake "), "{cef}");
    assert!(cef.contains("suser=\"]\\\\ user\\=root "), "{cef}");
    assert!(cef.contains("c6a2=2001:db8::7 c6a2Label=Source IPv6 Address"), "{cef}");
    let line = formats::syslog(&header(Format::Rfc5424, 2048), &notification, &letter(&notification));
    assert!(line.contains(r#" user="\"\]\\ user=root"] "#), "{line}");
    assert!(!line.contains(['\n', '\r', '\0']), "{line}");
}

/// `logs/v1` and `collector/logs/v1` of opentelemetry-proto, in the JSON of protobuf: names in camel case, 64-bit numbers
/// as text, and nothing else.
#[test]
fn otlp_has_the_names_of_the_proto() {
    let notification = notification(signal(1, Severity::High));
    let now: Timestamp = "2026-11-22T10:05:02Z".parse().unwrap();
    let request = formats::otlp(&notification, &letter(&notification), "web1", now);
    let known: &[(&str, &[&str])] = &[
        ("", &["resourceLogs"]),
        ("resourceLogs", &["resource", "scopeLogs", "schemaUrl"]),
        ("resource", &["attributes", "droppedAttributesCount"]),
        ("scopeLogs", &["scope", "logRecords", "schemaUrl"]),
        ("scope", &["name", "version", "attributes", "droppedAttributesCount"]),
        (
            "logRecords",
            &[
                "timeUnixNano",
                "observedTimeUnixNano",
                "severityNumber",
                "severityText",
                "body",
                "attributes",
                "droppedAttributesCount",
                "flags",
                "traceId",
                "spanId",
                "eventName",
            ],
        ),
        ("attributes", &["key", "value"]),
        (
            "value",
            &[
                "stringValue",
                "boolValue",
                "intValue",
                "doubleValue",
                "arrayValue",
                "kvlistValue",
                "bytesValue",
            ],
        ),
        ("values", &["stringValue", "intValue"]),
        ("body", &["stringValue"]),
        ("arrayValue", &["values"]),
    ];
    let mut looked = 0;
    check(&request, "", known, &mut looked);
    assert!(looked > 30, "{looked}");
    let record = &request["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
    assert_eq!(record["timeUnixNano"], "1795341901123456789");
    assert_eq!(record["observedTimeUnixNano"], "1795341902000000000");
    assert_eq!((&record["severityNumber"], &record["severityText"]), (&json!(17), &json!("ERROR")));
    let attributes = record["attributes"].as_array().unwrap();
    let attribute = |key: &str| &attributes.iter().find(|one| one["key"] == key).unwrap()["value"];
    assert_eq!(attribute("client.address"), &json!({"stringValue": "203.0.113.7"}));
    assert_eq!(attribute("picket.signal.events"), &json!({"intValue": "12"}));
    assert_eq!(
        attribute("picket.signal.services"),
        &json!({"arrayValue": {"values": [{"stringValue": "shop"}]}})
    );
}

/// Each object's members are those of its message, which its name says.
fn check(value: &Value, name: &str, known: &[(&str, &[&str])], looked: &mut usize) {
    match value {
        Value::Object(members) => {
            let (_, names) =
                known.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name}"));
            for (member, value) in members {
                assert!(names.contains(&member.as_str()), "{name}.{member}");
                *looked += 1;
                check(value, member, known, looked);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| check(item, name, known, looked)),
        _ => {}
    }
}

#[test]
fn otlp_refusals_are_heard() {
    use super::receiver::{Receiver, Reply};
    let receiver = Receiver::start(|number, _| match number {
        0 => Reply::Status(200, r#"{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"no room"}}"#),
        _ => Reply::Status(200, "{}"),
    });
    let text = format!("[[notify]]\nname = \"otel\"\ntype = \"otlp\"\nurl = \"{}\"", receiver.url(""));
    let desk = Desk::new(targets(&text));
    let courier = desk.courier();
    let error = courier.test("otel").unwrap_err().to_string();
    assert!(error.contains("no room"), "{error}");
    courier.test("otel").unwrap();
    assert_eq!(receiver.got()[1].path, "/v1/logs");
}

/// Limits of Block Kit: https://docs.slack.dev/reference/block-kit/blocks
#[test]
fn slack_messages() {
    let hostile = Signal {
        title: format!("<!channel> & {}", "t".repeat(400)),
        message: "&".repeat(9000),
        users: vec!["<@U1>".to_owned()],
        ..signal(1, Severity::High)
    };
    let notification = notification(hostile);
    let message = formats::slack(&letter(&notification));
    let blocks = message["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50);
    let text = |block: &Value| block["text"]["text"].as_str().unwrap().to_owned();
    assert!(text(&blocks[0]).chars().count() <= 150);
    assert!(text(&blocks[1]).chars().count() <= 3000 && text(&blocks[1]).ends_with("&amp;"));
    let mut fields = 0;
    for section in &blocks[2..] {
        let own = section["fields"].as_array().unwrap();
        assert!((1..=10).contains(&own.len()));
        fields += own.len();
        for field in own {
            let text = field["text"].as_str().unwrap();
            assert!(text.chars().count() <= 2000 && !text.contains("<@"), "{text}");
        }
    }
    assert!(fields >= 10, "{fields}");
    assert!(!message["text"].as_str().unwrap().contains("<!"));
}

proptest! {
    /// Whatever stands in a signal, a line stays a line of its length, and CEF reads back.
    #[test]
    fn lines_stay_lines(title in any::<String>(), text in any::<String>(), user in any::<String>(), most in 512_usize..4096) {
        let signal = Signal { title, message: text, users: vec![user], ..signal(1, Severity::High) };
        let notification = notification(signal);
        let letter = letter(&notification);
        for format in [Format::Rfc5424, Format::Cef] {
            let line = formats::syslog(&header(format, most), &notification, &letter);
            prop_assert!(!line.chars().any(char::is_control), "{line:?}");
            // Header and structured data of Picket's own are never cut.
            prop_assert!(line.len() <= most.max(1024), "{} of {most}", line.len());
        }
        let message = formats::slack(&letter).to_string();
        prop_assert!(serde_json::from_str::<Value>(&message).is_ok());
    }
}
