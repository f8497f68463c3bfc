use std::{fs, os::unix::fs::PermissionsExt as _};

use super::*;

const RULE: &str = r#"{"id": "own", "name": "n", "queries": [{"query": "@status:404"}],
    "cases": [{"status": "low", "condition": "a > 3"}],
    "options": {"evaluationWindow": 60, "keepAlive": 60, "maxSignalDuration": 60}}"#;
const WAF: &str = r#"SecRule ARGS "@contains evil" "id:100001,phase:2,log,msg:'Evil'""#;

#[test]
fn rules_stay_are_switched_and_go() {
    let state = tempfile::tempdir().unwrap();
    for (kept, id, text) in [
        (KeptRules::of_detections(state.path()), "own", RULE),
        (KeptRules::of_requests(state.path()), "100001", WAF),
    ] {
        assert_eq!(kept.put(id, text, "alice").unwrap(), []);
        assert!(matches!(kept.put("other", text, "alice"), Err(KeepError::Other(_))));
        assert!(matches!(kept.put(id, "{}", "alice"), Err(KeepError::Rule { .. })));
        kept.switch(id, true, "bob").unwrap();
        let before = kept.switch("another", true, "bob").unwrap();
        // Another process, or the next start.
        let again = KeptRules::new(state.path(), kept.kind);
        let all = again.list().unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].text.as_deref(), all[0].off, all[0].who.as_str()), (Some(text), true, "bob"));
        kept.put_back(&before).unwrap();
        assert_eq!(kept.list().unwrap().len(), 1);
        kept.remove(id).unwrap();
        assert!(matches!(kept.remove(id), Err(KeepError::Unknown(_))));
        assert_eq!(kept.list().unwrap(), []);
        let mode = fs::metadata(&kept.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 2, "a file of each kind, and nothing else");
}

#[test]
fn they_are_bounded() {
    let state = tempfile::tempdir().unwrap();
    let kept = KeptRules::of_requests(state.path());
    let rule = |number: usize, text: &str| KeptRule {
        id: number.to_string(),
        time: Timestamp::UNIX_EPOCH,
        who: "alice".to_owned(),
        text: Some(text.to_owned()),
        off: false,
    };
    let many: Vec<KeptRule> = (0..limits::KEPT_RULES).map(|number| rule(number, "x")).collect();
    kept.add(&many).unwrap();
    assert!(matches!(kept.put("100001", WAF, "alice"), Err(KeepError::Full(_))));
    // The same ids again are no more.
    kept.add(&many).unwrap();
    assert_eq!(kept.list().unwrap(), many);
    let long = "x".repeat(limits::KEPT_BYTES / 2 + 1);
    assert!(matches!(kept.add(&[rule(1, &long), rule(2, &long)]), Err(KeepError::Long)));
    assert_eq!(kept.list().unwrap(), many, "nothing was changed");
}

#[test]
fn a_broken_file_is_kept_aside_and_what_can_be_read_stays() {
    let state = tempfile::tempdir().unwrap();
    let kept = KeptRules::of_requests(state.path());
    kept.put("100001", WAF, "alice").unwrap();
    let whole = fs::read_to_string(&kept.path).unwrap();
    let aside = || {
        let files = fs::read_dir(state.path()).unwrap().map(|file| file.unwrap().path());
        files.filter(|file| file.to_string_lossy().contains("rules.json.corrupt-")).collect::<Vec<_>>()
    };
    let wrong = whole.replace("\"entries\":[", "\"entries\":[{\"id\":7},");
    fs::write(&kept.path, &wrong).unwrap();
    for _ in 0..2 {
        assert_eq!(kept.list().unwrap()[0].id, "100001", "also the next time");
    }
    let [file] = &aside()[..] else { panic!("one file is kept aside") };
    assert_eq!(fs::read_to_string(file).unwrap(), wrong);
    fs::write(&kept.path, "no JSON").unwrap();
    assert_eq!(kept.list().unwrap(), []);
    assert_eq!(aside().len(), 2);
    fs::remove_file(&kept.path).unwrap();
    fs::create_dir(&kept.path).unwrap();
    let error = kept.list().unwrap_err().to_string();
    assert!(error.contains("rules.json"), "{error}");
}
