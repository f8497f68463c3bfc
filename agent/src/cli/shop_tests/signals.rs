//! Signals: from the list to the archive.

use super::*;

#[test]
fn a_signal_from_the_list_to_the_archive() {
    let agent = Agent::start();
    agent.attack();
    let signal = agent.signal("sql-injection-success");
    let did = agent.picket(&["signals", "rule:sql-injection-success"]);
    let short: String = signal.id.to_string().chars().take(13).collect();
    assert_eq!(
        did.out,
        format!(
            "SEVERITY  WHAT                             WHO          SERVICE  EVENTS  LAST SEEN   STATUS  ID\n\
             high      SQL injection likely successful  203.0.113.7  shop          6  11 min ago  open    {short}\n"
        )
    );
    let utc = agent.picket(&["signals", "rule:sql-injection-success", "--utc"]).out;
    let seen = signal.last_seen.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    assert!(utc.contains(&seen) && !utc.contains(" ago"), "{utc}");

    // Signals of one moment have the same beginning: which one is asked back.
    let beginning = &signal.id.to_string()[..8];
    let did = agent.picket(&["signals", "show", beginning]);
    assert_eq!(did.exit, Exit::Usage, "{}", did.out);
    assert!(
        did.err.contains("more than one signal") && did.err.contains(&signal.id.to_string()),
        "{}",
        did.err
    );

    let id = signal.id.to_string();
    let did = agent.picket(&["signals", "show", &id[..35]]);
    assert_eq!(did.exit, Exit::Done, "{}", did.err);
    for part in [
        "HIGH  SQL injection likely successful  open\n",
        "  did it work    perhaps: sql_injection (6 times, the first: GET /search 500)\n",
        "  what was done  nobody is blocked\n",
        "query.q: ' OR 1=1",
        "\nRelated signals\n",
        "\nHistory\n",
        &format!("  picket block 203.0.113.7 --for 1h --signal {id}\n"),
        &format!("  picket signals triage {id} --status under_review --assign NAME\n"),
    ] {
        assert!(did.out.contains(part), "{part:?} in\n{}", did.out);
    }
    let told = agent.json(&["signals", "show", &id]);
    assert_eq!((&told["signal"]["id"], &told["actors"][0]["ip"]), (&json!(id), &json!("203.0.113.7")));

    let did = agent.picket(&[
        "signals",
        "triage",
        &id,
        "--status",
        "under_review",
        "--assign",
        "alice",
        "--case",
        "SEC-17",
    ]);
    assert_eq!(
        (did.exit, did.out),
        (Exit::Done, format!("{id} SQL injection likely successful: under review: alice, case SEC-17\n")),
        "{}",
        did.err
    );
    let did = agent.picket(&["signals", "triage", &id, "--unassign", "--note", "ours\x1b[2J"]);
    assert_eq!((did.exit, did.out.as_str()), (Exit::Usage, ""), "{}", did.err);
    assert!(did.err.contains("`note` has control characters"), "{}", did.err);
    let did = agent.picket(&["signals", "triage", &id, "--unassign", "--note", "ours"]);
    assert!(did.out.ends_with(": under review, case SEC-17, note: ours\n"), "{}{}", did.out, did.err);
    let story = agent.picket(&["signals", "show", &id]).out;
    assert!(story.contains("  case           SEC-17\n") && story.contains("--reason remediated"), "{story}");
    agent.picket(&["signals", "triage", &id, "--status", "archived", "--reason", "false_positive"]);
    let listed = agent.picket(&["signals", "status:archived"]).out;
    assert!(listed.contains("archived: false positive") && listed.lines().count() == 2, "{listed}");
    let facets = agent.picket(&["signals", "facets", "severity"]).out;
    assert!(facets.starts_with("VALUE") && facets.contains("high "), "{facets}");
}

#[test]
fn many_signals_are_changed_after_a_look() {
    let agent = Agent::start();
    agent.attack();
    let count = agent.signals().len();
    assert!(count >= 2, "{count}");
    let bulk = [
        "signals",
        "triage",
        "-q",
        "client_ip:203.0.113.7",
        "--status",
        "archived",
        "--reason",
        "remediated",
    ];
    let did = agent.picket(&bulk);
    assert_eq!((did.exit, did.out.lines().count()), (Exit::Done, count + 1), "{}{}", did.out, did.err);
    assert_eq!(did.err, format!("nothing was changed; change these {count} signals with --yes\n"));
    assert!(agent.signals().iter().all(|signal| signal.archive_reason.is_none()));
    let did = agent.picket(&[&bulk[..], &["--yes"]].concat());
    assert_eq!((did.exit, did.out.lines().count()), (Exit::Done, count), "{}", did.err);
    assert_eq!(agent.json(&["signals", "status:archived"])["items"].as_array().map(Vec::len), Some(count));
    let nobody = agent.picket(&["signals", "triage", "-q", "rule:none", "--status", "open", "--yes"]);
    assert!(nobody.out.starts_with("no signals in the last 1d with: rule:none\n"), "{}", nobody.out);
    // Who did it is written down.
    let audit = agent.picket(&["audit"]).out;
    assert!(audit.starts_with("WHEN") && audit.lines().count() == count + 1, "{audit}");
}
