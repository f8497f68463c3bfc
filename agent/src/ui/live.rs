//! What scripts ask for: rows as they happen, and completions of a query.
//!
//! A tail of the API becomes rows of HTML, a few at a time: a browser that gets a thousand a second shows none of them.
//! What is left out is counted and said.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    body::Body,
    http::{Method, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, channel::Channel};
use serde::de::DeserializeOwned;

use super::{frame::Frame, pages, visit::Visit};
use crate::{
    api::{
        ApiError,
        types::{Lag, SignalChanged},
    },
    event::Event,
    limits::UI_LIVE_ROWS,
};

/// Time between two messages with rows.
const PAUSE: Duration = Duration::from_millis(500);
/// Bytes of a message of the tail; a longer one is left out.
const MESSAGE: usize = 1024 * 1024;
/// Messages on their way to the browser.
const AHEAD: usize = 4;

/// Signals as they are raised, or go on.
pub async fn signals(visit: Visit) -> Result<Response, ApiError> {
    tail(visit, "/v1/signals/tail", |frame, changed: &SignalChanged| {
        let row = pages::signals::row(frame, &changed.signal).into_string();
        (changed.signal.id.to_string(), row)
    })
    .await
}

/// Events as they happen.
pub async fn events(visit: Visit) -> Result<Response, ApiError> {
    tail(visit, "/v1/events/tail", |frame, event: &Event| {
        (event.id.to_string(), pages::events::row(frame, event).into_string())
    })
    .await
}

/// What a query could go on with: the API's answer as it is.
pub async fn complete(visit: Visit) -> Result<Response, ApiError> {
    let parameters = ["q", "at", "of"].map(|name| (name, visit.parameter(name)));
    let response = visit.ask(Method::GET, "/v1/query/complete", &parameters, None::<&()>).await?;
    Ok(response.into_response())
}

/// A tail of the API as rows of HTML; `row` gives the id of what it is about, so that the same one is not sent twice at a
/// time.
pub(super) async fn tail<T: DeserializeOwned + 'static>(
    visit: Visit,
    path: &'static str,
    row: fn(&Frame, &T) -> (String, String),
) -> Result<Response, ApiError> {
    let response = visit.ask(Method::GET, path, &[("query", visit.parameter("query"))], None::<&()>).await?;
    let mut from = response.into_body();
    let (mut to, body) = Channel::<Bytes, Infallible>::new(AHEAD);
    tokio::spawn(async move {
        let mut waiting = Waiting::default();
        let mut read = Vec::new();
        let mut pause = tokio::time::interval(PAUSE);
        loop {
            let message = tokio::select! {
                frame = from.frame() => {
                    let Some(Ok(frame)) = frame else { return };
                    let Ok(data) = frame.into_data() else { continue };
                    read.extend_from_slice(&data);
                    let alive = take(&mut read, |event, data| waiting.hear(&visit.frame, event, data, row));
                    if !alive { continue }
                    // Something has to be sent now and then, to notice that nobody listens any more.
                    ":\n\n".to_owned()
                }
                _ = pause.tick() => match waiting.message() {
                    Some(message) => message,
                    None => continue,
                },
            };
            if to.send_data(message.into()).await.is_err() {
                return;
            }
        }
    });
    Ok(([(header::CONTENT_TYPE, "text/event-stream")], Body::new(body)).into_response())
}

/// Takes whole messages out of what was read. Gives whether a sign of life was among them.
fn take(read: &mut Vec<u8>, mut hear: impl FnMut(&str, &str)) -> bool {
    let mut alive = false;
    while let Some(end) = memchr::memmem::find(read, b"\n\n") {
        let message: Vec<u8> = read.drain(..end + 2).collect();
        let text = String::from_utf8_lossy(&message);
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        match (field("event:"), field("data:")) {
            (Some(event), Some(data)) => hear(event, data),
            _ => alive = true,
        }
    }
    if read.len() > MESSAGE {
        read.clear();
    }
    alive
}

/// Rows that wait to be sent, the newest last.
#[derive(Default)]
struct Waiting {
    rows: VecDeque<(String, String)>,
    left_out: u64,
}

impl Waiting {
    fn hear<T: DeserializeOwned>(
        &mut self,
        frame: &Frame,
        event: &str,
        data: &str,
        row: fn(&Frame, &T) -> (String, String),
    ) {
        if event == "lag" {
            let lag: Option<Lag> = serde_json::from_str(data).ok();
            self.left_out += lag.map_or(0, |lag| lag.left_out);
            return;
        }
        let Ok(thing) = serde_json::from_str::<T>(data) else { return };
        // Not rendered before it is known whether it is sent.
        if self.rows.len() >= UI_LIVE_ROWS {
            self.rows.pop_front();
            self.left_out += 1;
        }
        let mut now = frame.clone();
        now.now = jiff::Timestamp::now();
        let (id, html) = row(&now, &thing);
        self.rows.retain(|(other, _)| *other != id);
        self.rows.push_back((id, html));
    }

    /// Server-sent events (the HTML standard, section 9.2): data that has several lines is several fields.
    fn message(&mut self) -> Option<String> {
        if self.rows.is_empty() && self.left_out == 0 {
            return None;
        }
        let mut message = String::new();
        if self.left_out > 0 {
            message.push_str(&format!("event: left-out\ndata: {}\n\n", std::mem::take(&mut self.left_out)));
        }
        for (_, html) in self.rows.drain(..) {
            message.push_str("event: row\n");
            for line in html.split(['\n', '\r']) {
                message.push_str(&format!("data: {line}\n"));
            }
            message.push('\n');
        }
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_put_together_from_pieces() {
        let whole =
            b"retry: 2000\n\nevent: a\nid: 1\ndata: {\"x\":1}\n\n:\n\nevent: lag\ndata: {\"left_out\":7}\n\n";
        for cut in 0..whole.len() {
            let (mut heard, mut read) = (Vec::new(), Vec::new());
            let (before, after) = whole.split_at(cut);
            for piece in [before, after] {
                read.extend_from_slice(piece);
                take(&mut read, |event, data| heard.push((event.to_owned(), data.to_owned())));
            }
            let expected = [("a", "{\"x\":1}"), ("lag", "{\"left_out\":7}")];
            assert_eq!(heard, expected.map(|(a, b)| (a.to_owned(), b.to_owned())), "{cut}");
            assert!(read.is_empty());
        }
    }

    #[test]
    fn a_flood_is_bounded_and_counted() {
        fn row(_: &Frame, number: &u64) -> (String, String) {
            (number.to_string(), format!("<tr>{number}\n</tr>"))
        }
        let frame = crate::ui::tests::frame();
        let mut waiting = Waiting::default();
        for number in 0..1000_u64 {
            waiting.hear(&frame, "event", &number.to_string(), row);
        }
        let message = waiting.message().expect("rows");
        assert_eq!(message.matches("event: row").count(), UI_LIVE_ROWS);
        assert!(message.contains(&format!("event: left-out\ndata: {}\n", 1000 - UI_LIVE_ROWS)), "{message}");
        assert!(message.ends_with("data: <tr>999\ndata: </tr>\n\n"), "{message}");
        assert_eq!(waiting.message(), None);
        waiting.hear(&frame, "lag", "{\"left_out\":3}", row);
        assert_eq!(waiting.message().as_deref(), Some("event: left-out\ndata: 3\n\n"));
    }
}
