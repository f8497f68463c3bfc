//! Packages of another Debian release, unpacked into a directory of our own: libraries and compilers that this
//! system's release has no more, or not yet. Nothing of them is installed.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use crate::{
    debian::{Apt, Archive, Mirror},
    paths,
    process::CommandExt as _,
    say,
};

/// A release, and what is taken from it.
#[derive(Debug)]
pub struct Release {
    /// Its code name.
    pub name: &'static str,
    suites: &'static [(&'static str, Archive)],
    packages: &'static [&'static str],
    /// A file that each package brings, in their order.
    brings: &'static [&'static str],
    /// About how much is fetched, MiB.
    size: u32,
}

/// Debian 11: OpenSSL 1.1, and a Go that passes arguments on the stack.
pub const BULLSEYE: Release = Release {
    name: "bullseye",
    suites: &[("bullseye", Archive::Main), ("bullseye-security", Archive::Security)],
    packages: &["libssl1.1", "libssl-dev", "golang-1.15-go", "golang-1.15-src"],
    brings: &[
        "usr/lib/x86_64-linux-gnu/libssl.so.1.1",
        "usr/include/openssl/ssl.h",
        "usr/lib/go-1.15/bin/go",
        "usr/share/go-1.15/src/crypto/tls/conn.go",
    ],
    size: 62,
};

/// Debian 13: a newer Go.
pub const TRIXIE: Release = Release {
    name: "trixie",
    suites: &[("trixie", Archive::Main)],
    packages: &["golang-1.24-go", "golang-1.24-src"],
    brings: &["usr/lib/go-1.24/bin/go", "usr/share/go-1.24/src/crypto/tls/conn.go"],
    size: 48,
};

impl Release {
    /// The root of its files.
    pub fn root(&self) -> PathBuf {
        paths::tools().join(format!("debian-{}", self.name))
    }

    /// Where it stands.
    ///
    /// # Errors
    /// That it doesn't.
    pub fn find(&self) -> Result<String, String> {
        let root = self.root();
        match self.brings.iter().find(|file| !root.join(file).exists()) {
            None => Ok(root.display().to_string()),
            Some(lacking) => Err(format!("no {lacking} in {}", root.display())),
        }
    }

    /// Fetches and unpacks the packages. apt checks their signatures.
    pub fn install(&self) -> Result<()> {
        let root = self.root();
        say::step(&format!(
            "fetching {} of Debian's {} (about {} MiB) into {}",
            self.packages.join(", "),
            self.name,
            self.size,
            root.display()
        ));
        let draft = root.with_extension("draft");
        for old in [&draft, &root] {
            if old.exists() {
                fs::remove_dir_all(old).with_context(|| format!("cannot remove {}", old.display()))?;
            }
        }
        let (state, fetched, unpacked) = (draft.join("apt"), draft.join("fetched"), draft.join("unpacked"));
        for dir in [&state, &fetched, &unpacked] {
            fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        }
        // A state of its own: `name` alone then means this release's newest.
        let apt = Apt::new(&state, &Mirror::find(None)?, self.suites)?;
        apt.update()?;
        apt.fetch(self.packages, &fetched)?;
        for package in fs::read_dir(&fetched)? {
            Command::new("dpkg-deb").arg("--extract").arg(package?.path()).arg(&unpacked).run()?;
        }
        fs::rename(&unpacked, &root)?;
        fs::remove_dir_all(&draft)?;
        Ok(())
    }

    /// How a person gets it.
    pub fn by_hand(&self) -> String {
        let (packages, root) = (self.packages.join(", "), self.root());
        format!("dpkg-deb --extract of Debian {}'s {packages} into {}", self.name, root.display())
    }
}
