//! A rule that raises signals: what it counts, when that is how bad, what came of it.

pub(in crate::ui) mod edit;

use maud::{Markup, html};

use crate::{
    api::{
        ApiError,
        client::segment,
        types::{DetectionRuleDetails, DetectionRuleView, List, Role, TimelineView},
    },
    cli::{duration, screen::grouped},
    detect::{Signal, rules::Action},
    event::printable,
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        pages::{
            detections::{by, severities, state},
            past,
        },
        parts::{
            badge,
            chart::timeline::Timeline,
            empty::empty,
            facts::facts,
            form,
            icon::Icon,
            link,
            range::{self, Range},
            table::{Column, table},
            time,
        },
        target::Target,
        terms,
        visit::Visit,
    },
};

/// Signals are looked at from here on, unless asked otherwise.
const SINCE: &str = "-30d";

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let frame = &visit.frame;
    let id = visit.piece("id").to_owned();
    let range = Range::of(frame, SINCE);
    let term = terms::term("rule", &id);
    let (query, from, to) =
        (("query", term.as_str()), ("from", range.from.as_str()), ("to", range.to.as_str()));
    let route = format!("/v1/detection/rules/{}", segment(&id));
    let (details, timeline, signals) = tokio::join!(
        visit.find::<DetectionRuleDetails>(&route, &[]),
        visit.get::<TimelineView>(
            "/v1/signals/timeline",
            &[("by", "severity"), query, from, to, ("buckets", "100")]
        ),
        visit.get::<List<Signal>>("/v1/signals", &[query, from, to, ("limit", "10")]),
    );
    let (details, timeline, signals) = (details?, timeline?, signals?);
    let all = Target::new("/signals").with("query", &term).with("from", &range.from).with("to", &range.to);
    let bars = Timeline { of: "signals", by: "severity", view: &timeline, range: &range, to: all.clone() };
    let raised = html! {
        section.card {
            header { h2 { "Signals" } a href=(all) { "All signals" } }
            (bars.show(frame))
            @if signals.items.is_empty() { p.hint { "It raised none in this time." } } @else { (past::feed(frame, &signals.items)) }
        }
    };
    let Some(details) = details else {
        let advice =
            html! { p { "Signals may still name it. " a href="/rules/detection" { "All rules there are" } } };
        let body = html! { section.card { (empty(Icon::Rules, "There is no such detection rule", &advice)) } (raised) };
        let command = Command::new("picket signals").word(&term);
        return Ok(Page::new(printable(&id).into_owned(), body)
            .aside(range::choice(frame, &range))
            .command(command));
    };
    let rule = &details.rule;
    let body = html! {
        p.message { (printable(&rule.message)) }
        @if let Some(off) = &rule.off { p.flash.wrong { "It does not run. It is " (printable(&off.message)) "." } }
        div.columns.signal {
            div.grow {
                (counts(rule))
                (cases(rule))
                (raised)
                @if let Some(text) = &details.text {
                    section.card { details { summary { h2 { "As it is written" } } pre.json { (link::lines(text)) } } }
                }
            }
            aside.acts aria-label="About it" {
                section.card { header { h2 { "In short" } } (in_short(frame, rule)) }
                @if frame.may(Role::Admin) { section.card { header { h2 { "Change it" } } (change(frame, rule)) } }
            }
        }
    };
    let command = Command::new("picket rules detection show").word(&id);
    Ok(Page::new(printable(&rule.name).into_owned(), body)
        .aside(html! { (state(rule)) (range::choice(frame, &range)) })
        .command(command))
}

/// What it counts.
fn counts(rule: &DetectionRuleView) -> Markup {
    const COLUMNS: [Column; 4] = [
        Column::new("Name", ""),
        Column::new("Of", "wide"),
        Column::new("Counts", ""),
        Column::new("By", "less"),
    ];
    html! {
        section.card {
            header { h2 { "What it counts" } }
            (table("What it counts", &COLUMNS, &html! {
                @for query in &rule.queries {
                    tr {
                        td { code { (printable(&query.name)) } }
                        td.wide {
                            @if query.query.trim().is_empty() { "all events" } @else {
                                a href=(Target::new("/events").with("query", &query.query).with("from", "-1d")) { code { (printable(&query.query)) } }
                            }
                        }
                        td { (query.aggregation) }
                        td.less { (by(&query.group_by)) }
                    }
                }
            }))
            @if !rule.steps.is_empty() {
                h3 { "In this order" }
                ol.history { @for step in &rule.steps { li { strong { (printable(&step.name)) } " " code { (printable(&step.condition)) } } } }
            }
            @for filter in &rule.filters {
                p.list { @if filter.require { "Only events with " } @else { "But not events with " } code { (printable(&filter.query)) } }
            }
        }
    }
}

/// When that is how bad.
fn cases(rule: &DetectionRuleView) -> Markup {
    const COLUMNS: [Column; 4] = [
        Column::new("Severity", ""),
        Column::new("When", "wide"),
        Column::new("Case", "less"),
        Column::new("Then", ""),
    ];
    html! {
        section.card {
            header { h2 { "When it is how bad" } span.hint { "the first that holds counts" } }
            (table("Cases", &COLUMNS, &html! {
                @for case in &rule.cases {
                    tr {
                        td { (badge::severity(case.severity)) }
                        td.wide { @if case.condition.is_empty() { "always" } @else { code { (printable(&case.condition)) } } }
                        td.less { (printable(&case.name)) }
                        td {
                            @for action in &case.actions { (badge::word(&acts(action))) }
                            @for target in &case.notifications { (badge::word(&format!("tell {}", printable(target)))) }
                            @if case.actions.is_empty() && case.notifications.is_empty() { span.none { "a signal" } }
                        }
                    }
                }
            }))
        }
    }
}

fn acts(action: &Action) -> String {
    match action.duration {
        0 => format!("{} for good", action.kind.name()),
        seconds => format!("{} for {}", action.kind.name(), length(seconds)),
    }
}

fn length(seconds: u64) -> String {
    duration::short(std::time::Duration::from_secs(seconds))
}

fn in_short(frame: &Frame, rule: &DetectionRuleView) -> Markup {
    let at_work = rule.state.clone().unwrap_or_default();
    facts(&[
        ("Id", html! { code { (rule.id) } }),
        ("Severity", severities(rule)),
        ("Method", html! { (rule.method.replace('_', " ")) }),
        (
            "Looks back",
            html! { @if rule.window_seconds == 0 { "at nothing but the event itself" } @else { (length(rule.window_seconds)) } },
        ),
        (
            "Goes on",
            html! { (length(rule.keep_alive_seconds)) " after the last, at most " (length(rule.max_duration_seconds)) },
        ),
        (
            "Counts now",
            html! { (grouped(at_work.groups)) @if at_work.groups == 1 { " group" } @else { " groups" } },
        ),
        ("Signals", html! { (grouped(at_work.signals)) " stored" }),
        ("Latest", html! { @if let Some(last) = at_work.last_signal { (time::ago(frame, last)) } }),
        (
            "Stands in",
            html! { @if let Some(file) = &rule.file { (printable(file)) } @else if rule.own { "written here" } @else { "comes with Picket" } },
        ),
        ("Tags", html! { @for tag in &rule.tags { (badge::word(&printable(tag))) } }),
    ])
}

/// What an administrator can do about it.
fn change(frame: &Frame, rule: &DetectionRuleView) -> Markup {
    let switched = rule.off.as_ref().is_some_and(|off| off.why == "switched_off");
    let edit = Target::new("/rules/detection/edit").with("rule", &rule.id);
    html! {
        div.one { a.button href=(edit) { @if rule.own { "Edit" } @else { "Write one in its place" } } }
        @if rule.enabled || switched {
            (form::post(frame, "/rules/detection/switch", "one", &html! {
                input type="hidden" name="rule" value=(rule.id);
                input type="hidden" name="enabled" value=(switched);
                button.button { @if switched { "Switch on" } @else { "Switch off" } }
            }))
        }
        @if rule.own {
            (form::confirmed("Take back…", &form::post(frame, "/rules/detection/remove", "one", &html! {
                p.hint { "What was written here is forgotten. Where it stands in place of another rule, that one counts again." }
                input type="hidden" name="rule" value=(rule.id);
                button.button.danger { "Take back" }
            })))
        }
    }
}
