//! `picket rules use` and `picket rules reload`, with a release of CRS in small.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{
    Exit,
    tests::{Did, picket_at},
};
use crate::{
    api::{
        ApiError, Code, Reloaded,
        tests::{InMemory, Running},
    },
    config::Config,
};

const INITIALISATION: &str = r#"SecAction "id:901001,phase:1,pass,nolog,ver:'OWASP_CRS/4.9.9',setvar:tx.anomaly_score=0"
"#;
const RULES: &str = r#"SecRule ARGS "@contains union" "id:942100,phase:2,pass,log,tag:'attack-sqli',tag:'paranoia-level/1'"
SecRule ARGS "@contains script" "id:941100,phase:2,pass,log,tag:'attack-xss',tag:'paranoia-level/2'"
"#;

/// A release in small: SQL injection at level 1, cross-site scripting only at level 2.
fn release(at: &Path) {
    fs::create_dir_all(at.join("rules")).unwrap();
    fs::write(
        at.join("crs-setup.conf.example"),
        "SecAction \"id:900990,phase:1,pass,nolog,setvar:tx.crs_setup_version=499\"\n",
    )
    .unwrap();
    fs::write(at.join("rules/REQUEST-901-INITIALIZATION.conf"), INITIALISATION).unwrap();
    fs::write(at.join("rules/REQUEST-942-APPLICATION-ATTACK-SQLI.conf"), RULES).unwrap();
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        release(&directory.path().join("coreruleset-4.9.9"));
        Self { directory }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        fs::canonicalize(self.directory.path()).unwrap().join(name)
    }

    /// `picket rules use …` on `picket.toml` of this place, with no agent.
    fn r#use(&self, args: &[&str]) -> Did {
        let config = self.path("etc/picket.toml");
        let args = [&["rules", "use"][..], args, &["--config", text(&config)]].concat();
        picket_at(Some(&self.path("state")), &args)
    }

    fn config(&self) -> String {
        fs::read_to_string(self.path("etc/picket.toml")).unwrap()
    }
}

#[test]
fn crs_is_written_and_taken_back() {
    let place = Place::new();
    let crs = place.path("coreruleset-4.9.9");
    let did = place.r#use(&["crs", text(&crs), "--dry-run"]);
    assert_eq!(did.exit, Exit::Done, "{}", did.err);
    assert!(did.out.contains(&format!("+ crs = \"{}\"", crs.display())), "{}", did.out);
    assert!(!place.path("etc").exists(), "--dry-run writes nothing");

    let did = place.r#use(&["crs", text(&crs)]);
    assert_eq!(did.exit, Exit::Done, "{}", did.err);
    assert_eq!(place.config(), format!("[rules]\ncrs = \"{}\"\n", crs.display()));
    for says in [
        "OWASP CRS 4.9.9",
        "taken over from Picket's own rules: sql_injection (",
        "still judged beside it: ",
        ", xss (",
        "written to ",
        "no agent runs here",
    ] {
        assert!(did.out.contains(says), "{}\ndoes not say {says}", did.out);
    }
    assert!(!did.out.contains("still judged beside it: sql"), "{}", did.out);
    assert!(place.r#use(&["crs", text(&crs)]).out.contains("says so already"));

    let did = place.r#use(&["default"]);
    assert_eq!((did.exit, place.config().as_str()), (Exit::Done, "[rules]\n"), "{}", did.err);
    assert!(did.out.contains("Picket's own rules judge"), "{}", did.out);
}

#[test]
fn what_a_person_wrote_stays() {
    let place = Place::new();
    let crs = place.path("coreruleset-4.9.9");
    fs::create_dir(place.path("etc")).unwrap();
    fs::write(place.path("own.conf"), "SecRule ARGS \"@contains x\" \"id:10,phase:2\"\n").unwrap();
    let before = "# ours\n[output]\nall = true # all of it\n\n[rules] # rules\n# many\nfiles = [\"../own.conf\", \"../coreruleset-4.9.9\"]\ndisabled = [\"picket-sqli-001\"]\n\n[respond]\nevents = 7\n";
    fs::write(place.path("etc/picket.toml"), before).unwrap();
    let did = place.r#use(&["crs", text(&crs)]);
    assert_eq!(did.exit, Exit::Done, "{}", did.err);
    let expected = before
        .replace(", \"../coreruleset-4.9.9\"]", "]")
        .replace("-001\"]\n", &format!("-001\"]\ncrs = \"{}\"\n", crs.display()));
    assert_eq!(place.config(), expected);
    assert!(Config::load(place.path("etc/picket.toml")).is_ok());
    // What only Picket's rules had for those classes is off all the same.
    let did = place.r#use(&["default"]);
    assert_eq!(
        (did.exit, place.config()),
        (Exit::Done, before.replace(", \"../coreruleset-4.9.9\"]", "]")),
        "{}",
        did.err
    );
}

#[test]
fn switched_off_rules_come_back_with_default() {
    let place = Place::new();
    fs::create_dir(place.path("etc")).unwrap();
    fs::write(place.path("etc/picket.toml"), "[rules]\nbuiltin = false\nparanoia = 2\n").unwrap();
    let crs = place.path("coreruleset-4.9.9");
    let did = place.r#use(&["crs", text(&crs)]);
    assert!(did.out.contains("switched off ([rules] builtin)"), "{}", did.out);
    assert!(place.config().contains("builtin = false\nparanoia = 2\ncrs = "), "{}", place.config());
    place.r#use(&["default"]);
    assert_eq!(place.config(), "[rules]\nparanoia = 2\n");
}

#[test]
fn what_is_no_release_is_refused_and_nothing_changed() {
    let place = Place::new();
    let crs = place.path("coreruleset-4.9.9");
    fs::create_dir(place.path("broken")).unwrap();
    release(&place.path("broken"));
    fs::write(place.path("broken/rules/REQUEST-999-X.conf"), "\nSecRule ARGS \"@nope x\" \"id:1\"\n")
        .unwrap();
    let (up, inside, broken) = (place.path(""), crs.join("rules"), place.path("broken"));
    for (args, says) in [
        (&["crs", text(&up)][..], "did you mean "),
        (&["crs", text(&inside)], "did you mean "),
        (&["crs", "/nonexistent"], "No such file"),
        (&["crs", text(&broken)], "REQUEST-999-X.conf:2:"),
        (&["default", text(&crs)], "takes no PATH"),
    ] {
        let did = place.r#use(args);
        assert_ne!(did.exit, Exit::Done, "{args:?}: {}", did.out);
        assert!(did.err.contains(says), "{args:?}: {}", did.err);
        assert!(!place.path("etc/picket.toml").exists());
    }
    fs::create_dir(place.path("etc")).unwrap();
    fs::write(place.path("etc/picket.toml"), "[rules]\nbuiltin = 3\n").unwrap();
    let did = place.r#use(&["crs", text(&crs)]);
    assert_eq!(did.exit, Exit::Usage);
    assert!(
        did.err.contains("nothing is changed: ") && did.err.contains("picket.toml:2:11: "),
        "{}",
        did.err
    );
    // The mark stands below the line.
    assert!(did.err.lines().any(|line| line.trim_start() == "2 | builtin = 3"), "{}", did.err);
}

#[test]
fn a_running_agent_takes_it_over() {
    let place = Place::new();
    let crs = place.path("coreruleset-4.9.9");
    let config = place.path("etc/picket.toml");
    let ran = |theirs: &Path, args: &[&str]| {
        let reload = Reloaded {
            config: Some(theirs.display().to_string()),
            generation: 2,
            rules: 7,
            ..Reloaded::default()
        };
        let agent = Running::start(InMemory { reload: Some(Ok(reload)), ..InMemory::default() });
        picket_at(Some(&agent.state_dir()), &[args, &["--config", text(&config)]].concat())
    };
    let use_crs = ["rules", "use", "crs", text(&crs)];
    let did = ran(&config, &use_crs);
    assert!(did.out.contains("in force: 7 rules") && did.err.is_empty(), "{}{}", did.out, did.err);
    let did = ran(Path::new("/etc/other.toml"), &use_crs);
    assert!(did.err.contains("the agent that runs has /etc/other.toml"), "{}", did.err);
    let did = ran(&config, &[&use_crs[..], &["--json"]].concat());
    let report: Value = serde_json::from_str(&did.out).unwrap();
    assert_eq!(
        (&report["version"], &report["changed"], &report["in_force"]),
        (&json!("4.9.9"), &json!(false), &json!(true))
    );
    assert!(report["taken_over"]["sql_injection"].as_u64().is_some_and(|n| n > 0), "{report}");
}

#[test]
fn reload_says_what_came_into_force() {
    let reloaded = Reloaded {
        changes: vec!["rules.crs".into(), "policies".into()],
        needs_restart: vec!["capture.rings".into()],
        generation: 3,
        config: Some("/etc/picket/picket.toml".into()),
        files: vec!["/opt/crs/crs-setup.conf".into()],
        rules: 1234,
        policies: 2,
        warnings: vec!["doubtful".into()],
        took_ms: 412,
    };
    let agent = Running::start(InMemory { reload: Some(Ok(reloaded.clone())), ..InMemory::default() });
    let did = picket_at(Some(&agent.state_dir()), &["rules", "reload"]);
    assert_eq!(
        (did.exit, did.out.as_str(), did.err.as_str()),
        (
            Exit::Done,
            "in force: 1,234 rules, 2 policies besides the default; read and compiled in 412 ms (settings number 3)\n\
             /etc/picket/picket.toml\n/opt/crs/crs-setup.conf\nchanged: rules.crs, policies\n\
             changed, but only a restart takes it over: capture.rings\n",
            "warning: doubtful\n"
        )
    );
    let did = picket_at(Some(&agent.state_dir()), &["rules", "reload", "--json"]);
    assert_eq!(serde_json::from_str::<Reloaded>(&did.out).unwrap(), reloaded);

    let error = ApiError::new(
        Code::BadRequest,
        "picket.toml:2:10: rules.mode: expected…\n  2 | mode = 1\n    |        ^",
    );
    let agent = Running::start(InMemory { reload: Some(Err(error)), ..InMemory::default() });
    let did = picket_at(Some(&agent.state_dir()), &["rules", "reload"]);
    assert_eq!(did.exit, Exit::Usage);
    assert!(did.err.contains("picket.toml:2:10: ") && did.err.contains("\n  2 | mode = 1\n"), "{}", did.err);
}
