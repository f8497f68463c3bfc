//! The API over a real Unix socket, with an agent that keeps its lists in memory.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use ipnet::IpNet;

use super::{tls::TlsView, types::*, *};
use crate::{
    desk::Desk,
    endpoint,
    kept::KeptRules,
    pipeline::Settings,
    rules::policy::{Kept, Mode, kept::Wanted},
};

mod cases;
mod described;
pub(crate) mod desk;
mod documented;
mod hostile;
mod notifications;
mod own;
mod people;
mod remote;
mod rules;
mod services;
mod slow;
mod tails;

/// Keeps blocks and passes, nothing else: enough to see that what is sent arrives.
#[derive(Default)]
pub(crate) struct InMemory {
    pub(crate) blocks: Mutex<BTreeMap<IpNet, BlockView>>,
    pub(crate) passes: Mutex<BTreeMap<IpNet, PassView>>,
    pub(crate) interfaces: Vec<DenyInterface>,
    pub(crate) stats: Stats,
    pub(crate) services: Vec<ServiceView>,
    pub(crate) endpoints: endpoint::Snapshot,
    pub(crate) protection: Protection,
    /// Modes that were set.
    pub(crate) modes: Mutex<BTreeMap<String, SetMode>>,
    pub(crate) reload: Option<Result<Reloaded, ApiError>>,
    pub(crate) users: Mutex<BTreeMap<String, BlockView>>,
    pub(crate) config_file: Option<PathBuf>,
    /// Reloads that were asked for.
    pub(crate) reloads: std::sync::atomic::AtomicU64,
    pub(crate) desk: std::sync::OnceLock<(tempfile::TempDir, Arc<Desk>)>,
    /// What the desk is opened with.
    pub(crate) config: crate::config::Config,
    pub(crate) settings: Mutex<Option<Arc<Settings>>>,
    pub(crate) exclusions: KeptHere,
}

/// Exclusions in a directory of their own.
pub(crate) struct KeptHere {
    kept: Kept,
    detections: KeptRules,
    rules: KeptRules,
    directory: tempfile::TempDir,
}

impl KeptHere {
    fn used(&self) -> bool {
        ["exclusions.json", "rules.json"].iter().any(|file| self.directory.path().join(file).exists())
    }
}

impl Default for KeptHere {
    fn default() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let (detections, rules) =
            (KeptRules::of_detections(directory.path()), KeptRules::of_requests(directory.path()));
        Self { kept: Kept::of(directory.path()), detections, rules, directory }
    }
}

/// Those of a configuration. Picket's own rules are compiled once.
pub(crate) fn settings(config: &crate::config::Config) -> Arc<Settings> {
    static PLAIN: std::sync::OnceLock<Arc<Settings>> = std::sync::OnceLock::new();
    let make = || Arc::new(Settings::make(config, 1).expect("settings"));
    if *config == crate::config::Config::default() { Arc::clone(PLAIN.get_or_init(make)) } else { make() }
}

/// A process of a Java service, of whose TLS nothing is seen; the text is wherever a process or a file may put one.
fn unseen_process(text: &str) -> crate::doctor::TlsProcess {
    use crate::tls::sight::{Sight, TlsRuntime};
    let runtime = TlsRuntime {
        name: text.to_owned(),
        version: Some(text.to_owned()),
        file: text.to_owned(),
        sight: Sight::Unseen,
        why: Some(format!("{text} has TLS of its own")),
        advice: Some(format!("put TLS of {text} into a proxy")),
    };
    crate::doctor::TlsProcess {
        pid: 42,
        name: text.to_owned(),
        ports: [443, 8443].into(),
        container_id: Some(text.to_owned()),
        runtimes: vec![runtime],
        sight: Sight::Unseen,
    }
}

/// A kernel without XDP, and this process on it.
pub(crate) fn doctor(process: &str) -> DoctorView {
    use crate::doctor::{Check, Job, Runtimes};
    let checks = [
        Check::ok("ring_buffer", Job::Watch, "ring buffer maps"),
        Check::degraded(
            "jit",
            Job::Watch,
            "the JIT is off",
            "programs run slower",
            "sysctl net.core.bpf_jit_enable=1",
        ),
        Check::missing(
            "xdp",
            Job::Block,
            "no XDP programs",
            "attackers cannot be kept out",
            "a newer kernel",
        ),
        Check::degraded("tls_services", Job::Tls, "1 unseen", "nothing is seen of it", "see the table below"),
    ];
    let items = checks.iter().map(CheckView::from).collect();
    let tls = Runtimes { processes: vec![unseen_process(process)], listening: 2, left_out: 0 };
    DoctorView { time: jiff::Timestamp::now(), watch: true, block: false, items, tls }
}

impl InMemory {
    /// One with a shop in it.
    pub(crate) fn shop() -> Self {
        Self {
            services: vec![desk::service("shop", 80)],
            endpoints: desk::endpoints("shop"),
            ..Self::default()
        }
    }
}

fn net_of(whom: &Whom) -> Result<IpNet, ApiError> {
    match whom {
        Whom::Net(net) => Ok(*net),
        Whom::User(_) => Err(ApiError::new(Code::Refused, "this list is for networks")),
    }
}

impl Control for InMemory {
    fn stats(&self) -> Stats {
        self.stats.clone()
    }

    fn desk(&self) -> Arc<Desk> {
        let (_, desk) = self.desk.get_or_init(|| {
            let state = tempfile::tempdir().expect("a directory");
            let desk = Desk::open(state.path(), &self.config).expect("a desk");
            (state, Arc::new(desk))
        });
        Arc::clone(desk)
    }

    fn endpoints(&self) -> endpoint::Snapshot {
        self.endpoints.clone()
    }

    fn services(&self) -> Vec<ServiceView> {
        let modes = self.modes.lock().expect("lock");
        let mut services = self.services.clone();
        for service in &mut services {
            service.set = modes.get(&service.name).cloned();
            if let Some(set) = &service.set {
                service.mode = set.mode.name().to_owned();
            }
        }
        services
    }

    fn policy(&self, service: &str) -> Result<ServicePolicy, ApiError> {
        let set = self.modes.lock().expect("lock").get(service).cloned();
        let of_name = self.services.iter().filter(|known| known.name == service);
        let listener = |service: &ServiceView| {
            let configured: Mode = service.mode.parse().expect("a mode");
            ListenerPolicy {
                listen: service.listen,
                policy: service.policy.clone(),
                configured,
                mode: set.as_ref().map_or(configured, |set| set.mode),
                exclusions: self.config.rules.exclusions.iter().map(Wanted::from).collect(),
            }
        };
        ServicePolicy::new(service, set.clone(), of_name.map(listener).collect(), self.config.respond.enabled)
    }

    fn set_policy(&self, service: &str, mode: Option<Mode>, who: &str) -> Result<ServicePolicy, ApiError> {
        self.policy(service)?;
        let mut modes = self.modes.lock().expect("lock");
        match mode {
            Some(mode) => {
                let since = "2026-01-02T03:04:05Z".parse().expect("time");
                modes.insert(service.to_owned(), SetMode { mode, since, by: who.to_owned() });
            }
            None => drop(modes.remove(service)),
        }
        drop(modes);
        self.policy(service).or_else(|_| Ok(ServicePolicy::nothing(service)))
    }

    fn modes(&self) -> BTreeMap<String, SetMode> {
        self.modes.lock().expect("lock").clone()
    }

    fn set_modes(&self, modes: &BTreeMap<String, Mode>, who: &str) -> Result<(), ApiError> {
        let since = "2026-01-02T03:04:05Z".parse().expect("time");
        let new = |(service, mode): (&String, &Mode)| {
            (service.clone(), SetMode { mode: *mode, since, by: who.to_owned() })
        };
        self.modes.lock().expect("lock").extend(modes.iter().map(new));
        Ok(())
    }

    fn protection(&self) -> Result<Protection, ApiError> {
        Ok(self.protection.clone())
    }

    fn denylist(&self, wanted: &ListPage) -> Result<Denylist, ApiError> {
        let blocks = self.blocks.lock().expect("lock");
        let users = self.users.lock().expect("lock");
        let all: Vec<&BlockView> = blocks.values().chain(users.values()).collect();
        let total = all.len() as u64;
        let taken = |entry: &&BlockView| wanted.find.takes(&entry.whom(), &[&entry.cause]);
        let found: Vec<BlockView> = all.into_iter().filter(taken).cloned().collect();
        Ok(Denylist {
            total,
            found: found.len() as u64,
            interfaces: self.interfaces.clone(),
            entries: wanted.page(found, BlockView::place),
            next: None,
        })
    }

    fn denies(&self, whom: &Whom) -> bool {
        match whom {
            Whom::Net(net) => self.blocks.lock().expect("lock").keys().any(|entry| entry.contains(net)),
            Whom::User(id) => self.users.lock().expect("lock").contains_key(id),
        }
    }

    fn passes(&self, whom: &Whom) -> bool {
        let Whom::Net(net) = whom else { return false };
        self.passes.lock().expect("lock").keys().any(|entry| entry.contains(net))
    }

    fn block(&self, request: DenyRequest) -> Result<BlockView, ApiError> {
        if let Whom::User(user) = request.whom {
            let view = BlockView {
                user: Some(user.clone()),
                cause: request.reason.unwrap_or_default(),
                origin: "manual".to_owned(),
                author: Some(request.who),
                not_enforced: Some(Desk::USERS_NOT_ENFORCED.to_owned()),
                ..BlockView::default()
            };
            self.users.lock().expect("lock").insert(user, view.clone());
            return Ok(view);
        }
        let net = net_of(&request.whom)?;
        if self.passes.lock().expect("lock").keys().any(|pass| pass.contains(&net)) {
            return Err(ApiError::new(Code::Passlisted, format!("{net} is on the passlist"))
                .hint("take it off with: picket passlist remove"));
        }
        if request.reason.as_deref() == Some("panic") {
            panic!("asked to");
        }
        let view = BlockView {
            net: net::display(&net),
            since: Some("2026-01-02T03:04:05Z".parse().expect("time")),
            ends: request.duration.map(|duration| {
                let since: jiff::Timestamp = "2026-01-02T03:04:05Z".parse().expect("time");
                since.checked_add(duration).expect("in range")
            }),
            drops: 3,
            cause: request.reason.unwrap_or_else(|| "by hand".to_owned()),
            origin: "manual".to_owned(),
            enforced_on: self.interfaces.iter().map(|interface| interface.name.clone()).collect(),
            enforced: !self.interfaces.is_empty(),
            ..BlockView::default()
        };
        self.blocks.lock().expect("lock").insert(net, view.clone());
        Ok(view)
    }

    fn unblock(&self, whom: Whom, _who: &str) -> Result<BlockView, ApiError> {
        if let Whom::User(user) = &whom {
            let removed = self.users.lock().expect("lock").remove(user);
            return removed.ok_or_else(|| ApiError::new(Code::NotFound, format!("{user} is not blocked")));
        }
        let net = net_of(&whom)?;
        let removed = self.blocks.lock().expect("lock").remove(&net);
        removed.ok_or_else(|| ApiError::new(Code::NotFound, format!("{} is not blocked", net::display(&net))))
    }

    fn unblock_all(&self, _who: &str) -> Result<u64, ApiError> {
        let users = std::mem::take(&mut *self.users.lock().expect("lock")).len();
        Ok((std::mem::take(&mut *self.blocks.lock().expect("lock")).len() + users) as u64)
    }

    fn passlist(&self) -> Vec<PassView> {
        self.passes.lock().expect("lock").values().cloned().collect()
    }

    fn passlist_add(&self, whom: Whom, comment: Option<String>, _who: &str) -> Result<PassView, ApiError> {
        let net = net_of(&whom)?;
        let view =
            PassView { net: net::display(&net), origin: "manual".to_owned(), comment, ..PassView::default() };
        self.passes.lock().expect("lock").insert(net, view.clone());
        Ok(view)
    }

    fn passlist_remove(&self, whom: Whom, _who: &str) -> Result<PassView, ApiError> {
        let net = net_of(&whom)?;
        if net.addr().is_loopback() {
            return Err(ApiError::new(Code::Refused, "loopback always stands on the passlist"));
        }
        let removed = self.passes.lock().expect("lock").remove(&net);
        removed.ok_or_else(|| ApiError::new(Code::NotFound, format!("{net} is not on the passlist")))
    }

    fn settings(&self) -> Arc<Settings> {
        let mut made = self.settings.lock().expect("lock");
        Arc::clone(made.get_or_insert_with(|| settings(&self.config)))
    }

    fn exclusions(&self) -> &Kept {
        &self.exclusions.kept
    }

    fn detections(&self) -> &KeptRules {
        &self.exclusions.detections
    }

    fn rules(&self) -> &KeptRules {
        &self.exclusions.rules
    }

    fn doctor(&self, _: Duration) -> Result<DoctorView, ApiError> {
        Ok(doctor(self.services.first().map_or("shop", |service| &service.name)))
    }

    fn config_file(&self) -> Option<PathBuf> {
        self.config_file.clone()
    }

    fn reload(&self) -> Result<Reloaded, ApiError> {
        self.reloads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let kept = self.exclusions.kept.exclusions().expect("exclusions");
        if self.reload.as_ref().is_none_or(Result::is_ok) && (self.exclusions.used() || !kept.is_empty()) {
            let mut config = self.config.clone();
            config.rules.exclusions.extend(kept);
            config.rules.kept = self.exclusions.rules.list().expect("rules");
            let made = Settings::make(&config, 1);
            let made = made.map_err(|error| ApiError::new(Code::BadRequest, error.to_string()))?;
            *self.settings.lock().expect("lock") = Some(Arc::new(made));
        }
        if self.exclusions.directory.path().join("detections.json").exists() {
            let mut config = self.config.clone();
            config.detection.kept = self.exclusions.detections.list().expect("rules");
            let error = |error: crate::desk::DeskError| ApiError::new(Code::BadRequest, error.to_string());
            self.desk().reload(&config).map_err(error)?;
        }
        self.reload.clone().unwrap_or_else(|| {
            Ok(Reloaded { changes: vec!["respond.enabled".to_owned()], ..Reloaded::default() })
        })
    }
}

/// A served socket; stops with the value.
pub(crate) struct Running {
    directory: tempfile::TempDir,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(control: impl Control) -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let socket = directory.path().join("picket.sock");
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            runtime().block_on(async {
                let server = Server::bind(&socket).expect("bind");
                ready.send(()).expect("the test waits");
                let stopped = async {
                    let _ = stopped.await;
                };
                server.serve(Arc::new(control), stopped).await.expect("serve");
            });
        });
        is_ready.recv().expect("ready");
        Self { directory, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("picket.sock")
    }

    fn client(&self) -> Client {
        Client::new(&self.socket())
    }

    /// Sends bytes as they are; gives status line and body.
    fn raw(&self, request: &str) -> (String, String) {
        let mut stream = UnixStream::connect(self.socket()).expect("connect");
        stream.write_all(request.as_bytes()).expect("write");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("read");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        (head.lines().next().expect("a status line").to_owned(), body.to_owned())
    }

    fn send(&self, method: &str, path: &str, body: &str) -> (String, String) {
        self.raw(&format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the server failed");
        }
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime")
}

fn parse(text: &str) -> IpNet {
    net::parse(text).expect("network")
}

#[test]
fn every_call_arrives_and_comes_back() {
    let stats = Stats {
        version: "9".into(),
        kernel: KernelCounter::all(&[
            [1; picket_common::stats::COUNTERS],
            [2; picket_common::stats::COUNTERS],
        ]),
        agent: vec![StageCounter::lost("http", "heads_too_long", 4)],
        gauges: [("connections".to_owned(), 5)].into(),
        rates: [("requests".to_owned(), 1.5)].into(),
        ..Stats::default()
    };
    let services = vec![ServiceView {
        name: "nginx".into(),
        pid: Some(7),
        listen: "0.0.0.0:80".parse().expect("address"),
        exe: Some("/usr/sbin/nginx".into()),
        cmdline: vec!["nginx: master".into()],
        container_id: None,
        pod_uid: None,
        cgroup: "/".into(),
        netns: 4_026_531_840,
        policy: "default".into(),
        mode: "monitor".into(),
        requests: 10,
        events: 2,
        last_seen: Some("2026-01-02T03:04:05.000000006Z".parse().expect("time")),
        tls: Some(TlsView { seen: 1, unseen: 2, ..TlsView::default() }),
        http2: None,
        set: None,
        recent: Some(RecentView { seconds: 60, requests: 90, rate: 1.5, ..RecentView::default() }),
        attacks: BTreeMap::new(),
        open_signals: 0,
    }];
    let agent =
        Running::start(InMemory { stats: stats.clone(), services: services.clone(), ..InMemory::default() });
    let client = agent.client();
    runtime().block_on(async {
        assert_eq!(client.version().await.expect("version").pid, std::process::id());
        let got = client.stats().await.expect("stats");
        assert_eq!(got, stats);
        let ring_full = got.kernel.iter().find(|counter| counter.name == "ring_full").expect("counter");
        assert_eq!((ring_full.loss, ring_full.total, &ring_full.per_cpu[..]), (true, 3, &[1, 2][..]));
        assert_eq!(client.services().await.expect("services"), services);

        let request = BlockRequest {
            net: parse("203.0.113.0/24"),
            duration: Some(Duration::from_secs(600)),
            reason: Some("scans".into()),
        };
        let made = client.block(&request).await.expect("blocked");
        assert_eq!((made.net.as_str(), made.cause.as_str()), ("203.0.113.0/24", "scans"));
        assert_eq!(made.ends, Some("2026-01-02T03:14:05Z".parse().expect("time")));
        let v6 = BlockRequest { net: parse("2001:db8::1"), duration: None, reason: None };
        assert_eq!(client.block(&v6).await.expect("blocked").ends, None);
        let list = client.denylist("", 1).await.expect("list");
        assert_eq!((list.total, list.entries.len()), (2, 1));
        assert_eq!(client.unblock(parse("203.0.113.0/24")).await.expect("unblocked").net, "203.0.113.0/24");
        assert_eq!(client.unblock_all().await.expect("unblocked"), Unblocked { removed: 1 });

        client.passlist_add(parse("192.0.2.0/24"), Some("office".into())).await.expect("added");
        assert_eq!(client.passlist("").await.expect("list").len(), 1);
        assert_eq!(
            client.passlist_remove(parse("192.0.2.0/24")).await.expect("removed").comment.as_deref(),
            Some("office")
        );
        assert_eq!(client.reload().await.expect("reloaded").changes, ["respond.enabled"]);
    });
}

#[test]
fn what_the_agent_refuses_comes_back_with_its_reason() {
    let agent = Running::start(InMemory::default());
    let client = agent.client();
    runtime().block_on(async {
        client.passlist_add(parse("192.0.2.0/24"), None).await.expect("added");
        let request = BlockRequest { net: parse("192.0.2.7"), duration: None, reason: None };
        let Err(ClientError::Api(error)) = client.block(&request).await else { panic!("blocked") };
        assert_eq!(error.code, Code::Passlisted);
        assert!(error.hint.is_some_and(|hint| hint.contains("passlist remove")));
        let Err(ClientError::Api(error)) = client.unblock(parse("192.0.2.9")).await else {
            panic!("was there")
        };
        assert_eq!((error.code, error.message.as_str()), (Code::NotFound, "192.0.2.9 is not blocked"));
        let Err(ClientError::Api(error)) = client.passlist_remove(parse("127.0.0.1")).await else { panic!() };
        assert_eq!(error.code, Code::Refused);
        // A failure of the agent is an answer too, and the agent goes on.
        let request =
            BlockRequest { reason: Some("panic".into()), net: parse("198.51.100.1"), duration: None };
        let Err(ClientError::Api(error)) = client.block(&request).await else { panic!("blocked") };
        assert_eq!(error.code, Code::Internal);
        client.version().await.expect("still there");
    });
}

#[test]
fn bad_input_is_answered_with_what_was_expected() {
    let agent = Running::start(InMemory::default());
    let long = format!("{{\"net\":\"192.0.2.1\",\"forever\":true,\"reason\":\"{}\"}}", "x".repeat(1000));
    let huge = "x".repeat(crate::limits::API_BODY + 1);
    let cases: &[(&str, &str, &str, &str, &str)] = &[
        ("POST", "/v1/denylist", "", "400", "for_seconds"),
        ("POST", "/v1/denylist", "{", "400", "for_seconds"),
        ("POST", "/v1/denylist", "[]", "400", "for_seconds"),
        ("POST", "/v1/denylist", r#"{"net":7,"forever":true}"#, "400", "expected a string"),
        ("POST", "/v1/denylist", r#"{"net":"192.0.2.1"}"#, "400", "exactly one of"),
        (
            "POST",
            "/v1/denylist",
            r#"{"net":"192.0.2.1","forever":true,"for_seconds":5}"#,
            "400",
            "exactly one of",
        ),
        ("POST", "/v1/denylist", r#"{"net":"192.0.2.1","for_seconds":0}"#, "400", "at least 1"),
        ("POST", "/v1/denylist", r#"{"net":"192.0.2.1","for_seconds":-5}"#, "400", "for_seconds"),
        ("POST", "/v1/denylist", r#"{"net":"host","forever":true}"#, "400", "203.0.113.7"),
        (
            "POST",
            "/v1/denylist",
            r#"{"net":"192.0.2.1","forever":true,"til":1}"#,
            "400",
            "unknown field `til`",
        ),
        ("POST", "/v1/denylist", r#"{"net":"0.0.0.0/0","forever":true}"#, "409", "everybody"),
        ("POST", "/v1/denylist", &long, "400", "longer than"),
        ("POST", "/v1/denylist", &huge, "413", "at most"),
        ("DELETE", "/v1/denylist", "", "400", "exactly one of net, user and all"),
        ("DELETE", "/v1/denylist?net=192.0.2.1&all=true", "", "400", "exactly one of net, user and all"),
        ("DELETE", "/v1/denylist?net=192.0.2.1/8", "", "400", "192.0.0.0/8 for the network"),
        ("DELETE", "/v1/denylist?nett=192.0.2.1", "", "400", "unknown parameter \\\"nett\\\""),
        ("GET", "/v1/denylist?limit=x", "", "400", "limit"),
        ("POST", "/v1/passlist", "{}", "400", "exactly one of net and user"),
        ("DELETE", "/v1/passlist?all=true", "", "400", "unknown parameter"),
        ("GET", "/v1/nothing", "", "404", "/v1/denylist"),
        ("GET", "/", "", "404", "/v1/denylist"),
        ("PUT", "/v1/stats", "", "405", "does not take PUT"),
    ];
    for (method, path, body, status, expected) in cases {
        let (line, answer) = agent.send(method, path, body);
        assert!(
            line.starts_with(&format!("HTTP/1.1 {status} ")),
            "{method} {path} {body:.80}: {line}\n{answer}"
        );
        let error: serde_json::Value =
            serde_json::from_str(&answer).unwrap_or_else(|e| panic!("{e}: {answer}"));
        assert!(error["error"]["code"].is_string() && error["error"]["message"].is_string(), "{answer}");
        assert!(answer.contains(expected), "{method} {path} {body:.80}: {answer}");
    }
    assert_eq!(cases.len(), 23);
}

#[test]
fn one_agent_a_socket_and_stale_ones_are_replaced() {
    let agent = Running::start(InMemory::default());
    let socket = agent.socket();
    assert_eq!(std::fs::metadata(&socket).expect("there").permissions().mode() & 0o777, 0o600);
    runtime().block_on(async {
        let Err(BindError::Running { .. }) = Server::bind(&socket) else {
            panic!("two agents on one socket")
        };
    });
    let directory = agent.state_dir();
    drop(agent);
    assert!(!socket.exists(), "a stopped agent leaves no socket");

    runtime().block_on(async {
        // What SIGKILL leaves: a socket file nobody listens on.
        std::fs::create_dir_all(&directory).expect("directory");
        drop(std::os::unix::net::UnixListener::bind(&socket).expect("bind"));
        assert!(socket.exists());
        let Err(ClientError::NotRunning { .. }) = Client::new(&socket).version().await else {
            panic!("answered")
        };
        drop(Server::bind(&socket).expect("replaced"));
        // A foreign listener without the lock.
        let foreign = std::os::unix::net::UnixListener::bind(&socket).expect("bind");
        let Err(BindError::Running { .. }) = Server::bind(&socket) else { panic!("taken over") };
        drop(foreign);
        std::fs::remove_file(&socket).expect("remove");
        std::fs::write(&socket, "precious").expect("write");
        let Err(BindError::InTheWay { .. }) = Server::bind(&socket) else { panic!("overwritten") };
        assert_eq!(std::fs::read(&socket).expect("read"), b"precious");
        let long = directory.join("x".repeat(100)).join("picket.sock");
        let Err(BindError::TooLong { .. }) = Server::bind(&long) else { panic!("bound") };
    });
    std::fs::remove_dir_all(&directory).expect("clean");
}

#[test]
fn an_agent_that_hangs_is_a_timeout() {
    let directory = tempfile::tempdir().expect("directory");
    let socket = directory.path().join("s");
    let _never_accepts = std::os::unix::net::UnixListener::bind(&socket).expect("bind");
    let client = Client::new(&socket).timeout(Duration::from_millis(50));
    let error = runtime().block_on(client.version()).expect_err("nobody answers");
    assert!(matches!(error, ClientError::Timeout { .. }), "{error}");
}

#[test]
fn a_stranger_on_the_socket_is_said_to_be_one() {
    for answer in [
        "SSH-2.0-x\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        "HTTP/1.1 502 x\r\nContent-Length: 0\r\n\r\n",
        "",
    ] {
        let directory = tempfile::tempdir().expect("directory");
        let socket = directory.path().join("s");
        let listener = std::os::unix::net::UnixListener::bind(&socket).expect("bind");
        let stranger = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("accept");
            let read = stream.read(&mut [0; 4096]).expect("read");
            stream.write_all(answer.as_bytes()).expect("write");
            read
        });
        let error = runtime().block_on(Client::new(&socket).version()).expect_err("not our API");
        assert!(matches!(error, ClientError::Protocol { .. }), "{answer:?}: {error}");
        assert!(error.hint().is_some());
        assert!(stranger.join().expect("stranger") > 0);
    }
}
