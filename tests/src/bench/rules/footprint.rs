//! What a rule set takes: time until it can judge, and memory, each in a process of its own.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{
    sides::{self, Side, Sources},
    time, traffic,
};
use crate::{
    bench::{clock, cpu},
    judge::Message,
};

/// What one load took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Footprint {
    /// Nanoseconds from nothing to ready, library and files included.
    pub load: f64,
    /// Bytes that became resident meanwhile.
    pub loaded: f64,
    /// … and until a thousand requests had been judged: what is built at first use is there then.
    pub used: f64,
}

/// In the child: loads a side and says what it took, as JSON on standard output.
///
/// # Errors
/// It does not load.
pub fn child(key: &str, sources: &Sources) -> Result<()> {
    let side = sides::find(key)?;
    let messages: Vec<Message> =
        traffic::mixed(traffic::SEED, 1000).iter().map(|request| Message::read(request)).collect();
    let resident = || cpu::memory(std::process::id()).map(|memory| memory.resident);
    let (before, start) = (resident()?, clock::monotonic());
    let mut judge = (side.load)(sources)?;
    let (load, loaded) = (clock::monotonic() - start, resident()?);
    time::matching(&mut *judge, &messages)?;
    let used = resident()?;
    let more = |bytes: u64| bytes.saturating_sub(before);
    println!("{}", json!({"load": load, "loaded": more(loaded), "used": more(used)}));
    Ok(())
}

/// Starts this program again as a child that loads `side`.
///
/// # Errors
/// It did not load there.
pub fn measure(side: &Side, sources: &Sources) -> Result<Footprint> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--footprint", side.key]);
    if let Some(directory) = &sources.ddwaf {
        command.arg("--ddwaf").arg(directory);
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("start a child")?;
    if !output.status.success() {
        bail!("loading {} ended with {}", side.key, output.status);
    }
    read(&output.stdout)
}

fn read(said: &[u8]) -> Result<Footprint> {
    let said: Value = serde_json::from_slice(said).context("what the child says")?;
    let field = |name: &str| said[name].as_f64().with_context(|| format!("the child says no `{name}`"));
    Ok(Footprint { load: field("load")?, loaded: field("loaded")?, used: field("used")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_child_says_is_read() {
        let read = read(br#"{"load": 2, "loaded": 3, "used": 4}"#).expect("as it is said");
        assert_eq!(read, Footprint { load: 2.0, loaded: 3.0, used: 4.0 });
        assert!(super::read(br#"{"load": 2}"#).is_err());
    }
}
