//! What responds without a person, and what it did lately.

use std::time::Duration;

use maud::{Markup, html};

use crate::{
    api::types::{AuditView, DetectionRuleView, RespondView},
    cli::{duration, screen::grouped},
    detect::{
        Severity,
        rules::{Action, ActionKind},
    },
    ui::{
        frame::Frame,
        parts::{
            badge, link,
            table::{Column, table},
            time,
        },
    },
};

/// Detection rules that are shown without a click.
const SHORT: usize = 8;

/// `[respond]`, and detection rules that do something.
pub fn automatic(respond: &RespondView, rules: &[DetectionRuleView]) -> Markup {
    const COLUMNS: [Column; 3] =
        [Column::new("Detection rule", "wide"), Column::new("When it is", ""), Column::new("It does", "")];
    let acting: Vec<&DetectionRuleView> = rules
        .iter()
        .filter(|rule| rule.enabled && rule.cases.iter().any(|case| !case.actions.is_empty()))
        .collect();
    html! {
        section.card {
            header { h2 { "Automatic responses" } }
            p {
                code { "[respond]" } ": "
                @if respond.enabled {
                    (grouped(respond.events)) " attacks of an address within " (length(respond.window_seconds)) " block it "
                    @if let Some(seconds) = respond.block_seconds { "for " (length(seconds)) } @else { "for good" } "."
                } @else { "not enabled. Attacks are events, and nobody is blocked for them alone." }
            }
            @if !respond.except_rules.is_empty() || !respond.except_types.is_empty() {
                p.list { "Not counted: " @for name in respond.except_rules.iter().chain(&respond.except_types) { (link::raw(name)) " " } }
            }
            @if respond.enabled {
                p.hint { "Since the agent started: " (grouped(respond.counted)) " attacks counted, " (grouped(respond.decisions)) " decisions to block, " (grouped(respond.obstacles)) " that could not be carried out." }
            }
            @if acting.is_empty() {
                p.hint.list { "No detection rule does anything by itself: " code { "[[detection.responses]]" } " of the configuration say which are to, and how bad it has to be." }
            } @else {
                details.list open[acting.len() <= SHORT] {
                    summary { (acting.len()) @if acting.len() == 1 { " detection rule responds" } @else { " detection rules respond" } }
                    (table("Detection rules that respond", &COLUMNS, &html! { @for rule in acting { (responds(rule)) } }))
                }
            }
        }
    }
}

fn length(seconds: u64) -> String {
    duration::short(Duration::from_secs(seconds))
}

/// A rule, with what it does from which severity on.
fn responds(rule: &DetectionRuleView) -> Markup {
    let mut acts: Vec<(&[Action], Vec<Severity>)> = Vec::new();
    for case in rule.cases.iter().filter(|case| !case.actions.is_empty()) {
        match acts.iter_mut().find(|(actions, _)| *actions == case.actions) {
            Some((_, severities)) if severities.contains(&case.severity) => {}
            Some((_, severities)) => severities.push(case.severity),
            None => acts.push((&case.actions, vec![case.severity])),
        }
    }
    html! {
        @for (actions, severities) in acts {
            tr {
                td.wide { (link::text(&rule.name)) p.sub { (link::raw(&rule.id)) } }
                td { @for severity in severities { (badge::severity(severity)) " " } }
                td { @for action in actions { p { (said(action)) } } }
            }
        }
    }
}

fn said(action: &Action) -> String {
    let what = match action.kind {
        ActionKind::BlockIp => "blocks the address",
        ActionKind::BlockUser => "puts the user on the denylist",
        ActionKind::FlagIp => "flags the address",
    };
    match action.duration {
        0 => format!("{what} for good"),
        seconds => format!("{what} for {}", length(seconds)),
    }
}

/// What the agent did without a person, the newest first.
pub fn lately(frame: &Frame, done: &[AuditView]) -> Markup {
    const COLUMNS: [Column; 3] =
        [Column::new("When", ""), Column::new("What", "wide"), Column::new("Signal", "less")];
    html! {
        section.card {
            header { h2 { "What they did lately" } }
            @if done.is_empty() { p.hint { "Nothing that is still in the audit. What people did: " code { "sudo picket audit" } } } @else {
                (table("What they did lately", &COLUMNS, &html! { @for entry in done { (one(frame, entry)) } }))
            }
        }
    }
}

fn one(frame: &Frame, entry: &AuditView) -> Markup {
    let said =
        |name: &str| entry.after.as_ref().and_then(|after| after.get(name)).and_then(|value| value.as_str());
    html! {
        tr data-id=(entry.number) {
            td { (time::ago(frame, entry.time)) }
            td.wide {
                (link::text(&entry.action.replace('_', " "))) " " span.address { (link::text(&entry.what)) }
                @if let Some(reason) = said("reason") { p.sub { (link::text(reason)) } }
            }
            td.less { @if let Some(signal) = said("signal") { a href=(link::signal(&crate::api::client::segment(signal))) { "signal" } } }
        }
    }
}
