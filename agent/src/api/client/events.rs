//! Server-sent events, as a client reads them (the HTML standard, section 9.2.6).

use std::{collections::VecDeque, time::Duration};

use http_body_util::BodyExt as _;
use hyper::{Response, body::Incoming};

use super::{
    ClientError,
    transport::{Connection, Transport},
};
use crate::{
    api::types::{SignalChanged, Tailed},
    limits::API_ANSWER,
};

/// The agent says something every 15 seconds: after so long without a word it is gone.
const SILENCE: Duration = Duration::from_secs(60);

/// A tail that is followed.
pub struct Tailing {
    body: Incoming,
    connection: Connection,
    transport: Transport,
    parser: Parser,
    ready: VecDeque<Message>,
    last: Option<String>,
}

impl Tailing {
    pub(super) fn new(response: Response<Incoming>, connection: Connection, transport: Transport) -> Self {
        let parser = Parser::default();
        Self { body: response.into_body(), connection, transport, parser, ready: VecDeque::new(), last: None }
    }

    /// The next one; none: the agent ended it.
    ///
    /// # Errors
    /// [`ClientError::Timeout`] when the agent is silent, and what else can go wrong with a connection.
    pub async fn next(&mut self) -> Result<Option<Tailed>, ClientError> {
        loop {
            while let Some(message) = self.ready.pop_front() {
                if !message.id.is_empty() {
                    self.last = Some(message.id.clone());
                }
                if let Some(told) = message.read().map_err(|error| self.transport.protocol(error))? {
                    return Ok(Some(told));
                }
            }
            let frame = tokio::time::timeout(SILENCE, self.connection.beside(self.body.frame())).await;
            let Some(frame) = frame.map_err(|_| self.transport.timeout())? else { return Ok(None) };
            let frame = frame.map_err(|error| self.transport.protocol(error))?;
            if let Ok(bytes) = frame.into_data() {
                self.parser.push(&bytes, &mut self.ready).map_err(|error| self.transport.protocol(error))?;
            }
        }
    }

    /// The id of the last that came, to begin again behind it.
    #[must_use]
    pub fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }
}

/// An event of the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Message {
    event: String,
    id: String,
    data: String,
}

impl Message {
    /// What it tells; none: something that this version does not know.
    fn read(&self) -> serde_json::Result<Option<Tailed>> {
        Ok(match self.event.as_str() {
            "event" => Some(Tailed::Event(serde_json::from_str(&self.data)?)),
            "signal" => Some(Tailed::Signal(Box::new(serde_json::from_str::<SignalChanged>(&self.data)?))),
            "lag" => Some(Tailed::Lag(serde_json::from_str(&self.data)?)),
            _ => None,
        })
    }
}

/// Cuts a stream into messages, however it is cut into pieces.
#[derive(Debug, Default)]
struct Parser {
    line: Vec<u8>,
    message: Message,
    /// A line ended with CR: an LF right behind it belongs to it.
    after_cr: bool,
}

impl Parser {
    fn push(&mut self, bytes: &[u8], ready: &mut VecDeque<Message>) -> Result<(), &'static str> {
        for &byte in bytes {
            let was_cr = std::mem::take(&mut self.after_cr);
            match byte {
                b'\n' if was_cr => {}
                b'\n' | b'\r' => {
                    self.after_cr = byte == b'\r';
                    self.end_line(ready);
                }
                byte if self.line.len() + self.message.data.len() < API_ANSWER => self.line.push(byte),
                _ => return Err("an event of the tail has no end"),
            }
        }
        Ok(())
    }

    fn end_line(&mut self, ready: &mut VecDeque<Message>) {
        let line = String::from_utf8_lossy(&self.line).into_owned();
        self.line.clear();
        if line.is_empty() {
            let message = std::mem::take(&mut self.message);
            // One without data says only where to begin again.
            if !(message.data.is_empty() && message.id.is_empty()) {
                ready.push_back(message);
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.message.event),
            "id" => value.clone_into(&mut self.message.id),
            "data" => {
                if !self.message.data.is_empty() {
                    self.message.data.push('\n');
                }
                self.message.data.push_str(value);
            }
            // Comments have no name; what is not known is passed over.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &str = ":\n\nretry: 2000\n\nevent: event\nid: 7\ndata: {\"a\":1}\n\nevent:lag\r\ndata: x\rdata: y\r\n\r\n: c\nid: 9\n\ndata\n\nevent: signal\ndata: \u{e4}\n\n";

    fn messages(pieces: &[&[u8]]) -> Vec<Message> {
        let (mut parser, mut ready) = (Parser::default(), VecDeque::new());
        for piece in pieces {
            parser.push(piece, &mut ready).expect("short");
        }
        ready.into()
    }

    #[test]
    fn messages_are_read_as_the_standard_says() {
        let message = |event: &str, id: &str, data: &str| Message {
            event: event.to_owned(),
            id: id.to_owned(),
            data: data.to_owned(),
        };
        let expected = [
            message("event", "7", "{\"a\":1}"),
            message("lag", "", "x\ny"),
            message("", "9", ""),
            message("signal", "", "\u{e4}"),
        ];
        assert_eq!(messages(&[STREAM.as_bytes()]), expected);
    }

    proptest! {
        #[test]
        fn pieces_change_nothing(cuts in prop::collection::vec(0..STREAM.len(), 0..20)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&STREAM.as_bytes()[from..cut]);
                from = cut;
            }
            pieces.push(&STREAM.as_bytes()[from..]);
            prop_assert_eq!(messages(&pieces), messages(&[STREAM.as_bytes()]));
        }
    }
}
