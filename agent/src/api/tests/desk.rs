//! An agent with a past: a desk with events, users and a signal, asked without a connection.

use std::net::IpAddr;

use axum::http::{Method, Request, StatusCode};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::event::Event;

pub(crate) const EVENTS: i64 = 60;
pub(crate) const CLIENT: &str = "203.0.113.7";

/// An API with [`EVENTS`] events of a shop, the latest a minute ago, and a signal about failed logins.
pub(crate) struct Ground {
    pub(crate) control: Arc<InMemory>,
    pub(crate) api: Arc<Api>,
    pub(crate) tokens: tempfile::TempDir,
}

pub(crate) fn event(at: Timestamp, fields: &Value) -> Arc<Event> {
    let mut ids = crate::event::EventIds::new(fields["n"].as_u64().unwrap_or(0));
    let mut whole = json!({
        "kind": "event", "id": ids.next(at), "time": at.to_string(),
        "service": {"name": "shop", "port": 80}, "client_ip": CLIENT, "peer_ip": CLIENT, "peer_port": 40_000,
        "method": "GET", "host": "shop.example", "path": "/search", "query": "q=1", "status": 200,
        "user_agent": "curl/8", "matches": [], "blocked": false, "duration_us": 900,
    });
    for (name, value) in fields.as_object().expect("an object") {
        if name != "n" {
            whole[name] = value.clone();
        }
    }
    Arc::new(serde_json::from_value(whole).expect("an event"))
}

/// A service that is judged by the default policy.
pub(crate) fn service(name: &str, port: u16) -> ServiceView {
    let fields = json!({
        "name": name, "pid": 4000 + u32::from(port), "listen": format!("0.0.0.0:{port}"),
        "exe": format!("/usr/sbin/{name}"), "cmdline": [name, "-g", "daemon off;"], "container_id": null,
        "pod_uid": null, "cgroup": "/system.slice", "netns": 1, "policy": "default", "mode": "monitor",
        "requests": 918_224, "events": 12, "last_seen": Timestamp::now().to_string(),
        "recent": {"seconds": 300, "requests": 5400, "rate": 18.0, "answers": 5398, "failed": 54,
                   "latency": {"p50_us": 900, "p95_us": 12_000, "p99_us": 48_000}},
    });
    serde_json::from_value(fields).expect("a service")
}

/// Routes of it.
pub(crate) fn endpoints(service: &str) -> endpoint::Snapshot {
    let (first, last) = (Timestamp::now() - Duration::from_secs(86_400), Timestamp::now());
    let route = |method: &str, pattern: &str, seen: u64, failed: u64, attacks: Value, business: Value| {
        json!({
            "method": method, "pattern": pattern, "seen": seen, "statuses": {"2xx": seen - failed, "5xx": failed},
            "latency": {"p50_us": 900, "p95_us": 1000 + seen, "p99_us": 48_000}, "authenticated": seen / 2,
            "parameters": [{"place": "query", "name": "q", "kinds": ["text"], "seen": 7}],
            "attacks": attacks, "business": business, "first_seen": first.to_string(), "last_seen": last.to_string(),
        })
    };
    let snapshot = json!({"left_out": 0, "services": [{
        "service": service, "port": 80, "elsewhere": 3, "learned": 1, "squeezed": 0, "endpoints": [
            route("GET", "/item/{id}", 9000, 9, json!({}), json!({})),
            route("GET", "/search", 700, 70, json!({"sql_injection": 20, "xss": 10}), json!({})),
            route("POST", "/login", 800, 0, json!({}), json!({"users.login.failure": 30, "users.login.success": 12})),
        ],
    }]});
    serde_json::from_value(snapshot).expect("endpoints")
}

impl Ground {
    pub(crate) fn new() -> Self {
        Self::of(InMemory::shop())
    }

    pub(crate) fn of(control: InMemory) -> Self {
        let ground = Self::around(control);
        ground.live_a_little();
        ground
    }

    /// An API around a control as it is, without a past.
    pub(crate) fn around(control: InMemory) -> Self {
        let tokens = tempfile::tempdir().expect("directory");
        let control = Arc::new(control);
        let api = Api::new(Arc::clone(&control) as Arc<dyn Control>, Tokens::of(tokens.path()))
            .heartbeat(Duration::from_millis(20));
        Self { control, api: Arc::new(api), tokens }
    }

    fn live_a_little(&self) {
        let now = Timestamp::now();
        let client: IpAddr = CLIENT.parse().expect("an address");
        let desk = self.control.desk();
        for n in 0..EVENTS {
            let ago = Duration::from_secs(u64::try_from(60 + (EVENTS - n) * 20).expect("positive"));
            let kind = if n % 3 == 0 { "xss" } else { "sql_injection" };
            let fields = match n % 4 {
                // Failed logins of one user: brute force.
                0 | 1 => {
                    json!({"n": n, "method": "POST", "path": "/login", "query": null, "status": 401, "endpoint": "/login",
                    "user": {"id": "alice", "source": "login"},
                    "business": [{"name": "users.login.failure", "attributes": {"usr.login": "alice", "usr.exists": true}}]})
                }
                _ => {
                    json!({"n": n, "status": 500, "matches": [{"rule": format!("r-{kind}"), "name": "A rule", "location": "query.q",
                    "value": "1' or 1=1", "tags": {"type": kind}}]})
                }
            };
            let _ = desk.take(&event(now - ago, &fields), client);
        }
        self.flush();
    }

    pub(crate) fn flush(&self) {
        let desk = self.control.desk();
        desk.tick(Timestamp::now());
        desk.handle().flush().and_then(|ack| ack.wait(Duration::from_secs(20))).expect("stored");
    }

    /// A request of root's.
    pub(crate) fn ask(&self, method: &str, target: &str, body: &str) -> (u16, Value) {
        self.ask_as(Caller::Local(Some(0)), None, method, target, body.as_bytes())
    }

    pub(crate) fn ask_as(
        &self,
        caller: Caller,
        token: Option<&str>,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> (u16, Value) {
        let mut request =
            Request::builder().method(Method::from_bytes(method.as_bytes()).expect("a method")).uri(target);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Bytes::copy_from_slice(body)).expect("a request");
        let response = runtime().block_on(self.api.answer(caller, request)).expect("an answer");
        let status: StatusCode = response.status();
        let json = method != "HEAD"
            && response.headers().get("content-type").is_some_and(|media| media == "application/json");
        let value = if json {
            serde_json::from_slice(response.body()).expect("JSON")
        } else {
            Value::String(String::from_utf8_lossy(response.body()).into_owned())
        };
        if json {
            described::check(method, target, status.as_u16(), &value);
        }
        (status.as_u16(), value)
    }

    /// The same, which has to go.
    pub(crate) fn get(&self, target: &str) -> Value {
        let (status, value) = self.ask("GET", target, "");
        assert_eq!(status, 200, "{target}: {value}");
        value
    }

    pub(crate) fn signal(&self) -> Uuid {
        let list = self.get("/v1/signals?limit=1");
        list["items"][0]["id"].as_str().expect("a signal").parse().expect("its id")
    }

    pub(crate) fn audits(&self) -> usize {
        self.get("/v1/audit?limit=1000")["items"].as_array().expect("a list").len()
    }

    /// Everything that a request may change.
    pub(crate) fn state(&self) -> String {
        let lists = (
            self.control.blocks.lock().expect("lock").clone(),
            self.control.passes.lock().expect("lock").clone(),
            self.control.users.lock().expect("lock").clone(),
            self.control.modes.lock().expect("lock").clone(),
        );
        let reloads = self.control.reloads.load(std::sync::atomic::Ordering::Relaxed);
        format!("{lists:?} {reloads} {} {}", self.audits(), self.get("/v1/signals?limit=1000"))
    }
}
