//! Requests to the API, as everybody and as nobody.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use picket::{
    api::{
        Api, ApiError, BlockView, Caller, Control, DenyRequest, Denylist, ListPage, PassView, Reloaded,
        ServiceView, Stats, Tokens, Whom, route_table,
        types::{DoctorView, Protection, Role, ServicePolicy, SetMode},
    },
    config::Config,
    desk::Desk,
    doctor::Runtimes,
    endpoint::Snapshot,
    kept::KeptRules,
    pipeline::Settings,
    rules::policy::{Kept, Mode},
};

use super::Input;

/// Counts what is changed, and changes nothing.
struct Counting {
    desk: Arc<Desk>,
    lists: AtomicU64,
    reloads: AtomicU64,
    modes: AtomicU64,
    settings: Arc<Settings>,
    exclusions: Kept,
    detections: KeptRules,
    rules: KeptRules,
}

impl Control for Counting {
    fn stats(&self) -> Stats {
        Stats::default()
    }

    fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.desk)
    }

    fn endpoints(&self) -> Snapshot {
        Snapshot::default()
    }

    fn services(&self) -> Vec<ServiceView> {
        Vec::new()
    }

    fn modes(&self) -> BTreeMap<String, SetMode> {
        BTreeMap::new()
    }

    fn set_modes(&self, _modes: &BTreeMap<String, Mode>, _who: &str) -> Result<(), ApiError> {
        self.modes.fetch_add(1, Relaxed);
        Ok(())
    }

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings)
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
        let time = jiff::Timestamp::UNIX_EPOCH;
        Ok(DoctorView { time, watch: true, block: true, items: Vec::new(), tls: Runtimes::default() })
    }

    fn policy(&self, service: &str) -> Result<ServicePolicy, ApiError> {
        Ok(ServicePolicy::nothing(service))
    }

    fn set_policy(&self, service: &str, _: Option<Mode>, who: &str) -> Result<ServicePolicy, ApiError> {
        assert!(!who.is_empty());
        self.modes.fetch_add(1, Relaxed);
        Ok(ServicePolicy::nothing(service))
    }

    fn protection(&self) -> Result<Protection, ApiError> {
        Ok(Protection::default())
    }

    fn denylist(&self, wanted: &ListPage) -> Result<Denylist, ApiError> {
        let found = vec![BlockView::default()];
        Ok(Denylist { entries: wanted.page(found, BlockView::place), ..Denylist::default() })
    }

    fn denies(&self, _: &Whom) -> bool {
        false
    }

    fn passes(&self, _: &Whom) -> bool {
        false
    }

    fn block(&self, request: DenyRequest) -> Result<BlockView, ApiError> {
        assert!(!request.who.is_empty());
        self.lists.fetch_add(1, Relaxed);
        Ok(BlockView::default())
    }

    fn unblock(&self, _: Whom, _: &str) -> Result<BlockView, ApiError> {
        self.lists.fetch_add(1, Relaxed);
        Ok(BlockView::default())
    }

    fn unblock_all(&self, _: &str) -> Result<u64, ApiError> {
        self.lists.fetch_add(1, Relaxed);
        Ok(0)
    }

    fn passlist(&self) -> Vec<PassView> {
        Vec::new()
    }

    fn passlist_add(&self, _: Whom, _: Option<String>, _: &str) -> Result<PassView, ApiError> {
        self.lists.fetch_add(1, Relaxed);
        Ok(PassView::default())
    }

    fn passlist_remove(&self, _: Whom, _: &str) -> Result<PassView, ApiError> {
        self.lists.fetch_add(1, Relaxed);
        Ok(PassView::default())
    }

    fn reload(&self) -> Result<Reloaded, ApiError> {
        self.reloads.fetch_add(1, Relaxed);
        Ok(Reloaded::default())
    }
}

struct Ground {
    control: Arc<Counting>,
    api: Arc<Api>,
    /// Of a viewer and a responder.
    tokens: [String; 2],
}

static GROUND: LazyLock<Ground> = LazyLock::new(|| {
    // It stays until the process ends: libFuzzer ends it without dropping anything.
    let state = std::env::temp_dir().join(format!("picket-fuzz-api-{}", std::process::id()));
    std::fs::create_dir_all(&state).expect("a directory");
    let desk = Arc::new(Desk::open(&state, &Config::default()).expect("a desk"));
    let control = Arc::new(Counting {
        desk,
        lists: AtomicU64::new(0),
        reloads: AtomicU64::new(0),
        modes: AtomicU64::new(0),
        settings: Arc::new(Settings::make(&Config::default(), 1).expect("settings")),
        exclusions: Kept::of(&state),
        detections: KeptRules::of_detections(&state),
        rules: KeptRules::of_requests(&state),
    });
    let tokens = Tokens::of(&state);
    let secret = |role: Role| tokens.add(role.name(), role, None).expect("a token").show().to_owned();
    let secrets = [secret(Role::Viewer), secret(Role::Responder)];
    let api = Arc::new(Api::new(Arc::clone(&control) as Arc<dyn Control>, tokens));
    Ground { control, api, tokens: secrets }
});

/// Whatever is asked by whomever: an answer, never one that the agent failed over; an error says why; and who may
/// not change something changes nothing.
///
/// ```text
/// who | method | route | length | piece of the path and parameters | body
/// ```
pub fn run(data: &[u8]) {
    let Ground { control, api, tokens } = &*GROUND;
    let mut input = Input(data);
    let who = input.u8() % 4;
    let method = ["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD"][usize::from(input.u8()) % 6];
    let table = route_table();
    let route = &table[usize::from(input.u8()) % table.len()];
    // Tails do not end by themselves.
    if route.path.ends_with("/tail") {
        return;
    }
    let length = usize::from(input.u8());
    let text: String = String::from_utf8_lossy(input.bytes(length))
        .chars()
        .filter(|c| c.is_ascii_graphic() && !"#{}<>\"`\\^|".contains(*c))
        .collect();
    let (piece, parameters) = text.split_once('?').unwrap_or((&text, ""));
    let path = route.path.replace("{id}", piece).replace("{ip}", piece).replace("{name}", piece);
    let mut request = hyper::Request::builder().method(method).uri(format!("{path}?{parameters}"));
    let caller = match who {
        0 => Caller::Local(Some(0)),
        _ => Caller::Remote(IpAddr::V4(Ipv4Addr::new(203, 0, 113, who))),
    };
    if let Some(token) = usize::from(who).checked_sub(1).and_then(|at| tokens.get(at)) {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let Ok(request) = request.body(Bytes::copy_from_slice(input.0)) else { return };
    let counts = || {
        let (lists, reloads, modes) =
            (control.lists.load(Relaxed), control.reloads.load(Relaxed), control.modes.load(Relaxed));
        // An exclusion is in force by a reload: a responder may.
        if route.path == "/v1/exclusions" { (lists + reloads, modes) } else { (lists, reloads + modes) }
    };
    let before = counts();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let response = runtime.block_on(api.answer(caller, request)).expect("an answer");
    let (status, body) = (response.status(), response.body());
    assert!(status != 500, "{method} {path}?{parameters}: {body:?}");
    if !status.is_success() && method != "HEAD" {
        let error: serde_json::Value = serde_json::from_slice(body).expect("JSON");
        assert!(error["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
    }
    let after = counts();
    let right = match who {
        0 => Some(Role::Admin),
        1 => Some(Role::Viewer),
        2 => Some(Role::Responder),
        _ => None,
    };
    assert!(after.0 == before.0 || right >= Some(Role::Responder), "{method} {path} by {right:?}");
    assert!(after.1 == before.1 || right >= Some(Role::Admin), "{method} {path} by {right:?}");
    assert!(right.is_some() || status == 401, "{method} {path}: {status}");
}
