//! Events for people, on a terminal.
//!
//! ```text
//! 14:03:04.123 ATTACK  203.0.113.7 → nginx:80  GET shop.example/search?q=%27+OR+1%3D1  200 in 1.2 ms
//!                      sql_injection in query.q: ' OR 1=1   Tautology in a comparison (picket-sqli-003)
//! 14:03:09.551         198.51.100.20 as alice → shop:80  users.login.success  POST shop.example/login  302 in 3.0 ms
//! ```
//!
//! An attack stands out; what happens to the business every minute of the day does not.
#![forbid(unsafe_code)]

use std::{borrow::Cow, fmt::Write};

use anstyle::{AnsiColor, Style};
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

use super::{Event, EventMatch, Kind, fit, printable};
use crate::{
    detect::{Change, Severity},
    user::BusinessEvent,
};

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
/// Columns of a user's name, on a terminal.
const NAME: usize = 24;

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const ATTACK: Style = AnsiColor::Yellow.on_default().bold();
const BUSINESS: Style = AnsiColor::Cyan.on_default();
/// Business events that differ and are shown on a line.
const BUSINESS_SHOWN: usize = 3;
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

    /// A signal that is new or worse: how bad, what, who.
    #[must_use]
    pub fn signal(&self, change: &Change) -> String {
        let signal = &change.signal;
        let mut out = String::with_capacity(256);
        let mut line = Line::new(self);
        line.push(DIM, &signal.last_seen.to_zoned(self.zone.clone()).strftime("%H:%M:%S%.3f").to_string());
        line.plain(" ");
        let style = if signal.severity >= Severity::High { BLOCKED } else { ATTACK };
        line.push(style, "SIGNAL  ");
        line.push(style, signal.severity.name());
        line.plain("  ");
        line.elastic(BOLD, &printable(&signal.title), 0);
        line.end(&mut out);
        let mut line = Line::indented(self);
        line.elastic(Style::new(), &printable(&signal.message), 0);
        line.end(&mut out);
        let mut line = Line::indented(self);
        line.elastic(DIM, &format!("picket signals show {}", signal.id), 0);
        line.end(&mut out);
        out
    }

    fn transaction(&self, event: &Event, out: &mut String) {
        let mut line = Line::new(self);
        line.push(DIM, &event.time.to_zoned(self.zone.clone()).strftime("%H:%M:%S%.3f").to_string());
        line.plain(" ");
        match (event.kind, event.blocked) {
            (_, true) => line.push(BLOCKED, "BLOCKED "),
            // A login is an event, but no attack.
            (Kind::Event, false) if event.matches.is_empty() && !event.business.is_empty() => {
                line.plain("        ");
            }
            (Kind::Event, false) => line.push(ATTACK, "ATTACK  "),
            (Kind::Transaction, false) => line.plain("        "),
        }
        line.push(BOLD, &event.client_ip.to_string());
        if event.client_ip != event.peer_ip {
            line.push(DIM, &format!(" via {}", event.peer_ip));
        }
        if let Some(user) = &event.user {
            line.push(DIM, " as ");
            line.short(Style::new(), &printable(&user.id));
            line.push(DIM, if user.claimed { " (claimed)" } else { "" });
        }
        let marked = event.security_response;
        if marked.block_ip || marked.block_user {
            line.push(DIM, " (on the denylist)");
        }
        line.plain(&format!(" → {}:{}  ", printable(&event.service.name), event.service.port));
        if let Some(tls) = &event.tls {
            line.push(DIM, &format!("{}  ", printable(&tls.short())));
        }

        let business = together(event);
        for (name, about, times) in business.iter().take(BUSINESS_SHOWN) {
            line.push(BUSINESS, &printable(name));
            if !about.is_empty() {
                line.plain(" ");
                line.short(Style::new(), &printable(about));
            }
            line.plain(&if *times > 1 { format!(" ×{times}  ") } else { "  ".to_owned() });
        }
        let more: usize = business.iter().skip(BUSINESS_SHOWN).map(|(.., times)| times).sum();
        if more > 0 {
            line.push(DIM, &format!("and {more} more  "));
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

/// What happened to the business, what is the same together, with how often: a request can make many calls.
fn together(event: &Event) -> Vec<(&str, String, usize)> {
    let mut all: Vec<(&str, String, usize)> = Vec::new();
    for business in &event.business {
        let about = about(business, event);
        let same = all.iter_mut().find(|(name, known, _)| *name == &*business.name && *known == about);
        match same {
            Some((.., times)) => *times += 1,
            None => all.push((&business.name, about, 1)),
        }
    }
    all
}

/// What a business event says besides its name: `alice (unknown user, locked)`. A user who stands before the service
/// already is not named again.
fn about(business: &BusinessEvent, event: &Event) -> String {
    let text = |name: &str| business.attributes.get(name).and_then(|value| value.as_str());
    let known = event.user.as_ref().map(|user| &*user.id);
    let named = text("usr.login").filter(|login| known != Some(login)).or_else(|| text("activity"));
    let unknown = business.attributes.get("usr.exists").and_then(serde_json::Value::as_bool) == Some(false);
    let why = [unknown.then_some("unknown user"), text("login.reason"), text("login.step")];
    let why: Vec<&str> = why.into_iter().flatten().collect();
    let why = if why.is_empty() { String::new() } else { format!("({})", why.join(", ")) };
    [named.unwrap_or_default(), &why]
        .iter()
        .filter(|part| !part.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join(" ")
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

    /// Text that is cut where it would leave nothing of the line to what follows, on a terminal.
    fn short(&mut self, style: Style, text: &str) {
        let text = if self.render.columns.is_some() { fit(text, NAME) } else { Cow::Borrowed(text) };
        self.push(style, &text);
    }

    fn room(&self, after: usize) -> Option<usize> {
        self.render.columns.map(|columns| columns.saturating_sub(self.columns + after))
    }

    fn end(self, out: &mut String) {
        out.push_str(self.text.trim_end());
        out.push('\n');
    }
}
