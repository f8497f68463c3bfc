//! Which targets are told of what.

use super::*;

/// Names of the targets that are told.
fn told(plan: &Plan, change: &Change, now: Timestamp) -> Vec<String> {
    let rows = plan.rows(change, now);
    rows.into_iter()
        .map(|row| match row {
            store::Change::Outbox(row) => row.target,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn kinds_and_queries() {
    let targets = targets(
        r#"
        [[notify]]
        name = "default"
        type = "slack"
        url = "http://127.0.0.1/"
        [[notify]]
        name = "all"
        type = "slack"
        url = "http://127.0.0.1/"
        signals = ""
        on = ["opened", "escalated", "extended", "triaged"]
        [[notify]]
        name = "shop"
        type = "slack"
        url = "http://127.0.0.1/"
        signals = "service:shop client_ip:203.0.113.0/24 -severity:info"
        [[notify]]
        name = "blog"
        type = "slack"
        url = "http://127.0.0.1/"
        signals = "service:blog"
        "#,
    );
    let plan = Plan::new(&targets).unwrap();
    let now = Timestamp::now();
    let vectors: [(ChangeKind, Severity, &[&str], &[&str]); 8] = [
        (ChangeKind::Opened, Severity::Critical, &[], &["default", "all", "shop"]),
        (ChangeKind::Opened, Severity::High, &[], &["default", "all", "shop"]),
        (ChangeKind::Escalated, Severity::Medium, &[], &["all", "shop"]),
        (ChangeKind::Opened, Severity::Info, &[], &["all"]),
        (ChangeKind::Extended, Severity::High, &[], &["all"]),
        (ChangeKind::Triaged, Severity::High, &[], &["all"]),
        // The rule names a target.
        (ChangeKind::Opened, Severity::Info, &["@blog", "somebody"], &["all", "blog"]),
        (ChangeKind::Triaged, Severity::Info, &["blog"], &["all"]),
    ];
    for (number, (kind, severity, notifications, expected)) in vectors.into_iter().enumerate() {
        let mut signal = signal(number as u64, severity);
        signal.notifications = notifications.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(told(&plan, &of(kind, signal), now), expected, "vector {number}");
    }
    assert_eq!(vectors.len(), 8);
}

/// A signal that goes on is told once a minute, to each target by itself.
#[test]
fn going_on() {
    let plan = Plan::new(&webhook("pager", "http://127.0.0.1/", "on = [\"extended\"]")).unwrap();
    let start = Timestamp::now();
    let mut told_at = Vec::new();
    for second in 0..=180 {
        let now = start + Duration::from_secs(second);
        if !told(&plan, &change(ChangeKind::Extended, 1), now).is_empty() {
            told_at.push(second);
        }
    }
    assert_eq!(told_at, [0, 60, 120, 180]);
    assert_eq!(told(&plan, &change(ChangeKind::Extended, 2), start), ["pager"]);
}

/// Rows sort by the order in which they were made, also when the clock is set back.
#[test]
fn ids_are_in_order() {
    let plan = Plan::new(&webhook("pager", "http://127.0.0.1/", "")).unwrap();
    let now = Timestamp::now();
    let mut ids = Vec::new();
    for (number, back) in [0, 0, 3600, 1, 0].into_iter().enumerate() {
        for row in plan.rows(&change(ChangeKind::Opened, number as u64), now - Duration::from_secs(back)) {
            let store::Change::Outbox(row) = row else { panic!("{row:?}") };
            let parsed: Notification = serde_json::from_str(&row.json).unwrap();
            assert_eq!(row.id, format!("pager/{}", parsed.id));
            ids.push(row.id);
        }
    }
    assert_eq!(ids.len(), 5);
    assert!(ids.is_sorted(), "{ids:?}");
}

/// What is read of the outbox is what was put into it.
#[test]
fn notifications_outlive_the_outbox() {
    let one = |number| Notification {
        id: format!("{number}"),
        time: Timestamp::now(),
        what: What::Signal { change: ChangeKind::Opened, signal: Box::new(signal(number, Severity::High)) },
    };
    let more = Notification::more("m".to_owned(), &[one(1), one(2)]).unwrap();
    let again = Notification::more("n".to_owned(), &[more.clone(), one(3)]).unwrap();
    let What::More { count, signals, .. } = &again.what else { panic!("{again:?}") };
    assert_eq!((*count, signals.len()), (3, 3));
    let test = Notification { what: What::Test, ..one(4) };
    let all = [one(1), more, again, test];
    for notification in &all {
        let json = serde_json::to_string(notification).unwrap();
        assert_eq!(&serde_json::from_str::<Notification>(&json).unwrap(), notification);
    }
    assert_eq!(all.len(), 4);
}
