//! What an open UI costs a saturated service.

use anyhow::{Context, Result, ensure};

use super::{Part, UiBench, house::House};
use crate::bench::{
    figures::Series,
    ground::Cgroup,
    load::wrk,
    machine,
    report::{Aim, Section, Table, grouped, percent},
};

/// See the module.
pub const PART: Part = Part { name: "cost", about: "nginx, saturated, with an open UI and without", run };

/// Aimed at: the rate kept, of that with the UI closed. As near as two medians on this kind of machine are to each other.
const AIM: f64 = 0.97;
/// Pages side by side, live.
const OPEN: [&str; 3] = ["/", "/events", "/signals"];
/// The browser here is measured once in so many turns: it is no aim, and takes longest.
const HERE_EACH: usize = 4;

/// Who looks.
#[derive(Clone, Copy, PartialEq)]
enum Look {
    Nobody,
    /// Somebody elsewhere: what these pages ask for is asked for.
    Elsewhere,
    /// A browser on this machine.
    Here,
}

/// What is compared with nobody before and after it.
const SIDES: [Look; 3] = [Look::Nobody, Look::Elsewhere, Look::Here];

impl Look {
    const fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody looks, either",
            Self::Elsewhere => "overview, events and signals, live; drawn elsewhere",
            Self::Here => "the same in a browser on these CPUs",
        }
    }
}

/// One turn of one side.
#[derive(Clone, Copy)]
struct Turn {
    /// Requests a second.
    rate: f64,
    /// The agent's share of a core.
    agent: f64,
}

/// nginx under load, with somebody who looks or not.
struct Bench<'a> {
    ui: &'a UiBench,
    house: House,
    client: Cgroup,
    seconds: u32,
}

impl Bench<'_> {
    fn turn(&mut self, look: Look) -> Result<Turn> {
        let Self { ui, house, client, seconds } = self;
        let (address, last) = (house.nginx.address.into(), machine::cpus() - 1);
        match look {
            Look::Nobody => house.browser.show(&[])?,
            Look::Elsewhere => house.browser.begin_asking(&OPEN)?,
            Look::Here => house.browser.show(&OPEN)?,
        }
        // What the turn before leaves behind, a browser's closed pages for one, is not this one's.
        wrk::saturate(address, 1, client, last)?;
        let before = house.agent.cpu()?;
        let sent = wrk::saturate(address, *seconds, client, last)?;
        let agent = (house.agent.cpu()? - before) as f64 / (f64::from(*seconds) * 1e9);
        match look {
            Look::Nobody => {}
            Look::Elsewhere => {
                let (answers, bytes) = house.browser.end_asking()?;
                ensure!(answers > 0 && bytes > 10_000, "{answers} answers of {bytes} bytes: nobody asked");
            }
            Look::Here => house.browser.show(&[])?,
        }
        ui.bench.progress(&format!("{}: {} requests/s", look.name(), grouped(sent.rate)));
        Ok(Turn { rate: sent.rate, agent })
    }
}

/// Turns of a side, each with the rate of nobody before and after it.
#[derive(Default)]
struct Side {
    turns: Vec<Turn>,
    closed: Vec<f64>,
}

impl Side {
    fn rates(&self) -> Series {
        Series::of(self.turns.iter().map(|turn| turn.rate))
    }

    fn agent(&self) -> Series {
        Series::of(self.turns.iter().map(|turn| turn.agent))
    }

    /// The rate kept, turn by turn.
    fn kept(&self) -> Series {
        self.rates().over(&Series::of(self.closed.iter().copied()))
    }
}

fn run(ui: &UiBench) -> Result<Section> {
    let seconds = if ui.bench.quick { 2 } else { 5 };
    let turns = ui.bench.turns(24, 2);
    ui.bench.progress(&format!("{turns} turns of {seconds} s on each side, with nobody in between"));
    let mut bench = Bench { ui, house: House::open(ui)?, client: Cgroup::new("client")?, seconds };
    let mut sides = SIDES.map(|look| (look, Side::default()));
    let mut closed = vec![bench.turn(Look::Nobody)?];
    for turn in 0..turns {
        ui.bench.progress(&format!("turn {} of {turns}", turn + 1));
        sides.reverse();
        for (look, side) in &mut sides {
            if *look == Look::Here && turn % HERE_EACH != 0 {
                continue;
            }
            let before = *closed.last().context("a turn before")?;
            side.turns.push(bench.turn(*look)?);
            let after = bench.turn(Look::Nobody)?;
            side.closed.push(f64::midpoint(before.rate, after.rate));
            closed.push(after);
        }
    }
    bench.house.close()?;

    let mut table = Table::new(
        format!("median (least–most) of turns of {seconds} s"),
        &["", "turns", "requests/s", "of the rate with the UI closed", "agent, % of a core"],
    );
    let closed = Side { turns: closed, closed: Vec::new() };
    let mut row = |name: &str, side: &Side, kept: String| {
        table.row([
            name.to_owned(),
            side.turns.len().to_string(),
            side.rates().show(grouped),
            kept,
            side.agent().show(percent),
        ]);
    };
    row("nobody looks", &closed, String::new());
    let mut kept = None;
    for look in SIDES {
        let (_, side) = sides.iter().find(|(side, _)| *side == look).context("a side")?;
        row(look.name(), side, side.kept().show(percent));
        if look == Look::Elsewhere {
            kept = Some(side.kept().median());
        }
    }
    let kept = kept.context("a side")?;
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
Chromium does, on the same CPUs as nginx, the agent and the load. Each turn is compared with the mean of the turns of nobody before and after it; where nobody looks,
either, the same comparison says how much of a difference is noise. Before each turn a second is not counted.
";
