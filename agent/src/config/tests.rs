use std::{collections::BTreeSet, path::Path};

use proptest::prelude::*;

use super::{
    detection::{RESPONSE, SUPPRESSION},
    keys::KEYS,
    notify::{NOTIFY, SELECTED, TYPE},
    policies::{EXCLUSION, POLICY},
    users::{BUSINESS, SERVICE_USERS},
    *,
};

use crate::{
    detect::rules::Severity,
    query::Query,
    user::{Identity, Source},
};

const EXAMPLE: &str = include_str!("../../../docs/picket.example.toml");

/// `(section, key, uncommented line)` of the example's commented-out keys.
fn example_keys() -> Vec<(String, String, String)> {
    let mut section = String::new();
    let mut keys = Vec::new();
    // Tables that may stand several times follow behind all sections, as one text.
    let lines = EXAMPLE.lines().take_while(|line| !line.starts_with("#[["));
    for line in lines {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some(setting) = line.strip_prefix('#').filter(|setting| !setting.starts_with(' '))
            && let Some((key, _)) = setting.split_once(" = ")
        {
            keys.push((section.clone(), key.to_owned(), setting.to_owned()));
        }
    }
    keys
}

#[test]
fn the_example_is_the_default() {
    assert_eq!(Config::parse(EXAMPLE, "example").unwrap(), Config::default());
    assert_eq!(Config::parse("", "empty").unwrap(), Config::default());
}

#[test]
fn each_key_of_the_example_uncommented_gives_the_default() {
    let keys = example_keys();
    let names: BTreeSet<String> = keys.iter().map(|(section, key, _)| format!("{section}.{key}")).collect();
    assert_eq!(
        names,
        KEYS.iter().map(|key| key.name.to_owned()).collect(),
        "the example has every key, once"
    );
    assert_eq!(keys.len(), KEYS.len());
    for (section, key, setting) in keys {
        // A certificate goes with its key.
        let other = match (section.as_str(), key.as_str()) {
            ("api", "tls_cert") => "tls_key = \"api.key\"",
            ("api", "tls_key") => "tls_cert = \"api.crt\"",
            _ => "",
        };
        let config = Config::parse(&format!("[{section}]\n{setting}\n{other}\n"), "example").unwrap();
        // Some keys have a default that can't be written: not set.
        match (section.as_str(), key.as_str()) {
            ("capture", "cgroup") => {
                assert_eq!(config.capture.cgroup.as_deref(), Some(Path::new("/sys/fs/cgroup/system.slice")));
                assert_eq!(Config { capture: Capture::default(), ..config }, Config::default());
            }
            ("rules", "crs") => {
                assert_eq!(config.rules.crs.as_deref(), Some(Path::new("/usr/share/modsecurity-crs")));
                assert_eq!(Config { rules: Rules::default(), ..config }, Config::default());
            }
            ("rules", "paranoia") => {
                assert_eq!(config.rules.paranoia, Some(1));
                assert_eq!(Config { rules: Rules::default(), ..config }, Config::default());
            }
            ("deny", "page_contact" | "page_html" | "page_json") => {
                assert_ne!(config.deny, Deny::default(), "{setting}");
                assert_eq!(Config { deny: Deny::default(), ..config }, Config::default());
            }
            ("metrics", "listen") => {
                assert!(config.metrics.listen.is_some_and(|address| address.ip().is_loopback()));
                assert_eq!(Config { metrics: MetricsConfig::default(), ..config }, Config::default());
            }
            ("api", _) => {
                assert_ne!(config.api, ApiConfig::default(), "{setting}");
                assert_eq!(Config { api: ApiConfig::default(), ..config }, Config::default());
            }
            ("ui", "listen") => {
                assert_eq!(config.ui.listen, Some(UI_ADDRESS));
                assert_eq!(Config { ui: UiConfig::default(), ..config }, Config::default());
            }
            ("geoip", _) => {
                assert_ne!(config.geoip, GeoIp::default(), "{setting}");
                assert_eq!(Config { geoip: GeoIp::default(), ..config }, Config::default());
            }
            _ => assert_eq!(config, Config::default(), "{setting}"),
        }
    }
}

/// The policies of the example, uncommented, have every key a policy and an exclusion may have.
#[test]
fn the_policies_of_the_example_have_every_key() {
    let text: Vec<&str> = EXAMPLE
        .lines()
        .skip_while(|line| !line.starts_with("#[["))
        .filter_map(|line| line.strip_prefix('#').filter(|setting| !setting.starts_with(' ')))
        .collect();
    let text = text.join("\n");
    let config = Config::parse(&format!("[rules]\ncrs = \"/x\"\n{text}"), "example").unwrap();
    let [policy] = &config.policies[..] else { panic!("one policy: {config:?}") };
    let [exclusion] = &policy.exclusions[..] else { panic!("one exclusion: {policy:?}") };
    let unset = |of: &str, differs: &[(&str, bool)]| {
        let unset: Vec<_> = differs.iter().filter(|(_, differs)| !differs).map(|(name, _)| *name).collect();
        assert!(unset.is_empty(), "{of} in the example has no {unset:?}");
    };
    let (p, e) = (PolicyConfig::default(), Exclusion::default());
    unset(
        "the policy",
        &[
            ("name", policy.name != p.name),
            ("services", policy.services != p.services),
            ("ports", policy.ports != p.ports),
            ("containers", policy.containers != p.containers),
            ("pods", policy.pods != p.pods),
            ("cgroups", policy.cgroups != p.cgroups),
            ("mode", policy.mode != p.mode),
            ("rules", policy.rules != p.rules),
            ("paranoia", policy.paranoia != p.paranoia),
            ("disabled", policy.disabled != p.disabled),
        ],
    );
    unset(
        "the exclusion",
        &[
            ("rules", exclusion.rules != e.rules),
            ("services", exclusion.services != e.services),
            ("inputs", exclusion.inputs != e.inputs),
            ("paths", exclusion.paths != e.paths),
            ("client_ips", exclusion.client_ips != e.client_ips),
            ("reason", exclusion.reason != e.reason),
        ],
    );
    assert_eq!(POLICY.len() + EXCLUSION.len(), 16, "a new key belongs into the example and into this test");
    let ([event], [users]) = (&config.users.events[..], &config.users.services[..]) else {
        panic!("one of each: {:?}", config.users)
    };
    let (e, s) = (BusinessRule::default(), ServiceUsers::default());
    unset(
        "the business event",
        &[
            ("event", event.event != e.event),
            ("services", event.services != e.services),
            ("methods", event.methods != e.methods),
            ("paths", event.paths != e.paths),
            ("calls", event.calls != e.calls),
            ("fields", event.fields != e.fields),
            ("status", event.status != e.status),
            ("headers", event.headers != e.headers),
            ("body", event.body != e.body),
            ("body_without", event.body_without != e.body_without),
            ("json", event.json != e.json),
            ("login", event.login != e.login),
            ("second_factor", event.second_factor != e.second_factor),
            ("set", event.set != e.set),
            ("copy", event.copy != e.copy),
        ],
    );
    unset(
        "the users of a service",
        &[
            ("services", users.services != s.services),
            ("ports", users.ports != s.ports),
            ("identity", users.identity != s.identity),
            ("sources", users.sources != s.sources),
            ("claims", users.claims != s.claims),
            ("jwt_cookies", users.jwt_cookies != s.jwt_cookies),
            ("headers", users.headers != s.headers),
            ("login_fields", users.login_fields != s.login_fields),
            ("session_cookies", users.session_cookies != s.session_cookies),
            ("token_fields", users.token_fields != s.token_fields),
            ("session_idle", users.session_idle != s.session_idle),
            ("default_events", users.default_events != s.default_events),
        ],
    );
    let ([response], [suppression]) = (&config.detection.responses[..], &config.detection.suppressions[..])
    else {
        panic!("one of each: {:?}", config.detection)
    };
    let (r, s) = (DetectionResponse::default(), Suppression::default());
    unset(
        "the response",
        &[
            ("rules", response.rules != r.rules),
            ("severity", response.severity != r.severity),
            ("action", response.action != r.action),
            ("for", response.duration != r.duration),
        ],
    );
    unset(
        "the suppression",
        &[
            ("rules", suppression.rules != s.rules),
            ("query", suppression.query != s.query),
            ("reason", suppression.reason != s.reason),
        ],
    );
    assert_eq!(
        BUSINESS.len() + SERVICE_USERS.len() + RESPONSE.len() + SUPPRESSION.len(),
        34,
        "a new key belongs into the example and into this test"
    );
}

#[test]
fn the_manual_names_every_key() {
    let manual = include_str!("../../../docs/configuration.md");
    for key in KEYS {
        let row = manual.lines().find(|line| line.starts_with(&format!("| `{}` |", key.name)));
        let row = row.unwrap_or_else(|| panic!("docs/configuration.md has no row for {}", key.name));
        assert_eq!(row.trim_end().ends_with("restart |"), key.restart, "{row}");
    }
    let of_tables = POLICY.iter().map(|field| ("policies", field.name));
    let of_tables = of_tables.chain(BUSINESS.iter().map(|field| ("users.events", field.name)));
    let of_tables = of_tables.chain(SERVICE_USERS.iter().map(|field| ("users.services", field.name)));
    let of_tables = of_tables.chain(NOTIFY.iter().map(|field| ("notify", field.name)));
    let of_tables = of_tables.chain([("notify", TYPE.name)]);
    let of_tables = of_tables.chain(RESPONSE.iter().map(|field| ("detection.responses", field.name)));
    let of_tables = of_tables.chain(SUPPRESSION.iter().map(|field| ("detection.suppressions", field.name)));
    for (table, key) in of_tables.chain(EXCLUSION.iter().map(|field| ("policies.exclusions", field.name))) {
        assert!(
            manual.contains(&format!("| `{table}.{key}` |")),
            "docs/configuration.md: no row for {table}.{key}"
        );
    }
}

/// Every example of the manuals in TOML is a configuration.
#[test]
fn the_examples_of_the_manuals_are_configurations() {
    let manuals = [
        ("configuration.md", include_str!("../../../docs/configuration.md"), 7),
        ("detection.md", include_str!("../../../docs/detection.md"), 2),
        ("rules.md", include_str!("../../../docs/rules.md"), 5),
        ("users.md", include_str!("../../../docs/users.md"), 4),
        ("notifications.md", include_str!("../../../docs/notifications.md"), 6),
        ("metrics.md", include_str!("../../../docs/metrics.md"), 1),
    ];
    for (name, text, expected) in manuals {
        let examples: Vec<&str> =
            text.split("```toml\n").skip(1).filter_map(|block| block.split("```").next()).collect();
        for example in &examples {
            let config = Config::parse(example, name).unwrap_or_else(|error| panic!("{error}\n{example}"));
            assert!(config != Config::default(), "{name}: an example that says nothing:\n{example}");
        }
        assert_eq!(examples.len(), expected, "examples in {name}");
    }
}

#[test]
fn everything_set() {
    let text = r#"
        capture = { cgroup = "/sys/fs/cgroup/web", rings = 2, ring_size = 65536, request_body = "1 MB", response_body = 0, tls = false }
        [limits]
        connections = 1_000
        memory = "16MiB"
        [proxies]
        trusted = ["10.0.0.0/8", "::ffff:192.168.0.0/112", "2001:db8::1"]
        header = "Forwarded"
        [rules]
        builtin = false
        files = ["mine.json", "/etc/picket/more.json"]
        crs = "/opt/crs"
        disabled = ["picket-sqli-001"]
        paranoia = 3
        mode = "monitor"
        [[rules.exclusions]]
        rules = ["942100", "tag:attack-xss"]
        inputs = ["ARGS:comment", "headers.user-agent"]
        paths = ["/editor/*"]
        client_ips = ["10.0.0.0/8"]
        reason = "the editor"
        [[policies]]
        name = "shop"
        services = ["nginx", "app-*"]
        ports = [80, "8000-8100"]
        containers = ["0123456789ab"]
        pods = ["*"]
        cgroups = ["/system.slice/*"]
        mode = "off"
        rules = ["default", "crs", "own.conf"]
        paranoia = 2
        disabled = ["920000-920999"]
        [[policies.exclusions]]
        paths = ["/a"]
        [[policies.exclusions]]
        inputs = ["body"]
        [[policies]]
        name = "other"
        ports = [1]
        [users]
        identity = "hashed"
        sources = ["basic"]
        claims = ["oid"]
        jwt_cookies = ["jwt*"]
        headers = ["X-User"]
        login_fields = ["who"]
        session_cookies = ["s"]
        token_fields = ["ticket"]
        session_idle = "8h"
        default_events = false
        [[users.events]]
        event = "order.placed"
        paths = ["/orders"]
        status = [201, "300-303"]
        fields = ["a|b=c|d*", "e=!"]
        [[users.services]]
        services = ["api-*"]
        identity = "off"
        [redact]
        parameters = ["customer-no"]
        headers = ["X-Customer"]
        [deny]
        interfaces = ["eth0", "wlan0"]
        mode = "generic"
        answer = "page"
        page_ports = [80, 8080]
        page_contact = "security@shop.example"
        page_html = "blocked.html"
        page_json = "/blocked.json"
        [respond]
        enabled = true
        events = 3
        window = "1m30s"
        block_for = "forever"
        ipv6_prefix = 64
        except_rules = ["a"]
        except_types = ["security_scanner"]
        [passlist]
        addresses = ["192.0.2.0/24"]
        [detection]
        default_rules = false
        rules = ["signals.json", "/etc/picket/signals"]
        disabled = ["rate-*"]
        [[detection.responses]]
        rules = ["brute-force"]
        severity = "critical"
        action = "block_user"
        for = "forever"
        [[detection.suppressions]]
        query = "client_ip:192.0.2.0/24"
        [geoip]
        database = "city.mmdb"
        asn_database = "/asn.mmdb"
        [store]
        enabled = false
        max_age = "7d"
        max_size = "64 MiB"
        events_per_second = 10
        [api]
        listen = "0.0.0.0:7181"
        tls_cert = "api.crt"
        tls_key = "api.key"
        [ui]
        listen = "0.0.0.0:7180"
        hosts = ["Picket.example", "[::1]"]
        [[notify]]
        name = "duty"
        type = "slack"
        url_file = "slack"
        [metrics]
        listen = "[::1]:9464"
        [output]
        all = true
        json = true
        colour = "never"
    "#;
    let config = Config::parse(text, "full").unwrap();
    assert_eq!(config.capture.rings, Rings::Count(2));
    assert_eq!(
        (config.capture.ring_size, config.capture.request_body, config.capture.response_body),
        (65_536, 1_000_000, 0)
    );
    assert!(!config.capture.tls);
    assert_eq!((config.limits.connections, config.limits.memory), (1000, 16 << 20));
    let trusted: Vec<String> = config.proxies.trusted.iter().map(ToString::to_string).collect();
    assert_eq!(trusted, ["10.0.0.0/8", "192.168.0.0/16", "2001:db8::1/128"]);
    assert_eq!(config.proxies.header, ForwardedHeader::Forwarded);
    assert_eq!(config.redact.headers, ["x-customer"]);
    assert_eq!((config.deny.mode, config.deny.answer), (DenyMode::Generic, DenyAnswer::Page));
    assert_eq!(config.deny.page_ports, [80, 8080]);
    assert_eq!((config.respond.window, config.respond.block_for), (Duration::from_secs(90), None));
    assert_eq!((config.respond.events, config.respond.ipv6_prefix), (3, 64));
    assert_eq!(config.output, Output { all: true, json: true, colour: Colour::Never });

    assert_eq!((config.rules.mode, config.rules.exclusions.len()), (Mode::Monitor, 1));
    assert_eq!(config.rules.exclusions[0].rules.len(), 2);
    let [shop, other] = &config.policies[..] else { panic!("{:?}", config.policies) };
    assert_eq!(
        (shop.ports.as_slice(), shop.mode, shop.paranoia),
        (&[80..=80, 8000..=8100][..], Some(Mode::Off), Some(2))
    );
    let own = RuleSource::Path("own.conf".into());
    assert_eq!(shop.rules.as_deref(), Some(&[RuleSource::Default, RuleSource::Crs, own][..]));
    assert_eq!((shop.exclusions.len(), other.rules.as_ref(), other.mode), (2, None, None));

    let users = &config.users;
    assert_eq!((users.identity, users.session_idle), (Identity::Hashed, Duration::from_secs(8 * 3600)));
    assert_eq!((&users.headers[0][..], &users.sources[..]), ("x-user", &[Source::Basic][..]));
    assert_eq!(users.events[0].status, [201..=201, 300..=303]);
    let [test, nothing] = &users.events[0].fields[..] else { panic!("{users:?}") };
    assert_eq!((test.names.len(), test.values.len(), test.not), (2, 2, false));
    assert_eq!((nothing.names.len(), nothing.values.len(), nothing.not), (1, 0, true));
    assert_eq!(users.services[0].identity, Some(Identity::Off));

    let [response] = &config.detection.responses[..] else { panic!("{:?}", config.detection) };
    assert_eq!((response.severity, response.duration), (Severity::Critical, None));
    assert_eq!(config.detection.suppressions[0].query, "client_ip:192.0.2.0/24");

    // Every key differs from its default, so a new key has to be added here too; and seven lists of tables.
    assert_eq!(Config::default().changed(&config).len(), KEYS.len() + 7);
    assert_eq!(config.changed(&config).len(), 0);
    assert_eq!(
        config.needs_restart(&Config::default()),
        [
            "capture.cgroup",
            "capture.rings",
            "capture.ring_size",
            "capture.request_body",
            "capture.response_body",
            "capture.tls",
            "limits.connections",
            "limits.memory",
            "deny.interfaces",
            "deny.mode",
            "store.enabled",
            "store.max_age",
            "store.max_size",
            "store.events_per_second",
            "metrics.listen",
            "api.listen",
            "api.tls_cert",
            "api.tls_key",
            "ui.listen",
            "ui.hosts",
        ]
    );
}

/// One wrong setting: line and column of the mark, and what the message has to say.
#[test]
fn wrong_settings_say_where_and_what() {
    let cases: &[(&str, usize, usize, &str)] = &[
        (
            "[respond]\nwindow = 60",
            2,
            10,
            "respond.window: expected a duration from \"1s\" to \"1d\", found the integer 60",
        ),
        ("[respond]\nwindow = 60", 2, 10, "help: with a unit: \"60s\" is seconds"),
        ("[respond]\nwindow = \"0s\"", 2, 10, "found \"0s\""),
        ("[respond]\nwindow = \"2 fortnights\"", 2, 10, "units are ms, s, m (minutes), h, d, w"),
        ("[respond]\nwindow = \"-5s\"", 2, 10, "expected a duration"),
        ("[respond]\nblock_for = \"1mo\"", 2, 13, "or \"forever\", found \"1mo\""),
        ("[respond]\nevents = 0", 2, 10, "expected a number from 1 to 1000, found the integer 0"),
        ("[respond]\nevents = 99999999999999999999", 2, 10, "found the integer 99999999999999999999"),
        ("[respond]\nevents = 2.5", 2, 10, "found the number 2.5"),
        ("[respond]\nenabled = \"true\"", 2, 11, "expected true or false, found \"true\""),
        ("[respond]\nenabled = \"true\"", 2, 11, "without quotation marks"),
        (
            "[respond]\nwindows = \"1s\"",
            2,
            1,
            "no such key\n  2 | windows = \"1s\"\n    | ^^^^^^^\n    = help: did you mean `window`?",
        ),
        ("[respond]\nzzz = 1", 2, 1, "keys of `[respond]` are `enabled`, `events`,"),
        ("[respond]\ninterfaces = []", 2, 1, "`interfaces` belongs into the section `[deny]`"),
        ("[responds]\nevents = 1", 1, 2, "did you mean `[respond]`?"),
        ("events = 1", 1, 1, "`events` belongs into the section `[respond]`"),
        ("[nonsense]", 1, 2, "sections are `capture`, `limits`"),
        ("respond = 3", 1, 11, "expected a section, `[respond]` on a line of its own, found the integer 3"),
        ("[[respond]]\nevents = 1", 1, 1, "expected a section"),
        ("[[detection.responses]]\naction = \"block\"", 2, 10, "expected \"block_ip\", \"block_user\""),
        ("[[detection.responses]]\nseverity = \"high\"", 1, 1, "expected what is done"),
        ("[[detection.responses]]\naction = \"block_ip\"\nfor = \"0s\"", 3, 7, "or \"forever\""),
        ("[[detection.suppressions]]\nquery = \"servce:x\"", 2, 9, "did you mean `service`?"),
        ("[[detection.suppressions]]\nquery = \"*\"", 2, 9, "it takes every event"),
        ("[[detection.suppressions]]\nreason = \"x\"", 1, 1, "expected which events do not count"),
        ("[respond.events]\nx = 1", 1, 1, "expected a number from 1 to 1000, found a table"),
        (
            "[proxies]\ntrusted = [\"10.0.0.0/8\", \"10.0.0.300/8\"]",
            2,
            26,
            "\"10.0.0.300\" is not an IP address",
        ),
        ("[proxies]\ntrusted = [\"10.0.0.0/33\"]", 2, 12, "\"33\" is not a prefix length from 0 to 32"),
        ("[proxies]\ntrusted = [\"10.0.0.0/+8\"]", 2, 12, "\"+8\" is not a prefix length"),
        ("[proxies]\ntrusted = [\"10.0.0.1/8\"]", 2, 12, "has bits set after its prefix: write 10.0.0.0/8"),
        ("[proxies]\ntrusted = [\"proxy.example\"]", 2, 12, "names are not looked up"),
        ("[proxies]\ntrusted = \"10.0.0.0/8\"", 2, 11, "a list of one is [\"10.0.0.0/8\"]"),
        ("[proxies]\ntrusted = [\"10.0.0.0/8\", \"10.0.0.0/8\"]", 2, 26, "it is in the list already"),
        ("[proxies]\nheader = \"x forwarded\"", 2, 10, "the name of the header field your proxies set"),
        ("[capture]\nrings = 9", 2, 9, "expected \"auto\" or a number from 1 to 8, found the integer 9"),
        ("[capture]\nrings = \"aut\"", 2, 9, "did you mean \"auto\"?"),
        ("[capture]\nring_size = \"3 MiB\"", 2, 13, "the next power of two is \"4 MiB\""),
        ("[capture]\nring_size = \"8 MeB\"", 2, 13, "units are B, KiB, MiB"),
        (
            "[capture]\nrequest_body = \"99999999999999999999 GiB\"",
            2,
            16,
            "expected a size from 0 to \"16 MiB\"",
        ),
        (
            "[capture]\ncgroup = \"web\"",
            2,
            10,
            "expected the absolute path of a cgroup v2 directory, found \"web\"",
        ),
        ("[deny]\ninterfaces = [\"a name too long for one\"]", 2, 15, "`ip link` shows"),
        ("[api]\nlisten = \"0.0.0.0:7181\"", 2, 10, "expected TLS where others can listen in"),
        (
            "[api]\nlisten = \"[::]:7181\"\ntls_key = \"k\"",
            3,
            11,
            "say where the certificate is with `tls_cert`",
        ),
        ("[api]\nlisten = \"127.0.0.1\"", 2, 10, "with a port: \"127.0.0.1:7181\""),
        ("[api]\nlisten = \":7181\"", 2, 10, "with an address: \"127.0.0.1:7181\""),
        ("[api]\nlisten = \"127.0.0.1:0\"", 2, 10, "a port from 1 to 65535"),
        ("[ui]\nlisten = \"127.0.0.1\"", 2, 10, "with a port: \"127.0.0.1:7180\""),
        ("[ui]\nhosts = [\"https://a.example\"]", 2, 10, "the name alone, without http://"),
        ("[ui]\nhosts = [\"a.example:7180\"]", 2, 10, "the name without a port"),
        ("[ui]\nhosts = [\"b\u{fc}cher\"]", 2, 10, "letters, digits, dots and hyphens"),
        ("[api]\nlisten = 7181", 2, 10, "expected an address and a port such as"),
        ("[deny]\npage_ports = [80, 65536]", 2, 19, "expected a list of ports such as [80, 8080]"),
        ("[deny]\npage_contact = \"a\\nb\"", 2, 16, "one line of at most 200 characters"),
        ("[deny]\nanswer = \"pages\"", 2, 10, "did you mean \"page\"?"),
        ("[deny]\nmode = \"nativ\"", 2, 8, "did you mean \"native\"?"),
        ("# é\n[output]\ncolour = 'é' # é", 3, 10, "3 | colour = 'é' # é\n    |          ^^^\n"),
        ("[output\nall = true", 1, 8, "not TOML"),
        ("[output]\nall = true\nall = false", 3, 1, "duplicate key"),
    ];
    for (text, line, column, says) in cases {
        let error = Config::parse(text, "picket.toml").unwrap_err();
        let shown = format!("{error}\n");
        assert_eq!(error.problems().len(), 1, "{shown}");
        let problem = &error.problems()[0];
        assert_eq!((problem.line, problem.column), (*line, *column), "{shown}");
        assert!(shown.starts_with(&format!("picket.toml:{line}:{column}: ")), "{shown}");
        assert!(shown.contains(says), "{shown}\ndoes not say\n{says}");
    }
    assert_eq!(cases.len(), 58);
}

#[test]
fn wrong_policies_say_where_and_what() {
    let policy = |rest: &str| format!("[[policies]]\nname = \"a\"\nports = [80]\n{rest}");
    let exclusion = |rest: &str| format!("[[rules.exclusions]]\n{rest}");
    let cases: &[(String, usize, usize, &str)] = &[
        ("[policies]\nname = \"a\"".into(), 1, 1, "with two brackets: `[[policies]]`"),
        ("[[policy]]\nname = \"a\"".into(), 1, 3, "did you mean `[[policies]]`?"),
        (
            "policies = [1]".into(),
            1,
            13,
            "expected tables, each begun by `[[policies]]`, found the integer 1",
        ),
        ("[[policies]]\nports = [80]".into(), 1, 1, "expected a name"),
        ("[[policies]]\nname = \"a\"".into(), 1, 1, "expected the services it is for"),
        (policy("") + &policy(""), 4, 1, "another policy has this name"),
        ("[[policies]]\nname = \"default\"\nports = [1]".into(), 2, 8, "the policy of all other services"),
        ("[[policies]]\nname = \"a b\"\nports = [1]".into(), 2, 8, "letters, digits and hyphens"),
        (policy("moed = \"off\""), 4, 1, "did you mean `mode`?"),
        (policy("zzz = 1"), 4, 1, "keys of `[[policies]]` are `name`, `services`"),
        (policy("mode = \"protect\""), 4, 8, "expected \"off\", \"monitor\" or \"block\", found \"protect\""),
        (policy("mode = \"monitr\""), 4, 8, "did you mean \"monitor\"?"),
        (policy("paranoia = 5"), 4, 12, "expected 1 to 4, found the integer 5"),
        (policy("rules = \"crs\""), 4, 9, "a list of one is [\"crs\"]"),
        (policy("rules = [\"crs\"]"), 4, 9, "picket rules use crs writes it"),
        (policy("disabled = [\"9-1\"]"), 4, 13, "the range is empty: write \"1-9\""),
        (policy("disabled = [\"1\", \"tag:\"]"), 4, 18, "a tag follows"),
        (policy("[[policies.exclusions]]\nrule = [\"1\"]"), 5, 1, "did you mean `rules`?"),
        (policy("[[policies.exclusions]]\nreason = \"x\""), 4, 1, "expected what is excluded"),
        ("[[policies]]\nname = \"a\"\nports = [0]".into(), 3, 10, "found the integer 0"),
        ("[[policies]]\nname = \"a\"\nports = [\"9-1\"]".into(), 3, 10, "a range is \"9000-9100\""),
        ("[[policies]]\nname = \"a\"\ncontainers = [\"web\"]".into(), 3, 15, "names belong to the runtime"),
        (exclusion("inputs = [\"ARG:x\"]"), 2, 11, "there is no variable ARG"),
        (exclusion("inputs = [\"TX:x\"]"), 2, 11, "what rules write"),
        (exclusion("paths = [\"editor\"]"), 2, 10, "a path begins with /"),
        (exclusion("paths = [\"/a?b\"]"), 2, 10, "has no query"),
        (exclusion("client_ips = [\"10.0.0.1/8\"]"), 2, 15, "write 10.0.0.0/8"),
        ("[rules.exclusions]\nrules = [\"1\"]".into(), 1, 1, "with two brackets: `[[rules.exclusions]]`"),
        ("[rules]\ndisabled = [942100]".into(), 2, 13, "found the integer 942100"),
    ];
    for (text, line, column, says) in cases {
        let error = Config::parse(text, "picket.toml").unwrap_err();
        let shown = format!("{error}\n");
        assert_eq!(error.problems().len(), 1, "{text}\n{shown}");
        let problem = &error.problems()[0];
        assert_eq!((problem.line, problem.column), (*line, *column), "{shown}");
        assert!(shown.contains(says), "{shown}\ndoes not say\n{says}");
    }
    assert_eq!(cases.len(), 29);
    let many = (0..=limits::POLICIES).map(|n| format!("[[policies]]\nname = \"p{n}\"\nports = [1]\n"));
    let error = Config::parse(&many.collect::<String>(), "x").unwrap_err();
    assert!(error.to_string().contains("more than 256 of them"), "{error}");
}

#[test]
fn wrong_users_say_where_and_what() {
    let event = |rest: &str| format!("[[users.events]]\nevent = \"a\"\npaths = [\"*\"]\n{rest}");
    let cases: &[(String, usize, usize, &str)] = &[
        ("[users]\nidentity = \"hash\"".into(), 2, 12, "did you mean \"hashed\"?"),
        (
            "[users]\nsources = [\"jwt\", \"cookie\"]".into(),
            2,
            19,
            "\"jwt\", \"header\", \"basic\" and \"login\"",
        ),
        ("[users]\nsession_idle = \"1s\"".into(), 2, 16, "a duration from \"1m\" to \"90d\""),
        ("[users]\nevents = 1".into(), 2, 10, "with two brackets: `[[users.events]]`"),
        ("[[users.events]]\npaths = [\"*\"]".into(), 1, 1, "expected an event"),
        ("[[users.events]]\nevent = \"a\"".into(), 1, 1, "every path"),
        ("[[users.events]]\nevent = \"A b\"\npaths = [\"*\"]".into(), 2, 9, "small letters"),
        (event("status = [\"2xx\"]"), 4, 11, "a range is \"200-299\""),
        (event("status = [99]"), 4, 11, "found the integer 99"),
        (event("fields = [\"=x\"]"), 4, 11, "what stands under it"),
        (event("copy = [\"order\"]"), 4, 9, "an equals sign"),
        (event("methods = [\"post\"]"), 4, 12, "capital letters"),
        (event("statuses = [200]"), 4, 1, "did you mean `status`?"),
        ("[[users.services]]\nidentity = \"off\"".into(), 1, 1, "expected the services it is for"),
    ];
    for (text, line, column, says) in cases {
        let error = Config::parse(text, "picket.toml").unwrap_err();
        let shown = format!("{error}\n");
        assert_eq!(error.problems().len(), 1, "{text}\n{shown}");
        let problem = &error.problems()[0];
        assert_eq!((problem.line, problem.column), (*line, *column), "{shown}");
        assert!(shown.contains(says), "{shown}\ndoes not say\n{says}");
    }
    assert_eq!(cases.len(), 14);
}

/// The targets of the example, uncommented, have every key that a target may have.
#[test]
fn the_targets_of_the_example_have_every_key() {
    let text: Vec<&str> = EXAMPLE
        .lines()
        .skip_while(|line| *line != "#[[notify]]")
        .filter_map(|line| line.strip_prefix('#').filter(|setting| !setting.starts_with(' ')))
        .collect();
    let config = Config::parse(&text.join("\n"), "example").unwrap_or_else(|error| panic!("{error}"));
    let mut types: Vec<&str> = config.notify.iter().map(|target| target.via.name()).collect();
    types.sort_unstable();
    types.dedup();
    assert_eq!(types, ["email", "otlp", "slack", "syslog", "webhook"]);
    for field in NOTIFY {
        let set = text.iter().any(|line| line.split(" = ").next() == Some(field.name));
        assert!(set, "the example has no notify.{}", field.name);
    }
    assert_eq!(config.notify[0].signals, Query::parse(SELECTED).unwrap(), "the example shows the default");
    assert_eq!((config.notify[0].rate, config.notify[0].timeout), (NOTIFY_RATE, Duration::from_secs(10)));
}

#[test]
fn wrong_targets_say_where_and_what() {
    let hook =
        |rest: &str| format!("[[notify]]\nname = \"a\"\ntype = \"webhook\"\nurl = \"http://a/\"\n{rest}");
    let of = |kind: &str, rest: &str| format!("[[notify]]\nname = \"a\"\ntype = \"{kind}\"\n{rest}");
    let mail = "address = \"mail.example.org\"\nfrom = \"a@example.org\"\nto = [\"b@example.org\"]";
    let cases: &[(String, usize, usize, &str)] = &[
        ("[notify]\nname = \"a\"".into(), 1, 1, "with two brackets: `[[notify]]`"),
        ("[[notifi]]\nname = \"a\"".into(), 1, 3, "did you mean `[[notify]]`?"),
        ("[[notify]]\ntype = \"slack\"".into(), 1, 1, "expected a name"),
        ("[[notify]]\nname = \"a\"".into(), 1, 1, "expected a type"),
        ("[[notify]]\nname = \"a/b\"\ntype = \"slack\"".into(), 2, 8, "a name of letters"),
        (of("slak", "url = \"http://a/\""), 3, 8, "did you mean \"slack\"?"),
        (of("slack", ""), 1, 1, "expected an address"),
        (of("slack", "url = \"a\""), 4, 7, "begins with https://"),
        (of("slack", "url = \"http://a/\"\ntoken_file = \"t\""), 5, 1, "has `url`, `url_file`"),
        (of("slack", "url = \"http://a/\"\nurl_env = \"U\""), 4, 1, "one of `url`, `url_file` and `url_env`"),
        (hook("signals = \"severty:high\""), 5, 11, "column 1: signals have no facet"),
        (hook("signals = \"severity:(high\""), 5, 11, "column"),
        (hook("on = [\"open\"]"), 5, 7, "did you mean \"opened\"?"),
        (hook("on = []"), 5, 6, "nobody can be told"),
        (hook("title = \"{{signal.titel}}\""), 5, 9, "column 1: `{{signal.titel}}` is not supported"),
        (hook("template = \"{{#if id}}\""), 5, 12, "`{{/if}}` is missing"),
        (hook("rate = 0"), 5, 8, "1 to 6000"),
        (hook("timeout = \"2m\""), 5, 11, "from \"1s\" to \"60s\""),
        (hook("headers = [\"a\"]"), 5, 12, "a name, a colon and a value"),
        (hook("headers = [\"a: b\\r\\nc: d\"]"), 5, 12, "printable ASCII"),
        (hook("headers = [\"Authorization: x\"]"), 5, 12, "`token_file`"),
        (hook("headers = [\"Host: x\"]"), 5, 12, "belongs to HTTP"),
        (hook("token_file = \"a\"\ntoken_env = \"B\""), 6, 1, "found both"),
        (hook("adress = \"a\""), 5, 1, "did you mean `address`?"),
        (hook("[[notify]]\nname = \"a\"\ntype = \"slack\"\nurl = \"http://a/\""), 5, 1, "a name of its own"),
        (of("syslog", "address = \"a:b\""), 4, 11, "a port is a number"),
        (of("syslog", "address = \"a\"\nfacility = \"local9\""), 5, 12, "did you mean"),
        (of("email", "address = \"a\"\nto = [\"b@example.org\"]"), 1, 1, "expected a sender"),
        (of("email", "address = \"a\"\nfrom = \"b@example.org\""), 1, 1, "expected receivers"),
        (of("email", "from = \"nobody\""), 4, 8, "an e-mail address"),
        (of("email", &format!("{mail}\nusername = \"u\"")), 1, 1, "together with"),
        (
            of("email", &format!("{mail}\ntls = \"none\"\nusername = \"u\"\npassword_env = \"P\"")),
            7,
            1,
            "expected TLS where a password is sent",
        ),
        ("[metrics]\nlisten = \"9464\"".into(), 2, 10, "an address and a port"),
        ("[metrics]\nlisten = \"0.0.0.0:9464\"".into(), 2, 10, "the one address"),
    ];
    for (text, line, column, says) in cases {
        let error = Config::parse(text, "picket.toml").unwrap_err();
        let shown = format!("{error}\n");
        assert_eq!(error.problems().len(), 1, "{text}\n{shown}");
        let problem = &error.problems()[0];
        assert!(shown.contains(says), "{shown}\ndoes not say\n{says}");
        assert_eq!((problem.line, problem.column), (*line, *column), "{shown}");
    }
    assert_eq!(cases.len(), 34);
}

#[test]
fn all_problems_at_once_in_the_order_of_the_text() {
    let text = "[output]\nall = 1\n[capture]\nrings = 0\nfoo = 1\n[nope]\n";
    let error = Config::parse(text, "x").unwrap_err();
    let lines: Vec<usize> = error.problems().iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 4, 5, 6]);
    assert_eq!(error.to_string().matches("\nx:").count(), 3);
}

#[test]
fn files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("picket.toml");
    let missing = Config::load(&path).unwrap_err();
    assert!(matches!(missing, ConfigError::Unreadable { .. }), "{missing}");

    fs::write(
        &path,
        "[rules]\nfiles = [\"mine.json\", \"/abs.json\"]\ncrs = \"crs\"\n[[policies]]\nname = \"a\"\nports = [1]\nrules = [\"x.conf\"]",
    )
    .unwrap();
    let config = Config::load(&path).unwrap();
    assert_eq!(config.rules.files, [directory.path().join("mine.json"), PathBuf::from("/abs.json")]);
    assert_eq!(config.rules.crs, Some(directory.path().join("crs")));
    assert_eq!(config.policies[0].rules, Some(vec![RuleSource::Path(directory.path().join("x.conf"))]));

    fs::write(&path, b"[rules]\nfiles = [\"\xff\"]\n").unwrap();
    let error = Config::load(&path).unwrap_err();
    assert_eq!((error.problems()[0].line, error.problems()[0].column), (2, 11), "{error}");

    fs::write(&path, vec![b'#'; limits::CONFIG_FILE + 1]).unwrap();
    assert!(matches!(Config::load(&path).unwrap_err(), ConfigError::TooLong { .. }));
}

#[test]
fn a_file_can_not_write_to_the_terminal() {
    let error =
        Config::parse("[output]\nall = '\u{9b}31m\u{202e}'\n\"\\u001b[2J\" = 1\n", "\u{1b}[2J").unwrap_err();
    let shown = error.to_string();
    assert_eq!(error.problems().len(), 2);
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()) && !shown.contains('\u{202e}'), "{shown:?}");
}

proptest! {
    #[test]
    fn no_text_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Err(error) = Config::parse_bytes(&bytes, "x") {
            prop_assert!(!error.problems().is_empty());
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn no_value_panics(key in 0..KEYS.len(), value in r#"(-?[0-9]{1,20}|"[ -~]{0,12}"|\[("[0-9a-f:./]{0,12}",?){0,3}\]|true|1e9|\{\}|"[0-9]{1,12} ?(s|m|h|d|w|y|mo|MiB|GiB)")"#) {
        let key = &KEYS[key];
        let text = format!("[{}]\n{} = {value}\n", key.section(), key.short());
        if let Err(error) = Config::parse(&text, "x") {
            for problem in error.problems() {
                // A quotation mark may open a string that swallows the end of the line.
                prop_assert!((2..=3).contains(&problem.line));
            }
        }
    }
}
