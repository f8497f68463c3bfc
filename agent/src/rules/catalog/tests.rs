//! What is said of rules is what stands in their files.

use super::*;
use crate::rules::load::{Wanted, load};

fn of(paths: &[PathBuf]) -> Vec<Entry> {
    entries(&load(&Wanted { paths: paths.to_vec(), ..Wanted::default() }).unwrap())
}

#[test]
fn every_rule_of_picket_s_own_has_its_text() {
    let own = of(&["default".into()]);
    assert!(own.len() > 100, "{}", own.len());
    for entry in &own {
        let text = source(entry).unwrap_or_else(|| panic!("{} has no text", entry.meta.id));
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["id"], entry.meta.id);
        assert_eq!(json["conditions"].as_array().unwrap().len(), entry.conditions.len());
        assert!(entry.builtin && entry.conditions.iter().all(|condition| !condition.inputs.is_empty()));
    }
    let sqli = own.iter().find(|entry| entry.meta.id == "picket-xss-001").unwrap();
    assert_eq!((sqli.phase, sqli.language, sqli.tells), ("request", Language::InApp, true));
    assert_eq!(sqli.conditions[0].operator, "is_xss");
    assert!(sqli.conditions[0].inputs.contains(&"server.request.query".to_owned()));
}

#[test]
fn rules_of_both_languages_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let seclang = directory.path().join("a.conf");
    std::fs::write(
        &seclang,
        "# before\nSecRule ARGS:q|!ARGS:x \"!@rx ^[a-z]+$\" \\\n  \"id:10,phase:2,deny,log,msg:'odd',tag:'attack-sqli',t:lowercase,chain\"\n\n# between\nSecRule &TX:n \"@ge 1\" \"t:none\"\nSecRule ARGS \"@contains b\" \"id:11,phase:1,pass,nolog\"\n",
    )
    .unwrap();
    let json = directory.path().join("b.json");
    std::fs::write(
        &json,
        r#"{"version":"2.2","rules":[{"id":"own","name":"Own","enabled":false,"tags":{"type":"xss"},"conditions":[{"operator":"match_regex","parameters":{"inputs":[{"address":"server.response.body"}],"regex":"a"}}]}]}"#,
    )
    .unwrap();
    let all = of(&[seclang.clone(), json.clone()]);
    let entry = |id: &str| all.iter().find(|entry| entry.meta.id == id).unwrap();
    let odd = entry("10");
    assert_eq!((odd.phase, odd.tells, odd.blocks, odd.place.line), ("request_body", true, true, 2));
    assert_eq!(odd.meta.tags["type"], "sql_injection");
    assert_eq!(odd.conditions[0].operator, "!@rx");
    assert_eq!(odd.conditions[0].argument, "^[a-z]+$");
    assert_eq!(
        (&odd.conditions[0].inputs[..], &odd.conditions[1].inputs[..]),
        (&["ARGS:q".to_owned()][..], &["&TX:n".to_owned()][..])
    );
    assert_eq!(odd.conditions[0].transforms, ["lowercase"]);
    let text = source(odd).unwrap();
    assert!(text.starts_with("SecRule ARGS:q") && text.ends_with("\"t:none\""), "{text}");
    assert!(!entry("11").tells);
    let own = entry("own");
    assert_eq!((own.phase, own.enabled, own.builtin), ("response", false, false));
    assert!(source(own).unwrap().starts_with("{\n  \"id\": \"own\",\n"));
    // Another rule stands there now.
    std::fs::write(&json, "\n").unwrap();
    assert_eq!(source(own), None);
}
