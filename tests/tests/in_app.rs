//! Rules of the In-App WAF, those that libddwaf's tracers bring: Picket's engine beside libddwaf itself, which is given
//! the very objects that Picket sees.

use std::collections::{BTreeMap, BTreeSet};

use picket::http::{self, Limits};
use picket::rules::{
    inapp::{
        address::{Address, Known, Sight},
        object::{Facts as Beside, Room, Transaction},
    },
    load::{self, Wanted},
    program::run::{Facts, Scratch},
};
use picket_tests::{
    bench::rules::traffic,
    crs,
    judge::{Ddwaf, wheel},
};

const CLIENT: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// What libddwaf reports, Picket reports: libddwaf's rule is among Picket's, and no type of attack is reported by one
/// alone. (libddwaf ends with the first rule of each type.)
#[test]
fn says_what_libddwaf_says() {
    let directory = wheel();
    let theirs = Ddwaf::load(&directory).expect("libddwaf");
    let rules = directory.join("rules.json");
    let loaded = load::load(&Wanted { paths: vec![rules], ..Wanted::default() }).expect("its rules");
    let types: BTreeMap<String, String> = loaded
        .set
        .rules
        .iter()
        .map(|rule| (rule.id.to_string(), rule.tags.get("type").cloned().unwrap_or_default()))
        .collect();
    let engine = loaded.engine.expect("rules");
    let mut scratch = Scratch::default();
    let (mut ran, mut reported, mut wrong) = (0, 0, Vec::new());
    for bytes in requests() {
        let request = http::exchange(&bytes, None, Limits::default()).request;
        let transaction = Transaction {
            request: &request,
            response: None,
            facts: Beside { client_ip: Some(CLIENT), ..Beside::default() },
        };
        let mut room = Room::default();
        let objects: Vec<_> = Known::ALL
            .into_iter()
            .filter(|known| Address::Known(*known).sight() == Sight::Seen)
            .filter_map(|known| Some((known.name().to_owned(), transaction.object(known.name(), &mut room)?)))
            .collect();
        let said = theirs.rules_on(&objects).expect("it judges");
        let facts = Facts::of_client(CLIENT, 1_700_000_000);
        let ours: Vec<String> = engine
            .judge(&request, None, &facts, &mut scratch)
            .in_app
            .iter()
            .map(|found| found.rule.id.clone())
            .collect();
        // Where libinjection speaks on one side, the type it speaks of is left out.
        let spoken: Vec<_> =
            said.iter().chain(&ours).filter(|id| is_injection(id)).map(|id| &types[id]).collect();
        let without = |ids: &[String]| {
            ids.iter().filter(|id| !spoken.contains(&&types[*id])).cloned().collect::<BTreeSet<_>>()
        };
        let (said, ours) = (without(&said), without(&ours));
        let bare = has_bare_names(&request.target) || has_bare_names(&request.body.data);
        let kinds = |ids: &mut dyn Iterator<Item = &String>| -> BTreeSet<String> {
            ids.map(|id| types.get(id).cloned().unwrap_or_else(|| id.clone())).collect()
        };
        let missing: Vec<_> = said.iter().filter(|id| !ours.contains(*id)).collect();
        let same = kinds(&mut said.iter()) == kinds(&mut ours.iter());
        if !missing.is_empty() || !(same || bare) {
            wrong.push(format!("theirs {said:?}, ours {ours:?}: {}", bytes.escape_ascii()));
        }
        ran += 1;
        reported += usize::from(!said.is_empty());
    }
    println!("PICKET-CASES kind=in_app ran={ran} failed={}", wrong.len());
    println!("{reported} of {ran} requests are reported");
    let first: Vec<&str> = wrong.iter().take(8).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} of {ran} differ, the first:\n{}", wrong.len(), first.join("\n"));
    assert!(ran > 3000 && reported > 400, "{reported} of {ran}");
}

/// libddwaf carries a libinjection of its own that differs from the one in libmodsecurity and here: on `for /f %v in
/// ("x") do y` only it finds nothing. Two rules ask it.
fn is_injection(id: &str) -> bool {
    ["crs-942-100", "strc-941-100"].contains(&id)
}

/// Whether there is a piece of a form without `=`: Picket takes it for a value, too, and may find more.
fn has_bare_names(form: &[u8]) -> bool {
    let form = form.split(|&byte| byte == b'?').next_back().unwrap_or_default();
    form.split(|&byte| byte == b'&').any(|piece| !piece.is_empty() && !piece.contains(&b'='))
}

/// Requests of CRS's tests, and those that a shop gets.
fn requests() -> Vec<Vec<u8>> {
    let tests = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/crs-3.3.4-tests");
    let stages = crs::load(&tests).expect("tests of CRS");
    let mut requests: Vec<Vec<u8>> = stages.into_iter().map(|stage| stage.request).collect();
    requests.extend(traffic::mixed(traffic::SEED, 1000));
    requests
}
