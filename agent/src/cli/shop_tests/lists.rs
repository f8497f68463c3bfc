//! What is taken along.

use super::*;

#[test]
fn lists_go_out_and_come_in() {
    let (one, other) = (Agent::start(), Agent::start());
    for args in [
        &["block", "203.0.113.7", "--forever", "--reason", "scans"][..],
        &["passlist", "add", "192.0.2.0/24"],
    ] {
        assert_eq!(one.picket(args).exit, Exit::Done);
    }
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("lists.json");
    let name = file.to_str().expect("UTF-8");
    let did = one.picket(&["export", name]);
    assert_eq!(
        did.out,
        format!("wrote {name}: 1 entries of the denylist, 1 of the passlist\n"),
        "{}",
        did.err
    );
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
    let did = one.picket(&["export", name]);
    assert_eq!((did.exit, did.err.contains("--force")), (Exit::Usage, true), "{}", did.err);
    assert_eq!(one.picket(&["export", name, "--force"]).exit, Exit::Done);
    assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 1, "nothing is left beside it");
    assert_eq!(one.json(&["export"])["denylist"][0]["net"], "203.0.113.7");

    let did = other.picket(&["import", name, "--dry-run"]);
    assert!(
        did.out.starts_with("would add or change 1 entries of the denylist, 1 of the passlist"),
        "{}{}",
        did.out,
        did.err
    );
    assert_eq!(did.err, "nothing was changed\n");
    assert_eq!(other.json(&["denylist"])["total"], 0);
    assert_eq!(other.picket(&["import", name]).exit, Exit::Done);
    assert_eq!(other.json(&["denylist"])["entries"][0]["net"], "203.0.113.7");
    fs::write(&file, "{\"denylist\": 7}").expect("written");
    let did = other.picket(&["import", name]);
    assert_eq!(did.exit, Exit::Usage);
    assert!(did.err.contains("is not what `picket export` writes"), "{}", did.err);
    assert_eq!(other.picket(&["import", "/nowhere/at/all"]).exit, Exit::Failed);
}
