//! Services: what is known of them, how they are judged, their endpoints.

use serde_json::{Value, json};

use super::{desk::Ground, *};

fn audit(ground: &Ground) -> Value {
    ground.get("/v1/audit?limit=1")["items"][0].clone()
}

#[test]
fn services_have_what_the_desk_knows() {
    let control = InMemory {
        services: vec![desk::service("shop", 80), desk::service("blog", 81)],
        ..InMemory::default()
    };
    let services = Ground::of(control).get("/v1/services");
    let (shop, blog) = (&services[0], &services[1]);
    assert_eq!(shop["attacks"], json!({"sql_injection": 20, "xss": 10}), "{shop}");
    assert!(shop["open_signals"].as_u64() > Some(0), "{shop}");
    assert_eq!(
        (&shop["recent"]["failed"], &shop["recent"]["latency"]["p95_us"]),
        (&json!(54), &json!(12_000))
    );
    assert_eq!((&blog["attacks"], &blog["open_signals"]), (&json!({}), &json!(0)));
}

#[test]
fn a_mode_is_set_audited_and_given_back() {
    let ground = Ground::new();
    let path = "/v1/services/shop/policy";
    let policy = ground.get(path);
    assert_eq!((policy.get("set"), &policy["listeners"][0]["mode"]), (None, &json!("monitor")));
    let (status, policy) = ground.ask("PUT", path, r#"{"mode":"off"}"#);
    assert_eq!(status, 200, "{policy}");
    assert_eq!((&policy["set"]["mode"], &policy["set"]["by"]), (&json!("off"), &json!("root")));
    let listener = &policy["listeners"][0];
    assert_eq!((&listener["mode"], &listener["configured"]), (&json!("off"), &json!("monitor")));
    let entry = audit(&ground);
    assert_eq!(
        (&entry["action"], &entry["what"], &entry["who"]),
        (&json!("set_policy"), &json!("shop"), &json!("root"))
    );
    assert_eq!((&entry["before"], &entry["after"]["mode"]), (&Value::Null, &json!("off")));
    assert_eq!(ground.get("/v1/services")[0]["set"]["mode"], "off");
    // The word of those who know it from elsewhere; and why nobody is blocked all the same.
    let (_, policy) = ground.ask("PUT", path, r#"{"mode":"protect"}"#);
    assert_eq!(policy["set"]["mode"], "block");
    assert!(policy["note"].as_str().is_some_and(|note| note.contains("[respond]")), "{policy}");
    assert_eq!(audit(&ground)["before"]["mode"], "off");
    let (status, policy) = ground.ask("DELETE", path, "");
    assert_eq!((status, policy.get("set")), (200, None), "{policy}");
    let entry = audit(&ground);
    assert_eq!((&entry["action"], &entry["after"]), (&json!("reset_policy"), &Value::Null));
    assert_eq!(entry["before"]["mode"], "block");
    let before = ground.state();
    for (method, path, body, status, says) in [
        ("DELETE", path, "", 404, "no mode is set for shop"),
        ("PUT", "/v1/services/ngnix/policy", r#"{"mode":"off"}"#, 404, "no service"),
        ("GET", "/v1/services/ngnix/policy", "", 404, "picket services"),
        ("PUT", path, r#"{"mode":"on"}"#, 400, "block"),
        ("PUT", path, r#"{"mode":"off","for":"1h"}"#, 400, "unknown field"),
        ("PUT", path, "", 400, "body"),
    ] {
        let (got, answer) = ground.ask(method, path, body);
        assert_eq!(got, status, "{method} {path} {body}: {answer}");
        assert!(answer.to_string().contains(says), "{answer}");
    }
    assert_eq!(ground.state(), before, "what was refused changed nothing");
}

#[test]
fn endpoints_are_sorted_and_paged() {
    let ground = Ground::new();
    let patterns = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().expect("a list");
        items.iter().map(|item| item["pattern"].as_str().expect("a pattern").to_owned()).collect()
    };
    for (sort, expected) in [
        ("name", ["/item/{id}", "/login", "/search"]),
        ("requests", ["/item/{id}", "/login", "/search"]),
        ("errors", ["/search", "/item/{id}", "/login"]),
        ("latency", ["/item/{id}", "/login", "/search"]),
        ("attacks", ["/search", "/item/{id}", "/login"]),
        ("business", ["/login", "/item/{id}", "/search"]),
    ] {
        let whole = ground.get(&format!("/v1/endpoints?sort={sort}"));
        assert_eq!(patterns(&whole), expected, "{sort}");
        let (mut paged, mut next) = (Vec::new(), String::new());
        for _ in 0..3 {
            let page = ground.get(&format!("/v1/endpoints?sort={sort}&limit=1{next}"));
            paged.extend(patterns(&page));
            next = page["next"].as_str().map(|next| format!("&cursor={next}")).unwrap_or_default();
        }
        assert_eq!((paged, next), (expected.map(str::to_owned).to_vec(), String::new()), "{sort}");
    }
    let next = ground.get("/v1/endpoints?sort=errors&limit=1")["next"].as_str().expect("more").to_owned();
    assert_eq!(ground.ask("GET", &format!("/v1/endpoints?sort=name&limit=1&cursor={next}"), "").0, 400);
    let (status, answer) = ground.ask("GET", "/v1/endpoints?sort=size", "");
    assert_eq!((status, answer.to_string().contains("first_seen")), (400, true), "{answer}");
    let logins = ground.get("/v1/endpoints?query=@business.users.login.failure:%3E10");
    assert_eq!(patterns(&logins), ["/login"]);
    assert_eq!(patterns(&ground.get("/v1/endpoints?query=business:*")), ["/login"]);
}
