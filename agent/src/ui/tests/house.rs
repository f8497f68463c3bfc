//! Rules of this house.

use std::{fs, path::Path};

/// Files of the UI, with their texts.
fn files(directory: &Path, into: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push((path.display().to_string(), fs::read_to_string(&path).expect("a text")));
        }
    }
}

#[test]
fn nothing_is_written_into_a_page_as_it_is() {
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui"), &mut all);
    assert!(all.len() > 40, "{}", all.len());
    // Maud escapes everything else; and a style attribute would be refused by the policy.
    let forbidden =
        [concat!("Pre", "Escaped"), concat!("sty", "le=("), concat!("sty", "le=\""), concat!("on", "click=")];
    for (path, text) in &all {
        for word in forbidden {
            assert!(!text.contains(word), "{word} in {path}");
        }
    }
}

#[test]
fn only_the_api_is_asked() {
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui"), &mut all);
    for (path, text) in all.iter().filter(|(path, _)| !path.contains("/ui/tests")) {
        for module in ["store", "pipeline", "desk", "respond"] {
            assert!(!text.contains(&format!("crate::{module}")), "{module} in {path}");
            assert!(!text.contains(&format!("\n    {module}::")), "{module} in {path}");
        }
    }
}
