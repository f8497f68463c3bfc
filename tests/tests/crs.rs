//! The regression tests of the OWASP Core Rule Set before the engines that can be asked.

use std::path::{Path, PathBuf};

use picket::{
    http::{self, Limits},
    rules::{
        load::{self, Wanted},
        program::run::{Facts, Scratch},
    },
};
use picket_tests::{
    crs::{self, Exceptions, Stage},
    judge::{Judge, Picket, Regression},
};

/// Stages of CRS 3.3.4.
const STAGES: usize = 2403;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

fn stages() -> Vec<Stage> {
    let stages = crs::load(&data("crs-3.3.4-tests")).expect("the tests of CRS");
    assert_eq!(stages.len(), STAGES, "stages");
    stages
}

/// Every stage holds or is an exception that is explained.
fn holds(judge: &mut dyn Judge, exceptions: &str) {
    let report = crs::run(judge, &stages()).expect("it judges");
    println!("{}", report.summary());
    assert_eq!(report.outcomes.len(), STAGES, "stages that ran");
    let exceptions = Exceptions::load(&data("crs-exceptions").join(exceptions)).expect("exceptions");
    let wrong = report.against(&exceptions);
    println!("PICKET-CASES kind=CRS_stage ran={STAGES} failed={}", wrong.len());
    assert!(wrong.is_empty(), "{} of {STAGES} stages:\n{}", wrong.len(), wrong.join("\n"));
}

/// Proves the runner: what this engine does with these rules is known.
#[test]
fn libmodsecurity_3_with_crs_3() {
    holds(&mut Regression::load().expect("libmodsecurity and CRS"), "libmodsecurity-3.0.9");
}

/// Picket with the same rules and the same requests.
#[test]
fn picket_with_crs_3() {
    holds(&mut Picket::regression().expect("CRS"), "picket");
}

/// What Picket leaves out because it can be told to be without result is without result: on requests of CRS's
/// tests, as they are and with bytes changed, the plain evaluation says the same.
#[test]
fn picket_fast_is_plain() {
    let wanted =
        Wanted { paths: vec!["/usr/share/modsecurity-crs".into()], paranoia: Some(4), ..Wanted::default() };
    let loaded = load::load(&wanted).expect("CRS");
    let engine = loaded.engine.expect("rules");
    let (mut fast, mut plain) = (Scratch::default(), Scratch::plain());
    let facts = Facts::of_client([192, 0, 2, 1].into(), 1_700_000_000);
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 16).unwrap_or(0) % below.max(1)
    };
    const PIECES: [&[u8]; 12] = [
        b"'",
        b"<script>",
        b"%27",
        b"\0",
        b"/*",
        b"../",
        b"&lt;",
        b"\\x3c",
        b"UNION",
        b"\xff",
        b"%u0041",
        b";",
    ];
    let mut ran = 0;
    for stage in stages().iter().step_by(3) {
        for changed in 0..3 {
            let mut bytes = stage.request.clone();
            for _ in 0..changed * 2 {
                let at = random(bytes.len());
                bytes.splice(at..at, PIECES[random(PIECES.len())].iter().copied());
            }
            let request = http::exchange(&bytes, None, Limits::default()).request;
            let said = |scratch: &mut Scratch| {
                let verdict = engine.judge(&request, None, &facts, scratch);
                let hits =
                    verdict.hits.into_iter().map(|hit| (hit.rule.id, hit.location, hit.value, hit.data));
                (
                    hits.collect::<Vec<_>>(),
                    verdict.scores,
                    verdict.denied.map(|(rule, status)| (rule.id, status)),
                )
            };
            assert_eq!(said(&mut fast), said(&mut plain), "{}", bytes.escape_ascii());
            ran += 1;
        }
    }
    println!("PICKET-CASES kind=fast_is_plain ran={ran} failed=0");
    assert_eq!(ran, 3 * STAGES.div_ceil(3));
}
