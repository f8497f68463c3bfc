//! Everything that is shown came from an attacker: nothing of it is alive in any page.

use std::time::Duration;

use jiff::Timestamp;
use scraper::Html;
use serde_json::json;

use super::served::{Served, all};
use crate::{
    api::{
        Control as _, DenyRequest, ServiceView, Whom,
        tests::{
            InMemory,
            desk::{Ground, endpoints, event, service},
        },
        tls::TlsView,
        types::{BlockingPage, DenyInterface, Protection, RespondView, Role},
    },
    config::Config,
    rules::policy::{Exclusion, Glob, Mode, Selector},
    store::{AuditEntry, Change},
};

/// Texts that are something else to a careless reader. Each has the mark in it, by which it is found.
const HOSTILE: [&str; 12] = [
    "<script>zqx()</script>",
    "\"><img src=x onerror=zqx()>",
    "'><svg onload=zqx()>",
    "\" autofocus onfocus=zqx() x=\"",
    "javascript:zqx()",
    "</title><script>zqx()</script>",
    "</textarea><script>zqx()</script>",
    "<!--><script>zqx()</script>",
    "&lt;script&gt;zqx()&lt;/script&gt;",
    "zqx\u{202e}\u{7}\u{1b}[31m",
    "]]><script>zqx()</script>",
    "<a href=\"//evil.example/zqx\">zqx</a>",
];

/// What is alive of them.
fn alive(html: &Html) -> Vec<String> {
    let mut found = Vec::new();
    for element in all(html, "*") {
        let name = element.value().name();
        for (attribute, value) in element.value().attrs() {
            let runs = attribute.starts_with("on") || attribute == "style" || attribute == "srcdoc";
            let leads = matches!(
                attribute,
                "href" | "src" | "action" | "formaction" | "xlink:href" | "data-live" | "data-brush"
            );
            let outside =
                leads && !(value.starts_with('/') && !value.starts_with("//") || value.starts_with('#'));
            if runs || outside {
                found.push(format!("{name} {attribute}={value}"));
            }
        }
        // The blocking page's preview: in a box in which nothing runs, told apart by its own policy.
        let boxed = name == "iframe"
            && element.attr("sandbox") == Some("")
            && element.attr("src") == Some("/protection/page?format=html");
        if !boxed
            && matches!(name, "script" | "iframe" | "object" | "embed" | "base" | "style" | "img")
            && (name != "script" || element.text().next().is_some())
        {
            found.push(element.html());
        }
    }
    found
}

/// Services, endpoints and interfaces that somebody gave bad names.
fn hostile_control(hostile: &str) -> InMemory {
    let text = || hostile.to_owned();
    let tls = TlsView { seen: 0, unseen: 7, why: Some(text()), advice: Some(text()), ..TlsView::default() };
    let service = ServiceView {
        policy: text(),
        exe: Some(text()),
        container_id: Some(text()),
        pod_uid: Some(text()),
        cgroup: text(),
        tls: Some(tls),
        ..service(hostile, 80)
    };
    let routes = serde_json::to_string(&endpoints(hostile)).expect("JSON");
    let mut routes: serde_json::Value = serde_json::from_str(&routes).expect("JSON");
    for route in routes["services"][0]["endpoints"].as_array_mut().expect("routes") {
        route["pattern"] = json!(format!("/{hostile}"));
        route["method"] = json!(hostile);
        route["attacks"] = json!({hostile: 3});
        route["business"] = json!({hostile: 3});
        route["parameters"][0]["name"] = json!(hostile);
    }
    let interfaces = vec![DenyInterface { name: text(), mode: text() }];
    let page = BlockingPage { problem: Some(text()), html: text(), json: text(), ..BlockingPage::default() };
    let respond = RespondView {
        enabled: true,
        except_rules: vec![text()],
        except_types: vec![text()],
        ..RespondView::default()
    };
    let mut config = Config::default();
    config.rules.exclusions.push(Exclusion {
        rules: vec![Selector::Id(Glob::new(hostile))],
        paths: vec![Glob::new(hostile)],
        reason: Some(text()),
        ..Exclusion::default()
    });
    InMemory {
        services: vec![service],
        endpoints: serde_json::from_value(routes).expect("endpoints"),
        protection: Protection { interfaces: interfaces.clone(), page, respond, ..Protection::default() },
        interfaces,
        config,
        ..InMemory::default()
    }
}

/// An agent in whose every field a text stands.
fn house(hostile: &str) -> Ground {
    let ground = Ground::of(hostile_control(hostile));
    let desk = ground.control.desk();
    let audit = AuditEntry {
        time: 1,
        who: "picket".to_owned(),
        action: hostile.to_owned(),
        what: hostile.to_owned(),
        before: None,
        after: Some(json!({"reason": hostile, "signal": hostile}).to_string()),
    };
    let _flushed_below = desk.handle().write(vec![Change::Audit(audit)]).expect("written");
    let control = &ground.control;
    control.set_policy(hostile, Some(Mode::Off), hostile).expect("set");
    let net = |text: &str| Whom::Net(text.parse().expect("a network"));
    for whom in [net("198.51.100.67/32"), Whom::User(hostile.to_owned())] {
        let (reason, who) = (Some(hostile.to_owned()), hostile.to_owned());
        control.block(DenyRequest { whom, duration: None, reason, signal: None, who }).expect("blocked");
    }
    control.passlist_add(net("192.0.2.66/32"), Some(hostile.to_owned()), hostile).expect("passed");
    let client = "198.51.100.66".parse().expect("an address");
    // Enough for a signal of each: failed logins of one user, and attacks.
    for n in 0..40_u64 {
        let fields = json!({
            "n": 50_000 + n, "service": {"name": hostile, "port": 80, "exe": hostile, "cmdline": [hostile]},
            "client_ip": "198.51.100.66", "peer_ip": "198.51.100.66", "method": hostile, "host": hostile, "path": format!("/{hostile}"),
            "query": hostile, "status": if n % 2 == 0 { 401 } else { 500 }, "user_agent": hostile, "endpoint": hostile, "policy": hostile,
            "user": {"id": hostile, "source": "login"}, "session": {"id": hostile, "source": "cookie"},
            "business": [{"name": if n % 2 == 0 { "users.login.failure" } else { hostile }, "attributes": {"usr.login": hostile, hostile: hostile}}],
            "matches": [{"rule": hostile, "name": hostile, "location": hostile, "value": hostile, "tags": {"type": if n % 2 == 0 { "sql_injection" } else { hostile }, hostile: hostile}}],
            "attributes": {hostile: {"x": hostile}}, "unanswered": hostile,
            "anomalies": [{"kind": hostile, "detail": hostile}],
        });
        let _ = desk.take(&event(Timestamp::now() - Duration::from_secs(120 - n), &fields), client);
    }
    ground.flush();
    ground
}

#[test]
fn nothing_of_an_attacker_is_alive_on_any_page() {
    let mut pages = 0;
    let mut shown = 0;
    for hostile in HOSTILE {
        let served = Served::of_role(house(hostile), Role::Admin);
        let mut targets: Vec<String> = crate::ui::page::paths().into_iter().map(str::to_owned).collect();
        let signals = served.ground.get("/v1/signals?limit=1000");
        for signal in signals["items"].as_array().expect("a list") {
            let id = signal["id"].as_str().expect("an id");
            // What people write is not trusted either.
            let fields =
                [("status", "under_review"), ("assignee", hostile), ("case", hostile), ("note", hostile)];
            served.submit(&format!("/signals/{id}"), &format!("/signals/{id}/triage"), &fields);
            targets.push(format!("/signals/{id}"));
        }
        let encoded = crate::api::client::segment(hostile);
        for page in crate::ui::page::paths() {
            for parameter in ["query", "from", "to", "cursor", "columns", "sort", "entries", "back", hostile]
            {
                targets.push(format!("{page}?{}={encoded}", crate::api::client::segment(parameter)));
            }
        }
        targets.extend(super::more_pages(&served));
        targets.extend([
            format!("/{encoded}"),
            format!("/signals/{encoded}"),
            format!("/services/{encoded}x"),
            format!("/rules/{encoded}"),
            format!("/rules/edit?rule={encoded}"),
            format!("/rules/detection/{encoded}"),
            format!("/rules/detection?search={encoded}&state={encoded}"),
            format!("/rules/detection/edit?rule={encoded}"),
            format!("/rules/exclusions?rule={encoded}"),
            format!("/rules/exclusions/new?rule={encoded}&service={encoded}&path={encoded}"),
            format!("/rules/exclusions/new?client={encoded}"),
            format!("/protection/denylist?find={encoded}"),
            format!("/protection/denylist?cursor={encoded}"),
            format!("/protection/passlist?find={encoded}"),
            format!("/rules/try?rule={encoded}&request={encoded}"),
            format!("/rules/try?text={encoded}&past=yes"),
            format!("/rules/try?request={encoded}&event={encoded}"),
            format!("/login/{encoded}"),
            format!("/login?back={encoded}"),
        ]);
        for target in targets {
            let got = served.get(&target);
            if !got.header("content-type").starts_with("text/html") {
                continue;
            }
            let html = got.html();
            let found = alive(&html);
            assert!(found.is_empty(), "{hostile:?} on {target}: {found:#?}");
            pages += 1;
            shown += usize::from(got.text.contains("zqx"));
        }
    }
    assert!(pages > 250, "{pages}");
    // Where it is not shown, nothing was tested.
    assert!(shown > 80, "{shown} of {pages}");
}

#[test]
fn what_is_alive_is_found() {
    for (html, count) in [
        ("<p>fine</p><a href=\"/x\">x</a>", 0),
        ("<script src=\"/assets/app.js\"></script>", 0),
        ("<script>zqx()</script>", 1),
        ("<img src=x onerror=zqx()>", 3),
        ("<a href=\"javascript:zqx()\">x</a>", 1),
        ("<a href=\"//evil.example\">x</a>", 1),
        ("<p style=\"x\">x</p>", 1),
    ] {
        assert_eq!(alive(&Html::parse_document(html)).len(), count, "{html}");
    }
}
