//! Who is told, whether it arrives, and that nothing secret is shown.

use std::net::TcpListener;

use serde_json::Value;

use super::{desk::Ground, *};
use crate::{config::Config, limits};

/// Takes every request with 204, on a thread that ends with the test's process.
fn receiver() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut request = Vec::new();
            let mut piece = [0; 4096];
            // A body has no line of its own at its end: it is JSON.
            while !request.ends_with(b"}") {
                match stream.read(&mut piece) {
                    Ok(0) | Err(_) => break,
                    Ok(count) => request.extend(&piece[..count]),
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        }
    });
    port
}

/// Of two targets one takes what comes, at the other nobody listens.
fn ground() -> (Ground, tempfile::TempDir) {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("address");
    std::fs::write(&file, format!("http://127.0.0.1:{}/canary-of-the-path", receiver())).expect("written");
    let text = format!(
        "[[notify]]\nname = \"good\"\ntype = \"webhook\"\nsignals = \"\"\nurl_file = {file:?}\n\
         [[notify]]\nname = \"bad\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{closed}/canary-too\"\n\
         signals = \"severity:critical\"\nrate = 7\non = [\"opened\"]\n"
    );
    let config = Config::parse(&text, "t").expect("a configuration");
    (Ground::of(InMemory { config, ..InMemory::default() }), directory)
}

fn target(list: &Value, name: &str) -> Value {
    let items = list["items"].as_array().expect("a list");
    items.iter().find(|target| target["name"] == name).expect("it is listed").clone()
}

#[test]
fn targets_are_listed_with_what_became_of_their_notifications() {
    let (ground, _directory) = ground();
    // The ground's signals are told.
    let began = std::time::Instant::now();
    let good = loop {
        let list = ground.get("/v1/notifications");
        let good = target(&list, "good");
        if good["counts"]["delivered"].as_u64() > Some(0) && good["counts"]["waiting"] == 0 {
            assert!(!list.to_string().contains("canary"), "{list}");
            let bad = target(&list, "bad");
            assert_eq!(
                (&bad["signals"], &bad["rate"], &bad["on"]),
                (&"severity:critical".into(), &7.into(), &serde_json::json!(["opened"]))
            );
            assert_eq!(
                (&bad["counts"]["delivered"], &bad["counts"]["last_error"]),
                (&0.into(), &Value::Null)
            );
            break good;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "nothing arrives: {good}");
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(
        (&good["type"], &good["signals"], &good["counts"]["failed"]),
        (&"webhook".into(), &"".into(), &0.into())
    );
    assert!(good["counts"]["last_delivered"].is_string(), "{good}");
}

#[test]
fn a_test_goes_out_from_the_agent_not_too_often_and_into_the_audit() {
    let (ground, _directory) = ground();
    let test = |name: &str| {
        ground.ask("POST", "/v1/notifications/test", &serde_json::json!({ "target": name }).to_string())
    };
    let (status, answer) = test("good");
    assert_eq!((status, &answer["target"]), (200, &"good".into()), "{answer}");
    assert!(answer["answer"].as_str().is_some_and(|answer| answer.contains("204")), "{answer}");
    let (status, answer) = test("bad");
    assert_eq!((status, &answer["error"]["code"]), (503, &"unavailable".into()), "{answer}");
    let audits = |ground: &Ground| {
        let audit = ground.get("/v1/audit?limit=100");
        let items = audit["items"].as_array().expect("a list").clone();
        items.into_iter().filter(|entry| entry["action"] == "test_notification").collect::<Vec<_>>()
    };
    let done = audits(&ground);
    assert_eq!(done.len(), 2, "{done:?}");
    assert!(done[0]["what"] == "bad" && done[1]["what"] == "good", "{done:?}");
    assert!(done[0].to_string().contains("\"arrived\":false"), "{done:?}");
    assert!(!format!("{done:?}").contains("canary"), "{done:?}");
    let (status, answer) = test("nobody");
    assert_eq!(
        (status, answer["error"]["message"].as_str().is_some_and(|text| text.contains("good, bad"))),
        (404, true),
        "{answer}"
    );

    let refused = (0..=limits::NOTIFY_TESTS).map(|_| test("good")).find(|(status, _)| *status != 200);
    let (status, answer) = refused.expect("it goes on without end");
    assert_eq!((status, &answer["error"]["code"]), (429, &"too_many".into()), "{answer}");
    assert!(
        answer["error"]["message"].as_str().is_some_and(|text| text.contains("try again in")),
        "{answer}"
    );
    // The others are not concerned, and what was not sent is not in the audit.
    assert_eq!(test("bad").0, 503);
    let sent = audits(&ground).len() - 2;
    assert!((2..=limits::NOTIFY_TESTS as usize + 1).contains(&sent), "{sent}");
}
