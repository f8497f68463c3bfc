//! Server packages start and enable what they bring. We want their programs only.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::{
    paths,
    process::{CommandExt as _, as_root},
    say,
};

/// Asked by Debian's `invoke-rc.d` whether a service may be started; 101 is "no".
const POLICY: &str = "/usr/sbin/policy-rc.d";
const MARK: &str = "# Put here by Picket's `cargo xtask setup` while it installs packages.";

/// From [`begin`](Self::begin) to [`end`](Self::end) no package starts a service, and units that it
/// enables are disabled again. Also undone when dropped.
pub struct KeepQuiet {
    ours: bool,
    enabled_before: BTreeSet<PathBuf>,
    open: bool,
}

impl KeepQuiet {
    /// Puts the policy in place, unless there is one already: then that one rules.
    pub fn begin() -> Result<Self> {
        // A Ctrl-C must end apt, which then ends us in good order, and not leave our policy behind.
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
        }
        let stale = fs::read_to_string(POLICY).is_ok_and(|text| text.contains(MARK));
        let ours = stale || !Path::new(POLICY).exists();
        if ours {
            let script = format!("#!/bin/sh\n{MARK}\nexit 101\n");
            let draft = std::env::temp_dir().join(format!("picket-policy-rc.d.{}", std::process::id()));
            fs::write(&draft, script).with_context(|| format!("cannot write {}", draft.display()))?;
            let placed = as_root("install", "keeping new services from starting")?
                .args(["-m", "755"])
                .arg(&draft)
                .arg(POLICY)
                .run();
            fs::remove_file(&draft)?;
            placed?;
            say::detail("servers that come along are not started: policy-rc.d says no meanwhile");
        } else {
            say::detail(&format!("{POLICY} of this machine decides whether servers that come along start"));
        }
        Ok(Self { ours, enabled_before: enabled(), open: true })
    }

    /// Takes the policy away and disables what was enabled meanwhile.
    pub fn end(mut self) -> Result<()> {
        self.undo()
    }

    fn undo(&mut self) -> Result<()> {
        self.open = false;
        if self.ours {
            as_root("rm", "letting services start again")?.args(["-f", POLICY]).run()?;
        }
        let brought: BTreeSet<String> = enabled()
            .difference(&self.enabled_before)
            .filter_map(|link| link.file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        for unit in brought {
            match disable(&unit) {
                Ok(()) => say::detail(&format!("{unit} came with a package: disabled, not started")),
                Err(error) => say::warning(&format!("{unit} stays enabled, disable it by hand: {error:#}")),
            }
        }
        Ok(())
    }
}

impl Drop for KeepQuiet {
    fn drop(&mut self) {
        if self.open
            && let Err(error) = self.undo()
        {
            say::warning(&format!("{error:#}; remove {POLICY} by hand"));
        }
    }
}

/// Links by which systemd starts units at boot.
fn enabled() -> BTreeSet<PathBuf> {
    let entries = |dir: &Path| fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    entries(Path::new("/etc/systemd/system"))
        .filter(|dir| dir.extension().is_some_and(|kind| kind == "wants"))
        .flat_map(|dir| entries(&dir).collect::<Vec<_>>())
        .collect()
}

/// Disables a unit, with systemd there or not (a container), and its old-style start script.
fn disable(unit: &str) -> Result<()> {
    if paths::find_program("systemctl").is_some() {
        as_root("systemctl", DISABLING)?.args(["disable", "--quiet", unit]).run()?;
    } else {
        // What packages themselves use; it wants to know for which.
        let helper = ["DPKG_MAINTSCRIPT_PACKAGE=picket", "deb-systemd-helper", "disable", unit];
        as_root("env", DISABLING)?.args(helper).run()?;
    }
    let script = unit.strip_suffix(".service").unwrap_or(unit);
    if Path::new("/etc/init.d").join(script).exists() && paths::find_program("update-rc.d").is_some() {
        as_root("update-rc.d", DISABLING)?.args([script, "disable"]).run()?;
    }
    Ok(())
}

/// Why root is needed for it.
const DISABLING: &str = "disabling a service";
