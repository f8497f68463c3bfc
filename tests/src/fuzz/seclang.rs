//! A file of SecLang: read, written, read again.

use std::{collections::BTreeMap, path::Path};

use picket::rules::seclang::{self, ast::Directive};

/// What a lenient reader takes is the same after it was written and read again; a strict one takes all of
/// it, or gives up where the lenient one found the first error. The file may include itself and another.
pub fn run(data: &[u8]) {
    let files = BTreeMap::from([
        ("fuzz.conf".into(), data.to_vec()),
        ("other.conf".into(), b"SecMarker other\nInclude fuzz.conf".to_vec()),
    ]);
    let path = Path::new("fuzz.conf");
    let (script, errors) = seclang::read_lenient(path, &files);
    for error in &errors {
        assert!(error.line > 0 && error.column > 0 && !error.problem.is_empty(), "{error}");
        assert!(!error.problem.chars().any(char::is_control), "control characters: {:?}", error.problem);
    }
    match seclang::read(path, &files) {
        Ok(strict) => assert!(errors.is_empty() && strict == script, "the lenient reader is another one"),
        Err(error) => assert_eq!(Some(&error), errors.first()),
    }
    let written: String = script.directives.iter().map(|directive| format!("{directive}\n")).collect();
    let again =
        seclang::read_text(&written, "again.conf").unwrap_or_else(|error| panic!("{error}\n{written}"));
    let plain = |directives: Vec<Directive>| -> Vec<_> {
        directives.into_iter().map(Directive::without_places).collect()
    };
    assert_eq!(plain(script.directives), plain(again.directives), "{written}");
}
