//! What an open UI costs a saturated service.

use anyhow::{Context, Result, ensure};

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

/// Who looks.
#[derive(Clone, Copy, PartialEq)]
enum Look {
    Nobody,
    Again,
    /// Somebody elsewhere: what these pages ask for is asked for.
    Elsewhere,
    /// A browser on this machine.
    Here,
}

const SIDES: [Look; 4] = [Look::Nobody, Look::Again, Look::Elsewhere, Look::Here];

impl Look {
    const fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody looks",
            Self::Again => "nobody, again",
            Self::Elsewhere => "overview, events and signals, live; drawn elsewhere",
            Self::Here => "the same in a browser on these CPUs",
        }
    }
}

fn run(ui: &UiBench) -> Result<Section> {
    let mut house = House::open(ui)?;
    let client = Cgroup::new("client")?;
    let last = machine::cpus() - 1;
    let seconds = if ui.bench.quick { 2 } else { 8 };
    let turns = ui.bench.turns(7, 3);
    ui.bench.progress(&format!("{} sides, {turns} turns of {seconds} s", SIDES.len()));
    let address = house.nginx.address.into();
    wrk::saturate(address, 1, &client, last)?;
    let measured: Vec<Vec<(Saturated, u64)>> = in_turns(turns, &mut { SIDES }, |look, turn| {
        match look {
            Look::Nobody | Look::Again => house.browser.show(&[])?,
            Look::Elsewhere => house.browser.begin_asking(&OPEN)?,
            Look::Here => house.browser.show(&OPEN)?,
        }
        let before = house.agent.cpu()?;
        let sent = wrk::saturate(address, seconds, &client, last)?;
        let agent = house.agent.cpu()? - before;
        if *look == Look::Elsewhere {
            let (answers, bytes) = house.browser.end_asking()?;
            ensure!(answers > 0 && bytes > 10_000, "{answers} answers of {bytes} bytes: nobody asked");
        }
        ui.bench.progress(&format!("turn {}: {}: {} requests/s", turn + 1, look.name(), grouped(sent.rate)));
        Ok((sent, agent))
    })?;
    house.close()?;
    let rate = |turns: &[(Saturated, u64)]| Series::of(turns.iter().map(|(sent, _)| sent.rate));
    let closed = rate(measured.first().context("a side")?);
    let mut table = Table::new(
        format!("median (least–most) of {turns} turns of {seconds} s"),
        &["", "requests/s", "of the rate with nothing shown", "agent, % of a core"],
    );
    for (look, turns) in SIDES.iter().zip(&measured) {
        let agent = Series::of(turns.iter().map(|(_, ns)| *ns as f64 / (f64::from(seconds) * 1e9)));
        table.row([
            look.name().to_owned(),
            rate(turns).show(grouped),
            rate(turns).over(&closed).show(percent),
            agent.show(percent),
        ]);
    }
    let elsewhere = SIDES.iter().position(|look| *look == Look::Elsewhere);
    let asked = elsewhere.and_then(|at| measured.get(at)).context("a side")?;
    let kept = rate(asked).over(&closed).median();
    let aims = vec![Aim {
        what: format!("an open UI, drawn elsewhere, leaves {} of the rate and more (median)", percent(AIM)),
        found: percent(kept),
        met: kept >= AIM,
    }];
    let title = "An open UI and a saturated nginx".to_owned();
    Ok(Section { title, method: METHOD.trim().replace('\n', " "), tables: vec![table], aims })
}

const METHOD: &str = "
As in “nginx, saturated”, with Picket's rules and a full store; the agent runs through all turns. Who looks usually sits elsewhere: on that side a small client asks
for what three open pages ask for, as often as they do (the overview anew every five seconds, streams of events and of signals), and draws nothing. On the last side
Chromium does, on the same CPUs as nginx, the agent and the load. The first two sides are the same: how far they are apart is the noise.
";
