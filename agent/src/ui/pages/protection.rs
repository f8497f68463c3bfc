//! Protection: who is kept out and who never is, what does that by itself, and what it did.

pub mod blocking_page;
mod lists;
mod responses;

pub(in crate::ui) use lists::{show_denylist as denylist, show_passlist as passlist};
use maud::{Markup, html};

use crate::{
    api::{
        ApiError,
        types::{AuditView, Denylist, DetectionRuleView, List, PassView, Protection, Role},
    },
    cli::screen::grouped,
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        pages::respond,
        parts::{
            badge, fresh, tabs,
            tiles::{Tile, tiles},
        },
        visit::Visit,
    },
};

/// Protection, and its lists by themselves.
const TABS: [(&str, &str); 3] = [
    ("Protection", "/protection"),
    ("Denylist", "/protection/denylist"),
    ("Passlist", "/protection/passlist"),
];
/// Entries of each list that are shown.
const FEW: usize = 15;
/// What was done lately.
const LATELY: &str = "20";

/// What the page shows.
struct Shown {
    protection: Protection,
    denylist: Denylist,
    passlist: Vec<PassView>,
    rules: List<DetectionRuleView>,
    done: List<AuditView>,
}

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let frame = &visit.frame;
    let limit = FEW.to_string();
    let (protection, denylist, passlist, rules, done) = tokio::join!(
        visit.get("/v1/protection", &[]),
        visit.get("/v1/denylist", &[("limit", limit.as_str())]),
        visit.get("/v1/passlist", &[]),
        visit.get("/v1/detection/rules", &[]),
        visit.get("/v1/audit", &[("who", "picket"), ("limit", LATELY)]),
    );
    let shown = Shown {
        protection: protection?,
        denylist: denylist?,
        passlist: passlist?,
        rules: rules?,
        done: done?,
    };
    let command = Command::new("picket denylist").option("--limit", &limit);
    Ok(Page::new("Protection", shown.body(frame)).aside(fresh::switch()).command(command))
}

impl Shown {
    fn body(&self, frame: &Frame) -> Markup {
        html! {
            (tabs::tabs(frame, &TABS))
            (fresh::part("figures", &self.figures()))
            div.columns.signal {
                div.grow {
                    (fresh::part("denylist", &lists::newest(frame, &self.denylist)))
                    (fresh::part("passlist", &lists::few(frame, &self.passlist)))
                    (fresh::part("responses", &responses::automatic(&self.protection.respond, &self.rules.items)))
                    (blocking_page::card(&self.protection.page))
                    (fresh::part("lately", &responses::lately(frame, &self.done.items)))
                }
                aside.acts.tall aria-label="What you can do" {
                    @if frame.may(Role::Responder) { (acts(frame)) } @else {
                        section.card { p.hint { "To block, log in as a responder: " code { "sudo picket ui login --role responder" } } }
                    }
                }
            }
        }
    }

    fn figures(&self) -> Markup {
        let Protection {
            interfaces,
            packets_dropped,
            packets_passed,
            denylist,
            capacity,
            passlist,
            respond,
            ..
        } = &self.protection;
        let tile =
            |name, value: Markup, note: Markup| Tile { name, value, note, to: String::new(), loud: false };
        let nowhere = interfaces.is_empty();
        let kinds = [
            (denylist.addresses, capacity.addresses, "address", "addresses"),
            (denylist.networks, capacity.networks, "network", "networks"),
            (denylist.users, capacity.users, "user", "users"),
        ];
        let room = kinds.map(|(_, room, _, many)| format!("{} {many}", grouped(room))).join(", ");
        let held: Vec<String> = kinds
            .iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, _, one, many)| {
                format!("{} {}", grouped(*count), if *count == 1 { one } else { many })
            })
            .collect();
        let full = kinds.iter().any(|(count, room, ..)| count.saturating_mul(10) >= room.saturating_mul(9));
        let kept = html! {
            span title=(format!("There is room for {room}.")) { @if held.is_empty() { "nobody" } @else { (held.join(", ")) } }
            @if full { " " (badge::loud("nearly full")) }
        };
        let passed = html! { @if *packets_passed > 0 { (grouped(*packets_passed)) " let through by the passlist" } @else { "by XDP, before the network stack" } };
        let names: Vec<String> =
            interfaces.iter().map(|interface| format!("{} ({})", interface.name, interface.mode)).collect();
        let said = if nowhere { "nothing is dropped: see below".to_owned() } else { names.join(", ") };
        let automatic = if respond.enabled {
            format!("{} attacks in {} s block an address", respond.events, respond.window_seconds)
        } else {
            "[respond] is not enabled".to_owned()
        };
        let tiles = tiles(&[
            tile("Packets dropped", html! { (grouped(*packets_dropped)) }, passed),
            Tile { loud: full, ..tile("On the denylist", html! { (grouped(denylist.total)) }, kept) },
            Tile {
                loud: nowhere && denylist.total > denylist.users,
                ..tile("Interfaces", html! { (interfaces.len()) }, html! { (crate::event::printable(&said)) })
            },
            tile("On the passlist", html! { (grouped(*passlist)) }, html! { "never blocked" }),
            tile(
                "Blocks by itself",
                html! { @if respond.enabled { "on" } @else { "off" } },
                html! { (automatic) },
            ),
        ]);
        html! {
            (tiles)
            @if nowhere {
                section.card.wrong {
                    p { strong { "No interface enforces the denylist." } " Entries are kept and shown, their events are marked, and nothing is dropped." }
                    p { "Start the agent with " code { "picket run --deny IFACE" } ", or set " code { "[deny] interfaces" } " in its configuration." }
                }
            }
        }
    }
}

fn acts(frame: &Frame) -> Markup {
    let (block, pass) = respond::anybody(frame);
    html! {
        section.card { header { h2 { "Block" } } (block) }
        section.card { header { h2 { "Never block" } } (pass) }
    }
}
