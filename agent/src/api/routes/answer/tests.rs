//! A client that goes away takes its question with it.

use std::time::Duration;

use axum::{Router, extract::State, routing::get};
use tokio::{io::AsyncWriteExt as _, sync::mpsc};

use super::*;
use crate::{
    api::{Caller, Control, Tokens, server::serve_connection, tests::InMemory},
    query::Sql,
    store::read::Between,
};

/// A question that ends by itself in some centuries.
fn endless(reader: &Reader, deadline: Duration) -> Result<i64, ReadError> {
    let endless = "(WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted) SELECT max(n) FROM counted) > 0";
    let reader = reader.with_deadline(deadline);
    Ok(reader.count(&Sql::new(endless, []), Between::any())?.count)
}

/// What a question tells the test.
#[derive(Clone)]
struct Told {
    began: mpsc::UnboundedSender<()>,
    ended: mpsc::UnboundedSender<Result<i64, ReadError>>,
}

#[test]
fn who_goes_away_ends_the_question() {
    const LONG: Duration = Duration::from_secs(120);
    const DAY: Duration = Duration::from_secs(86_400);
    let control = Arc::new(InMemory::default());
    let desk = control.desk();
    let event: crate::event::Event = serde_json::from_value(serde_json::json!({
        "kind": "event", "id": "00000000-0000-7000-8000-000000000001", "time": jiff::Timestamp::now().to_string(),
        "service": {"name": "shop", "port": 80}, "client_ip": "203.0.113.7", "peer_ip": "203.0.113.7",
        "peer_port": 40_000, "method": "GET", "host": null, "path": "/", "query": null, "status": 200,
        "user_agent": null, "matches": [], "blocked": false, "duration_us": 900,
    }))
    .expect("an event");
    let from = event.client_ip;
    desk.take(&Arc::new(event), from);
    desk.handle().flush().expect("the store works").wait(LONG).expect("stored");

    // It is one that has to be ended.
    let ended = endless(&desk.reader(), Duration::from_millis(100));
    assert!(matches!(ended, Err(ReadError::Deadline { .. })), "{ended:?}");

    let ((began, mut has_begun), (ended, mut has_ended)) =
        (mpsc::unbounded_channel(), mpsc::unbounded_channel());
    let told = Told { began, ended };
    let nowhere = std::path::Path::new("/nonexistent");
    let api = Arc::new(Api::new(control as Arc<dyn Control>, Tokens::of(nowhere)));
    let router = Router::new()
        .route(
            "/endless",
            get(move |State(api): State<Shared>| {
                ask(api, move |reader| {
                    told.began.send(()).expect("the test waits");
                    let answer = endless(reader, DAY);
                    told.ended.send(answer).expect("the test waits");
                    Ok(())
                })
            }),
        )
        .with_state(api);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (mut client, server) = tokio::io::duplex(4096);
        let (_stop, stopping) = tokio::sync::watch::channel(false);
        let serving = tokio::spawn(serve_connection(router, server, Caller::Local(Some(0)), LONG, stopping));
        client.write_all(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("written");
        tokio::time::timeout(LONG, has_begun.recv()).await.expect("it is asked").expect("it tells");
        assert!(has_ended.try_recv().is_err(), "it has an end");
        drop(client);
        let answer = tokio::time::timeout(LONG, has_ended.recv())
            .await
            .expect("the question goes on without anybody who asks");
        assert!(matches!(answer, Some(Err(ReadError::Deadline { .. }))), "{answer:?}");
        tokio::time::timeout(LONG, serving).await.expect("it ends").expect("no panic");
    });
}
