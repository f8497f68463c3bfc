//! Rules that raise signals: which run, why others don't, what each does.

use maud::{Markup, html};

use crate::{
    api::{
        ApiError,
        types::{DetectionRuleView, List, Role},
    },
    cli::screen::grouped,
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        pages::rules::TABS,
        parts::{
            badge,
            empty::empty,
            icon::Icon,
            link,
            table::{Column, list},
            tabs, time,
        },
        visit::Visit,
    },
};

/// Some of the rules.
type Shown = (&'static str, &'static str, fn(&DetectionRuleView) -> bool);

/// What can be left out of the list: its word in the URL, its name, which stay.
const SHOWN: [Shown; 5] = [
    ("", "All", |_| true),
    ("on", "On", |rule| rule.enabled),
    ("off", "Off", |rule| !rule.enabled),
    ("raised", "Raised signals", |rule| signals(rule) > 0),
    ("quiet", "Never raised one", |rule| rule.enabled && signals(rule) == 0),
];

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let frame = &visit.frame;
    let all: List<DetectionRuleView> = visit.get("/v1/detection/rules", &[]).await?;
    let (search, state) = (visit.parameter("search").to_lowercase(), visit.parameter("state"));
    let stays = SHOWN.iter().find(|(word, ..)| *word == state).map_or(SHOWN[0].2, |(.., stays)| *stays);
    let found: Vec<&DetectionRuleView> =
        all.items.iter().filter(|rule| stays(rule) && fits(rule, &search)).collect();
    let body = html! {
        (tabs::tabs(frame, &TABS))
        p.message { "Each counts events, and raises a signal when there are too many of them." }
        (search_bar(frame))
        div.views { nav aria-label="Which" {
            @for (word, name, stays) in SHOWN {
                a href=(frame.here.with("state", word)) aria-current=[(word == state).then_some("true")] {
                    (name) " " span.count { (grouped(all.items.iter().filter(|rule| stays(rule)).count() as u64)) }
                }
            }
        } }
        section.card.list { (table(frame, &found)) }
    };
    let write = html! { @if frame.may(Role::Admin) { a.button.primary href="/rules/detection/edit" { "Write a rule" } } };
    Ok(Page::new("Rules", body).aside(write).command(Command::new("picket rules detection list")))
}

fn signals(rule: &DetectionRuleView) -> u64 {
    rule.state.as_ref().map_or(0, |state| state.signals)
}

/// Whether a search finds a rule: in its id, name, tags.
fn fits(rule: &DetectionRuleView, search: &str) -> bool {
    let texts = [&rule.id, &rule.name].into_iter().chain(&rule.tags);
    search.is_empty() || texts.into_iter().any(|text| text.to_lowercase().contains(search))
}

fn search_bar(frame: &Frame) -> Markup {
    let here = frame.here.without("search");
    html! {
        form.query method="get" action=(here.path()) role="search" {
            @for (name, value) in here.parameters() { input type="hidden" name=(name) value=(value); }
            (Icon::Search.show())
            input #query type="text" name="search" value=(frame.here.get("search").unwrap_or_default()) placeholder="login" aria-label="Search in ids, names and tags" maxlength="200";
            button.button.primary { "Search" }
            @if frame.here.get("search").is_some() { a.button href=(here) { "Clear" } }
        }
    }
}

fn table(frame: &Frame, rules: &[&DetectionRuleView]) -> Markup {
    const COLUMNS: [Column; 6] = [
        Column::new("Rule", "wide"),
        Column::new("Severity", ""),
        Column::new("By", "less"),
        Column::new("Signals", "num"),
        Column::new("Last", "less"),
        Column::new("State", ""),
    ];
    if rules.is_empty() {
        let advice = html! { p { a href=(frame.here.without("search").without("state")) { "Show all" } ", or look for something else." } };
        return empty(Icon::Rules, "No such rule", &advice);
    }
    list("Rules that raise signals", &COLUMNS, &html! { @for rule in rules { (row(frame, rule)) } })
}

fn row(frame: &Frame, rule: &DetectionRuleView) -> Markup {
    let group = rule.queries.first().map(|query| query.group_by.as_slice()).unwrap_or_default();
    let last = rule.state.as_ref().and_then(|state| state.last_signal);
    html! {
        tr {
            td.wide {
                a.open href=(link::detection(&rule.id)) { (link::text(&rule.name)) }
                p.sub { code { (rule.id) } @if rule.file.is_some() || rule.own { " " (badge::word("own")) } }
            }
            td { (severities(rule)) }
            td.less { (by(group)) }
            td.num {
                @if signals(rule) > 0 { a href=(link::signals_of(&rule.id)) { (grouped(signals(rule))) } } @else { span.none { "0" } }
            }
            td.less { @if let Some(last) = last { (time::ago(frame, last)) } @else { span.none { "—" } } }
            td { (state(rule)) }
        }
    }
}

/// The worst, and the least where that is another.
pub(in crate::ui) fn severities(rule: &DetectionRuleView) -> Markup {
    let all = rule.cases.iter().map(|case| case.severity);
    html! {
        @if let Some(worst) = all.clone().max() { (badge::severity(worst)) }
        @if let (Some(least), Some(worst)) = (all.clone().min(), all.max()) {
            @if least != worst { p.sub { "from " (least) " on" } }
        }
    }
}

/// What makes a group.
pub(in crate::ui) fn by(group: &[String]) -> String {
    if group.is_empty() { "everybody together".to_owned() } else { group.join(", ") }
}

/// Whether it runs.
pub(in crate::ui) fn state(rule: &DetectionRuleView) -> Markup {
    html! {
        @match &rule.off {
            Some(off) => { span.word title=(off.message) { @if off.why.starts_with("no_") { "unavailable" } @else { "off" } } }
            None => { (badge::word("on")) }
        }
    }
}
