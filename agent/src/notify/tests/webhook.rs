//! One delivery over HTTP: what is sent, what an answer means, what stays secret.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::{
    receiver::{Receiver, Reply},
    *,
};

fn secret(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    fs::write(&path, format!("{text}\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    path.display().to_string()
}

#[test]
fn what_is_sent() {
    let receiver = Receiver::start(|_, _| Reply::Status(204, ""));
    let secrets = tempfile::tempdir().unwrap();
    let (key, token) =
        (secret(secrets.path(), "key", "s3cret-key"), secret(secrets.path(), "token", "t0ken"));
    let more = format!("headers = [\"X-Team: shop\"]\nsecret_file = \"{key}\"\ntoken_file = \"{token}\"");
    let desk = Desk::new(webhook("pager", &receiver.url("/hook?a=b"), &more));
    let courier = desk.courier();
    assert_eq!(desk.put(&change(ChangeKind::Opened, 1)), 1);
    courier.wake();
    until("delivered and ticked off", || only(&courier).delivered == 1 && desk.waiting() == 0);

    let got = receiver.got();
    let [got] = got.as_slice() else { panic!("{got:?}") };
    assert_eq!(got.path, "/hook?a=b");
    let header = |name: &str| got.headers.get(name).map(String::as_str);
    assert_eq!(header("content-type"), Some("application/json"));
    assert_eq!(header("authorization"), Some("Bearer t0ken"));
    assert_eq!(header("x-team"), Some("shop"));
    assert_eq!(header("picket-event"), Some("signal.opened"));
    let signature = header("picket-signature").unwrap();
    let seconds: i64 = signature.strip_prefix("t=").unwrap().split(',').next().unwrap().parse().unwrap();
    assert!((Timestamp::now().as_second() - seconds).abs() < 60, "{signature}");
    assert_eq!(signature, formats::sign(b"s3cret-key", seconds, got.body.as_bytes()));
    let json = got.json();
    assert_eq!(json["id"], got.id());
    assert_eq!(json["event"], "signal.opened");
    assert_eq!(json["change"], "opened");
    assert_eq!(json["severity"], "high");
    assert_eq!(json["title"], "[HIGH] SQL injection 1");
    assert_eq!(json["signal"], serde_json::to_value(signal(1, Severity::High)).unwrap());
}

#[test]
fn templates() {
    let receiver = Receiver::start(|_, _| Reply::Status(200, ""));
    let more = "title = \"{{signal.rule}} by {{@client_ip}}\"\ntemplate = \"{{#if signal.assignee}}x{{/if}}{{signal.events}} events, {{change}}\"";
    let desk = Desk::new(webhook("pager", &receiver.url("/"), more));
    let courier = desk.courier();
    desk.put(&change(ChangeKind::Escalated, 1));
    courier.wake();
    until("delivered", || receiver.count() == 1);
    let json = receiver.got()[0].json();
    assert_eq!(json["title"], "sql-injection by 203.0.113.7");
    assert_eq!(json["text"], "12 events, escalated");
}

/// Whatever the receiver says back, no secret is told on.
#[test]
fn secrets_stay_secret() {
    let receiver = Receiver::start(|_, _| Reply::Status(400, "you sent t0ken-canary"));
    let secrets = tempfile::tempdir().unwrap();
    let url = secret(secrets.path(), "url", &receiver.url("/canary-path"));
    let token = secret(secrets.path(), "token", "t0ken-canary");
    let text = format!(
        "[[notify]]\nname = \"pager\"\ntype = \"webhook\"\nurl_file = \"{url}\"\ntoken_file = \"{token}\"\n"
    );
    let desk = Desk::new(targets(&text));
    let courier = desk.courier();
    desk.put(&change(ChangeKind::Opened, 1));
    courier.wake();
    until("given up", || only(&courier).given_up == 1);
    let shown =
        format!("{:?} {:?} {:?}", only(&courier), courier.test("pager"), Secrets::read(&desk.targets));
    assert!(shown.contains("400"), "{shown}");
    assert!(shown.contains("<redacted>"), "{shown}");
    assert!(!shown.contains("t0ken-canary"), "{shown}");
    assert!(!shown.contains("canary"), "{shown}");
    assert_eq!(receiver.got()[0].path, "/canary-path");
}

#[test]
fn secrets_that_can_not_be_had_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing").display().to_string();
    let empty = secret(directory.path(), "empty", "");
    let lines = secret(directory.path(), "lines", "canary\ncanary");
    let vectors = [
        (format!("token_file = \"{missing}\""), "can't read it"),
        (format!("token_file = \"{empty}\""), "it is empty"),
        (format!("secret_file = \"{lines}\""), "more than one line"),
        ("token_env = \"PICKET_TEST_NOT_SET\"".to_owned(), "it is not set"),
    ];
    for (more, expected) in &vectors {
        let error = Secrets::read(&webhook("pager", "http://127.0.0.1:1/", more)).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("`pager`"), "{error}");
        assert!(!error.contains("canary"), "{error}");
    }
    assert_eq!(vectors.len(), 4);
}

#[test]
fn redirects_are_not_followed() {
    let other = Receiver::start(|_, _| Reply::Status(200, ""));
    let location = format!("location: {}", other.url("/stolen"));
    let receiver = Receiver::start(move |_, _| Reply::With(302, location.clone()));
    let desk = Desk::new(webhook("pager", &receiver.url("/"), ""));
    let courier = desk.courier();
    let error = courier.test("pager").unwrap_err().to_string();
    assert!(error.contains("302") && error.contains("redirects are not followed"), "{error}");
    assert_eq!((receiver.count(), other.count()), (1, 0));
}

#[test]
fn tests() {
    let receiver = Receiver::start(|_, _| Reply::Status(202, "thanks"));
    let desk = Desk::new(webhook("pager", &receiver.url("/"), "title = \"{{signal.title}}\""));
    let courier = desk.courier();
    let said = courier.test("pager").unwrap();
    assert!(said.contains("202"), "{said}");
    assert_eq!(receiver.got()[0].json()["event"], "test");
    assert_eq!(receiver.got()[0].json()["title"], "Picket: a test");
    let error = courier.test("nobody").unwrap_err().to_string();
    assert!(error.contains("`nobody`") && error.contains("pager"), "{error}");
    drop(receiver);
    let error = courier.test("pager").unwrap_err().to_string();
    assert!(error.contains("can't connect"), "{error}");
}

#[test]
fn over_tls() {
    let receiver = Receiver::tls(|_, _| Reply::Status(200, ""));
    let url = |host: &str| format!("https://{host}:{}/x", receiver.port);
    let vectors = [
        (url("localhost"), CA, true),
        (url("localhost"), OTHER_CA, false),
        // The certificate is for a name.
        (url("127.0.0.1"), CA, false),
        (url("localhost").replace("https", "http"), CA, false),
    ];
    for (url, ca, expected) in &vectors {
        let desk = Desk::new(webhook("pager", url, &format!("ca_file = \"{ca}\"")));
        match (desk.courier().test("pager"), expected) {
            (Ok(_), true) => {}
            (Err(error), false) if url.starts_with("https") => {
                assert!(error.to_string().contains("no TLS connection"), "{url}: {error}");
            }
            (Err(error), false) => assert!(error.to_string().contains("no answer"), "{url}: {error}"),
            (other, _) => panic!("{url} {ca}: {other:?}"),
        }
    }
    assert_eq!(receiver.count(), 1);
    assert_eq!(vectors.len(), 4);
}

#[test]
fn answers_are_read_to_a_bound() {
    let receiver = Receiver::start(|_, _| Reply::Long(500, 50_000_000));
    let desk = Desk::new(webhook("pager", &receiver.url("/"), ""));
    let error = desk.courier().test("pager").unwrap_err().to_string();
    assert!(error.contains("500") && error.len() < 1000, "{} bytes", error.len());
}
