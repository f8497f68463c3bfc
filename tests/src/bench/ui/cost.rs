//! What an open UI costs a saturated service.

use anyhow::{Context, Result};

use super::{Part, UiBench, house::House};
use crate::bench::{
    figures::{Series, in_turns},
    ground::Cgroup,
    load::wrk::{self, Saturated},
    machine,
    report::{Aim, Section, Table, grouped, percent},
};

/// See the module.
pub const PART: Part = Part { name: "cost", about: "nginx, saturated, with an open UI and without", run };

/// Aimed at: the rate kept, of that with the UI closed. As near as two medians on this kind of machine are to each other.
const AIM: f64 = 0.97;
/// Pages side by side, live.
const OPEN: [&str; 3] = ["/", "/events", "/signals"];
const SIDES: [(&str, &[&str]); 3] = [
    ("the browser shows nothing", &[]),
    ("nothing, again", &[]),
    ("overview, events and signals, live", &OPEN),
];

fn run(ui: &UiBench) -> Result<Section> {
    let mut house = House::open(ui)?;
    let client = Cgroup::new("client")?;
    let last = machine::cpus() - 1;
    let seconds = if ui.bench.quick { 2 } else { 8 };
    let turns = ui.bench.turns(7, 3);
    ui.bench.progress(&format!("{} sides, {turns} turns of {seconds} s", SIDES.len()));
    let address = house.nginx.address.into();
    wrk::saturate(address, 1, &client, last)?;
    let measured: Vec<Vec<(Saturated, u64)>> = in_turns(turns, &mut { SIDES }, |(name, paths), turn| {
        house.browser.show(paths)?;
        let before = house.agent.cpu()?;
        let sent = wrk::saturate(address, seconds, &client, last)?;
        let agent = house.agent.cpu()? - before;
        ui.bench.progress(&format!("turn {}: {name}: {} requests/s", turn + 1, grouped(sent.rate)));
        Ok((sent, agent))
    })?;
    house.close()?;
    let rate = |turns: &[(Saturated, u64)]| Series::of(turns.iter().map(|(sent, _)| sent.rate));
    let closed = rate(measured.first().context("a side")?);
    let mut table = Table::new(
        format!("median (least–most) of {turns} turns of {seconds} s"),
        &["", "requests/s", "of the rate with nothing shown", "agent, % of a core"],
    );
    for ((name, _), turns) in SIDES.iter().zip(&measured) {
        let agent = Series::of(turns.iter().map(|(_, ns)| *ns as f64 / (f64::from(seconds) * 1e9)));
        table.row([
            (*name).to_owned(),
            rate(turns).show(grouped),
            rate(turns).over(&closed).show(percent),
            agent.show(percent),
        ]);
    }
    let kept = rate(measured.last().context("a side")?).over(&closed).median();
    let aims = vec![Aim {
        what: format!("an open UI leaves {} of the rate and more (median)", percent(AIM)),
        found: percent(kept),
        met: kept >= AIM,
    }];
    let title = "An open UI and a saturated nginx".to_owned();
    Ok(Section { title, method: METHOD.trim().replace('\n', " "), tables: vec![table], aims })
}

const METHOD: &str = "
As in “nginx, saturated”, with Picket's rules and a full store; the agent runs through all turns. Chromium runs in all turns, too, on the same CPUs, and is part of
what an open UI costs here; elsewhere it runs on the desk of the person who looks. The first two sides are the same: how far they are apart is the noise.
";
