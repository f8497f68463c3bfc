//! Which policy a service has, in which mode, and what is said of those that mean nothing.

use super::*;

fn made(toml: &str) -> Result<Policies, String> {
    let config = Config::parse(toml, "test").map_err(|error| error.to_string())?;
    Policies::make(&config).map_err(|error| error.to_string())
}

#[test]
fn the_first_that_fits() {
    let toml = r#"
        [rules]
        builtin = false
        mode = "monitor"
        [[policies]]
        name = "shop"
        services = ["nginx", "app-*"]
        ports = [80, "8000-8100"]
        [[policies]]
        name = "apps"
        services = ["app-*"]
        mode = "off"
        [[policies]]
        name = "container"
        containers = ["0123456789ab"]
        cgroups = ["/kubepods/*"]
        [[policies]]
        name = "pod"
        pods = ["1b2c-*"]
        mode = "block"
    "#;
    let policies = made(toml).unwrap();
    let service = |name: &str, port| Service::named(name, port);
    let mut contained = service("x", 1);
    contained.container_id = Some("0123456789abcdef".repeat(4));
    let mut right = contained.clone();
    right.cgroup = "/kubepods/burstable/x".into();
    let mut pod = service("x", 1);
    pod.pod_uid = Some("1b2c-aa".into());
    let cases = [
        (service("nginx", 80), None, 1),
        (service("nginx", 81), None, 0),
        (service("app-7", 8100), None, 1),
        (service("app-7", 8101), Some(Mode::Off), 2),
        (service("apache2", 80), Some(Mode::Monitor), 0),
        (contained, None, 0),
        (right, None, 3),
        (pod, Some(Mode::Block), 4),
    ];
    for (service, mode, place) in cases {
        let found = policies.place(&service);
        assert_eq!(found, Place { at: place, set: None }, "{} {}", service.name, service.listen);
        let policy = policies.at(found).unwrap();
        assert_eq!(policy.mode, mode.unwrap_or(Mode::Monitor));
    }
    let names: Vec<Option<&str>> = policies.iter().map(|policy| policy.name.as_deref()).collect();
    assert_eq!(names, [None, Some("shop"), Some("apps"), Some("container"), Some("pod")]);
    assert_eq!(policies.rules().len(), 1, "all have the same files: these are compiled once");
}

#[test]
fn what_a_person_set_is_laid_over_the_configuration() {
    let before = made(
        "[rules]\nbuiltin = false\nmode = \"monitor\"\n[[policies]]\nname = \"shop\"\nservices = [\"nginx\"]\nports = [80]\nmode = \"block\"",
    )
    .unwrap();
    let set = Arc::new([("nginx".to_owned(), Mode::Off), ("api".to_owned(), Mode::Block)].into());
    let after = before.with_modes(set);
    let cases = [
        (Service::named("nginx", 80), Some("shop"), Mode::Block, Mode::Off),
        (Service::named("nginx", 81), None, Mode::Monitor, Mode::Off),
        (Service::named("api", 80), None, Mode::Monitor, Mode::Block),
        (Service::named("blog", 80), None, Mode::Monitor, Mode::Monitor),
    ];
    for (service, name, configured, mode) in cases {
        let place = after.place(&service);
        let policy = after.at(place).unwrap();
        assert_eq!((policy.name.as_deref(), policy.mode), (name, mode), "{}", service.name);
        assert_eq!(after.configured(place).unwrap().mode, configured);
        assert_eq!(before.at(before.place(&service)).unwrap().mode, configured);
        // What judged a request before judges its response.
        let judging = Arc::downgrade(before.at(before.place(&service)).unwrap());
        let back = after.with_modes(Arc::default());
        assert!(Arc::ptr_eq(&judging.upgrade().unwrap(), back.at(back.place(&service)).unwrap()));
    }
}

#[test]
fn the_same_files_are_compiled_once() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("own.conf");
    std::fs::write(&file, "SecRule ARGS \"@contains evil\" \"id:10,phase:2,log\"\n").unwrap();
    let toml = format!(
        r#"
        [[policies]]
        name = "a"
        services = ["a"]
        rules = ["{0}"]
        disabled = ["10"]
        [[policies]]
        name = "b"
        services = ["b"]
        rules = ["{0}"]
        [[policies]]
        name = "c"
        services = ["c"]
        rules = ["default", "{0}"]
        "#,
        file.display()
    );
    let policies = made(&toml).unwrap();
    let rules: Vec<u64> = policies.iter().map(|policy| policy.rules().id()).collect();
    assert_eq!(rules[1], rules[2]);
    assert_eq!(policies.rules().len(), 3);
    assert_eq!(policies.iter().nth(1).unwrap().rules().files(), [file]);
}

#[test]
fn what_means_nothing_is_said() {
    for (toml, says) in [
        ("[rules]\nbuiltin = false\ndisabled = [\"nope\"]", "[rules] there is no rule \"nope\""),
        (
            "[rules]\nbuiltin = false\n[[policies]]\nname = \"a\"\nports = [1]\ndisabled = [\"nope\"]",
            "policy \"a\": there is no rule \"nope\"",
        ),
        (
            "[rules]\nbuiltin = false\n[[policies]]\nname = \"a\"\nports = [1]\nrules = [\"/nonexistent.conf\"]",
            "policy \"a\": /nonexistent.conf: ",
        ),
        ("[rules]\nbuiltin = false\ncrs = \"rules/xss.json\"", "no rules of OWASP CRS"),
    ] {
        let error = made(toml).unwrap_err();
        assert!(error.starts_with(says) || error.contains(says), "{error}");
    }
    let doubtful = made(
        "[rules]\nbuiltin = false\nparanoia = 2\n[[policies]]\nname = \"a\"\nports = [1]\ndisabled = [\"1-5\", \"tag:nope\"]",
    )
    .unwrap();
    assert_eq!(
        doubtful.warnings,
        [
            "[rules] paranoia = 2 means nothing: OWASP CRS is not among its rules",
            "policy \"a\": paranoia = 2 means nothing: OWASP CRS is not among its rules",
            "policy \"a\": disabled: \"1-5\" is none of its rules",
            "policy \"a\": disabled: \"tag:nope\" is none of its rules",
        ]
    );
}
