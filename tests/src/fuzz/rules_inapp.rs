//! An In-App WAF rule file: read, put together, looked through.

use std::collections::HashSet;

use picket::rules::inapp::{ReadError, Report, read, read_lenient, resolve, resolve_lenient};

/// The reader takes the bytes or says where and why not; leniently it takes what else is there. What is put
/// together has each id once, whatever stands in the file.
pub fn run(data: &[u8]) {
    let strict = read(data, "fuzz.json");
    if let Err(error) = &strict {
        assert!(error.line > 0 && error.column > 0 && !error.problem.is_empty(), "{error}");
    }
    let Ok(lenient) = read_lenient(data, "fuzz.json") else {
        assert!(strict.is_err(), "lenient is not stricter");
        return;
    };
    for problem in lenient.left_out.iter().chain(lenient.warnings.iter()).chain(lenient.skipped.iter()) {
        assert!(problem.line > 0 && problem.column > 0 && !problem.problem.is_empty(), "{problem}");
    }
    match strict {
        Ok(strict) => assert_eq!(strict, lenient),
        Err(first) => {
            assert!(!lenient.left_out.is_empty(), "{first}");
            // An error of an item ends with the item's id.
            let same = |left: &ReadError| {
                (left.line, left.column) == (first.line, first.column)
                    && first.problem.starts_with(&left.problem)
            };
            let all = lenient.left_out.len() == lenient.left_out.iter().count();
            assert!(!all || lenient.left_out.iter().any(same), "{first}\n{}", lenient.left_out);
        }
    }
    let file = lenient.file;
    let Ok(once) = resolve_lenient([file.clone()]) else { return };
    if let Ok(strict) = resolve([file.clone()]) {
        assert_eq!(strict, once);
    } else {
        assert!(!once.left_out.is_empty());
    }
    let ids: HashSet<_> = once.set.rules.iter().map(|rule| &rule.id).collect();
    assert_eq!(ids.len(), once.set.rules.len(), "an id stands twice");
    let report = Report::of(&once.set);
    assert_eq!(report.enabled + report.disabled, once.set.rules.len());
    assert!(report.never.len() + report.partly.len() <= report.enabled);
    assert!(!report.to_string().is_empty());
    for exclusion in &once.set.exclusions {
        assert!(once.set.rules_of(&exclusion.targets).all(|rule| rule < once.set.rules.len()));
    }
    for processor in &once.set.processors {
        assert!(once.set.scanners_of(processor).count() <= once.set.scanners.len());
    }
    // The same file a second time adds nothing. (Overrides of scanners may say yes and no in turn.)
    let changes = !file.processor_overrides.is_empty();
    if let (false, Ok(twice)) = (changes, resolve_lenient([file.clone(), file])) {
        assert_eq!((&once.set.rules, &once.set.scanners), (&twice.set.rules, &twice.set.scanners));
        assert_eq!((&once.set.rules_data, &once.set.actions), (&twice.set.rules_data, &twice.set.actions));
    }
}
