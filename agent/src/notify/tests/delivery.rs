//! Delivery: retries, order, restarts, rates.

use std::sync::{Arc, Mutex};

use super::{
    receiver::{Got, Receiver, Reply},
    *,
};

/// Ids of the signals that were told, in the order in which they came, with what happened to them.
fn told(got: &[Got]) -> Vec<String> {
    got.iter()
        .map(|got| {
            let json = got.json();
            let title = json["signal"]["title"].as_str().unwrap_or("more");
            let number = title.rsplit(' ').next().unwrap_or("?").to_owned();
            format!("{number} {}", json["change"].as_str().unwrap_or("?"))
        })
        .collect()
}

/// Whatever goes wrong in between: in the end it is there, each attempt has the same id, and only what was taken counts.
#[test]
fn failures_are_tried_again() {
    let wrong = [
        Reply::Status(500, "broken"),
        Reply::Close,
        Reply::CutHead,
        Reply::Status(503, ""),
        Reply::Status(408, ""),
        Reply::With(429, "retry-after: 0".to_owned()),
        Reply::Hang,
        Reply::Status(302, ""),
    ];
    let count = wrong.len();
    let receiver =
        Receiver::start(move |number, _| wrong.get(number).cloned().unwrap_or(Reply::Status(200, "ok")));
    let desk = Desk::new(webhook("pager", &receiver.url("/"), "timeout = \"1s\"\nrate = 6000"));
    let courier = desk.courier();
    desk.put(&change(ChangeKind::Opened, 1));
    courier.wake();
    until("delivered", || only(&courier).delivered == 1 && desk.waiting() == 0);
    let got = receiver.got();
    assert_eq!(got.len(), count + 1);
    assert!(got.iter().all(|other| other.id() == got[0].id()));
    let stats = only(&courier);
    assert_eq!((stats.failed, stats.given_up, stats.last_error), (count as u64, 0, None));
}

/// An answer that breaks off behind its status was taken.
#[test]
fn the_status_counts() {
    let receiver = Receiver::start(|_, _| Reply::CutBody);
    let desk = Desk::new(webhook("pager", &receiver.url("/"), ""));
    let courier = desk.courier();
    desk.put(&change(ChangeKind::Opened, 1));
    courier.wake();
    until("delivered", || only(&courier).delivered == 1 && desk.waiting() == 0);
    assert_eq!(receiver.count(), 1);
}

#[test]
fn what_is_refused_is_given_up_at_once() {
    let receiver =
        Receiver::start(|number, _| Reply::Status([400, 401, 404, 410, 413, 422, 200][number], ""));
    let desk = Desk::new(webhook("pager", &receiver.url("/"), ""));
    let courier = desk.courier();
    for number in 0..7 {
        desk.put(&change(ChangeKind::Opened, number));
    }
    courier.wake();
    until("all done", || desk.waiting() == 0 && only(&courier).delivered == 1);
    let stats = only(&courier);
    assert_eq!((stats.failed, stats.given_up, receiver.count()), (6, 6, 7));
}

#[test]
fn what_is_too_old_is_given_up() {
    let receiver = Receiver::start(|_, _| Reply::Status(500, ""));
    let desk = Desk::new(webhook("pager", &receiver.url("/"), ""));
    let old = Timestamp::now() - Duration::from_secs(3 * 86_400 + 60);
    desk.write(desk.plan.rows(&change(ChangeKind::Opened, 1), old));
    let young = Timestamp::now() - Duration::from_secs(3 * 86_400 - 3600);
    let plan = Plan::new(&desk.targets).unwrap();
    desk.write(plan.rows(&change(ChangeKind::Opened, 2), young));
    let courier = desk.courier();
    until("the old one is given up, the other tried again", || {
        only(&courier).given_up == 1 && only(&courier).failed >= 4
    });
    assert_eq!(desk.waiting(), 1);
}

/// What happened to one signal is told in order, even if the first of it fails; others need not wait.
#[test]
fn order_is_kept_for_each_signal() {
    let failures = Arc::new(Mutex::new(0));
    let failed = Arc::clone(&failures);
    let receiver = Receiver::start(move |_, got| {
        let first = got.json()["signal"]["title"] == "SQL injection 1" && got.json()["change"] == "opened";
        let mut failed = failed.lock().unwrap();
        if first && *failed < 6 {
            *failed += 1;
            return Reply::Status(500, "");
        }
        Reply::Status(200, "")
    });
    let desk = Desk::new(webhook(
        "pager",
        &receiver.url("/"),
        "on = [\"opened\", \"escalated\", \"triaged\"]\nrate = 6000",
    ));
    for kind in [ChangeKind::Opened, ChangeKind::Escalated, ChangeKind::Triaged] {
        for number in 1..=3 {
            desk.put(&change(kind, number));
        }
    }
    let courier = desk.courier();
    until("all delivered", || only(&courier).delivered == 9 && desk.waiting() == 0);
    assert_eq!(*failures.lock().unwrap(), 6);
    let mut told = told(&receiver.got());
    // Attempts that failed aside.
    let mut left = 6;
    told.retain(|told| {
        let failed = told == "1 opened" && left > 0;
        left -= usize::from(failed);
        !failed
    });
    assert_eq!(told.len(), 9);
    for number in 1..=3 {
        let own: Vec<&str> =
            told.iter().filter_map(|told| told.strip_prefix(&format!("{number} "))).collect();
        assert_eq!(own, ["opened", "escalated", "triaged"], "of {number}: {told:?}");
    }
    let place = |what: &str| told.iter().position(|told| told == what).unwrap();
    assert!(place("2 opened") < place("1 opened"), "others need not wait: {told:?}");
}

/// The receiver is down, the agent is restarted, and restarted while a notification is under way: nothing is lost.
#[test]
fn restarts_lose_nothing() {
    // A port where nobody listens yet.
    let port = Receiver::start(|_, _| Reply::Close).port;
    let mut desk = Desk::new(webhook("pager", &format!("http://127.0.0.1:{port}/"), "rate = 6000"));
    for number in 0..5 {
        desk.put(&change(ChangeKind::Opened, number));
    }
    let courier = desk.courier();
    courier.wake();
    until("tried", || only(&courier).failed >= 2);
    drop(courier);
    desk.restart();
    assert_eq!(desk.waiting(), 5);

    let receiver =
        Receiver::at(port, None, |number, _| if number < 2 { Reply::Status(200, "") } else { Reply::Hang });
    let courier = desk.courier();
    until("one is under way", || receiver.count() == 3);
    let before = receiver.got();
    drop(courier);
    drop(receiver);
    desk.restart();

    let receiver = Receiver::at(port, None, |_, _| Reply::Status(200, ""));
    let courier = desk.courier();
    until("all delivered", || desk.waiting() == 0);
    let after = receiver.got();
    assert_eq!(only(&courier).delivered, 3);
    assert!(after.iter().any(|got| got.id() == before[2].id()), "what was under way has the same id");
    let all: Vec<Got> = before.into_iter().take(2).chain(after).collect();
    let expected: Vec<String> = (0..5).map(|number| format!("{number} opened")).collect();
    // Those that were tried come behind those that were not yet.
    let mut told = told(&all);
    told.sort_unstable();
    assert_eq!(told, expected, "each once");
}

/// A change that is made just when the courier is woken is told without waiting for the next one.
#[test]
fn woken_before_it_is_written() {
    let receiver = Receiver::start(|_, _| Reply::Status(200, ""));
    let desk = Desk::new(webhook("pager", &receiver.url("/"), "rate = 6000"));
    let courier = desk.courier();
    for number in 0..50 {
        let rows = desk.plan.rows(&change(ChangeKind::Opened, number), Timestamp::now());
        let ack = desk.store().handle().write(rows).unwrap();
        courier.wake();
        until("delivered", || receiver.count() as u64 == number + 1);
        ack.wait(LONGEST).unwrap();
    }
    assert_eq!(receiver.count(), 50);
}

#[test]
fn more_than_the_rate_becomes_one() {
    let receiver = Receiver::start(|_, _| Reply::Status(200, ""));
    let desk = Desk::new(webhook("pager", &receiver.url("/"), "rate = 3\nsignals = \"\""));
    for number in 0..40 {
        let severity = if number == 25 { Severity::Critical } else { Severity::Low };
        desk.put(&of(ChangeKind::Opened, signal(number, severity)));
    }
    let courier = desk.courier();
    until("delivered", || desk.waiting() == 0 && only(&courier).delivered == 3);
    let stats = only(&courier);
    assert_eq!((stats.merged, stats.failed), (38, 0));
    let got = receiver.got();
    assert_eq!(told(&got), ["0 opened", "1 opened", "more ?"]);
    let json = got[2].json();
    assert_eq!(json["event"], "signals.more");
    assert_eq!(json["severity"], "critical");
    let more = &json["more"];
    assert_eq!(more["count"], 38);
    assert_eq!(more["severities"], serde_json::json!({"critical": 1, "low": 37}));
    let named = more["signals"].as_array().unwrap();
    assert_eq!(named.len(), crate::limits::NOTIFY_NAMED);
    assert_eq!(named[0]["title"], "SQL injection 25", "the worst first");
    assert!(json["text"].as_str().unwrap().contains("and 28 others"), "{}", json["text"]);
    assert!(json["title"].as_str().unwrap().contains("38 more signals"), "{}", json["title"]);
}

/// A receiver that was away for long does not get thousands one by one, and nothing is lost: the counts add up.
#[test]
fn a_backlog_becomes_few() {
    let port = Receiver::start(|_, _| Reply::Close).port;
    let desk = Desk::new(webhook("pager", &format!("http://127.0.0.1:{port}/"), "rate = 6000"));
    let many = crate::limits::NOTIFY_WAITING as u64 * 2 + 100;
    let mut rows = Vec::new();
    for number in 0..many {
        rows.extend(desk.plan.rows(&change(ChangeKind::Opened, number), Timestamp::now()));
    }
    desk.write(rows);
    let receiver = Receiver::at(port, None, |_, _| Reply::Status(200, ""));
    let courier = desk.courier();
    until("delivered", || desk.waiting() == 0 && receiver.count() > 0);
    let got = receiver.got();
    let told: u64 = got.iter().map(|got| got.json()["more"]["count"].as_u64().unwrap_or(1)).sum();
    assert_eq!(told, many);
    assert_eq!(only(&courier).delivered, got.len() as u64);
    assert!(got.len() < many as usize / 2, "{}", got.len());
}

/// One that hangs keeps nobody else waiting.
#[test]
fn targets_do_not_wait_for_each_other() {
    let hanging = Receiver::start(|_, _| Reply::Hang);
    let receiver = Receiver::start(|_, _| Reply::Status(200, ""));
    let mut both = webhook("hangs", &hanging.url("/"), "timeout = \"30s\"");
    both.extend(webhook("pager", &receiver.url("/"), ""));
    let desk = Desk::new(both);
    let courier = desk.courier();
    for number in 0..5 {
        assert_eq!(desk.put(&change(ChangeKind::Opened, number)), 2);
    }
    courier.wake();
    until("delivered to the other", || receiver.count() == 5);
    until("ticked off", || desk.waiting() == 5);
    assert_eq!(hanging.count(), 1);
    let start = Instant::now();
    drop(courier);
    assert!(start.elapsed() < Duration::from_secs(10), "it stops in time");
}

#[test]
fn other_targets_after_a_reload() {
    let (one, two) = (Receiver::start(|_, _| Reply::Hang), Receiver::start(|_, _| Reply::Status(200, "")));
    let mut desk = Desk::new(webhook("one", &one.url("/"), ""));
    desk.put(&change(ChangeKind::Opened, 1));
    let courier = desk.courier();
    until("under way", || one.count() == 1);
    let mut both = webhook("one", &two.url("/one"), "");
    both.extend(webhook("two", &two.url("/two"), ""));
    courier.reconfigure(&both, &Secrets::default()).unwrap();
    until("delivered to where it is now", || desk.waiting() == 0 && two.count() == 1);
    assert_eq!(two.got()[0].path, "/one");
    assert_eq!(two.got()[0].id(), one.got()[0].id());

    // A secret that is missing changes nothing.
    let wrong = webhook("three", &two.url("/"), "token_file = \"/nonexistent\"");
    assert!(Secrets::read(&wrong).is_err());
    assert!(courier.reconfigure(&wrong, &Secrets::default()).is_err());
    desk.plan = Plan::new(&both).unwrap();
    assert_eq!(desk.put(&change(ChangeKind::Opened, 2)), 2);
    courier.wake();
    until("delivered", || desk.waiting() == 0 && two.count() == 3);

    // Targets that are gone take what waits for them along.
    desk.put(&change(ChangeKind::Opened, 3));
    courier.reconfigure(&[], &Secrets::default()).unwrap();
    assert_eq!(desk.waiting(), 0);
    assert!(courier.stats().is_empty());
    courier.wake();
    let error = courier.test("one").unwrap_err().to_string();
    assert!(error.contains("has none"), "{error}");
}

#[test]
fn nothing_configured_is_nothing_done() {
    let desk = Desk::new(Vec::new());
    assert!(desk.plan.is_empty());
    assert_eq!(desk.put(&change(ChangeKind::Opened, 1)), 0);
    let courier = desk.courier();
    courier.wake();
    assert!(courier.stats().is_empty());
}
