//! For looking at it: an agent with a day behind it, served until the process ends.
//!
//!     PICKET_UI=127.0.0.1:7180 cargo test -p picket --lib ui::tests::looking -- --ignored --nocapture

use std::{net::IpAddr, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::json;

use crate::{
    api::{
        Control as _, DenyRequest, ServiceView, Stats, Whom,
        tests::{
            InMemory,
            desk::{Ground, endpoints, event, service},
            runtime,
        },
        tls::TlsView,
        types::{
            BlockingPage, Capacity, DenyInterface, Kept, LoginBody, LoginLink, Protection, RecentView,
            RespondView, Role,
        },
    },
    config::{Config, DenyAnswer, UiConfig},
    endpoint::Latency,
    respond::page::{Format, Page},
    rules::policy::Mode,
    ui::Listener,
};

/// A day of a shop: people who log in, scanners, an attack that goes on.
pub(super) fn day() -> Ground {
    let tls = |seen, unseen| {
        Some(TlsView {
            seen,
            unseen,
            why: (unseen > 0)
                .then(|| "Java compiles TLS anew in each process, where no probe can be set".to_owned()),
            advice: (unseen > 0)
                .then(|| "let a proxy end TLS before it, or read its plaintext there".to_owned()),
            ..TlsView::default()
        })
    };
    let busy = |name: &str, port: u16, rate: f64, failed: u64, p95_us: u64| {
        let answers = (rate * 300.0) as u64;
        let latency = Some(Latency { p50_us: p95_us / 4, p95_us, p99_us: p95_us * 3 });
        let recent = RecentView { seconds: 300, requests: answers, rate, answers, failed, latency };
        ServiceView { recent: Some(recent), requests: answers * 24, ..service(name, port) }
    };
    let api = "api.jar (java)";
    let services = vec![
        ServiceView { tls: tls(91_204, 0), ..busy("shop", 443, 184.3, 55, 12_000) },
        ServiceView {
            tls: tls(12, 903),
            container_id: Some("3f9a0c".repeat(11)),
            exe: Some("/opt/java/bin/java".to_owned()),
            ..busy("api", 8080, 21.4, 0, 48_000)
        },
        busy("blog", 80, 0.4, 1, 230_000),
        ServiceView { tls: tls(0, 3), recent: None, requests: 0, last_seen: None, ..service(api, 8443) },
        ServiceView {
            policy: "metrics".to_owned(),
            mode: "off".to_owned(),
            ..busy("node_exporter", 9100, 0.1, 0, 4000)
        },
    ];
    let mut routes = endpoints("shop");
    routes.services.extend(endpoints("api").services);
    routes.services.extend(endpoints("blog").services);
    let interfaces = vec![DenyInterface { name: "eth0".into(), mode: "native".into() }];
    let protection = Protection {
        interfaces: interfaces.clone(),
        packets_dropped: 48_210,
        packets_passed: 12,
        denylist: Kept { total: 2, addresses: 1, networks: 0, users: 1 },
        capacity: Capacity::default(),
        passlist: 3,
        page: blocking_page(),
        respond: RespondView {
            enabled: true,
            events: 5,
            window_seconds: 60,
            block_seconds: Some(600),
            counted: 412,
            decisions: 9,
            except_types: vec!["security_scanner".to_owned()],
            ..RespondView::default()
        },
    };
    let config = Config::parse(
        "[[rules.exclusions]]\nrules = [\"942100\", \"tag:attack-xss\"]\ninputs = [\"ARGS:comment\"]\npaths = [\"/editor/*\"]\nreason = \"editors write HTML, and about SQL\"\n[[detection.responses]]\nseverity = \"high\"\naction = \"block_ip\"\nfor = \"1h\"",
        "made up",
    )
    .expect("a configuration");
    let stats = Stats {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: Timestamp::now() - Duration::from_secs(86_400),
        gauges: [("connections", 412), ("rules", 318), ("rss_bytes", 96 << 20)]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        rates: [("requests".to_owned(), 184.3), ("cpu_seconds".to_owned(), 0.07)].into(),
        ..Stats::default()
    };
    let control = InMemory {
        services,
        endpoints: routes,
        protection,
        interfaces,
        config,
        stats,
        ..InMemory::default()
    };
    let ground = Ground::of(control);
    let desk = ground.control.desk();
    let now = Timestamp::now();
    let types = ["sql_injection", "xss", "lfi", "security_scanner", "command_injection", "ssrf"];
    let values = [
        "1' or '1'='1",
        "<script>alert(1)</script>",
        "../../../../etc/passwd",
        "sqlmap/1.7",
        ";cat /etc/passwd",
        "http://169.254.169.254/",
    ];
    let rules = [
        "picket-sqli-001",
        "picket-xss-001",
        "picket-lfi-001",
        "picket-scan-001",
        "picket-cmd-001",
        "picket-ssrf-001",
    ];
    let agents = [
        "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0",
        "sqlmap/1.7.2#stable (https://sqlmap.org)",
        "curl/8.5.0",
        "python-requests/2.31",
    ];
    let mut n = 10_000_i64;
    // An even stream of attacks over the day, with two waves.
    for minute in (0..1440_i64).rev() {
        let wave = if (300..360).contains(&minute) || (90..110).contains(&minute) {
            6
        } else {
            i64::from(minute % 4 == 0)
        };
        for k in 0..wave {
            n += 1;
            let kind = usize::try_from((n * 7 + minute / 60) % 6).expect("small");
            let client = format!("198.51.100.{}", (n * 13) % 9 + 1);
            let at = now - Duration::from_secs(u64::try_from(minute * 60 + k * 7).expect("positive"));
            let of = usize::try_from(n % 4).expect("small");
            let (service, path) = (
                ["shop", "api", "shop", "blog"][of],
                ["/search", "/item/17", "/api/v1/orders", "/wp-login.php"][of],
            );
            let (status, agent) = ([200, 403, 404, 500][of], agents[of]);
            let fields = json!({
                "n": n, "service": {"name": service, "port": 443},
                "client_ip": client, "peer_ip": client, "path": path,
                "query": format!("q={}", values[kind].replace(' ', "%20")), "status": status, "user_agent": agent,
                "matches": [{"rule": rules[kind], "name": format!("{} in a parameter", types[kind]), "location": "query.q",
                             "value": values[kind], "tags": {"type": types[kind], "category": "attack_attempt"}}],
            });
            let _ = desk.take(&event(at, &fields), client.parse().expect("an address"));
        }
        if minute % 3 == 0 {
            n += 1;
            let client = format!("203.0.113.{}", n % 40 + 20);
            let success = n % 5 != 0;
            let user = ["alice", "bob", "carol", "dave@shop.example"][usize::try_from(n % 4).expect("small")];
            let fields = json!({
                "n": n, "method": "POST", "path": "/login", "query": null, "endpoint": "/login", "status": if success { 302 } else { 401 },
                "client_ip": client, "peer_ip": client, "user_agent": agents[0], "user": {"id": user, "source": "login"},
                "business": [{"name": if success { "users.login.success" } else { "users.login.failure" }, "attributes": {"usr.login": user, "usr.exists": true}}],
            });
            let at = now - Duration::from_secs(u64::try_from(minute * 60).expect("positive"));
            let _ = desk.take(&event(at, &fields), client.parse().expect("an address"));
        }
        if minute % 20 == 0 {
            desk.tick(now - Duration::from_secs(u64::try_from(minute * 60).expect("positive")));
        }
        if minute % 240 == 0 {
            ground.flush();
        }
    }
    ground.flush();
    let net = "198.51.100.4".parse::<IpAddr>().expect("an address").into();
    let request = DenyRequest {
        whom: Whom::Net(net),
        duration: Some(Duration::from_secs(3600)),
        reason: Some("scans".to_owned()),
        signal: None,
        who: "root".to_owned(),
    };
    ground.control.block(request).expect("blocked");
    let request = DenyRequest {
        whom: Whom::User("mallory".to_owned()),
        duration: None,
        reason: Some("stolen account".to_owned()),
        signal: None,
        who: "alice".to_owned(),
    };
    ground.control.block(request).expect("listed");
    let office = Whom::Net("192.0.2.0/24".parse().expect("a network"));
    ground.control.passlist_add(office, Some("office".to_owned()), "alice").expect("passed");
    ground.control.set_policy("blog", Some(Mode::Off), "alice").expect("set");
    ground
}

#[test]
#[ignore = "serves until it is ended: for people who look at it, and for tests in a browser"]
fn serve() {
    let listen = std::env::var("PICKET_UI").unwrap_or_else(|_| "127.0.0.1:7180".to_owned());
    let ground = day();
    runtime().block_on(async {
        let ui = UiConfig { listen: Some(listen.parse().expect("an address")), hosts: Vec::new() };
        let listener =
            Listener::bind(&Config { ui, ..Config::default() }).expect("bound").expect("configured");
        let serving = tokio::spawn(listener.serve(&ground.api, std::future::pending()));
        let inside = crate::api::Inside::of(&ground.api);
        // A link whenever somebody presses enter.
        loop {
            let link: LoginLink = {
                let body =
                    serde_json::to_vec(&LoginBody { role: Role::Admin, name: Some("alice".to_owned()) })
                        .expect("JSON");
                let request =
                    axum::http::Request::post("/v1/ui/login-links").body(body.into()).expect("a request");
                let root = crate::api::Person { name: "root".to_owned(), role: Role::Admin };
                let response = inside.answer(root, request).await;
                let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
                serde_json::from_slice(&bytes).expect("a link")
            };
            println!("{}", link.url);
            let read = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await;
            if !matches!(read, Ok(Ok(1..))) {
                break;
            }
        }
        serving.abort();
    });
    let _: Arc<_> = ground.api;
}

/// A blocking page as it is without a configuration of its own.
fn blocking_page() -> BlockingPage {
    let (page, client) = (Page::default(), std::net::Ipv4Addr::new(203, 0, 113, 9).into());
    BlockingPage {
        answer: DenyAnswer::Page,
        ports: vec![80, 443],
        ports_found: true,
        html: page.body(Format::Html, client),
        json: page.body(Format::Json, client),
        opened: 212,
        sent: 187,
        alerts: 21,
        ..BlockingPage::default()
    }
}
