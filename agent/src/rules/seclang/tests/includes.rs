//! `Include`, `IncludeOptional`.

use super::*;

fn markers(list: &[(&str, &str)]) -> Result<String, ReadError> {
    let script = read(Path::new("r/main.conf"), &files(list))?;
    let names = script.directives.iter().map(|directive| match directive {
        Directive::Marker { name, .. } => name.as_str(),
        other => panic!("{other}"),
    });
    Ok(names.collect::<Vec<_>>().join(" "))
}

#[test]
fn stand_where_they_are_included() {
    let b = ("r/d/b.conf", "SecMarker b\nInclude ../a.conf");
    let a = ("r/a.conf", "SecMarker a");
    let other = ("/etc/o.conf", "SecMarker o");
    let vectors = [
        ("SecMarker 1\nInclude a.conf\nSecMarker 2", "1 a 2"),
        ("Include \"d/b.conf\"", "b a"),
        ("include d/*.conf\nInclude a.conf", "b a a"),
        ("Include /etc/o.conf", "o"),
        ("Include /etc/*.conf", "o"),
        ("IncludeOptional none.conf", ""),
        ("IncludeOptional none/*.conf", ""),
        ("Include *a.conf", "a"),
        ("Include [!m]*.conf", "a"),
        ("<IfModule x>\nIncludeOptional a.conf\n</IfModule>", "a"),
    ];
    let mut ran = 0;
    for (text, expected) in vectors {
        let read = markers(&[("r/main.conf", text), a, b, other]).unwrap();
        assert_eq!(read, expected, "{text}");
        ran += 1;
    }
    assert_eq!(ran, 10);
}

#[test]
fn say_what_is_wrong() {
    let vectors = [
        ("Include none.conf", "r/main.conf:1:9: can't read \"r/none.conf\""),
        ("SecMarker 1\n Include none/*.conf", "r/main.conf:2:10: no file is \"none/*.conf\""),
        ("Include main.conf", "r/main.conf:1:9: \"r/main.conf\" includes itself"),
        ("Include ../r/./main.conf", "r/main.conf:1:9: \"r/../r/./main.conf\" includes itself"),
        ("Include l*.conf", "r/loop.conf:1:9: \"r/main.conf\" includes itself"),
        ("Include bad.conf", "r/bad.conf:2:1: there is no directive"),
        ("Include open.conf", "r/open.conf:1:1: \"<IfModule>\" is not closed"),
        ("Include deep.conf", "deep.conf:1:9: "),
        ("Include", "r/main.conf:1:1: Include with no argument: expected a path"),
        ("Include a b", "r/main.conf:1:1: Include with 2 arguments: expected a path"),
    ];
    let mut ran = 0;
    for (text, expected) in vectors {
        let list = [
            ("r/main.conf", text),
            ("r/loop.conf", "Include main.conf"),
            ("r/bad.conf", "\nSecNone"),
            ("r/open.conf", "<IfModule x>"),
            ("r/deep.conf", "Include d/deep.conf"),
            ("r/d/deep.conf", "Include d/deep.conf"),
        ];
        let error = markers(&list).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
        ran += 1;
    }
    assert_eq!(ran, 10);
    let error = read(Path::new("none.conf"), &files(&[])).unwrap_err().to_string();
    assert!(error.starts_with("none.conf:1:1: can't read"), "{error}");
}

#[test]
fn are_bounded() {
    let names: Vec<String> = (0..40).map(|n| format!("{n}.conf")).collect();
    let texts: Vec<String> = (1..41).map(|n| format!("Include {n}.conf")).collect();
    let deep: Vec<_> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    let error = read(Path::new("0.conf"), &files(&deep)).unwrap_err();
    assert!(error.problem.contains("16 files deep"), "{error}");

    // Each file includes the next one twice.
    let texts: Vec<String> = (1..14).map(|n| format!("Include {n}.conf\nInclude {n}.conf")).collect();
    let mut wide: Vec<_> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    wide.push(("13.conf", ""));
    let error = read(Path::new("0.conf"), &files(&wide)).unwrap_err();
    assert!(error.problem.contains("too much to read"), "{error}");
    let (_, errors) = read_lenient(Path::new("0.conf"), &files(&wide));
    assert!((1..=14).contains(&errors.len()), "{errors:?}");
}

#[test]
fn on_disk() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("main.conf", "Include rules/*.conf\nIncludeOptional none.conf\nSecMarker end");
    write("rules/b.conf", "SecMarker b");
    write("rules/a.conf", "SecMarker a");
    write("rules/a.data", "SecMarker data");
    let script = read(&folder.path().join("main.conf"), &Disk).unwrap();
    let names: Vec<_> = script.directives.iter().map(|directive| directive.to_string()).collect();
    assert_eq!(names, ["SecMarker a", "SecMarker b", "SecMarker end"]);
    assert_eq!(script.files.len(), 3);
    let error = read(folder.path(), &Disk).unwrap_err();
    assert!(error.problem.contains("not a file"), "{error}");
}
