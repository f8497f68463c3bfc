//! The regression tests of the OWASP Core Rule Set before the engines that can be asked.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use picket::{
    http::{self, Limits},
    rules::{
        load::{self, Wanted},
        policy::{Mode, Policy, Rules, Selector, Terms},
        program::{
            run::{Facts, Scratch},
            verdict::Verdict,
        },
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

/// Four policies over one compiled CRS say what four CRSs say, each loaded for a paranoia level; and rules that a fifth
/// leaves out are not among what holds.
#[test]
fn policies_share_one_crs() {
    let crs = || Wanted { paths: vec!["/usr/share/modsecurity-crs".into()], ..Wanted::default() };
    let rules = Arc::new(Rules::new(load::load(&crs()).expect("CRS")));
    let policy = |terms: Terms| Policy::new(None, Mode::Block, Arc::clone(&rules), terms);
    let shared: Vec<Policy> =
        (1..=4).map(|level| policy(Terms { paranoia: Some(level), ..Terms::default() })).collect();
    let as_set_up = policy(Terms::default());
    let without =
        ["942000-942999", "tag:attack-xss", "920*"].map(|text| Selector::parse(text).expect("rules"));
    let without = policy(Terms { paranoia: Some(4), disabled: without.to_vec(), ..Terms::default() });
    let own: Vec<_> = (1..=4)
        .map(|level| {
            load::load(&Wanted { paranoia: Some(level), ..crs() }).expect("CRS").engine.expect("an engine")
        })
        .collect();
    let facts = Facts::of_client([192, 0, 2, 1].into(), 1_700_000_000);
    let said = |verdict: &Verdict| {
        let hits: Vec<_> = verdict.hits.iter().map(|hit| (hit.rule.id, hit.location.clone())).collect();
        let mut scores = verdict.scores.clone();
        scores.sort();
        (hits, scores, verdict.denied.as_ref().map(|(rule, _)| rule.id))
    };
    let mut scratch = Scratch::default();
    let mut scratches: Vec<Scratch> = own.iter().map(|_| Scratch::default()).collect();
    let (mut ran, mut by_level) = (0, [0; 4]);
    for stage in stages().iter().step_by(4) {
        let request = http::exchange(&stage.request, None, Limits::default()).request;
        let mut judge = |policy: &Policy| {
            let (said, saved) = policy.judge_request(&request, &facts, &mut scratch);
            match saved {
                Some(saved) => {
                    policy.judge_response(&request, *saved, None, &mut scratch).expect("an engine")
                }
                None => said,
            }
        };
        for (level, (policy, (engine, scratch))) in
            shared.iter().zip(own.iter().zip(&mut scratches)).enumerate()
        {
            let verdict = judge(policy);
            assert_eq!(
                said(&verdict),
                said(&engine.judge(&request, None, &facts, scratch)),
                "level {}: {}",
                level + 1,
                stage.request.escape_ascii()
            );
            by_level[level] += verdict.hits.len();
        }
        // What its set-up says is level 1.
        assert_eq!(said(&judge(&as_set_up)), said(&judge(&shared[0])));
        let left = judge(&without);
        let out = |id: u64| (942_000..=942_999).contains(&id) || (920_000..=920_999).contains(&id);
        assert!(
            left.hits
                .iter()
                .all(|hit| !out(hit.rule.id) && !hit.rule.tags.contains(&"attack-xss".to_owned()))
        );
        ran += 1;
    }
    println!("PICKET-CASES kind=policy_is_engine ran={} failed=0", ran * 4);
    println!("hits by level: {by_level:?}");
    assert_eq!(ran, STAGES.div_ceil(4));
    assert!(by_level.is_sorted() && by_level[0] < by_level[3], "{by_level:?}");
}
