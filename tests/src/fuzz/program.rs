//! Rules of SecLang and a request: read, compiled, and asked, with shortcuts and without.

use picket::{
    limits,
    rules::{
        inapp::Set,
        program::{
            compile,
            run::{Facts, Scratch},
            verdict::Verdict,
        },
        seclang::{self, lower},
    },
};

use super::rules_judge::request;

/// Bytes of rules; each of their patterns may take a while to compile.
const RULES: usize = 2048;

/// Input: rules, a line of `---`, a request.
///
/// What can be read compiles or says why not; what compiles says the same of the request with every shortcut and with
/// none, the second time too, when records are there that the first has written.
pub fn run(data: &[u8]) {
    const LINE: &[u8] = b"\n---\n";
    let at = data.windows(LINE.len()).position(|window| window == LINE);
    let (rules, sent) = match at {
        Some(at) => (&data[..at], &data[at + LINE.len()..]),
        None => (data, &b"GET /?x=1 HTTP/1.1\r\n\r\n"[..]),
    };
    let rules = &rules[..rules.len().min(RULES)];
    let files = std::collections::BTreeMap::from([("fuzz.conf".into(), rules.to_vec())]);
    let (script, _) = seclang::read_lenient("fuzz.conf".as_ref(), &files);
    let (program, errors) = lower::lower_lenient(&script.directives);
    for error in errors {
        assert!(error.place.line > 0 && !error.problem.is_empty(), "{error}");
    }
    let none = Set::default();
    let Ok((engine, errors)) =
        compile::compile_lenient(&program, &none, &|_, _| Err("no files here".to_owned()))
    else {
        return;
    };
    for error in errors {
        assert!(error.place.line > 0 && !error.problem.is_empty(), "{error}");
    }
    for warning in engine.warnings() {
        assert!(warning.contains(": rule "), "{warning}");
    }
    let request = request(sent);
    let (mut fast, mut plain) = (Scratch::default(), Scratch::plain());
    for later in [0, 7] {
        let facts = Facts::of_client([192, 0, 2, 1].into(), 1_700_000_000 + later);
        let verdict = said(engine.judge(&request, None, &facts, &mut fast));
        assert!(verdict.0.len() <= limits::EVENT_MATCHES);
        assert_eq!(verdict, said(engine.judge(&request, None, &facts, &mut plain)));
    }
}

type Said = (Vec<(u64, String, String, String, String)>, Option<(u64, u16)>, Vec<(String, i64)>);

fn said(verdict: Verdict) -> Said {
    let hits = verdict.hits.into_iter();
    (
        hits.map(|hit| (hit.rule.id, hit.location, hit.value, hit.message, hit.data)).collect(),
        verdict.denied.map(|(rule, status)| (rule.id, status)),
        verdict.scores,
    )
}
