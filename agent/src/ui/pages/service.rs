//! The services of a name: what they are, who asks them for what, what attacks them, how they are judged.

mod policy;

use maud::{Markup, html};
pub(in crate::ui) use policy::{set as set_policy, switch};

use super::{endpoints, services};
use crate::{
    api::{
        ApiError,
        client::segment,
        types::{Actor, EndpointView, FacetView, List, ServicePolicy, ServiceView, User},
    },
    cli::screen::grouped,
    event::printable,
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        pages::past::{self, Past},
        parts::{
            badge,
            facts::facts,
            fresh, link,
            range::{self, Range},
            table::{Ranked, ranked, table},
            time,
        },
        target::Target,
        terms,
        visit::Visit,
    },
};

/// Rows of its short lists.
const FEW: &str = "8";
/// Its endpoints, those with the most requests.
const ENDPOINTS: &str = "15";

/// What the page shows.
struct Shown {
    name: String,
    range: Range,
    past: Past,
    /// Those of the name that had requests since the agent started.
    services: Vec<ServiceView>,
    policy: Option<ServicePolicy>,
    endpoints: List<EndpointView>,
    rules: FacetView,
    actors: List<Actor>,
    users: List<User>,
}

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let frame = &visit.frame;
    let name = visit.piece("name").to_owned();
    let range = past::range(frame);
    let term = terms::term("service", &name);
    let attacks = terms::with(&term, "@matches:*");
    let (from, to, few) = (("from", range.from.as_str()), ("to", range.to.as_str()), ("limit", FEW));
    let within = visit.within();
    let policy = format!("/v1/services/{}/policy", segment(&name));
    let busiest = [("query", term.as_str()), ("sort", "requests"), ("limit", ENDPOINTS)];
    let (past, services, policy, endpoints, rules, actors, users) = tokio::join!(
        Past::of(&visit, term.clone(), &range),
        visit.get::<Vec<ServiceView>>("/v1/services", &[]),
        visit.find(&policy, &[]),
        visit.get("/v1/endpoints", &busiest),
        visit.get("/v1/events/facets", &[("facet", "@rule.id"), ("query", &attacks), from, to, few, within]),
        visit.get("/v1/actors", &[("query", &attacks), from, to, few, within]),
        visit.get("/v1/users", &[("query", &term), from, to, few, within]),
    );
    let services = services?.into_iter().filter(|service| service.name == name).collect();
    let shown = Shown {
        past: past?,
        services,
        policy: policy?,
        endpoints: endpoints?,
        rules: rules?,
        actors: actors?,
        users: users?,
        name,
        range,
    };
    Ok(shown.page(frame))
}

impl Shown {
    fn page(&self, frame: &Frame) -> Page {
        let body = html! {
            div.columns.signal {
                div.grow {
                    (fresh::part("times", &html! { (self.unseen()) (self.past.times(frame)) }))
                    (fresh::part("who", &self.who(frame)))
                    (fresh::part("endpoints", &self.endpoints(frame)))
                    (fresh::part("latest", &self.past.latest(frame)))
                }
                aside.acts.tall aria-label="About it" {
                    section.card { header { h2 { "On attacks" } } (policy::judged(frame, &self.name, self.policy.as_ref())) }
                    section.card { header { h2 { "In short" } } (fresh::part("in-short", &self.in_short(frame))) }
                    (policy::exclusions(self.policy.as_ref()))
                }
            }
        };
        let mode = self.services.first().map(|service| service.mode.as_str());
        let aside = html! { @if let Some(mode) = mode { (badge::mode(mode)) } (fresh::switch_until(&self.range)) (range::choice(frame, &self.range)) };
        let command = Command::new("picket services policy").word(&self.name);
        Page::new(printable(&self.name).into_owned(), body).aside(aside).command(command)
    }

    fn unseen(&self) -> Markup {
        html! {
            @for service in &self.services {
                @let why = services::why(service);
                @if !why.0.is_empty() { section.card { header { h2 { "Not all of it is seen: port " (service.listen.port()) } } (why) } }
            }
        }
    }

    fn in_short(&self, frame: &Frame) -> Markup {
        if self.services.is_empty() {
            return html! { p.hint { "No service of this name had requests since the agent started. What is stored about it stands beside." } };
        }
        html! { @for service in &self.services { (about(frame, service)) } }
    }

    fn endpoints(&self, frame: &Frame) -> Markup {
        let all = Target::new("/endpoints").with("query", terms::term("service", &self.name));
        html! {
            section.card {
                header { h2 { "Endpoints" } a href=(all) { "All endpoints" } }
                @if self.endpoints.items.is_empty() { p.hint { "A route is listed once the service has answered requests to it as if it was there." } } @else {
                    (table("Endpoints", &endpoints::heads(), &html! { @for view in &self.endpoints.items { (endpoints::row(frame, view, false)) } }))
                }
            }
        }
    }

    /// Rules that fire, who attacks, who uses it.
    fn who(&self, frame: &Frame) -> Markup {
        let events = |facet: &str, value: &str| {
            let query = terms::with(&terms::term("service", &self.name), &terms::term(facet, value));
            let to = Target::new("/events").with("query", query);
            to.with("from", &self.range.from).with("to", &self.range.to).to_string()
        };
        let rule = |item: &crate::api::types::FacetCount| {
            let id = item.value.to_string();
            Ranked { what: link::text(&id), about: html! {}, count: item.count, to: events("@rule.id", &id) }
        };
        let actor = |actor: &Actor| Ranked {
            what: html! { (link::address(&actor.ip)) " " @if actor.blocked { (badge::loud("blocked")) } },
            about: time::ago(frame, actor.last_seen),
            count: actor.events,
            to: events("client_ip", &actor.ip),
        };
        let user = |user: &User| Ranked {
            what: html! { (link::user(&user.id)) " " @if user.blocked { (badge::loud("on the denylist")) } },
            about: html! {},
            count: user.events,
            to: events("user.id", &user.id),
        };
        let short = |rows: Vec<Ranked>, none: &str| html! { @if rows.is_empty() { p.hint { (none) } } @else { (ranked(&rows)) } };
        html! {
            div.columns.three {
                section.card { header { h2 { "Rules that fire" } } (short(self.rules.items.iter().map(rule).collect(), "None in this time.")) }
                section.card { header { h2 { "Who attacks" } } (short(self.actors.items.iter().map(actor).collect(), "Nobody in this time.")) }
                section.card { header { h2 { "Users" } } (short(self.users.items.iter().map(user).collect(), "None that events name, in this time.")) }
            }
        }
    }
}

/// What is known of one that listens.
fn about(frame: &Frame, service: &ServiceView) -> Markup {
    let maybe = |text: Option<&String>| html! { @if let Some(text) = text { (link::text(text)) } };
    let recent = |show: fn(&crate::api::types::RecentView) -> String| html! { @if let Some(recent) = &service.recent { (show(recent)) } };
    facts(&[
        ("Listens on", html! { (service.listen) }),
        (
            "Requests",
            html! { (grouped(service.requests)) @if let Some(at) = service.last_seen { ", the last " (time::ago(frame, at)) } },
        ),
        ("Rate", recent(|recent| format!("{:.1}/s in the last {}", recent.rate, minutes(recent.seconds)))),
        (
            "Failed",
            recent(|recent| format!("{} of answers, 5xx", services::share(recent.failed, recent.answers))),
        ),
        (
            "Latency",
            html! {
                @if let Some(latency) = service.recent.as_ref().and_then(|recent| recent.latency) {
                    "p50 " (time::micros(latency.p50_us)) ", p95 " (time::micros(latency.p95_us)) ", p99 " (time::micros(latency.p99_us))
                }
            },
        ),
        (
            "Attacks",
            html! { @if !service.attacks.is_empty() { (badge::counts(service.attacks.iter().map(|(name, count)| (name.as_str(), *count)))) } },
        ),
        ("TLS", services::tls(service)),
        ("Process", html! { @if let Some(pid) = service.pid { (pid) } @else { "not found" } }),
        ("Executable", maybe(service.exe.as_ref())),
        ("Command", html! { @if !service.cmdline.is_empty() { (link::raw(&service.cmdline.join(" "))) } }),
        ("Container", maybe(service.container_id.as_ref())),
        ("Pod", maybe(service.pod_uid.as_ref())),
        ("Control group", link::text(&service.cgroup)),
    ])
}

fn minutes(seconds: u64) -> String {
    crate::cli::duration::short(std::time::Duration::from_secs(seconds))
}
