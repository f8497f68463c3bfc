//! Services: everything that answers HTTP on this host.

use maud::{Markup, html};

use crate::{
    api::{
        ApiError,
        types::{RecentView, ServiceView, Stats},
    },
    cli::screen::grouped,
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        pages::service::switch,
        parts::{
            badge,
            empty::empty,
            fresh,
            icon::Icon,
            link,
            table::{Column, list},
            tiles::{Tile, tiles},
            time,
        },
        target::Target,
        terms,
        visit::Visit,
    },
};

/// One answer in so many that fails is worth a look.
const FAILING: u64 = 100;

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let (services, stats) = tokio::join!(
        visit.get::<Vec<ServiceView>>("/v1/services", &[]),
        visit.get::<Stats>("/v1/stats", &[])
    );
    let (services, stats) = (services?, stats?);
    let frame = &visit.frame;
    let body = html! {
        p.message { "Everything that answered HTTP or TLS on this host since the agent started, found by its listening socket; the busiest first. Rates are of the last five minutes." }
        (fresh::part("services", &html! {
            @if services.is_empty() { section.card.list { (nothing()) } } @else {
                (figures(&services))
                section.card.list { (table(frame, &services)) }
            }
            (unseen(&services, &stats))
        }))
    };
    Ok(Page::new("Services", body).aside(fresh::switch()).command(Command::new("picket services")))
}

fn nothing() -> Markup {
    let advice = html! {
        p { "A service is listed from its first HTTP/1 request or TLS handshake on. Try: " code { "curl -s http://127.0.0.1/" } }
        p { "Requests, but nothing here? See " code { "sudo picket stats" } " and " code { "sudo picket doctor" } "." }
    };
    empty(Icon::Services, "No requests yet", &advice)
}

fn figures(services: &[ServiceView]) -> Markup {
    let recent = || services.iter().filter_map(|service| service.recent.as_ref());
    let rate: f64 = recent().map(|recent| recent.rate).sum();
    let (failed, answers) =
        recent().fold((0, 0), |(failed, answers), recent| (failed + recent.failed, answers + recent.answers));
    let blind = services.iter().filter(|service| is_unseen(service)).count() as u64;
    let off = services.iter().filter(|service| service.mode == "off").count() as u64;
    let tile = |name, value: Markup, note: &str, loud| Tile {
        name,
        value,
        note: html! { (note) },
        to: String::new(),
        loud,
    };
    tiles(&[
        tile("Services", html! { (grouped(services.len() as u64)) }, "had requests", false),
        tile("Requests", html! { (format!("{rate:.1}")) span.unit { "/s" } }, "in the last minutes", false),
        tile("Failed", html! { (share(failed, answers)) }, "of answers, 5xx", false),
        tile("Not judged", html! { (grouped(off)) }, "switched off", off > 0),
        tile("Not all seen", html! { (grouped(blind)) }, "the reasons stand below", blind > 0),
    ])
}

/// `1.2 %`.
pub(in crate::ui) fn share(part: u64, whole: u64) -> String {
    if part == 0 {
        return "0 %".to_owned();
    }
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let share = part as f64 * 100.0 / whole.max(1) as f64;
    if share < 0.1 { "<0.1 %".to_owned() } else { format!("{share:.1} %") }
}

fn table(frame: &Frame, services: &[ServiceView]) -> Markup {
    const COLUMNS: [Column; 8] = [
        Column::new("Service", "wide"),
        Column::new("Requests/s", "num"),
        Column::new("5xx", "num less"),
        Column::new("p95", "num less"),
        Column::new("Attacks", "less"),
        Column::new("Signals", "num less"),
        Column::new("TLS", "less"),
        Column::new("On attacks", ""),
    ];
    list("Services", &COLUMNS, &html! { @for service in services { (row(frame, service)) } })
}

fn row(frame: &Frame, service: &ServiceView) -> Markup {
    let of = terms::term("service", &service.name);
    let attacks = Target::new("/events").with("query", terms::with(&of, "@matches:*"));
    let open = Target::new("/signals").with("query", terms::with(&of, "status:(open OR under_review)"));
    html! {
        tr data-id=(format!("{} {}", service.name, service.listen)) {
            td.wide {
                a.open href=(link::service_path(&service.name)) { (link::text(&service.name)) }
                p.sub { "port " (service.listen.port()) (place(service)) }
            }
            (recent(service.recent.as_ref()))
            td.less { @if service.attacks.is_empty() { span.none { "—" } } @else { a href=(attacks) { (grouped(service.attacks.values().sum())) } } }
            td.num.less { @if service.open_signals == 0 { span.none { "—" } } @else { a href=(open) { (grouped(service.open_signals)) } } }
            td.less { (tls(service)) }
            td.acting {
                (badge::mode(&service.mode))
                (switch(frame, &service.name, service.set.as_ref()))
                @if let Some(set) = &service.set {
                    p.sub { "set to " (set.mode.name()) " by " (link::text(&set.by)) " " (time::ago(frame, set.since)) }
                } @else if service.policy != "default" { p.sub { "policy " (link::text(&service.policy)) } }
            }
        }
    }
}

/// Where it runs: container, pod, executable.
fn place(service: &ServiceView) -> Markup {
    html! {
        @if let Some(id) = &service.container_id { " · container " (link::text(&id.chars().take(12).collect::<String>())) }
        @if let Some(pod) = &service.pod_uid { " · pod " (link::text(pod)) }
        @if let Some(exe) = &service.exe { " · " (link::text(exe)) }
        @if service.pid.is_none() { " · no process was found" }
    }
}

fn recent(recent: Option<&RecentView>) -> Markup {
    let Some(recent) = recent else {
        return html! { td.num { span.none { "—" } } td.num.less { span.none { "—" } } td.num.less { span.none { "—" } } };
    };
    html! {
        td.num { (format!("{:.1}", recent.rate)) }
        td.num.less { @if recent.failed.saturating_mul(FAILING) >= recent.answers && recent.failed > 0 { span.failed { (share(recent.failed, recent.answers)) } } @else { (share(recent.failed, recent.answers)) } }
        td.num.less { @if let Some(latency) = recent.latency { (time::micros(latency.p95_us)) } @else { span.none { "—" } } }
    }
}

/// What of its connections is seen, in a word.
pub(in crate::ui) fn tls(service: &ServiceView) -> Markup {
    let http2 = service.http2.as_ref().map_or(0, |http2| http2.clear + http2.tls);
    html! {
        @if service.tls.is_none() && http2 == 0 { span.none { "none" } }
        @if let Some(tls) = &service.tls {
            @if tls.unseen == 0 { "all read" } @else if tls.seen == 0 { (badge::loud("not read")) } @else { (badge::loud("not all read")) }
        }
        @if http2 > 0 { " " (badge::loud("HTTP/2")) }
    }
}

/// Whether requests of it may go unseen.
fn is_unseen(service: &ServiceView) -> bool {
    service.tls.as_ref().is_some_and(|tls| tls.unseen > 0)
        || service.http2.as_ref().is_some_and(|http2| http2.clear + http2.tls > 0)
}

/// What is not seen of services, why, and what to do.
fn unseen(services: &[ServiceView], stats: &Stats) -> Markup {
    let why_not = stats.tls.as_ref().and_then(|tls| tls.why_not.as_deref());
    let blind: Vec<&ServiceView> = services.iter().filter(|service| is_unseen(service)).collect();
    html! {
        @if why_not.is_some() || !blind.is_empty() {
            section.card {
                header { h2 { "What is not seen" } }
                @if let Some(why) = why_not { p { (link::text(why)) } }
                @for service in blind { div.found { h3 { (link::service(&service.name)) ", port " (service.listen.port()) } (why(service)) } }
            }
        }
    }
}

/// Why not all of a service is seen; nothing where all is.
pub(in crate::ui) fn why(service: &ServiceView) -> Markup {
    html! {
        @if let Some(unread) = tls_unread(service) {
            p { (unread) }
            @if let Some(advice) = service.tls.as_ref().and_then(|tls| tls.advice.as_ref()) { p.hint { "What to do: " (crate::event::printable(advice)) } }
        }
        @if let Some(unread) = http2_unread(service) {
            p { (unread) "." }
            p.hint { "What to do: let the proxy before it speak HTTP/1.1 to it, or switch HTTP/2 off there." }
        }
    }
}

/// The same in a sentence for each reason, without what to do.
pub(in crate::ui) fn unread(service: &ServiceView) -> Vec<String> {
    [tls_unread(service), http2_unread(service)].into_iter().flatten().collect()
}

fn tls_unread(service: &ServiceView) -> Option<String> {
    let tls = service.tls.as_ref().filter(|tls| tls.unseen > 0)?;
    let why = tls.why.as_ref().map(|why| format!(": {}", crate::event::printable(why))).unwrap_or_default();
    Some(format!("{} over TLS not read{why}", connections(tls.unseen)))
}

fn http2_unread(service: &ServiceView) -> Option<String> {
    let count = service.http2.as_ref().map(|http2| http2.clear + http2.tls).filter(|count| *count > 0)?;
    Some(format!("{} with HTTP/2, which is recognised and not read", connections(count)))
}

fn connections(count: u64) -> String {
    if count == 1 { "1 connection".to_owned() } else { format!("{} connections", grouped(count)) }
}
