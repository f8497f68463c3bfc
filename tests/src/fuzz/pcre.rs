//! A pattern of SecLang and a text: compiled, searched, and what it needs.

use picket::rules::seclang::pcre::{GROUPS, Pattern};

use super::Input;

/// The first byte is the pattern's length. A pattern compiles or says why not; what it matches lies in the
/// text, is the same for both ways to ask, and has what the pattern needs.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let len = usize::from(input.u8());
    let pattern = String::from_utf8_lossy(input.bytes(len));
    let text = input.0.get(..4096).unwrap_or(input.0);
    let pattern = match Pattern::new(&pattern) {
        Ok(pattern) => pattern,
        Err(problem) => {
            assert!(!problem.is_empty() && !problem.contains('\n'), "{problem:?}");
            return;
        }
    };
    let mut cache = pattern.cache();
    let found = pattern.find(text, 0, &mut cache);
    let mut whole = None;
    pattern.captures(text, 0, &mut cache, |number, place| {
        assert!(number < GROUPS && text.get(place.clone()).is_some(), "group {number} at {place:?}");
        if number == 0 {
            whole = Some((place.start, place.end));
        }
    });
    if cache.take_given_up() == 0 {
        assert_eq!(found, whole);
    }
    if found.is_some() {
        assert!(pattern.need().is_met_by(text), "{:?}", pattern.need());
    }
}
