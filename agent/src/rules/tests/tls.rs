//! Rules about the connection's TLS.

use std::sync::Arc;

use super::{engine, get, rule, rules};
use crate::{
    rules::program::run::{Facts, Scratch},
    tls::hello::{ClientHello, Progress, TlsFacts, Version},
};

#[test]
fn rules_look_at_what_the_client_says_of_its_tls() {
    let Progress::Done(hello) = ClientHello::read(include_bytes!("../../../../tests/data/tls/chrome.client"))
    else {
        panic!("a whole hello")
    };
    let mut told = TlsFacts::offered(&hello);
    told.version = Some(Version::TLS_1_3);
    let (ja4, sni) = (hello.ja4(), hello.sni.as_deref().expect("it names its host"));
    let conditions = [
        ("ja4", ja4.as_str()),
        ("sni", sni),
        ("version", "TLS 1.3"),
        ("alpn", "h2"),
        ("ja4", "t13d000000_000000000000_000000000000"),
        ("cipher", "TLS_AES_128_GCM_SHA256"),
    ];
    let list: Vec<String> = conditions
        .iter()
        .enumerate()
        .map(|(number, (address, value))| {
            let parameters =
                format!(r#"{{"inputs": [{{"address": "picket.tls.{address}"}}], "list": ["{value}"]}}"#);
            let conditions = format!(r#"[{{"operator": "exact_match", "parameters": {parameters}}}]"#);
            rule(&format!("r{number}"), &conditions, "[]")
        })
        .collect();
    let engine = engine(&rules(&list));
    let request = get("/");
    let judge = |tls| {
        let facts = Facts { tls, ..Facts::of_client([192, 0, 2, 7].into(), 1_000) };
        let said = engine.judge(&request, None, &facts, &mut Scratch::default());
        let held = said.in_app.iter().map(|found| (found.rule.id.clone(), found.location.to_string()));
        held.collect::<Vec<_>>()
    };
    let expected = [("r0", "tls.ja4"), ("r1", "tls.sni"), ("r2", "tls.version"), ("r3", "tls.alpn")];
    let expected = expected.map(|(rule, location)| (rule.to_owned(), location.to_owned()));
    assert_eq!(judge(Some(Arc::new(told))), expected, "the service's hello was not seen: no cipher suite");
    assert_eq!(judge(None), [], "a connection without TLS");
}
