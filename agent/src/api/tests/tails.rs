//! Live tails over a real socket.

use jiff::Timestamp;
use serde_json::json;

use super::{
    desk::{CLIENT, Ground, event},
    *,
};

const SOON: Duration = Duration::from_secs(20);

/// Serves the ground's API on a socket.
struct Served {
    directory: tempfile::TempDir,
    stop: tokio::sync::oneshot::Sender<()>,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Served {
    fn new(ground: &Ground) -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let server = Server::bind(&directory.path().join("s")).expect("bound");
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let server = tokio::spawn(server.serve_api(Arc::clone(&ground.api), async {
            let _ = stopped.await;
        }));
        Self { directory, stop, server }
    }

    fn client(&self) -> Client {
        Client::new(&self.directory.path().join("s"))
    }
}

fn happens(ground: &Ground, n: u64, kind: &str) -> uuid::Uuid {
    let fields = json!({"n": n, "matches": [{"rule": "r", "name": "n", "location": "path", "value": "v", "tags": {"type": kind}}]});
    let event = event(Timestamp::now(), &fields);
    let _ = ground.control.desk().take(&event, CLIENT.parse().expect("an address"));
    event.id
}

async fn next(tailing: &mut client::Tailing) -> Tailed {
    tokio::time::timeout(SOON, tailing.next())
        .await
        .expect("in time")
        .expect("no error")
        .expect("not the end")
}

async fn next_event(tailing: &mut client::Tailing) -> uuid::Uuid {
    match next(tailing).await {
        Tailed::Event(event) => event.id,
        other => panic!("an event was expected, not {other:?}"),
    }
}

#[test]
fn a_tail_tells_what_passes_and_goes_on_where_it_was() {
    let ground = Ground::new();
    runtime().block_on(async {
        let served = Served::new(&ground);
        let client = served.client();
        let query = [("query", "@rule.type:lfi")];
        let mut tailing = client.tail("/v1/events/tail", &query, None).await.expect("a tail");
        happens(&ground, 1, "xss");
        let second = happens(&ground, 2, "lfi");
        assert_eq!(next_event(&mut tailing).await, second);
        let last = tailing.last().expect("an id").to_owned();
        assert_eq!(last, second.to_string());
        drop(tailing);
        // What happens while nobody listens is told to who comes back; no one event twice.
        let missed: Vec<_> = (3..8).map(|n| happens(&ground, n, "lfi")).collect();
        let mut tailing = client.tail("/v1/events/tail", &query, Some(&last)).await.expect("a tail");
        for id in missed {
            assert_eq!(next_event(&mut tailing).await, id);
        }
        let after = happens(&ground, 9, "lfi");
        assert_eq!(next_event(&mut tailing).await, after);
        // The agent stops: the tail ends, it does not break.
        served.stop.send(()).expect("served");
        let end = tokio::time::timeout(SOON, tailing.next()).await.expect("in time").expect("no error");
        assert_eq!(end, None);
        served.server.await.expect("no panic").expect("served");
    });
}

#[test]
fn signals_are_told_as_people_change_them() {
    let ground = Ground::new();
    let id = ground.signal();
    runtime().block_on(async {
        let served = Served::new(&ground);
        let client = served.client();
        let mut tailing =
            client.tail("/v1/signals/tail", &[("query", "status:under_review")], None).await.expect("a tail");
        let body =
            TriageBody { status: Some(crate::detect::signals::Status::UnderReview), ..TriageBody::default() };
        let signal: crate::detect::Signal =
            client.patch(&format!("/v1/signals/{id}"), &body).await.expect("triaged");
        match next(&mut tailing).await {
            Tailed::Signal(changed) => {
                assert_eq!((changed.signal.id, changed.signal.status), (signal.id, signal.status))
            }
            other => panic!("a signal was expected, not {other:?}"),
        }
        let resumed = client.tail("/v1/signals/tail", &[], Some("0")).await;
        match next(&mut resumed.expect("a tail")).await {
            Tailed::Signal(changed) => assert!(!changed.signal.title.is_empty()),
            other => panic!("a signal was expected, not {other:?}"),
        }
    });
}

/// An agent was killed before it had counted what it stored. Whoever comes back to the next one is told of the signal
/// that this raises, once, though its events are older than what it was told last.
#[test]
fn what_is_counted_again_is_told_to_who_comes_back() {
    let state = tempfile::tempdir().expect("a directory");
    let mut config = crate::config::Config::default();
    config.detection.default_rules = false;
    let before = crate::desk::Desk::open(state.path(), &config).expect("a desk");
    for n in 0..60 {
        let fields = json!({"n": n, "method": "POST", "path": "/login", "status": 401, "endpoint": "/login",
            "business": [{"name": "users.login.failure", "attributes": {"usr.login": "alice", "usr.exists": true}}]});
        let at = Timestamp::now() - Duration::from_secs(200 - n);
        let _ = before.take(&event(at, &fields), CLIENT.parse().expect("an address"));
    }
    before.handle().flush().and_then(|ack| ack.wait(SOON)).expect("stored");
    drop(before);
    let last = crate::time::since_epoch(Timestamp::now()).to_string();
    let desk = crate::desk::Desk::open(state.path(), &crate::config::Config::default()).expect("a desk");
    assert!(!desk.catch_up().is_empty());
    let control = InMemory::default();
    assert!(control.desk.set((state, Arc::new(desk))).is_ok());
    let ground = Ground::around(control);

    runtime().block_on(async {
        let served = Served::new(&ground);
        let client = served.client();
        let query = [("query", "rule:brute-force")];
        let mut tailing = client.tail("/v1/signals/tail", &query, Some(&last)).await.expect("a tail");
        let Tailed::Signal(changed) = next(&mut tailing).await else { panic!("no signal") };
        assert_eq!((changed.kind, &*changed.signal.rule), (crate::detect::ChangeKind::Opened, "brute-force"));
        let last = tailing.last().expect("an id").to_owned();
        drop(tailing);
        // Again, with what it was told: nothing but what happens next.
        let mut tailing = client.tail("/v1/signals/tail", &query, Some(&last)).await.expect("a tail");
        let note = TriageBody { note: Some("seen".to_owned()), ..TriageBody::default() };
        let _: crate::detect::Signal =
            client.patch(&format!("/v1/signals/{}", changed.signal.id), &note).await.expect("triaged");
        let Tailed::Signal(changed) = next(&mut tailing).await else { panic!("no signal") };
        assert_eq!(changed.kind, crate::detect::ChangeKind::Triaged);
        // Who was told of nothing yet has an id to come back with.
        let nothing = [("query", "rule:nothing-has-this-id")];
        let mut tailing = client.tail("/v1/signals/tail", &nothing, None).await.expect("a tail");
        let began = std::time::Instant::now();
        while tailing.last().is_none() {
            assert!(began.elapsed() < SOON, "no id comes");
            let _ = tokio::time::timeout(Duration::from_millis(5), tailing.next()).await;
        }
        assert!(tailing.last().is_some_and(|id| id.parse::<i64>().is_ok()), "{:?}", tailing.last());
    });
}

#[test]
fn who_is_slow_is_told_how_much_was_left_out() {
    let ground = Ground::new();
    runtime().block_on(async {
        let served = Served::new(&ground);
        let mut tailing = served.client().tail("/v1/events/tail", &[], None).await.expect("a tail");
        // The runtime has one thread, and it is here: nothing is sent meanwhile.
        let all: u64 = 6000;
        for n in 0..all {
            happens(&ground, n, "lfi");
        }
        let (mut told, mut left_out) = (0, 0);
        while told + left_out < all {
            match next(&mut tailing).await {
                Tailed::Event(_) => told += 1,
                Tailed::Lag(lag) => left_out += lag.left_out,
                // Failed logins are not among these: signals are not told here.
                Tailed::Signal(_) => panic!("a signal among events"),
            }
        }
        assert_eq!(told + left_out, all);
        assert!(told > 1000 && left_out > 1000, "{told} told, {left_out} left out");
    });
}

#[test]
fn tails_are_counted_and_begin_only_with_an_id() {
    let ground = Ground::new();
    runtime().block_on(async {
        let served = Served::new(&ground);
        let client = served.client();
        let Err(ClientError::Api(error)) = client.tail("/v1/events/tail", &[], Some("x")).await else {
            panic!("began")
        };
        assert_eq!(error.code, Code::BadRequest);
        let mut tails = Vec::new();
        for _ in 0..crate::limits::API_TAILS {
            tails.push(client.tail("/v1/events/tail", &[], None).await.expect("a tail"));
        }
        let Err(ClientError::Api(error)) = client.tail("/v1/events/tail", &[], None).await else {
            panic!("one more")
        };
        assert_eq!(error.code, Code::TooMany);
        drop(tails.pop());
        // Its end is noticed with the next sign of life.
        let began = std::time::Instant::now();
        while client.tail("/v1/events/tail", &[], None).await.is_err() {
            assert!(began.elapsed() < SOON, "a place is not given back");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
}
