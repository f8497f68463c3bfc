//! Every page, with all those events behind it.

use anyhow::{Context, Result};

use super::{Part, UiBench, browser::Visit, house::House};
use crate::bench::{
    figures::Series,
    report::{Aim, Section, Table, grouped},
};

/// See the module.
pub const PART: Part =
    Part { name: "pages", about: "every page: first byte, drawn, weight, in a real browser", run };

/// Aimed at: milliseconds until the first byte, and until all is drawn, at p95.
const FIRST_BYTE: f64 = 150.0;
const DRAWN: f64 = 500.0;
/// Aimed at: KiB of a page with all that it loads.
const WEIGHT: f64 = 200.0;

/// Pages, with what people ask for there. Where it ends with `*`, the newest row of that list is opened.
const PAGES: [&str; 43] = [
    "/",
    "/?from=-30d",
    "/services",
    "/services/*",
    "/services/shop",
    "/signals",
    "/signals?from=-30d",
    "/signals?from=-30d&query=severity:high",
    "/signals?from=-30d*",
    "/events",
    "/events?from=-30d",
    "/events?from=-30d&query=service:shop+@rule.type:sql_injection",
    "/events?from=-30d&query=service:api+@status:[500+TO+599]",
    "/events?from=-30d&query=client_ip:203.0.12.7",
    "/events?from=-30d&query=@rule.id:picket-ssrf-019",
    "/events?from=-1h",
    "/events*",
    "/endpoints",
    "/actors",
    "/actors?from=-30d",
    "/actors*",
    "/actors?from=-30d*",
    "/users",
    "/users?from=-30d",
    "/users*",
    "/users?from=-30d*",
    "/rules",
    "/rules?from=-30d",
    "/rules*",
    "/rules/detection",
    "/rules/detection*",
    "/rules/try?past=yes",
    "/rules/exclusions",
    "/rules/exclusions/new",
    "/rules/edit",
    "/rules/detection/edit",
    "/protection",
    "/protection/denylist",
    "/protection/passlist",
    "/settings",
    "/settings/tokens",
    "/settings/notifications",
    "/settings/kernel",
];

fn run(ui: &UiBench) -> Result<Section> {
    let mut house = House::open(ui)?;
    let rounds = ui.bench.turns(20, 3);
    ui.bench.progress(&format!("{} pages, {rounds} rounds", PAGES.len()));
    let mut table = Table::new(
        format!(
            "{rounds} visits each, every one with empty caches; milliseconds from the moment the page is asked for"
        ),
        &["page", "first byte p50", "p95", "drawn p50", "p95", "KiB"],
    );
    let (mut every_first, mut every_drawn, mut heaviest) = (Series::default(), Series::default(), 0.0_f64);
    let (mut slowest_first, mut slowest_drawn) = (("", 0.0), ("", 0.0));
    let path = |house: &mut House, page: &str| match page.strip_suffix('*') {
        None => Ok(page.to_owned()),
        Some(list) => {
            let rows = house.browser.rows(list.trim_end_matches('/'))?;
            rows.first().cloned().with_context(|| format!("{list} has no rows"))
        }
    };
    let paths = PAGES.iter().map(|page| path(&mut house, page)).collect::<Result<Vec<String>>>()?;
    // One after the other, round by round: what disturbs the machine for a moment disturbs no page alone.
    let mut visited: Vec<Vec<Visit>> = vec![Vec::new(); PAGES.len()];
    for round in 0..rounds {
        for (path, visits) in paths.iter().zip(&mut visited) {
            visits.push(house.browser.visit(path)?);
        }
        ui.bench.progress(&format!("round {} of {rounds}", round + 1));
    }
    for (page, visits) in PAGES.into_iter().zip(visited) {
        let first = Series::of(visits.iter().map(|visit| visit.first_byte));
        let drawn = Series::of(visits.iter().map(|visit| visit.drawn));
        let weight = Series::of(visits.iter().map(|visit| visit.bytes / 1024.0)).max();
        heaviest = heaviest.max(weight);
        for (all, one, slowest) in
            [(&mut every_first, &first, &mut slowest_first), (&mut every_drawn, &drawn, &mut slowest_drawn)]
        {
            one.values().iter().for_each(|value| all.push(*value));
            if one.percentile(0.95) > slowest.1 {
                *slowest = (page, one.percentile(0.95));
            }
        }
        let row = [first.median(), first.percentile(0.95), drawn.median(), drawn.percentile(0.95), weight]
            .map(grouped);
        table.row([format!("`{page}`")].into_iter().chain(row));
    }
    let p95 = [every_first.percentile(0.95), every_drawn.percentile(0.95)].map(grouped);
    table.row([
        "all".to_owned(),
        grouped(every_first.median()),
        p95[0].clone(),
        grouped(every_drawn.median()),
        p95[1].clone(),
        grouped(heaviest),
    ]);
    house.close()?;
    let aim = |what: &str, (page, found): (&str, f64), most: f64| Aim {
        what: format!("{what} at p95 under {} ms, on every page", grouped(most)),
        found: format!("{} ms at most (`{page}`)", grouped(found)),
        met: found < most,
    };
    Ok(Section {
        title: format!("The web UI with {} events stored", grouped(ui.events as f64)),
        method: METHOD.trim().replace('\n', " "),
        tables: vec![table],
        aims: vec![
            aim("first byte", slowest_first, FIRST_BYTE),
            aim("fully drawn", slowest_drawn, DRAWN),
            Aim {
                what: format!("a page with all that it loads is under {} KiB", grouped(WEIGHT)),
                found: format!("{} KiB at most", grouped(heaviest)),
                met: heaviest < WEIGHT,
            },
        ],
    })
}

const METHOD: &str = "
Chromium, headless, on the same machine as the agent. The events are spread over thirty days, the newest an hour old at most when the
store has just been filled; those of the newest fiftieth have all their JSON, the others what identifies them. 2,000 signals. A visit is a new
browser profile: connection, style sheet, script and page are fetched anew. Drawn: the load event is over and the largest piece painted.
A page whose name ends with `*` is that of the newest row of the list.
";
