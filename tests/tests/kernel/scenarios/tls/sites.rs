//! The services and the load themselves, without an agent: whoever compares an agent's reports with the ledger can
//! rely on both.

use std::time::Instant;

use anyhow::{Context, Result};

use super::Stage;
use crate::client::tls::patterns::Pattern;
use crate::client::tls::shapes;
use crate::ledger::Ledger;
use crate::servers::tls::Row;
use crate::site::Site;

/// Each request of each pattern and shape is answered as it must be.
pub fn answers(site: &Site, row: &'static Row) -> Result<Vec<String>> {
    let stage = Stage::new(site, row)?;
    let mut notes = vec![row.library.to_owned()];
    for pattern in Pattern::ALL {
        let (began, before) = (Instant::now(), stage.client.handshakes());
        let ledger = stage.load().run(pattern);
        let ledger = ledger.with_context(|| context(&stage, pattern.name()))?;
        let seconds = began.elapsed().as_secs_f64();
        let (full, resumed) = stage.client.handshakes();
        let resumed = resumed.iter().sum::<usize>() - before.1.iter().sum::<usize>();
        notes.push(format!(
            "{:16}{:16}{:6} requests answered, {:6.0} a second; handshakes: {} full, {resumed} resumed",
            row.name,
            pattern.name(),
            ledger.len(),
            ledger.len() as f64 / seconds,
            full - before.0,
        ));
    }
    let mut ledger = Ledger::default();
    let shapes = shapes::every_shape(&stage.server, &stage.client, row.gives, &mut ledger);
    let shapes = shapes.with_context(|| context(&stage, "shapes"))?;
    notes.push(format!(
        "{:16}{:16}{:6} requests answered: {}",
        row.name,
        "shapes",
        ledger.len(),
        shapes.join(", ")
    ));
    Ok(notes)
}

fn context(stage: &Stage, what: &str) -> String {
    format!("{}, {what}; it printed: {}", stage.row.name, stage.server.printed())
}
