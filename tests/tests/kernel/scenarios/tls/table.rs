//! What an agent reports of services that speak TLS, beside what was sent: the table of `docs/tls.md`.
//! With `PICKET_TLS_STATS` set, the agent's counters too.

use anyhow::{Result, anyhow, ensure};
use picket_tests::rates::Reported;

use super::Stage;
use crate::agent::{Installation, Report};
use crate::client::tls::patterns::{OLDER, Pattern};
use crate::client::tls::shapes;
use crate::ledger::Ledger;
use crate::servers::tls::{Row, UnderWay};
use crate::site::Site;

/// Differences named of each pattern.
const NAMED: usize = 6;

/// Every request is reported once with the right client port, service and status; of a service that the table calls
/// unseen none is.
pub fn compare(site: &Site, row: &'static Row) -> Result<Vec<String>> {
    let stage = Stage::new(site, row)?;
    let load = stage.load();
    let mut older = load.open_older()?;
    let installation = Installation::new(site, "picket")?;
    // An agent built for debugging is slower than what is sent here in records of a few bytes.
    installation.configure("[capture]\nring_size = \"64 MiB\"\n")?;
    let agent = installation.start()?;
    let mut parts = Vec::new();
    // First, while nothing has been seen of the service yet.
    parts.push((Pattern::Older.name(), load.with(&mut older)?));
    for pattern in Pattern::ALL.into_iter().filter(|pattern| *pattern != Pattern::Older) {
        parts.push((pattern.name(), stage.load().run(pattern)?));
    }
    let mut shaped = Ledger::default();
    shapes::every_shape(&stage.server, &stage.client, row.gives, &mut shaped)?;
    parts.push(("shapes", shaped));

    let mut all = Ledger::default();
    for (_, ledger) in &parts {
        all.append(ledger.clone());
    }
    let missed = if row.under_way == UnderWay::Seen { 0 } else { OLDER };
    if row.seen {
        agent.wait_for(all.len() - missed);
    }
    if row.under_way == UnderWay::Counted {
        let counted = installation.stats()?.kernel("tls_reads_under_way")?;
        ensure!(counted == missed as u64, "{counted} reads under way were counted, not {missed}");
    }
    let stats = installation.stats().map_or_else(|error| format!("{error:#}"), |stats| stats.to_string());
    // The table is worth having also when the agent does not end as it should.
    let output = agent.output().clone();
    let stopped = agent.stop();
    let reports = output.from(0).iter().map(|line| Report::parse(line)).collect::<Result<Vec<_>>>()?;
    let reported = Reported::new(reports.iter().map(|report| report.at("")));
    let mut lines = vec![row.library.to_owned()];
    let mut whole = true;
    let mut differences = Vec::new();
    for (name, ledger) in &parts {
        let expected = ledger.expected().collect::<Vec<_>>();
        let rates = reported.rates(&expected);
        let missed = if *name == Pattern::Older.name() { missed } else { 0 };
        whole &= if row.seen { rates.is_whole_but(missed) } else { rates.captured == 0 };
        lines.push(format!("{:16}{name:16}{rates}", row.name));
        if row.seen {
            differences.extend(reported.differences(&expected).take(NAMED));
        }
    }
    let table = lines.join("\n");
    let why = if row.seen { "not all was reported rightly" } else { "reported, though it is called unseen" };
    ensure!(whole, "{why}\nstats: {stats}\n{}\n{table}", differences.join("\n"));
    stopped.map_err(|error| anyhow!("{error:#}\n{table}"))?;
    if row.seen {
        // Every field, and nothing that was never sent.
        let missing = if missed == 0 {
            all.check(&reports).map(|()| 0)
        } else {
            all.check_with_loss(&reports).map(|(missing, _)| missing)
        };
        let missing = missing.map_err(|error| anyhow!("{error:#}\n{table}"))?;
        ensure!(missing == missed, "{missing} requests are missing\n{table}");
    }
    if std::env::var_os("PICKET_TLS_STATS").is_some() {
        lines.push(stats);
    }
    Ok(lines)
}
