//! Commands that ask, against the real server over a desk with a real store: a shop that was attacked.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use super::{
    Exit, main,
    screen::Screen,
    tests::{Did, picket_at},
};
use crate::{
    api::{
        ApiError, BlockView, Code, Control, DenyRequest, Denylist, ListPage, PassView, Reloaded, ServiceView,
        Stats, Whom, net,
        tests::{Running, doctor, settings},
        types::{DoctorView, Protection, ServicePolicy, SetMode},
    },
    config::Config,
    desk::Desk,
    detect::Signal,
    endpoint,
    event::Event,
    kept::KeptRules,
    pipeline::Settings,
    rules::policy::{Kept, Mode},
};

mod events;
mod hostile;
mod lists;
mod notifications;
mod people;
mod remote;
mod rules;
mod signals;
mod tails;

const WHY: &str = "users are told apart in HTTP, which the kernel does not read";

/// An agent with a desk, and lists in memory that know users.
struct Shop {
    desk: Arc<Desk>,
    blocks: Mutex<Vec<BlockView>>,
    passes: Mutex<Vec<PassView>>,
    endpoints: endpoint::Snapshot,
    exclusions: Kept,
    detections: KeptRules,
    rules: KeptRules,
    settings: Mutex<Arc<Settings>>,
}

fn split(whom: &Whom) -> (String, Option<String>) {
    match whom {
        Whom::Net(address) => (net::display(address), None),
        Whom::User(user) => (String::new(), Some(user.clone())),
    }
}

impl Control for Shop {
    fn stats(&self) -> Stats {
        Stats::default()
    }

    fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.desk)
    }

    fn endpoints(&self) -> endpoint::Snapshot {
        self.endpoints.clone()
    }

    fn services(&self) -> Vec<ServiceView> {
        Vec::new()
    }

    fn policy(&self, service: &str) -> Result<ServicePolicy, ApiError> {
        ServicePolicy::new(service, None, Vec::new(), false)
    }

    fn set_policy(&self, service: &str, _mode: Option<Mode>, _who: &str) -> Result<ServicePolicy, ApiError> {
        self.policy(service)
    }

    fn modes(&self) -> BTreeMap<String, SetMode> {
        BTreeMap::new()
    }

    fn set_modes(&self, _modes: &BTreeMap<String, Mode>, _who: &str) -> Result<(), ApiError> {
        Ok(())
    }

    fn protection(&self) -> Result<Protection, ApiError> {
        Ok(Protection::default())
    }

    fn denylist(&self, wanted: &ListPage) -> Result<Denylist, ApiError> {
        let all = self.blocks.lock().expect("lock").clone();
        let total = all.len() as u64;
        let taken = |entry: &BlockView| wanted.find.takes(&entry.whom(), &[&entry.cause]);
        let found: Vec<BlockView> = all.into_iter().filter(taken).collect();
        let number = found.len() as u64;
        let entries = wanted.page(found, BlockView::place);
        Ok(Denylist { total, found: number, interfaces: Vec::new(), entries, next: None })
    }

    fn denies(&self, whom: &Whom) -> bool {
        self.blocks.lock().expect("lock").iter().any(|entry| entry.whom() == *whom)
    }

    fn passes(&self, whom: &Whom) -> bool {
        self.passes.lock().expect("lock").iter().any(|entry| entry.whom() == *whom)
    }

    fn block(&self, request: DenyRequest) -> Result<BlockView, ApiError> {
        let (net, user) = split(&request.whom);
        let ends = request.duration.map(|duration| Timestamp::now().checked_add(duration).expect("in range"));
        let is_user = user.is_some();
        let view = BlockView {
            net,
            user,
            since: Some(Timestamp::now()),
            ends,
            cause: request.reason.unwrap_or_else(|| "by hand".to_owned()),
            origin: "manual".to_owned(),
            signal: request.signal.map(|id| id.to_string()),
            enforced_on: if is_user { Vec::new() } else { vec!["eth0".to_owned()] },
            enforced: !is_user,
            not_enforced: is_user.then(|| WHY.to_owned()),
            ..BlockView::default()
        };
        self.blocks.lock().expect("lock").push(view.clone());
        Ok(view)
    }

    fn unblock(&self, whom: Whom, _who: &str) -> Result<BlockView, ApiError> {
        let (net, user) = split(&whom);
        let mut blocks = self.blocks.lock().expect("lock");
        let at = blocks.iter().position(|block| block.net == net && block.user == user);
        at.map(|at| blocks.remove(at))
            .ok_or_else(|| ApiError::new(Code::NotFound, format!("{whom} is not on the denylist")))
    }

    fn unblock_all(&self, _who: &str) -> Result<u64, ApiError> {
        Ok(std::mem::take(&mut *self.blocks.lock().expect("lock")).len() as u64)
    }

    fn passlist(&self) -> Vec<PassView> {
        self.passes.lock().expect("lock").clone()
    }

    fn passlist_add(&self, whom: Whom, comment: Option<String>, _who: &str) -> Result<PassView, ApiError> {
        let (net, user) = split(&whom);
        let view = PassView { net, user, origin: "manual".to_owned(), comment, ..PassView::default() };
        self.passes.lock().expect("lock").push(view.clone());
        Ok(view)
    }

    fn passlist_remove(&self, whom: Whom, _who: &str) -> Result<PassView, ApiError> {
        let (net, user) = split(&whom);
        let mut passes = self.passes.lock().expect("lock");
        let at = passes.iter().position(|pass| pass.net == net && pass.user == user);
        at.map(|at| passes.remove(at))
            .ok_or_else(|| ApiError::new(Code::NotFound, format!("{whom} is not on the passlist")))
    }

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.lock().expect("lock"))
    }

    fn exclusions(&self) -> &Kept {
        &self.exclusions
    }

    fn detections(&self) -> &KeptRules {
        &self.detections
    }

    fn rules(&self) -> &KeptRules {
        &self.rules
    }

    fn doctor(&self, _: Duration) -> Result<DoctorView, ApiError> {
        Ok(doctor("shop"))
    }

    fn reload(&self) -> Result<Reloaded, ApiError> {
        let mut config = Config::default();
        config.rules.kept = self.rules.list().expect("rules");
        *self.settings.lock().expect("lock") = settings(&config);
        Ok(Reloaded::default())
    }
}

/// A running agent, and the moment everything is told from.
struct Agent {
    running: Running,
    desk: Arc<Desk>,
    now: Timestamp,
    number: Mutex<u64>,
    _state: tempfile::TempDir,
}

impl Agent {
    fn start() -> Self {
        Self::with(&Config::default())
    }

    fn with(config: &Config) -> Self {
        let state = tempfile::tempdir().expect("a directory");
        let desk = Arc::new(Desk::open(state.path(), config).expect("a desk"));
        let endpoints = json!({"left_out": 0, "services": [{
            "service": "shop", "port": 80, "elsewhere": 0, "learned": 0, "squeezed": 0, "endpoints": [{
                "method": "GET", "pattern": "/search", "seen": 1200, "statuses": {"2xx": 1180, "5xx": 20},
                "latency": {"p50_us": 900, "p95_us": 2100, "p99_us": 12_000}, "authenticated": 0,
                "parameters": [{"place": "query", "name": "q", "kinds": [], "seen": 1200}],
                "attacks": {"sql_injection": 44, "xss": 2},
                "first_seen": "2026-11-22T04:40:00Z", "last_seen": "2026-11-22T04:40:00Z",
            }],
        }]});
        let shop = Shop {
            desk: Arc::clone(&desk),
            blocks: Mutex::default(),
            passes: Mutex::default(),
            exclusions: Kept::of(state.path()),
            detections: KeptRules::of_detections(state.path()),
            rules: KeptRules::of_requests(state.path()),
            settings: Mutex::new(settings(&Config::default())),
            endpoints: serde_json::from_value(endpoints).expect("a snapshot"),
        };
        // To the second: times are shown so.
        let now = Timestamp::from_second(Timestamp::now().as_second()).expect("in range");
        Self { running: Running::start(shop), desk, now, number: Mutex::new(0), _state: state }
    }

    /// An event so many seconds ago.
    fn event(&self, ago: i64, fields: &Value) -> Event {
        let time = self.now.checked_sub(SignedDuration::from_secs(ago)).expect("in range");
        let number = {
            let mut number = self.number.lock().expect("lock");
            *number += 1;
            *number
        };
        let ms = time.as_millisecond();
        let mut event = json!({
            "kind": "event", "id": format!("{:08x}-{:04x}-7000-8000-{number:012x}", ms >> 16, ms & 0xffff),
            "time": time.to_string(), "service": {"name": "shop", "port": 80}, "client_ip": "203.0.113.7",
            "peer_ip": "203.0.113.7", "peer_port": 40_000, "method": "GET", "host": "shop.example", "path": "/search",
            "query": "q=1", "status": 500, "user_agent": "sqlmap/1.8", "matches": [], "blocked": false,
            "duration_us": 900, "truncated": false,
        });
        for (name, value) in fields.as_object().expect("an object") {
            event[name] = value.clone();
        }
        serde_json::from_value(event).expect("an event")
    }

    fn take(&self, event: Event) {
        let from = event.client_ip;
        self.desk.take(&Arc::new(event), from);
    }

    fn stored(&self) {
        self.desk.handle().flush().expect("the store works").wait(Duration::from_secs(60)).expect("stored");
    }

    /// Six injections that make the shop fail, and a login.
    fn attack(&self) {
        for n in 0..6 {
            self.take(self.event(700 - n, &injection("' OR 1=1")));
        }
        self.take(self.event(
            600,
            &json!({"client_ip": "198.51.100.20", "peer_ip": "198.51.100.20", "method": "POST", "path": "/login",
                "status": 302, "user": {"id": "alice", "source": "login"},
                "business": [{"name": "users.login.success", "attributes": {"usr.login": "alice"}}]}),
        ));
        self.stored();
    }

    fn picket(&self, args: &[&str]) -> Did {
        self.picket_on(None, args)
    }

    fn picket_on(&self, columns: Option<usize>, args: &[&str]) -> Did {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut screen = Screen::plain(&mut out, &mut err, self.now);
        screen.columns = columns;
        let mut line: Vec<std::ffi::OsString> = vec!["picket".into(), "--state-dir".into()];
        line.push(self.running.state_dir().into());
        line.extend(args.iter().map(Into::into));
        let exit = main(line, &mut screen);
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Did { exit, out: text(out), err: text(err) }
    }

    fn json(&self, args: &[&str]) -> Value {
        let mut args = args.to_vec();
        args.push("--json");
        let did = self.picket(&args);
        assert_eq!(did.exit, Exit::Done, "{args:?}: {}", did.err);
        serde_json::from_str(&did.out).expect("JSON")
    }

    fn signals(&self) -> Vec<Signal> {
        serde_json::from_value(self.json(&["signals"])["items"].clone()).expect("signals")
    }

    fn signal(&self, rule: &str) -> Signal {
        let signals = self.signals();
        signals.into_iter().find(|signal| signal.rule == rule).expect("it was raised")
    }
}

fn injection(value: &str) -> Value {
    json!({"matches": [{"rule": "picket-sqli-003", "name": "Tautology in a comparison",
        "tags": {"type": "sql_injection", "category": "attack_attempt"}, "location": "query.q", "value": value}]})
}
