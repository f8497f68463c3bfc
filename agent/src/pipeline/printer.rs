//! Events and signals on standard output.

use std::{
    io::{self, Write},
    sync::Arc,
};

use super::shared::Shared;
use crate::{
    detect::{Change, ChangeKind},
    event::{Event, Render},
};

/// Prints what happens.
pub struct Printer<W: Write> {
    shared: Arc<Shared>,
    out: io::BufWriter<W>,
    style: Style,
    closed: bool,
}

/// How it is printed.
pub enum Style {
    /// One JSON object a line.
    Json,
    /// For people.
    Human(Render),
}

impl<W: Write> Printer<W> {
    /// A printer that writes to `out`.
    pub fn new(shared: Arc<Shared>, out: W, style: Style) -> Self {
        Self { shared, out: io::BufWriter::with_capacity(64 * 1024, out), style, closed: false }
    }

    /// Prints an event.
    pub fn event(&mut self, event: &Event) {
        let line = match &self.style {
            Style::Json => event.json_line(),
            Style::Human(render) => render.event(event),
        };
        self.line(&line);
    }

    /// Prints a signal that is new or has become worse.
    pub fn signal(&mut self, change: &Change) {
        if !matches!(change.kind, ChangeKind::Opened | ChangeKind::Escalated) {
            return;
        }
        let line = match &self.style {
            Style::Json => change.json_line(),
            Style::Human(render) => render.signal(change),
        };
        self.line(&line);
    }

    /// What was printed is to be seen now.
    pub fn flush(&mut self) {
        let flushed = self.out.flush();
        self.lost_if_failed(flushed);
    }

    fn line(&mut self, line: &str) {
        let written = self.out.write_all(line.as_bytes()).and_then(|()| self.out.write_all(b"\n"));
        self.lost_if_failed(written);
    }

    /// A reader that went away does not stop the agent: it still watches and blocks.
    fn lost_if_failed(&mut self, result: io::Result<()>) {
        let Err(error) = result else { return };
        self.shared.counters.output_dropped.add(1);
        if !self.closed {
            self.closed = true;
            tracing::warn!(%error, "events can't be printed any more; watching and blocking go on");
        }
    }
}
