//! The regression tests of the OWASP Core Rule Set before the engines that can be asked.

use std::path::{Path, PathBuf};

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
