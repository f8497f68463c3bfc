//! The overview: what is under attack now, by whom, and whether Picket sees it.

mod coverage;
mod verdict;

use maud::{Markup, html};
use verdict::Verdict;

use crate::{
    api::{
        ApiError,
        types::{Actor, FacetView, Protection, Ranking, ServiceView, Stats, TimelineView},
    },
    cli::screen::grouped,
    detect::{Severity, Signal},
    event::Event,
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        pages::past,
        parts::{
            badge,
            chart::timeline::Timeline,
            empty::empty,
            fresh,
            icon::Icon,
            link,
            range::{self, Range},
            table::{Ranked, ranked},
            tiles::{Tile, tiles},
            time,
        },
        target::Target,
        visit::{Rows, Visit},
    },
};

/// From when on, unless asked otherwise.
const DEFAULT: &str = "-1d";
/// Events with an attack in them.
const ATTACKS: &str = "@matches:*";
/// Events of something that happened to the business.
const BUSINESS: &str = "@business:*";
/// Signals that somebody has to look at.
const OPEN: &str = "status:(open OR under_review)";
/// Those of them that can't wait.
const URGENT: &str = "status:(open OR under_review) severity:(critical OR high)";
/// Events that put their client on the denylist.
const BLOCKED: &str = "blocked:true";
/// Signals that are shown.
const SIGNALS: usize = 8;

/// What the page shows.
#[derive(Clone, Debug)]
struct Overview {
    range: Range,
    severities: FacetView,
    urgent: Rows<Signal>,
    signals: Rows<Signal>,
    latest: Rows<Event>,
    attacks: TimelineView,
    services: FacetView,
    business: FacetView,
    actors: Ranking<Actor>,
    known: Vec<ServiceView>,
    protection: Protection,
    /// Events that put their client on the denylist.
    blocked: FacetView,
    stats: Stats,
}

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let range = Range::of(&visit.frame, DEFAULT);
    let (from, to) = (("from", range.from.as_str()), ("to", range.to.as_str()));
    let (attacks, within) = (("query", ATTACKS), visit.within());
    let (by_type, by_service, by_name) =
        (("by", "@rule.type"), ("facet", "service"), ("facet", "@business.name"));
    let (open, few) = (("query", OPEN), ("limit", "8"));
    let (urgent, one) = (("query", URGENT), ("limit", "1"));
    let questions = tokio::join!(
        visit.get("/v1/signals/facets", &[("facet", "severity"), open]),
        visit.rows("/v1/signals", &[open, few]),
        visit.get("/v1/events/timeline", &[by_type, attacks, from, to, ("buckets", "100"), within]),
        visit.get("/v1/events/facets", &[by_service, attacks, from, to, few, within]),
        visit.get("/v1/events/facets", &[by_name, ("query", BUSINESS), from, to, few, within]),
        visit.get("/v1/actors", &[attacks, from, to, few, within]),
        visit.get("/v1/services", &[]),
        visit.get("/v1/protection", &[]),
        visit.get("/v1/stats", &[]),
        visit.rows("/v1/signals", &[urgent, few]),
        visit.rows("/v1/events", &[attacks, from, to, one]),
        visit.get("/v1/events/facets", &[("facet", "blocked"), ("query", BLOCKED), from, to, few, within]),
    );
    let overview = Overview {
        severities: questions.0?,
        signals: questions.1?,
        attacks: questions.2?,
        services: questions.3?,
        business: questions.4?,
        actors: questions.5?,
        known: questions.6?,
        protection: questions.7?,
        blocked: questions.11?,
        stats: questions.8?,
        urgent: questions.9?,
        latest: questions.10?,
        range,
    };
    let frame = &visit.frame;
    Ok(Page::new("Overview", overview.body(frame))
        .aside(html! { (fresh::switch_until(&overview.range)) (range::choice(frame, &overview.range)) })
        .command(Command::new("picket signals").word(OPEN)))
}

impl Overview {
    fn body(&self, frame: &Frame) -> Markup {
        let attacks: u64 = self.attacks.items.iter().map(|bucket| bucket.count).sum();
        let verdict = Verdict {
            urgent: &self.urgent.items,
            count: self.open(Severity::Critical) + self.open(Severity::High),
            latest: self.latest.items.first(),
            actors: &self.actors.items,
            protection: &self.protection,
        };
        html! {
            (fresh::part("verdict", &verdict.show(frame)))
            (fresh::part("figures", &self.tiles(attacks)))
            (fresh::part("attacks", &html! {
                section.card {
                    header { h2 { "Attack traffic by type" } a href=(self.events(ATTACKS)) { "All events" } }
                    (Timeline { of: "events", by: "@rule.type", view: &self.attacks, range: &self.range, to: self.events(ATTACKS) }.show(frame))
                }
            }))
            div.columns {
                section.card.grow {
                    header { h2 { "Signals to look at" } a href=(Target::new("/signals").with("query", OPEN)) { "All open" } }
                    (fresh::part("signals", &self.signals(frame)))
                }
                section.card {
                    header { h2 { "Who attacks" } a href="/actors" { "All actors" } }
                    (fresh::part("actors", &self.actors(frame)))
                }
            }
            div.columns.three {
                section.card { header { h2 { "What is attacked" } } (fresh::part("attacked", &self.services())) }
                section.card { header { h2 { "Logins, signups, payments" } } (fresh::part("business", &self.business())) }
                section.card { header { h2 { "What Picket sees" } } (fresh::part("health", &coverage::coverage(&self.known, &self.stats, frame))) }
            }
        }
    }

    /// Signals of a severity that are open, or under review.
    fn open(&self, severity: Severity) -> u64 {
        let items = self.severities.items.iter();
        items.filter(|item| item.value.to_string() == severity.name()).map(|item| item.count).sum()
    }

    /// The events page with a query, at the time that is looked at.
    fn events(&self, query: &str) -> Target {
        Target::new("/events").with("query", query).with("from", &self.range.from).with("to", &self.range.to)
    }

    fn tiles(&self, attacks: u64) -> Markup {
        let (critical, high) = (self.open(Severity::Critical), self.open(Severity::High));
        let all: u64 = self.severities.items.iter().map(|item| item.count).sum();
        let urgent = Target::new("/signals").with("query", URGENT);
        let drops = self.loss();
        tiles(&[
            Tile {
                name: "Critical and high",
                value: html! { (grouped(critical + high)) },
                note: html! { @if critical > 0 { (badge::severity(Severity::Critical)) " " (grouped(critical)) } @else { "signals open" } },
                to: urgent.to_string(),
                loud: critical + high > 0,
            },
            Tile {
                name: "Open signals",
                value: html! { (grouped(all)) },
                note: html! { @if all == 0 { "open or under review" } @else { (self.severities()) } },
                to: Target::new("/signals").with("query", OPEN).to_string(),
                loud: false,
            },
            Tile {
                name: "Attack events",
                value: html! { (grouped(attacks)) },
                note: html! { @if self.attacks.complete { "stored in this time" } @else { "of the newest that were counted" } },
                to: self.events(ATTACKS).to_string(),
                loud: false,
            },
            Tile {
                name: "Kept out",
                value: html! { (grouped(self.protection.packets_dropped)) span.unit { " packets" } },
                note: self.kept_out(),
                to: "/protection".to_owned(),
                loud: false,
            },
            Tile {
                name: "Requests",
                value: html! { (format!("{:.0}", self.stats.rates.get("requests").copied().unwrap_or(0.0))) span.unit { "/s" } },
                note: html! { @if drops == 0 { "nothing was missed" } @else { (grouped(drops)) " missed since the start" } },
                to: String::new(),
                loud: drops > 0,
            },
        ])
    }

    /// Open signals of each severity, the worst first: `2 critical, 5 low`.
    fn severities(&self) -> String {
        let all = Severity::ALL.into_iter().map(|severity| (self.open(severity), severity.name()));
        let mut some: Vec<String> = all
            .filter(|(count, _)| *count > 0)
            .map(|(count, name)| format!("{} {name}", grouped(count)))
            .collect();
        some.reverse();
        some.join(", ")
    }

    /// Who is kept out, and what for.
    fn kept_out(&self) -> Markup {
        let Protection { denylist, interfaces, .. } = &self.protection;
        let blocked: u64 = self.blocked.items.iter().map(|item| item.count).sum();
        html! {
            (grouped(denylist.total)) " on the denylist"
            @if interfaces.is_empty() && denylist.total > 0 { "; no interface enforces it" }
            @if blocked > 0 { "; " a href=(self.events(BLOCKED)) { (grouped(blocked)) @if blocked == 1 { " request" } @else { " requests" } } " led to a block" }
        }
    }

    /// What should have been seen and was not, since the start.
    fn loss(&self) -> u64 {
        let kernel = self.stats.kernel.iter().filter(|counter| counter.loss).map(|counter| counter.total);
        let agent = self.stats.agent.iter().filter(|counter| counter.loss).map(|counter| counter.total);
        kernel.chain(agent).fold(0, u64::saturating_add)
    }

    fn signals(&self, frame: &Frame) -> Markup {
        if self.signals.items.is_empty() {
            let advice = html! { p { "A signal needs more than one odd request. Single ones are " a href="/events" { "events" } "." } };
            return empty(Icon::Check, "Nothing to look at", &advice);
        }
        // What can't wait comes first.
        let newest = self.signals.items.iter().filter(|signal| signal.severity < Severity::High);
        let shown: Vec<Signal> = self.urgent.items.iter().chain(newest).take(SIGNALS).cloned().collect();
        past::feed(frame, &shown)
    }

    fn actors(&self, frame: &Frame) -> Markup {
        if self.actors.items.is_empty() {
            return empty(Icon::Check, "Nobody", &html! { p { "No client sent an attack in this time." } });
        }
        let row = |actor: &Actor| Ranked {
            what: html! {
                (link::address(&actor.ip)) " "
                @if actor.blocked { (badge::loud("blocked")) }
                @if actor.passlisted { (badge::word("passlisted")) }
            },
            about: html! { (time::ago(frame, actor.last_seen)) " · " (most(actor)) },
            count: actor.events,
            to: self.events(&format!("client_ip:{}", actor.ip)).to_string(),
        };
        let ranked = ranked(&self.actors.items.iter().map(row).collect::<Vec<_>>());
        html! {
            (ranked)
            @if let Some(since) = self.actors.since { p.hint { "The newest attacks are counted, back to " (time::exact(frame, since)) "." } }
        }
    }

    fn services(&self) -> Markup {
        if self.services.items.is_empty() {
            return empty(Icon::Check, "Nothing", &html! { p { "No service was attacked in this time." } });
        }
        ranked(&self.counted(&self.services, "service", ATTACKS))
    }

    fn business(&self) -> Markup {
        if self.business.items.is_empty() {
            let advice = html! { p { "Logins and signups on common routes are found by themselves; others stand in " code { "[users]" } " of the configuration." } };
            return empty(Icon::Users, "None seen", &advice);
        }
        ranked(&self.counted(&self.business, "@business.name", ""))
    }

    fn counted(&self, view: &FacetView, facet: &str, query: &str) -> Vec<Ranked> {
        let row = |item: &crate::api::types::FacetCount| {
            let value = item.value.to_string();
            let query = crate::ui::terms::with(query, &crate::ui::terms::term(facet, &value));
            let what = if facet == "service" { link::service(&value) } else { link::text(&value) };
            Ranked { what, about: html! {}, count: item.count, to: self.events(&query).to_string() }
        };
        view.items.iter().map(row).collect()
    }
}

/// What an actor does, the most first.
fn most(actor: &Actor) -> String {
    let mut types: Vec<(&String, u64)> = actor.types.iter().map(|(name, count)| (name, *count)).collect();
    types.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    let names: Vec<String> =
        types.iter().take(3).map(|(name, _)| crate::event::printable(name).into_owned()).collect();
    names.join(", ")
}
