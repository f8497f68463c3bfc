//! Constructs, one by one: what is read of them.

use super::*;
use crate::rules::inapp::ast::*;

fn operator(name: &str, parameters: &str) -> (Operator, bool) {
    let mut file = file(&one(name, parameters));
    let condition = file.rules.remove(0).conditions.remove(0);
    (condition.operator, condition.negated)
}

#[test]
fn operators() {
    let pattern = |regex: &str, case_sensitive, min_length| Pattern {
        regex: regex.to_owned(),
        case_sensitive,
        min_length,
    };
    let phrases = |case_sensitive, word_boundary| Operator::PhraseMatch {
        phrases: vec!["a".to_owned()],
        case_sensitive,
        word_boundary,
    };
    let text = |texts: &[&str]| List::Here(texts.iter().map(|&text| text.to_owned()).collect());
    let float = |value, delta| Operator::Equals(Expected::Float { value, delta });
    let vectors = [
        ("match_regex", r#", "regex": "a""#, Operator::MatchRegex(pattern("a", false, 0)), false),
        ("!match_regex", r#", "regex": "a""#, Operator::MatchRegex(pattern("a", false, 0)), true),
        ("match_regex@v7", r#", "regex": "a""#, Operator::MatchRegex(pattern("a", false, 0)), false),
        (
            "match_regex",
            r#", "regex": "a", "options": {"case_sensitive": "True", "min_length": "3"}"#,
            Operator::MatchRegex(pattern("a", true, 3)),
            false,
        ),
        (
            "!match_regex_with_checksum",
            r#", "regex": "a", "checksum": "luhn", "options": {"min_length": 2.0}"#,
            Operator::MatchRegexWithChecksum { pattern: pattern("a", false, 2), checksum: Checksum::Luhn },
            true,
        ),
        ("phrase_match", r#", "list": ["a"]"#, phrases(true, false), false),
        (
            "!phrase_match",
            r#", "list": ["a"], "options": {"case_sensitive": false}"#,
            phrases(false, false),
            true,
        ),
        (
            "phrase_match",
            r#", "list": ["a"], "options": {"enforce_word_boundary": true}"#,
            phrases(true, true),
            false,
        ),
        (
            "exact_match",
            r#", "list": ["a", 7, true]"#,
            Operator::ExactMatch(text(&["a", "7", "true"])),
            false,
        ),
        ("!exact_match", r#", "list": []"#, Operator::ExactMatch(text(&[])), true),
        ("exact_match", r#", "data": "d""#, Operator::ExactMatch(List::Data("d".to_owned())), false),
        ("exact_match", r#", "data": "d", "list": ["a"]"#, Operator::ExactMatch(text(&["a"])), false),
        (
            "ip_match",
            r#", "list": ["192.0.2.1", "10.1.2.3/8", "2001:db8::/32", "::ffff:192.0.2.0/120"]"#,
            Operator::IpMatch(List::Here(
                ["192.0.2.1/32", "10.1.2.3/8", "2001:db8::/32", "192.0.2.0/24"]
                    .map(|network| network.parse().unwrap())
                    .to_vec(),
            )),
            false,
        ),
        ("!ip_match", r#", "data": "d""#, Operator::IpMatch(List::Data("d".to_owned())), true),
        ("is_sqli", "", Operator::IsSqli, false),
        ("is_xss", "", Operator::IsXss, false),
        ("hidden_ascii_match", "", Operator::HiddenAscii, false),
        ("exists", "", Operator::Exists, false),
        ("!exists", "", Operator::Exists, true),
        (
            "equals",
            r#", "type": "string", "value": 5"#,
            Operator::Equals(Expected::String("5".to_owned())),
            false,
        ),
        (
            "equals",
            r#", "type": "boolean", "value": "FALSE""#,
            Operator::Equals(Expected::Boolean(false)),
            false,
        ),
        (
            "equals",
            r#", "type": "unsigned", "value": 18446744073709551615"#,
            Operator::Equals(Expected::Unsigned(u64::MAX)),
            false,
        ),
        ("equals", r#", "type": "unsigned", "value": "5""#, Operator::Equals(Expected::Unsigned(5)), false),
        ("!equals", r#", "type": "signed", "value": -5"#, Operator::Equals(Expected::Signed(-5)), true),
        ("equals", r#", "type": "signed", "value": 5"#, Operator::Equals(Expected::Signed(5)), false),
        ("equals", r#", "type": "float", "value": 5"#, float(5.0, 0.01), false),
        ("equals", r#", "type": "float", "value": "5.5", "delta": 1"#, float(5.5, 1.0), false),
        (
            "greater_than",
            r#", "type": "unsigned", "value": 5.0"#,
            Operator::GreaterThan(Number::Unsigned(5)),
            false,
        ),
        ("lower_than", r#", "type": "signed", "value": -5"#, Operator::LowerThan(Number::Signed(-5)), false),
        ("lower_than", r#", "type": "float", "value": 5.5"#, Operator::LowerThan(Number::Float(5.5)), false),
        (
            "greater_equal",
            r#", "type": "unsigned", "value": 5"#,
            Operator::LowerThan(Number::Unsigned(5)),
            true,
        ),
        (
            "lower_equal",
            r#", "type": "unsigned", "value": 5"#,
            Operator::GreaterThan(Number::Unsigned(5)),
            true,
        ),
    ];
    let mut ran = 0;
    for (name, parameters, expected, negated) in vectors {
        assert_eq!(operator(name, parameters), (expected, negated), "{name} {parameters}");
        ran += 1;
    }
    assert_eq!(ran, 32);
}

#[test]
fn detectors() {
    let set = set(&[FIXTURE]);
    let rasp = set.rules.iter().find(|rule| &*rule.id == "rasp-1").unwrap();
    let read: Vec<_> = rasp
        .conditions
        .iter()
        .map(|condition| {
            assert!(condition.inputs.is_empty() && !condition.negated);
            let Operator::InProcess(detector) = &condition.operator else { panic!("{condition:?}") };
            let arguments: Vec<_> = detector
                .arguments
                .iter()
                .map(|argument| (argument.name, argument.inputs[0].address.to_string()))
                .collect();
            (
                detector.kind,
                detector.version,
                arguments,
                detector.settings.len(),
                condition.every_input().count(),
            )
        })
        .collect();
    let argument = |name, address: &str| (name, address.to_owned());
    let params = argument("params", "server.request.query");
    assert_eq!(
        read,
        [
            (
                DetectorKind::Shell,
                1,
                vec![argument("resource", "server.sys.shell.cmd"), params.clone()],
                0,
                2
            ),
            (
                DetectorKind::Command,
                1,
                vec![argument("resource", "server.sys.exec.cmd"), params.clone()],
                0,
                2
            ),
            (DetectorKind::Ssrf, 3, vec![argument("resource", "server.io.net.url"), params.clone()], 2, 2),
            (
                DetectorKind::Sql,
                2,
                vec![
                    argument("resource", "server.db.statement"),
                    params,
                    argument("db_type", "server.db.system")
                ],
                0,
                3
            ),
        ]
    );
}

#[test]
fn inputs() {
    let file = file(FIXTURE);
    let [query, body, graphql] = &file.rules[0].conditions[0].inputs[..] else { panic!() };
    assert_eq!(query.transforms, [Transform::RemoveNulls, Transform::Lowercase], "the rule's");
    assert_eq!((query.source, &query.key_path[..]), (Source::Values, &[][..]));
    assert_eq!((body.source, &body.transforms[..]), (Source::Keys, &[Transform::UrlDecode][..]), "its own");
    let name = |name: &str| Key::Name(name.to_owned());
    assert_eq!(body.key_path, [name("items"), Key::Index(0), name("name"), Key::Index(-1)]);
    assert_eq!(graphql.address, Address::Known(Known::GraphqlResolvers));
    // No transformer of its own is another thing than no word of transformers.
    assert_eq!(file.rules[0].conditions[1].inputs[0].transforms, []);
}

/// libddwaf lets the `keys_only` of an input through to the inputs after it. Here each stands for itself.
#[test]
fn an_input_says_nothing_of_the_next() {
    let text = rule(
        r#"[{"operator": "is_xss", "parameters": {"inputs": [
            {"address": "server.request.query", "transformers": ["keys_only"]}, {"address": "server.request.body"}]}}]"#,
    );
    let sources: Vec<_> =
        file(&text).rules[0].conditions[0].inputs.iter().map(|input| input.source).collect();
    assert_eq!(sources, [Source::Keys, Source::Values]);
}

#[test]
fn outputs() {
    let file = file(FIXTURE);
    assert_eq!(file.rules[0].output, Output { event: true, keep: true, attributes: vec![] });
    let jwt = file.rules.iter().find(|rule| &*rule.id == "jwt-1").unwrap();
    assert!(!jwt.output.event && !jwt.output.keep);
    let literals: Vec<_> =
        jwt.output.attributes[1..].iter().map(|attribute| attribute.value.clone()).collect();
    let expected = [
        Scalar::String("x".to_owned()),
        Scalar::Unsigned(1),
        Scalar::Signed(-1),
        Scalar::Float(1.5),
        Scalar::Boolean(true),
    ];
    assert_eq!(literals, expected.map(AttributeValue::Literal));
    let AttributeValue::Taken(input) = &jwt.output.attributes[0].value else { panic!() };
    assert_eq!((input.address.name(), input.key_path.len()), ("server.request.jwt", 2));
}

#[test]
fn tags_are_texts() {
    let tags = file(FIXTURE).rules[0].tags.clone();
    assert_eq!((tags["confidence"].as_str(), tags["draft"].as_str()), ("1", "false"));
}

#[test]
fn exclusions() {
    let file = file(FIXTURE);
    let effects: Vec<_> = file.exclusions.iter().map(|exclusion| &exclusion.effect).collect();
    let name = |name: &str| Key::Name(name.to_owned());
    let cookies = ExemptInput { address: Address::Known(Known::Cookies), key_path: vec![] };
    let body = ExemptInput {
        address: Address::Known(Known::Body),
        key_path: vec![name("list"), Key::Any, name("text"), Key::Index(0)],
    };
    assert_eq!(
        effects,
        [
            &Exempt::Inputs(vec![cookies]),
            &Exempt::Inputs(vec![body]),
            &Exempt::Rules(OnMatch::Bypass),
            &Exempt::Rules(OnMatch::Monitor),
            &Exempt::Rules(OnMatch::Action("sorry".to_owned())),
        ]
    );
    let ids = ["sqli-1", "xss-1"].map(|id| Reference::Id(id.to_owned()));
    assert_eq!(file.exclusions[1].targets, ids);
    assert!(matches!(&file.exclusions[2].targets[..], [Reference::Tags(tags)] if tags.len() == 2));
    assert_eq!(file.exclusions[4].conditions.len(), 1);
}

#[test]
fn actions() {
    let read = |kind: &str, parameters: &str| {
        let text =
            section("actions", &format!(r#"{{"id": "a", "type": "{kind}", "parameters": {parameters}}}"#));
        let action = file(&text).actions.remove(0);
        let parameters: Vec<_> =
            action.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (action.kind, parameters.join(" "))
    };
    let blocked = "grpc_status_code=10 status_code=403 type=auto";
    let vectors = [
        ("block_request", "{}", ActionKind::Block, blocked),
        (
            "block_request",
            r#"{"status_code": 404, "x": true}"#,
            ActionKind::Block,
            "grpc_status_code=10 status_code=404 type=auto x=true",
        ),
        ("redirect_request", r#"{"location": "/x"}"#, ActionKind::Redirect, "location=/x status_code=303"),
        (
            "redirect_request",
            r#"{"location": "//h/x", "status_code": 307}"#,
            ActionKind::Redirect,
            "location=//h/x status_code=307",
        ),
        (
            "redirect_request",
            r#"{"location": "HTTPS://h/x", "status_code": "200"}"#,
            ActionKind::Redirect,
            "location=HTTPS://h/x status_code=303",
        ),
        ("redirect_request", r#"{"location": "ftp://h/x"}"#, ActionKind::Block, blocked),
        ("redirect_request", r#"{"location": "x/y", "status_code": 301}"#, ActionKind::Block, blocked),
        ("redirect_request", r#"{"location": "/x\r\nSet-Cookie: a=b"}"#, ActionKind::Block, blocked),
        ("redirect_request", "{}", ActionKind::Block, blocked),
        ("generate_stack", "{}", ActionKind::Stack, ""),
        ("generate_schema", "{}", ActionKind::Schema, ""),
        ("monitor", "{}", ActionKind::Monitor, ""),
        ("mine", r#"{"a": 1.5}"#, ActionKind::Unknown("mine".to_owned()), "a=1.5"),
    ];
    let mut ran = 0;
    for (kind, parameters, expected, says) in vectors {
        assert_eq!(read(kind, parameters), (expected, says.to_owned()), "{kind} {parameters}");
        ran += 1;
    }
    assert_eq!(ran, 13);
}

#[test]
fn processors() {
    let file = file(FIXTURE);
    let read: Vec<_> = file
        .processors
        .iter()
        .map(|p| (p.generator, p.mappings.len(), p.mappings[0].inputs.len(), p.evaluate, p.output))
        .collect();
    assert_eq!(
        read,
        [
            (Generator::EndpointFingerprint, 1, 4, false, true),
            (Generator::HeaderFingerprint, 1, 1, true, true),
            (Generator::NetworkFingerprint, 1, 1, true, false),
            (Generator::SessionFingerprint, 1, 3, true, false),
            (Generator::JwtDecode, 1, 1, true, false),
            (Generator::UriParse, 1, 1, true, false),
            (Generator::ExtractSchema, 2, 1, false, true),
        ]
    );
    // In the order of the generator's parameters, not of the file.
    let endpoint: Vec<_> =
        file.processors[0].mappings[0].inputs.iter().map(|input| input.address.name()).collect();
    assert_eq!(
        endpoint,
        ["server.request.method", "server.request.uri.raw", "server.request.query", "server.request.body"]
    );
    assert_eq!(file.processors[5].mappings[0].output, Address::Other("my.parsed.url".into()));
    assert_eq!(file.scanners.iter().filter(|scanner| scanner.key.is_some()).count(), 2);
}

#[test]
fn versions() {
    let read = |bound: &str| {
        let text =
            section("exclusions", &format!(r#"{{"id": "e", "inputs": [{{"address": "x"}}], {bound}}}"#));
        let reading = read(text.as_bytes(), "x").unwrap();
        assert_eq!(reading.file.exclusions.len() + reading.skipped.len(), 1);
        reading.skipped.is_empty()
    };
    let vectors = [
        (r#""min_version": "2.1.0""#, true),
        (r#""min_version": "2.1.1""#, false),
        (r#""min_version": "1.99.99""#, true),
        (r#""min_version": "2.1.0-rc1""#, true),
        (r#""max_version": "2.1.0""#, true),
        (r#""max_version": "2.0.99""#, false),
        (r#""max_version": "1.24.9""#, false),
        (r#""min_version": "1.0.0", "max_version": "3.0.0""#, true),
    ];
    let mut ran = 0;
    for (bound, expected) in vectors {
        assert_eq!(read(bound), expected, "{bound}");
        ran += 1;
    }
    assert_eq!(ran, 8);
    assert_eq!(file(r#"{"rules": []}"#).version, (2, 2));
    assert_eq!(file(r#"{"version": "2.1"}"#).version, (2, 1));
}

#[test]
fn addresses() {
    let mut names = std::collections::BTreeSet::new();
    for known in Known::ALL {
        assert_eq!(Address::named(known.name()), Address::Known(known));
        assert!(names.insert(known.name()), "{} stands twice", known.name());
    }
    let sights = [
        ("server.io.net.url", "InProcess"),
        ("server.io.net.request.trailers", "InProcess"),
        ("graphql.server.something", "InProcess"),
        ("my.own", "InProcess"),
        ("_dd.appsec.s.req.body", "Made"),
        ("server.request.jwt", "Made"),
        ("usr.email", "Later"),
        ("waf.context.event", "Seen"),
        ("server.response.status", "Seen"),
    ];
    for (name, sight) in sights {
        assert!(format!("{:?}", Address::named(name).sight()).starts_with(sight), "{name}");
    }
    assert_eq!(names.len(), Known::ALL.len());
}
