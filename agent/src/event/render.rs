//! Events for people, on a terminal.
//!
//! ```text
//! 14:03:04.123 ATTACK  203.0.113.7 → nginx:80  GET shop.example/search?q=%27+OR+1%3D1  200 in 1.2 ms
//!                      sql_injection in query.q: ' OR 1=1   Tautology in a comparison (picket-sqli-003)
//! ```
#![forbid(unsafe_code)]

use std::{borrow::Cow, fmt::Write};

use anstyle::{AnsiColor, Style};
use jiff::tz::TimeZone;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Event, EventMatch, Kind, printable};

/// How events are written.
#[derive(Clone, Debug)]
pub struct Render {
    /// With colours.
    pub colour: bool,
    /// Columns of the terminal; lines are cut to fit. `None`: nothing is cut.
    pub columns: Option<usize>,
    /// Times of day are in this zone.
    pub zone: TimeZone,
}

/// Where match lines start: under the client of the first line.
const INDENT: usize = 21;
/// Columns a request or a matched value keeps, however narrow the terminal is.
const NARROWEST: usize = 20;

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const ATTACK: Style = AnsiColor::Yellow.on_default().bold();
const BLOCKED: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();

impl Render {
    /// The lines of an event, each ended by a newline. Whatever a client put into it, nothing but the
    /// colours asked for reaches the terminal as a control.
    #[must_use]
    pub fn event(&self, event: &Event) -> String {
        let mut out = String::with_capacity(256);
        self.transaction(event, &mut out);
        for found in &event.matches {
            self.found(found, &mut out);
        }
        for anomaly in &event.anomalies {
            let mut line = Line::indented(self);
            line.push(DIM, "malformed: ");
            line.elastic(Style::new(), &printable(&format!("{} ({})", anomaly.detail, anomaly.kind)), 0);
            line.end(&mut out);
        }
        if event.left_out > 0 {
            let mut line = Line::indented(self);
            line.push(DIM, &format!("and {} more", event.left_out));
            line.end(&mut out);
        }
        out
    }

    fn transaction(&self, event: &Event, out: &mut String) {
        let mut line = Line::new(self);
        line.push(DIM, &event.time.to_zoned(self.zone.clone()).strftime("%H:%M:%S%.3f").to_string());
        line.plain(" ");
        match (event.kind, event.blocked) {
            (_, true) => line.push(BLOCKED, "BLOCKED "),
            (Kind::Event, false) => line.push(ATTACK, "ATTACK  "),
            (Kind::Transaction, false) => line.plain("        "),
        }
        line.push(BOLD, &event.client_ip.to_string());
        if event.client_ip != event.peer_ip {
            line.push(DIM, &format!(" via {}", event.peer_ip));
        }
        line.plain(&format!(" → {}:{}  ", printable(&event.service.name), event.service.port));
        if let Some(tls) = &event.tls {
            line.push(DIM, &format!("{}  ", printable(&tls.short())));
        }

        let (style, outcome) = outcome(event);
        let outcome = outcome + if event.truncated { " (body cut)" } else { "" };
        line.elastic(Style::new(), &request(event), outcome.width() + 2);
        line.plain("  ");
        line.push(style, &outcome);
        line.end(out);
    }

    fn found(&self, found: &EventMatch, out: &mut String) {
        let kind = found.tags.get("type").map_or(found.rule.as_str(), String::as_str);
        let about = printable(&format!("   {} ({})", found.name, found.rule)).into_owned();
        let mut line = Line::indented(self);
        line.push(ATTACK, &printable(kind));
        line.push(DIM, " in ");
        line.elastic(Style::new(), &printable(&found.location), 0);
        line.push(DIM, ": ");
        // What matched comes first; the rule's name is cut away before it is.
        let room = line.room(0);
        let about = if room.is_some_and(|room| room < about.width() + NARROWEST) { "" } else { &about };
        line.elastic(BOLD, &printable(&found.value), about.width());
        line.push(DIM, about);
        line.end(out);
    }
}

/// `GET shop.example/search?q=1`.
fn request(event: &Event) -> String {
    let host = event.host.as_deref().unwrap_or("");
    let query = event.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    printable(&format!("{} {host}{}{query}", event.method, event.path)).into_owned()
}

fn outcome(event: &Event) -> (Style, String) {
    let Some(status) = event.status else {
        let why = event.unanswered.as_deref().unwrap_or("not seen");
        return (DIM, format!("no answer ({})", printable(why)));
    };
    let style = match status {
        ..400 => GOOD,
        _ => BAD,
    };
    let took = event.duration_us.map(|us| format!(" in {}", duration(us))).unwrap_or_default();
    (style, format!("{status}{took}"))
}

fn duration(us: u64) -> String {
    match us {
        0..1000 => format!("{us} µs"),
        1000..10_000 => format!("{}.{} ms", us / 1000, us % 1000 / 100),
        10_000..1_000_000 => format!("{} ms", us / 1000),
        _ => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
    }
}

/// A line that grows to the right and knows its columns.
struct Line<'r> {
    render: &'r Render,
    text: String,
    columns: usize,
}

impl<'r> Line<'r> {
    fn new(render: &'r Render) -> Self {
        Self { render, text: String::new(), columns: 0 }
    }

    fn indented(render: &'r Render) -> Self {
        Self { render, text: " ".repeat(INDENT), columns: INDENT }
    }

    fn plain(&mut self, text: &str) {
        self.push(Style::new(), text);
    }

    fn push(&mut self, style: Style, text: &str) {
        self.columns += text.width();
        if self.render.colour && style != Style::new() {
            let _ = write!(self.text, "{style}{text}{style:#}");
        } else {
            self.text.push_str(text);
        }
    }

    /// Text that gives way, so that `after` columns remain for what follows.
    fn elastic(&mut self, style: Style, text: &str, after: usize) {
        let fitted = match self.room(after) {
            Some(room) => fit(text, room.max(NARROWEST)),
            None => Cow::Borrowed(text),
        };
        self.push(style, &fitted);
    }

    fn room(&self, after: usize) -> Option<usize> {
        self.render.columns.map(|columns| columns.saturating_sub(self.columns + after))
    }

    fn end(self, out: &mut String) {
        out.push_str(self.text.trim_end());
        out.push('\n');
    }
}

/// The text in at most so many columns, `…` in place of the rest.
fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let mut taken = 0;
    let end = text
        .char_indices()
        .find(|(_, c)| {
            taken += c.width().unwrap_or(0);
            taken + 1 > columns
        })
        .map_or(text.len(), |(at, _)| at);
    Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default()))
}
