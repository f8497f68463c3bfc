//! CRS 3.3.4, where it is installed, before the plain meaning.

use std::{fs, path::Path};

use super::{
    differential::said,
    plain::{self, Kept, Plain},
};
use crate::{
    http::{self, Limits},
    rules::{
        cases::{self, Case},
        load::{self, Wanted},
        program::run::{Facts, Scratch},
    },
};

const CRS: &str = "/usr/share/modsecurity-crs";

/// Requests; each costs the plain meaning a good part of a second in a debug build.
const REQUESTS: usize = if cfg!(debug_assertions) { 20 } else { 400 };

/// On attacks and harmless requests (those beside Picket's own rules), with a response that gives something away, the
/// engine says what the rules say.
#[test]
fn crs_means_what_it_says() {
    assert!(Path::new(CRS).exists(), "{CRS} is not there: get it with `cargo xtask setup`");
    let wanted = Wanted { paths: vec![CRS.into()], paranoia: Some(4), ..Wanted::default() };
    let loaded = load::load(&wanted).unwrap();
    let engine = loaded.engine.unwrap();
    let files = |place: &crate::rules::seclang::ast::Place, name: &str| {
        fs::read(place.beside(name)).map_err(|error| error.to_string())
    };
    let plain = Plain::new(&loaded.script, &engine.names, &files);
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let cases = cases::beside(&own).unwrap();
    let all: Vec<&Case> = cases.iter().flat_map(|of| of.matches.iter().chain(&of.clean)).collect();
    let response = b"HTTP/1.1 500 No\r\nContent-Type: text/html\r\nContent-Length: 40\r\n\r\n\
                     <b>Fatal error</b> ORA-01756: mysql_fetch";
    let (mut fast, mut kept) = (Scratch::default(), Kept::default());
    let (mut ran, mut hits) = (0, 0);
    for (number, case) in all.iter().step_by(all.len() / REQUESTS).enumerate() {
        let exchange = http::exchange(&case.bytes(), Some(response), Limits::default());
        let (request, response) = (&exchange.request, exchange.response.as_ref());
        let facts = Facts::of_client([192, 0, 2, 1].into(), 1_700_000_000 + number as i64);
        let expected = plain::judge(&plain, request, response, &facts, &mut kept);
        hits += expected.hits.len();
        assert_eq!(said(engine.judge(request, response, &facts, &mut fast)), expected, "{}", case.shown());
        ran += 1;
    }
    println!("PICKET-CASES kind=CRS_plain_request ran={ran} failed=0");
    println!("{hits} hits");
    assert!(ran >= REQUESTS && hits > ran, "{ran} requests, {hits} hits");
}
