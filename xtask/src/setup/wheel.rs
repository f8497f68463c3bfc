//! A library that comes inside a Python wheel, unpacked into the cache. Nothing of Python's is installed.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use crate::{paths, process::CommandExt as _, say};

/// Files of one wheel, at the version and hash that were tried.
pub struct Wheel {
    /// Name on PyPI.
    pub name: &'static str,
    version: &'static str,
    /// SHA-256 of the wheel named by `platform`, and by CPython 3.11's tags.
    hash: &'static str,
    platform: &'static str,
    /// What is taken out of it, and the name it gets.
    files: &'static [(&'static str, &'static str)],
    /// About how much is fetched, MiB.
    size: u32,
}

/// libddwaf 2 and Datadog's rules, in Datadog's tracer for Python: neither is published by itself in a
/// registry that packages come from here.
pub const DDWAF: Wheel = Wheel {
    name: "ddtrace",
    version: "4.16.0",
    hash: "8e4ddfb7bdf9eebb60e389b317e70517af7660f516b4732b97b6bdc8bf22e90c",
    platform: "manylinux2014_x86_64",
    files: &[
        ("ddtrace/appsec/_ddwaf/libddwaf/x86_64/lib/libddwaf.so", "libddwaf.so"),
        ("ddtrace/appsec/rules.json", "rules.json"),
    ],
    size: 10,
};

/// Prometheus's own reader of OpenMetrics.
pub const PROMETHEUS: Wheel = Wheel {
    name: "prometheus-client",
    version: "0.26.0",
    hash: "fa93d06737aa02bacd05794768508bb97d2fbee28cb3bca04eaae92f0ca953d6",
    platform: "manylinux2014_x86_64",
    files: &[("prometheus_client", "prometheus_client")],
    size: 1,
};

/// A reader of syslog lines (RFC 5424).
pub const SYSLOG: Wheel = Wheel {
    name: "syslog-rfc5424-parser",
    version: "0.3.2",
    hash: "6134ee1958da89ab7f8d32ed5370a49ddabcc99d75a950b6ec59708417f20a7a",
    platform: "manylinux2014_x86_64",
    files: &[("syslog_rfc5424_parser", "syslog_rfc5424_parser")],
    size: 1,
};

/// What that one reads grammars with.
pub const LARK: Wheel = Wheel {
    name: "lark-parser",
    version: "0.12.0",
    hash: "0eaf30cb5ba787fe404d73a7d6e61df97b21d5a63ac26c5008c78a494373c675",
    platform: "manylinux2014_x86_64",
    files: &[("lark", "lark")],
    size: 1,
};

/// A reader of ArcSight's Common Event Format.
pub const CEF: Wheel = Wheel {
    name: "pycef",
    version: "1.11",
    hash: "24e6b9a85cff9d636f18b20b15568d61f8fd7e89c66779ae8dbdbf33dfa80846",
    platform: "manylinux2014_x86_64",
    files: &[("pycef", "pycef")],
    size: 1,
};

impl Wheel {
    /// Where its files are, or would be.
    pub fn directory(&self) -> PathBuf {
        paths::cache().join("wheels").join(format!("{}-{}", self.name, self.version))
    }

    /// Where it stands.
    ///
    /// # Errors
    /// That it doesn't.
    pub fn find(&self) -> Result<String, String> {
        let directory = self.directory();
        let all = self.files.iter().all(|(_, name)| directory.join(name).exists());
        if all { Ok(directory.display().to_string()) } else { Err("not found".to_owned()) }
    }

    /// Fetches and unpacks it. pip checks the hash, and fetches from where this machine's packages come.
    pub fn install(&self) -> Result<()> {
        let directory = self.directory();
        say::step(&format!(
            "fetching {} {} (about {} MiB) into {}",
            self.name,
            self.version,
            self.size,
            directory.display()
        ));
        let draft = directory.with_extension("draft");
        if draft.exists() {
            fs::remove_dir_all(&draft)?;
        }
        fs::create_dir_all(&draft).with_context(|| format!("cannot make {}", draft.display()))?;
        let wanted = draft.join("wanted.txt");
        fs::write(&wanted, format!("{}=={} --hash=sha256:{}\n", self.name, self.version, self.hash))?;
        Command::new("python3")
            .args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"])
            .args(["--platform", self.platform, "--implementation", "cp", "--python-version", "3.11"])
            .args(["--require-hashes", "--disable-pip-version-check", "--dest"])
            .arg(&draft)
            .arg("--requirement")
            .arg(&wanted)
            .run()
            .with_context(|| format!("pip could not fetch it; to bring it by hand: {}", self.by_hand()))?;
        let wheel = fs::read_dir(&draft)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .find(|path| path.extension().is_some_and(|kind| kind == "whl"))
            .context("pip left no wheel behind")?;
        let unpacked = draft.join("unpacked");
        Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&unpacked).run()?;
        fs::create_dir_all(&directory)?;
        for (from, to) in self.files {
            fs::rename(unpacked.join(from), directory.join(to))
                .with_context(|| format!("{} is not in the wheel", from))?;
        }
        fs::remove_dir_all(&draft)?;
        Ok(())
    }

    /// How a person gets it.
    pub fn by_hand(&self) -> String {
        let names: Vec<&str> = self.files.iter().map(|(from, _)| *from).collect();
        format!(
            "pip download --no-deps {}=={}, and {} of it into {}",
            self.name,
            self.version,
            names.join(" and "),
            self.directory().display()
        )
    }
}
