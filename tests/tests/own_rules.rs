//! How much Picket's own rules find, by the requests of CRS's regression tests, beside what libddwaf's rules find.
//!
//! A yardstick, not an aim: many of CRS's stages are fragments (`?x=file?`, the name of a function) that nobody should
//! block on. Classes may not get worse unnoticed.

use std::{collections::BTreeMap, fs, path::Path};

use picket::{
    http::{self, Limits},
    rules::{
        load::{self, Wanted},
        program::{
            engine::Engine,
            model::Step,
            run::{Facts, Scratch},
        },
    },
};
use picket_tests::{crs, judge::wheel};

/// Classes of CRS (files `REQUEST-930…` to `REQUEST-944…`), and the stages of each that Picket's own rules find at least.
const CLASSES: [(&str, &str, usize); 9] = [
    ("930", "path traversal", 8),
    ("931", "remote files", 4),
    ("932", "shell commands", 112),
    ("933", "PHP", 60),
    ("934", "Node", 5),
    ("941", "cross-site scripting", 54),
    ("942", "SQL", 42),
    ("943", "session fixation", 0),
    ("944", "Java", 225),
];

/// What was found of a class.
#[derive(Default)]
struct Found {
    stages: usize,
    own: usize,
    theirs: usize,
    both: usize,
}

#[test]
fn find_a_share_of_what_crs_and_libddwaf_find() {
    let level_1 = level_1();
    let own = engine("default".into());
    let theirs = engine(wheel().join("rules.json"));
    let mut scratches = (Scratch::default(), Scratch::default());
    let facts = Facts::of_client([192, 0, 2, 1].into(), 1_700_000_000);
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/crs-3.3.4-tests");
    let mut by_class: BTreeMap<&str, Found> = BTreeMap::new();
    for stage in crs::load(&tests).expect("tests of CRS") {
        let Some(class) = CLASSES.iter().map(|class| class.0).find(|class| stage.file.starts_with(class))
        else {
            continue;
        };
        if stage.expected.rule.is_none() || !level_1.contains(&stage.file) {
            continue;
        }
        let request = http::exchange(&stage.request, None, Limits::default()).request;
        let by_own = !own.judge(&request, None, &facts, &mut scratches.0).in_app.is_empty();
        let by_theirs = !theirs.judge(&request, None, &facts, &mut scratches.1).in_app.is_empty();
        let found = by_class.entry(class).or_default();
        found.stages += 1;
        found.own += usize::from(by_own);
        found.theirs += usize::from(by_theirs);
        found.both += usize::from(by_own && by_theirs);
    }
    let mut ran = 0;
    let mut less = Vec::new();
    for (class, name, least) in CLASSES {
        let found = by_class.remove(class).unwrap_or_default();
        println!(
            "{class} {name}: of {} stages own rules find {}, libddwaf's {}; of what libddwaf's find, own rules find {}",
            found.stages, found.own, found.theirs, found.both
        );
        ran += found.stages;
        if found.own < least {
            less.push(format!("{class} {name}: {} found, {least} once", found.own));
        }
    }
    println!("PICKET-CASES kind=crs_attack ran={ran} failed={}", less.len());
    assert!(less.is_empty(), "{}", less.join("\n"));
    assert!(ran >= 1000, "{ran} stages");
}

fn engine(path: std::path::PathBuf) -> Engine {
    let wanted = Wanted { paths: vec![path], ..Wanted::default() };
    load::load(&wanted).expect("rules").engine.expect("rules")
}

/// Ids of CRS's rules of paranoia level 1, as Debian installs them.
fn level_1() -> Vec<String> {
    let crs = Path::new("/usr/share/modsecurity-crs");
    assert!(
        fs::exists(crs).is_ok_and(|there| there),
        "{} is not there: apt install modsecurity-crs",
        crs.display()
    );
    let loaded = load::load(&Wanted { paths: vec![crs.into()], ..Wanted::default() }).expect("CRS");
    let rules = loaded.script.steps.iter().filter_map(|step| match step {
        Step::Rule(rule) => Some(rule),
        Step::Marker(_) => None,
    });
    rules
        .filter(|rule| rule.meta.tags.iter().any(|tag| tag == "paranoia-level/1"))
        .map(|rule| rule.meta.id.to_string())
        .collect()
}
