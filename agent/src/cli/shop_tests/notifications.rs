//! Who is told of signals.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
};

use super::*;

/// The running agent sends, and knows what became of what it sent before; without one the configuration has to do.
#[test]
fn the_agent_lists_and_tests_its_targets() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut head = Vec::new();
            let mut byte = [0; 1];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count > 0) {
                head.extend(byte);
            }
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        }
    });
    let text = format!(
        "[[notify]]\nname = \"good\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{port}/canary\"\nsignals = \"rule:none\"\n\
         [[notify]]\nname = \"gone\"\ntype = \"syslog\"\naddress = \"127.0.0.1:1\"\ntransport = \"tcp\"\n"
    );
    let config = Config::parse(&text, "t").expect("a configuration");
    let agent = Agent::with(&config);
    let did = agent.picket(&["notify", "list"]);
    assert_eq!(did.exit, Exit::Done, "{}", did.err);
    let shown: Vec<Vec<&str>> = did.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(shown[0].ends_with(&["SENT", "FAILED", "WAITING", "LAST", "SENT"]), "{}", did.out);
    let good = shown.iter().find(|words| words[0] == "good").expect("it is listed");
    assert!(good.ends_with(&["rule:none", "0", "0", "0", "-"]), "{}", did.out);
    assert_eq!(did.out.lines().last(), Some("as the running agent has it"));
    assert!(!did.out.contains("canary"), "{}", did.out);
    let list = agent.json(&["notify", "list"]);
    assert_eq!(
        (&list["source"], &list["items"][1]["counts"]["waiting"]),
        (&json!("agent"), &json!(0)),
        "{list}"
    );

    let did = agent.picket(&["notify", "test", "good"]);
    assert_eq!(
        (did.exit, did.out.starts_with("good arrived: ")),
        (Exit::Done, true),
        "{}{}",
        did.out,
        did.err
    );
    let did = agent.picket(&["notify", "test"]);
    assert_eq!(did.exit, Exit::Failed, "{}", did.err);
    assert!(did.out.contains("good arrived: ") && did.out.contains("gone failed: "), "{}", did.out);
    let did = agent.picket(&["notify", "test", "nobody"]);
    assert_eq!((did.exit, did.err.contains("good, gone")), (Exit::Failed, true), "{}", did.err);
    // The agent sent them: who asked for it is known.
    let audit = agent.json(&["audit"]);
    let tests = audit["items"].as_array().expect("a list").iter();
    assert_eq!(tests.filter(|entry| entry["action"] == "test_notification").count(), 3, "{audit}");
    for n in 0..=crate::limits::NOTIFY_TESTS {
        let did = agent.picket(&["notify", "test", "good"]);
        if did.exit != Exit::Done {
            assert!(did.out.contains("good failed: ") && did.out.contains("try again in"), "{}", did.out);
            break;
        }
        assert!(n < crate::limits::NOTIFY_TESTS, "it goes on without end");
    }

    let nowhere = tempfile::tempdir().expect("a directory");
    let did = picket_at(Some(nowhere.path()), &["notify", "list"]);
    assert!(did.out.lines().last().is_some_and(|line| line.starts_with("no agent runs: as ")), "{}", did.out);
}
