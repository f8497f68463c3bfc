mod crs;
mod vectors;

use super::*;

fn no_files(name: &str) -> Result<Vec<u8>, String> {
    Err(format!("no file {name}"))
}

fn operator(name: &str, argument: &str) -> SecOperator {
    SecOperator::new(name, argument, false, &no_files)
        .unwrap_or_else(|why| panic!("{name} {argument}: {why}"))
}

#[test]
fn what_is_not_here_is_refused_by_name() {
    let mut ran = 0;
    for name in refused::names() {
        let problem = SecOperator::new(name, "x", false, &no_files).unwrap_err();
        assert!(problem.starts_with(&format!("@{name} is not supported: ")), "{problem}");
        ran += 1;
    }
    assert_eq!(ran, 11);
    for name in ["geoLookup", "rbl"] {
        let operator = operator(name, "x");
        assert!(operator.unanswered().is_some(), "{name}");
        assert_eq!(operator.find(b"192.0.2.1", b"", &mut None), None, "{name}");
    }
    assert_eq!(SecOperator::new("nope", "", false, &no_files).unwrap_err(), "there is no operator @nope");
}

#[test]
fn wrong_arguments_are_refused() {
    let vectors = [
        ("rx", "(a", "unclosed group"),
        ("rxGlobal", "[a", "unclosed class"),
        ("verifyCC", "(a", "unclosed group"),
        ("pm", "", "no phrase"),
        ("pm", "  ", "no phrase"),
        ("pmFromFile", "a.data", "a.data: no file a.data"),
        ("pmf", "https://example.com/x", "not fetched"),
        ("ipMatch", "", "no network"),
        ("ipMatch", "10.0.0.0/33", "neither an address nor a network"),
        ("ipMatch", "example.com", "neither an address nor a network"),
        ("ipMatchFromFile", "a.data", "a.data: no file a.data"),
        ("ipMatchF", "http://example.com/x", "not fetched"),
        ("validateByteRange", "", "is no byte"),
        ("validateByteRange", "1-256", "`256` is no byte"),
        ("validateByteRange", "9-1", "out of order"),
        ("validateByteRange", "%{tx.range}", "is no byte"),
    ];
    let mut ran = 0;
    for (name, argument, says) in vectors {
        let problem = SecOperator::new(name, argument, false, &no_files).unwrap_err();
        assert!(problem.contains(says), "{name} {argument}: {problem}");
        ran += 1;
    }
    assert_eq!(ran, 16);
}

#[test]
fn negated_operators_hold_when_nothing_is_found() {
    let operator = SecOperator::new("contains", "a", true, &no_files).unwrap();
    assert_eq!(operator.find(b"xyz", b"", &mut None), Some(Found { start: 0, end: 3 }));
    assert_eq!(operator.find(b"xay", b"", &mut None), None);
    assert_eq!(operator.need(), Need::NOTHING);
    assert!(operator.is_negated());
    let rx = SecOperator::new("RX", "^(a)$", true, &no_files).unwrap();
    rx.captures(b"b", b"", &mut None, &mut |number, _| panic!("group {number}"));
}

#[test]
fn macros_are_seen_and_expanded_by_others() {
    let mut ran = 0;
    for (name, argument, expected) in [
        ("rx", "^%{tx.x}$", true),
        ("within", "GET %{tx.allowed_methods}", true),
        ("eq", "%{TX.0}", true),
        ("rx", "a%{2}", false),
        ("rx", r"%\{tx.x}", false),
        ("contains", "%{", false),
        ("contains", "%{x", false),
        ("contains", "%{a b}", false),
        ("pm", "%{tx.x}", false),
    ] {
        assert_eq!(operator(name, argument).has_macros(), expected, "{name} {argument}");
        ran += 1;
    }
    assert_eq!(ran, 9);

    let within = operator("within", "%{tx.x}");
    assert!(within.find(b"GET", b"GET HEAD", &mut None).is_some());
    assert!(within.find(b"PUT", b"GET HEAD", &mut None).is_none());
    assert_eq!(within.need(), Need::NOTHING);
    assert!(operator("ge", "%{tx.x}").find(b"5", b"5", &mut None).is_some());

    let rx = operator("rx", "^(%{tx.x})$");
    let mut cache = None;
    assert!(rx.find(b"b", b"^(a|b)$", &mut cache).is_some());
    assert!(rx.find(b"c", b"^(a|b)$", &mut cache).is_none());
    assert!(rx.find(b"c", b"^(c)$", &mut cache).is_some());
    let mut groups = Vec::new();
    rx.captures(b"c", b"^(c)$", &mut cache, &mut |number, text| groups.push((number, text.to_vec())));
    assert_eq!(groups, [(0, b"c".to_vec()), (1, b"c".to_vec())]);
    assert_eq!(cache.as_mut().map(Cache::take_given_up), Some(0));
    assert!(rx.find(b"c", b"^(c$", &mut cache).is_none());
    assert!(rx.find(b"c", b"\xff", &mut cache).is_none());
    assert_eq!(cache.as_mut().map(Cache::take_given_up), Some(2));
    for number in 0..100 {
        let argument = format!("^{number}$");
        assert!(rx.find(number.to_string().as_bytes(), argument.as_bytes(), &mut cache).is_some());
    }
}

#[test]
fn what_is_captured() {
    type Vector = (&'static str, &'static str, &'static [u8], &'static [(usize, &'static [u8])]);
    let vectors: [Vector; 14] = [
        ("rx", "(a)(b)?(c)", b"xacac", &[(0, b"ac"), (1, b"a"), (3, b"c")]),
        ("rx", "x", b"a", &[]),
        ("rxGlobal", r"(\w)=", b"a=b=", &[(0, b"a="), (1, b"a"), (0, b"b="), (1, b"b")]),
        ("rxGlobal", "x*", b"ax", &[(0, b""), (0, b"x"), (0, b"")]),
        ("pm", "foo bar", b"xBARx", &[(0, b"BAR")]),
        ("pm", "foo", b"x", &[]),
        ("verifyCC", r"\d{13,16}", b"n 4111111111111111.", &[(0, b"4111111111111111")]),
        ("detectSQLi", "", b"1' OR '1'='1", &[(0, b"s&sos")]),
        ("detectSQLi", "", b"O'Brien", &[]),
        ("detectXSS", "", b"<script>x", &[(0, b"<script>x")]),
        ("detectXSS", "", b"x", &[]),
        ("contains", "a", b"a", &[]),
        ("eq", "1", b"1", &[]),
        ("unconditionalMatch", "", b"1", &[]),
    ];
    let mut ran = 0;
    for (name, argument, text, expected) in vectors {
        let mut groups: Vec<(usize, Vec<u8>)> = Vec::new();
        operator(name, argument)
            .captures(text, b"", &mut None, &mut |number, text| groups.push((number, text.to_vec())));
        let expected: Vec<_> = expected.iter().map(|(number, text)| (*number, text.to_vec())).collect();
        assert_eq!(groups, expected, "{name} {argument}");
        ran += 1;
    }
    assert_eq!(ran, 14);
}

#[test]
fn phrases_and_networks_come_from_files() {
    let files = |name: &str| match name {
        "a.data" => Ok(b"# comment\n\n  sqlmap  \r\nacunetix web\n|3a 2f|x\n\t# another\nnik|to\n".to_vec()),
        "b.data" => Ok(b"\xff\xfe\n".to_vec()),
        "ips" => Ok(b"# ours\n192.0.2.0/24 # documentation\r\n\n2001:db8::1\n".to_vec()),
        "bad" => Ok(b"192.0.2.0/24\nlocalhost\n".to_vec()),
        "empty" => Ok(b"# nothing\n".to_vec()),
        other => Err(format!("no file {other}")),
    };
    let new = |name: &str, argument: &str| SecOperator::new(name, argument, false, &files);
    let phrases = new("pmFromFile", "a.data b.data").unwrap();
    let mut ran = 0;
    for (text, expected) in [
        (&b"SQLMAP/1"[..], true),
        (b"Acunetix Web", true),
        (b"acunetix", false),
        (b"a:/x", true),
        (b"comment", false),
        (b"another", false),
        (b"nik|to", true),
        (b"nikto", false),
        (b"\xff\xfe", true),
        (b"", false),
    ] {
        assert_eq!(phrases.find(text, b"", &mut None).is_some(), expected, "{}", text.escape_ascii());
        assert!(!expected || phrases.need().is_met_by(text));
        ran += 1;
    }
    let networks = new("ipMatchF", "ips").unwrap();
    for (text, expected) in [(&b"192.0.2.9"[..], true), (b"2001:db8::1", true), (b"192.0.3.1", false)] {
        assert_eq!(networks.find(text, b"", &mut None).is_some(), expected);
        ran += 1;
    }
    for (name, argument, says) in [
        ("pmf", "empty", "no phrase"),
        ("pmf", "none", "none: no file none"),
        ("ipMatchF", "bad", "bad: `localhost` is neither"),
        ("ipMatchF", "empty", "empty: there is no network"),
    ] {
        assert!(new(name, argument).unwrap_err().contains(says), "{name} {argument}");
        ran += 1;
    }
    assert_eq!(ran, 17);
}
