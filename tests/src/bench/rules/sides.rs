//! Who is compared.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::judge::{Configuration, Ddwaf, Judge, ModSecurity, Picket};

/// Where engines and rules are found that are not part of Picket.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Directory with `libddwaf.so` and `rules.json`.
    pub ddwaf: Option<PathBuf>,
}

/// An engine with its rules.
pub struct Side {
    /// For the command line: measures of memory are taken in a process of its own.
    pub key: &'static str,
    /// Loads it.
    pub load: fn(&Sources) -> Result<Box<dyn Judge>>,
}

/// Everyone, in the order of the columns.
pub const SIDES: &[Side] = &[
    Side { key: "modsecurity", load: |_| Ok(Box::new(ModSecurity::load(Configuration::LEVEL_1)?)) },
    Side {
        key: "ddwaf",
        load: |sources| {
            let directory = sources.ddwaf.as_ref().context("say where libddwaf is, with --ddwaf")?;
            Ok(Box::new(Ddwaf::load(directory)?))
        },
    },
    Side {
        key: "picket-ddwaf",
        load: |sources| {
            let directory = sources.ddwaf.as_ref().context("say where its rules are, with --ddwaf")?;
            Ok(Box::new(Picket::ddwaf_rules(directory)?))
        },
    },
    Side { key: "picket-crs", load: |_| Ok(Box::new(Picket::crs(1)?)) },
    Side { key: "picket-native", load: |_| Ok(Box::new(Picket::native()?)) },
];

/// The side of this key.
///
/// # Errors
/// There is none.
pub fn find(key: &str) -> Result<&'static Side> {
    let Some(side) = SIDES.iter().find(|side| side.key == key) else { bail!("there is no side {key}") };
    Ok(side)
}
