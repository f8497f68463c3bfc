//! What the reader takes, what it refuses and where it says so.

mod actions;
mod chains;
mod directives;
mod errors;
mod includes;
mod manual;
mod plugins;
mod properties;
mod rules;

use std::{collections::BTreeMap, path::PathBuf};

use super::{ast::Directive, *};

/// The directives of a text that can be read.
fn directives(text: &str) -> Vec<Directive> {
    read_text(text, "x.conf").unwrap_or_else(|error| panic!("{text}\n{error}")).directives
}

/// The directive of a line, as it is written again: one spelling for one meaning.
fn again(line: &str) -> String {
    let [directive] = <[Directive; 1]>::try_from(directives(line)).expect("one directive");
    let text = directive.to_string();
    let [other] = <[Directive; 1]>::try_from(directives(&text)).expect("one directive");
    assert_eq!(directive.without_places(), other.without_places(), "{line}\n{text}");
    text
}

/// Each line has this spelling.
fn spelled(expected: usize, vectors: &[(&str, &str)]) {
    let mut ran = 0;
    for (line, spelling) in vectors {
        assert_eq!(again(line), *spelling, "{line}");
        ran += 1;
    }
    assert_eq!(ran, expected);
}

/// Files in memory.
fn files(files: &[(&str, &str)]) -> BTreeMap<PathBuf, Vec<u8>> {
    files.iter().map(|(path, text)| (path.into(), text.as_bytes().to_vec())).collect()
}
